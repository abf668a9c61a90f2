"""Two environments side by side: what is in one of them only, and field by field what differs."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from retinue.core.compare import Comparison, comparable, compare, comparison_to_json
from retinue.core.model import Address, FieldChange

from .worlds import KIND, as_answered, at, desired, specs

Specs = dict[str, dict[str, Any]]


def compared(left: Specs, right: Specs) -> Comparison:
    sides = [
        {at(name): comparable(desired(name, spec), KIND, protected=spec.pop("protect", False)) for name, spec in side}
        for side in (left.items(), right.items())
    ]
    return compare("demo", ("dev", "prod"), (sides[0], sides[1]), live=False)


def test_each_object_is_changed_removed_added_or_the_same() -> None:
    found = compared(
        {"kept": {"model": "m"}, "ant": {"model": "m"}, "gone": {"model": "m"}},
        {"kept": {"model": "m"}, "ant": {"model": "n", "temperature": 0.5}, "new": {"model": "m"}},
    )
    assert found.changed == {at("ant"): (FieldChange("/model", "m", "n"), FieldChange("/temperature", 1, 0.5))}
    assert (found.only_left, found.only_right, found.same) == ((at("gone"),), (at("new"),), 1)
    assert found.differs


def test_a_default_that_is_written_out_makes_no_difference() -> None:
    found = compared({"bot": {"model": "m"}}, {"bot": {"model": "m", "temperature": 1.0, "tools": []}})
    assert (found.changed, found.same, found.differs) == ({}, 1, False)


def test_an_empty_block_that_only_one_provider_knows_makes_no_difference() -> None:
    sides: list[dict[Address, dict[str, Any]]] = [
        {at("bot"): {"model": "m"}},
        {at("bot"): {"model": "m", "providers": {}}},
    ]
    for left, right in (sides, sides[::-1]):
        assert not compare("demo", ("old", "new"), (left, right), live=False).differs
    sides[0][at("bot")]["providers"] = {"acme": 1}
    assert compare("demo", ("old", "new"), (sides[0], sides[1]), live=False).differs


def test_protection_is_compared_too() -> None:
    found = compared({"bot": {"model": "m"}}, {"bot": {"model": "m", "protect": True}})
    assert found.changed == {at("bot"): (FieldChange("/retinue/protect", None, True),)}


def test_one_object_too_many_on_either_side_is_a_difference() -> None:
    assert compared({"bot": {"model": "m"}}, {}).differs
    assert compared({}, {"bot": {"model": "m"}}).differs
    assert not compared({}, {}).differs


def test_the_json_lists_all_differences_by_address() -> None:
    found = comparison_to_json(
        compared({"b": {"model": "m"}, "c": {"model": "m"}}, {"a": {"model": "m"}, "c": {"model": "n"}}), "0.9"
    )
    assert [(item["address"], item["what"], item["fields"]) for item in found["differences"]] == [
        ("Assistant/a", "added", []),
        ("Assistant/b", "removed", []),
        ("Assistant/c", "changed", [{"path": "/model", "from": "m", "to": "n"}]),
    ]
    assert found["summary"] == {"changed": 1, "removed": 1, "added": 1, "same": 0}
    assert (found["from"], found["to"], found["live"], found["outcome"]) == ("dev", "prod", False, "different")
    assert comparison_to_json(compared({}, {}), "0.9")["outcome"] == "same"


some = st.dictionaries(st.sampled_from(["a", "b", "c"]), specs)


@given(some, some)
def test_the_other_way_round_is_the_opposite(left: Specs, right: Specs) -> None:
    forth, back = compared(left, right), compared(right, left)
    assert (forth.only_left, forth.only_right, forth.same) == (back.only_right, back.only_left, back.same)
    assert forth.changed.keys() == back.changed.keys()
    for address, fields in forth.changed.items():
        assert {(item.path, str(item.before), str(item.after)) for item in fields} == {
            (item.path, str(item.after), str(item.before)) for item in back.changed[address]
        }


@given(some)
def test_what_a_service_answers_is_the_same_as_what_was_asked(wanted: Specs) -> None:
    visible = {name: {**spec, "reasoning_effort": None} for name, spec in wanted.items()}
    assert not compared(visible, {name: as_answered(spec) for name, spec in visible.items()}).differs
