"""Files as people have them: other line ends, pointers of Git LFS, and the line end that an editor adds."""

from __future__ import annotations

import json

import pytest

from .conftest import World
from .knowledge import held, write_knowledge

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d7a" * 16 + "\nsize 12345\n"


@pytest.fixture
def known(world: World) -> World:
    world.project()
    write_knowledge(world)
    return world


def rewrite(world: World, name: str, before: bytes, after: bytes) -> None:
    path = world.root / name
    path.write_bytes(path.read_bytes().replace(before, after))


def test_an_upload_that_differs_by_line_ends_only_is_told_with_the_line_to_add(known: World) -> None:
    known.apply()
    rewrite(known, "handbook/returns.md", b"\n", b"\r\n")
    rewrite(known, "data/prices.csv", b"\n", b"\r\n")
    for _ in "ab":
        ran = known.run("plan")
        assert "data/prices.csv, handbook/returns.md are live already and differ by line ends only" in ran.out
        assert "Add to .gitattributes: `*.csv text eol=lf`, `*.md text eol=lf`." in ran.out
        assert "shipping" not in ran.out.split("line-ends")[1]
        assert "differ by line ends only" in known.run("plan", "--format", "markdown").out
        known.apply()
        assert "line ends" not in known.run("plan").out
        for name in ("handbook/returns.md", "data/prices.csv"):
            rewrite(known, name, b"\r\n", b"\n")
    rewrite(known, "handbook/returns.md", b"Returns", b"Returned")
    assert "line ends" not in known.run("plan").out


def test_the_line_ends_of_a_large_file_are_found_at_the_seams_too(known: World) -> None:
    (known.root / "data/prices.csv").write_bytes(b"x" * (256 * 1024 - 1) + b"\n" + b"a,b\n" * 200_000)
    known.apply()
    rewrite(known, "data/prices.csv", b"\n", b"\r\n")
    assert "data/prices.csv is live already and differs by line ends only" in known.run("plan").out


def test_a_digest_does_not_depend_on_that_note(known: World) -> None:
    known.apply()
    rewrite(known, "handbook/returns.md", b"\n", b"\r\n")
    plan = json.loads(known.run("plan", "--format", "json").out)
    assert [item["code"] for item in plan["diagnostics"] if item["severity"] != "info"] == ["line-ends"]
    assert known.run("apply", "--expect-digest", plan["digest"]).code == 0


@pytest.mark.parametrize(
    ("name", "manifest"),
    [
        ("data/prices.csv", ""),
        ("handbook/returns.md", ""),
        ("prompts/a.md", "assistant: a\nmodel: m\ninstructions: {file: ../prompts/a.md}\n"),
        ("tools/t.yaml", "assistant: a\nmodel: m\ntools: [{file: ../tools/t.yaml}]\n"),
        ("tools/t.json", "assistant: a\nmodel: m\ntools: [{file: ../tools/t.json}]\n"),
        ("assistants/b.yaml", ""),
        ("retinue.yaml", ""),
    ],
)
def test_a_pointer_of_git_lfs_is_never_taken_for_the_file(known: World, name: str, manifest: str) -> None:
    if manifest:
        known.write("assistants/a.yaml", manifest)
    known.write(name, POINTER)
    ran = known.run("apply", "--auto-approve")
    assert ran.code == 3
    assert f"`{name}` is a pointer of Git LFS, not the file\n  Run `git lfs pull`" in ran.err
    assert ran.err.count("file-pointer: ") == 1
    assert held(known, "file") == {}


LONGEST = {"description": 512, "name": 256, "instructions": 256_000}


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["LF", "CRLF", "none"])
@pytest.mark.parametrize("field", LONGEST)
def test_the_final_line_end_of_an_included_text_does_not_count_and_is_not_sent(
    world: World, field: str, end: bytes
) -> None:
    world.project()
    world.assistant("a", f"{field}: {{file: ../texts/a.txt}}\n")
    world.write("texts/a.txt", "")
    (world.root / "texts/a.txt").write_bytes(b"a" * LONGEST[field] + end)
    world.apply()
    assert world.only()[field] == "a" * LONGEST[field]
    (world.root / "texts/a.txt").write_bytes(b"a" * (LONGEST[field] + 1) + end)
    ran = world.run("validate")
    assert (ran.code, f"has {LONGEST[field] + 1:,} characters" in ran.err) == (3, True)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["LF", "CRLF", "none"])
def test_nor_does_that_of_a_markdown_manifest_or_of_a_text_in_yaml_or_json(world: World, end: bytes) -> None:
    world.project()
    text = b"a" * 256_000 + end
    for name in ("a", "b", "c"):
        world.write(f"assistants/{name}.{'md' if name == 'a' else 'yaml' if name == 'b' else 'json'}", "")
    (world.root / "assistants/a.md").write_bytes(
        b"---\nassistant: a\nmodel: m\n---\n".replace(b"\n", end or b"\n") + text
    )
    (world.root / "assistants/b.yaml").write_bytes(b"assistant: b\nmodel: m\ninstructions: |+\n  " + text)
    written = json.dumps({"assistant": "c", "model": "m", "instructions": text.decode()})
    (world.root / "assistants/c.json").write_text(written)
    world.apply()
    assert {raw["instructions"] for raw in world.live().values()} == {"a" * 256_000}


def test_other_included_texts_lose_just_one_line_end(world: World) -> None:
    world.project()
    world.write("texts/a.txt", "one\n\n")
    world.assistant("a", "metadata: {note: {file: ../texts/a.txt}}\n")
    world.apply()
    assert world.only()["metadata"]["note"] == "one\n"


@pytest.mark.parametrize("live", ["two", "two\n", "two\n\n"])
@pytest.mark.parametrize("written", ["one", "one\n", "one\n\n"])
def test_import_update_writes_such_a_text_so_that_it_reads_the_same(world: World, live: str, written: str) -> None:
    world.project()
    world.write("texts/a.txt", written)
    world.assistant("a", "description: {file: ../texts/a.txt}\n")
    world.apply()
    world.emulator.seed({**world.only(), "description": live})
    assert world.run("import", "--update").code == 0
    world.accepted()
    assert world.only()["description"] == live


@pytest.mark.parametrize(
    ("provider", "most", "code"), [("anthropic", 100_000, "capability"), ("azure-openai", 32_768, "azure-instructions")]
)
def test_the_limits_of_other_services_count_the_same(world: World, provider: str, most: int, code: str) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text().replace("openai-assistants", provider)
    world.write(
        "retinue.yaml", text.replace(f"{world.url}/v1", "emulator").replace("    api_key: {env: DEMO_KEY}\n", "")
    )
    world.assistant("a", "instructions: {file: ../texts/a.txt}\n")
    world.write("texts/a.txt", "a" * most + "\n")
    assert code not in world.run("validate").err
    world.write("texts/a.txt", "a" * (most + 1) + "\n")
    assert code in world.run("validate").err
