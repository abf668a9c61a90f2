"""A mapping with a memory, for values that many objects share, such as tools. Knows no rule about what is noted."""

from __future__ import annotations

from typing import Any


class Noted(dict[str, Any]):
    """`notes`: what was worked out about a value that changes no more; None while it may still change."""

    __slots__ = ("notes",)

    def __init__(self, *items: Any, notes: dict[Any, Any] | None = None) -> None:
        super().__init__(*items)
        self.notes = notes
