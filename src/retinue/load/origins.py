"""Where each value of a rendered manifest was written. Pure; knows values and places, reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from ..core.model import Json, Place
from ..core.patterns import pattern
from ..core.values import dataclass
from .composing import Composed
from .located import Map, Seq, place_of
from .yaml import parse_text

# The line that opens a block text: indentation, dashes, a key, dashes, and nothing behind the sign.
_BLOCK = pattern(r"""\s*(- )*(([^\s"']((?!: ).)*|"([^"\\]|\\.)*"|'([^']|'')*'): )?(- )*\|[-+]?""")
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
