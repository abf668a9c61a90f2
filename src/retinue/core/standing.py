"""Where a planned step stands towards the live object it meets: free to go, done already, or moved. Pure.

Reads nothing and writes nothing; what the step writes is marking.py's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from . import diff, marker
from .canonical import canonical, canonical_json, same
from .model import ACCEPTED, MISSING, Action, Change, Field, FieldChange, Json, Kind, Reason, Resource
from .ownership import Claim
from .pointer import without
from .rights import Scope, refusal


@dataclass(frozen=True, slots=True)
class Reached:
    """The step needs no write: its result is there, as the object with this id."""

    remote_id: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """The step may not go: in words, what is no longer as the plan saw it."""

    what: str


def standing(change: Change, live: Resource | None, holder: Claim | None, scope: Scope) -> Reached | Moved | None:
    """None: the step may go. `live`: the object of its id; `holder`: who holds its address by now."""
    if live is not None and marker.is_newer(live.marker_address, live.marker_applied):
        return Moved(f"the marker of {live.remote_id} was written by a newer retinue by now: upgrade retinue")
    if change.action is Action.CREATE:
        if holder is None:
            return None
        there = is_reached(change, holder.live, scope)
        return Reached(holder.remote_id) if there else Moved("it exists by now, and not as planned")
    if change.action is Action.REPLACE and holder is not None and holder.remote_id != change.remote_id:
        there = live is None and is_reached(replace(change, action=Action.CREATE), holder.live, scope)
        return Reached(holder.remote_id) if there else Moved(f"{holder.remote_id} has this address by now")
    if live is None:
        gone = change.action.gives_up
        return Reached(change.remote_id) if gone else Moved(f"{change.remote_id} is gone")
    # First, because a field that cannot be read back leaves `expect` as it was: only the marker tells that it is set.
    reached = is_reached(change, live, scope)
    if reached and _is_recorded(change, live, scope.kind):
        return Reached(live.remote_id)
    if refused := refusal(change, live, scope):
        return Moved(refused)
    if not reached and not matches(change, live, scope):
        return Moved(what_moved(change, live, scope.kind))
    other = _other_holder(change, holder)
    return Moved(other) if other else None


def _other_holder(change: Change, holder: Claim | None) -> str | None:
    """In words, whose the address is by now, as far as what was read tells."""
    is_it = holder is not None and holder.remote_id == change.remote_id
    if change.reason is Reason.DUPLICATE:
        return f"{change.remote_id} is the only one by now" if is_it else None
    return None if holder is None or is_it else f"{holder.remote_id} has this address by now"


def matches(change: Change, live: Resource, scope: Scope) -> bool:
    """Whether a live object is still the one that the plan was made for."""
    if _protection_moved(change, live):
        return False
    return diff.expect_digest(live, scope.kind, scope.hidden, change.ignored) == change.expect


def _protection_moved(change: Change, live: Resource) -> bool:
    """Whether `protect` is not as the plan saw it; a delete minds only that it was set since."""
    applied = marker.parse_applied(live.marker_applied or "")
    if applied is None or change.action in (Action.ADOPT, Action.FORGET):
        return False
    if change.action.destroys:
        return applied.protected and not change.protected
    said = (item.before for item in change.fields if item.path == "/retinue/protect")
    return applied.protected != next(said, change.protected)


def is_reached(change: Change, live: Resource, scope: Scope) -> bool:
    """Whether a live object already is what the step would make of it, marker included."""
    if change.action is Action.FORGET:
        return live.marker_address is None
    if change.action.destroys:
        return False
    applied = marker.parse_applied(live.marker_applied or "")
    if applied is None or live.marker_address != scope.owner(change.address) or applied.protected != change.protected:
        return False
    return all(_holds(item, live, applied, change, scope) for item in (*change.fields, *_implied(change, scope.kind)))


def _implied(change: Change, kind: Kind) -> Iterator[FieldChange]:
    """What a create leaves unsaid is the documented default."""
    stated = {item.path for item in change.fields}
    for name, field in kind.fields.items():
        if change.action is Action.CREATE and f"/{name}" not in stated and field.shape.default is not MISSING:
            yield FieldChange(f"/{name}", None, field.shape.default)


def _holds(item: FieldChange, live: Resource, applied: marker.Applied, change: Change, scope: Scope) -> bool:
    if item.path == ACCEPTED:
        return _is_recorded(change, live, scope.kind)
    field = scope.kind.fields.get(item.name)
    if field is None or item.path in change.ignored:
        return True
    asked = (marker.parse_entries(change.asked.split()) or {}).get(field.code)
    entry = applied.fields.get(field.code)
    if field.name in scope.hidden:
        return entry == asked
    if diff.reached(item, live.spec, scope.kind, change.ignored):
        return True
    held = _visible(live.spec, change, scope.kind).get(field.name, MISSING)
    altered = entry is not None and asked is not None and entry.asked == asked.asked and entry.observed is not None
    return altered and held is not MISSING and entry is not None and marker.short_digest(held) == entry.observed


def _is_recorded(change: Change, live: Resource, kind: Kind) -> bool:
    """Whether the marker says of each field of the step that just this was asked, and not only chance put it there."""
    applied = marker.parse_applied(live.marker_applied or "")
    if applied is None:
        return True
    asking = replace(applied, fields=marker.parse_entries(change.asked.split()) or {})
    names = [name for item in change.fields for name in (item.after if item.path == ACCEPTED else [item.name])]
    return all(
        _asked(kind.fields[name], applied) == _asked(kind.fields[name], asking)
        for name in names
        if name in kind.fields and f"/{name}" not in change.ignored
    )


def _asked(field: Field, applied: marker.Applied) -> str | None:
    entry = marker.entry_of(field, applied)
    return entry.asked if entry and not entry.unfinished else None


def _visible(spec: Mapping[str, Json], change: Change, kind: Kind) -> dict[str, Json]:
    """The canonical fields less what the manifest leaves to others."""
    return without(canonical(spec, kind), change.ignored)


def what_moved(change: Change, live: Resource, kind: Kind) -> str:
    """In words, the first planned field that no longer holds what the plan saw."""
    if _protection_moved(change, live):
        applied = marker.parse_applied(live.marker_applied or "")
        return f"{change.remote_id} is {'' if applied and applied.protected else 'not '}protected by now"
    have = _visible(live.spec, change, kind)
    for item in change.fields:
        if item.name not in kind.fields or item.path in change.ignored:
            continue
        before = _visible({item.name: item.before}, change, kind).get(item.name, MISSING)
        held = have.get(item.name, MISSING)
        if not same(before, held):
            return f"{item.path} was {shortened(before)} when the plan was made and is {shortened(held)} now"
    for name in _no_longer_accepted(change, have, kind):
        return (
            f"/{name} was as its manifest says when the plan was made and is {shortened(have.get(name, MISSING))} now"
        )
    return f"{change.remote_id} was changed after the plan was made, in a field that the plan does not touch"


def _no_longer_accepted(change: Change, have: Mapping[str, Json], kind: Kind) -> Iterator[str]:
    """The fields that the step would note as live as asked, and that are something else by now.

    Not those that refer to others: by names they were asked, and live they hold ids.
    """
    asking = marker.Applied("", fields=marker.parse_entries(change.asked.split()) or {})
    names = (name for item in change.fields if item.path == ACCEPTED for name in item.after)
    for field in (kind.fields[name] for name in names if name in kind.fields and name not in kind.referring):
        held = have.get(field.name, MISSING)
        if _asked(field, asking) != (None if held is MISSING else marker.short_digest(held)):
            yield field.name


def shortened(value: object) -> str:
    """A value for a message of one line."""
    text = canonical_json(value) if value is not MISSING else "unset"
    return text if len(text) <= 60 else text[:57] + "…"
