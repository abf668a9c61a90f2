"""References between objects: `{"ref": "File/data/grades.csv"}` in a spec stands for a live id. Pure.

Manifests and plans name objects; a service knows ids. Names become ids before a write, ids names before a diff. Where a
reference may stand, the kind's schema says (`Shape.refers`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from operator import is_
from typing import Any, TypeAlias

from .model import Address, Change, Fields, Json, Kind, ObjectKey, Shape

REF = "ref"
Ids: TypeAlias = Mapping[Address, str]
Names: TypeAlias = Mapping[ObjectKey, Address]


def reference(address: Address) -> dict[str, Json]:
    return {REF: str(address)}


def target_of(value: Json) -> Address | None:
    """The address that a reference names; None for any other value."""
    if not isinstance(value, dict) or value.keys() != {REF} or not isinstance(value[REF], str):
        return None
    kind, slash, name = value[REF].partition("/")
    return Address(kind, name) if slash and kind and name else None


def to_names(spec: Fields, kind: Kind, names: Names) -> Fields:
    """`spec` with each known live id replaced by a reference; unknown ids stay."""

    def name(value: Json, refers: str) -> Json:
        address = names.get((refers, value)) if isinstance(value, str) else None
        return value if address is None else reference(address)

    return _mapped(spec, kind, name)


def renamed(spec: Fields, kind: Kind, values: Mapping[Address, Json]) -> Fields:
    """`spec` with other values, such as live ids, in the place of references to these addresses; others stay."""
    return _mapped(spec, kind, lambda value, _: value if (to := target_of(value)) is None else values.get(to, value))


def grounded(change: Change, ids: Ids, kind: Kind) -> Change:
    """A step with live ids in the place of the names that it refers to; a name that is not known stays."""

    def known(name: str, value: Json) -> Json:
        return renamed({name: value}, kind, ids)[name]

    fields = tuple(
        replace(item, before=known(item.name, item.before), after=known(item.name, item.after))
        if item.name in kind.referring
        else item
        for item in change.fields
    )
    return change if fields == change.fields else replace(change, fields=fields)


def addresses_in(spec: Fields, kind: Kind) -> tuple[Address, ...]:
    """The addresses that a spec refers to by name, each once, in a fixed order."""
    found = ((target_of(value), refers) for value, refers in _all(spec, kind))
    return tuple(sorted({address for address, refers in found if address and address.kind == refers}))


def ids_in(spec: Fields, kind: Kind) -> set[ObjectKey]:
    """Kind and id of everything that a spec refers to by its live id."""
    return {(refers, value) for value, refers in _all(spec, kind) if isinstance(value, str)}


def holds_references(shape: Shape) -> bool:
    """True if a reference may stand somewhere in a value of this shape."""
    several = (
        (shape.properties or {}).values(),
        (shape.by_type or {}).values(),
        filter(None, (shape.items, shape.values)),
    )
    parts = [part for some in several for part in some]
    return shape.refers is not None or any(map(holds_references, parts))


_Rule: TypeAlias = Callable[[Json, str], Json]


def _mapped(spec: Fields, kind: Kind, change: _Rule) -> Fields:
    """`spec` itself where nothing in it changes."""
    changed = {}
    for name in kind.referring:
        before = spec.get(name)
        if before and (after := _value(before, kind.fields[name].shape, change)) is not before:
            changed[name] = after
    return {**spec, **changed} if changed else spec


def _value(value: Any, shape: Shape, change: _Rule) -> Any:
    if shape.refers is not None:
        return change(value, shape.refers)
    if isinstance(value, dict) and shape.by_type is not None:
        shape = shape.by_type.get(str(value.get("type")), Shape())
    if isinstance(value, dict) and shape.properties is not None:
        known = shape.properties
        inner = {key: _value(item, known[key], change) if key in known else item for key, item in value.items()}
        return value if all(inner[key] is item for key, item in value.items()) else inner
    if isinstance(value, list) and shape.items is not None:
        items = [_value(item, shape.items, change) for item in value]
        return value if all(map(is_, items, value)) else items
    return value


def _all(spec: Fields, kind: Kind) -> list[tuple[Json, str]]:
    found: list[tuple[Json, str]] = []

    def note(value: Json, refers: str) -> Json:
        found.append((value, refers))
        return value

    _mapped(spec, kind, note)
    return found
