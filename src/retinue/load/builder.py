"""Builds located values from a stream of keys, values, opens and closes, within limits. Knows no file format."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from ..core.model import Diagnostic, Place
from .located import Map, Seq

MAX_DEPTH = 64
MAX_VALUES = 100_000
MAX_PROBLEMS = 100

Key: TypeAlias = "str | _Skip | None"


class Document(NamedTuple):
    """One document of a file. An empty one has the value None."""

    value: Any
    place: Place


class Parsed(NamedTuple):
    """The content of a file. `complete` is False where reading had to stop early: the rest of the file is unknown."""

    documents: list[Document]
    diagnostics: list[Diagnostic]
    complete: bool


class Stop(Exception):
    """The rest of this file cannot be read; why has been reported."""


class _Skip:
    """The key was unusable: its value is read and thrown away."""


SKIP = _Skip()


class _Parent(NamedTuple):
    """The state to return to when a collection closes."""

    top: Map | Seq | None
    key: Key
    height: int
    anchor: str | None
    cost: int


class _Anchor(NamedTuple):
    """`value` may be used again once it is `closed`; `cost` counts it with everything below it."""

    value: Any
    closed: bool
    cost: int
    height: int


class Builder:
    """Values go where the last open collection and the last key say. Never recurses, whatever the input."""

    __slots__ = ("anchors", "cost", "documents", "file", "height", "key", "key_at", "problems", "stack", "text", "top")

    def __init__(self, file: str, text: str = "") -> None:
        self.file, self.text = file, text
        self.documents: list[Document] = []
        self.problems: list[Diagnostic] = []
        self.stack: list[_Parent] = []
        self.top: Map | Seq | None = None
        self.key: Key = None
        self.key_at = Place(file, 1, 1)
        self.height = 0
        self.cost = 0
        self.anchors: dict[str, _Anchor] = {}

    def wants_key(self) -> bool:
        return self.key is None and type(self.top) is Map

    def report(self, code: str, message: str, remedy: str, at: Place) -> None:
        self.problems.append(Diagnostic(code, message, remedy, at))
        if len(self.problems) >= MAX_PROBLEMS:
            raise Stop

    def add_key(self, key: str, at: Place) -> None:
        top = self.top
        assert type(top) is Map
        if key in top:
            first = top.keys_at[key].line
            message = f"the key `{shorten(key)}` appears twice in this mapping (first in line {first})"
            self.report("duplicate-key", message, "Keep one of the two.", at)
        self.key, self.key_at = key, at

    def skip_key(self) -> None:
        self.key = SKIP

    def add(self, value: Any, at: Place) -> None:
        """A finished scalar, or a collection that has just been opened."""
        top = self.top
        if type(top) is Map:
            key, self.key = self.key, None
            if type(key) is str:
                top[key] = value
                top.keys_at[key] = self.key_at
                top.values_at[key] = at
        elif type(top) is Seq:
            top.append(value)
            top.items_at.append(at)
        else:
            self.documents.append(Document(value, at))

    def add_scalar(self, value: Any, size: int, at: Place) -> None:
        self.cost += 1 + (size >> 6)
        if self.cost > MAX_VALUES:
            self.spend(0, at)
        self.add(value, at)

    def open(self, collection: Map | Seq, anchor: str | None = None) -> None:
        at = collection.place
        cost = self.cost
        self.spend(1, at)
        self.check_depth(1, at)
        if self.wants_key():
            self.key = SKIP
        else:
            self.add(collection, at)
        self.stack.append(_Parent(self.top, self.key, self.height, anchor, cost))
        if anchor is not None:
            self.anchors[anchor] = _Anchor(collection, False, 0, 0)
        self.top, self.key, self.height = collection, None, 1

    def close(self) -> None:
        closed, height = self.top, self.height
        self.top, self.key, parent_height, anchor, cost = self.stack.pop()
        self.height = max(parent_height, height + 1)
        if anchor is not None:
            self.anchors[anchor] = _Anchor(closed, True, self.cost - cost, height)

    def remember(self, anchor: str, value: Any, size: int) -> None:
        self.anchors[anchor] = _Anchor(value, True, 1 + (size >> 6), 0)

    def repeat(self, anchor: _Anchor, at: Place) -> None:
        """The value of an anchor once more. It is shared, but counts as if it were written out."""
        self.spend(anchor.cost, at)
        self.check_depth(anchor.height, at)
        self.height = max(self.height, anchor.height + 1)
        self.add(anchor.value, at)

    def spend(self, cost: int, at: Place) -> None:
        """Counts values, and long text as several, so that neither many nor repeated ones exhaust the memory."""
        self.cost += cost
        if self.cost > MAX_VALUES:
            message = f"this file holds more than {MAX_VALUES:,} values (every use of an anchor counts)"
            remedy = "Split the file; write repeated parts once, in a file of their own, and use {file: PATH}."
            self.report("too-many-values", message, remedy, at)
            raise Stop

    def check_depth(self, levels: int, at: Place) -> None:
        if len(self.stack) + levels > MAX_DEPTH:
            remedy = "Look for brackets that are never closed, or move the inner part to a file of its own."
            self.report("too-deep", f"values are nested deeper than {MAX_DEPTH} levels", remedy, at)
            raise Stop

    def result(self, *, complete: bool) -> Parsed:
        """Everything that was read. A document that was cut off is left out, the ones before it stay."""
        cut_off = not complete and bool(self.stack)
        return Parsed(self.documents[:-1] if cut_off else self.documents, self.problems, complete)


def shorten(text: str, limit: int = 40) -> str:
    """A piece of a file for a message: one line, not too long."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
