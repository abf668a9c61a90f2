"""Where in the files the changes of a plan are written, as notes: where an author would edit them. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from ..core.canonical import canonical_item, canonical_value, same
from ..core.model import MISSING, WRITTEN, Change, Desired, Diagnostic, Json, Kind, Place, Severity, Shape
from .files import Files
from .located import place_of
from .manifests import Loaded

_NAME = re.compile(r"\$\{var\.([\w-]+)\}")
_VARIABLE = re.compile(r"""["']?\$\{var\.[\w-]+\}["']?\s*([,}\]#].*)?""")
_BLOCK = re.compile(r"\|[-+0-9]*\s*(#.*)?")
_SOURCE = re.compile(r"(.+):([0-9]+)")
_Steps = tuple[str | int, ...]


def places(
    changes: Sequence[Change],
    written: Mapping[str, Desired],
    loaded: Loaded,
    kinds: Mapping[str, Kind],
    root: Path,
) -> Iterator[Diagnostic]:
    """A note for each new object and for each place of a field that changes. `written`: the manifests by address."""
    files = Files(root)

    @cache
    def lines_of(name: str) -> list[str]:
        data = files.read_bytes(name)
        return [] if isinstance(data, Diagnostic) else data.decode("utf-8", "replace").split("\n")

    def line_at(at: Place) -> str:
        lines = lines_of(at.file)
        return lines[at.line - 1][at.column - 1 :].rstrip() if at.line <= len(lines) else ""

    for change in changes:
        desired, kind = written.get(str(change.address)), kinds[change.address.kind]
        if desired is None or desired.place is None or kind.by_content:
            continue
        found: list[tuple[str | None, Place]] = [(None, desired.place)] if change.action.makes else []
        for field in () if change.action.makes else change.fields:
            shape = kind.fields[field.name].shape if field.name in kind.fields else Shape()
            stated = field.name in desired.spec
            for path in _differing(field.before, field.after, shape, (field.name,)) if stated else [()]:
                at = (place_of(desired.spec, path) if path else None) or desired.place
                values = [_value(side, path[1:]) for side in (field.before, field.after)]
                exact = _exact(at, values[0], values[1], path == (kind.body,), loaded, line_at)
                found += ((field.path, place) for place in exact)
        for name, at in dict.fromkeys(found):
            what = f"{name.removeprefix('/')} of {change.address}" if name else str(change.address)
            message = f"{what} is written in {at.file}:{at.line}"
            yield Diagnostic(WRITTEN, message, None, at, str(change.address), name, Severity.INFO)


def _exact(
    at: Place, before: Json, after: Json, body: bool, loaded: Loaded, line_at: Callable[[Place], str]
) -> Iterator[Place]:
    """The line of a text where it begins to differ, and where each variable on it is set; of a lone one only that."""
    included, number = loaded.included.get(at), 0
    if isinstance(after, str) and "\n" in after:
        old, new = (str(before).split("\n") if isinstance(before, str) else []), after.split("\n")
        pairs = zip(old, new, strict=False)
        number = next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new) - 1))
    names = loaded.uses.get(at, ())
    if isinstance(after, str) and included and PurePosixPath(included).suffix not in (".yaml", ".yml", ".json"):
        at = Place(included, 1 + number, 1)
    elif "\n" in str(after):
        block = _BLOCK.fullmatch(line_at(at)) is not None
        at = at._replace(line=at.line + number + block) if block or (body and at.column == 1) else at
    text = line_at(at) if names else ""
    if not _VARIABLE.fullmatch(text):
        yield at
    for name in dict.fromkeys(_NAME.findall(text)):
        if source := _SOURCE.fullmatch(loaded.sources.get(name, "")):
            yield Place(source[1], int(source[2]), 1)


def _differing(before: Json, after: Json, shape: Shape, path: _Steps) -> list[_Steps]:
    """The paths below which a stated value differs; the path of a list or an object from which something goes."""
    found: list[_Steps] = []
    if isinstance(before, dict) and isinstance(after, dict):
        shape = (shape.by_type or {}).get(str(after.get("type")), shape)
        for key, value in after.items():
            sub = (shape.properties or {}).get(key) or shape.values or Shape()
            sides = [canonical_value(side, sub) for side in (before.get(key), value)]
            if not same(*(sub.default if side is MISSING else side for side in sides)):
                found += _differing(before.get(key), value, sub, (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        items = shape.items or Shape()
        known = [canonical_item(item, items) for item in before]
        held = set(map(id, known))  # equal items are mostly one and the same
        for number, item in enumerate(after):
            short = canonical_item(item, items)
            if id(short) not in held and not any(same(short, other) for other in known):
                partner = next((other for other in before if _name(other) == _name(item) is not None), None)
                found += _differing(partner, item, items, (*path, number))
    return found or [path]


def _name(item: Json) -> tuple[Json, Json] | None:
    """What tells an object in a list: its type and its name."""
    if not isinstance(item, dict):
        return None
    inner = item.get(str(item.get("type")))
    return item.get("type"), item.get("name", inner.get("name") if isinstance(inner, dict) else None)


def _value(value: Json, path: Sequence[str | int]) -> Json:
    """The value at a path; None where nothing is there."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value
