"""A delete and a create that are alike look like a rename; what is ambiguous or only a little alike does not."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.core.model import Allowed, Plan, Reason, Severity
from retinue.core.selection import select

from .worlds import at, desired, managed, plan

TEXT = "\n".join(f"line {number}" for number in range(20))
SPEC = {"model": "gpt-4o", "name": "Maths", "instructions": TEXT, "temperature": 0.2, "metadata": {"owner": "edu"}}


def suggested(made: Plan) -> list[str]:
    return [str(item.remedy) for item in made.diagnostics if item.code == "looks-renamed"]


def renamed(before: dict[str, Any], after: dict[str, Any]) -> Plan:
    others = [desired(f"keep-{number}", {"model": "other"}) for number in range(4)]
    return plan([*others, desired("new", after)], map(managed, [*others, desired("old", before)]))


CLOSE = {
    "equal": SPEC,
    "another display name": SPEC | {"name": "Mathematics"},
    "one field of five": SPEC | {"temperature": 0.3},
    "a line of the prompt": SPEC | {"instructions": TEXT.replace("line 7\n", "line seven\n")},
}
FAR = {
    "another prompt and model": SPEC | {"instructions": "else", "model": "gpt-4o-mini"},
    "a field more, two others": SPEC | {"temperature": 0.9, "description": "x", "metadata": {}},
    "nothing but the model": {"model": "gpt-4o", "name": "x"},
}


@pytest.mark.parametrize("after", CLOSE.values(), ids=CLOSE.keys())
def test_what_is_alike_is_suggested(after: dict[str, Any]) -> None:
    made = renamed(SPEC, after)
    assert suggested(made) == ["To keep the live id, write in its manifest: retinue: {moved_from: old}"]
    assert [item.severity for item in made.diagnostics] == [Severity.WARNING]


@pytest.mark.parametrize("after", FAR.values(), ids=FAR.keys())
def test_what_is_only_a_little_alike_is_not(after: dict[str, Any]) -> None:
    assert suggested(renamed(SPEC, after)) == []


def test_two_that_are_equally_alike_are_not_suggested() -> None:
    live = [managed(desired("a", SPEC)), managed(desired("b", SPEC))]
    assert suggested(plan([desired("new", SPEC)], live)) == []
    assert suggested(plan([desired("x", SPEC), desired("y", SPEC)], live[:1])) == []


def test_of_several_the_one_most_alike_is_suggested() -> None:
    live = [managed(desired("a", SPEC | {"temperature": 0.7})), managed(desired("b", SPEC))]
    assert suggested(plan([desired("new", SPEC)], live)) == [
        "To keep the live id, write in its manifest: retinue: {moved_from: b}"
    ]


def test_a_delete_that_somebody_agreed_to_is_no_rename() -> None:
    made = plan([desired("new", SPEC)], [managed(desired("old", SPEC))], target={"removed": {at("old"): False}})
    assert [change.reason for change in made.changes] == [Reason.NEW, Reason.REMOVED]
    assert suggested(made) == []


def test_a_narrowed_plan_says_it_of_a_create_that_it_holds() -> None:
    wanted = [desired("new", SPEC), desired("keep")]
    live = [managed(desired("old", SPEC)), managed(desired("keep"))]
    assert len(suggested(plan(wanted, live, selection=select(wanted, ["Assistant/new"])))) == 1
    assert suggested(plan(wanted, live, selection=select(wanted, ["Assistant/keep"]))) == []


def test_the_brake_names_the_line_too() -> None:
    made = plan([desired("new", SPEC)], [managed(desired("old", SPEC))])
    (blocked,) = [change.blocked for change in made.changes if change.blocked]
    assert blocked.remedies == (
        "removed: [Assistant/old]",
        "if Assistant/old was renamed Assistant/new: retinue: {moved_from: old}",
        "--allow-deletes 1",
    )
    assert len(suggested(plan([desired("new", SPEC)], [managed(desired("old", SPEC))], allowed=Allowed(1)))) == 1


def test_the_line_that_is_suggested_makes_it_a_move_and_says_no_more() -> None:
    made = plan([desired("new", SPEC, moved_from="old")], [managed(desired("old", SPEC))])
    assert [change.action.value for change in made.changes] == ["move"]
    assert suggested(made) == []


def test_a_great_many_are_told_apart_by_equality() -> None:
    before = [desired(f"a{number}", SPEC | {"metadata": {"n": str(number)}}) for number in range(120)]
    after = [desired(f"b{number}", SPEC | {"metadata": {"n": str(number)}}) for number in range(110)]
    made = plan(after, map(managed, before), allowed=Allowed(deletes=120))
    assert len(suggested(made)) == 110
