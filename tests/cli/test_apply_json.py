"""The JSON of an apply, by its published schema, however the run ends; a job that is run again; and `--out -`."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator

from retinue.schema.bundle import output_schemas
from retinue_emulator.faults import Behaviour, Fault

from .conftest import Ran, World


def read(text: str) -> Any:
    return json.loads(text)


APPLYING = {
    "apply --auto-approve": None,
    "apply nowhere.json": 3,
    "destroy --auto-approve --allow brake=1": None,
    "promote dev dev --auto-approve": 3,
    "adopt Assistant/ant asst_x --auto-approve": None,
    "forget Assistant/ant --auto-approve": None,
}
"""Commands whose JSON is the result of an apply, with the code of those that fail anyhow."""


def result_of(ran: Ran) -> Any:
    value = read(ran.out)
    assert [error.message for error in Draft7Validator(output_schemas()["apply"]).iter_errors(value)] == []
    assert value["exit_code"] == ran.code
    done = Counter(item["action"] for item in value["results"] if item["status"] == "done")
    assert {name: value["summary"][name] for name in done} == done
    return value


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda world: world.monkeypatch.delenv("DEMO_KEY"), 4),
        (lambda world: setattr(world.emulator, "behaviour", Behaviour(gone=True)), 9),
        (lambda world: world.emulator.faults.on("GET", Fault("status", 401), times=None), 4),
        (lambda world: world.write("retinue.yaml", "version: 2\n"), 3),
    ],
    ids=["no key", "gone", "refused", "no project"],
)
@pytest.mark.parametrize("command", APPLYING)
def test_an_apply_that_fails_early_has_results_and_a_summary(
    world: World, break_it: Any, code: int, command: str
) -> None:
    world.project()
    world.assistant("ant")
    break_it(world)
    ran = world.run(*command.split(), "--format", "json")
    value = result_of(ran)
    assert (ran.code, value["outcome"]) == (APPLYING[command] or code, "error")
    assert (value["results"], {*value["summary"].values()}) == ([], {0})


@pytest.mark.parametrize(
    ("arguments", "code", "outcome"),
    [
        (["apply", "--format", "json"], 3, "error"),
        (["apply", "--format", "json", "--no-such"], 3, "error"),
        (["apply", "--format=json", "--auto-approve", "--expect-digest", "sha256:0"], 6, "stale"),
        (["apply", "--format", "json", "--auto-approve"], 0, "applied"),
        (["destroy", "--format", "json", "--auto-approve"], 0, "no-changes"),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, list) else str(item),
)
def test_each_end_of_an_apply_is_valid_by_the_published_schema(
    world: World, arguments: list[str], code: int, outcome: str
) -> None:
    world.project()
    world.assistant("ant")
    ran = world.run(*arguments)
    assert (ran.code, result_of(ran)["outcome"]) == (code, outcome)


def test_blocked_partial_and_repeated_applies_are_valid_by_the_published_schema(world: World) -> None:
    world.project()
    for name in ("ant", "bee", "cow"):
        world.assistant(name)
    world.emulator.faults.on("POST /v1/assistants$", Fault("status", 400), after=2)
    assert result_of(world.run("apply", "--auto-approve", "--format", "json"))["outcome"] == "partial"
    world.emulator.faults.clear()
    world.run("plan", "--out", "plan.json")
    for created in (1, 0):
        value = result_of(world.run("apply", "plan.json", "--format", "json"))
        assert (value["outcome"], value["exit_code"], len(value["results"])) == ("applied", 0, 1)
        assert len(world.live()) == 3, created
    for name in ("ant", "bee"):
        world.remove(f"assistants/{name}.yaml")
    assert result_of(world.run("apply", "--auto-approve", "--format", "json"))["outcome"] == "blocked"


def test_a_bug_in_the_middle_of_an_apply_does_not_hide_what_was_written(world: World) -> None:
    """The machine runs out of memory, for instance, when the second answer arrives."""
    world.project()
    for name in ("ant", "bee", "cow"):
        world.assistant(name)
    begin, sent = httpx.Request.__init__, []

    def exhausted(*given: Any, **named: Any) -> None:
        sent.append(given[1])
        if sent.count("POST") == 2:
            raise MemoryError
        begin(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.Request, "__init__", exhausted)
        ran = world.run("apply", "--auto-approve", "--parallelism", "1", "--format", "json")
    value = result_of(ran)
    assert (ran.code, value["outcome"], value["diagnostics"][-1]["code"]) == (70, "error", "bug")
    assert sorted(item["status"] for item in value["results"]) == ["done", "not-started", "unknown"]
    world.apply()


@pytest.mark.parametrize("options", [[], ["--format", "json"]], ids=" ".join)
def test_a_job_that_is_run_again_is_green_whatever_digest_it_expects(world: World, options: list[str]) -> None:
    world.project()
    world.assistant("ant")
    approved = read(world.run("plan", "--out", "plan.json", "--format", "json").out)["digest"]
    again = ["apply", "--auto-approve", "--expect-digest", approved, *options]
    assert world.run(*again).code == 0
    ran = world.run(*again)
    assert (ran.code, "Nothing is left to do, so the expected digest does not matter" in ran.err) == (0, True)
    ran = world.run("apply", "plan.json", *options)
    assert (ran.code, len(world.emulator.writes())) == (0, 1)
    assert options or ran.out.splitlines()[-1] == "Already applied: 1 in place."
    world.settled()


def test_the_rest_of_an_approved_plan_that_was_broken_off_stays_stale(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.assistant("bee")
    approved = read(world.run("plan", "--out", "plan.json", "--format", "json").out)["digest"]
    world.emulator.faults.on("POST /v1/assistants$", Fault("status", 400), after=1)
    assert world.run("apply", "--auto-approve", "--expect-digest", approved).code == 8
    world.emulator.faults.clear()
    assert world.run("apply", "--auto-approve", "--expect-digest", approved).code == 6
    assert world.run("apply", "plan.json").out.splitlines()[-1] == "Applied: 1 created, 1 in place already."
    world.settled()


def test_out_with_a_dash_is_stdout(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.run("plan", "--out", "plan.json")
    ran, text = world.run("plan", "--out", "-"), world.run("plan").out
    assert (ran.out, ran.err) == ((world.root / "plan.json").read_text(), text)
    assert world.run("plan", "--out=-", "-q").err == ""
    assert read(world.run("plan", "--out", "-", "--format", "json").out) == read(ran.out)
    assert world.run("plan", "--out", "-", "--format", "text").out == text
    assert world.run("plan", "--out", "-", "--format", "markdown").out == world.run("plan", "--format", "markdown").out
    assert "both want stdout" in world.run("plan", "--out", "-", "--format", "github").err
    assert read(world.run("plan", "--out", "-", "-C", "nowhere").out)["outcome"] == "error"
    world.run("comment", "--plan", "plan.json", "--out", "comment.md")
    assert world.run("comment", "--plan", "plan.json", "--out", "-").out == (world.root / "comment.md").read_text()
    for command in ("drift", "output", "render", "providers", "schema"):
        assert world.run(command, "--out", "-").out == world.run(command).out != ""
    assert not (world.root / "-").exists()
