"""The versions of an object: what each of them changed."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from retinue.core.canonical import canonical
from retinue.core.diff import differences
from retinue.core.model import FieldChange, Json

from .worlds import KIND, as_answered, specs


def changes_between(before: dict[str, Json], after: dict[str, Json]) -> tuple[FieldChange, ...]:
    return differences(KIND.fields, canonical(before, KIND), canonical(after, KIND))


def test_a_version_tells_the_fields_that_it_changed_in_the_order_of_the_kind() -> None:
    before = {"model": "m", "name": "A", "temperature": 0.2, "reasoning_effort": "low"}
    after = {"temperature": 0.9, "model": "m", "name": "B"}
    assert changes_between(before, after) == (
        FieldChange("/name", "A", "B"),
        FieldChange("/temperature", 0.2, 0.9),
        FieldChange("/reasoning_effort", "low", None),
    )


def test_the_first_version_is_told_against_nothing() -> None:
    assert changes_between({}, {"model": "m", "temperature": 1, "colour": "red"}) == (FieldChange("/model", None, "m"),)


@given(specs)
def test_the_same_in_other_words_is_no_change(spec: dict[str, Any]) -> None:
    visible = {**spec, "reasoning_effort": None}
    assert changes_between(visible, as_answered(visible)) == ()


@given(specs, specs)
def test_back_again_is_the_same_fields_the_other_way_round(one: dict[str, Any], other: dict[str, Any]) -> None:
    back = [(item.path, item.after, item.before) for item in changes_between(other, one)]
    assert [(item.path, item.before, item.after) for item in changes_between(one, other)] == back
