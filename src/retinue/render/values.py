"""Values of fields as short, clean texts of one line. A cut is marked."""

from __future__ import annotations

import json
import re
import unicodedata

from ..core.model import MISSING, Json, Shape
from ..core.references import target_of
from .leaves import names
from .safe import clean, cut

# A text that reads like another kind of value, or whose ends cannot be seen, is quoted.
_UNCLEAR = re.compile(r"|true|false|null|yes|no|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?|\s.*|.*\s|[\"\[{(].*", re.DOTALL)
_KEY = re.compile(r"[\w.$/-]+(?: [\w.$/-]+)*")


def short(value: Json) -> str:
    """Any value on one line, whole: text plain where that is clear, lists and objects in YAML's flow style."""
    if value is None:
        return "null"
    if value is MISSING:
        return "(none)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if (address := target_of(value)) is not None:
        return clean(str(address))
    if isinstance(value, dict):
        plain = {key: key if key.isascii() and _KEY.fullmatch(key) else _quoted(key) for key in value}
        inner = (f"{plain[key]}: {_nested(item)}" for key, item in value.items())
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_nested, value)) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    return _quoted(value) if _UNCLEAR.fullmatch(value) else clean(value)


def looks_alike(before: str, after: str) -> bool:
    """Whether two different texts cannot be told apart by eye: another composition, another kind of space."""
    return before != after and unicodedata.normalize("NFKC", before) == unicodedata.normalize("NFKC", after)


def brief(value: Json, shape: Shape, width: int) -> str:
    """A value within `width` columns: a long text by its first line, a list of tools by their names."""
    if isinstance(value, str) and "\n" in value:
        count = f" ({value.count(chr(10)) + 1} lines)"
        first = next((line for line in value.split("\n") if line.strip()), "")
        return cut(clean(first.strip()), max(10, width - len(count))) + count
    known = names(value, shape) if isinstance(value, list) else None
    if known:
        return cut(clean(", ".join(known)), width)
    if isinstance(value, dict) and len(value) > 1 and "type" in value:
        # `json_schema triage` for `{type: json_schema, json_schema: {name: triage, …}}`.
        inner = value.get(str(value["type"]))
        name = inner.get("name") if isinstance(inner, dict) else None
        return cut(f"{short(value['type'])} {short(name)}" if name is not None else short(value), width)
    return cut(short(value[: 4 * width] if isinstance(value, str) else value), width)


def _quoted(text: str) -> str:
    return clean(json.dumps(text, ensure_ascii=False))


def _nested(value: Json) -> str:
    if isinstance(value, str) and re.search(r"[,:\[\]{}]", value):
        return _quoted(value)
    return short(value)
