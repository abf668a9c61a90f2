"""Re-checks a planned step against the live object that it meets: may it write that, is it still as planned. Pure.

Reads nothing and writes nothing; marks.py computes what the step writes.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import differences
from .canonical import canonical, canonical_json, same
from .content import leftover_address, scope_of
from .marker import Entry
from .marks import entry_of, short_digest
from .model import MISSING, Action, Change, Field, Fields, Json, Kind, Live
from .observation import Target
from .ownership import World
from .pointer import without
from .values import dataclass, replace


def refusal(change: Change, live: Live, target: Target) -> str | None:
    """In words, why the object is not one that this step may write; None if it is.

    An adopt takes an object without a marker; a move, and the replace of what was moved, the object with just the
    marker that it states; every other step our object of this address. Ours is what names this environment and this
    project, under its present or an earlier name.
    """
    if change.address.kind != live.kind:
        return f"{live.remote_id} is of another kind: {live.kind}"
    if target.kinds[live.kind].by_content:
        named = live.mark.owner_text == scope_of(target.project, target.environment)
        named = named and leftover_address(live) == change.address
        return None if named else f"{live.remote_id} is not this project's file"
    owner = live.mark.owner
    if owner is None or owner.address.kind != live.kind:
        return None if change.action is Action.ADOPT else f"{live.remote_id} carries no usable marker"
    ours = owner.environment == target.environment and owner.project in (target.project, *target.formerly)
    if change.action is Action.ADOPT or not ours:
        return f"{live.remote_id} belongs to {owner}"
    if change.moved_from is not None and change.action in (Action.MOVE, Action.REPLACE, Action.DELETE):
        return None if owner == change.moved_from else f"{live.remote_id} is {owner}, not {change.moved_from}"
    # An object with an earlier name of the project is moved, deleted or let go of, never only updated.
    current = owner.project == target.project or change.action.gives_up
    if owner.address == change.address and current and change.action is not Action.MOVE:
        return None
    return f"{live.remote_id} is {owner}"


def displaced(change: Change, world: World) -> str | None:
    """In words, why the object is not the one of its marker: a copy made outside, or a double create.

    A copy is at most let go of, a double create besides that deleted; nothing else is ever done to them.
    """
    barred = {Action.FORGET: (), Action.DELETE: (world.copies,)}.get(change.action, (world.copies, world.duplicates))
    for those in barred:
        if any(live.remote_id == change.remote_id and live.kind == change.address.kind for live in those):
            return f"{change.remote_id} is only a copy or a duplicate of a managed object"
    return None


@dataclass(frozen=True, slots=True)
class Reached:
    """The step needs no write: its result is there, as the object with this id."""

    remote_id: str | None


@dataclass(frozen=True, slots=True)
class Stale:
    """The step must not run; `why` names what changed since the plan."""

    why: str


def freshness(change: Change, live: Live | None, holder: Live | None, target: Target) -> Reached | Stale | None:
    """None if the step may go. `live`: the object of its id; `holder`: which object has its address now."""
    if live is not None and live.mark.newer:
        return Stale(f"the marker of {live.remote_id} was since written by a newer retinue: upgrade retinue")
    other = holder if holder is not None and holder.remote_id != change.remote_id else None
    if change.action is Action.CREATE:
        if holder is None:
            return None
        if is_reached(change, holder, target):
            return Reached(holder.remote_id)
        half_made = holder.applied is not None and holder.applied.unfinished
        why = f"{holder.remote_id} is only half made; a new plan completes it" if half_made else "not as planned"
        return Stale(f"it was created since, and {why}")
    if change.action is Action.REPLACE and other is not None:
        there = live is None and is_reached(replace(change, action=Action.CREATE), other, target)
        return Reached(other.remote_id) if there else Stale(f"{other.remote_id} now has this address")
    if live is None:
        return Reached(change.remote_id) if change.action.gives_up else Stale(f"{change.remote_id} is gone")
    # First, because a field that cannot be read back leaves `expect` as it was: only the marker tells that it is set.
    kind, reached = target.kinds[change.address.kind], is_reached(change, live, target)
    if reached and _is_recorded(change, live, kind):
        return Reached(live.remote_id)
    if refused := refusal(change, live, target):
        return Stale(refused)
    if not reached and not matches(change, live, target):
        return Stale(_what_moved(change, live, kind))
    if change.action.destroys and live.users:
        return Stale(f"it is run by {live.users[0]} now")
    if change.extra:
        return Stale(f"{change.remote_id} is no longer a duplicate") if holder is not None and other is None else None
    return Stale(f"{other.remote_id} now has this address") if other is not None else None


def matches(change: Change, live: Live, target: Target) -> bool:
    """True if a live object is still the one that the plan was made for."""
    if _protection_moved(change, live):
        return False
    return differences.expect_digest(live, target.kinds[change.address.kind], change.ignored) == change.expect


def _protection_moved(change: Change, live: Live) -> bool:
    """True if `protect` is not as the plan saw it; a delete minds only that it was set since."""
    before = change.mark.was_protected
    if live.applied is None or change.action in (Action.ADOPT, Action.FORGET):
        return False
    if change.action.destroys:
        return live.protected and not change.protected
    return live.protected != (change.protected if before is None else before)


def is_reached(change: Change, live: Live, target: Target) -> bool:
    """True if a live object already is what the step would make of it, marker included."""
    applied = live.mark.applied
    if change.action is Action.FORGET:
        return live.mark.owner_text is None
    if change.action.destroys or applied is None:
        return False
    kind = target.kinds[change.address.kind]
    if live.mark.owner != target.owner(change.address) or applied.protected != change.protected:
        return False
    if change.mark.accepted and not _is_recorded(change, live, kind):
        return False
    # A field that a create leaves out has the documented default.
    wanted = kind.defaults if change.action is Action.CREATE else {}
    wanted |= change.values
    differing = differences.altered(wanted, live.spec, kind, change.ignored)
    fields = (kind.fields[name] for name in wanted if name in kind.fields and f"/{name}" not in change.ignored)
    return all(_holds(field, field.name not in differing, live, change, kind) for field in fields)


def _holds(field: Field, same_value: bool, live: Live, change: Change, kind: Kind) -> bool:
    entries = live.applied.fields if live.applied else {}
    asked, entry = change.asked.get(field.code), entries.get(field.code)
    if field.name in kind.hidden:
        return entry == asked
    if asked is None and field.shape.default is MISSING:
        # Given up: what it holds is up to the service, once the marker no longer asks for anything.
        return entry is None or field.name not in _visible(live.spec, change, kind)
    if same_value:
        return True
    if entry is None or asked is None or entry.asked != asked.asked or entry.observed is None:
        return False
    held = _visible(live.spec, change, kind).get(field.name, MISSING)
    return held is not MISSING and short_digest(held) == entry.observed


def _is_recorded(change: Change, live: Live, kind: Kind) -> bool:
    """True if the marker shows, for each field of the step, that this value was asked and is not there by chance."""
    applied = live.mark.applied
    if applied is None:
        return True
    return all(
        _asked(kind.fields[name], applied.fields) == _asked(kind.fields[name], change.asked)
        for name in (*(item.name for item in change.fields), *change.mark.accepted)
        if name in kind.fields and f"/{name}" not in change.ignored
    )


def _asked(field: Field, entries: Mapping[str, Entry]) -> str | None:
    entry = entry_of(field, entries)
    return entry.asked if entry and not entry.unfinished else None


def _visible(spec: Fields, change: Change, kind: Kind) -> dict[str, Json]:
    """The canonical fields less what the manifest leaves to others."""
    return without(canonical(spec, kind), change.ignored)


def _what_moved(change: Change, live: Live, kind: Kind) -> str:
    """Names the first planned field that no longer holds what the plan saw."""
    if _protection_moved(change, live):
        return f"{change.remote_id} is {'now' if live.protected else 'no longer'} protected"
    have = _visible(live.spec, change, kind)
    for item in change.fields:
        if item.name not in kind.fields or item.path in change.ignored:
            continue
        before = _visible({item.name: item.before}, change, kind).get(item.name, MISSING)
        held = have.get(item.name, MISSING)
        if not same(before, held):
            return f"{item.path} was {shortened(before)} when the plan was made and is {shortened(held)} now"
    for name in change.mark.accepted:
        # Fields that refer to others were asked by names, and hold live ids.
        if name in kind.fields and name not in kind.referring:
            held = have.get(name, MISSING)
            if _asked(kind.fields[name], change.asked) != (None if held is MISSING else short_digest(held)):
                return f"/{name} was as its manifest says when the plan was made and is {shortened(held)} now"
    return f"{change.remote_id} was changed after the plan was made, in a field that the plan does not touch"


def shortened(value: object) -> str:
    """A value for a message of one line."""
    text = canonical_json(value) if value is not MISSING else "unset"
    return text if len(text) <= 60 else text[:57] + "…"
