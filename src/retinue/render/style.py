"""Colour by meaning. Knows ANSI codes and nothing else; whether colour is wanted is the caller's business."""

from __future__ import annotations

from dataclasses import dataclass

REVIEWED = 100
"""The columns for which a plan is laid out where no terminal says otherwise."""


@dataclass(frozen=True, slots=True)
class Style:
    """Painters for text that goes to a terminal; without colour each returns its text unchanged."""

    color: bool = False

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text

    def strong(self, text: str) -> str:
        return self._paint("1", text)

    def muted(self, text: str) -> str:
        return self._paint("2", text)

    def added(self, text: str) -> str:
        return self._paint("32", text)

    def removed(self, text: str) -> str:
        return self._paint("31", text)

    def changed(self, text: str) -> str:
        return self._paint("33", text)

    def replaced(self, text: str) -> str:
        return self._paint("35", text)

    def taken(self, text: str) -> str:
        """What changes hands without being made or deleted: adopt, forget, move."""
        return self._paint("36", text)

    def added_word(self, text: str) -> str:
        return self._paint("32;7", text)

    def removed_word(self, text: str) -> str:
        return self._paint("31;7", text)

    def error(self, text: str) -> str:
        return self._paint("1;31", text)

    def warning(self, text: str) -> str:
        return self._paint("1;33", text)
