"""Diagnostics as `file:line:column: code: message` with the remedy below. Shows each of them once; drops none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ..core.model import WRITTEN, Change, Diagnostic, Obstacle, Place, Severity
from .safe import clean, clean_lines, defuse
from .style import Style

_ORDER = tuple(Severity)
NAMES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_NOWHERE = Place("\U0010ffff", 0, 0)


def diagnostics_text(diagnostics: Sequence[Diagnostic], style: Style) -> str:
    """Errors first, each group by place, then how many there are: `3 errors, 1 warning`. "" if there are none."""
    if not diagnostics:
        return ""
    shown = in_order(diagnostics)
    lines = [line for item in shown for line in diagnostic_lines(item, style)]
    numbers = [(name, sum(item.severity is severity for item in shown)) for severity, name in NAMES.items()]
    count = ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for name, number in numbers if number)
    return defuse("\n".join([*lines, count])) + "\n"


def in_order(diagnostics: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Errors first, then by place; what has no place comes last, by address.

    One line of `defaults` can be wrong for every manifest that it reaches: each finding about it is shown once.
    """

    def key(item: Diagnostic) -> tuple[int, Place, str, str, str]:
        place = item.place or _NOWHERE
        return (_ORDER.index(item.severity), place, item.address or "", item.code, item.message)

    once = {item if item.place is None else replace(item, address=None): item for item in diagnostics}
    return sorted(once.values(), key=key)


def obstacles(change: Change) -> list[tuple[str, Obstacle]]:
    """Why a step does not go ahead, each after the word for it."""
    return [(word, item) for word, item in (("blocked", change.blocked), ("held", change.held)) if item]


def note_lines(diagnostics: Sequence[Diagnostic], style: Style) -> Iterator[str]:
    """As `diagnostic_lines` of each, in order; of a mere note its message alone. Places stand beside their changes."""
    for item in in_order([item for item in diagnostics if item.code != WRITTEN]):
        if item.severity is Severity.INFO and item.remedy is None:
            yield style.muted(clean(item.message))
        else:
            yield from diagnostic_lines(item, style)


def diagnostic_lines(item: Diagnostic, style: Style) -> Iterator[str]:
    """One diagnostic and its remedy."""
    where = str(item.place) if item.place else " ".join(part for part in (item.address, item.path) if part)
    paint = {Severity.ERROR: style.error, Severity.WARNING: style.warning}.get(item.severity, style.muted)
    head = f"{style.strong(clean(where))}: " if where else ""
    kind = "" if item.severity is Severity.ERROR else style.muted(f" ({NAMES[item.severity]})")
    yield f"{head}{paint(clean(item.code))}: {clean_lines(item.message, '  ')}{kind}"
    if item.remedy:
        yield f"  {clean_lines(item.remedy, '  ')}"
