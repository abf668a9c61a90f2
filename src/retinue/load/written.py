"""Where in the files the changes of a plan are written, as notes: where an author would edit them. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePosixPath

from ..core.canonical import canonical_item, canonical_json, equal, identity
from ..core.model import MISSING, WRITTEN, Change, Desired, Diagnostic, Json, Kind, Place, Severity, Shape
from .composing import Composed
from .files import Files
from .located import place_of
from .manifests import Loaded

_NAME = re.compile(r"\$\{var\.([\w-]+)\}")
_VARIABLE = re.compile(r"""["']?\$\{var\.[\w-]+\}["']?\s*([,}\]#].*)?""")
_BLOCK = re.compile(r"\|[-+0-9]*\s*(#.*)?")
_MOST = 10
"""Places of one field: more are never looked up."""
_Differing = tuple[tuple[str | int, ...], Json, Json]


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
            differing: list[_Differing] = [((), None, None)]
            if field.name in desired.spec:
                differing = _differing((field.name,), field.before, field.after, shape)
            for path, before, after in differing[:_MOST]:
                at = (place_of(desired.spec, path) if path else None) or desired.place
                exact = _exact(at, before, after, path == (kind.body,), loaded, line_at)
                found += ((field.path, place) for place in exact)
        for name, at in dict.fromkeys(found):
            what = f"{name.removeprefix('/')} of {change.address}" if name else str(change.address)
            message = f"{what} is written in {at.file}:{at.line}"
            yield Diagnostic(WRITTEN, message, None, at, str(change.address), name, Severity.INFO)


def _exact(
    at: Place, before: Json, after: Json, body: bool, loaded: Loaded, line_at: Callable[[Place], str]
) -> Iterator[Place]:
    """The line of a text where it begins to differ, and where each variable on it is set; of a lone one only that."""
    number = 0
    if isinstance(after, str) and "\n" in after:
        old, new = (str(before).split("\n") if isinstance(before, str) else []), after.split("\n")
        pairs = zip(old, new, strict=False)
        number = next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(old), len(new) - 1))
    if isinstance(at, Composed):
        at, line = at.part_at(number + 1)
        number = line - 1
    included, names = loaded.included.get(at), loaded.uses.get(at, ())
    if isinstance(after, str) and included and PurePosixPath(included).suffix not in (".yaml", ".yml", ".json"):
        at = Place(included, 1 + number, 1)
    elif "\n" in str(after):
        block = _BLOCK.fullmatch(line_at(at)) is not None
        at = at._replace(line=at.line + number + block) if block or (body and at.column == 1) else at
    text = line_at(at) if names else ""
    if not _VARIABLE.fullmatch(text):
        yield at
    for name in dict.fromkeys(_NAME.findall(text)):
        file, _, row = loaded.sources.get(name, "").rpartition(":")
        if row.isdecimal():
            yield Place(file, int(row), 1)


def _differing(path: tuple[str | int, ...], before: Json, after: Json, shape: Shape) -> list[_Differing]:
    """Where a stated value differs, as deep as that can be told; a list or an object from which something goes."""
    found: list[_Differing] = []
    if isinstance(before, dict) and isinstance(after, dict):
        shape = (shape.by_type or {}).get(str(after.get("type")), shape)
        for key, value in after.items():
            sub = (shape.properties or {}).get(key) or shape.values or Shape()
            if not equal(before.get(key), value, sub):
                found += _differing((*path, key), before.get(key), value, sub)
    elif isinstance(before, list) and isinstance(after, list):
        items = shape.items or Shape()
        known = {_key(item, items) for item in before}
        for number, item in enumerate(after):
            if _key(item, items) not in known:
                # The item with the same type and name, of which a part may differ.
                partner = next((it for it in before if identity(it, items) == identity(item, items)), None)
                found += _differing((*path, number), partner, item, items)
    return found or [(path, before, after)]


def _key(item: Json, shape: Shape) -> str:
    short = canonical_item(item, shape)
    return "" if short is MISSING else canonical_json(short)
