"""A text that is written as a list of texts and includes, joined by one empty line. Reads no file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..core.model import Kind, Place
from .located import Map, Seq


class Composed(Place):
    """The place of a joined text: that of its list. `parts`: its texts as they were written, each with its place."""

    parts: Seq

    def part_at(self, line: int) -> tuple[Place, int]:
        """The part in which a line of the joined text stands, and the number of that line there."""
        found: tuple[Place, int] = (self, 1)
        for text, at in self.parts.pairs():
            lines = joined([text]).count("\n") + 2
            if joined([text]):
                found, line = (at, line + len(text) - len(text.lstrip("\n"))), line - lines
                if line < 1:
                    break
        return found


def composed(kind: Kind, data: Map) -> Map:
    """The manifest with the text of its kind in one piece. A list of anything but texts is left to validation."""
    written = data.get(kind.body)
    if type(written) is not Seq:
        return data
    parts, result, at = Seq(written.place), data.copy(), data.values_at[kind.body]
    for text, text_at in _flat(written):
        parts.put(text, text_at)
    value: Any = parts
    if parts and all(type(text) is str for text in parts):
        value, at = joined(parts), Composed(*at)
        at.parts = parts
    result.put(kind.body, value, data.keys_at[kind.body], at)
    return result


def joined(texts: Iterable[str]) -> str:
    """Line ends around a text do not count, and an empty one adds nothing."""
    return "\n\n".join(bare for text in texts if (bare := re.sub("\r+\n", "\n", text).strip("\n")))


def changed_part(texts: list[str], new: str) -> tuple[int, str] | None:
    """The one text in which `new` differs from all of them joined, by its number, and what it is there."""
    found = []
    for index, text in enumerate(texts):
        before, after = joined(texts[:index]), joined(texts[index + 1 :])
        start, end = before and f"{before}\n\n", after and f"\n\n{after}"
        middle = new[len(start) : len(new) - len(end)]
        if joined([text]) and middle and joined([middle]) == middle and f"{start}{middle}{end}" == new:
            found.append((index, middle))
    return found[0] if len(found) == 1 else None


def _flat(written: Seq) -> Iterator[tuple[Any, Place]]:
    """The items of a list; of an included file that is a list itself, its items."""
    for item, at in written.pairs():
        if type(item) is Seq and item.place.file != written.place.file:
            yield from _flat(item)
        else:
            yield item, at
