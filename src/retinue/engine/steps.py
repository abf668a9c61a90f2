"""Carries out one step of a plan against one object. Raises what the service raises; the caller makes it an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..core import diff, marker
from ..core.canonical import canonical, same
from ..core.errors import HeldBack, NotSent, RetinueError, ServiceError, StaleError, UnknownOutcome
from ..core.model import MISSING, Action, Change, Diagnostic, Json, Kind, Resource, Severity
from ..core.pointer import without
from ..providers.base import Marker
from .recheck import is_reached, matches, what_moved
from .run import Run

_CREATE_ATTEMPTS = 3
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Result:
    """The live id after the step, and what the service made of our values."""

    remote_id: str | None
    notes: tuple[Diagnostic, ...] = ()
    wrote: bool = True


def carry_out(change: Change, run: Run) -> Result:
    """One step. Raises StaleError if the object moved since the plan, or any error of the service."""
    match change.action:
        case Action.CREATE:
            return _create(change, run)
        case Action.UPDATE | Action.ADOPT | Action.MOVE:
            return _update(change, run)
        case Action.FORGET:
            return _forget(change, run)
        case Action.DELETE:
            return _delete(change, run)
        case _:
            raise NotImplementedError(f"no provider of this version needs {change.action}")


def _create(change: Change, run: Run) -> Result:
    """A create whose outcome is unknown is looked up by its nonce; only if it is not there is it tried again.

    Each request has a nonce of its own, so that one which comes to light later is recognised as a duplicate.
    """
    spec = _fields(change, run.kinds[change.address.kind])
    attempts = 0
    doubt: UnknownOutcome | None = None
    while True:
        nonce = run.nonce()
        run.made[nonce] = change.address
        text = _marker(change, run, marker.Applied(nonce, change.protected, None, _asked(change)))
        try:
            live = run.service.create(change.address.kind, spec, text)
        except HeldBack as held_back:
            doubt = held_back
            continue
        except NotSent as stopped:
            if doubt is None:
                raise
            raise UnknownOutcome(f"{doubt.message}; then {stopped.message}") from stopped
        except UnknownOutcome as unknown:
            attempts += 1
            found = _found(unknown, change, text, run)
            if found is None and attempts == _CREATE_ATTEMPTS:
                raise
            if found is None:
                doubt = unknown
                continue
            live = found
        return _settle(change, live, text, spec, run)


def _found(unknown: UnknownOutcome, change: Change, text: Marker, run: Run) -> Resource | None:
    """As `_find`; a look that fails leaves the outcome unknown."""
    try:
        return _find(change, text, run)
    except RetinueError as error:
        raise UnknownOutcome(f"{unknown.message}, and a look failed: {error.message}", error.remedy) from error


def _find(change: Change, text: Marker, run: Run) -> Resource | None:
    """The object that carries just this marker, looking again while the service's list may lag behind."""
    for look in range(_LOOKS):
        if look:
            run.clock.wait(run.capabilities.list_lag / (_LOOKS - 1), run.stop)
        for live in run.service.list(change.address.kind):
            if (live.marker_address, live.marker_applied) == (text.address, text.applied):
                return live
    return None


def _current(change: Change, run: Run) -> Resource | None:
    return run.service.get(change.address.kind, change.remote_id or "")


def _update(change: Change, run: Run) -> Result:
    live = _current(change, run)
    if live is None:
        raise StaleError(f"{change.remote_id} is gone since the plan was made", "Plan again.")
    if is_reached(change, live, run):
        return Result(live.remote_id, wrote=False)
    if not matches(change, live, run):
        raise StaleError(what_moved(change, live, run.kinds[change.address.kind]), "Plan again and review.")
    run.backup(live)
    kind = run.kinds[change.address.kind]
    fields = _fields(change, kind)
    text = _marker(change, run, _next_applied(change, live, run))
    answer = run.service.update(live, fields, text, _resets(fields, kind))
    return _settle(change, answer, text, fields, run)


def _forget(change: Change, run: Run) -> Result:
    live = _current(change, run)
    if live is None or live.marker_address is None:
        return Result(change.remote_id, wrote=False)
    if not matches(change, live, run):
        raise StaleError(f"{change.remote_id} was changed after the plan was made", "Plan again and review.")
    run.backup(live)
    run.service.update(live, {}, None)
    return Result(change.remote_id)


def _delete(change: Change, run: Run) -> Result:
    live = _current(change, run)
    if live is None:
        return Result(change.remote_id, wrote=False)
    if not matches(change, live, run):
        raise StaleError(what_moved(change, live, run.kinds[change.address.kind]), "Plan again and review.")
    run.backup(live)
    run.service.delete(change.address.kind, change.remote_id or "")
    return Result(change.remote_id)


def _fields(change: Change, kind: Kind) -> dict[str, Json]:
    """What to send, by field name. Paths below `/retinue/` live in the marker alone."""
    named = ((item.path.removeprefix("/"), item.after) for item in change.fields)
    return {name: value for name, value in named if name in kind.fields}


def _resets(fields: Mapping[str, Json], kind: Kind) -> frozenset[str]:
    return frozenset(name for name, value in fields.items() if same(value, kind.fields[name].shape.default))


def _asked(change: Change) -> dict[str, marker.Entry]:
    return marker.parse_entries(change.asked.split()) or {}


def _marker(change: Change, run: Run, applied: marker.Applied) -> Marker:
    return Marker(str(marker.Owner(run.project, run.environment, change.address)), str(applied))


def _next_applied(change: Change, live: Resource, run: Run) -> marker.Applied:
    """The marker after this step: nonce and verification stay for life, observations as long as their question."""
    before = marker.parse_applied(live.marker_applied or "")
    asked = _asked(change)
    if before is None:
        # A fresh nonce on an object of ours would turn a copy of it into a double create, which is deleted.
        nonce = run.nonce() if change.action is Action.ADOPT else marker.REPAIRED
        return marker.Applied(nonce, change.protected, None, asked)
    questions = _defaults_observed(before, run.kinds[change.address.kind]) | asked
    kept = {
        code: old if (old := before.fields.get(code)) and old.asked == entry.asked else entry
        for code, entry in questions.items()
    }
    return replace(before, protected=change.protected, fields=kept)


def _defaults_observed(applied: marker.Applied, kind: Kind) -> dict[str, marker.Entry]:
    """Fields that are asked to be at their default, which needs no entry, but that the service is known to alter."""
    shapes = {field.code: field.shape for field in kind.fields.values() if field.shape.default is not MISSING}
    return {
        code: entry
        for code, entry in applied.fields.items()
        if entry.observed and code in shapes and entry.asked == marker.short_digest(shapes[code].default)
    }


def _settle(change: Change, answer: Resource, text: Marker, sent: Mapping[str, Json], run: Run) -> Result:
    """Compare the answer of a write with what was sent; remember what the service made of it, once."""
    if (answer.marker_address, answer.marker_applied) != (text.address, text.applied):
        raise ServiceError(
            f"the service did not keep the marker on {answer.remote_id}",
            "Without its two metadata pairs retinue cannot know this object again; see what removes them.",
        )
    kind = run.kinds[change.address.kind]
    names = sorted(diff.altered(sent, answer.spec, kind, run.hidden(kind.name)))
    applied = marker.parse_applied(text.applied)
    assert applied is not None
    observed = _with_observations(applied, names, without(canonical(answer.spec, kind), change.ignored), kind)
    if observed != applied:
        try:
            answer = run.service.update(answer, {}, replace(text, applied=str(observed)))
        except NotSent as stopped:
            raise UnknownOutcome(
                f"{answer.remote_id} is written, but not the note of what the service made of it: {stopped.message}"
            ) from stopped
    return Result(answer.remote_id, _notes(change, names))


def _with_observations(
    applied: marker.Applied, altered: Sequence[str], have: Mapping[str, Json], kind: Kind
) -> marker.Applied:
    """Each asked field's entry with what the service holds where that is something else."""
    fields = dict(applied.fields)
    for name in altered:
        field = kind.fields[name]
        entry = marker.entry_of(field, applied)
        if entry is not None:
            held = have.get(name, MISSING)
            fields[field.code] = marker.Entry(entry.asked, None if held is MISSING else marker.short_digest(held))
    return replace(applied, fields=fields)


def _notes(change: Change, altered: Sequence[str]) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(
            code="altered",
            severity=Severity.WARNING,
            address=str(change.address),
            path=f"/{name}",
            message=f"the service keeps another value of `{name}` than it was sent; noted, no drift from now on",
        )
        for name in altered
    )
