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
        loader = _LOADER(text)
        events = iter(loader.get_event, None)
        roots = [_node(event, None, events, text) for event in events if type(event) in _TYPES]
        for node in (node for root in roots for node in root.all()):
            self.values.setdefault((node.line, node.column), node)
            self.holders.update(dict.fromkeys(((key.line, key.column) for key in node.keys), node))


def _node(event: Any, parent: Node | None, events: Iterator[Any], text: str) -> Node:
    """The value that an event begins, with all that is in it."""
    what, start, end = _TYPES[type(event)], event.start_mark, event.end_mark
    style = (event.style or "") if what == SCALAR else ""
    flow = bool(parent and parent.flow) or bool(getattr(event, "flow_style", False))
    marked = bool(parent and parent.marked) or event.anchor is not None or getattr(event, "tag", None) is not None
    last = start.index + len(text[start.index : end.index].rstrip()) if style in ("|", ">") else end.index
    value = event.value if what == SCALAR else ""
    node = Node(what, start.index, last, start.line + 1, start.column + 1, style, value, flow, marked, parent)
    if what in (MAP, SEQ):
        while type(event := next(events)) not in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            if what == MAP:
                node.keys.append(_node(event, node, events, text))
                event = next(events)
            node.children.append(_node(event, node, events, text))
        node.end = event.end_mark.index if flow else max([node.start, *(child.end for child in node.children)])
    return node
