"""Walks a plan: what others need first, deletes last and only if nothing failed. Decides nothing else."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import wait
from dataclasses import replace
from graphlib import TopologicalSorter
from threading import Condition

from ..core.errors import Incomplete, NoMarker, NotSent, RetinueError, UnknownOutcome, Unrecorded
from ..core.model import Change, Outcome, Status
from ..core.waves import Graph, backwards, layers, needs, waves
from .races import settle_races
from .run import Run
from .threads import in_thread
from .write import carry_out

_EARLIER = "an earlier step did not succeed"
_HOPELESS = NoMarker.failure
"""The failure after which nothing more may be started: it would befall every other step too."""


def apply_changes(changes: Sequence[Change], run: Run) -> list[Outcome]:
    """Every step's outcome, in the order of `changes`; a failed step is an outcome, never an exception."""
    outcomes: dict[int, Outcome] = {}
    numbered = dict(enumerate(changes))
    for number, change in numbered.items():
        if why := change.held:
            outcomes[number] = _not_done(change, Status.HELD, why.message, "\n".join(why.remedies) or None)
    parts = waves({number: change for number, change in numbered.items() if not change.held})
    for layer in layers(parts.writes):
        outcomes |= _walk(layer, needs(parts.writes), run, outcomes)
        outcomes |= settle_races(layer, outcomes, run)
        made = (outcomes[number] for number in layer if outcomes[number].status is Status.DONE)
        run.ids.update({outcome.address: outcome.remote_id for outcome in made if outcome.remote_id})
    for wave in (parts.deletes, parts.unused, parts.forgets):
        if all(outcome.status in (Status.DONE, Status.HELD) for outcome in outcomes.values()):
            done = _walk(wave, backwards(needs(wave)), run)
        else:
            done = {n: _not_done(change, Status.NOT_STARTED, _EARLIER) for n, change in wave.items()}
        # A replace is among the writes too, and done when both halves are.
        outcomes |= {n: _replaced(outcomes[n], item) if n in parts.writes else item for n, item in done.items()}
    return [outcomes[number] for number in numbered]


def _replaced(made: Outcome, removed: Outcome) -> Outcome:
    if made.status is not Status.DONE or removed.status is Status.DONE:
        return made
    why = f"the new one is {made.remote_id}; the old one is still there: {removed.error}"
    return replace(removed, action=made.action, remote_id=made.remote_id, error=why)


class _Walk:
    """How far a walk is, for the threads that share it.

    `outcomes`: of its steps so far, and of the steps before it, which `graph` may name too.
    """

    def __init__(self, changes: Mapping[int, Change], graph: Graph, run: Run, before: Mapping[int, Outcome]) -> None:
        self.changes, self.graph, self.run = changes, graph, run
        self.sorter = TopologicalSorter({number: graph[number] & changes.keys() for number in changes})
        self.sorter.prepare()
        self.ready = deque[int]()
        self.outcomes = dict(before)
        self.failed = {number for number, outcome in before.items() if outcome.status is not Status.DONE}
        self.hopeless = any(outcome.failure == _HOPELESS for outcome in before.values())
        self.broken = False
        self.turn = Condition()

    def work(self) -> None:
        """The work of each thread: one step after the other, until none is left."""
        try:
            while (number := self.next()) is not None:
                self.settle(number, _outcome(self.changes[number], self.run))
        except BaseException:
            with self.turn:
                self.broken = True
                self.turn.notify_all()
            raise

    def next(self) -> int | None:
        """The next step to begin, once what it needs is settled; None when there is none any more."""
        with self.turn:
            while self.sorter.is_active() and not self.broken:
                self.ready.extend(self.sorter.get_ready())
                if not self.ready:
                    self.turn.wait()
                    continue
                number = self.ready.popleft()
                kept_back = self.kept_back(number)
                if kept_back is None:
                    return number
                self.settle(number, kept_back)
        return None

    def settle(self, number: int, outcome: Outcome) -> None:
        with self.turn:
            self.outcomes[number] = outcome
            self.run.finished(outcome)
            self.sorter.done(number)
            if outcome.status is not Status.DONE:
                self.failed.add(number)
            self.hopeless = self.hopeless or outcome.failure == _HOPELESS
            self.turn.notify_all()

    def kept_back(self, number: int) -> Outcome | None:
        """How a step ends that may not be begun."""
        change, broken = self.changes[number], self.graph[number] & self.failed
        if self.run.stop.is_set():
            return _not_done(change, Status.NOT_STARTED, "the run was stopped before it")
        if self.hopeless or (self.run.fail_fast and self.failed):
            return _not_done(change, Status.NOT_STARTED, _EARLIER)
        if not broken:
            return None
        why = f"it needs {self.outcomes[min(broken)].address}, which did not succeed"
        return _not_done(change, Status.SKIPPED, why)


def _walk(
    changes: Mapping[int, Change], graph: Graph, run: Run, before: Mapping[int, Outcome] | None = None
) -> dict[int, Outcome]:
    """Carry out steps as soon as what they need is done, at most `parallelism` at once. With the outcomes `before`."""
    walk = _Walk(changes, graph, run, before or {})
    workers = [in_thread(walk.work) for _ in range(min(run.parallelism, len(changes)))]
    try:
        for worker in workers:
            worker.result()
    finally:
        wait(workers)
    return walk.outcomes


def _outcome(change: Change, run: Run) -> Outcome:
    run.started(change)
    try:
        outcome = carry_out(change, run)
    except RetinueError as error:
        status = Status.UNKNOWN if isinstance(error, UnknownOutcome) else Status.FAILED
        status = Status.NOT_STARTED if isinstance(error, NotSent) else status
        remote_id = error.remote_id if isinstance(error, Unrecorded) else change.remote_id
        # The cause that a person has to fix: for a write in doubt, the error that broke it off.
        cause, in_doubt = error.__cause__, isinstance(error, UnknownOutcome | Unrecorded)
        root = cause if in_doubt and isinstance(cause, RetinueError) and not isinstance(error, Incomplete) else error
        return Outcome(change.address, change.action, status, remote_id, error.message, error.remedy, root.failure)
    if outcome.remote_id:
        run.ids[change.address] = outcome.remote_id
    return outcome


def _not_done(change: Change, status: Status, why: str, remedy: str | None = None) -> Outcome:
    return Outcome(change.address, change.action, status, change.remote_id, why, remedy)
