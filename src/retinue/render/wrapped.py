"""A text difference as lines of bounded width, for a terminal or for a `diff` fence. Wraps at words, cuts no change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate

from .safe import cells, cut, fitting
from .style import Style
from .textdiff import Form, Line, Piece, TextDiff

_LONG, _KEPT = 600, 200
_MOST_CONTEXT = 3
_Row = tuple[int | str, Line]


def diff_lines(diff: TextDiff, width: int, style: Style | None, most: int | None = None) -> list[str]:
    """Number, sign, text; what is unchanged further away is folded into a count.

    With a `style` for a terminal, marked words in its colours. With None for a fence: the sign first, and marked words
    underlined in a line of their own. `most`: how many lines each side of a change may have, without any context.
    """
    longest = max(diff.before_lines, diff.after_lines)
    digits = len(str(longest)) if longest > 1 else 0
    room = max(20, width - digits - 3)
    plain = style or Style()
    paints: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
        "-": (plain.removed, plain.removed_word),
        "+": (plain.added, plain.added_word),
        "#": (plain.strong, plain.strong),
    }

    def put(sign: str, rows: Sequence[_Row]) -> Iterator[str]:
        shown = " " if sign == "#" else sign
        paint, word = paints.get(sign, (str, str))
        for number, row in rows[:most]:
            text = "".join((word if piece.marked else paint)(piece.text) for piece in row)
            at = f"{number:>{digits}} " if digits else ""
            yield (f"{at}{paint(shown)} {text}" if style else f"{shown} {at} {text}").rstrip(" ")
            if style is None and any(piece.marked for piece in row):
                under = "".join(("^" if piece.marked else " ") * cells(piece.text) for piece in row)
                yield f"! {' ' * len(at)} {under}".rstrip()
        if more := len(rows[most:]) if most is not None else 0:
            yield told("", shown, f"… {more} more line{'' if more == 1 else 's'}")

    def told(number: int | str, sign: str, text: str) -> str:
        at = f"{number:>{digits}}" if digits else ""
        return f"{at} {sign} {plain.muted(text)}" if style else f"{sign} {at}  {text}"

    lines, unseen = list[str](), 0
    for form, before_at, removed, after_at, added in diff.stretches:
        if form is Form.FOLDED or (form is Form.CONTEXT and most is not None):
            unseen += len(added)
            continue
        if unseen and lines:
            lines.append(told("", " ", f"… {unseen} unchanged line{'' if unseen == 1 else 's'}"))
        unseen = 0
        if form is Form.REWRAPPED:
            many = f"{len(removed)} lines as {len(added)}" if len(removed) != len(added) else f"{len(added)} lines"
            lines.append(told(before_at, " ", f"re-wrapped, {many}: only line breaks differ"))
        elif form is Form.CHANGED:
            lines += put("-", _rows(before_at, map(_elided, removed), room))
            lines += put("+", _rows(after_at, map(_elided, added), room))
        else:
            lines += put("#" if form is Form.HEADING else " ", _rows(after_at, added, room, _MOST_CONTEXT))
    return lines


def _rows(at: int, lines: Iterable[Line], room: int, most: int | None = None) -> list[_Row]:
    """Each line as rows of at most `room` columns, the number at the first one; of more than `most` a beginning."""
    found = list[_Row]()
    for number, line in enumerate(lines, at):
        rows = [*_wrapped(line, room)]
        if most and len(rows) > most:
            rows = [(Piece(cut(line[0].text, room)),)]
        found += zip((number, *[""] * (len(rows) - 1)), rows, strict=True)
    return found


def _wrapped(line: Line, room: int) -> Iterator[Line]:
    """The rows of a line. They end between words; only a longer word is broken."""
    text = "".join(piece.text for piece in line)
    if len(text) <= room and text.isascii():
        yield line
        return
    start = 0
    while True:
        end = max(fitting(text, start, room), min(start + 1, len(text)))
        blank = text.rfind(" ", start + 1, end + 1) if end < len(text) else -1
        end = blank if blank > 0 and text[start:blank].strip() else end
        yield _between(line, start, end)
        if end >= len(text):
            return
        start = end + (end == blank)


def _between(line: Line, start: int, end: int) -> Line:
    """The pieces of a part of a line."""
    ends = accumulate(len(piece.text) for piece in line)
    parts = ((it, at - len(it.text)) for it, at in zip(line, ends, strict=True))
    cuts = (Piece(it.text[max(0, start - at) : max(0, end - at)], it.marked) for it, at in parts)
    return tuple(piece for piece in cuts if piece.text)


def _elided(line: Line) -> Line:
    """A changed line without the long stretches in which nothing changed: `…` stands for each."""
    if len(line) < 2:
        return line
    last = len(line) - 1
    return tuple(
        piece if piece.marked or len(piece.text) <= _LONG else Piece(_ends(piece.text, index > 0, index < last))
        for index, piece in enumerate(line)
    )


def _ends(text: str, head: bool, tail: bool) -> str:
    """The whole words at those ends of a long text that stand beside a change."""
    first = text[: text.rfind(" ", 0, _KEPT) % _KEPT or _KEPT] if head else ""
    last = text[text.find(" ", len(text) - _KEPT) :] if tail else ""
    return f"{first} …{last}" if head else f"…{last}"
