"""A forgotten `moved_from`: blocked with exit 5 and the ways out, each of which works."""

from __future__ import annotations

import json
import re

import pytest

from .conftest import World

BOT = "name: Math Tutor\ninstructions: Help with homework and show your work.\ntemperature: 0.2\n"
NEW = BOT.replace("Math Tutor", "Maths Tutor").replace("show", "always show")


@pytest.fixture
def moved(world: World) -> World:
    """`math-tutor` was renamed `maths-tutor`, with a small edit; the live object is still the old one."""
    world.project()
    for name in ("ant", "bee", "cow"):
        world.assistant(name, f"name: {name}\n")
    world.assistant("math-tutor", BOT)
    world.apply()
    world.remove("assistants/math-tutor.yaml")
    world.assistant("maths-tutor", NEW)
    return world


def tutor(world: World) -> str:
    (found,) = [key for key, item in world.live().items() if "Tutor" in (item["name"] or "")]
    return found


def test_it_is_blocked_and_nothing_is_written(moved: World) -> None:
    before = moved.live()
    ran = moved.run("apply", "--auto-approve", "--format", "json")
    assert (ran.code, moved.live()) == (5, before)
    results = {item["address"]: item for item in json.loads(ran.out)["results"]}
    assert results["Assistant/math-tutor"]["remedy"].splitlines() == [
        "retinue: {moved_from: math-tutor} in the manifest of Assistant/maths-tutor",
        "removed: [Assistant/math-tutor]",
        "--allow renamed:Assistant/math-tutor",
    ]
    text = moved.run("plan").out
    assert re.search(r"\+ Assistant/maths-tutor +assistants/maths-tutor\.yaml:1\n", text)
    assert text.count("--allow renamed:") == 1
    markdown = moved.run("plan", "--format", "markdown").out
    assert "this looks like a rename" in markdown
    assert "--allow renamed:Assistant/math-tutor" in markdown


def test_the_line_keeps_the_live_id(moved: World) -> None:
    before = tutor(moved)
    moved.assistant("maths-tutor", NEW + "retinue: {moved_from: math-tutor}\n")
    moved.apply()
    assert tutor(moved) == before


def test_removed_says_that_it_is_none(moved: World) -> None:
    before = tutor(moved)
    moved.project("removed: [Assistant/math-tutor]\n")
    moved.apply()
    assert tutor(moved) != before


def test_the_flag_says_so_too_stands_in_the_plan_and_needs_no_second_time(moved: World) -> None:
    before = tutor(moved)
    flag = ("--allow", "renamed:Assistant/math-tutor")
    assert moved.run("plan", *flag, "--out", "plan.json").code == 0
    assert json.loads((moved.root / "plan.json").read_text())["allowed"] == {"renamed": ["Assistant/math-tutor"]}
    assert "Allowed: --allow renamed:Assistant/math-tutor" in moved.run("show", "plan.json").out
    assert moved.run("apply", "plan.json").code == 0
    assert tutor(moved) != before
    moved.settled()


@pytest.mark.parametrize("target", ["Assistant/maths-tutor", "Assistant/math-tutor"])
def test_one_half_after_the_other_is_no_way_around_it(moved: World, target: str) -> None:
    before = moved.live()
    assert moved.run("apply", "--auto-approve", "--target", target).code == 5
    assert moved.live() == before
    assert moved.run("apply", "--auto-approve", "--exclude", "Assistant/ant").code == 5


def test_a_saved_plan_of_one_half_is_blocked_once_the_other_is_wanted(moved: World) -> None:
    moved.remove("assistants/maths-tutor.yaml")
    assert moved.run("plan", "--out", "plan.json").code == 0
    moved.assistant("maths-tutor", NEW)
    before = moved.live()
    ran = moved.run("apply", "plan.json")
    assert (ran.code, moved.live()) == (5, before)
    assert "this looks like a rename" in ran.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("renam:Assistant/a", "--allow renam:Assistant/a: unknown code `renam`"),
        ("renam:Assistant/a", "Did you mean `renamed`? Known: brake=N, "),
        ("renamed", "`renamed` is written renamed:ADDRESS"),
        ("renamed=1", "`renamed` is written renamed:ADDRESS"),
        ("renamed:", "`renamed` is written renamed:ADDRESS"),
        ("renamed:ant", "`ant` is not an address; one looks like Assistant/math-tutor"),
        ("", "unknown code ``"),
    ],
)
def test_what_is_no_code_or_of_another_form_is_a_usage_error(moved: World, text: str, said: str) -> None:
    for command in (["plan"], ["apply", "--auto-approve"], ["destroy", "--auto-approve"]):
        ran = moved.run(*command, "--allow", text)
        assert (ran.code, said in ran.err) == (3, True), ran.err


def test_what_is_not_blocked_may_be_allowed_as_with_the_other_flags(moved: World) -> None:
    assert moved.run("plan", "--allow", "renamed:Assistant/ant", "--allow", "protected:Assistant/ant").code == 0
    assert moved.run("apply", "--auto-approve", "--allow", "renamed:Assistant/ant").code == 5


def test_a_saved_plan_takes_no_more_than_it_was_made_with(moved: World) -> None:
    moved.run("plan", "--out", "plan.json")
    assert moved.run("apply", "plan.json", "--allow", "renamed:Assistant/math-tutor").code == 3


def test_a_destroy_is_unaffected(moved: World) -> None:
    assert moved.run("destroy", "--auto-approve", "--allow", "brake=4").code == 0
    assert moved.live() == {}


def test_one_bot_goes_and_quite_another_comes(moved: World) -> None:
    moved.assistant("maths-tutor", "name: Concierge\ninstructions: Welcome guests and book tables for dinner.\n")
    moved.apply()


def test_a_file_that_moves_to_another_folder_is_no_step_at_all(moved: World) -> None:
    (moved.root / "assistants/deeper").mkdir()
    moved.remove("assistants/maths-tutor.yaml")
    moved.write("assistants/deeper/x.yaml", f"assistant: math-tutor\nmodel: gpt-4o\n{BOT}")
    moved.settled()
