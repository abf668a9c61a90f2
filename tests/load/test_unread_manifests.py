"""What lies in a manifest folder is a manifest, an error at its place, or passed over and counted: never just gone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.model import Severity
from retinue.load.unread import unread_manifest
from retinue.providers.registry import catalogue

from .test_manifests import PROJECT, World

FIELDS = "assistant: n3\nmodel: gpt-4o\n"
MANIFEST = f"---\n{FIELDS}---\nPrompt\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "project")
    made.write("assistants/greeter.yaml", "assistant: greeter\n")
    return made


def errors(world: World) -> list[str]:
    found = [item for item in world.load().diagnostics if item.severity is Severity.ERROR]
    assert all(item.remedy and item.place for item in found)
    return [f"{item.place}: {item.code}" for item in found]


def passed(world: World) -> str:
    """What is said of files that were passed over; there is nothing else to say."""
    found = world.load().diagnostics
    assert [item.code for item in found] in ([], ["passed-over"]), found
    return found[0].message if found else ""


def names(world: World) -> list[str]:
    return [item.address.name for item in world.load().resources if item.address]


SLIPS: dict[str, tuple[str | bytes, str]] = {
    "an empty line": ("\n" + MANIFEST, "3:1: front-matter-start"),
    "many empty lines": ("\n" * 40 + MANIFEST, "42:1: front-matter-start"),
    "a line of spaces": ("   \n" + MANIFEST, "3:1: front-matter-start"),
    "a comment": ("<!-- markdownlint-disable -->\n" + MANIFEST, "3:1: front-matter-start"),
    "a comment of many lines": ("<!--\n" + "licence\n" * 20 + "-->\n" + MANIFEST, "24:1: front-matter-start"),
    "a heading": ("# Tutor\n\n" + MANIFEST, "4:1: front-matter-start"),
    "a heading with a line below": ("Tutor\n=====\n" + MANIFEST, "4:1: front-matter-start"),
    "a sentence": ("This is the tutor.\n" + MANIFEST, "3:1: front-matter-start"),
    "a space before the dashes": (" " + MANIFEST, "2:1: front-matter-start"),
    "a tab before the dashes": ("\t" + MANIFEST, "2:1: front-matter-start"),
    "a hard space before the dashes": ("\u00a0" + MANIFEST, "2:1: front-matter-start"),
    "a zero width space": ("\u200b" + MANIFEST, "2:1: front-matter-start"),
    "a byte order mark after an empty line": ("\n\ufeff" + MANIFEST, "3:1: front-matter-start"),
    "two byte order marks": ("\ufeff\ufeff" + MANIFEST, "2:1: front-matter-start"),
    "four dashes": ("-" + MANIFEST, "2:1: front-matter-start"),
    "two dashes": (MANIFEST[1:], "2:1: front-matter-start"),
    "one dash": (MANIFEST[2:], "2:1: front-matter-start"),
    "dashes with spaces": ("- - -\n" + MANIFEST[4:], "2:1: front-matter-start"),
    "a long dash": ("—" + MANIFEST[3:], "2:1: front-matter-start"),
    "a long dash and one": ("—-" + MANIFEST[3:], "2:1: front-matter-start"),
    "a long dash of Windows": (b"\x97" + MANIFEST[3:].encode(), "2:1: front-matter-start"),
    "long dashes above and below": (MANIFEST.replace("---", "———"), "2:1: front-matter-start"),
    "stars": ("***" + MANIFEST[3:], "2:1: front-matter-start"),
    "an escaped rule": ("\\" + MANIFEST, "2:1: front-matter-start"),
    "text after the dashes": ("--- yaml" + MANIFEST[3:], "2:1: front-matter-start"),
    "a comment after the dashes": ("--- # tutor" + MANIFEST[3:], "2:1: front-matter-start"),
    "the kind line after the dashes": ("--- " + MANIFEST[4:], "1:1: front-matter-start"),
    "and without a space": ("---" + MANIFEST[4:], "1:1: front-matter-start"),
    "no opening dashes": (MANIFEST[4:], "1:1: front-matter-start"),
    "no dashes at all": (FIELDS + "\nPrompt\n", "1:1: front-matter-start"),
    "no closing dashes either": ("\n---\n" + FIELDS + "\nPrompt\n", "3:1: front-matter-start"),
    "CR alone": (MANIFEST.replace("\n", "\r"), "2:1: front-matter-start"),
    "CR alone and CRLF above": ("\r\n" + MANIFEST.replace("\n", "\r"), "3:1: front-matter-start"),
    "UTF-16, little endian": (MANIFEST.encode("utf-16-le"), "1:1: text-not-utf8"),
    "UTF-16, big endian": (MANIFEST.encode("utf-16-be"), "1:1: text-not-utf8"),
    "UTF-16 with a mark": (MANIFEST.encode("utf-16"), "1:1: text-not-utf8"),
    "UTF-16, big endian, with a mark": (b"\xfe\xff" + MANIFEST.encode("utf-16-be"), "1:1: text-not-utf8"),
    "UTF-32": (MANIFEST.encode("utf-32"), "1:1: text-not-utf8"),
    "a byte order mark": ("\ufeff" + MANIFEST, "1:1: text-bom"),
    "a fence around it": ("```markdown\n" + MANIFEST + "```\n", "3:1: front-matter-start"),
    "a fence around the fields": ("```yaml\n" + FIELDS + "```\nPrompt\n", "2:1: front-matter-start"),
    "a kind line far down": (
        "\n---\ndescription: |\n" + "  text\n" * 30 + FIELDS + "---\n",
        "34:1: front-matter-start",
    ),
    "fields above the kind line": ("\n---\nmodel: gpt-4o\nname: N\nassistant: n3\n---\n", "5:1: front-matter-start"),
    "an indented kind line": ("\n---\n  assistant: n3\n  model: m\n---\n", "3:3: front-matter-start"),
    "a quoted key": ('\n---\n"assistant": n3\nmodel: m\n---\n', "3:1: front-matter-start"),
    "a quoted name": ("\n---\nassistant: 'n3'  # the tutor\nmodel: m\n---\n", "3:1: front-matter-start"),
    "a key in capitals": ("\nAssistant: n3\nmodel: m\n---\n", "2:1: front-matter-start"),
    "a misspelt key": ("\n---\nassistent: n3\nmodel: m\n---\n", "3:1: front-matter-start"),
    "a misspelt field": ("\n---\nassistant: n3\nmodle: m\n---\n", "3:1: front-matter-start"),
    "a store": ("\n---\nvector_store: books\n---\n", "3:1: front-matter-start"),
    "nothing": ("", "1:1: manifest-empty"),
    "nothing to see": (" \n\t\n\ufeff\0", "1:1: manifest-empty"),
    "a flow mapping": ("\n---\n{assistant: n3, model: gpt-4o}\n---\n", "3:1: front-matter-start"),
    "line separators": (MANIFEST.replace("\n", "\u2028"), "2:1: front-matter-start"),
    "an anchor": ("\n---\nassistant: &n n3\n---\n", "3:1: front-matter-start"),
    "a folded name": ("\n---\nassistant: >-\n  n3\n---\n", "3:1: front-matter-start"),
    "a form feed": ("\f" + MANIFEST, "2:1: front-matter-start"),
    "a line of a template": ("{% comment %}\n" + MANIFEST, "3:1: front-matter-start"),
    "a comment on the same line": ("<!-- x --> " + MANIFEST, "2:1: front-matter-start"),
    "a store with a text": ("---\nvector_store: books\n---\nPrompt\n", "4:1: front-matter-instructions"),
    "a name on the next line": ("\n---\nassistant:\n  n3\n---\n", "3:1: front-matter-start"),
    "a comment, and a name on the next line": ("\n---\nassistant:  # us\n  n3\n---\n", "3:1: front-matter-start"),
    "a complex key": ("\n---\n? assistant\n: n3\n---\n", "3:1: front-matter-start"),
    "a flow mapping with the kind last": ("\n---\n{name: x, assistant: n3}\n---\n", "3:1: front-matter-start"),
    "a flow mapping of two lines": ("\n---\n{name: x,\n assistant: n3}\n---\n", "4:2: front-matter-start"),
    "a flow mapping with others in it": (
        "\n---\n{metadata: {user: a, b: [c, {d: e}]}, assistant: n3}\n---\n",
        "3:1: front-matter-start",
    ),
    "a quote": ("> ---\n> assistant: n3\n> ---\nPrompt\n", "2:3: front-matter-start"),
    "a quote without dashes": ("> assistant: n3\n> model: m\n\nPrompt\n", "1:3: front-matter-start"),
    "an item": ("- assistant: n3\n  model: m\n", "1:3: front-matter-start"),
    "an item with dashes": ("- ---\n  assistant: n3\n  ---\n  Prompt\n", "2:3: front-matter-start"),
    "a numbered item": ("1. assistant: n3\n   model: m\n", "1:4: front-matter-start"),
    "a heading of the kind": ("## assistant: n3\nmodel: m\n", "1:4: front-matter-start"),
    "a bold key": ("\n---\n**assistant**: n3\nmodel: m\n---\n", "3:1: front-matter-start"),
    "a tab before the kind": ("\n---\n\tassistant: n3\n---\n", "3:2: front-matter-start"),
    "a hard space before the kind": ("\n---\n\u00a0assistant: n3\n---\n", "3:2: front-matter-start"),
    "a filler before the kind": ("\n---\n\u3164assistant: n3\n---\n", "3:1: front-matter-start"),
    "a wide colon": ("\n---\nassistant\uff1an3\nmodel: m\n---\n", "3:1: front-matter-start"),
    "TOML": ('+++\nassistant = "n3"\nmodel = "m"\n+++\n', "2:1: front-matter-start"),
    "a name that is none": ("\n---\nassistant: Math Tutor\nmodel: m\n---\n", "3:1: front-matter-start"),
    "a name of nothing": ("\n---\nassistant:\nmodel: m\n---\n", "3:1: front-matter-start"),
    "a stray letter before the dashes": ("x---\nassistant: n3\n---\nPrompt\n", "2:1: front-matter-start"),
    "a word in the place of the dashes": ("yaml" + MANIFEST[3:], "2:1: front-matter-start"),
    "a key that no manifest has": ("\n---\ntitle: T\nassistant: n3\nmodel: m\n---\n", "4:1: front-matter-start"),
    "a dialogue in the prompt": (
        "\n---\nassistant: n3\ninstructions: |\n  user: hi\n  assistant: hello\n---\n",
        "3:1: front-matter-start",
    ),
    "metadata of the same key": ("\n---\nassistant: n3\nmetadata:\n  assistant: yes\n---\n", "3:1: front-matter-start"),
    "a dialogue below, and no line between": (FIELDS + "\nuser: hi\nassistant: hello\n", "1:1: front-matter-start"),
    "locked by git-crypt": (b"\0GITCRYPT\0\x8f\x02", "1:1: manifest-locked"),
    "a pointer of Git LFS": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "1:1: manifest-locked"),
    "encrypted by Ansible": ("$ANSIBLE_VAULT;1.1;AES256\n6231\n", "1:1: manifest-locked"),
    "encrypted by sops": ('{\n\t"data": "ENC[AES256_GCM,data:x]"\n}\n', "1:1: manifest-locked"),
    "two manifests in one file": (
        MANIFEST + "\n---\nmodel: m\nassistant: n4\n---\nPrompt\n",
        "9:1: front-matter-second",
    ),
    "front matter of nothing": ("---\n---\nPrompt\n", "1:1: manifest-empty"),
    "front matter that is a comment": ("---\n# assistant: n3\n---\nPrompt\n", "1:1: manifest-empty"),
    "front matter without a kind line": ("---\nmodel: m\n---\nPrompt\n", "2:1: kind-missing"),
    "front matter with a misspelt kind": ("---\nAssistant: n3\n---\nPrompt\n", "2:1: kind-unknown"),
}


@pytest.mark.parametrize(("text", "said"), SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_in_the_first_lines_of_a_markdown_manifest_is_an_error_at_its_place(
    world: World, text: str | bytes, said: str
) -> None:
    for name in ("n3.md", "N3.MD"):
        world.write(f"assistants/{name}", text)
        assert errors(world) == [f"assistants/{name}:{said}"]
        (world.root / "assistants" / name).unlink()


@pytest.mark.parametrize("space", [" ", "\t", "\u00a0"])
def test_white_space_before_the_first_line_is_told(world: World, space: str) -> None:
    world.write("assistants/n3.md", space + MANIFEST)
    (found,) = [item for item in world.load().diagnostics if item.severity is Severity.ERROR]
    assert (found.remedy or "").startswith("Its first line has white space before the ---; remove it.")


@pytest.mark.parametrize(
    "body",
    [
        "Like this:\n\n```\n---\nassistant: n4\nmodel: m\n---\n```\n",
        "Talk.\n\n---\nuser: hi\nassistant: hello\n---\nMore.\n",
        "Talk.\n\n---\nassistant: hello\n---\nMore.\n",
        "Talk.\n\n---\nassistant: n4\nmodel: m\n",
    ],
)
def test_what_a_prompt_shows_is_no_second_manifest(world: World, body: str) -> None:
    world.write("assistants/n3.md", MANIFEST + body)
    assert (names(world), errors(world)) == (["greeter", "n3"], [])


NAMES = [
    "n3.markdown",
    "n3.mdx",
    "n3.txt",
    "n3.yaml.j2",
    "n3.yaml.bak",
    "n3.yml~",
    "n3.ymal",
    "n3.md.txt",
    "n3",
    "N3.YAML ",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", [MANIFEST, FIELDS, "# a comment\n" + FIELDS, MANIFEST.replace("n3", "{{ name }}")])
def test_a_manifest_of_another_name_is_an_error_at_its_kind_line(world: World, name: str, text: str) -> None:
    world.write(f"assistants/{name}", text)
    line = text[: text.index("assistant")].count("\n") + 1
    assert errors(world) == [f"assistants/{name}:{line}:1: manifest-type"]


@pytest.mark.parametrize("name", ["n3.json5", "n3.jsonc", "n3.json.bak"])
def test_so_is_one_in_json(world: World, name: str) -> None:
    world.write(f"assistants/{name}", '{\n  "assistant": "n3",\n  "model": "m"\n}\n')
    assert errors(world) == [f"assistants/{name}:2:3: manifest-type"]


@pytest.mark.parametrize("name", ["N3.YAML", "n3.Yml", "n3.MD", "n3.JSON", "x.d/n3.yaml"])
def test_letters_of_either_case_and_folders_of_any_name_are_read(world: World, name: str) -> None:
    texts = {".md": MANIFEST, "json": '{"assistant": "n3"}'}
    world.write(f"assistants/{name}", texts.get(name[-4:].lower(), texts.get(name[-3:].lower(), FIELDS)))
    assert names(world) == ["greeter", "n3"]
    assert passed(world) == ""


YAML: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "1:1: manifest-empty"),
    "a comment": ("# assistant: n3\n", "1:1: manifest-empty"),
    "null": ("~\n", "1:1: manifest-empty"),
    "only ends of documents": ("---\n---\n...\n", "1:1: manifest-empty"),
    "UTF-16": (FIELDS.encode("utf-16"), "1:1: text-not-utf8"),
    "UTF-16 without a mark": (FIELDS.encode("utf-16-le"), "1:2: text-control-character"),
    "a byte order mark": ("\ufeff" + FIELDS, "1:1: text-bom"),
    "a kind in capitals": ("Assistant: n3\n", "1:1: kind-unknown"),
    "a misspelt kind": ("assistent: n3\n", "1:1: kind-unknown"),
    "no kind": ("model: m\n", "1:1: kind-missing"),
    "no space": ("assistant:n3\n", "1:1: manifest-not-mapping"),
    "a list": ("- assistant: n3\n", "1:1: manifest-not-mapping"),
    "one document without a kind": (FIELDS + "---\nmodel: m\n", "4:1: kind-missing"),
}


@pytest.mark.parametrize(("text", "said"), YAML.values(), ids=YAML.keys())
def test_a_yaml_file_is_a_manifest_or_an_error(world: World, text: str | bytes, said: str) -> None:
    world.write("assistants/n3.yaml", text)
    assert errors(world) == [f"assistants/n3.yaml:{said}"]


@pytest.mark.parametrize(
    "text",
    [
        "  assistant: n3\n  model: m\n",
        '"assistant": n3\n',
        "model: m\n" * 1 + "# filler\n" * 200 + "assistant: n3\n",
        FIELDS.replace("\n", "\r"),
        "---\n# nothing here\n---\n" + FIELDS + "---\n",
    ],
)
def test_a_kind_line_may_stand_anywhere_in_a_yaml_file(world: World, text: str) -> None:
    world.write("assistants/n3.yaml", text)
    assert names(world) == ["greeter", "n3"]


TEXTS = {
    "a README": "# Our assistants\n\nEach file is one.\n",
    "a README that shows a manifest": "# Assistants\n\nLike this:\n\n```yaml\nassistant: n3\nmodel: m\n```\n",
    "with its dashes": "# Assistants\n\n```markdown\n---\nassistant: n3\n---\nPrompt\n```\n\n---\n\nMore.\n",
    "indented": "Write a line like\n\n    assistant: n3\n\ninto it.\n",
    "in a sentence": "# Assistants\n\nThe line `assistant: n3` names it.\nassistant: n3 is the name of one.\n",
    "below a sentence": "Begin with\nassistant: n3\n",
    "further down": "# A\n" + "word\n" * 12 + "\nassistant: n3\n",
    "as a heading": "# assistant: n3\n",
    "in a list": "# Managed\n\n- assistant: n3\n- assistant: n4\n",
    "a prompt": "You are a tutor.\nassistant: be kind.\n",
    "a dialogue": "user: Is it blue?\nassistant: yes\nuser: Is it red?\nassistant: no\n",
    "a dialogue with rules": "Classify.\n\n---\nuser: great\nassistant: good\n---\nuser: poor\nassistant: bad\n---\n",
    "a dialogue with empty lines": "user: great\n\nassistant: positive\n\nuser: bad\n\nassistant: negative\n",
    "a dialogue of names": "Human: hi\nAssistant: hello\n",
    "a dialogue of somebody": "name: Bob\nuser: hi\nassistant: hello\n",
    "a greeting": "assistant: Hello, how can I help?\n",
    "a quote that shows one": "# Ours\n\n> assistant: n3\n",
    "a dialogue below its speakers": "user:\nIs it blue?\nassistant:\nyes\n",
    "a dialogue with a model": "model: gpt-4o\nuser: hi\nassistant: Hello, how can I help?\n",
    "a dialogue in JSON": '{"role": "assistant", "content": "yes"}\n{"role": "user", "content": "no"}\n',
    "a dialogue in flow style": "{user: hi, assistant: hello}\n",
    "an item of a list": "# Speakers\n\n- user: a person\n- assistant: this program\n",
    "a heading above a text": "# assistant\n\n## model: which one\n\nText.\n",
    "rules": "Text\n\n---\n\nMore text: about it\n\n---\n",
}


@pytest.mark.parametrize("name", ["README.md", "notes.txt", "prompt.markdown", "LICENSE"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_other_texts_are_passed_over_and_counted(world: World, text: str, name: str) -> None:
    world.write(f"assistants/{name}", text)
    assert passed(world) == f"1 file that is not a manifest was passed over: `assistants/{name}`"
    assert names(world) == ["greeter"]


def test_what_is_passed_over_is_named_as_far_as_it_is_few(world: World) -> None:
    for name in ("a.txt", "b.png", "c.csv", "d.bin", ".DS_Store", ".hidden.yaml"):
        world.write(f"assistants/{name}", b"\x89PNG\0\xff assistant")
    world.write("assistants/.git/config.yaml", FIELDS)
    world.write("assistants/.old/n3.yaml", FIELDS)
    assert passed(world) == (
        "7 files that are not manifests were passed over: `assistants/.DS_Store`, `assistants/.hidden.yaml`,"
        " `assistants/.old/` and 4 more"
    )


def test_what_a_manifest_includes_is_neither_counted_nor_taken_for_one(world: World) -> None:
    for name, text in {"a.md": "assistant: yes\n", "b.txt": "Be kind.\n", "c.md": "", "d.txt": FIELDS}.items():
        world.write(f"assistants/{name}.yaml", f"assistant: {name[0]}\ninstructions: {{file: {name}}}\n")
        world.write(f"assistants/{name}", text)
    assert passed(world) == ""
    (world.root / "assistants/d.txt.yaml").unlink()
    assert errors(world) == ["assistants/d.txt:1:1: manifest-type"]


def test_a_copy_beside_its_manifest_is_passed_over(world: World) -> None:
    for name in ("greeter.yaml~", "greeter.yaml.bak", "#greeter.yaml#"):
        world.write(f"assistants/{name}", "assistant: greeter\n")
    assert passed(world).startswith("3 files that are not manifests were passed over")
    (world.root / "assistants/greeter.yaml").unlink()
    assert len(errors(world)) == 3


def test_a_large_file_of_another_kind_is_no_problem(world: World) -> None:
    world.write("assistants/data.csv", b"a,b\n" * 1_000_000)
    assert passed(world).startswith("1 file")


@pytest.mark.skipif(os.name != "posix", reason="needs pipes and links")
def test_links_go_by_their_own_name_and_pipes_are_not_waited_for(world: World) -> None:
    world.write("shared/n3.txt", FIELDS)
    (world.root / "assistants/n3.yaml").symlink_to("../shared/n3.txt")
    (world.root / "assistants/gone.txt").symlink_to("nowhere")
    os.mkfifo(world.root / "assistants/pipe.txt")
    assert names(world) == ["greeter", "n3"]
    assert passed(world).startswith("2 files")
    (world.root / "assistants/also").symlink_to("../shared")
    assert (names(world), errors(world)) == (["greeter", "n3"], [])
    (world.root / "assistants/n3.yaml").unlink()
    assert errors(world) == ["shared/n3.txt:1:1: manifest-type"]
    os.mkfifo(world.root / "assistants/pipe.yaml")
    (world.root / "assistants/gone.yaml").symlink_to("nowhere")
    assert {item.split(": ")[1] for item in errors(world)} == {"manifest-type", "file-not-regular", "file-missing"}


@pytest.mark.parametrize("entry", ["assistants/*", "'**/n3*'", "assistants"])
@pytest.mark.parametrize(("name", "text"), [("n3.md", "\n" + MANIFEST), ("n3.txt", FIELDS), ("n3.yaml.j2", FIELDS)])
def test_a_pattern_is_held_to_the_same(world: World, entry: str, name: str, text: str) -> None:
    world.write("retinue.yaml", PROJECT.replace("[assistants]", f"[{entry}]"))
    world.write(f"assistants/{name}", text)
    assert [item.partition(":")[0] for item in errors(world)] == [f"assistants/{name}"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("README.md", "# Read me\n", "retinue.yaml:3:25: manifest-type"),
        ("n3.txt", FIELDS, "retinue.yaml:3:25: manifest-type"),
        ("n3.md", "\n" + MANIFEST, "assistants/n3.md:3:1: front-matter-start"),
        ("n3.md", "", "assistants/n3.md:1:1: manifest-empty"),
        ("n3.yaml", "", "assistants/n3.yaml:1:1: manifest-empty"),
    ],
)
def test_a_file_that_is_named_must_be_a_manifest(world: World, name: str, text: str, said: str) -> None:
    world.write(f"assistants/{name}", text)
    world.write("retinue.yaml", PROJECT.replace("[assistants]", f"[assistants, assistants/{name}]"))
    assert said in errors(world)


def test_a_partial_manifest_of_an_overlay_is_held_to_the_same(world: World) -> None:
    world.write("retinue.yaml", PROJECT.replace("overlays/prod.yaml", "overlays/prod"))
    world.write("assistants/two.yaml", "assistant: two\n")
    world.write("overlays/prod/two.yaml", "assistant: two\ntemperature: 1\n")
    for name, text, said in (
        ("b.md", "\n---\nassistant: greeter\ntop_p: 1\n---\n", "3:1: front-matter-start"),
        ("c.txt", "assistant: greeter\nname: G\n", "1:1: manifest-type"),
    ):
        world.write(f"overlays/prod/{name}", text)
        assert world.problems("prod") == [f"overlays/prod/{name}:{said}"]
        assert world.problems("dev") == []
        (world.root / "overlays/prod" / name).unlink()
    world.write("overlays/prod/README.md", "# Only for prod\n")
    (found,) = world.load("prod").diagnostics
    assert "overlays/prod/README.md" in found.message


@pytest.mark.skipif(os.name != "posix", reason="needs names that are not text, and links")
def test_names_that_cannot_be_shown_are_counted_or_refused(world: World, tmp_path: Path) -> None:
    folder = os.fsencode(world.root / "assistants")
    Path(os.fsdecode(folder + b"/\xff.txt")).write_text(FIELDS)
    assert passed(world) == "1 file that is not a manifest was passed over: `assistants/�.txt`"
    Path(os.fsdecode(folder + b"/\xff.yaml")).write_text(FIELDS)
    Path(os.fsdecode(folder + b"/\x01.d")).mkdir()
    (tmp_path / "outside").mkdir()
    (world.root / "assistants/team.d").symlink_to(tmp_path / "outside")
    assert [item.split(": ")[1] for item in errors(world)] == ["file-outside", "file-unreadable", "file-unreadable"]


_pieces = st.sampled_from(
    [
        b"---",
        b"\n",
        b"\r",
        b" ",
        b"assistant",
        b":",
        b" n3",
        b"```",
        b"\xff\xfe",
        b"\0",
        b"user: hi",
        b"- ",
        b"# ",
        b"{",
        b"\xe2",
    ]
)


@given(st.lists(_pieces | st.binary(max_size=4), max_size=40).map(b"".join), st.booleans())
def test_whatever_a_file_holds_is_looked_at_and_its_place_is_in_it(data: bytes, markdown: bool) -> None:
    found = unread_manifest(data, "x.md", catalogue(()), markdown=markdown)
    if found is not None:
        place = found.problem.place
        assert place is not None
        assert 1 <= place.line <= data.count(b"\n") + data.count(b"\r") + 1
