"""What a service refuses of a JSON Schema that is to be followed strictly (`strict: true`). Pure.

Source: OpenAI's guide to Structured Outputs, Supported schemas; `oneOf` by what the service answers. Only what is sure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from ...core.model import Diagnostic, Json, Severity
from ...core.pointer import join_pointer
from ...core.problem import listed
from ..lenient import mapping, numbered

CODE = "strict-schema"
_NO_KEYWORD = ("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas")
_NAMED, _LISTED, _SINGLE = ("properties", "$defs", "definitions"), ("anyOf", "prefixItems"), ("items",)
_DEEPEST, _MOST_PROPERTIES, _MOST_ENUM, _MOST_TEXT = 10, 5_000, 1_000, 120_000
_LONG_ENUM, _LONG_ENUM_TEXT = 250, 15_000

_Path: TypeAlias = tuple[str | int, ...]
_Node: TypeAlias = tuple[_Path, Mapping[str, Any], int]
"""A schema, where it stands, and below how many objects."""


def strict_problems(spec: Mapping[str, Json], severity: Severity = Severity.ERROR) -> Iterator[Diagnostic]:
    """Of the strict functions of a manifest, and of its response format."""
    for index, tool in numbered(spec.get("tools")):
        function = mapping(tool.get("function"))
        if function.get("strict") is True and isinstance(function.get("parameters"), dict):
            yield from _of_schema(function["parameters"], ("tools", index, "function", "parameters"), severity)
    form = mapping(mapping(spec.get("response_format")).get("json_schema"))
    if form.get("strict") is True and isinstance(form.get("schema"), dict):
        yield from _of_schema(form["schema"], ("response_format", "json_schema", "schema"), severity)


def _of_schema(schema: Mapping[str, Any], path: _Path, severity: Severity) -> Iterator[Diagnostic]:
    def problem(at: _Path, message: str, remedy: str) -> Diagnostic:
        return Diagnostic(CODE, f"strict: {message}", remedy, path=join_pointer(at), severity=severity)

    nodes = [*_nodes(schema, path)]
    if "anyOf" in schema:
        remedy = "Put it below a property of an object."
        yield problem((*path, "anyOf"), "the outermost schema cannot be `anyOf`", remedy)
    elif schema.get("type") != "object":
        at = (*path, "type") if "type" in schema else path
        yield problem(at, "the outermost schema is one of `type: object`", "Write an object with this as a property.")
    for at, node, depth in nodes:
        for word in (word for word in _NO_KEYWORD if word in node):
            remedy = "Write `anyOf`, or the schema without it." if word in ("oneOf", "allOf") else "Take it out."
            yield problem((*at, word), f"`{word}` is not supported", f"{remedy} Or leave `strict` out.")
        kind = node.get("type")
        if kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in node:
            yield from (problem(*found) for found in _of_object(node, at, depth))
    yield from (
        problem(path, message, "Make the schema smaller.") for message in _sizes([node for _, node, _ in nodes])
    )


def _of_object(node: Mapping[str, Any], at: _Path, depth: int) -> Iterator[tuple[_Path, str, str]]:
    if node.get("additionalProperties") is not False:
        where = (*at, "additionalProperties") if "additionalProperties" in node else at
        yield where, "each object says `additionalProperties: false`", "Write `additionalProperties: false` there."
    names, required = [*mapping(node.get("properties"))], node.get("required")
    if lacking := [name for name in names if name not in (required if isinstance(required, list) else ())]:
        remedy = (
            f"Write `required: [{', '.join(names[:20])}{', …' * (len(names) > 20)}]`. What may be missing gets null"
        )
        verb = "is" if len(lacking) == 1 else "are"
        message = f"`required` names every property, and {listed(lacking[:5])} {verb} not there"
        where = (*at, "required") if "required" in node else at
        yield where, message, f'{remedy} as one of its types: `type: [string, "null"]`.'
    if depth == _DEEPEST + 1:
        yield at, f"objects are nested deeper than {_DEEPEST} levels", "Make the schema flatter."


def _nodes(schema: Mapping[str, Any], path: _Path) -> Iterator[_Node]:
    """Every schema in a schema, from the outside to the inside; a reference is not followed."""
    waiting: list[_Node] = [(path, schema, 0)]
    while waiting:
        at, node, depth = waiting.pop()
        yield at, node, depth
        inner = depth + ("properties" in node)
        below: list[tuple[_Path, Any, int]] = [((*at, word), node.get(word), inner) for word in _SINGLE]
        for word in _NAMED:
            deep = inner if word == "properties" else 0
            below += [((*at, word, name), item, deep) for name, item in mapping(node.get(word)).items()]
        for word in _LISTED:
            items = enumerate(node[word]) if isinstance(node.get(word), list) else ()
            below += [((*at, word, index), item, inner) for index, item in items]
        waiting += [(where, item, deep) for where, item, deep in reversed(below) if isinstance(item, dict)]


def _sizes(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    names = [name for node in nodes for word in _NAMED for name in mapping(node.get(word))]
    count = sum(len(mapping(node.get("properties"))) for node in nodes)
    enums = [node["enum"] for node in nodes if isinstance(node.get("enum"), list)]
    values = [value for enum in enums for value in enum]
    texts = [*names, *(item for item in (*values, *(node.get("const") for node in nodes)) if isinstance(item, str))]
    if count > _MOST_PROPERTIES:
        yield f"there are {count:,} properties, at most {_MOST_PROPERTIES:,} are allowed"
    if len(values) > _MOST_ENUM:
        yield f"there are {len(values):,} values in its enums, at most {_MOST_ENUM:,} are allowed"
    if (length := sum(map(len, texts))) > _MOST_TEXT:
        yield f"its names and values have {length:,} characters, at most {_MOST_TEXT:,} are allowed"
    for enum in enums:
        length = sum(len(item) for item in enum if isinstance(item, str))
        if len(enum) > _LONG_ENUM and length > _LONG_ENUM_TEXT:
            most = f"at most {_LONG_ENUM_TEXT:,} are allowed"
            yield f"an enum of more than {_LONG_ENUM} values has {length:,} characters, {most}"
