"""Holds a plan against the live world once more before it is carried out. Writes nothing.

A step whose result is already there is done; one whose object is as the plan expects may go; all else is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..core import diff, marker, ownership
from ..core.canonical import canonical, canonical_json, canonical_value, same
from ..core.model import MISSING, Action, Address, Change, FieldChange, Kind, Plan, Reason, Resource
from ..core.pointer import without
from .run import Run


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left to do, what is done already (change, live id), and what moved, in words."""

    todo: tuple[Change, ...]
    done: tuple[tuple[Change, str | None], ...]
    moved: tuple[str, ...]


def recheck(plan: Plan, run: Run) -> Checked:
    """Reads just the listed objects, and the ownership list too if the plan gives or takes addresses."""
    live = _read(plan, run)
    owned = ownership.decide(live, plan.project, plan.environment).owned
    by_id = {resource.remote_id: resource for resource in live}
    todo: list[Change] = []
    done: list[tuple[Change, str | None]] = []
    moved: list[str] = []
    for change in plan.changes:
        state = _state(change, by_id, owned, run)
        if isinstance(state, str):
            moved.append(f"{change.address}: {state}")
        elif state is None:
            todo.append(change)
        else:
            done.append((change, state.remote_id))
    return Checked(tuple(todo), tuple(done), tuple(moved))


def _read(plan: Plan, run: Run) -> list[Resource]:
    if any(change.action not in (Action.UPDATE, Action.FORGET) for change in plan.changes):
        return [resource for kind in run.kinds for resource in run.service.list(kind)]
    found = (run.service.get(change.address.kind, change.remote_id or "") for change in plan.changes)
    return [resource for resource in found if resource is not None]


_GONE = Resource(kind="", spec={})


def _state(
    change: Change, by_id: Mapping[str | None, Resource], owned: Mapping[Address, ownership.Claim], run: Run
) -> Resource | str | None:
    """The live object if the step is done already, None if it may go, else what moved."""
    if change.action is Action.CREATE:
        claim = owned.get(change.address)
        if claim is None:
            return None
        return claim.live if is_reached(change, claim.live, run) else "it exists by now, and not as planned"
    live = by_id.get(change.remote_id)
    if live is None:
        return _GONE if change.action is Action.DELETE else f"{change.remote_id} is gone"
    # First, because a field that cannot be read back leaves `expect` as it was: only the marker tells that it is set.
    if is_reached(change, live, run):
        return live
    if not matches(change, live, run):
        return what_moved(change, live, run.kinds[change.address.kind])
    return _other_holder(change, owned.get(change.address))


def _other_holder(change: Change, claim: ownership.Claim | None) -> str | None:
    """In words, whose the address is by now, as far as what was read tells."""
    is_it = claim is not None and claim.remote_id == change.remote_id
    if change.reason is Reason.DUPLICATE:
        return f"{change.remote_id} is the only one by now" if is_it else None
    return None if claim is None or is_it else f"{claim.remote_id} has this address by now"


def matches(change: Change, live: Resource, run: Run) -> bool:
    """Whether a live object is still the one that the plan was made for."""
    if _protection_moved(change, live):
        return False
    kind = run.kinds[change.address.kind]
    return diff.expect_digest(live, kind, run.hidden(kind.name), change.ignored) == change.expect


def _protection_moved(change: Change, live: Resource) -> bool:
    """Whether `protect` is not as the plan saw it; a delete minds only that it was set since."""
    applied = marker.parse_applied(live.marker_applied or "")
    if applied is None or change.action in (Action.ADOPT, Action.FORGET):
        return False
    if change.action in (Action.DELETE, Action.REPLACE):
        return applied.protected and not change.protected
    said = (item.before for item in change.fields if item.path == "/retinue/protect")
    return applied.protected != next(said, change.protected)


def is_reached(change: Change, live: Resource, run: Run) -> bool:
    """Whether a live object already is what the step would make of it, marker included."""
    if change.action is Action.FORGET:
        return live.marker_address is None
    if change.action is Action.DELETE:
        return False
    applied = marker.parse_applied(live.marker_applied or "")
    address = str(marker.Owner(run.project, run.environment, change.address))
    if applied is None or live.marker_address != address or applied.protected != change.protected:
        return False
    kind = run.kinds[change.address.kind]
    return all(_holds(item, live, kind, applied, change, run) for item in (*change.fields, *_implied(change, kind)))


def _implied(change: Change, kind: Kind) -> Iterator[FieldChange]:
    """What a create leaves unsaid is the documented default."""
    stated = {item.path for item in change.fields}
    for name, field in kind.fields.items():
        if change.action is Action.CREATE and f"/{name}" not in stated and field.shape.default is not MISSING:
            yield FieldChange(f"/{name}", None, field.shape.default)


def _holds(item: FieldChange, live: Resource, kind: Kind, applied: marker.Applied, change: Change, run: Run) -> bool:
    field = kind.fields.get(item.path.removeprefix("/"))
    if field is None or item.path in change.ignored:
        return True
    asked = (marker.parse_entries(change.asked.split()) or {}).get(field.code)
    entry = applied.fields.get(field.code)
    if field.name in run.hidden(kind.name):
        return entry == asked
    if diff.reached(item, live.spec, kind):
        return True
    held = without(canonical(live.spec, kind), change.ignored).get(field.name, MISSING)
    altered = entry is not None and asked is not None and entry.asked == asked.asked and entry.observed is not None
    return altered and held is not MISSING and entry is not None and marker.short_digest(held) == entry.observed


def what_moved(change: Change, live: Resource, kind: Kind) -> str:
    """In words, the first planned field that no longer holds what the plan saw."""
    if _protection_moved(change, live):
        applied = marker.parse_applied(live.marker_applied or "")
        return f"{change.remote_id} is {'' if applied and applied.protected else 'not '}protected by now"
    have = canonical(live.spec, kind)
    for item in change.fields:
        name = item.path.removeprefix("/")
        field = kind.fields.get(name)
        if field is None or name not in have:
            continue
        before = canonical_value(item.before, field.shape)
        before = field.shape.default if before is MISSING else before
        if not same(before, have[name]):
            return f"{item.path} was {_short(before)} when the plan was made and is {_short(have[name])} now"
    return f"{change.remote_id} was changed after the plan was made, in a field that the plan does not touch"


def _short(value: object) -> str:
    text = canonical_json(value) if value is not MISSING else "unset"
    return text if len(text) <= 60 else text[:57] + "…"
