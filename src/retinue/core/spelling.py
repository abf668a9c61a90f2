"""Finds the known word that an unknown one was probably meant to be. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MOST = 5


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """`cutoff`: how alike they have to be, from 0 to 1."""
    from difflib import get_close_matches  # a right word needs none

    return next(iter(get_close_matches(word, list(known), 1, cutoff)), None)


def snake(key: str) -> str:
    """`systemPrompt`, `System-Prompt` as `system_prompt`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).replace("-", "_").lower()


def did_you_mean(word: str, known: Iterable[str], otherwise: str, form: str = "{}") -> str:
    """The remedy for a word: the one that is close, in the form in which it is written, or else `otherwise`."""
    meant = closest(word, known)
    return f"Did you mean `{form.format(meant)}`?" if meant else otherwise


def known_or_meant(word: str, known: Iterable[object], what: str = "Known") -> str:
    """The remedy for an address or a label that names nothing: the one that is close, else the first few there are."""
    names = sorted({str(name) for name in known})
    kind, _, name = word.lower().rpartition("/")
    # Kinds are alike for most of them, so names are compared alone; of two equal ones that of the kind that is meant.
    by_name = {
        item.rpartition("/")[2].lower(): item for item in sorted(names, key=lambda it: it.lower().startswith(kind))
    }
    if meant := closest(name, by_name, 0.7):
        return f"Did you mean `{by_name[meant]}`?"
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{what}: {', '.join(names[:_MOST]) or 'none'}{more}."
