"""Where each value of a rendered manifest was written, and how many manifests share a file that changes.

Pure; knows values and places, reads no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from ..core.model import Action, Address, Cause, Change, Diagnostic, Json, Kind, Place, Severity
from ..core.pointer import split_pointer
from ..core.values import dataclass
from .composing import Composed
from .located import Map, Seq, children, place_of
from .manifests import Loaded
from .yaml import parse_text

# The line that opens a block text: indentation, dashes, a key, dashes, and nothing behind the sign.
_BLOCK = re.compile(r"""\s*(- )*(([^\s"']((?!: ).)*|"([^"\\]|\\.)*"|'([^']|'')*'): )?(- )*\|[-+]?""")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of a value in its layer; `variables`: by name, where each variable in it has its value from."""

    place: Place
    variables: Mapping[str, str]

    def __str__(self) -> str:
        """`retinue.yaml:5, var.model from retinue.yaml:9`."""
        names = (f"var.{name} from {where}" for name, where in self.variables.items())
        return ", ".join([f"{self.place.file}:{self.place.line}", *names])


Uses = Mapping[Place, Mapping[str, str]]
"""By the place of a value, the variables in it and where each has its value from."""


def origins_of(document: Mapping[str, Json], spec: Any, uses: Uses) -> dict[Path, Origin]:
    """By path into `document`: each field, and below it what comes from another file or has variables in it.

    `spec`: the located value that the document was made of.
    """
    found: dict[Path, Origin] = {}
    for name, value in document.items():
        if name in spec:
            found |= _below(value, (name,), spec, "", uses)
    return found


def _below(value: Json, path: Path, spec: Any, above: str, uses: Uses) -> dict[Path, Origin]:
    place = place_of(spec, path) or spec.place
    written = place.parts.items_at if isinstance(place, Composed) else [place]
    variables = {} if isinstance(value, dict | list) else dict(chain(*(uses.get(at, {}).items() for at in written)))
    found: dict[Path, Origin] = {}
    if place.file != above or variables:
        found[path] = Origin(place, variables)
    for step, inner in _members(value):
        found |= _below(inner, (*path, step), spec, place.file, uses)
    return found


def _members(value: Json) -> Iterable[tuple[str | int, Json]]:
    return value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()


def commented(text: str, comments: Mapping[Path, str]) -> str:
    """One YAML document with a comment, of one printable line, behind each value that has one.

    A comment never stands inside a text: it follows the line that opens a block, and the last line of anything else.
    """
    parsed = parse_text(text, "")
    if len(parsed.documents) != 1:
        return text
    lines = text.split("\n")
    starts = dict(_starts(parsed.documents[0].value, ()))
    taken = sorted({*starts.values(), len(lines)})
    blocks = {number for number in taken if _BLOCK.fullmatch(lines[number - 1])}
    for path, comment in comments.items():
        first = starts[path]
        last = first if first in blocks else next(line for line in taken if line > first) - 1
        lines[last - 1] += f"  # {comment}"
    return "\n".join(lines)


def _starts(value: Any, path: Path) -> Iterator[tuple[Path, int]]:
    """By path, the line of each key or item of a document."""
    places: Any = value.keys_at if type(value) is Map else value.items_at if type(value) is Seq else None
    for step, inner in _members(value):
        yield (*path, step), places[step].line
        yield from _starts(inner, (*path, step))


_CHANGING = (Action.UPDATE, Action.REPLACE, Action.ADOPT, Action.MOVE)


def shared_file_notes(loaded: Loaded, changes: Sequence[Change], kinds: Mapping[str, Kind]) -> list[Diagnostic]:
    """`prompts/common.md is used by 7 assistants, 2 of which change here`, for each such file behind a change.

    None where all of them change: the plan shows them.
    """
    if not loaded.included:
        return []
    known: dict[int, tuple[str, ...]] = {}

    def files_of(data: Map, keys: Iterable[str]) -> set[str]:
        parts = (_files_in(data[key], data.values_at[key], loaded.included, known) for key in keys)
        return {*chain.from_iterable(parts)}

    changing: dict[str, set[Address]] = {}
    for change in changes:
        data = loaded.rendered.get(change.address)
        if data is None or change.action not in _CHANGING:
            continue
        keys = {split_pointer(item.path)[0] for item in change.fields if item.cause is not Cause.DRIFT}
        for name in files_of(data, keys & data.keys()):
            changing.setdefault(name, set()).add(change.address)
    users: dict[str, list[Address]] = {}
    for address, data in loaded.rendered.items() if changing else ():
        if address not in loaded.elsewhere:
            for name in files_of(data, data):
                users.setdefault(name, []).append(address)
    notes = []
    for name in (name for name in sorted(changing) if len(users[name]) > len(changing[name])):
        words = {kinds[address.kind].plural for address in users[name]}
        what = words.pop() if len(words) == 1 else "objects"
        total, count = len(users[name]), len(changing[name])
        message = f"{name} is used by {total} {what}, {count} of which change{'s' if count == 1 else ''} here"
        notes.append(Diagnostic("shared-file", message, place=Place(name, 1, 1), severity=Severity.INFO))
    return notes


def _files_in(
    value: Any, at: Place, included: Mapping[Place, str], known: dict[int, tuple[str, ...]]
) -> tuple[str, ...]:
    """Those behind a value at a place, and below it. `known`: below values, which documents share, by identity."""
    here = (included[at],) if at in included else ()
    if isinstance(at, Composed):
        value = at.parts
    if type(value) is not Map and type(value) is not Seq:
        return here
    below = known.get(id(value))
    if below is None:
        parts = (_files_in(item, place, included, known) for _, item, place in children(value))
        below = known[id(value)] = tuple(dict.fromkeys(chain.from_iterable(parts)))
    return (*here, *below)
