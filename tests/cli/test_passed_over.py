"""A slip in a manifest's first lines deletes nothing, and every command says what it passed over."""

from __future__ import annotations

import json

import pytest

from .conftest import World

MANIFEST = "---\nassistant: n{0}\nmodel: gpt-4o\n---\nPrompt {0}\n"
SLIPS = {
    "an empty line": "\n" + MANIFEST,
    "a comment": "<!-- markdownlint-disable -->\n" + MANIFEST,
    "a heading": "# Tutor\n\n" + MANIFEST,
    "a space": " " + MANIFEST,
    "a dash more": "-" + MANIFEST,
    "a long dash": "—" + MANIFEST[3:],
    "no opening": MANIFEST[4:],
    "CR": MANIFEST.replace("\n", "\r"),
    "nothing": "",
}


@pytest.fixture
def live(world: World) -> World:
    world.project()
    for number in range(1, 6):
        world.write(f"assistants/n{number}.md", MANIFEST.format(number))
    world.apply()
    return world


def refused(world: World, name: str) -> None:
    before = world.live()
    for command in (("validate",), ("plan",), ("apply", "--auto-approve"), ("drift",), ("render",)):
        ran = world.run(*command)
        assert ran.code == 3, ran.out + ran.err
        assert f"assistants/{name}:" in ran.err
    assert world.live() == before


@pytest.mark.parametrize("text", SLIPS.values(), ids=SLIPS.keys())
def test_a_slip_before_the_front_matter_deletes_nothing(live: World, text: str) -> None:
    (live.root / "assistants/n3.md").write_bytes(text.format(3).encode())
    refused(live, "n3.md")


@pytest.mark.parametrize("name", ["n3.markdown", "n3.mdx", "n3.txt", "n3.md.j2", "n3.md.bak"])
def test_another_name_deletes_nothing(live: World, name: str) -> None:
    (live.root / "assistants/n3.md").rename(live.root / "assistants" / name)
    refused(live, name)


def test_utf_16_deletes_nothing(live: World) -> None:
    for encoding in ("utf-16", "utf-16-be"):
        (live.root / "assistants/n3.md").write_bytes(MANIFEST.format(3).encode(encoding))
        refused(live, "n3.md")


def test_validate_and_plan_say_what_they_passed_over(live: World) -> None:
    live.write("assistants/README.md", "# Read me\n\nassistant: a line like this names it\n")
    live.write("assistants/notes.txt", "Notes\n")
    words = "2 files that are not manifests were passed over: `assistants/README.md`, `assistants/notes.txt`"
    ran = live.run("validate")
    assert (ran.code, words in ran.err, "5 manifests are valid" in ran.out) == (0, True, True)
    assert words in live.run("plan").out
    for command in ("validate", "plan"):
        (said,) = json.loads(live.run(command, "--format", "json").out)["diagnostics"]
        assert (said["code"], said["severity"], said["message"]) == ("passed-over", "info", words)
    live.apply()


def test_it_is_no_part_of_what_is_approved(live: World) -> None:
    live.assistant("n6")
    digests = []
    for text in (None, "# Read me\n"):
        if text:
            live.write("assistants/README.md", text)
        digests.append(json.loads(live.run("plan", "--format", "json").out)["digest"])
    assert digests[0] == digests[1]
    live.apply("--expect-digest", digests[0])
