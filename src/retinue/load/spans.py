"""Where each value of a YAML (or JSON) text begins and ends, for edits that leave the rest alone. Knows no manifest.

Only for text that the reader of this package has already accepted: it bounds how deep and how large it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from ..core.values import dataclass, field

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAP, SEQ, SCALAR, ALIAS = "mapping", "list", "scalar", "alias"
_TYPES = {yaml.MappingStartEvent: MAP, yaml.SequenceStartEvent: SEQ, yaml.ScalarEvent: SCALAR, yaml.AliasEvent: ALIAS}


@dataclass(eq=False, slots=True)
class Node:
    """One value as it is written. Offsets count characters, lines and columns from 1; a block ends at its last one.

    `style` is that of a scalar: "", ', ", | or >. `flow`: it stands within brackets, or is written with them.
    `marked`: it, or what it stands in, has an anchor or a tag. `keys` are those of `children` of a mapping.
    """

    what: str
    start: int
    end: int
    line: int
    column: int
    style: str = ""
    text: str = ""
    flow: bool = False
    marked: bool = False
    parent: Node | None = None
    keys: list[Node] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    def all(self) -> Iterator[Node]:
        """This value and every value below it."""
        yield self
        for child in self.children:
            yield from child.all()

    def root(self) -> Node:
        return self if self.parent is None else self.parent.root()

    def child(self, key: str) -> Node | None:
        """The value that a mapping has at a key."""
        found = (value for name, value in zip(self.keys, self.children, strict=True) if name.text == key)
        return next(found, None) if self.what == MAP else None


class Spans:
    """By line and column, the values of one text that begin there, and the mappings that have a key there."""

    def __init__(self, text: str) -> None:
        """Raises yaml.YAMLError or ValueError where the text is no YAML."""
        self.values: dict[tuple[int, int], Node] = {}
        self.holders: dict[tuple[int, int], Node] = {}
        for node in (node for root in _roots(text) for node in root.all()):
            self.values.setdefault((node.line, node.column), node)
            self.holders.update(dict.fromkeys(((key.line, key.column) for key in node.keys), node))


def _roots(text: str) -> Iterator[Node]:
    """The value of each document."""
    open_nodes: list[Node] = []
    pending: list[Node | None] = []
    loader = _LOADER(text)
    while (event := loader.get_event()) is not None:
        kind = type(event)
        if kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            closed = open_nodes.pop()
            pending.pop()
            closed.end = event.end_mark.index if closed.flow else max([closed.start, *(c.end for c in closed.children)])
            if not open_nodes:
                yield closed
            continue
        if kind not in _TYPES:
            if kind is yaml.DocumentStartEvent:
                open_nodes, pending = [], []
            continue
        node = _node(event, _TYPES[kind], open_nodes[-1] if open_nodes else None, text)
        if open_nodes and open_nodes[-1].what == MAP and pending[-1] is None:
            pending[-1] = node
        elif open_nodes:
            parent = open_nodes[-1]
            key = pending[-1]
            if parent.what == MAP and key is not None:
                parent.keys.append(key)
                pending[-1] = None
            parent.children.append(node)
        if node.what in (MAP, SEQ):
            open_nodes.append(node)
            pending.append(None)
        elif not open_nodes:
            yield node


def _node(event: Any, what: str, parent: Node | None, text: str) -> Node:
    start, end = event.start_mark, event.end_mark
    style = (event.style or "") if what == SCALAR else ""
    flow = bool(parent and parent.flow) or bool(getattr(event, "flow_style", False))
    marked = bool(parent and parent.marked) or event.anchor is not None or getattr(event, "tag", None) is not None
    last = start.index + len(text[start.index : end.index].rstrip()) if style in ("|", ">") else end.index
    value = event.value if what == SCALAR else ""
    return Node(what, start.index, last, start.line + 1, start.column + 1, style, value, flow, marked, parent)
