"""The fast test may refuse what is valid, but never accept what the real validator refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from retinue.providers.assistants_v2 import KINDS
from retinue.schema import own_schema
from retinue.schema.accept import acceptor, ecma
from retinue.schema.bundle import manifest_schema

MANIFEST = manifest_schema(KINDS["Assistant"])
SCHEMA = own_schema("json_schema")
ACCEPTS, VALIDATOR = acceptor(MANIFEST), Draft7Validator(MANIFEST)
ACCEPTS_SCHEMA = acceptor(SCHEMA)
FULL: dict[str, Any] = {
    "assistant": "math-tutor",
    "name": "Math Tutor",
    "description": None,
    "model": "gpt-4o",
    "instructions": "Help.",
    "tools": [
        {"type": "code_interpreter"},
        {"type": "file_search", "file_search": {"max_num_results": 8, "ranking_options": {"score_threshold": 0.5}}},
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}},
    ],
    "tool_resources": {"code_interpreter": {"file_ids": ["a"]}, "file_search": {"vector_store_ids": ["b"]}},
    "metadata": {"owner": "x"},
    "temperature": 0.2,
    "top_p": 1,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
    "reasoning_effort": "low",
    "retinue": {"labels": {"a": "b"}, "adopt": {"prod": "asst_1"}, "ignore_changes": ["/temperature"]},
}
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 200)
    | st.floats()
    | st.sampled_from(("", "auto", "function", "low", "x" * 300, "a b", "code_interpreter", "json_schema", "f\n"))
)
KEYS = st.sampled_from(
    ("type", "function", "name", "parameters", "file_search", "file_ids", "json_schema", "schema", "x", "labels")
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
WORDS = (*SCHEMA["properties"], "x-mine")
SCHEMAS = st.recursive(
    st.booleans() | st.none() | st.integers(-1, 3) | st.sampled_from(("string", "str", "object", "a")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in members for place in places(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    value = copy.copy(value)
    value[path[0]] = replaced(value[path[0]], path[1:], new)
    return value


def test_a_full_manifest_passes() -> None:
    assert VALIDATOR.is_valid(FULL)
    assert ACCEPTS(FULL)


@given(st.sampled_from(places(FULL)), VALUES)
def test_what_passes_is_valid(path: tuple[Any, ...], value: Any) -> None:
    document = replaced(FULL, path, value)
    if ACCEPTS(document):
        assert VALIDATOR.is_valid(document)


@given(SCHEMAS)
def test_what_passes_as_json_schema_is_valid_against_ours(schema: Any) -> None:
    if ACCEPTS_SCHEMA(schema):
        assert Draft7Validator(SCHEMA).is_valid(schema)


@given(SCHEMAS)
def test_every_valid_json_schema_of_2020_is_one_to_us(schema: Any) -> None:
    if Draft202012Validator(Draft202012Validator.META_SCHEMA).is_valid(schema):
        assert Draft7Validator(SCHEMA).is_valid(schema)


@pytest.mark.parametrize("schema", [Draft7Validator.META_SCHEMA, Draft202012Validator.META_SCHEMA, SCHEMA, MANIFEST])
def test_real_json_schemas_pass(schema: Any) -> None:
    assert ACCEPTS_SCHEMA(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "str"},
        {"type": ["string", "string"]},
        {"type": []},
        {"properties": {"a": "string"}},
        {"properties": ["a"]},
        {"required": "a"},
        {"required": ["a", "a"]},
        {"properties": {"a": {"required": True}}},
        {"items": [1]},
        {"anyOf": []},
        {"minLength": -1},
        {"minimum": "1"},
        {"multipleOf": 0},
        {"enum": "a"},
        {"$defs": {"a": 1}},
        {"dependentRequired": {"a": "b"}},
        {"dependencies": {"a": [1]}},
        {"additionalProperties": "no"},
        5,
    ],
)
def test_what_is_no_json_schema_is_refused(schema: Any) -> None:
    assert not ACCEPTS_SCHEMA(schema)
    assert not Draft7Validator(SCHEMA).is_valid(schema)
    assert (
        not Draft7Validator(Draft7Validator.META_SCHEMA).is_valid(schema)
        or "$defs" in schema
        or "dependentR" in str(schema)
    )


def test_a_keyword_without_a_fast_test_is_an_error_when_it_compiles() -> None:
    with pytest.raises(ValueError, match="contains"):
        acceptor({"contains": {}})
    with pytest.raises(ValueError, match="exact"):
        acceptor({"if": {"maxLength": 3}})
    with pytest.raises(ValueError, match="exact"):
        acceptor({"not": {"type": "integer"}})


def test_a_member_for_which_there_is_no_fast_test_is_left_to_the_validator() -> None:
    accepts = acceptor({"properties": {"plain": {"type": "string"}, "other": {"anyOf": [{"type": "string"}]}}})
    assert accepts({"plain": "x"})
    assert not accepts({"other": "x"})


def test_a_pattern_ends_where_the_text_ends() -> None:
    assert ecma("^a$").search("a")
    assert not ecma("^a$").search("a\n")
    assert not ACCEPTS({**FULL, "assistant": "math-tutor\n"})
