"""Walks a plan: what others need first, deletes last and only if nothing failed. Decides nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from functools import partial
from graphlib import TopologicalSorter

from ..core.errors import (
    ApiGone,
    AuthError,
    Incomplete,
    NoMarker,
    NotSent,
    RetinueError,
    StaleError,
    UnknownOutcome,
    Unreachable,
    Unrecorded,
)
from ..core.graph import closure, needs
from ..core.model import Action, Address, Change, Obstacle, Outcome, Reason, Status
from .races import settle_races
from .run import Run
from .steps import carry_out
from .threads import aside

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
    writes, deletes, unused, forgets = _waves(free)
    for layer in _layers(writes):
        outcomes |= _walk(layer, needs(writes), run, outcomes)
        outcomes |= settle_races(layer, outcomes, run)
        run.ids.update(_ids(layer, outcomes))
    replaced = {number: _old_of(change) for number, change in writes.items() if change.action is Action.REPLACE}
    for wave in (deletes | replaced, unused, forgets):
        if all(outcome.status in (Status.DONE, Status.HELD) for outcome in outcomes.values()):
            done = _walk(wave, _reversed(needs(wave)), run)
        else:
            done = {n: _not_started(change, "an earlier step did not succeed") for n, change in wave.items()}
        outcomes |= {n: _replaced(outcomes[n], item) if n in replaced else item for n, item in done.items()}
    return [outcomes[number] for number in numbered]


def _layers(writes: Mapping[int, Change]) -> list[dict[int, Change]]:
    """First the new objects that others will refer to by their ids, so that their races are settled before that."""
    needed = needs(writes)
    early = {
        other
        for number, others in needed.items()
        for other in others
        if writes[other].action in (Action.CREATE, Action.REPLACE)
        and writes[other].address.kind != writes[number].address.kind
    }
    first = closure(early, {number: tuple(others) for number, others in needed.items()})
    layers = [{n: change for n, change in writes.items() if (n in first) is early_one} for early_one in (True, False)]
    return [layer for layer in layers if layer]


def _ids(layer: Mapping[int, Change], outcomes: Mapping[int, Outcome]) -> dict[Address, str]:
    done = (outcomes[number] for number in layer if outcomes[number].status is Status.DONE)
    return {outcome.address: outcome.remote_id for outcome in done if outcome.remote_id}


def _old_of(change: Change) -> Change:
    """The second half of a replace: the old object goes once nothing refers to it any more."""
    return replace(change, action=Action.DELETE, reason=Reason.DUPLICATE, fields=(), requires=())


def _replaced(made: Outcome, removed: Outcome) -> Outcome:
    """A replace is done when both halves are."""
    if made.status is not Status.DONE or removed.status is Status.DONE:
        return made
    why = f"the new one is {made.remote_id}; the old one is still there: {removed.error}"
    return replace(removed, action=made.action, remote_id=made.remote_id, error=why)


def _waves(changes: Mapping[int, Change]) -> list[dict[int, Change]]:
    """Writes, deletes, files that nobody needs by then, forgets.

    A duplicate of what is forgotten must be gone before, while it is known.
    """
    waves: list[dict[int, Change]] = [{}, {}, {}, {}]
    for number, change in changes.items():
        unused = change.reason is Reason.UNUSED
        last = {Action.DELETE: 2 if unused else 1, Action.FORGET: 3}
        waves[last.get(change.action, 0)][number] = change
    return waves


_Graph = dict[int, set[int]]


def _reversed(graph: _Graph) -> _Graph:
    result: _Graph = {number: set() for number in graph}
    for number, others in graph.items():
        for other in others:
            result[other].add(number)
    return result


def _walk(
    changes: Mapping[int, Change], graph: _Graph, run: Run, before: Mapping[int, Outcome] | None = None
) -> dict[int, Outcome]:
    """Carry out steps as soon as what they need is done, at most `parallelism` at once.

    `before`: how the steps ended that were done earlier; `graph` may name them too.
    """
    outcomes: dict[int, Outcome] = {}
    sorter = TopologicalSorter({number: graph[number] & changes.keys() for number in changes})
    sorter.prepare()
    ready: deque[int] = deque()
    flying: dict[Future[Outcome], int] = {}
    earlier = before or {}
    failed = {number for number, outcome in earlier.items() if outcome.status is not Status.DONE}
    hopeless = any(outcome.failure == _HOPELESS for outcome in earlier.values())

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
                change, broken = changes[number], graph[number] & failed
                if run.stop.is_set():
                    settle(number, _not_started(change))
                elif hopeless or (run.fail_fast and failed):
                    settle(number, _not_started(change, "an earlier step did not succeed"))
                elif broken:
                    settle(number, _skipped(change, {**earlier, **outcomes}[min(broken)].address))
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
    if result.remote_id:
        run.ids[change.address] = result.remote_id
    return Outcome(change.address, change.action, Status.DONE, result.remote_id, notes=result.notes, wrote=result.wrote)


def _root(error: RetinueError) -> RetinueError:
    """What a person has to mend: where a write is in doubt, that is what broke it off."""
    cause = error.__cause__
    if isinstance(error, Incomplete):
        return error
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
    if isinstance(error, Incomplete):
        return "partial"
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
