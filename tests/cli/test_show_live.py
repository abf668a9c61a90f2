"""`show ADDRESS` where the service keeps no versions, and what is no address of anything."""

from __future__ import annotations

import json

from .conftest import World


def test_an_object_is_shown_as_it_is_live(world: World) -> None:
    world.project()
    world.assistant("ant", "name: Ant\ntemperature: 0.5\n")
    world.apply()
    ran = world.run("show", "Assistant/ant")
    (key,) = world.live()
    assert ran.code == 0 and key in ran.out and "This service keeps no versions." in ran.out
    shown = json.loads(world.run("show", "Assistant/ant", "--format", "json").out)
    assert (shown["remote_id"], shown["version"], shown["versions"]) == (key, None, None)
    assert (shown["fields"]["model"], shown["fields"]["temperature"]) == ("gpt-4o", 0.5)


def test_what_is_not_live_is_an_error_that_lists_what_is(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    ran = world.run("show", "Assistant/bee")
    assert ran.code == 3 and "Assistant/ant" in ran.err
    assert world.run("show", "Assistant/Bee!").code == 3


def test_a_file_of_that_name_is_a_plan(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.write("Assistant/.keep", "")
    assert world.run("plan", "--out", "Assistant/ant").code == 0
    assert "+ Assistant/ant" in world.run("show", "Assistant/ant").out


def test_a_hidden_field_and_hostile_text_are_shown_safely(world: World) -> None:
    world.project()
    world.assistant("ant", 'name: "A\\e[31m\\u202Et"\n')
    world.apply()
    out = world.run("show", "Assistant/ant").out
    assert "\x1b" not in out and "\u202e" not in out
