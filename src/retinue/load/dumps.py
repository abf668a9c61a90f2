"""The bytes of an export to JSON values, these to single objects in any wrapping, and their names. Reads no files."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, count

from ..core.model import Diagnostic, Json, Kind, Place, Severity, Shape
from ..core.patterns import pattern
from ..core.spelling import snake
from ..core.strictjson import DECODER
from .builder import shorten
from .files import place_in, printable

_NO_SPACE = pattern(r"[^ \t\r\n]")
_PYTHON = pattern(r"[\[(]?\s*(?:\w+\(|\w+\[|\{')")
_MOST_PROBLEMS = 20
_LONGEST = 63
_FOREIGN = pattern(r"[^a-z0-9]+")
_TAIL = 6
_RANDOM = pattern(r"_|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-")
"""In an id that no person chose as a name."""
_DEVICE = pattern(r"(?i:con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(?:\..*)?|.*[. ]")
VOLATILE = frozenset(("id", "object", "created_at"))
_PAGE = frozenset(("data", "items", "results", "value", "rows", "agents", "body", "pages", "response", "result"))
"""Members below which services, their tools and scripts keep what they listed."""


def objects_from_text(data: bytes, file: str, kinds: Sequence[Kind]) -> tuple[list[Json], list[Diagnostic]]:
    """The objects in an export: a list envelope, a bare list, single objects, or one value after the other (JSONL).

    `kinds`: those that have an `export`.
    """
    try:
        text = data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        at, message = place_in(before, len(before), file), f"`{printable(file)}` is not UTF-8 text from here on"
        return [], [Diagnostic("text-not-utf8", message, "Save it as UTF-8.", at)]
    values: list[Json] = []
    end = 0
    while begin := _NO_SPACE.search(text, end):
        try:
            value, end = DECODER.raw_decode(text, begin.start())
        except (ValueError, RecursionError) as error:
            return [], [_no_json(error, text, begin.start(), file)]
        values.append(value)
    if not any(isinstance(item, dict) and item for item in flat(values, kinds)[0]):
        message = f"`{printable(file)}` holds no object"
        return [], [Diagnostic("export-empty", message, expected(kinds), Place(file, 1, 1))]
    return values, []


def expected(kinds: Sequence[Kind]) -> str:
    """What a file should hold."""
    listing = next((one.export.listing for one in kinds if one.export and one.export.listing), "")
    return f"It should hold {plurals(kinds)} as the API lists them, for example the answer of {listing}."


def plurals(kinds: Sequence[Kind], between: str = " or ") -> str:
    return between.join(kind.plural for kind in kinds)


def flat(values: Sequence[Json], kinds: Sequence[Kind]) -> tuple[list[Json], list[Diagnostic]]:
    """The single objects in lists and envelopes, in their order, and what is known to be missing."""
    found, notes = list[Json](), list[Diagnostic]()
    waiting: list[Json] = [*reversed(values)]
    more = False
    while waiting:
        value = waiting.pop()
        members = value if isinstance(value, list) else _members(value, kinds, notes)
        if members is None:
            found.append(value)
        else:
            # Of the pages in one file only the last can say that others are missing.
            more = value.get("has_more") is True if isinstance(value, dict) else more
            waiting.extend(reversed(members))
    if more:
        message = f"the export is one page of several (`has_more` is true); the other {plurals(kinds)} are not in it"
        paged = next((kind.export.paged for kind in kinds if kind.export), "")
        remedy = f"Export all pages if you can: {paged}."
        notes.append(Diagnostic("export-page", message, remedy, severity=Severity.WARNING))
    return found, notes[:_MOST_PROBLEMS]


def _members(value: Json, kinds: Sequence[Kind], notes: list[Diagnostic]) -> list[Json] | None:
    """What an envelope holds; None for an object of its own."""
    if not isinstance(value, dict) or "id" in value or any(name in value for kind in kinds for name in kind.required):
        return None
    names = _PAGE | {kind.export.envelope for kind in kinds if kind.export}
    known = {key: item for key, item in value.items() if key in names and isinstance(item, list | dict)}
    if not known:
        # Objects by their ids.
        by_id = all(isinstance(item, dict) and item.get("id") == key for key, item in value.items())
        return [*value.values()] if value and by_id else None
    for key in (key for key, item in value.items() if isinstance(item, list) and item and key not in known):
        entries = f"{len(value[key])} {'entry' if len(value[key]) == 1 else 'entries'}"
        message = f"`{printable(key[:60])}` of the export ({entries}) was left out: only {plurals(kinds)} are read"
        remedy = "If they are wanted, put them into a file of their own and import that."
        notes.append(Diagnostic("export-other", message, remedy, severity=Severity.WARNING))
    return [*known.values()]


def _no_json(error: Exception, text: str, position: int, file: str) -> Diagnostic:
    at = place_in(text, error.pos if isinstance(error, json.JSONDecodeError) else position, file)
    if _PYTHON.match(text, position):
        remedy = "This looks like Python's own notation. Export with `print(page.model_dump_json())` instead."
        return Diagnostic("json-syntax", f"`{printable(file)}` is not JSON", remedy, at)
    if isinstance(error, RecursionError):
        reason = "values are nested too deep"
    elif isinstance(error, json.JSONDecodeError):
        reason = error.msg[:1].lower() + error.msg[1:]
    else:
        reason = "a number is too long" if "integer string conversion" in str(error) else str(error)
    remedy = "Export again, or correct the file in this place; it should be JSON as the API returns it."
    return Diagnostic("json-syntax", f"`{printable(file)}` is not valid JSON: {reason}", remedy, at)


def respelled(value: Json, shape: Shape) -> Json:
    """As the API spells members, where an SDK has printed `topP` for `top_p`, or `[]` for an empty object."""
    if value == [] and (shape.properties is not None or shape.values is not None):
        return {}
    if value == {} and shape.items is not None:
        return []
    if isinstance(value, list):
        return [respelled(item, shape.items or Shape()) for item in value]
    if not isinstance(value, dict) or (known := shape.of(value).properties) is None:
        return value
    found: dict[str, Json] = {}
    for key, item in value.items():
        name = key if key in known or snake(key) in value else snake(key)
        name = name if name in known else key
        found[name] = respelled(item, known.get(name, Shape()))
    return found


def lost(source: Mapping[str, Json], kind: Kind) -> Iterator[str]:
    """Pointers to what says something and is not a field of the kind."""
    for key, value in source.items():
        if key in kind.fields:
            yield from _lost(value, kind.fields[key].shape, f"/{key}")
        elif value not in (None, [], {}) and key not in VOLATILE:
            yield f"/{key}"


def _lost(value: Json, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _lost(item, shape.items or Shape(), f"{path}/{index}")
    elif isinstance(value, dict) and (known := shape.of(value).properties) is not None:
        for key, item in value.items():
            if key in known:
                yield from _lost(item, known[key], f"{path}/{key}")
            elif item not in (None, [], {}):
                yield f"{path}/{key}"
    elif isinstance(value, dict) and shape.values is not None:
        # Such a value would take the pair away.
        yield from (f"{path}/{key}" for key, item in value.items() if item is not None and item in shape.values.empty)


def unique_name(display: Json, old_id: Json, taken: Collection[str], kind: Kind) -> str:
    """A free name close to the display name; without one, made of the id, so that it is the same next time."""
    named = isinstance(old_id, str) and not _RANDOM.search(old_id)
    tail = slug(old_id.rpartition("_")[2][:_TAIL]) if isinstance(old_id, str) else ""
    stem = slug(display) or (slug(old_id) if named else "") or slug(f"{kind.word}-{tail}")
    stem = f"{kind.word.replace('_', '-')}-{stem}" if is_device(stem) else stem
    numbered = (stem[: _LONGEST - len(f"-{n}")].rstrip("-") + f"-{n}" for n in count(2))
    return next(name for name in chain([stem], numbered) if name not in taken)


def is_device(name: str) -> bool:
    """True if Windows allows no file of this name, whatever its extension: `con`, `NUL.txt`, `a.`."""
    return _DEVICE.fullmatch(name) is not None


def slug(text: Json) -> str:
    """Lower-case letters, digits and hyphens; accents go, other scripts leave nothing."""
    if not isinstance(text, str):
        return ""
    folded = unicodedata.normalize("NFKD", text[: 4 * _LONGEST].casefold())
    ascii_only = folded.encode("ascii", "ignore").decode("ascii")
    return _FOREIGN.sub("-", ascii_only).strip("-")[:_LONGEST].rstrip("-")


def label_of(item: Mapping[str, Json], kind: Kind | None) -> str:
    """`Handbook` (asst_123), for a message: printable and short, whatever the export says. `kind`: if it is known."""
    texts = [item[key][:200] for key in ("name", "id") if isinstance(item.get(key), str) and item[key]]
    if not texts:
        return f"{kind.one if kind else 'an object'} without a name"
    parts = [shorten("".join(char if char.isprintable() else " " for char in text)) for text in texts]
    return f"`{parts[0]}`" + (f" ({parts[1]})" if len(parts) > 1 else "")
