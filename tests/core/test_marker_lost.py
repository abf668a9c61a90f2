"""Objects whose marker the service lost: known again by what they are called, where that is beyond doubt."""

from __future__ import annotations

from typing import Any

from retinue.core.model import Action, Address, Allowed, Json, Plan, Reason, Resource
from retinue.core.plan import Intent, make_plan
from retinue.schema import kinds, with_extras

from .worlds import desired, foreign, managed, target

SCHEMA: Json = {
    "x-retinue-empty": [{}],
    "properties": {"type": {"default": "A"}, "size": {}},
}
BY_NAME = {"Assistant": ("/name", "/providers/shelf/type")}


def plan(wanted: list[Resource], live: list[Resource], allowed: Allowed | None = None, **changed: Any) -> Plan:
    extended = with_extras(kinds(), "shelf", {"Assistant": SCHEMA})
    here = target(kinds=extended, **{"recognised_by": BY_NAME} | changed)
    return make_plan(here, wanted, live, Intent(allowed or Allowed()))


def steps(made: Plan) -> list[tuple[Action, Reason, str | None, bool]]:
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
    spelled = Resource("Assistant", {**live.spec, "providers": typed("A")}, remote_id="asst_1", created_at=1)
    assert steps(plan([desired("a")], [spelled])) == ADOPTED


def test_another_type_is_a_twin_and_not_ours() -> None:
    live = foreign("asst_1", name="a")
    other = Resource("Assistant", {**live.spec, "providers": typed("B")}, remote_id="asst_1", created_at=1)
    assert steps(plan([desired("a")], [other])) == TWIN


def test_a_service_that_keeps_its_markers_gets_no_guess() -> None:
    assert steps(plan([desired("a")], [foreign("asst_1", name="a")], recognised_by={})) == TWIN


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
    assert steps(plan([desired("a")], [foreign("asst_1", name="a")], Allowed(twins=True))) == CREATED


def test_a_nameless_object_is_never_recognised() -> None:
    nameless = desired("a", {"model": "gpt-4o"})
    assert steps(plan([nameless], [foreign("asst_1")])) == CREATED


def test_what_only_one_service_has_is_compared_like_any_field() -> None:
    spec = {"model": "gpt-4o", "name": "a", "providers": {"shelf": {"size": 2, "type": "A"}}}
    live = foreign("asst_1", name="a")
    held = Resource("Assistant", {**live.spec, "providers": {"shelf": {"size": 1}}}, remote_id="asst_1", created_at=1)
    (change,) = plan([desired("a", spec)], [held]).changes
    (field,) = change.fields
    assert (field.path, field.before, field.after) == (
        "/providers", {"shelf": {"size": 1}}, {"shelf": {"size": 2, "type": "A"}},
    )  # fmt: skip
    assert change.address == Address("Assistant", "a") and "x" in change.asked
