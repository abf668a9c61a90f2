"""The exit codes and the function that decides which of them a run ends in: docs/exit-codes.md."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import IntEnum

from ..core.errors import InvalidManifests, RetinueError, UsageError
from ..core.model import Outcome, Status


class Exit(IntEnum):
    OK = 0
    ERROR = 1
    CHANGES = 2
    USAGE = 3
    AUTH = 4
    BLOCKED = 5
    STALE = 6
    PARTIAL = 8
    UNREACHABLE = 9
    BUG = 70
    INTERRUPTED = 130
    TERMINATED = 143


FINE = (Exit.OK, Exit.CHANGES)
_PRECEDENCE = (Exit.USAGE, Exit.AUTH, Exit.UNREACHABLE, Exit.STALE, Exit.BLOCKED, Exit.ERROR)
_BY_FAILURE = {
    "auth": Exit.AUTH,
    "unreachable": Exit.UNREACHABLE,
    "stale": Exit.STALE,
    "blocked": Exit.BLOCKED,
    "no-marker": Exit.ERROR,
    "partial": Exit.PARTIAL,
    "error": Exit.ERROR,
}
"""By what errors and outcomes call their `failure`."""


def of_error(error: RetinueError) -> Exit:
    """The code of a failure that ended a command."""
    return Exit.USAGE if isinstance(error, UsageError | InvalidManifests) else _BY_FAILURE[error.failure]


def of_outcomes(outcomes: Sequence[Outcome], signal: int = 0, *, detailed: bool = False) -> Exit:
    """The code of an apply: interrupted, else applied in part, else the first failure by precedence, else 0.

    `signal`: 2 or 15 if one ended the run. `detailed`: what is held is a change that is pending.
    """
    if signal:
        return Exit(128 + signal)
    left = [outcome for outcome in outcomes if outcome.status not in (Status.DONE, Status.HELD)]
    failures = {_BY_FAILURE[outcome.failure] for outcome in left if outcome.failure}
    wrote = any(outcome.status is Status.DONE and outcome.wrote for outcome in outcomes)
    if left and (wrote or Exit.PARTIAL in failures):
        return Exit.PARTIAL
    if left and not failures:
        return Exit.ERROR
    done = Exit.CHANGES if detailed and any(item.status is Status.HELD for item in outcomes) else Exit.OK
    return first_of(failures, done)


def first_of(failures: Collection[Exit], done: Exit = Exit.OK) -> Exit:
    """A bug, else the first failure by precedence; `done` where there is none."""
    return next((code for code in (Exit.BUG, *_PRECEDENCE) if code in failures), done)


def word(code: Exit, outcomes: Sequence[Outcome] = ()) -> str:
    """The word that JSON carries beside the code of an apply; of no steps, there was nothing to do."""
    if code in FINE:
        held = all(outcome.status is Status.HELD for outcome in outcomes)
        return ("held" if held else "applied") if outcomes else "no-changes"
    if code in (Exit.INTERRUPTED, Exit.TERMINATED):
        return "interrupted"
    return code.name.lower() if code in (Exit.PARTIAL, Exit.BLOCKED, Exit.STALE) else "error"
