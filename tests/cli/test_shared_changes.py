"""What several manifests share and changed is shown once in a plan, with all its users; its JSON stays per step."""

from __future__ import annotations

import json
import re

import pytest

from .conftest import World

TONE = "# Tone\n\nBe kind.\n\nNever promise a refund.\n\nStay calm.\n"
TOOL = "type: function\nfunction:\n  name: look_up\n  description: |\n    Looks up.\n\n    One order.\n"
NAMES = ("ant", "bee", "cow")


@pytest.fixture
def three(world: World) -> World:
    world.project(extra="defaults: {assistant: {metadata: {a: b}}}\n")
    world.write("prompts/tone.md", TONE)
    world.write("tools/look_up.yaml", TOOL)
    for number, name in enumerate(NAMES):
        own = "\n\n".join(f"Line {line} of {name}." for line in range(number + 1))
        world.write(f"prompts/{name}.md", f"{own}\n")
        world.assistant(
            name,
            f"instructions: [{{file: ../prompts/{name}.md}}, {{file: ../prompts/tone.md}}]\n"
            "tools: [{file: ../tools/look_up.yaml}]\n",
        )
    world.apply()
    return world


def plan(world: World, *arguments: str) -> str:
    ran = world.run("plan", *arguments)
    assert ran.code == 0, ran.err
    return ran.out


def test_a_shared_text_is_shown_once_with_all_its_users(three: World) -> None:
    before = json.loads(plan(three, "--format", "json"))
    three.write("prompts/tone.md", TONE.replace("a refund", "anything"))
    text = plan(three)
    assert text.count("Never promise anything.") == 1
    assert "changes alike in 3 objects: Assistant/ant, Assistant/bee, Assistant/cow\n" in text
    assert len(re.findall(r"the same change as in Assistant/ant +prompts/tone\.md:5\n", text)) == 2
    for wanted in ("markdown", "html"):
        found = plan(three, "--format", wanted)
        assert (found.count("anything"), found.count("the same change as in Assistant/ant")) == (1, 2)
    made = json.loads(plan(three, "--format", "json"))
    assert made["digest"] != before["digest"]
    assert [item["fields"][0]["after"].count("Never promise anything.") for item in made["changes"]] == [1, 1, 1]
    three.apply()


def test_what_one_of_them_changes_besides_is_shown_with_it(three: World) -> None:
    three.write("prompts/tone.md", TONE.replace("a refund", "anything"))
    three.write("prompts/cow.md", "Line of cow.\n")
    three.assistant(
        "bee", (three.root / "assistants/bee.yaml").read_text().partition("\n")[2].partition("\n")[2] + "name: B\n"
    )
    text = plan(three)
    assert "changes alike in 2 objects: Assistant/ant, Assistant/bee\n" in text
    assert text.count("Never promise anything.") == 2 and "Line of cow." in text
    assert re.search(r"~ Assistant/bee.*\n +name .*\n +instructions +the same change as in Assistant/ant", text)
    three.apply()


def test_a_shared_tool_is_shown_once(three: World) -> None:
    three.write("tools/look_up.yaml", TOOL.replace("One order.", "One order, by its number."))
    text = plan(three)
    assert (text.count("by its number"), text.count("the same change as in Assistant/ant")) == (1, 2)
    # One line is as short as a word about it.
    three.write("tools/look_up.yaml", TOOL.partition("  description")[0] + "  description: Looks up.\n")
    three.apply()
    three.write("tools/look_up.yaml", TOOL.partition("  description")[0] + "  description: Finds.\n")
    assert plan(three).count("Looks up. → Finds.") == 3


def test_a_shared_default_is_shown_once(three: World) -> None:
    three.project(extra="defaults: {assistant: {metadata: {a: c, d: e}}}\n")
    text = plan(three)
    assert (text.count("a: b"), text.count("the same change as in Assistant/ant")) == (0, 2)
    assert text.count("b → c") == 1


def test_equal_changes_in_files_of_their_own_are_each_shown(three: World) -> None:
    for name in NAMES:
        three.write(f"prompts/{name}.md", "All the same.\n")
    text = plan(three)
    assert text.count("All the same.") == 3 and "alike" not in text


def test_many_users_are_counted(world: World) -> None:
    world.project()
    world.write("prompts/tone.md", TONE)
    for number in range(8):
        world.assistant(f"a{number}", "instructions: {file: ../prompts/tone.md}\n")
    world.apply()
    world.write("prompts/tone.md", TONE.replace("kind", "stern"))
    text = plan(world)
    users = ", ".join(f"Assistant/a{number}" for number in range(5))
    assert f"changes alike in 8 objects: {users} and 3 more\n" in text
    assert text.count("Be stern.") == 1


def test_a_change_of_a_part_names_the_line_of_its_file(three: World) -> None:
    three.write("prompts/tone.md", TONE.replace("Stay calm.", "Stay calm.\nAlways."))
    assert plan(three).count("prompts/tone.md:8") == 3
    three.write("prompts/tone.md", TONE)
    three.write("prompts/cow.md", "Line 0 of cow.\n\nLine one of cow.\n\nLine 2 of cow.\n")
    assert "prompts/cow.md:3" in plan(three)


def test_show_has_whole_prompts(three: World) -> None:
    for line in ("Line 0 of ant.", "# Tone", "Stay calm."):
        assert re.search(rf"^ +{line}$", three.run("show", "Assistant/ant").out, re.MULTILINE)
    three.assistant("new", "instructions: [{file: ../prompts/tone.md}]\ndescription: " + "long " * 60 + "end\n")
    brief = plan(three, "--out", "plan.json")
    assert "Never promise a refund." not in brief and "long end" not in brief
    shown = three.run("show", "plan.json").out
    assert "Never promise a refund." in shown and "long end" in shown


@pytest.mark.parametrize("length", [10, 200])
def test_values_that_only_begin_alike_are_each_shown(three: World, length: int) -> None:
    three.project(extra="defaults: {assistant: {metadata: {a: c, d: e}}}\n")
    for number, (key, raw) in enumerate(three.live().items()):
        metadata = {**raw["metadata"], "z": "y" * length + str(number // 2)}
        three.emulator.seed({**raw, "object": "assistant", "id": key, "metadata": metadata})
    page = plan(three, "--format", "html")
    # The first two are alike to the end, the third is not.
    assert [page.count("y" * length + str(number)) for number in (0, 1)] == [1, 1]
    assert page.count("the same change as in") == 1
