"""`instructions` as a list of texts and includes: one text everywhere else, each part with its own place."""

from __future__ import annotations

from pathlib import Path

import pytest

from retinue.core.model import Place
from retinue.load.composing import Composed, changed_part, joined

from .test_manifests import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "project")
    world.write("prompts/tone.md", "\n# Tone\n\nBe kind.\n\n")
    world.write("prompts/ask.md", "Ask in ${var.model} words.\n")
    world.write("prompts/empty.md", "\n")
    world.write("assistants/greeter.yaml", "assistant: greeter\n")
    return world


def greeter(world: World, instructions: str, environment: str = "dev") -> object:
    world.write("assistants/greeter.yaml", f"assistant: greeter\ninstructions: {instructions}\n")
    return world.spec("greeter", environment)["instructions"]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("[{file: ../prompts/tone.md}, Answer.]", "# Tone\n\nBe kind.\n\nAnswer."),
        ("[Answer., {file: ../prompts/ask.md, template: true}]", "Answer.\n\nAsk in small words."),
        ('["${var.model}", "in ${var.model}"]', "small\n\nin small"),
        ('[{file: ../prompts/empty.md}, A, "", "\\r\\nB\\r\\n"]', "A\n\nB"),
        ("[Alone]", "Alone"),
        ("\n  - |\n    One\n\n    Two\n  - >-\n    Three\n    Four", "One\n\nTwo\n\nThree Four"),
        ("{file: ../prompts/list.yaml}", "First\n\n# Tone\n\nBe kind."),
        ("[{file: ../prompts/list.yaml}, Last]", "First\n\n# Tone\n\nBe kind.\n\nLast"),
    ],
)
def test_the_parts_are_joined_by_one_empty_line(world: World, written: str, text: str) -> None:
    world.write("prompts/list.yaml", "- First\n- {file: tone.md}\n")
    assert greeter(world, written) == text


def test_a_list_replaces_a_lower_layer_as_a_whole(world: World) -> None:
    world.write(
        "retinue.yaml",
        (world.root / "retinue.yaml").read_text().replace("owner: cx}", "owner: cx}, instructions: [A, B]"),
    )
    assert world.spec("greeter")["instructions"] == "A\n\nB"
    world.write("overlays/prod.yaml", "assistant: greeter\ninstructions: [{file: ../prompts/tone.md}, P]\n")
    assert greeter(world, "[C]", "prod") == "# Tone\n\nBe kind.\n\nP"
    assert greeter(world, "[C]") == "C"
    world.write("assistants/greeter.yaml", "assistant: greeter\ninstructions: null\n")
    assert "instructions" not in world.spec("greeter")


def test_the_text_of_a_markdown_manifest_comes_last(world: World) -> None:
    (world.root / "assistants/greeter.yaml").unlink()
    world.write(
        "assistants/m.md", "---\nassistant: greeter\ninstructions: [{file: ../prompts/tone.md}]\n---\n\nHello\n"
    )
    assert world.spec("greeter")["instructions"] == "# Tone\n\nBe kind.\n\nHello"
    world.write("assistants/m.md", "---\nassistant: greeter\ninstructions: Hi\n---\n\nHello\n")
    [problem] = world.load().diagnostics
    assert (problem.code, str(problem.place)) == ("front-matter-instructions", "assistants/m.md:3:1")
    assert "a list" in (problem.remedy or "")


@pytest.mark.parametrize(
    ("written", "place", "code"),
    [
        ("[]", "2:15", "empty"),
        ("[A, 3]", "2:19", "wrong-type"),
        ("[A, null]", "2:19", "wrong-type"),
        ("[A, {fil: ../prompts/tone.md}]", "2:20", "unknown-key"),
        ("[A, {file: ../prompts/tone.md, templat: true}]", "2:46", "unknown-key"),
        ("[A, {file: ../prompts/none.md}]", "2:26", "file-missing"),
        ("[A, {file: ../../../etc/passwd}]", "2:26", "file-outside"),
        ('[A, "${var.nothing}"]', "2:19", "variable-undefined"),
        ("[A, [B]]", "2:19", "wrong-type"),
        ("[A, {upload: ../prompts/tone.md}]", "2:19", "wrong-type"),
        ("{fil: ../prompts/tone.md}", "2:16", "unknown-key"),
    ],
)
def test_what_is_wrong_is_told_once_at_its_part(world: World, written: str, place: str, code: str) -> None:
    world.write("assistants/greeter.yaml", f"assistant: greeter\ninstructions: {written}\n")
    assert world.problems() == [f"assistants/greeter.yaml:{place}: {code}"]


def test_what_is_wrong_in_an_included_part_is_told_where_it_stands(world: World) -> None:
    world.write("prompts/ask.md", "Ask.\nIn ${var.nothing} words.\n")
    world.write("prompts/bad.yaml", "- A\n- [B]\n")
    listed = "[{file: ../prompts/ask.md, template: true}, {file: ../prompts/bad.yaml}]"
    world.write("assistants/greeter.yaml", f"assistant: greeter\ninstructions: {listed}\n")
    assert world.problems() == ["prompts/ask.md:2:4: variable-undefined", "prompts/bad.yaml:2:3: wrong-type"]


@pytest.mark.parametrize("field", ["instructions", "tools"])
def test_more_than_can_be_read_is_told_once(world: World, field: str) -> None:
    world.write("prompts/big.md", "x" * 2_000_000)
    items = "".join("\n  - {file: ../prompts/big.md}" for _ in range(200))
    world.write("assistants/greeter.yaml", f"assistant: greeter\n{field}:{items}\n")
    [problem] = world.problems()
    assert problem.endswith("too-many-values")


def test_limits_count_the_joined_text(world: World) -> None:
    half = "x" * 128_000
    world.write("assistants/greeter.yaml", f"assistant: greeter\ninstructions: [{half}, {half[2:]}]\n")
    assert world.problems() == []
    world.write("assistants/greeter.yaml", f"assistant: greeter\ninstructions: [{half}, {half[1:]}]\n")
    [problem] = world.load().diagnostics
    assert (problem.code, str(problem.place)) == ("too-long", "assistants/greeter.yaml:2:15")
    assert "256,001" in problem.message


def test_a_line_of_the_joined_text_is_found_in_its_part(world: World) -> None:
    text = "\n  - First\n  - {file: ../prompts/empty.md}\n  - {file: ../prompts/tone.md}\n  - |\n    Last\n    line"
    assert greeter(world, text) == "First\n\n# Tone\n\nBe kind.\n\nLast\nline"
    at = world.load().resources[0].spec.values_at["instructions"]  # type: ignore[attr-defined]
    assert isinstance(at, Composed)
    lines = {1: ("3:5", 1), 2: ("3:5", 2), 3: ("5:5", 2), 5: ("5:5", 4), 7: ("6:5", 1), 8: ("6:5", 2), 99: ("6:5", 93)}
    for line, (place, inner) in lines.items():
        assert at.part_at(line) == (Place("assistants/greeter.yaml", *map(int, place.split(":"))), inner)


PARTS = ["# Tone\n\nBe kind.", "Ask.", "Answer."]


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ("# Tone\n\nBe stern.\n\nAsk.\n\nAnswer.", (0, "# Tone\n\nBe stern.")),
        ("# Tone\n\nBe kind.\n\nAsk twice.\n\nAnswer.", (1, "Ask twice.")),
        ("# Tone\n\nBe kind.\n\nAsk.\n\nAnswer.\n\nMore.", (2, "Answer.\n\nMore.")),
        ("First.\n\n# Tone\n\nBe kind.\n\nAsk.\n\nAnswer.", (0, "First.\n\n# Tone\n\nBe kind.")),
        # Between two parts it may belong to either.
        ("# Tone\n\nBe kind.\n\nAsk.\n\nBut.\n\nAnswer.", None),
        ("# Tone\n\nBe stern.\n\nAsk.\n\nAnswer twice.", None),
        ("# Tone\n\nBe kind.\n\nAnswer.", None),
        ("Something else.", None),
    ],
)
def test_a_new_text_is_that_of_one_part_or_of_none(new: str, found: tuple[int, str] | None) -> None:
    assert changed_part(PARTS, new) == found
    if found:
        assert joined([found[1] if index == found[0] else text for index, text in enumerate(PARTS)]) == new
