"""Nested differences: only what differs, by readable paths, never a default."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.canonical import canonical_value, same
from retinue.core.model import MISSING, Json, Shape
from retinue.providers.assistants_v2 import KINDS
from retinue.render.leaves import Leaf, leaves, names

from . import plans
from .plans import lookup_order

FIELDS = KINDS["Assistant"].fields
TOOLS, FORMAT, RESOURCES = FIELDS["tools"].shape, FIELDS["response_format"].shape, FIELDS["tool_resources"].shape
SEARCH = {"type": "file_search"}


def test_a_tool_is_known_by_type_and_name() -> None:
    before = [lookup_order()]
    after = [SEARCH, lookup_order(description="Find an order.")]
    assert leaves(before, after, TOOLS) == [
        Leaf("", MISSING, "file_search"),
        Leaf("function lookup_order.description", "Look up an order.", "Find an order."),
    ]


def test_a_new_tool_shows_what_it_holds() -> None:
    (leaf,) = leaves([], [lookup_order(parameters={})], TOOLS)
    assert leaf == Leaf("", MISSING, {"function lookup_order": {"description": "Look up an order."}})


def test_deep_paths_are_readable() -> None:
    after = {"type": "object", "properties": {"city": {"type": "string", "maxLength": 9}}, "required": ["city"]}
    before = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city", "n"]}
    assert leaves([lookup_order(parameters=before)], [lookup_order(parameters=after)], TOOLS) == [
        Leaf("function lookup_order.parameters.properties.city.maxLength", MISSING, 9),
        Leaf("function lookup_order.parameters.required", "n", MISSING),
    ]


def test_defaults_are_no_difference_and_stand_in_for_what_is_absent() -> None:
    spelled = {"type": "file_search", "file_search": {"max_num_results": 20}}
    assert leaves([SEARCH], [spelled], TOOLS) == []
    assert leaves([SEARCH], [{"type": "file_search", "file_search": {"max_num_results": 8}}], TOOLS) == [
        Leaf("file_search.max_num_results", 20, 8)
    ]
    assert leaves([lookup_order(strict=True)], [lookup_order()], TOOLS) == [
        Leaf("function lookup_order.strict", True, False)
    ]


def test_order_alone_is_said_as_such() -> None:
    before, after = [SEARCH, lookup_order()], [lookup_order(), SEARCH]
    both = ["file_search", "function lookup_order"]
    assert leaves(before, after, TOOLS) == [Leaf("", both, both[::-1], reordered=True)]


def test_sets_have_no_order() -> None:
    before, after = ({"code_interpreter": {"file_ids": ids}} for ids in (["a", "b"], ["c", "a"]))
    assert leaves(before, after, RESOURCES) == [
        Leaf("code_interpreter.file_ids", MISSING, "c"),
        Leaf("code_interpreter.file_ids", "b", MISSING),
    ]


def test_true_is_not_one_and_private_looking_keys_count() -> None:
    assert leaves({"__a": 1}, {"__a": True}, Shape()) == [Leaf("__a", 1, True)]


def test_a_mostly_changed_object_is_not_collapsed() -> None:
    before, after = {"a": 1, "b": 2, "c": 3}, {"x": 1, "y": 2, "c": 4}
    assert len(leaves(before, after, Shape())) == 5


def test_a_word_and_an_object_of_that_type_are_compared() -> None:
    assert leaves("auto", {"type": "json_object"}, FORMAT) == [Leaf("", "auto", "json_object")]


def test_two_tools_with_one_name_are_both_kept() -> None:
    assert names([lookup_order(), lookup_order()], TOOLS) == ["function lookup_order", "function lookup_order #2"]


def test_very_deep_values_do_not_raise() -> None:
    before: Json = {}
    after: Json = {}
    for _ in range(150):
        before, after = {"a": before, "b": 1}, {"a": after, "b": 2}
    assert leaves(before, after, Shape())


@pytest.mark.parametrize("name", ["tools", "metadata", "tool_resources", "response_format"])
@given(st.one_of(plans.values, plans.tools), st.one_of(plans.values, plans.tools))
def test_no_leaf_exactly_if_the_canonical_forms_are_equal(name: str, before: Json, after: Json) -> None:
    shape = FIELDS[name].shape

    def form(value: Json) -> Json:
        short = canonical_value(value, shape)
        short = shape.default if short is MISSING else short
        return {"type": short} if isinstance(short, str) and shape.by_type else short

    assert (leaves(before, after, shape) == []) is same(form(before), form(after))
