"""Where each value of a rendered manifest was written. Pure; knows values and places, reads no file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.model import Json, Place
from .located import Map, Seq, place_of
from .yaml import parse_text


@dataclass(frozen=True, slots=True)
class Origin:
    """The place of a value in its layer, and of the variables in it: a place, or the flag that set them."""

    place: Place
    variables: Mapping[str, str]

    def __str__(self) -> str:
        """`retinue.yaml:5, var.model from retinue.yaml:9`."""
        names = (f"var.{name} from {where}" for name, where in self.variables.items())
        return ", ".join([f"{self.place.file}:{self.place.line}", *names])


Uses = Mapping[Place, Mapping[str, str]]
"""By the place of a value, the variables in it and where each has its value from."""


def origins_of(document: Mapping[str, Json], spec: Map, uses: Uses) -> dict[str, Origin]:
    """By JSON pointer into `document`: each field, and below it what comes from another file or has variables.

    `spec`: the located value that the document was made of.
    """
    found: dict[str, Origin] = {}
    for name, value in document.items():
        if name in spec:
            found |= _below(value, (name,), spec, "", uses)
    return found


def _below(value: Json, path: tuple[str | int, ...], spec: Map, above: str, uses: Uses) -> dict[str, Origin]:
    place = place_of(spec, path) or spec.place
    variables = {} if isinstance(value, dict | list) else uses.get(place, {})
    found = {pointer(path): Origin(place, variables)} if place.file != above or variables else {}
    for step, inner in _members(value):
        found |= _below(inner, (*path, step), spec, place.file, uses)
    return found


def _members(value: Json) -> Iterator[tuple[str | int, Json]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def pointer(path: tuple[str | int, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def commented(text: str, comments: Mapping[str, str]) -> str:
    """YAML with a comment (one printable line each) behind the values at the pointers.

    A comment never stands inside a text: it follows the first line of a block, the last line of anything else.
    """
    lines = text.split("\n")
    (document,) = parse_text(text, "").documents
    starts = dict(_starts(document.value, ()))
    taken = sorted({*starts.values(), len(lines)})
    for path, comment in comments.items():
        first = starts[path]
        last = next(line for line in taken if line > first) - 1
        holds_lines = _value_at(document.value, path)
        line = first if holds_lines or lines[first - 1].endswith(("|", "|-", "|+")) else last
        lines[line - 1] += f"  # {comment}"
    return "\n".join(lines)


def _value_at(value: Any, path: str) -> bool:
    """Whether the value is a collection, whose members have lines of their own."""
    for step in path.split("/")[1:]:
        value = value[int(step)] if type(value) is Seq else value[step.replace("~1", "/").replace("~0", "~")]
    return type(value) in (Map, Seq) and bool(value)


def _starts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, int]]:
    """By pointer, the line of each key or item of a document."""
    if type(value) is Map:
        places: Any = value.keys_at
    elif type(value) is Seq:
        places = value.items_at
    else:
        return
    for step, inner in _members(value):
        yield pointer((*path, step)), places[step].line
        yield from _starts(inner, (*path, step))
