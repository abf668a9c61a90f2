"""Prompts put together of several texts: one text to the service, and what is live goes back into the right part."""

from __future__ import annotations

import json

import pytest

from .conftest import World
from .test_import_update import edit, update

PARTS = {"prompts/tone.md": "# Tone\n\nBe kind.\n", "prompts/tutor.md": "Help with homework.\n"}
TUTOR = """\
assistant: tutor
model: gpt-4o
instructions:
  - {file: ../prompts/tutor.md}   # its own
  - {file: ../prompts/tone.md}
  - "Answer in one sentence."     # here
"""
LIVE = "Help with homework.\n\n# Tone\n\nBe kind.\n\nAnswer in one sentence."


@pytest.fixture
def tutor(world: World) -> World:
    world.project()
    for name, text in PARTS.items():
        world.write(name, text)
    world.write("assistants/tutor.yaml", TUTOR)
    world.apply()
    assert world.only()["instructions"] == LIVE
    return world


def test_every_command_sees_the_joined_text(tutor: World) -> None:
    rendered = tutor.run("render", "--no-origins").out
    assert "instructions: |-\n  Help with homework.\n\n  # Tone\n" in rendered
    tutor.write("prompts/tone.md", "# Tone\n\nBe stern.\n")
    plan = json.loads(tutor.run("plan", "--format", "json").out)
    [field] = plan["changes"][0]["fields"]
    assert (field["path"], field["after"]) == ("/instructions", LIVE.replace("kind", "stern"))
    tutor.apply()
    tutor.write("assistants/tutor.yaml", TUTOR.replace("tutor\nmodel", "guide\nretinue: {moved_from: tutor}\nmodel"))
    assert "1 to move" in tutor.run("plan").out
    tutor.apply()


@pytest.mark.parametrize(
    ("old", "new", "file", "holds"),
    [
        ("homework", "sums", "prompts/tutor.md", "Help with sums.\n"),
        ("Help", "First.\n\nHelp", "prompts/tutor.md", "First.\n\nHelp with homework.\n"),
        ("Be kind.", "Be brief.\n\nBe kind.", "prompts/tone.md", "# Tone\n\nBe brief.\n\nBe kind.\n"),
        ("one sentence.", "two.", "assistants/tutor.yaml", TUTOR.replace("one sentence.", "two.")),
    ],
)
def test_what_differs_in_one_part_goes_there(tutor: World, old: str, new: str, file: str, holds: str) -> None:
    edit(tutor, "tutor", instructions=LIVE.replace(old, new))
    ran = update(tutor)
    assert f"wrote {file}\n" in ran.out
    assert (tutor.root / file).read_text() == holds
    others = {**PARTS, "assistants/tutor.yaml": TUTOR}
    assert all((tutor.root / name).read_text() == text for name, text in others.items() if name != file)
    tutor.accepted()


@pytest.mark.parametrize(
    "live",
    [
        LIVE.replace("homework", "sums").replace("kind", "stern"),
        LIVE.replace("Be kind.", "Be kind.\n\nBe brief."),
        LIVE.replace("# Tone\n\nBe kind.\n\n", ""),
        "Something else.",
    ],
)
def test_what_differs_elsewhere_is_refused_and_told(tutor: World, live: str) -> None:
    edit(tutor, "tutor", instructions=live)
    ran = update(tutor, code=1)
    assert "not written: Assistant/tutor: instructions (assistants/tutor.yaml:4:3)" in ran.out
    assert "joined from 3 texts" in ran.out and "by hand" in ran.out
    assert (tutor.root / "assistants/tutor.yaml").read_text() == TUTOR


def test_a_part_that_others_use_is_refused_with_a_patch(tutor: World) -> None:
    tutor.assistant("guide", "instructions: [{file: ../prompts/tone.md}, Guide.]\n")
    tutor.apply()
    edit(tutor, "tutor", instructions=LIVE.replace("kind", "stern"))
    ran = update(tutor, code=1)
    assert "it is shared: `instructions` of Assistant/guide would change too" in ran.out
    assert "-Be kind.\n    +Be stern." in ran.out
    assert (tutor.root / "prompts/tone.md").read_text() == PARTS["prompts/tone.md"]
    # Its own part is its own all the same.
    edit(tutor, "tutor", instructions=LIVE.replace("homework", "sums"))
    update(tutor)
    tutor.accepted()


def test_a_part_that_changed_alike_for_all_its_users_is_written(tutor: World) -> None:
    tutor.assistant("guide", "instructions: [{file: ../prompts/tone.md}, Guide.]\n")
    tutor.apply()
    edit(tutor, "tutor", instructions=LIVE.replace("kind", "stern"))
    edit(tutor, "guide", instructions="# Tone\n\nBe stern.\n\nGuide.")
    update(tutor)
    assert (tutor.root / "prompts/tone.md").read_text() == "# Tone\n\nBe stern.\n"
    tutor.accepted()


def test_a_part_that_stands_twice_in_one_prompt_is_refused(tutor: World) -> None:
    tutor.write("assistants/tutor.yaml", TUTOR + "  - {file: ../prompts/tone.md}\n")
    tutor.apply()
    edit(tutor, "tutor", instructions=tutor.only()["instructions"].replace("kind", "stern", 1))
    assert "would not say what is live" in update(tutor, code=1).out


def test_variables_keep_a_part_as_it_is(tutor: World) -> None:
    tutor.project(environment="    variables: {who: pupils}\n")
    tutor.write("prompts/tutor.md", "Help ${var.who}.\n")
    tutor.write("assistants/tutor.yaml", TUTOR.replace("tutor.md}", "tutor.md, template: true}"))
    tutor.apply()
    edit(tutor, "tutor", instructions=tutor.only()["instructions"].replace("Help pupils", "Help them"))
    assert "is a template" in update(tutor, code=1).out
    edit(
        tutor,
        "tutor",
        instructions=tutor.only()["instructions"].replace("them", "pupils").replace("one sentence", "1 sentence"),
    )
    update(tutor)
    tutor.accepted()


def test_the_text_of_a_markdown_manifest_is_a_part(tutor: World) -> None:
    (tutor.root / "assistants/tutor.yaml").unlink()
    head = "---\nassistant: tutor\nmodel: gpt-4o\ninstructions:\n  - {file: ../prompts/tone.md}\n---\n\n"
    tutor.write("assistants/tutor.md", head + "Help.\n")
    tutor.apply()
    assert tutor.only()["instructions"] == "# Tone\n\nBe kind.\n\nHelp."
    edit(tutor, "tutor", instructions="# Tone\n\nBe kind.\n\nHelp\n\nme: ${x}")
    update(tutor)
    assert (tutor.root / "assistants/tutor.md").read_text() == head + "Help\n\nme: $${x}\n"
    tutor.accepted()
    edit(tutor, "tutor", instructions=None)
    update(tutor, code=1)


def test_instructions_that_are_gone_take_the_list_away(tutor: World) -> None:
    edit(tutor, "tutor", instructions=None)
    update(tutor)
    assert (tutor.root / "assistants/tutor.yaml").read_text() == "assistant: tutor\nmodel: gpt-4o\n"
    tutor.accepted()


def test_origins_and_shared_files_know_the_parts(tutor: World) -> None:
    tutor.project(environment="    variables: {who: pupils}\n")
    tutor.assistant("guide", 'instructions: [{file: ../prompts/tone.md}, "For ${var.who}."]\n')
    rendered = tutor.run("render").out
    assert "instructions: |-  # assistants/guide.yaml:3, var.who from retinue.yaml:9\n" in rendered
    tutor.apply()
    tutor.write("prompts/tone.md", "# Tone\n\nBe stern.\n")
    said = "prompts/tone.md is used by 2 assistants, 1 of which changes here"
    assert said in tutor.run("plan", "--target", "Assistant/tutor").out
