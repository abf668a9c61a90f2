"""The versions of one object as steps: which fields each of them changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .canonical import canonical, same
from .model import MISSING, FieldChange, Json, Kind


@dataclass(frozen=True, slots=True)
class Step:
    """One version. `created_at` in seconds; `changes` against the version before, against nothing for the first."""

    number: int
    created_at: int
    current: bool
    changes: tuple[FieldChange, ...]


def changes_between(before: Mapping[str, Json], after: Mapping[str, Json], kind: Kind) -> tuple[FieldChange, ...]:
    """The known fields that are not the same, in the kind's order. None stands for a field that is not there."""
    old, new = canonical(before, kind), canonical(after, kind)
    pairs = ((name, old.get(name, MISSING), new.get(name, MISSING)) for name in kind.fields)
    return tuple(
        FieldChange(f"/{name}", None if was is MISSING else was, None if now is MISSING else now)
        for name, was, now in pairs
        if not same(was, now)
    )
