"""Objects whose marker the service lost: known again by what they are called, where that is beyond doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from retinue.core.allowed import Allowed
from retinue.core.drift import drift_of
from retinue.core.model import Action, Address, Cause, Desired, Json, Live, Plan, Policy, Reason
from retinue.core.observation import Observation
from retinue.core.plan import Intent, make_plan
from retinue.render.side_by_side import drift_text
from retinue.schema import with_extras

from .worlds import KINDS, as_answered, desired, foreign, managed, target

SCHEMA: Json = {
    "x-retinue-empty": [{}],
    "properties": {"type": {"default": "A"}, "size": {}},
}
BY_NAME = ("/name", "/providers/shelf/type")


def plan(
    wanted: list[Desired],
    live: list[Live],
    allowed: Allowed | None = None,
    recognised_by: tuple[str, ...] = BY_NAME,
    **changed: Any,
) -> Plan:
    extended = with_extras(KINDS, "shelf", {"Assistant": SCHEMA})
    known = replace(extended["Assistant"], recognised_by=recognised_by)
    here = target(kinds={**extended, "Assistant": known}, **changed)
    return make_plan(Observation(here, live), wanted, Intent(allowed or Allowed()))


def steps(made: Plan) -> list[tuple[Action, str, str | None, bool]]:
    return [(change.action, change.reason, change.remote_id, change.blocked is not None) for change in made.changes]


def typed(value: str) -> Json:
    return {"shelf": {"type": value}}


ADOPTED = [(Action.ADOPT, Reason.MARKER_LOST, "asst_1", False)]
CREATED = [(Action.CREATE, Reason.NEW, None, False)]
TWIN = [(Action.CREATE, Reason.NEW, None, True)]


def test_the_only_one_of_its_name_and_type_is_adopted() -> None:
    assert steps(plan([desired("a")], [foreign("asst_1", name="a")])) == ADOPTED


def test_a_default_and_the_same_value_written_out_are_one_type() -> None:
    live = foreign("asst_1", name="a")
    spelled = Live("Assistant", {**live.spec, "providers": typed("A")}, remote_id="asst_1", created_at=1)
    assert steps(plan([desired("a")], [spelled])) == ADOPTED


def test_another_type_is_a_twin_and_not_ours() -> None:
    live = foreign("asst_1", name="a")
    other = Live("Assistant", {**live.spec, "providers": typed("B")}, remote_id="asst_1", created_at=1)
    assert steps(plan([desired("a")], [other])) == TWIN


def test_a_service_that_keeps_its_markers_gets_no_guess() -> None:
    assert steps(plan([desired("a")], [foreign("asst_1", name="a")], recognised_by=())) == TWIN


def test_two_of_one_name_are_not_guessed_at() -> None:
    assert steps(plan([desired("a")], [foreign("asst_1", name="a"), foreign("asst_2", name="a")])) == TWIN


def test_two_manifests_of_one_name_are_not_guessed_at() -> None:
    both = [desired("a", {"model": "m", "name": "same"}), desired("b", {"model": "m", "name": "same"})]
    assert steps(plan(both, [foreign("asst_1", name="same")])) == [*TWIN, *TWIN]


def test_what_another_manifest_adopts_is_not_taken() -> None:
    other = desired("b", {"model": "m", "name": "b"}, adopt={"dev": "asst_1"})
    made = plan([desired("a"), other], [foreign("asst_1", name="a")])
    assert [(change.address.name, change.action) for change in made.changes] == [
        ("a", Action.CREATE),
        ("b", Action.ADOPT),
    ]


def test_an_object_that_still_has_its_marker_comes_first() -> None:
    owned = managed(desired("a"))
    assert steps(plan([desired("a")], [owned, foreign("asst_1", name="a")])) == []


def test_a_marker_of_somebody_else_is_no_lost_one() -> None:
    other = managed(desired("a"), project="theirs", id="asst_1")
    assert [step[0] for step in steps(plan([desired("a")], [other], recognised_by=BY_NAME))] == [Action.CREATE]


def test_allow_twins_makes_a_second_one() -> None:
    assert steps(plan([desired("a")], [foreign("asst_1", name="a")], Allowed({"twin": True}))) == CREATED


def test_a_nameless_object_is_never_recognised() -> None:
    nameless = desired("a", {"model": "gpt-4o"})
    assert steps(plan([nameless], [foreign("asst_1")])) == CREATED


def test_what_only_one_service_has_is_compared_like_any_field() -> None:
    spec = {"model": "gpt-4o", "name": "a", "providers": {"shelf": {"size": 2, "type": "A"}}}
    live = foreign("asst_1", name="a")
    held = Live("Assistant", {**live.spec, "providers": {"shelf": {"size": 1}}}, remote_id="asst_1", created_at=1)
    (change,) = plan([desired("a", spec)], [held]).changes
    (field,) = change.fields
    assert (field.path, field.before, field.after) == (
        "/providers", {"shelf": {"size": 1}}, {"shelf": {"size": 2, "type": "A"}},
    )  # fmt: skip
    assert change.address == Address("Assistant", "a") and "x" in change.asked


ASKED = desired("a", {"model": "gpt-4o", "name": "a", "instructions": "Be kind."})
EDITED = {"instructions": "Be rude.", "name": "a"}


def edited(**how: Any) -> Live:
    """The object of ASKED after an edit, in one of the states in which nothing tells what was applied to it."""
    if how.pop("lost", False):
        return foreign("asst_1", **EDITED)
    spec = as_answered({**ASKED.spec, **EDITED})
    made = managed(ASKED, id="asst_1", spec=spec, damaged=how.pop("damaged", False))
    return replace(made, **how)


UNKNOWN: dict[str, tuple[Live, Any, Reason]] = {
    "lost": (edited(lost=True), {}, Reason.MARKER_LOST),
    "lost, and named by its id": (edited(lost=True), {"adopt": {"dev": "asst_1"}}, Reason.ADOPTED),
    "damaged": (edited(damaged=True), {}, Reason.MARKER_DAMAGED),
    "half gone": (edited(marker_applied=None), {}, Reason.MARKER_DAMAGED),
    "cut off": (edited(marker_applied="1 k8sJ2"), {}, Reason.MARKER_DAMAGED),
    "set back": (edited(set_back=True), {}, Reason.SET_BACK),
}


@pytest.mark.parametrize("state", UNKNOWN)
def test_without_a_history_either_side_may_have_changed(state: str) -> None:
    live, policy, reason = UNKNOWN[state]
    wanted = replace(ASKED, policy=Policy(**policy))
    (change,) = plan([wanted], [live]).changes
    assert [(item.path, item.cause) for item in change.fields] == [("/instructions", Cause.BOTH)]
    assert (change.reason, change.blocked) == (reason, None)
    (denied,) = plan([wanted], [live], deny_drift=True).changes
    assert denied.blocked is not None and denied.blocked.code == "drift"
    assert "--take-live Assistant/a" in denied.blocked.remedies[0]
    (reverted,) = plan([wanted], [live], Allowed({"drift": ("Assistant/a",)}), deny_drift=True).changes
    assert reverted.blocked is None


@pytest.mark.parametrize("state", UNKNOWN)
def test_drift_names_the_fields_of_what_has_no_history(state: str) -> None:
    live, policy, _ = UNKNOWN[state]
    found = drift_of(plan([replace(ASKED, policy=Policy(**policy))], [live]))
    (item,) = [item for item in found.items if item.fields]
    assert [(field.path, field.before, field.cause) for field in item.fields] == [
        ("/instructions", "Be rude.", Cause.BOTH)
    ]
    text = drift_text(found)
    assert "instructions" in text and "which side changed is not on record" in text
    assert "its manifest was changed too" not in text


def test_where_nothing_differs_only_the_marker_is_written_whatever_is_denied() -> None:
    (change,) = plan([desired("a")], [foreign("asst_1", name="a")], deny_drift=True).changes
    assert (change.action, change.fields, change.blocked) == (Action.ADOPT, (), None)


def test_the_first_adopt_where_markers_are_kept_is_what_the_manifest_says() -> None:
    wanted = replace(ASKED, policy=Policy(adopt={"dev": "asst_1"}))
    (change,) = plan([wanted], [edited(lost=True)], recognised_by=(), deny_drift=True).changes
    assert [item.cause for item in change.fields] == [Cause.MANIFEST] and change.blocked is None


def test_a_field_that_is_never_reported_differs_from_nothing() -> None:
    wanted = desired("a", {"model": "gpt-4o", "name": "a", "reasoning_effort": "low"})
    (change,) = plan([wanted], [managed(wanted, damaged=True)], deny_drift=True).changes
    assert [(item.path, item.cause) for item in change.fields] == [("/reasoning_effort", Cause.MANIFEST)]
    assert change.blocked is None
