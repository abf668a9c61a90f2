"""`--format sarif|github` on the command line: places from the repository's root, also where a command fails."""

from __future__ import annotations

import json

import pytest

from ..render.test_machines import check_sarif
from .conftest import World


@pytest.fixture
def nested(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The project is a folder of a repository that has others."""
    world.project()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(world.root.parent))
    return world


def test_problems_of_manifests_are_annotations_with_their_line(nested: World) -> None:
    nested.assistant("greeter", "temprature: 1\n")
    ran = nested.run("validate", "--format", "github")
    assert ran.code == 3
    assert ran.out.startswith("::error file=demo/assistants/greeter.yaml,line=3,col=1,title=retinue%3A ")
    assert "assistants/greeter.yaml:3:1" in ran.err
    assert nested.run("plan", "--format", "github").out == ran.out


def test_the_same_as_sarif(nested: World) -> None:
    nested.assistant("greeter", "temprature: 1\n")
    ran = nested.run("validate", "--format", "sarif")
    (result,) = check_sarif(json.loads(ran.out))
    assert ran.code == 3
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "demo/assistants/greeter.yaml"


def test_what_is_valid_has_no_annotations(nested: World) -> None:
    nested.assistant("greeter")
    assert nested.run("validate", "--format", "github").out == ""
    assert check_sarif(json.loads(nested.run("validate", "--format", "sarif").out)) == []


def test_wrong_usage_and_a_broken_project_file_are_results_too(nested: World) -> None:
    assert check_sarif(json.loads(nested.run("validate", "--format", "sarif", "--nope").out))[0]["ruleId"] == "usage"
    nested.write("retinue.yaml", "version: 1\n")
    ran = nested.run("validate", "--format", "github")
    assert (ran.code, ran.out.startswith("::error file=demo/retinue.yaml,line=1,col=1,")) == (3, True)


@pytest.mark.parametrize("flags", [("-C", "demo"), ("-Cdemo",), ("-C", "elsewhere", "-Cdemo")], ids=" ".join)
def test_a_failure_has_the_places_of_the_folder_that_was_understood(nested: World, flags: tuple[str, ...]) -> None:
    nested.assistant("greeter", "temprature: 1\n")
    nested.monkeypatch.chdir(nested.root.parent)
    ran = nested.run("validate", "--format", "github", *flags)
    assert (ran.code, ran.out.partition(",")[0]) == (3, "::error file=demo/assistants/greeter.yaml")


def test_a_blocked_step_is_an_error_of_the_plan(nested: World) -> None:
    for name in "ab":
        nested.assistant(name)
    nested.apply()
    for name in "ab":
        nested.remove(f"assistants/{name}.yaml")
    nested.assistant("c", model="gpt-4o-mini")
    ran = nested.run("plan", "--format", "github", "--out", "plan.json")
    assert (ran.code, ran.out.count(" is blocked: ")) == (0, 2), ran.out
    results = check_sarif(json.loads(nested.run("show", "plan.json", "--format", "sarif").out))
    assert [item["level"] for item in results] == ["error", "error"]
