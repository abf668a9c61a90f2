"""Line differences of long texts, with the changed words marked. Never slow, whatever the texts are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from .linematch import Matcher
from .safe import clean
from .style import Style

_MAX_WORDS = 200
_WORD_BUDGET = 20_000
_LONG_LINE = 300
_AROUND = 60
_WORD = re.compile(r"\w+|[^\w\s]")
_END = re.compile(r"(?<! ) +\Z")


class Hunk(NamedTuple):
    """Lines that were replaced, and where they stand (counted from 1) on either side."""

    before_at: int
    removed: tuple[str, ...]
    after_at: int
    added: tuple[str, ...]


class TextDiff(NamedTuple):
    """The hunks of two texts and how many lines either text has."""

    hunks: tuple[Hunk, ...]
    before_lines: int
    after_lines: int

    @property
    def removed(self) -> int:
        return sum(len(hunk.removed) for hunk in self.hunks)

    @property
    def added(self) -> int:
        return sum(len(hunk.added) for hunk in self.hunks)


def text_diff(before: str, after: str) -> TextDiff:
    """What changed from one text to another, line by line."""
    old, new = before.split("\n"), after.split("\n")
    hunks, i, j = list[Hunk](), 0, 0
    for x, y, size in [*Matcher(old, new).equal_stretches(), (len(old), len(new), 0)]:
        if (i, j) != (x, y):
            hunks.append(Hunk(i + 1, tuple(old[i:x]), j + 1, tuple(new[j:y])))
        i, j = x + size, y + size
    return TextDiff(tuple(hunks), len(old), len(new))


def diff_lines(diff: TextDiff, style: Style) -> list[str]:
    """The hunks as lines: number, sign, text; what is unchanged between two hunks is folded into a count."""
    lines: list[str] = []
    digits = len(str(max(diff.before_lines, diff.after_lines)))
    end, words = None, _WORD_BUDGET if style.color else 0
    for hunk in diff.hunks:
        if end is not None:
            folded = hunk.after_at - end
            lines.append(style.muted(f"{'':>{digits}} … {folded} unchanged line{'' if folded == 1 else 's'}"))
        end = hunk.after_at + len(hunk.added)
        # Blanks at the end of a changed line as `·`: they may be all that changed.
        removed, added = ([_END.sub(lambda end: "·" * len(end[0]), line) for line in side] for side in _shortened(hunk))
        (old, new), cost = _changed_words(removed, added) if words > 0 else (([], []), 0)
        words -= cost
        minus, plus = style.removed("-"), style.added("+")
        taken_out = enumerate(_painted(removed, old, style.removed, style.removed_word), hunk.before_at)
        put_in = enumerate(_painted(added, new, style.added, style.added_word), hunk.after_at)
        lines.extend(f"{number:>{digits}} {minus} {text}" for number, text in taken_out)
        lines.extend(f"{number:>{digits}} {plus} {text}" for number, text in put_in)
    return lines


def _shortened(hunk: Hunk) -> tuple[Sequence[str], Sequence[str]]:
    """One very long line for another: only what differs, with a little around it."""
    if len(hunk.removed) != 1 or len(hunk.added) != 1:
        return hunk.removed, hunk.added
    old, new = hunk.removed[0], hunk.added[0]
    if max(len(old), len(new)) <= _LONG_LINE:
        return hunk.removed, hunk.added
    short = min(len(old), len(new))
    head = next((n for n in range(short) if old[n] != new[n]), short)
    tail = next((n for n in range(short - head) if old[-1 - n] != new[-1 - n]), short - head)
    start, rest = max(0, head - _AROUND), max(0, tail - _AROUND)
    return [_middle(old, start, rest)], [_middle(new, start, rest)]


def _middle(text: str, start: int, rest: int) -> str:
    return ("…" if start else "") + text[start : len(text) - rest] + ("…" if rest else "")


_Spans = list[tuple[int, int]]


def _changed_words(removed: Sequence[str], added: Sequence[str]) -> tuple[tuple[_Spans, _Spans], int]:
    """Where the words stand that only one side has, as offsets in its lines joined; and how many were compared."""
    old, new = list(_WORD.finditer("\n".join(removed))), list(_WORD.finditer("\n".join(added)))
    if not old or not new or max(len(old), len(new)) > _MAX_WORDS:
        return ([], []), 0
    from difflib import SequenceMatcher  # a plan without a changed text needs none

    matcher = SequenceMatcher(None, [word[0] for word in old], [word[0] for word in new], autojunk=False)
    spans: tuple[_Spans, _Spans] = ([], [])
    # Marks on nearly every word would say nothing.
    if matcher.ratio() > 0.3:
        for tag, i, i_end, j, j_end in matcher.get_opcodes():
            if tag != "equal" and i < i_end:
                spans[0].append((old[i].start(), old[i_end - 1].end()))
            if tag != "equal" and j < j_end:
                spans[1].append((new[j].start(), new[j_end - 1].end()))
    return spans, len(old) + len(new)


def _painted(
    lines: Sequence[str], spans: _Spans, plain: Callable[[str], str], strong: Callable[[str], str]
) -> Iterator[str]:
    """Each line with its spans in `strong`; a span may run over several lines."""
    offset, first = 0, 0
    for line in lines:
        parts, at, stop = [], 0, offset + len(line)
        while first < len(spans) and spans[first][0] <= stop:
            start, end = (min(max(place - offset, 0), len(line)) for place in spans[first])
            parts += [plain(clean(line[at:start])), strong(clean(line[start:end]))]
            at = end
            if spans[first][1] > stop:
                break
            first += 1
        yield "".join(parts) + plain(clean(line[at:]))
        offset = stop + 1
