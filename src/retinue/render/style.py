"""Colour by meaning. Knows ANSI codes and nothing else; whether colour is wanted is the caller's business."""

from __future__ import annotations

from collections.abc import Callable

from ..core.values import dataclass

REVIEWED = 100
"""The columns for which a plan is laid out where no terminal says otherwise."""


def _painter(code: str) -> Callable[[Style, str], str]:
    return lambda style, text: f"\x1b[{code}m{text}\x1b[0m" if style.color and text else text


@dataclass(frozen=True, slots=True)
class Style:
    """Painters for text that goes to a terminal; without colour each returns its text unchanged."""

    color: bool = False

    strong = _painter("1")
    muted = _painter("2")
    added = _painter("32")
    removed = _painter("31")
    changed = _painter("33")
    replaced = _painter("35")
    taken = _painter("36")
    """The style of steps that neither make nor delete: adopt, forget, move."""
    added_word = _painter("32;7")
    removed_word = _painter("31;7")
    error = _painter("1;31")
    warning = _painter("1;33")
