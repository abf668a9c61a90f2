"""Carries out one step of a plan against one object. Raises what the service raises; the caller makes it an outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ..core import differences
from ..core.content import key_of, scope_of
from ..core.errors import (
    Conflict,
    HeldBack,
    NoMarker,
    NotFound,
    NotSent,
    RetinueError,
    ServiceError,
    StaleError,
    UnknownOutcome,
    Unrecorded,
)
from ..core.freshness import Reached, Stale, freshness, is_reached, matches, refusal
from ..core.marker import Applied, Mark
from ..core.marks import at_default, begun, ended, fields_to_send, next_applied, with_observations
from ..core.model import Action, Change, Diagnostic, Fields, Live, Outcome, Resource, Severity, Status
from ..core.references import grounded, to_names
from ..providers.base import Uploader
from .read import read_live
from .run import Run, packed

_CREATE_ATTEMPTS = 3
_UNREADABLE = "Find out what alters its `retinue.applied` in the service, then plan again."
_PERHAPS_THIS = "Look at it in the service: if it is this one, delete or adopt it; then apply again."


def carry_out(change: Change, run: Run) -> Outcome:
    """How one step ended. Raises StaleError if the object moved since the plan, or any error of the service."""
    kind = run.kinds[change.address.kind]
    change = grounded(change, run.known(change), kind)
    if change.mark.verified is not None:
        return _note_verified(change, run)
    match change.action:
        case Action.CREATE if kind.by_content:
            return _upload(change, run)
        case Action.CREATE | Action.REPLACE:
            return _create(change, run)
        case Action.NO_OP:
            raise NotImplementedError(f"no provider of this version needs {change.action}")
    live = run.service.get(*change.object_key)
    state = freshness(change, live, None, run.target)
    if isinstance(state, Stale):
        raise StaleError(state.why, "Plan again and review.")
    if live is None or isinstance(state, Reached):
        return _done(change, change.remote_id, wrote=False)
    run.backup(live)
    if change.action is Action.DELETE:
        run.service.delete(*change.object_key)
        return _done(change, change.remote_id)
    return _forget(change, live, run) if change.action is Action.FORGET else _update(change, live, run)


def _done(change: Change, remote_id: str | None, notes: Sequence[Diagnostic] = (), *, wrote: bool = True) -> Outcome:
    """`remote_id`: the live id after the step."""
    done = Outcome(change.address, change.action, Status.DONE, remote_id, removal=change.removal)
    return replace(done, notes=tuple(notes), wrote=wrote)


def _create(change: Change, run: Run) -> Outcome:
    """Each request has a nonce of its own, so that one which comes to light later is recognised as a duplicate."""
    target, kind = run.target, run.kinds[change.address.kind]
    spec = fields_to_send(change, kind)
    sent: list[Mark] = []

    def send() -> Live:
        nonce = run.nonce()
        run.made[nonce] = change.address
        applied = Applied(nonce, change.protected, fields=change.asked)
        first = begun(applied, spec, None, kind)
        sent.append(Mark.of(target.owner(change.address), first))
        return run.service.create(kind.name, spec, packed(sent[-1]), at_default(change, kind))

    def is_it(live: Live) -> bool:
        # By its nonce, in any case: what the service made of the rest of both texts is looked at in a moment.
        mark, found = sent[-1], live.mark
        nonce = mark.applied.nonce.casefold() if mark.applied else ""
        if found.owner not in (None, mark.owner) or live.remote_id == change.remote_id:
            return False
        if nonce in (found.applied_text or "" if found.owner else str(live.raw)).casefold():
            return True
        if found.owner and found.applied is None:
            # Repeated, this create could make a second one; taken back, it could be another run's.
            raise UnknownOutcome(f"{live.remote_id} has this address and a marker that cannot be read", _UNREADABLE)
        return False

    live = _made(change, send, is_it, run)
    mark = sent[-1]
    if run.capabilities.create_repeatable and live.mark.owner_text == mark.owner_text:
        if not run.has_made(live):
            # Another run had made this address before.
            if not is_reached(change, live, target):
                raise StaleError("it was created since, and not as planned", "Plan again and review.")
            return _done(change, live.remote_id, wrote=False)
        # An earlier request of this run came to light, with the marker that it had.
        mark = live.mark
    try:
        return _settle(change, live, mark, spec, run)
    except NoMarker as lost:
        raise _taken_back(lost, live, run) from lost


def _upload(change: Change, run: Run) -> Outcome:
    """The bytes of a file. An upload whose answer was lost is recognised by its name and not sent again."""
    kind = run.kinds[change.address.kind]
    spec = fields_to_send(change, kind)
    scope, content = scope_of(run.target.project, run.target.environment), run.content(change)
    key = key_of(Resource(kind.name, spec))
    assert isinstance(run.service, Uploader)
    service = run.service

    def is_it(live: Live) -> bool:
        return live.mark.owner_text == scope and key_of(live) == key

    live = _made(change, lambda: service.upload(kind.name, spec, scope, content), is_it, run)
    if not is_it(live):
        lost = NoMarker(f"the service gave {live.remote_id} another name", "Without it this file is not found again.")
        raise _taken_back(lost, live, run)
    return _done(change, live.remote_id)


def _made(change: Change, send: Callable[[], Live], is_it: Callable[[Live], bool], run: Run) -> Live:
    """A create whose outcome is unknown is looked up in the list; only if it is not there is it tried again."""
    attempts, by_content = 0, run.kinds[change.address.kind].by_content
    doubt: UnknownOutcome | None = None
    while True:
        try:
            return send()
        except NotSent as stopped:
            if doubt is None:
                raise
            raise UnknownOutcome(f"{doubt.message}; then {stopped.message}") from stopped
        except UnknownOutcome as unknown:
            doubt, held_back = unknown, isinstance(unknown, HeldBack)
            # Nothing but its bytes tells a file from another, so a look is all that there is to know it again.
            if (by_content or not held_back) and (found := _found(unknown, change, is_it, run)) is not None:
                return completed(found, change, run)
            attempts += not held_back
            if attempts == _CREATE_ATTEMPTS:
                raise


def completed(live: Live, change: Change, run: Run) -> Live:
    """Completes an object that came to light, which may lack the content of later requests."""
    kind = run.kinds[live.kind]
    if not (kind.compound or live.tried) or live.mark.owner is None:
        return live
    spec = fields_to_send(change, kind)

    def lacks(found: Live) -> set[str]:
        return differences.altered(spec, found.spec, kind, change.ignored) | found.tried.keys()

    if not (lacking := lacks(live)):
        return live
    try:
        return run.service.update(live, {name: spec.get(name) for name in lacking}, packed(live.mark))
    except Conflict as conflict:
        return _as_wanted(live, lambda it: not lacks(it), conflict, run)


def _taken_back(lost: NoMarker, live: Live, run: Run) -> NoMarker:
    """Without a marker this object is lost: this create made it, so this create removes it."""
    try:
        run.service.delete(*live.object_key)
    except RetinueError as error:
        return NoMarker(f"{lost.message}; {live.remote_id} stays behind: {error.message}", "Delete it in the service.")
    return NoMarker(f"{lost.message}; it was taken back", lost.remedy)


def _found(unknown: UnknownOutcome, change: Change, is_it: Callable[[Live], bool], run: Run) -> Live | None:
    """The object that was to be made, looking again while the service's list may lag behind.

    Raises UnknownOutcome if a look fails, or if something appeared since the plan that may be it, for all that can be
    read on it.
    """
    live: list[Live] = []
    try:
        for _ in run.looks():
            live = read_live(run.service, [change.address.kind])
            for item in live:
                if is_it(item):
                    return item
    except UnknownOutcome as doubt:
        raise UnknownOutcome(f"{unknown.message}; {doubt.message}", doubt.remedy) from doubt
    except RetinueError as error:
        raise UnknownOutcome(f"{unknown.message}, and looking for it failed: {error.message}", error.remedy) from error
    if run.before is None or run.kinds[change.address.kind].by_content:
        return None
    for item in live:
        if item.mark.owner is None and item.remote_id not in run.before:
            why = f"{item.remote_id} appeared meanwhile, and its owner is unknown"
            raise UnknownOutcome(f"{unknown.message}; {why}", _PERHAPS_THIS) from unknown
    return None


def _update(change: Change, live: Live, run: Run) -> Outcome:
    kind, owner = run.kinds[change.address.kind], run.target.owner(change.address)
    fields = fields_to_send(change, kind, live.spec)
    applied = next_applied(change, live, kind, run.nonce)
    mark = Mark.of(owner, applied)
    before = None if change.action is Action.ADOPT else live.mark.applied
    first = begun(applied, fields, live, kind, before)
    try:
        if first != applied:
            live = note(live, Mark.of(owner, first), run)
        answer = run.service.update(live, fields, packed(mark), at_default(change, kind))
    except NotFound as gone:
        raise StaleError(f"{change.remote_id} is gone", "Plan again and review.") from gone
    except Conflict as conflict:
        answer = _as_wanted(
            live, lambda it: isinstance(freshness(change, it, None, run.target), Reached), conflict, run
        )
        mark = answer.mark
    return _settle(change, answer, mark, fields, run)


def _as_wanted(live: Live, wanted: Callable[[Live], bool], conflict: Conflict, run: Run) -> Live:
    """The object after a write that its lock refused, if it is as wanted: an answer of ours was lost, most likely."""
    found = run.service.get(*live.object_key)
    if found is None or not wanted(found):
        why = f"{live.remote_id} was changed between the last read and the write: {conflict.message}"
        raise StaleError(why, "Plan again and review.") from conflict
    return found


def _forget(change: Change, live: Live, run: Run) -> Outcome:
    try:
        answer = run.service.update(live, {}, None)
    except NotFound:
        return _done(change, change.remote_id, wrote=False)
    except Conflict as conflict:
        answer = _as_wanted(live, lambda it: it.mark.owner_text is None, conflict, run)
    if answer.mark.owner_text is not None:
        message = f"the service did not take the marker off {answer.remote_id}"
        raise ServiceError(message, "Remove its two `retinue.` metadata pairs in the service.")
    return _done(change, change.remote_id)


def _note_verified(change: Change, run: Run) -> Outcome:
    """Note in the marker that the spec passed; nothing else of the object is written, and no other object is noted."""
    live = run.service.get(*change.object_key)
    applied = None if live is None else live.mark.applied
    if live is None or applied is None or refusal(change, live, run.target) or not matches(change, live, run.target):
        raise StaleError("it was changed while the command ran", "Plan, apply and verify again.")
    if applied.verified == change.mark.verified:
        return _done(change, change.remote_id, wrote=False)
    note(live, Mark.of(run.target.owner(change.address), replace(applied, verified=change.mark.verified)), run)
    return _done(change, change.remote_id)


def note(live: Live, mark: Mark, run: Run) -> Live:
    """Write the marker alone."""
    try:
        answer = run.service.update(live, {}, packed(mark))
    except Conflict as conflict:
        answer = _as_wanted(live, lambda it: it.mark == mark, conflict, run)
    _check_mark(answer, mark)
    return answer


def _settle(change: Change, answer: Live, mark: Mark, sent: Fields, run: Run) -> Outcome:
    """Compare the answer of a write with what was sent; remember what the service made of it, once."""
    _check_mark(answer, mark, proof=False)
    owner, applied = mark.owner, mark.applied
    assert owner is not None and applied is not None
    kind = run.kinds[change.address.kind]
    # A field left out of a create that got the service's own default is noted, so it is not an edit later.
    asked = {**kind.defaults, **sent} if change.action.makes else sent
    noted = differences.altered(asked, answer.spec, kind, change.ignored)
    observed = ended(applied)
    if noted:
        known = {(address.kind, key): address for address, key in run.known(change).items()}
        observed = with_observations(observed, noted, change, to_names(answer.spec, kind, known), kind)
    if observed != applied:
        mark = Mark.of(owner, observed)
        try:
            answer = note(answer, mark, run)
        except NoMarker:
            raise
        except RetinueError as error:
            message = f"{answer.remote_id} is written, but not the note of what the service made of it: {error.message}"
            remedy = "The next plan shows these fields once more; apply it."
            raise Unrecorded(message, remedy, remote_id=answer.remote_id) from error
    notes, at = [], str(change.address)
    for name in sorted(noted & sent.keys()):
        message = f"the service keeps another value of `{name}` than it was sent; noted, and not drift from now on"
        notes.append(Diagnostic("altered", message, address=at, path=f"/{name}", severity=Severity.WARNING))
    return _done(change, answer.remote_id, notes)


def _check_mark(answer: Live, mark: Mark, *, proof: bool = True) -> None:
    """Without `proof`, what passed `verify` may differ: an older version that says the same may serve again."""
    found = answer.mark
    if not proof and found.applied is not None and mark.applied is not None:
        found = replace(found, applied_text=str(replace(found.applied, verified=mark.applied.verified)))
    if (found.owner_text, found.applied_text) != (mark.owner_text, mark.applied_text):
        remedy = "Without its two metadata pairs retinue cannot recognise this object; find out what removes them."
        raise NoMarker(f"the service did not keep the marker on {answer.remote_id}", remedy)
