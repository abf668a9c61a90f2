"""Changes from one text to another: lines with context, headings and marked words. Knows no layout.

Never slow, whatever the texts are. Every line in it is clean already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from ..core.patterns import pattern
from .linematch import Matcher
from .safe import clean

CONTEXT = 3
_WORD_BUDGET, _EACH = 200_000, 50
"""The most that marking words may cost in all, and the least that each change costs."""
_WORD = pattern(r"\w+|[^\w\s]")
_END = pattern(r"(?<! ) +\Z")
# Lines that begin a paragraph without an empty line above, and lines that are a paragraph by themselves.
_ITEM = pattern(r"\s*([-*+>]|\d+[.)]\s)")
_ALONE = pattern(r"\s*([|#<]|```|~~~|\Z)")
_TITLE = pattern(r"#{1,6}\s+\S.*|\*\*[^*]+\*\*:?\s*")
_TAG = pattern(r"\s*<(/?)([A-Za-z][\w.:-]*)(?:\s[^<>]*[^<>/]|)>\s*")
_FENCE = pattern(r"\s{0,3}(```|~~~)")


class Piece(NamedTuple):
    """A part of a line; `marked`: words that only this side has."""

    text: str
    marked: bool = False


Line = tuple[Piece, ...]


class Form(StrEnum):
    """The role of a stretch of lines for the reader. `heading`: the nearest one above a change."""

    CONTEXT = "context"
    HEADING = "heading"
    FOLDED = "folded"
    CHANGED = "changed"
    REWRAPPED = "rewrapped"


class Stretch(NamedTuple):
    """Lines of one form, and where they begin (counted from 1) on either side; unchanged ones are in `added` alone."""

    form: Form
    before_at: int
    removed: tuple[Line, ...]
    after_at: int
    added: tuple[Line, ...]


class TextDiff(NamedTuple):
    """The stretches of two texts, whole and in order, and how many lines either text has."""

    stretches: tuple[Stretch, ...]
    before_lines: int
    after_lines: int

    def counted(self) -> str:
        """`2 of 41 lines changed, 1 removed`: a line that gives way to another one is one changed line."""
        counts = {"changed": 0, "added": 0, "removed": 0, "re-wrapped": 0}
        for form, _, removed, _, added in self.stretches:
            old, new = len(removed), len(added)
            if form is Form.REWRAPPED:
                counts["re-wrapped"] += max(old, new)
            elif form is Form.CHANGED:
                counts["changed"] += min(old, new)
                counts["removed" if old > new else "added"] += abs(old - new)
        parts = [f"{count} {word}" for word, count in counts.items() if count]
        if not parts:
            return ""
        total = max(self.before_lines, self.after_lines)
        return re.sub(r"\A\d+", rf"\g<0> of {total} lines", parts[0]) + "".join(f", {part}" for part in parts[1:])


def text_diff(before: str, after: str) -> TextDiff:
    """The changes from one text to another, line by line."""
    old, new = before.split("\n"), after.split("\n")
    edits, i, j = list[tuple[int, int, int, int]](), 0, 0
    for x, y, size in [*Matcher(old, new).equal_stretches(), (len(old), len(new), 0)]:
        if (i, j) != (x, y):
            edits.append((i, x, j, y))
        i, j = x + size, y + size
    forms = _forms(new, [(j, y) for _, _, j, y in edits])
    found, budget, i, j = list[Stretch](), _WORD_BUDGET, 0, 0
    for start, x, end, y in [*edits, (len(old), len(old), len(new), len(new))]:
        for form, group in groupby(range(j, end), forms.__getitem__):
            rows = [*group]
            lines = tuple((Piece(clean(new[row])),) for row in rows)
            found.append(Stretch(form, rows[0] + i - j + 1, (), rows[0] + 1, lines))
        if start < x or end < y:
            removed, added = old[start:x], new[end:y]
            form = Form.REWRAPPED if _rewrapped(removed, added) else Form.CHANGED
            *sides, budget = _marked([*map(_shown, removed)], [*map(_shown, added)], budget)
            found.append(Stretch(form, start + 1, sides[0], end + 1, sides[1]))
        i, j = x, y
    return TextDiff(tuple(found), len(old), len(new))


def _shown(line: str) -> str:
    """A changed line with the blanks at its end as `·`: they may be all that changed."""
    line = clean(line)
    return _END.sub(lambda end: "·" * len(end[0]), line) if line.endswith(" ") else line


def _forms(new: Sequence[str], edits: Sequence[tuple[int, int]]) -> list[Form]:
    """The role of each line of the new text, if it is unchanged."""
    forms, above = [Form.FOLDED] * len(new), _headings(new)
    for start, end in edits:
        for row in (*range(max(0, start - CONTEXT), start), *range(end, min(len(new), end + CONTEXT))):
            forms[row] = Form.CONTEXT
    for start in (start for start, _ in edits if above[start] >= 0):
        forms[above[start]] = Form.HEADING
    for row in range(1, len(new) - 1):
        # A single line is not worth folding.
        if forms[row] is Form.FOLDED and Form.FOLDED not in (forms[row - 1], forms[row + 1]):
            forms[row] = Form.CONTEXT
    return forms


def _headings(lines: Sequence[str]) -> list[int]:
    """For each line, and for the end, the number of the nearest heading above it; -1 where there is none.

    A tag is the heading of what stands in it. In a fence of code nothing is one.
    """
    found, here, fence = [-1], -1, ""
    tags: list[tuple[str, int]] = []
    for number, line in enumerate(lines):
        if fenced := _FENCE.match(line):
            fence = "" if fence == fenced[1] else fence or fenced[1]
        elif fence:
            pass
        elif tag := _TAG.fullmatch(line):
            opened = [place for place, (name, _) in enumerate(tags) if name == tag[2]]
            if not tag[1]:
                tags.append((tag[2], here))
                here = number
            elif opened:
                here = tags[opened[-1]][1]
                del tags[opened[-1] :]
        elif _TITLE.fullmatch(line) or (line.isupper() and line.rstrip().endswith(":")):
            here = number
        found.append(here)
    return found


def _rewrapped(removed: Sequence[str], added: Sequence[str]) -> bool:
    """True if only line breaks within paragraphs differ."""
    return _paragraphs(removed) == _paragraphs(added)


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """The paragraphs, each as if it stood on one line; an item of a list is one too."""
    found, is_open = list[str](), False
    for line in lines:
        alone = bool(_ALONE.match(line))
        if is_open and not alone and not _ITEM.match(line):
            found[-1] += " " + line.lstrip()
        else:
            found.append(line)
        is_open = not alone
    return found


def _marked(removed: list[str], added: list[str], budget: int) -> tuple[tuple[Line, ...], tuple[Line, ...], int]:
    """Both sides in pieces, with the words marked that only one of them has, and what is left of the budget."""
    spans: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    old, new = ([*_WORD.finditer("\n".join(side))] if budget > 0 else [] for side in (removed, added))
    if old and new:
        matcher = Matcher([word[0] for word in old], [word[0] for word in new], budget)
        matches, budget = matcher.equal_stretches(), matcher.budget - len(old) - len(new) - _EACH
        # Marks on nearly every word would say nothing; and a lone short word between two changes binds no reader.
        if 20 * sum(size for _, _, size in matches) > 3 * (len(old) + len(new)):
            matches = [
                match for match in matches if match[2] > 1 or len(old[match[0]][0]) > 2 or match[0] in (0, len(old) - 1)
            ]
            i = j = 0
            for x, y, size in [*matches, (len(old), len(new), 0)]:
                if i < x:
                    spans[0].append((old[i].start(), old[x - 1].end()))
                if j < y:
                    spans[1].append((new[j].start(), new[y - 1].end()))
                i, j = x + size, y + size
    return tuple(_in_pieces(removed, spans[0])), tuple(_in_pieces(added, spans[1])), budget


def _in_pieces(lines: Sequence[str], spans: Sequence[tuple[int, int]]) -> Iterator[Line]:
    """Each line cut at the ends of the spans, which are offsets into all of them joined."""
    offset, first = 0, 0
    for line in lines:
        if not spans:
            yield (Piece(line),) if line else ()
            continue
        pieces, at, stop = list[Piece](), 0, offset + len(line)
        while first < len(spans) and spans[first][0] <= stop:
            start, end = (min(max(place - offset, 0), len(line)) for place in spans[first])
            pieces += [Piece(line[at:start]), Piece(line[start:end], marked=True)]
            at = end
            if spans[first][1] > stop:
                break
            first += 1
        yield tuple(piece for piece in (*pieces, Piece(line[at:])) if piece.text)
        offset = stop + 1
