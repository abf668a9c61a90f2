"""The canonical form: what the service's answer and the manifest must have in common to count as equal."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.canonical import canonical, canonical_json, canonical_value, digest, same

from .worlds import KIND, as_answered, json_values, specs

FUNCTION = {"name": "look_up"}


def form(**fields: Any) -> dict[str, Any]:
    return canonical({"model": "m"} | fields, KIND)


def function(**rest: Any) -> list[Any]:
    return [{"type": "function", "function": FUNCTION | rest}]


def search(**rest: Any) -> list[Any]:
    return [{"type": "file_search", **rest}]


def schema(**rest: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", **rest}}


NONE_OF_THEM: dict[str, Any] = {}
THRESHOLD_0 = {"ranker": "default_2024_08_21", "score_threshold": 0.0}

EQUAL = {
    "no texts read back as null": (NONE_OF_THEM, {"name": None, "description": None, "instructions": None}),
    "no tools read back as []": (NONE_OF_THEM, {"tools": []}),
    "null tools are no tools": (NONE_OF_THEM, {"tools": None}),
    "no resources read back as {}": (NONE_OF_THEM, {"tool_resources": {}}),
    "null resources are none": (NONE_OF_THEM, {"tool_resources": None}),
    "code_interpreter reads back with empty file_ids": (
        NONE_OF_THEM,
        {"tool_resources": {"code_interpreter": {"file_ids": []}}},
    ),
    "file_search reads back with an empty store list": (
        NONE_OF_THEM,
        {"tool_resources": {"file_search": {"vector_store_ids": []}}},
    ),
    "a proxy fills resources with nulls": (
        NONE_OF_THEM,
        {"tool_resources": {"code_interpreter": None, "file_search": None}},
    ),
    "null file_ids are none": (NONE_OF_THEM, {"tool_resources": {"code_interpreter": {"file_ids": None}}}),
    "a bare file_search reads back with its defaults": (
        {"tools": search()},
        {"tools": search(file_search={"max_num_results": 20, "ranking_options": THRESHOLD_0})},
    ),
    "newer answers add hybrid_search null": (
        {"tools": search()},
        {"tools": search(file_search={"ranking_options": THRESHOLD_0 | {"hybrid_search": None}})},
    ),
    "a proxy fills file_search with null": ({"tools": search()}, {"tools": search(file_search=None)}),
    "a proxy adds file_search to every tool": (
        {"tools": [{"type": "code_interpreter"}]},
        {"tools": [{"type": "code_interpreter", "file_search": None}]},
    ),
    "strict reads back as false": ({"tools": function()}, {"tools": function(strict=False)}),
    "null strict is false": ({"tools": function()}, {"tools": function(strict=None)}),
    "no parameters read back as {}": ({"tools": function()}, {"tools": function(parameters={})}),
    "no parameters read back as an empty object schema": (
        {"tools": function()},
        {"tools": function(parameters={"type": "object", "properties": {}})},
    ),
    "no function description reads back as null": ({"tools": function()}, {"tools": function(description=None)}),
    "temperature 1 reads back as 1.0": ({"temperature": 1}, {"temperature": 1.0}),
    "no temperature reads back as 1.0": (NONE_OF_THEM, {"temperature": 1.0}),
    "no top_p reads back as 1.0": (NONE_OF_THEM, {"top_p": 1.0}),
    "minus zero is zero": ({"temperature": 0}, {"temperature": -0.0}),
    "no response format reads back as auto": (NONE_OF_THEM, {"response_format": "auto"}),
    "null response format is auto": (NONE_OF_THEM, {"response_format": None}),
    "a schema's strict reads back as false": ({"response_format": schema()}, {"response_format": schema(strict=False)}),
    "a missing schema reads back as {}": ({"response_format": schema()}, {"response_format": schema(schema={})}),
    "no metadata reads back as {}": (NONE_OF_THEM, {"metadata": {}}),
    "null metadata is none": (NONE_OF_THEM, {"metadata": None}),
    "an emptied metadata value is absent": ({"metadata": {"a": "1"}}, {"metadata": {"a": "1", "b": ""}}),
    "file ids are a set": (
        {"tool_resources": {"code_interpreter": {"file_ids": ["b", "a", "b"]}}},
        {"tool_resources": {"code_interpreter": {"file_ids": ["a", "b"]}}},
    ),
    "instructions end without a newline": ({"instructions": "a"}, {"instructions": "a\n"}),
    "instructions have LF": ({"instructions": "a\nb"}, {"instructions": "a\r\nb\r\n"}),
    "empty instructions are none": (NONE_OF_THEM, {"instructions": ""}),
    "volatile and unknown fields do not count": (
        NONE_OF_THEM,
        {"id": "asst_1", "object": "assistant", "created_at": 7, "invented": {"a": 1}},
    ),
    "an integral number deep in a schema": (
        {"tools": function(parameters={"properties": {"n": {"maximum": 5}}})},
        {"tools": function(parameters={"properties": {"n": {"maximum": 5.0}}})},
    ),
}

DIFFERENT = {
    "true is never 1": ({"temperature": 1}, {"temperature": True}),
    "false is never 0": ({"temperature": 0}, {"temperature": False}),
    "true deep in a schema is never 1": (
        {"tools": function(parameters={"properties": {"n": {"default": 1}}})},
        {"tools": function(parameters={"properties": {"n": {"default": True}}})},
    ),
    "null in a schema is a value": (
        {"tools": function(parameters={"enum": ["a"]})},
        {"tools": function(parameters={"enum": ["a", None]})},
    ),
    "null as a schema's default is a value": (
        {"tools": function(parameters={"a": 1})},
        {"tools": function(parameters={"a": 1, "default": None})},
    ),
    "text is no number": ({"temperature": 1}, {"temperature": "1"}),
    "the order of tools": (
        {"tools": [{"type": "code_interpreter"}, *search()]},
        {"tools": [*search(), {"type": "code_interpreter"}]},
    ),
    "the order of an enum": (
        {"tools": function(parameters={"enum": ["a", "b"]})},
        {"tools": function(parameters={"enum": ["b", "a"]})},
    ),
    "an empty name is no missing name": (NONE_OF_THEM, {"name": ""}),
    "auto is another ranker than the default": (
        {"tools": search()},
        {"tools": search(file_search={"ranking_options": {"ranker": "auto", "score_threshold": 0}})},
    ),
    "text format is not auto": (NONE_OF_THEM, {"response_format": {"type": "text"}}),
    "a newline within instructions": ({"instructions": "a\nb"}, {"instructions": "a\n\nb"}),
    "a newline that starts instructions": ({"instructions": "a"}, {"instructions": "\na"}),
    "a newline at the end of a description": ({"description": "a"}, {"description": "a\n"}),
    "reasoning effort that is stated": (NONE_OF_THEM, {"reasoning_effort": "low"}),
    "a tool type that the schema does not know": ({"tools": [{"type": "new"}]}, {"tools": [{"type": "new", "x": 1}]}),
}


@pytest.mark.parametrize(("left", "right"), EQUAL.values(), ids=EQUAL.keys())
def test_these_mean_the_same(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert canonical_json(form(**left)) == canonical_json(form(**right))


@pytest.mark.parametrize(("left", "right"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_these_differ(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert not same(form(**left), form(**right))
    assert canonical_json(form(**left)) != canonical_json(form(**right))


def test_every_documented_default_is_filled_in_and_nothing_else() -> None:
    assert canonical({}, KIND) == {
        "name": None,
        "description": None,
        "instructions": None,
        "tools": [],
        "tool_resources": {},
        "metadata": {},
        "temperature": 1,
        "top_p": 1,
        "response_format": "auto",
    }


@given(specs)
def test_the_canonical_form_is_its_own_canonical_form(spec: dict[str, Any]) -> None:
    once = canonical(spec, KIND)
    assert canonical_json(canonical(once, KIND)) == canonical_json(once)


@given(specs)
def test_what_a_service_answers_has_the_form_of_what_was_sent(spec: dict[str, Any]) -> None:
    sent = {name: value for name, value in spec.items() if name != "reasoning_effort"}
    assert same(canonical(as_answered(spec), KIND), canonical(sent, KIND))


@given(specs)
def test_the_canonical_form_leaves_the_spec_alone(spec: dict[str, Any]) -> None:
    before = json.dumps(spec)
    form = canonical(spec, KIND)
    for value in form.values():
        if isinstance(value, list | dict):
            value.clear()
    assert json.dumps(spec) == before
    assert canonical({}, KIND)["tools"] == []


@given(st.dictionaries(st.sampled_from(list(KIND.fields)), json_values))
def test_any_answer_has_a_canonical_form(answer: dict[str, Any]) -> None:
    once = canonical(answer, KIND)
    assert same(canonical(once, KIND), once)


@given(json_values)
def test_a_value_is_the_same_as_itself_by_way_of_json(value: Any) -> None:
    assert same(value, value)
    assert same(value, json.loads(json.dumps(value)))


@given(json_values, json_values)
def test_values_are_the_same_exactly_if_their_json_is(left: Any, right: Any) -> None:
    assert same(left, right) is (canonical_json(left) == canonical_json(right))
    assert same(left, right) is same(right, left)


ALIKE = [1, 1.0, True, "1", [1], [1.0], [True], {"a": 1}, {"a": True}, 0, -0.0, False, None, "", [], {}, 10**20, 1e20]


@pytest.mark.parametrize("left", ALIKE, ids=repr)
def test_sameness_is_transitive_and_agrees_with_json(left: Any) -> None:
    for middle in ALIKE:
        assert same(left, middle) is (canonical_json(left) == canonical_json(middle))
        for right in ALIKE:
            if same(left, middle) and same(middle, right):
                assert same(left, right)


def test_the_order_of_keys_never_counts() -> None:
    left, right = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}
    assert same(left, right)
    assert digest(left) == digest(right)


def test_large_integers_are_not_rounded() -> None:
    assert not same(2**53 + 1, float(2**53))
    assert canonical_json(2**53 + 1) == "9007199254740993"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]], ids=repr)
def test_no_digest_holds_what_json_cannot_say(value: Any) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json(value)


def test_half_a_surrogate_pair_has_a_digest() -> None:
    assert digest("\ud800") != digest("\ud801")


def test_equal_lists_of_many_objects_are_one() -> None:
    """So what follows from them is worked out once; what is only like them is another."""
    tools = [{"type": "function", "function": {"name": f"f{number}", "strict": None}} for number in range(9)]
    shape = KIND.fields["tools"].shape
    one, two = (canonical_value(copy.deepcopy(tools), shape) for _ in range(2))
    assert one is two
    assert canonical_value(one, shape) == one
    for other in (tools[1:], tools[::-1], [*tools[1:], {**tools[0], "type": True}]):
        found = canonical_value(other, shape)
        assert not same(found, one)
        assert digest(found) != digest(one)
        assert canonical_json(found) == canonical_json(json.loads(json.dumps(found)))
    assert digest(one) == digest(json.loads(json.dumps(one)))
