"""Compiles a JSON Schema into a fast test. A value that passes is valid; any other needs the real validator.

Knows only the keywords that the schemas of this package use; the rest is the validator's. A member is compiled when a
document first has it: most never do, and all of them take 25 million instructions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from ..core.canonical import Noted
from ..core.model import Json
from . import own_schema

Schema: TypeAlias = Mapping[str, Json]
Test: TypeAlias = Callable[[Any], bool]

JSON_SCHEMA = "x-retinue-json-schema"
"""Says that a value is a JSON Schema itself; a keyword of ours, which the validator knows too."""
_ANNOTATIONS = frozenset(("$schema", "$comment", "title", "description", "default", "definitions", "examples"))
_KEYWORDS = frozenset(
    (
        *("$ref", "type", "enum", "const", "if", "then", "else", "allOf", "not"),
        *("minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "pattern"),
        *("minItems", "maxItems", "uniqueItems", "items", "minProperties", "maxProperties", "propertyNames"),
        *("properties", "required", "additionalProperties"),
    )
)
_TYPES: Mapping[str, Test] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def ecma(pattern: str) -> re.Pattern[str]:
    """A pattern as JSON Schema means it: `$` is the very end, where Python lets a line break follow."""
    return re.compile(pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern)


def acceptor(schema: Schema) -> Test:
    """The fast test of a whole schema. Raises ValueError for a keyword that it does not know."""
    return _once(_Compiler(schema).test(schema))


def holds_schema(value: Any) -> bool:
    """True if a value where a JSON Schema may stand is one to be judged: nothing, and `{}`, need no look."""
    return isinstance(value, dict) and bool(value)


@cache
def _of_schemas() -> Test:
    return acceptor(own_schema("json_schema"))


def _once(test: Test) -> Test:
    """The test, which a value that many documents share has to pass once."""

    def remembered(value: Any) -> bool:
        if not isinstance(value, Noted) or value.notes is None:
            return test(value)
        if test not in value.notes:
            value.notes[test] = test(value)
        return bool(value.notes[test])

    return remembered


class _Compiler:
    """Compiles the parts of one schema; each definition once, so that it may contain itself."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self.known: dict[str, list[Test]] = {}

    def test(self, schema: Schema) -> Test:
        unknown = {key for key in schema if not key.startswith("x-retinue-")} - _ANNOTATIONS - _KEYWORDS
        if unknown:
            raise ValueError(f"there is no fast test for {', '.join(sorted(unknown))}")
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        sized = [test for what, kind in _SIZED.items() for test in _size(schema, what, kind)]
        tests = [*_scalar(schema), *sized, *self._list(schema), *self._object(schema), *self._logic(schema)]
        if schema.get(JSON_SCHEMA):
            tests.append(lambda value: not holds_schema(value) or _of_schemas()(value))
        return _all(tests)

    def _member(self, schema: Schema) -> Test:
        try:
            return self.test(schema)
        except ValueError:
            return lambda _value: False

    def _reference(self, reference: str) -> Test:
        box = self.known.get(reference)
        if box is None:
            box = self.known[reference] = []
            target: Any = self.root
            for step in reference.split("/")[1:]:
                target = target[step]
            box.append(self.test(target))
        return lambda value: box[0](value)

    def _list(self, schema: Schema) -> Iterator[Test]:
        if schema.get("uniqueItems"):
            # Values other than text may be equal in ways that only the validator knows.
            yield (
                lambda value: (
                    not isinstance(value, list)
                    or (all(type(item) is str for item in value) and len(set(value)) == len(value))
                )
            )
        if "items" in schema:
            item = _once(self.test(schema["items"]))
            yield lambda value: not isinstance(value, list) or all(map(item, value))

    def _object(self, schema: Schema) -> Iterator[Test]:
        if "propertyNames" in schema:
            name = self.test(schema["propertyNames"])
            yield lambda value: not isinstance(value, dict) or all(map(name, value))
        if "required" in schema:
            required = frozenset(schema["required"])
            yield lambda value: not isinstance(value, dict) or required <= value.keys()
        if "properties" not in schema and "additionalProperties" not in schema:
            return
        parts: Schema = schema.get("properties", {})
        known: dict[str, Test] = {}
        others = schema.get("additionalProperties", True)
        other: Test = (lambda _value: others) if isinstance(others, bool) else self.test(others)

        def test(value: Any) -> bool:
            if isinstance(value, dict):
                for key, item in value.items():
                    found = known.get(key)
                    if found is None:
                        found = other if key not in parts else known.setdefault(key, self._member(parts[key]))
                    if not found(item):
                        return False
            return True

        yield test

    def _logic(self, schema: Schema) -> Iterator[Test]:
        yield from (self.test(part) for part in schema.get("allOf", ()))
        if "not" in schema:
            refused = self._exact(schema["not"])
            yield lambda value: not refused(value)
        if "if" in schema:
            condition = self._exact(schema["if"])
            then, otherwise = self.test(schema.get("then", {})), self.test(schema.get("else", {}))
            yield lambda value: then(value) if condition(value) else otherwise(value)

    def _exact(self, schema: Schema) -> Test:
        """A test whose refusal counts too: only of keywords for which it is never too strict."""
        inexact = schema.keys() - {"type", "properties", "required", "pattern"}
        members = schema.get("properties", {}).values()
        # 1.0 is an integer to JSON Schema, which the fast test leaves to the validator.
        inexact |= {"integer"} & {schema.get("type")}
        if inexact or any(part.keys() != {"const"} or not isinstance(part["const"], str) for part in members):
            raise ValueError(f"there is no exact fast test for {schema}")
        return self.test(schema)


def _all(tests: list[Test]) -> Test:
    if not tests:
        return lambda value: True
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda value: first(value) and second(value)
    rest = _all(tests[2:])
    first, second = tests[:2]
    return lambda value: first(value) and second(value) and rest(value)


_SIZED = {"Length": str, "Items": list, "Properties": dict}


def _size(schema: Schema, what: str, kind: type[Any]) -> Iterator[Test]:
    low, high = schema.get(f"min{what}", 0), schema.get(f"max{what}", float("inf"))
    if low or f"max{what}" in schema:
        yield lambda value: not isinstance(value, kind) or low <= len(value) <= high


def _scalar(schema: Schema) -> Iterator[Test]:
    if "type" in schema:
        wanted = schema["type"]
        types = [_TYPES[name] for name in ([wanted] if isinstance(wanted, str) else wanted)]
        yield types[0] if len(types) == 1 else lambda value: any(test(value) for test in types)
    if "enum" in schema or "const" in schema:
        allowed = [schema["const"]] if "const" in schema else schema["enum"]
        # 1 is true to Python, but not to JSON.
        yield lambda value: any(type(value) is type(item) and value == item for item in allowed)
    if "pattern" in schema:
        search = ecma(schema["pattern"]).search
        yield lambda value: not isinstance(value, str) or search(value) is not None
    if {"minimum", "maximum", "exclusiveMinimum"} & schema.keys():
        least, most = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))
        above = schema.get("exclusiveMinimum", float("-inf"))
        is_number = _TYPES["number"]
        yield lambda value: not is_number(value) or (least <= value <= most and value > above)
