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

from retinue.core.codec import plan_to_json
from retinue.core.model import Action, Diagnostic, Plan
from retinue.render.results import error_json
from retinue.schema.plan import plan_schema

from ..render import plans

SCENARIOS = Path(__file__).parents[1] / "scenarios"
GOLDEN = sorted(SCENARIOS.glob("*/expected/plans.json"))


def closed(schema: Any) -> Any:
    """The schema with no other keys allowed: retinue itself writes none that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(item) for key, item in schema.items()}
    return result | {"additionalProperties": False} if "properties" in result else result


OPEN, CLOSED = Draft7Validator(plan_schema()), Draft7Validator(closed(plan_schema()))


def faults(validator: Any, value: Any) -> list[str]:
    found = [*validator.iter_errors(value)]
    return [f"{list(item.absolute_path)}: {item.message[:200]}" for error in found for item in error.context or [error]]


def test_it_is_a_schema_and_the_scenarios_hold_plans() -> None:
    Draft7Validator.check_schema(plan_schema())
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
