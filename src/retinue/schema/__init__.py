"""The one source of fields, limits, defaults and diff hints: `kinds/*.json` and what is compiled from it.

Must not read anything but its own package files.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources

from ..core.model import MISSING, Field, Json, Kind, Shape
from ..core.references import holds_references


@cache
def kind_schema(name: str) -> dict[str, Json]:
    """The JSON Schema (draft-07) of a kind's own fields, by file name: `assistant`."""
    text = (resources.files(__package__) / "kinds" / f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Json] = json.loads(text)
    return schema


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind retinue knows, by name (`Assistant`)."""
    return {kind.name: kind for kind in (_compile(kind_schema(name)) for name in ("assistant", "vector_store", "file"))}


@cache
def manifest_kinds() -> tuple[Kind, ...]:
    """The kinds that have manifests; the others come from what these say."""
    return tuple(kind for kind in kinds().values() if kind.word)


@cache
def environment_settings() -> tuple[str, ...]:
    """The keys of an environment that only some services have; a provider's record names those that it takes."""
    members = kind_schema("project")["definitions"]["environment"]["properties"]
    return tuple(name for name, schema in members.items() if schema.get("x-retinue-setting"))


EXTRAS = "providers"
"""The field of a manifest that holds what only one service has."""
_EXTRAS_CODE = "x"


def with_extras(known: Mapping[str, Kind], provider: str, extras: Mapping[str, Json]) -> Mapping[str, Kind]:
    """The kinds with one more field, `providers`, for the fields that one service has by itself (`extras`, by kind)."""
    return {name: _extended(kind, provider, extras[name]) if name in extras else kind for name, kind in known.items()}


def _extended(kind: Kind, provider: str, schema: dict[str, Json]) -> Kind:
    own = _shape(schema, schema)
    live = {name: Shape() for name in schema.get("x-retinue-live", ())}
    own = replace(own, properties={**(own.properties or {}), **live})
    field = Field(EXTRAS, _EXTRAS_CODE, Shape(properties={provider: own}, default={}))
    return replace(kind, fields={**kind.fields, EXTRAS: field})


def kind_by_word(word: str) -> Kind | None:
    """The kind that a manifest names by its first key: `assistant:` is `Assistant`."""
    return _words().get(word)


@cache
def _words() -> Mapping[str, Kind]:
    return {kind.word: kind for kind in manifest_kinds()}


def _compile(schema: dict[str, Json]) -> Kind:
    fields = {
        name: Field(name, sub["x-retinue-code"], _shape(sub, schema), sub.get("x-retinue-essential", False))
        for name, sub in schema["properties"].items()
        if "x-retinue-into" not in sub
    }
    return Kind(
        name=schema["x-retinue-kind"],
        word=schema["x-retinue-word"],
        display=schema["x-retinue-display"],
        plural=schema["x-retinue-plural"],
        fields=fields,
        referring=tuple(name for name, item in fields.items() if holds_references(item.shape)),
        by_content=schema.get("x-retinue-by-content", False),
        shared={name: sub["x-retinue-into"] for name, sub in schema["properties"].items() if "x-retinue-into" in sub},
    )


def _shape(schema: Json, root: dict[str, Json]) -> Shape:
    if not isinstance(schema, dict):
        return Shape()
    if "x-retinue-refers" in schema:
        return Shape(refers=schema["x-retinue-refers"])
    if "$ref" in schema:
        return _shape(root["definitions"][schema["$ref"].rsplit("/", 1)[1]], root)
    inner = schema["then"] if "then" in schema and "x-retinue-by-type" not in schema else schema
    if "$ref" in inner:
        inner = root["definitions"][inner["$ref"].rsplit("/", 1)[1]]
    properties, values, items = inner.get("properties"), inner.get("additionalProperties"), inner.get("items")
    by_type = _variants(inner, root) if inner.get("x-retinue-by-type") else None
    return Shape(
        properties=_members(properties, root) if properties and not by_type else None,
        values=_shape(values, root) if isinstance(values, dict) else None,
        items=_shape(items, root) if items else None,
        by_type=by_type,
        unordered=schema.get("x-retinue-unordered", False),
        trim_final_newline=schema.get("x-retinue-trim-final-newline", False),
        default=schema.get("default", MISSING),
        empty=tuple(schema.get("x-retinue-empty", ())),
    )


def _members(properties: dict[str, Json], root: dict[str, Json]) -> dict[str, Shape]:
    return {key: _shape(sub, root) for key, sub in properties.items()}


def _variants(schema: dict[str, Json], root: dict[str, Json]) -> dict[str, Shape]:
    return {branch["if"]["properties"]["type"]["const"]: _shape(branch["then"], root) for branch in schema["allOf"]}
