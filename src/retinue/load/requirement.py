"""`required_version` of retinue.yaml: which versions of retinue may work on a project. Pure."""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any, TypeAlias

from ..core.model import Diagnostic, Place
from .located import Map
from .problems import shown

KEY = "required_version"
MISMATCH = "version-mismatch"
_Release: TypeAlias = "tuple[tuple[int, str], ...]"
_CLAUSE = re.compile(r"\s*(==|>=|>|<=|<)\s*([0-9]+(?:\.[0-9]+)*)\s*")
_OPERATOR = re.compile(r"\s*([^\w\s.*]+)")
_OWN = re.compile(r"([0-9]+(?:\.[0-9]+)*)[.-]?([a-z]*)")
_REMEDY = f'Write release numbers after ==, >=, >, <= or <, joined by commas and in quotes: `{KEY}: ">=0.2,<1"`.'


def requirement_problem(data: Map, running: str) -> Diagnostic | None:
    """Why the version `running` may not work on this project, or what is wrong with what the project says of it."""
    if KEY not in data:
        return None
    value, at = data[KEY], data.values_at[KEY]
    clauses = value.split(",") if isinstance(value, str) else []
    matches = [found for clause in clauses if (found := _CLAUSE.fullmatch(clause))]
    if not clauses or len(matches) < len(clauses):
        return _malformed(value, at)
    if all(_holds(found[1], found[2], running) for found in matches):
        return None
    wanted = ",".join(found[1] + found[2] for found in matches)
    remedy = f"Use such a version of retinue. If this one will do, change `{KEY}`."
    return Diagnostic(MISMATCH, f"this project requires retinue {wanted}, this is {running}", remedy, at)


def _malformed(value: Any, at: Place) -> Diagnostic:
    if not isinstance(value, str):
        message = f"`{KEY}` is empty" if value is None else f"`{KEY}` is not text"
        return Diagnostic("version-requirement", message, _REMEDY, at)
    wrong = next(clause for clause in value.split(",") if not _CLAUSE.fullmatch(clause)).strip()
    operator = _OPERATOR.match(wrong)
    if not wrong:
        message = f"a part of `{KEY}` is empty" if value.strip() else f"`{KEY}` is empty"
    elif operator is None:
        message = f"{shown(wrong)} in `{KEY}` says no comparison"
    elif operator[1] not in ("==", ">=", ">", "<=", "<"):
        message = f"{shown(operator[1])} in `{KEY}` is not supported"
    elif rest := wrong[operator.end() :].strip():
        message = f"{shown(rest)} in `{KEY}` is not a release number"
    else:
        message = f"no release number follows `{operator[1]}` in `{KEY}`"
    return Diagnostic("version-requirement", message, _REMEDY, at)


def _holds(operator: str, wanted: str, running: str) -> bool:
    """As pip compares: a pre-release comes before its release and is not below it, a post-release after it."""
    own = _OWN.match(running)
    assert own is not None
    pairs = zip_longest(_release(own[1]), _release(wanted), fillvalue=(0, ""))
    order = next((1 if mine > theirs else -1 for mine, theirs in pairs if mine != theirs), 0)
    # Only where the release numbers are equal it matters what follows ours.
    rank = order or (1 if own[2] == "post" else -1 if own[2] else 0)
    return {"==": rank == 0, ">=": rank >= 0, "<=": rank <= 0, ">": order > 0, "<": order < 0}[operator]


def _release(text: str) -> _Release:
    """The numbers by length and digits: they may be longer than Python likes to convert."""
    parts = (part.lstrip("0") for part in text.split("."))
    return tuple((len(part), part) for part in parts)
