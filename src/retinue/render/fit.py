"""Chooses how long each part of a document may be so that the whole stays within a limit. Knows no markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .inert import units

WHOLE, CUT, BRIEF, BARE = range(4)
GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One piece in four lengths, the longest first. A `needed` one is given its shortest before any other gets room.

    `counts`: what it is counted as where there is no room for it at all.
    """

    whole: str
    cut: str
    brief: str
    bare: str
    needed: bool = False
    counts: str = ""

    def at(self, length: int) -> str:
        return (self.whole, self.cut, self.brief, self.bare)[length]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The chosen text of each part, "" where there was no room; how many are shortened; what is left out."""

    texts: tuple[str, ...]
    shortened: int
    left_out: tuple[Part, ...]


def fit(parts: Sequence[Part], room: int) -> Fitted:
    """Needed parts first, then brief ones of all, then as many longer ones as go, in the order of the parts."""
    texts = [""] * len(parts)
    for length in (BARE, BRIEF, CUT, WHOLE):
        for index, part in enumerate(parts):
            wanted = part.at(length)
            if (length == BARE and not part.needed) or texts[index] == wanted:
                continue
            cost = units(wanted) - units(texts[index]) + (0 if texts[index] else len(GAP))
            # A part without any room must not come back longer.
            if cost <= room and (texts[index] or length >= (BARE if part.needed else BRIEF)):
                texts[index] = wanted
                room -= cost
    chosen = list(zip(texts, parts, strict=True))
    return Fitted(
        tuple(texts),
        sum(bool(text) and text != part.whole for text, part in chosen),
        tuple(part for text, part in chosen if not text),
    )


def head_lines(lines: Sequence[str], room: int, widest: int = 300) -> str:
    """As many whole lines as `room` characters hold, very long ones cut, and how many are missing."""
    kept: list[str] = []
    for line in lines:
        short = line if len(line) <= widest else line[: widest - 1] + "…"
        room -= units(short) + 1
        if room < 0:
            break
        kept.append(short)
    missing = len(lines) - len(kept)
    more = [f"  … {missing} more line{'' if missing == 1 else 's'}"] if missing else []
    return "\n".join([*kept, *more])
