"""Plain dicts and lists that remember where each of their values was written. Holds no rule about what is valid."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ..core.canonical import Noted
from ..core.model import Place


class AsWritten(Place):
    """The place of a value that is not spelled as its text here: `1e3` is 1000.0, `1.10` is 1.1, `True` is true."""

    text: str


def spelled(at: Place, text: str, value: Any) -> Place:
    """The place of a number or boolean; it keeps the text where the value does not."""
    if json.dumps(value) == text:
        return at
    written = AsWritten(*at)
    written.text = text
    return written


class Map(Noted):
    """A mapping with the place of itself, of each key and of each value."""

    __slots__ = ("keys_at", "place", "values_at")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.keys_at: dict[str, Place] = {}
        self.values_at: dict[str, Place] = {}

    def put(self, key: str, value: Any, key_at: Place, value_at: Place) -> None:
        self[key] = value
        self.keys_at[key] = key_at
        self.values_at[key] = value_at

    def copy(self) -> Map:
        """Of this mapping alone: its values are shared."""
        result = Map(self.place)
        result.update(self)
        result.keys_at.update(self.keys_at)
        result.values_at.update(self.values_at)
        return result

    def without(self, keys: Collection[str]) -> Map:
        result = self.copy()
        for key in result.keys() & set(keys):
            for part in (result, result.keys_at, result.values_at):
                del part[key]
        return result


class Seq(list[Any]):
    """A sequence with the place of itself and of each item."""

    __slots__ = ("items_at", "place")

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.items_at: list[Place] = []

    def put(self, value: Any, item_at: Place) -> None:
        self.append(value)
        self.items_at.append(item_at)

    def pairs(self) -> Iterator[tuple[Any, Place]]:
        """Each item with its place."""
        return zip(self, self.items_at, strict=True)


def shared(value: Any) -> Any:
    """The value, whose mappings remember from now on what is worked out about them: several documents share it."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if type(item) is Map and item.notes is None:
            item.notes = {}
            waiting.extend(item.values())
        elif type(item) is Seq:
            waiting.extend(item)
    return value


def mappings_in(data: Map, key: str) -> dict[str, Map]:
    """The members of `data[key]` that are mappings: none where it is something else."""
    members = data.get(key)
    return {name: item for name, item in members.items() if type(item) is Map} if type(members) is Map else {}


def children(value: Any) -> list[tuple[str | int, Any, Place]]:
    """The values right below a located one, each with its step and its place; none below a plain one."""
    if type(value) is Map:
        return [(key, item, value.values_at[key]) for key, item in value.items()]
    return [(index, *pair) for index, pair in enumerate(value.pairs())] if type(value) is Seq else []


def place_of(root: Any, path: Sequence[str | int], *, key: bool = False) -> Place | None:
    """The place of the value at `path` below `root` (of its key, if `key`); of the nearest known parent otherwise."""
    here: Any = root
    found: Place | None = getattr(root, "place", None)
    for depth, step in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(here, Map) and isinstance(step, str) and step in here:
            found = (here.keys_at if key and last else here.values_at)[step]
            here = here[step]
        elif isinstance(here, Seq) and isinstance(step, int) and 0 <= step < len(here):
            found = here.items_at[step]
            here = here[step]
        else:
            break
    return found
