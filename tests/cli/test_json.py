"""What machines read: JSON on stdout is one complete value, and agrees with the exit code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retinue_emulator.faults import Behaviour, Fault

from .conftest import World


def read(text: str) -> Any:
    return json.loads(text)


def test_a_plan_has_the_published_keys(world: World) -> None:
    world.project()
    world.assistant("ant", "temperature: 0.5\n")
    plan = read(world.run("plan", "--format", "json").out)
    assert {
        "format_version",
        "retinue_version",
        "project",
        "environment",
        "provider",
        "endpoint",
        "complete",
        "allowed",
        "summary",
        "changes",
        "diagnostics",
        "outcome",
        "digest",
    } == plan.keys()
    assert plan["outcome"] == "changes"
    assert plan["allowed"] == {}
    (change,) = plan["changes"]
    assert change["address"] == "Assistant/ant"
    assert change["fields"] == [
        {"path": "/model", "before": None, "after": "gpt-4o", "cause": "manifest"},
        {"path": "/temperature", "before": None, "after": 0.5, "cause": "manifest"},
    ]


def test_an_empty_plan_says_no_changes(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    plan = read(world.run("plan", "--format", "json", "--detailed-exitcode").out)
    assert (plan["outcome"], plan["summary"]["no-op"], plan["changes"]) == ("no-changes", 1, [])


def test_apply_reports_every_address_with_its_live_id(world: World) -> None:
    world.project()
    world.assistant("ant")
    result = read(world.run("apply", "--auto-approve", "--format", "json").out)
    (live,) = world.live()
    assert (result["outcome"], result["exit_code"]) == ("applied", 0)
    assert result["results"] == [
        {
            "address": "Assistant/ant",
            "action": "create",
            "status": "done",
            "remote_id": live,
            "error": None,
            "remedy": None,
            "wrote": True,
        }
    ]
    assert result["summary"]["done"] == 1


def test_an_apply_with_nothing_to_do_says_so(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    result = read(world.run("apply", "--auto-approve", "--format", "json").out)
    assert (result["outcome"], result["exit_code"], result["results"]) == ("no-changes", 0, [])


def test_a_blocked_apply_says_so_in_json_and_code(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.assistant("bee")
    world.apply()
    world.remove("assistants/ant.yaml")
    world.remove("assistants/bee.yaml")
    world.assistant("cow", model="gpt-4o-mini")
    ran = world.run("apply", "--auto-approve", "--format", "json")
    result = read(ran.out)
    assert (ran.code, result["exit_code"], result["outcome"]) == (5, 5, "blocked")
    assert {item["status"] for item in result["results"]} == {"not-started"}
    ways = {item["address"]: item["remedy"] for item in result["results"]}
    assert ways["Assistant/cow"] is None
    assert ways["Assistant/ant"] == "removed: [Assistant/ant, Assistant/bee]\n--allow brake=2"


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda world: world.monkeypatch.delenv("DEMO_KEY"), 4),
        (lambda world: setattr(world.emulator, "behaviour", Behaviour(gone=True)), 9),
        (lambda world: world.write("assistants/bad.yaml", "assistant: bad\n"), 3),
        (lambda world: world.write("retinue.yaml", "version: 2\n"), 3),
    ],
)
@pytest.mark.parametrize("command", [["plan"], ["apply", "--auto-approve"]])
def test_a_failing_command_prints_one_json_value_with_its_diagnostics(
    world: World, break_it: Any, code: int, command: list[str]
) -> None:
    world.project()
    world.assistant("ant")
    break_it(world)
    ran = world.run(*command, "--format", "json")
    result = read(ran.out)
    assert (ran.code, result["exit_code"], result["outcome"]) == (code, code, "error")
    assert result["diagnostics"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--format", "json", "--no-such"],
        ["plan", "--format=json", "--parallelism", "many"],
        ["plan", "--format", "text", "--format", "json", "--no-such"],
        ["plam", "--format", "json"],
        ["show", "--format", "json"],
        ["output", "--no-such"],
        ["output", "-e", "nowhere"],
    ],
    ids=" ".join,
)
def test_a_usage_error_is_one_json_value_where_json_is_wanted(world: World, arguments: list[str]) -> None:
    world.project()
    ran = world.run(*arguments)
    result = read(ran.out)
    assert (ran.code, result["exit_code"], result["outcome"]) == (3, 3, "error")
    (problem,) = result["diagnostics"]
    assert (problem["code"], problem["severity"]) == ("usage", "error")
    assert problem["message"] in ran.err
    assert problem["remedy"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--no-such"],
        ["plan", "--format", "json", "--format", "text", "--no-such"],
        ["output", "--format=env", "x"],
    ],
    ids=" ".join,
)
def test_a_usage_error_says_nothing_on_stdout_where_text_is_wanted(world: World, arguments: list[str]) -> None:
    world.project()
    ran = world.run(*arguments)
    assert (ran.code, ran.out) == (3, "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--var", "--format=json"],
        ["plan", "--var", "--format", "--var", "json=1"],
        ["validate", "-e", "--format=json"],
        ["adopt", "--", "--format", "json"],
    ],
    ids=" ".join,
)
def test_what_only_looks_like_a_format_is_none(world: World, arguments: list[str]) -> None:
    world.project()
    ran = world.run(*arguments)
    assert (ran.code, ran.out) == (3, ""), ran.err


@pytest.mark.parametrize("arguments", [["plan", "--format", "json"], ["output"]], ids=" ".join)
def test_a_bug_is_one_json_value_without_what_it_stumbled_over(world: World, arguments: list[str]) -> None:
    def stumble(*_: Any, **__: Any) -> None:
        raise RuntimeError("the value was sk-canary")

    world.project()
    world.assistant("ant")
    world.monkeypatch.setattr("httpx.Request.__init__", stumble)
    ran = world.run(*arguments)
    result = read(ran.out)
    assert (ran.code, result["exit_code"], result["outcome"]) == (70, 70, "error")
    assert [item["code"] for item in result["diagnostics"]] == ["bug"]
    assert "sk-canary" not in ran.out + ran.err


def test_a_plan_that_is_saved_is_printed_in_the_wanted_format_too(world: World) -> None:
    world.project()
    world.assistant("ant")
    printed = read(world.run("plan", "--format", "json").out)
    assert read(world.run("plan", "--format", "json", "--out", "plan.json").out) == printed
    assert read((world.root / "plan.json").read_text()) == printed
    text = world.run("plan").out
    assert world.run("plan", "--out", "plan.json").out == text
    assert world.run("plan", "--format", "text", "--out", "plan.txt").out == text
    assert (world.root / "plan.txt").read_text() == text


@pytest.mark.parametrize("command", ["output", "render"])
def test_json_that_is_asked_for_by_name_is_printed_beside_a_file_too(world: World, command: str) -> None:
    world.project()
    world.assistant("ant")
    world.apply()
    ran = world.run(command, "--format", "json", "--out", "out.json")
    assert read(ran.out) == read((world.root / "out.json").read_text())
    assert world.run(command, "--out", "out").out == ""


def test_a_partial_apply_is_eight_and_lists_the_rest(world: World) -> None:
    world.project()
    for name in ("ant", "bee", "cow", "dog"):
        world.assistant(name)
    world.apply()
    world.assistant("ant", "temperature: 0.1\n")
    world.assistant("elk", model="gpt-4o-mini")
    world.remove("assistants/dog.yaml")
    world.emulator.faults.on("POST /v1/assistants/asst", Fault("status", 400), times=9)
    ran = world.run("apply", "--auto-approve", "--format", "json")
    result = read(ran.out)
    assert (ran.code, result["exit_code"], result["outcome"]) == (8, 8, "partial")
    states = {item["address"]: item["status"] for item in result["results"]}
    assert states == {"Assistant/ant": "failed", "Assistant/elk": "done", "Assistant/dog": "not-started"}
    world.emulator.faults.clear()
    world.apply()


def test_output_is_one_flat_object_and_env_lines(world: World) -> None:
    world.project()
    world.assistant("math-tutor")
    world.apply()
    (live,) = world.live()
    assert read(world.run("output").out) == {"Assistant/math-tutor": live}
    assert world.run("output", "--format", "env").out == f"RETINUE_ASSISTANT_MATH_TUTOR={live}\n"


def test_two_addresses_with_one_variable_are_refused_by_name(world: World) -> None:
    world.project()
    world.assistant("a-b")
    world.assistant("a--b", "name: other\n")
    world.apply()
    ran = world.run("output", "--format", "env")
    assert (ran.code, ran.out) == (3, "")
    assert "Assistant/a--b and Assistant/a-b would all be RETINUE_ASSISTANT_A_B" in ran.err
    assert len(read(world.run("output").out)) == 2
