"""Diagnostics, the result of an apply, and live ids for applications."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retinue.cli.commands.output import env_text
from retinue.core.model import Action, Diagnostic, Outcome, Place, Severity, Status
from retinue.render.diagnostics import diagnostics_text
from retinue.render.results import error_json, results_json, results_text
from retinue.render.style import Style

from . import plans
from .plans import address, plan

Golden = Callable[[str, str], None]
PLAIN = Style(color=False)
WARNING = Diagnostic(
    "altered", "the service keeps another value", address="Assistant/a", path="/model", severity=Severity.WARNING
)
OUTCOMES = [
    Outcome(address("a"), Action.CREATE, Status.DONE, "asst_1"),
    Outcome(address("b"), Action.UPDATE, Status.DONE, "asst_2"),
    Outcome(
        address("c"), Action.UPDATE, Status.FAILED, "asst_3", "400: temperature is not supported", "Remove the line."
    ),
    Outcome(address("d"), Action.UPDATE, Status.SKIPPED, "asst_4", "it needs Assistant/c, which did not succeed"),
    Outcome(address("e"), Action.CREATE, Status.UNKNOWN, None, "the connection broke", "Apply once more."),
    Outcome(address("f"), Action.UPDATE, Status.HELD, "asst_6"),
    Outcome(address("g"), Action.DELETE, Status.NOT_STARTED, "asst_7", "an earlier step did not succeed"),
]


def test_diagnostics_stand_by_severity_and_place(golden: Golden) -> None:
    items = [
        WARNING,
        Diagnostic("unknown-key", "unknown key `temprature`", "Did you mean `temperature`?", Place("b.yaml", 10, 3)),
        Diagnostic("yaml", "not YAML:\n::error::no", None, Place("b.yaml", 9, 1)),
        Diagnostic("missing", "no file `x.md`", "Create it.", Place("a.yaml", 30, 1)),
        Diagnostic("foreign", "12 objects not managed here, left alone", severity=Severity.INFO),
    ]
    golden("diagnostics", diagnostics_text(items, PLAIN))


def test_one_error_is_one_error() -> None:
    assert diagnostics_text([Diagnostic("x", "y")], PLAIN) == "x: y\n1 error\n"
    assert diagnostics_text([], PLAIN) == ""


def test_what_one_line_does_to_many_manifests_is_said_once() -> None:
    at = Place("retinue.yaml", 4, 34)
    items = [Diagnostic("x", "y", "z", at, address=f"Assistant/{name}") for name in ("ant", "bee")]
    assert diagnostics_text(items, PLAIN) == "retinue.yaml:4:34: x: y\n  z\n1 error\n"
    assert diagnostics_text([replace(item, place=None) for item in items], PLAIN).endswith("\n2 errors\n")


@given(st.lists(plans.diagnostics))
def test_no_diagnostic_is_lost(items: list[Diagnostic]) -> None:
    lines = diagnostics_text(items, PLAIN).splitlines()
    assert len(lines) >= len({replace(item, address=None) if item.place else item for item in items})
    assert not [line for line in lines if line.lstrip().startswith("::")]


def test_a_whole_apply_is_one_line() -> None:
    assert results_text(plan(), OUTCOMES[:2], PLAIN) == "Applied: 1 created, 1 updated.\n"


def test_an_apply_in_part_lists_every_step_by_how_it_ended(golden: Golden) -> None:
    golden("results", results_text(plan(), OUTCOMES, PLAIN))


def test_nothing_to_apply_reads_like_the_plan() -> None:
    assert results_text(plan(unchanged=1), [], PLAIN) == "No changes. 1 object matches its manifest.\n"


def test_results_as_json_are_complete() -> None:
    value = results_json(plan(unchanged=4), OUTCOMES, 8, "partial", [WARNING])
    assert (value["outcome"], value["exit_code"], len(value["results"])) == ("partial", 8, len(OUTCOMES))
    assert value["results"][2] == {
        "address": "Assistant/c",
        "action": "update",
        "status": "failed",
        "remote_id": "asst_3",
        "error": "400: temperature is not supported",
        "remedy": "Remove the line.",
        "wrote": True,
    }
    counts = {key: count for key, count in value["summary"].items() if count}
    once = {"create", "update", "failed", "skipped", "unknown", "held", "not-started"}
    assert counts == dict.fromkeys(once, 1) | {"done": 2, "no-op": 4}
    assert value["diagnostics"][0]["code"] == "altered"


def test_a_failed_command_is_json_too() -> None:
    value = error_json([WARNING], 3)
    assert (value["outcome"], value["exit_code"], len(value["diagnostics"])) == ("error", 3, 1)


def test_ids_become_variables() -> None:
    ids = {"VectorStore/handbook": "vs_1", "Assistant/math-tutor": "asst_1"}
    assert env_text(ids) == "RETINUE_ASSISTANT_MATH_TUTOR=asst_1\nRETINUE_VECTOR_STORE_HANDBOOK=vs_1\n"


@given(plans.texts)
def test_an_id_cannot_break_out_of_its_line(remote_id: str) -> None:
    (line,) = env_text({"Assistant/a": remote_id}).split("\n")[:-1]
    name, _, value = line.partition("=")
    assert name == "RETINUE_ASSISTANT_A"
    assert len(shlex.split(value)) == 1
