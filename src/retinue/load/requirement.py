"""`required_version` of retinue.yaml: which versions of retinue may work on a project. Pure."""

from __future__ import annotations

import re

from ..core.model import Diagnostic
from ..core.problem import shown
from .located import Map

KEY = "required_version"
MISMATCH = "version-mismatch"
_COMPARISON = re.compile(r"\s*(==|>=|>|<=|<)\s*([0-9]+(?:\.[0-9]+)*)\s*")
_OWN = re.compile(r"([0-9]+(?:\.[0-9]+)*)[.-]?([a-z]*)")
_REMEDY = f'Write release numbers after ==, >=, >, <= or <, joined by commas and in quotes: `{KEY}: ">=0.2,<1"`.'


def requirement_problem(data: Map, running: str) -> Diagnostic | None:
    """Why the version `running` may not work on this project, or why its requirement cannot be read; else None."""
    if KEY not in data:
        return None
    value, at = data[KEY], data.values_at[KEY]
    if not isinstance(value, str):
        return Diagnostic("version-requirement", f"`{KEY}` is not text", _REMEDY, at)
    comparisons = []
    for part in value.split(","):
        found = _COMPARISON.fullmatch(part)
        if found is None:
            what = f"{shown(part.strip())} in `{KEY}` is not" if part.strip() else f"`{KEY}` lacks"
            return Diagnostic("version-requirement", f"{what} a comparison with a release number", _REMEDY, at)
        comparisons.append((found[1], found[2]))
    if all(_holds(operator, wanted, running) for operator, wanted in comparisons):
        return None
    required = ",".join(map("".join, comparisons))
    remedy = f"Use such a version of retinue. If this one will do, change `{KEY}`."
    return Diagnostic(MISMATCH, f"this project requires retinue {required}, this is {running}", remedy, at)


def _holds(operator: str, wanted: str, running: str) -> bool:
    """As pip compares: a pre-release comes before its release and is not below it, a post-release after it."""
    own = _OWN.match(running)
    assert own is not None
    ours, theirs = _release(own[1]), _release(wanted)
    order = (ours > theirs) - (ours < theirs)
    # The rest of our version counts only where the release numbers are equal.
    rank = order or (1 if own[2] == "post" else -1 if own[2] else 0)
    return {"==": rank == 0, ">=": rank >= 0, "<=": rank <= 0, ">": order > 0, "<": order < 0}[operator]


def _release(text: str) -> list[tuple[int, str]]:
    """The numbers by length and digits, which may be longer than Python converts; no zeros at the end."""
    numbers = [part.lstrip("0") for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return [(len(number), number) for number in numbers]
