"""What a move to another service keeps and loses, as text and Markdown. Pure; decides nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from ..core.migrate import Migration, Row, Verdict, counts
from ..core.model import Address
from .fit import LIMIT, Part
from .inert import code
from .markdown import document
from .safe import clean, defuse
from .style import REVIEWED, Style

_WORDS = {
    Verdict.KEPT: "kept",
    Verdict.APPROXIMATED: "approximated",
    Verdict.AGAIN: "made again",
    Verdict.LOST: "lost",
    Verdict.REFUSED: "to change first",
}
_NOT_ACCEPTED = "LOST"
_WIDE = 17


def migration_text(found: Migration, *, style: Style = Style(), width: int = REVIEWED) -> str:  # noqa: B008
    """The whole text; its last line is the summary."""
    blocks = ["\n".join([style.strong(clean(name)), *_rows(rows, style, width)]) for name, rows in _grouped(found)]
    return defuse("\n\n".join([style.strong(clean(_head(found))), *blocks, style.strong(summary(found))])) + "\n"


def _grouped(found: Migration) -> Iterator[tuple[str, Sequence[Row]]]:
    """Each object with its rows; those of which only the same is to be said as a whole, such as files, together."""
    groups = dict[object, list[Address]]()
    for address, rows in found.objects.items():
        groups.setdefault((address.kind, rows) if [row.path for row in rows] == [""] else address, []).append(address)
    for first, *more in groups.values():
        yield f"{first}{f' and {len(more)} more' if more else ''}", found.objects[first]


def _head(found: Migration) -> str:
    source, target = found.source, found.target
    return f"{found.project}: {source.environment} ({source.provider}) → {target.environment} ({target.provider})"


def _rows(rows: Sequence[Row], style: Style, width: int) -> Iterator[str]:
    """What is kept in one entry, then each other one with how or why, and what to do where that is open."""
    paints: dict[Verdict, Callable[[str], str]] = {
        Verdict.KEPT: style.added,
        Verdict.APPROXIMATED: style.changed,
        Verdict.AGAIN: style.taken,
        Verdict.LOST: style.removed,
        Verdict.REFUSED: style.error,
    }
    for verdict in Verdict:
        mine = [row for row in rows if row.verdict is verdict]
        if verdict is Verdict.KEPT and mine:
            mine = [Row("", verdict, ", ".join(_kept(mine)))]
        for row in mine:
            paint, word = (paints[verdict], word_of(row)) if row.accepted else (style.error, word_of(row))
            place = f" ({row.place})" if row.place else ""
            texts = [clean(row.note + place), *([clean(row.remedy)] if row.remedy and not row.accepted else [])]
            lines = [
                line
                for text in texts
                for line in textwrap.wrap(text, max(20, width - _WIDE - 2), break_on_hyphens=False)
            ]
            for index, line in enumerate(lines):
                yield f"  {paint(word) + ' ' * (_WIDE - len(word)) if not index else ' ' * _WIDE}{line}"


def _kept(rows: Sequence[Row]) -> list[str]:
    kept = (row for row in rows if row.verdict is Verdict.KEPT)
    return [f"{row.path[1:]} ({row.note})" if row.note else row.path[1:] for row in kept]


def word_of(row: Row) -> str:
    """A loss that nobody has accepted stands out without colours too."""
    return _NOT_ACCEPTED if row.verdict is Verdict.LOST and not row.accepted else _WORDS[row.verdict]


def summary(found: Migration) -> str:
    """`3 objects: 12 fields kept, 2 approximated, 1 lost (not accepted: 1), 1 to be made again.`"""
    number, several = counts(found), len(found.objects)
    parts = [f"{number[verdict]} {_WORDS[verdict]}" for verdict in Verdict if number[verdict]]
    still_open = sum(row.verdict is Verdict.LOST and not row.accepted for _, row in found.rows)
    left = f"; {still_open} {'loss is' if still_open == 1 else 'losses are'} not accepted" if still_open else ""
    return f"{several} object{'' if several == 1 else 's'}: {', '.join(parts) or 'nothing to move'}{left}."


def migration_markdown(found: Migration, *, limit: int = LIMIT) -> str:
    """For the pull request that brings the move."""
    top = [f"### retinue: {code(_head(found))}", f"**{summary(found)}**"]
    parts = []
    for name, rows in _grouped(found):
        kept = f": kept {', '.join(map(code, _kept(rows)))}" if _kept(rows) else ""
        head = f"**{code(name)}**{kept}"
        lines = [
            f"| {f'**{word_of(row)}**' if not row.accepted else word_of(row)} | {code(row.path or '/')} |"
            f" {code(row.note).replace('|', chr(92) + '|')} |"
            for row in rows
            if row.verdict is not Verdict.KEPT
        ]
        table = ["", "| | field | how, or why |", "|---|---|---|", *lines] if lines else []
        parts.append(Part("\n".join([head, *table]), counts="objects"))
    files = [f"Files: {', '.join(map(code, found.files))}"] if found.files else []
    return document(top, {"": parts}, files, "`retinue migrate` shows it whole.", limit)
