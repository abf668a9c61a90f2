"""What a step sends and which marker it leaves: functions of the step and the object just read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from . import marker
from .canonical import canonical, same
from .model import MISSING, Action, Change, Json, Kind, Resource
from .pointer import with_ignored, without
from .references import ids_in


def fields_to_send(change: Change, kind: Kind, live: Mapping[str, Json] | None = None) -> dict[str, Json]:
    """By field name. What the manifest leaves to others is as `live` has it now, not as the plan saw it.

    Paths below `/retinue/` live in the marker alone.
    """
    named = ((item.name, item.after) for item in change.fields)
    fields = {name: value for name, value in named if name in kind.fields}
    if live is None:
        return fields
    return {name: value for name, value in with_ignored(fields, live, change.ignored).items() if name in fields}


def at_default(change: Change, kind: Kind) -> frozenset[str]:
    """The fields that the manifest leaves out or states at their documented default; not what it leaves to others."""
    asked = _asked(change)
    ignored = {pointer.split("/")[1] for pointer in change.ignored}
    return frozenset(name for name, field in kind.fields.items() if field.code not in asked and name not in ignored)


def begun(
    applied: marker.Applied,
    fields: Mapping[str, Json],
    live: Resource | None,
    kind: Kind,
    parts: Collection[str],
    before: marker.Applied | None = None,
) -> marker.Applied:
    """The marker to write before fields that take several requests, `parts`: it says of them that they are unfinished.

    If the run ends before they are written, this tells what is missing then from what somebody took away. What is
    sent after them is still as `before` says, or without that as it is live.
    """
    spec = live.spec if live else {}
    want, have = canonical(fields, kind), canonical(spec, kind)
    entries = dict(applied.fields)
    unfinished = [name for name in parts if name in fields and not same(want.get(name), have.get(name))]
    if unfinished and live:
        asked_before = before.fields if before else marker.asked_entries(spec, kind)
        later = {kind.fields[name].code for name in fields if name not in parts}
        entries = {code: entry for code, entry in entries.items() if code not in later}
        entries |= {code: entry for code, entry in asked_before.items() if code in later}
    for name in unfinished:
        field, goes = kind.fields[name], ids_in({name: spec.get(name)}, kind) - ids_in({name: fields[name]}, kind)
        asked = marker.entry_of(field, applied)
        if asked is not None:
            entries[field.code] = marker.Entry(asked.asked, marker.EXCHANGING if goes else marker.UNFINISHED)
    return replace(applied, fields=entries)


def ended(applied: marker.Applied) -> marker.Applied:
    """The same marker once everything is written."""
    entries = applied.fields.items()
    return replace(applied, fields={k: marker.Entry(it.asked) if it.unfinished else it for k, it in entries})


def first_applied(change: Change, nonce: str) -> marker.Applied:
    """The marker of an object that becomes ours with this step."""
    return marker.Applied(nonce, change.protected, None, _asked(change))


def next_applied(
    change: Change, live: Resource, kind: Kind, hidden: Collection[str], nonce: Callable[[], str]
) -> marker.Applied:
    """The marker after a write: nonce and verification stay for life, observations as long as their question."""
    if change.action is Action.ADOPT:
        # What an object without an owner says of itself was said by nobody who answers for it.
        return first_applied(change, nonce())
    before = marker.parse_applied(live.marker_applied or "")
    if before is None:
        # A fresh nonce on an object of ours would turn a copy of it into a double create, which is deleted.
        return first_applied(change, marker.REPAIRED)
    questions = _defaults_observed(before, kind) | _let_go(change, kind) | _asked(change)
    kept = {
        code: old if (old := before.fields.get(code)) and old.asked == entry.asked and not old.unfinished else entry
        for code, entry in questions.items()
    }
    return replace(before, protected=change.protected, fields=kept | _unsent(change, before, kind, hidden))


def _asked(change: Change) -> dict[str, marker.Entry]:
    return marker.parse_entries(change.asked.split()) or {}


def _unsent(change: Change, before: marker.Applied, kind: Kind, hidden: Collection[str]) -> dict[str, marker.Entry]:
    """Of a field that cannot be read and is not sent, the marker alone knows what another apply sent meanwhile."""
    sent = {item.path for item in change.fields}
    codes = {kind.fields[name].code for name in hidden if f"/{name}" not in sent}
    return {code: entry for code, entry in before.fields.items() if code in codes}


def _let_go(change: Change, kind: Kind) -> dict[str, marker.Entry]:
    """What no longer refers to objects of ours keeps a word of it until its next change.

    If the run is stopped before those objects are gone, this alone tells the next one to look for them.
    """
    ours = {(address.kind, remote_id) for address, remote_id in change.resolved.items()}
    return {
        kind.fields[name].code: marker.Entry(marker.short_digest(kind.fields[name].shape.default))
        for name in kind.referring
        for item in change.fields
        if item.path == f"/{name}" and not ours.isdisjoint(ids_in({name: item.before}, kind))
    }


def has_let_go(applied: marker.Applied, kind: Kind) -> bool:
    """Whether an object referred to objects of ours until its last change."""
    fields = (kind.fields[name] for name in kind.referring)
    return any(
        (entry := applied.fields.get(field.code)) is not None
        and entry.asked == marker.short_digest(field.shape.default)
        for field in fields
    )


def _defaults_observed(applied: marker.Applied, kind: Kind) -> dict[str, marker.Entry]:
    """Fields that are asked to be at their default, which needs no entry, but that the service is known to alter."""
    shapes = {field.code: field.shape for field in kind.fields.values() if field.shape.default is not MISSING}
    return {
        code: entry
        for code, entry in ended(applied).fields.items()
        if entry.observed and code in shapes and entry.asked == marker.short_digest(shapes[code].default)
    }


def with_observations(
    applied: marker.Applied, altered: Collection[str], change: Change, answer: Mapping[str, Json], kind: Kind
) -> marker.Applied:
    """Each asked field's entry with what the service holds where that is something else."""
    have = without(canonical(answer, kind), change.ignored)
    fields = dict(applied.fields)
    for name in altered:
        field = kind.fields[name]
        entry = marker.entry_of(field, applied)
        if entry is not None:
            held = have.get(name, MISSING)
            fields[field.code] = marker.Entry(entry.asked, None if held is MISSING else marker.short_digest(held))
    return replace(applied, fields=fields)
