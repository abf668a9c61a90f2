"""A kind's JSON Schema to fields, limits, defaults and diff hints; and what the files of a project may speak of.

Must not read anything but its own package files; which kinds there are, providers say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from ..core.model import MISSING, Field, Json, Kind, Shape
from ..core.references import holds_references
from ..core.values import dataclass, field, replace


@cache
def schema_beside(package: str, name: str) -> dict[str, Json]:
    """The JSON Schema (draft-07) in a file `NAME.json` of a package."""
    # importlib.resources would bring zipfile, tempfile and shutil: 20 million instructions.
    folder = Path(import_module(package).__path__[0])
    schema: dict[str, Json] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def own_schema(name: str) -> dict[str, Json]:
    """One of retinue's own, by file name: `project`."""
    return schema_beside(f"{__package__}.kinds", name)


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The vocabulary of a project's files, as defined by the providers it names.

    `kinds`: by name. `own`: by provider, its kinds. `settings`: the schemas of those keys of an environment that only
    some services have. `extras`: the schema of what stands below `providers.NAME`, for a provider and a kind; None for
    a provider that there is not.
    """

    kinds: Mapping[str, Kind]
    own: Mapping[str, Mapping[str, Kind]] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)
    extras: Callable[[str, str], Json] = lambda _provider, _kind: None

    def of(self, provider: str) -> Catalogue:
        """The catalogue of an environment of this provider: names and words of its kinds mean its own ones."""
        own = self.own.get(provider, {})
        taken = {kind.word for kind in own.values() if kind.word}
        others = {name: kind for name, kind in self.kinds.items() if kind.word not in taken}
        kinds = {**others, **own}
        return self if kinds.items() == self.kinds.items() else replace(self, kinds=kinds)

    @cached_property
    def with_manifests(self) -> tuple[Kind, ...]:
        """The kinds that have manifests; the others come from what these say."""
        return tuple(kind for kind in self.kinds.values() if kind.word)

    @cached_property
    def words(self) -> Mapping[str, Kind]:
        """The kinds by the first key of a manifest: `assistant:` is `Assistant`."""
        return {kind.word: kind for kind in self.with_manifests}

    @cached_property
    def uploaded(self) -> str:
        """The kind of what a manifest uploads."""
        return next((kind.name for kind in self.kinds.values() if kind.by_content), "")


Known: TypeAlias = Callable[[Collection[str] | None], Catalogue]
"""The catalogue of these providers, as far as they are there; None: of all that are."""

EXTRAS = "providers"
"""The field of a manifest that holds what only one service has."""
_EXTRAS_CODE = "x"


def with_extras(known: Mapping[str, Kind], provider: str, extras: Mapping[str, Json]) -> Mapping[str, Kind]:
    """The kinds with one more field, `providers`, for the fields that one service has by itself (`extras`, by kind)."""
    found = dict(known)
    for name, schema in ((name, extras[name]) for name in known if name in extras):
        own = _shape(schema, schema)
        live = {member: Shape() for member in schema.get("x-retinue-live", ())}
        own = replace(own, properties={**(own.properties or {}), **live})
        block = Field(EXTRAS, _EXTRAS_CODE, Shape(properties={provider: own}, default={}))
        referring = (*known[name].referring, *((EXTRAS,) if holds_references(own) else ()))
        found[name] = replace(known[name], fields={**known[name].fields, EXTRAS: block}, referring=referring)
    return found


def kind_of(schema: Mapping[str, Json], **functions: Any) -> Kind:
    """A kind by its JSON Schema. `functions`: its `rules`, `explain` and `export`, where it has them."""
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
        schema=schema,
        referring=tuple(name for name, item in fields.items() if holds_references(item.shape)),
        by_content=schema.get("x-retinue-by-content", False),
        shared={name: sub["x-retinue-into"] for name, sub in schema["properties"].items() if "x-retinue-into" in sub},
        body=schema.get("x-retinue-body", ""),
        **functions,
    )


def by_name(*kinds: Kind) -> Mapping[str, Kind]:
    """The kinds of a record; the first is always read, the others if something concerns them."""
    return {kind.name: kind for kind in kinds}


def _shape(schema: Json, root: Mapping[str, Json]) -> Shape:
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
    branches = inner["allOf"] if inner.get("x-retinue-by-type") else ()
    types = {branch["if"]["properties"]["type"]["const"]: _shape(branch["then"], root) for branch in branches}
    kept: dict[str, Any] = {
        key: sub for key, sub in (properties or {}).items() if sub is True or "x-retinue-at-create" not in sub
    }
    members, required = {key: _shape(sub, root) for key, sub in kept.items()}, inner.get("required", ())
    return Shape(
        properties=members if members and not types else None,
        values=_shape(values, root) if isinstance(values, dict) else None,
        items=_shape(items, root) if items else None,
        by_type=types or None,
        unordered=schema.get("x-retinue-unordered", False),
        trim_final_newline=schema.get("x-retinue-trim-final-newline", False),
        default=schema.get("default", MISSING),
        empty=tuple(schema.get("x-retinue-empty", ())),
        stated={
            key: sub["default"] for key, sub in kept.items() if key in required and sub is not True and "default" in sub
        },
    )
