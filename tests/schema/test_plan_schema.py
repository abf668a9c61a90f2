"""The plan's JSON Schema: every golden plan is valid by it, and it names every key there is."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft7Validator

from retinue.core.allowed import FORMS
from retinue.core.codec import plan_to_json
from retinue.core.model import Action, Cause, Diagnostic, Plan, Reason, Severity, Status
from retinue.render.results import error_json
from retinue.schema.bundle import output_schemas

from ..render import plans
from .closing import closed, faults

SCENARIOS = Path(__file__).parents[1] / "scenarios"
GOLDEN = sorted(SCENARIOS.glob("*/expected/plans.json"))


PLAN = output_schemas()["plan"]
OPEN, CLOSED = Draft7Validator(PLAN), Draft7Validator(closed(PLAN))


def test_it_is_a_schema_and_the_scenarios_hold_plans() -> None:
    Draft7Validator.check_schema(PLAN)
    assert len(GOLDEN) > 30


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parents[1].name)
def test_every_golden_plan_is_valid(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for value in json.loads(re.sub("sha256:<[a-z]+>", f"sha256:{'0' * 64}", text)):
        assert faults(CLOSED, value) == []


@given(plans.plans)
@settings(max_examples=30)
def test_what_is_written_is_valid(value: Plan) -> None:
    real = [change for change in value.changes if change.action is not Action.NO_OP]
    pointed = [
        replace(change, fields=tuple(item for item in change.fields if item.path.startswith("/"))) for change in real
    ]
    assert faults(CLOSED, plan_to_json(replace(value, changes=tuple(pointed)), "1")) == []


def test_its_words_are_those_of_the_model() -> None:
    parts = PLAN["definitions"]
    change, plan = parts["change"]["properties"], parts["plan"]["properties"]
    assert [*change["action"]["enum"], "no-op"] == [action.value for action in Action]
    assert change["reason"]["examples"] == [reason.value for reason in Reason]
    assert parts["field"]["properties"]["cause"]["enum"] == [cause.value for cause in Cause]
    assert parts["diagnostic"]["properties"]["severity"]["enum"] == [severity.value for severity in Severity]
    assert list(plan["summary"]["properties"]) == [*(action.value for action in Action), "blocked", "held"]
    forms = {code: f"--allow {form.written(code)}" for code, form in FORMS.items()}
    assert {code: part["description"] for code, part in plan["allowed"]["properties"].items()} == forms
    result = output_schemas()["apply"]["properties"]
    assert result["results"]["items"]["properties"]["status"]["enum"] == [status.value for status in Status]
    assert list(result["summary"]["properties"]) == [*(item.value for item in (*Action, *Status))]


def test_a_plan_that_failed_is_valid() -> None:
    assert faults(CLOSED, error_json([Diagnostic("usage", "x")], 3)) == []


FAULTS = {
    "no digest": lambda value: value.pop("digest"),
    "another major version": lambda value: value.update(format_version="1.0"),
    "an unknown action": lambda value: value["changes"][0].update(action="explode"),
    "a path that is no pointer": lambda value: value["changes"][0]["fields"][0].update(path="model"),
    "a count below zero": lambda value: value["summary"].update(delete=-1),
    "an error that says 0": lambda value: value.update(outcome="error"),
}


def _one() -> Any:
    (value,) = json.loads((SCENARIOS / "update" / "expected" / "plans.json").read_text())[-1:]
    return json.loads(re.sub("sha256:<[a-z]+>", f"sha256:{'0' * 64}", json.dumps(value)))


@pytest.mark.parametrize("spoil", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_found(spoil: Any) -> None:
    value = _one()
    assert value["changes"][0]["fields"]
    spoil(value)
    assert faults(OPEN, value)


def test_keys_and_reasons_to_come_are_no_fault() -> None:
    value = copy.deepcopy(_one())
    value["later"] = value["changes"][0]["later"] = 1
    value["changes"][0]["reason"] = "a reason to come"
    assert faults(OPEN, value) == []
    assert faults(CLOSED, value) != []
