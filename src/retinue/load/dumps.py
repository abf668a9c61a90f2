"""The bytes of an export to JSON values, and these to single objects, whatever wraps them. Reads no files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from ..core.model import Diagnostic, Json, Place, Severity
from ..core.strictjson import DECODER
from .files import place_in

_SPACE = re.compile(r"[ \t\r\n]*")
_PYTHON = re.compile(r"[\[(]?\s*(?:\w+\(|\w+\[|\{')")
_MEMBERS = ("data", "assistants")
_MOST_PROBLEMS = 20


def objects_from_text(data: bytes, file: str) -> tuple[list[Json], list[Diagnostic]]:
    """The objects in an export: a list envelope, a bare list, single objects, or one value after the other (JSONL)."""
    text = _decoded(data, file)
    if isinstance(text, Diagnostic):
        return [], [text]
    values: list[Json] = []
    position = _skip(text, 0)
    while position < len(text):
        try:
            value, end = DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            return [], [_no_json(error, text, position, file)]
        values.append(value)
        position = _skip(text, end)
    if next(_flat(values, []), None) is None:
        remedy = "It should hold assistants as the API lists them, for example the answer of GET /assistants."
        return [], [Diagnostic("export-empty", f"`{_shown(file)}` holds no object", remedy, Place(file, 1, 1))]
    return values, []


def flat(values: Sequence[Json]) -> tuple[list[Json], list[Diagnostic]]:
    """The single objects in lists and list envelopes, in their order, and what is known to be missing."""
    notes: list[Diagnostic] = []
    return list(_flat(values, notes)), notes[:_MOST_PROBLEMS]


def _flat(values: Sequence[Json], notes: list[Diagnostic]) -> Iterator[Json]:
    waiting: list[Json] = list(reversed(values))
    while waiting:
        value = waiting.pop()
        members = value if isinstance(value, list) else _members(value, notes)
        if members is None:
            yield value
        else:
            waiting.extend(reversed(members))


def _members(value: Json, notes: list[Diagnostic]) -> list[Json] | None:
    """What an envelope holds; None for an object of its own."""
    if not isinstance(value, dict) or "model" in value:
        return None
    members = next((value[key] for key in _MEMBERS if isinstance(value.get(key), list)), None)
    if members is not None and value.get("has_more") is True:
        message = "the export is one page of several (`has_more` is true); the other assistants are not in it"
        remedy = "Export all pages if you can: GET /assistants?limit=100&after=LAST_ID until `has_more` is false."
        notes.append(Diagnostic("export-page", message, remedy, severity=Severity.WARNING))
    return members


def _decoded(data: bytes, file: str) -> str | Diagnostic:
    """Text in the encoding that JSON files have, byte order mark or not."""
    try:
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        at = place_in(before, len(before), file)
        return Diagnostic("text-not-utf8", f"`{_shown(file)}` is not UTF-8 text from here on", "Save it as UTF-8.", at)


def _no_json(error: Exception, text: str, position: int, file: str) -> Diagnostic:
    at = place_in(text, error.pos if isinstance(error, json.JSONDecodeError) else position, file)
    if _PYTHON.match(text, position):
        remedy = "This looks like Python's own notation. Export with `print(page.model_dump_json())` instead."
        return Diagnostic("json-syntax", f"`{_shown(file)}` is not JSON", remedy, at)
    if isinstance(error, RecursionError):
        reason = "values are nested too deep"
    elif isinstance(error, json.JSONDecodeError):
        reason = error.msg[:1].lower() + error.msg[1:]
    else:
        reason = "a number is too long" if "integer string conversion" in str(error) else str(error)
    remedy = "Export again, or correct the file in this place; it should be JSON as the API answers it."
    return Diagnostic("json-syntax", f"`{_shown(file)}` is not valid JSON: {reason}", remedy, at)


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "�" for char in name)
