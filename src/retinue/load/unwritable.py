"""Why a JSON value cannot be written as a manifest that means the same. Never recurses, whatever the input."""

from __future__ import annotations

import math
import re

from ..core.model import Json
from .builder import MAX_DEPTH, MAX_VALUES

_SURROGATE = re.compile("[\ud800-\udfff]")
_ADDRESS = re.compile(r"[A-Z][A-Za-z]*/[a-z0-9-]+")
_LONG = 10**99
# A manifest wraps a value in one or two mappings more than the object did.
_DEEPEST = MAX_DEPTH - 4


def unwritable(value: Json) -> str | None:
    """The reason as the end of a sentence, or None."""
    waiting: list[tuple[Json, int]] = [(value, 1)]
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if depth > _DEEPEST:
            return f"is nested deeper than {_DEEPEST} levels"
        if seen > MAX_VALUES:
            return f"holds more than {MAX_VALUES:,} values"
        reason = _mapping(item) if isinstance(item, dict) else _scalar(item)
        if reason is not None:
            return reason
        if isinstance(item, dict):
            waiting.extend((member, depth + 1) for member in item.values())
        elif isinstance(item, list):
            waiting.extend((member, depth + 1) for member in item)
    return None


def _scalar(value: Json) -> str | None:
    if isinstance(value, str):
        return "holds half of a \\u pair" if _SURROGATE.search(value) else None
    if isinstance(value, float) and not math.isfinite(value):
        return "holds a number that is not finite"
    if isinstance(value, int | float) and abs(value) >= _LONG:
        return "holds a number of 100 digits or more"
    if value is None or isinstance(value, (bool, int, float, list)):
        return None
    return f"holds a value that is not JSON ({type(value).__name__})"


def _mapping(value: dict[Json, Json]) -> str | None:
    for key in value:
        if not isinstance(key, str):
            return "has a key that is not text"
        if _SURROGATE.search(key):
            return "holds half of a \\u pair"
    if _reads_as_include(value):
        return f"holds `{{{next(iter(value))}: …}}`, which a manifest reads as an include"
    return None


def _reads_as_include(value: dict[str, Json]) -> bool:
    """The forms that the loader gives a meaning of their own."""
    if isinstance(value.get("file"), str):
        return len(value) == 1 or (len(value) == 2 and "template" in value)
    if len(value) != 1:
        return False
    upload, reference = value.get("upload"), value.get("ref")
    return isinstance(upload, str) or (isinstance(reference, str) and _ADDRESS.fullmatch(reference) is not None)
