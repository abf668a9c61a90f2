"""After creates: looks for objects that another run made for the same addresses, and takes back what this run made.

Touches nothing that this run did not create: of two of its own it completes the one that stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..core.errors import NewerMarker, RetinueError, StaleError
from ..core.freshness import is_reached
from ..core.marker import Mark
from ..core.marks import ended
from ..core.model import Address, Change, Diagnostic, Live, Outcome, Severity, Status
from ..core.ownership import World, contests, decide
from ..core.references import grounded
from ..core.values import dataclass, replace
from .read import read_owned
from .run import Run
from .write import completed, note

_PATIENCE, _TIED_LOOKS = 0.5, 4


def settle_races(changes: Mapping[int, Change], outcomes: Mapping[int, Outcome], run: Run) -> dict[int, Outcome]:
    """The outcomes of creates, by their number, as they are after a look at who else created the same addresses.

    It looks once the list shows all that was created, or when the service's list lag has passed.
    """
    created = {
        number: outcome
        for number, outcome in outcomes.items()
        if number in changes
        and outcome.action.makes
        and outcome.status is Status.DONE
        and not run.kinds[outcome.address.kind].by_content
    }
    if not created or run.stop.is_set():
        return created
    lost: dict[Address, _Lost] = {}
    try:
        wanted = {outcome.remote_id for outcome in created.values()}
        for _ in run.looks():
            world = _world(changes, run)
            listed = {live.remote_id for live in (*world.owned.values(), *world.duplicates, *world.copies)}
            if wanted <= listed or run.stop.is_set():
                break
        for number, outcome in created.items():
            if outcome.remote_id not in listed:
                lag = f"{run.capabilities.list_lag:g} s"
                message = f"{outcome.remote_id} was created, but {lag} later no list shows it"
                remedy = "Wait until the service lists it before the next apply."
                created[number] = _note("not-listed", message, remedy, outcome)
        _give_way(world, changes, lost, run)
        for number in _taken_back(created, lost):
            created[number] = _outcome(created[number], changes[number], lost[changes[number].address], run)
    except RetinueError as error:
        first = min(created)
        message = f"could not check whether another run created the same object: {error.message}"
        remedy = "The next plan shows what was created twice."
        created[first] = _note("race-unchecked", message, remedy, created[first], general=True)
        if isinstance(error, NewerMarker):
            created[first] = _in_doubt(created[first], error)
        for number in _taken_back(created, lost):
            created[number] = _in_doubt(created[number], error)
    return created


def _in_doubt(outcome: Outcome, error: RetinueError) -> Outcome:
    return replace(outcome, status=Status.UNKNOWN, error=error.message, remedy=error.remedy, failure="error")


@dataclass(frozen=True, slots=True)
class _Lost:
    """An object that was taken back, and the id that holds its address now."""

    taken_back: tuple[str, ...]
    holder_id: str


def _taken_back(created: Mapping[int, Outcome], lost: Mapping[Address, _Lost]) -> list[int]:
    """The steps that are reported as done, although their object was taken back."""
    return [
        number
        for number, outcome in created.items()
        if outcome.address in lost and outcome.remote_id in lost[outcome.address].taken_back
    ]


def _world(changes: Mapping[int, Change], run: Run) -> World:
    made = {change.address.kind for change in changes.values() if change.action.makes}
    kinds = sorted(kind for kind in made if not run.kinds[kind].by_content)
    project, environment = run.target.project, run.target.environment
    return decide(read_owned(run.service, kinds, (project,), environment), project, environment, run.kinds)


def _give_way(world: World, changes: Mapping[int, Change], lost: dict[Address, _Lost], run: Run) -> None:
    """Take back this run's extra objects; where it is open who looks last, wait for the other run to do so."""
    for look in range(_TIED_LOOKS):
        found = contests(world, run.made)
        for contest in found:
            _take_back(contest.extra, contest.holder, lost, run)
        tied = [contest for contest in found if contest.tied]
        if not tied or run.stop.is_set():
            return
        if look < _TIED_LOOKS - 1:
            run.clock.wait(_PATIENCE, run.stop)
            world = _world(changes, run)
    for contest in tied:
        oldest = min(contest.rivals, key=lambda live: (live.created_at, live.remote_id))
        _take_back((contest.holder,), oldest, lost, run)


def _take_back(extra: Collection[Live], holder: Live, lost: dict[Address, _Lost], run: Run) -> None:
    for live in extra:
        # The other run may be giving way at this moment too.
        if run.service.get(*holder.object_key) is None:
            return
        run.service.delete(*live.object_key)
        before = lost[live.address].taken_back if live.address in lost else ()
        lost[live.address] = _Lost((*before, live.remote_id), holder.remote_id)


def _outcome(outcome: Outcome, change: Change, lost: _Lost, run: Run) -> Outcome:
    """The step of an object that was taken back: done if what is there instead is just what was planned.

    An older one that this run made too is first completed.
    """
    kind = run.kinds[change.address.kind]
    change = grounded(change, run.known(change), kind)
    live = run.service.get(kind.name, lost.holder_id)
    try:
        if live is not None and run.has_made(live):
            # Its request was answered as if nothing had happened, so it is not filled yet.
            live = completed(live, change, run)
            owner, applied = live.mark.owner, live.mark.applied
            if owner is not None and applied is not None and ended(applied) != applied:
                live = note(live, Mark.of(owner, ended(applied)), run)
        reached = live is not None and is_reached(change, live, run.target)
    except StaleError:
        reached = False
    if reached:
        message = f"created twice at the same time: {lost.holder_id} stays, {outcome.remote_id} was taken back"
        remedy = "Let one pipeline at a time apply an environment."
        return _note("race", message, remedy, replace(outcome, remote_id=lost.holder_id))
    taken_back = ", ".join(lost.taken_back)
    return replace(
        outcome,
        status=Status.FAILED,
        remote_id=lost.holder_id if live else None,
        error=f"created twice at the same time: {lost.holder_id} stays and is not as planned, {taken_back} is gone",
        remedy="Plan again and review.",
        failure="stale",
    )


def _note(code: str, message: str, remedy: str, outcome: Outcome, *, general: bool = False) -> Outcome:
    """The outcome with a warning, which names its address unless it is `general`."""
    at = None if general else str(outcome.address)
    note = Diagnostic(code, message, remedy, address=at, severity=Severity.WARNING)
    return replace(outcome, notes=(*outcome.notes, note))
