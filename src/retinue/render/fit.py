"""Chooses how long each part of a document may be so that the whole stays within a limit. Knows no markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ..core.values import dataclass
from .inert import units

LIMIT = 65_536
"""Characters of a comment on GitHub, the strictest of the hosts."""
GAP = "\n\n"
_LEAST, _MARKUP = 200, 150
"""Characters of details that are worth their place, and what stands around them."""
_MISSES = 20
"""After so many parts in a row that were too long, no more are laid out: most of a huge plan is never drawn."""


class Detail(NamedTuple):
    """A part with its details, and whether nothing of them is missing."""

    text: str
    whole: bool


Detailed = Callable[[int | None], Detail]
"""Lays a part out with at most so many characters of details; with all of them for None."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a document. A `needed` one is given its `bare` form before any other gets room.

    `counts`: what it is counted as where there is no room for it at all. `detailed`: None where `brief` says all.
    """

    brief: str
    bare: str = ""
    detailed: Detailed | None = None
    needed: bool = False
    counts: str = ""


def fit(parts: Sequence[Part], room: int, cut: int) -> tuple[list[str], int]:
    """Needed parts first, then all of them briefly, then as many with details as go, in the order of the parts.

    The chosen text of each part, "" where there was no room, and how many are shortened. `cut`: how much of its
    details each part gets before any gets more; less where there are many of them.
    """
    texts = [""] * len(parts)
    whole = [part.detailed is None for part in parts]

    def put(index: int, text: str) -> bool:
        nonlocal room
        cost = units(text) - units(texts[index]) + (0 if texts[index] else len(GAP))
        if cost > room:
            return False
        texts[index] = text
        room -= cost
        return True

    for index, part in enumerate(parts):
        if part.needed:
            put(index, part.bare)
    for index, part in enumerate(parts):
        if not part.needed or texts[index]:
            put(index, part.brief)
    detailed = sum(part.detailed is not None for part in parts)
    share = room // max(1, detailed) - _MARKUP
    for most in (*((share,) if _LEAST <= share < cut else ()), cut, None):
        misses = 0
        for index, part in enumerate(parts):
            if part.detailed is None or whole[index] or not texts[index]:
                continue
            text, is_whole = part.detailed(most)
            if put(index, text):
                whole[index], misses = is_whole, 0
            else:
                misses += 1
            if misses == _MISSES:
                break
    bare = [part.needed and text == part.bare != part.brief for text, part in zip(texts, parts, strict=True)]
    return texts, sum(
        bool(text) and (short or not all_of_it) for text, short, all_of_it in zip(texts, bare, whole, strict=True)
    )


def head_lines(lines: Sequence[str], most: int | None, widest: int = 300) -> Detail:
    """As many lines as `most` characters hold, very long ones cut, and how many are missing; all of them for None."""
    if most is None:
        return Detail("\n".join(lines), True)
    kept = whole_lines((line if len(line) <= widest else line[: widest - 1] + "…" for line in lines), most)
    missing = len(lines) - len(kept)
    more = [f"  … {missing} more line{'' if missing == 1 else 's'}"] if missing else []
    return Detail("\n".join([*kept, *more]), not missing and kept == list(lines))


def whole_lines(lines: Iterable[str], most: int) -> list[str]:
    """As many lines, from the first on, as `most` characters hold."""
    kept: list[str] = []
    for line in lines:
        most -= units(line) + 1
        if most < 0:
            break
        kept.append(line)
    return kept
