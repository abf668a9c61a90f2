"""Finds the known word that an unknown one was probably meant to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """`cutoff`: how alike they have to be, from 0 to 1."""
    from difflib import get_close_matches  # a right word needs none

    return next(iter(get_close_matches(word, list(known), 1, cutoff)), None)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for a word: the one that is close, else what else there is to say."""
    meant = closest(word, known)
    return f"Did you mean `{meant}`?" if meant else otherwise
