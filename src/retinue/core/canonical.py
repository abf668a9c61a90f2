"""The canonical form in which desired and live are compared, and the JSON bytes behind every digest.

Must not know a vendor: what a field's default or order is comes from the kind's schema (`model.Shape`).
"""

from __future__ import annotations

import hashlib
import json
import marshal
import re
from functools import lru_cache
from typing import Any

from .model import MISSING, Fields, Json, Kind, Shape


class Noted(dict[str, Any]):
    """`notes`: what was worked out about a value that changes no more; None while it may still change."""

    __slots__ = ("notes",)

    def __init__(self, *items: Any, notes: dict[Any, Any] | None = None) -> None:
        super().__init__(*items)
        self.notes = notes


class Shared(list[Any]):
    """A list of items that many objects share, which changes no more. `notes`: as those of an item."""

    __slots__ = ("notes",)

    def __init__(self, items: list[Any]) -> None:
        super().__init__(items)
        self.notes: dict[Any, Any] = {}


def canonical(spec: Fields, kind: Kind) -> dict[str, Json]:
    """Every known field of `spec` in canonical form: defaults filled in, volatile and unknown keys left out.

    A field without a documented default appears only when `spec` states it. null means absent (wire facts, 5).
    """
    result = {}
    for name, field in kind.fields.items():
        value = spec.get(name)
        value = MISSING if value is None else canonical_value(value, field.shape)
        if value is MISSING:
            # An empty list or mapping is a new one each time.
            value = field.shape.default
            value = value if value or not isinstance(value, list | dict) else type(value)()
        if value is not MISSING:
            result[name] = value
    return result


def canonical_value(value: Json, shape: Shape) -> Json:
    """The shortest value that means the same: nested defaults, nulls and empties dropped; MISSING if nothing stays."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        if shape.trim_final_newline:
            # All of them, not just one: what is sent and comes back must not be shortened a second time.
            value = (re.sub("\r+\n", "\n", value) if "\r" in value else value).rstrip("\n") or MISSING
    elif isinstance(value, dict):
        value = _object(value, shape)
    elif isinstance(value, Shared):
        if shape not in value.notes:
            value.notes[shape] = canonical_value(list(value), shape)
        return value.notes[shape]
    elif isinstance(value, list):
        items = shape.items or _ANY
        value = [short for item in value if (short := canonical_item(item, items)) is not MISSING]
        if shape.unordered:
            value = sorted({canonical_json(item): item for item in value}.values(), key=canonical_json)
        value = _shared(value)
    else:
        value = number(value)
    if shape.empty and any(same(value, empty) for empty in shape.empty):
        return MISSING
    return value


def _object(value: dict[str, Json], shape: Shape) -> Json:
    if shape.by_type is not None:
        variant = shape.by_type.get(str(value.get("type")))
        return plain(value) if variant is None else _object(value, variant)
    if shape.properties is not None:
        members = ((key, sub, value.get(key)) for key, sub in shape.properties.items())
    elif shape.values is not None:
        members = ((key, shape.values, item) for key, item in value.items())
    else:
        return plain(value)
    result = {}
    for key, sub, item in members:
        short = canonical_value(item, sub)
        if short is not MISSING and not same(short, sub.default):
            result[key] = short
    return result


def canonical_item(value: Json, shape: Shape | None) -> Json:
    """The canonical form of a list's item (without a shape the plain one): one and the same for equal items.

    Objects have many items in common, such as tools; so these are brought to that form, written and compared once.
    """
    if isinstance(value, Noted) and value.notes is not None:
        if shape not in value.notes:
            value.notes[shape] = canonical_item(json.loads(json.dumps(value)), shape)
        return value.notes[shape]
    if type(value) is dict:
        try:
            exact = marshal.dumps(value, 2)
        except ValueError:
            exact = b""
        if 0 < len(exact) <= _LONGEST_ITEM:
            return _of_bytes(exact, shape)
    return plain(value) if shape is None else canonical_value(value, shape)


@lru_cache(maxsize=2048)
def _of_bytes(exact: bytes, shape: Shape | None) -> Json:
    """`exact`: the value as marshal writes it, which is fast and tells `true` from 1, for this process only."""
    value = marshal.loads(exact)  # noqa: S302  (of our own bytes)
    value = plain(value) if shape is None else canonical_value(value, shape)
    return Noted(value, notes={}) if isinstance(value, dict) else value


def _shared(items: list[Json]) -> list[Json]:
    """One and the same list for equal lists of shared items, so that what follows from it is worked out once."""
    if len(items) < _FEW or not all(isinstance(item, Noted) and item.notes is not None for item in items):
        return items
    if len(_LISTS) >= _MOST_LISTS:
        _LISTS.clear()
    return _LISTS.setdefault(tuple(map(id, items)), Shared(items))


def plain_shared(value: Json) -> Json:
    """As `plain`, with equal lists, and equal items of lists, as one value, that nothing may change."""
    if isinstance(value, Shared):
        return value
    return _shared([canonical_item(item, None) for item in value]) if isinstance(value, list) else plain(value)


def plain(value: Json) -> Json:
    """A free-form JSON value with its numbers in canonical form and nothing else changed."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return number(value)


def number(value: Any) -> Any:
    """1.0 as 1 (JSON knows one kind of number); booleans and everything else untouched."""
    return int(value) if type(value) is float and value.is_integer() else value


def same(left: Json, right: Json) -> bool:
    """Typed equality of canonical values: 1 equals 1.0, `true` never equals 1, key order does not count."""
    if left is right:
        return True
    if type(left) is str:
        return bool(left == right)
    if isinstance(left, dict):
        if not isinstance(right, dict) or left.keys() != right.keys():
            return False
        if isinstance(left, Noted) and isinstance(right, Noted) and None not in (left.notes, right.notes):
            return canonical_json(left) == canonical_json(right)
        return all(same(item, right[key]) for key, item in left.items())
    if isinstance(left, list):
        if not isinstance(right, list) or len(left) != len(right):
            return False
        return all(map(same, left, right))
    return bool(left == right) and isinstance(left, bool) is isinstance(right, bool)


def equal(left: Json, right: Json, shape: Shape) -> bool:
    """True if two values, of which either may be MISSING, mean the same."""
    return same(undefaulted(left, shape), undefaulted(right, shape))


def undefaulted(value: Json, shape: Shape) -> Json:
    """In canonical form, with a default as MISSING."""
    short = MISSING if value is MISSING else canonical_value(value, shape)
    return MISSING if same(short, shape.default) else short


def identity(item: Json, shape: Shape) -> str:
    """The key of an item in a list: type and name where it has them, else all of it."""
    if shape.by_type is None or not isinstance(item, dict):
        short = undefaulted(item, shape)
        return canonical_json(None if short is MISSING else short)
    inner = item.get(str(item.get("type")))
    return canonical_json([item.get("type"), (inner if isinstance(inner, dict) else item).get("name")])


def canonical_json(value: Json) -> str:
    """The one JSON text of a value: sorted keys, no spaces, one final form for each number; no NaN."""
    if type(value) is str:
        return _TEXT(value)
    if isinstance(value, dict):
        if isinstance(value, Noted) and value.notes is not None:
            if canonical_json not in value.notes:
                value.notes[canonical_json] = canonical_json(dict(value))
            return str(value.notes[canonical_json])
        members = ",".join(f"{_TEXT(key)}:{canonical_json(value[key])}" for key in sorted(value))
        return f"{{{members}}}"
    if isinstance(value, list | tuple):
        if not isinstance(value, Shared):
            return f"[{','.join(map(canonical_json, value))}]"
        if canonical_json not in value.notes:
            value.notes[canonical_json] = canonical_json(list(value))
        return str(value.notes[canonical_json])
    return _DUMP(number(value))


_LONGEST_ITEM = 16_384
_ANY = Shape()
_FEW, _MOST_LISTS = 4, 256
_LISTS: dict[tuple[int, ...], Shared] = {}
"""By the ids of their items, which each list keeps alive."""
_DUMP = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_TEXT = json.encoder.encode_basestring


def hashed(value: Json) -> bytes:
    """The SHA-256 of the canonical JSON of a value."""
    if isinstance(value, Shared):
        if hashed not in value.notes:
            value.notes[hashed] = hashed(list(value))
        return bytes(value.notes[hashed])
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).digest()


def digest(value: Json) -> str:
    """`sha256:…` over the canonical JSON of a value."""
    return "sha256:" + hashed(value).hex()
