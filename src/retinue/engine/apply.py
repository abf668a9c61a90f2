"""Walks a plan: what others need first, deletes last and only if nothing failed. Decides nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from graphlib import TopologicalSorter

from ..core.errors import (
    ApiGone,
    AuthError,
    NoMarker,
    NotSent,
    RetinueError,
    StaleError,
    UnknownOutcome,
    Unreachable,
    Unrecorded,
)
from ..core.model import Action, Address, Change, Obstacle, Outcome, Status
from .races import settle_races
from .run import Run
from .steps import carry_out
from .threads import aside

_DESTRUCTIVE = (Action.DELETE, Action.REPLACE)
_HOPELESS = "no-marker"
"""The failure after which nothing more may be started: it would befall every other step too."""


def apply_changes(changes: Sequence[Change], run: Run) -> list[Outcome]:
    """Every step's outcome, in the order of `changes`; a failed step is an outcome, never an exception."""
    outcomes: dict[int, Outcome] = {}
    numbered = dict(enumerate(changes))
    for number, change in numbered.items():
        if change.held:
            outcomes[number] = _held(change, change.held)
    free = {number: change for number, change in numbered.items() if not change.held}
    writes, deletes, forgets = _waves(free)
    outcomes |= _walk(writes, _needs(writes), run)
    outcomes |= settle_races(writes, outcomes, run)
    for wave in (deletes, forgets):
        if all(outcome.status in (Status.DONE, Status.HELD) for outcome in outcomes.values()):
            outcomes |= _walk(wave, _reversed(_needs(wave)), run)
        else:
            outcomes |= {n: _not_started(change, "an earlier step did not succeed") for n, change in wave.items()}
    return [outcomes[number] for number in numbered]


def _waves(changes: Mapping[int, Change]) -> tuple[dict[int, Change], dict[int, Change], dict[int, Change]]:
    """Writes, then deletes, then forgets: a duplicate of what is forgotten must be gone before, while it is known."""
    waves: tuple[dict[int, Change], dict[int, Change], dict[int, Change]] = ({}, {}, {})
    for number, change in changes.items():
        waves[1 if change.action in _DESTRUCTIVE else 2 if change.action is Action.FORGET else 0][number] = change
    return waves


_Graph = dict[int, set[int]]


def _needs(changes: Mapping[int, Change]) -> _Graph:
    """Which steps must be done before each, from the addresses that it requires."""
    numbers: dict[Address, set[int]] = {}
    for number, change in changes.items():
        numbers.setdefault(change.address, set()).add(number)
    return {
        number: {other for address in change.requires for other in numbers.get(address, ())}
        for number, change in changes.items()
    }


def _reversed(needs: _Graph) -> _Graph:
    result: _Graph = {number: set() for number in needs}
    for number, others in needs.items():
        for other in others:
            result[other].add(number)
    return result


def _walk(changes: Mapping[int, Change], needs: _Graph, run: Run) -> dict[int, Outcome]:
    """Carry out steps as soon as what they need is done, at most `parallelism` at once."""
    outcomes: dict[int, Outcome] = {}
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ready: deque[int] = deque()
    flying: dict[Future[Outcome], int] = {}
    failed: set[int] = set()
    hopeless = False

    def settle(number: int, outcome: Outcome) -> None:
        nonlocal hopeless
        outcomes[number] = outcome
        run.finished(outcome)
        sorter.done(number)
        if outcome.status is not Status.DONE:
            failed.add(number)
        hopeless = hopeless or outcome.failure == _HOPELESS

    try:
        while sorter.is_active():
            ready.extend(sorter.get_ready())
            while ready and len(flying) < run.parallelism:
                number = ready.popleft()
                change, broken = changes[number], needs[number] & failed
                if run.stop.is_set():
                    settle(number, _not_started(change))
                elif hopeless or (run.fail_fast and failed):
                    settle(number, _not_started(change, "an earlier step did not succeed"))
                elif broken:
                    settle(number, _skipped(change, changes[min(broken)].address))
                else:
                    flying[aside(partial(_outcome, change, run))] = number
            # A short wait, so that the main thread sees a signal while requests are in flight.
            finished, _ = wait(flying, timeout=0.2, return_when=FIRST_COMPLETED) if flying else ((), ())
            for future in finished:
                settle(flying.pop(future), future.result())
    finally:
        wait(flying)
    return outcomes


def _outcome(change: Change, run: Run) -> Outcome:
    run.started(change)
    try:
        result = carry_out(change, run)
    except RetinueError as error:
        return Outcome(
            change.address,
            change.action,
            _status(error),
            error.remote_id if isinstance(error, Unrecorded) else change.remote_id,
            error.message,
            error.remedy,
            failure_word(_root(error)),
        )
    return Outcome(change.address, change.action, Status.DONE, result.remote_id, notes=result.notes, wrote=result.wrote)


def _root(error: RetinueError) -> RetinueError:
    """What a person has to mend: where a write is in doubt, that is what broke it off."""
    cause = error.__cause__
    return cause if isinstance(error, UnknownOutcome | Unrecorded) and isinstance(cause, RetinueError) else error


def _status(error: RetinueError) -> Status:
    if isinstance(error, NotSent):
        return Status.NOT_STARTED
    return Status.UNKNOWN if isinstance(error, UnknownOutcome) else Status.FAILED


def failure_word(error: RetinueError) -> str:
    """The class of a failure, as the exit code needs it."""
    if isinstance(error, AuthError):
        return "auth"
    if isinstance(error, StaleError):
        return "stale"
    if isinstance(error, NoMarker):
        return "no-marker"
    return "unreachable" if isinstance(error, ApiGone | Unreachable) else "error"


def _held(change: Change, why: Obstacle) -> Outcome:
    remedy = "\n".join(why.remedies) or None
    return Outcome(change.address, change.action, Status.HELD, change.remote_id, why.message, remedy)


def _skipped(change: Change, culprit: Address) -> Outcome:
    return Outcome(
        change.address, change.action, Status.SKIPPED, change.remote_id, f"it needs {culprit}, which did not succeed"
    )


def _not_started(change: Change, why: str = "the run was stopped before it") -> Outcome:
    return Outcome(change.address, change.action, Status.NOT_STARTED, change.remote_id, why)
