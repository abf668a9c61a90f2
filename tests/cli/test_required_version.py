"""`required_version` holds in every command that reads a project file."""

from __future__ import annotations

import json

import pytest

from retinue import __version__

from .conftest import World

COMMANDS = (
    ("validate",),
    ("render",),
    ("plan",),
    ("apply", "--auto-approve"),
    ("destroy", "--auto-approve"),
    ("drift",),
    ("show", "Assistant/ant"),
    ("import",),
    ("import", "--update"),
    ("adopt", "Assistant/ant", "asst_1", "--auto-approve"),
    ("forget", "Assistant/ant", "--auto-approve"),
    ("diff", "dev", "next"),
    ("promote", "dev", "dev"),
    ("verify", "--", "true"),
    ("output",),
    ("init",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_wrong_version_stops_with_3_and_says_nothing_else(world: World, command: tuple[str, ...]) -> None:
    world.project('required_version: ">=9"\nfuture: 1\n')
    world.assistant("ant", "unknown: 1\n")
    ran = world.run(*command)
    assert ran.code == 3
    assert f"this project requires retinue >=9, this is {__version__}" in ran.err
    assert "retinue.yaml:4:19" in ran.err
    assert "future" not in ran.err + ran.out
    assert world.emulator.requests == []


def test_a_saved_plan_needs_the_right_version_too(world: World) -> None:
    world.project()
    world.assistant("ant")
    assert world.run("plan", "--out", "plan.json").code == 0
    world.project('required_version: "<0.1"\n')
    assert world.run("apply", "plan.json").code == 3
    assert world.live() == {}


def test_a_trusted_project_file_is_held_to_its_own_line(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.write("trusted.yaml", 'required_version: ">=9"\n' + (world.root / "retinue.yaml").read_text())
    ran = world.run("plan", "--project-file", "trusted.yaml")
    assert (ran.code, "trusted.yaml:1:19: version-mismatch" in ran.err) == (3, True)


def test_json_carries_the_code(world: World) -> None:
    world.project('required_version: ">=9"\n')
    body = json.loads(world.run("plan", "--format", "json").out)
    assert (body["exit_code"], [item["code"] for item in body["diagnostics"]]) == (3, ["version-mismatch"])


def test_the_right_version_plans_and_applies(world: World) -> None:
    world.project(f'required_version: ">=0.1,<={__version__}"\n')
    world.assistant("ant")
    world.apply()


def test_init_in_a_project_still_says_that_it_is_one(world: World) -> None:
    world.project('required_version: ">=0.1"\nfuture: 1\n')
    ran = world.run("init")
    assert (ran.code, "exists already: this is a project" in ran.err) == (3, True)
