"""The values that a step sends and the marker's entries before and after it. Pure; knows no text form."""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from .canonical import canonical, hashed, same
from .marker import EXCHANGING, REPAIRED, UNFINISHED, Applied, Entry
from .model import MISSING, Action, Change, Field, Fields, Json, Kind, Live
from .pointer import with_ignored, without
from .references import ids_in


def short_digest(value: Json, length: int = 6) -> str:
    """The first 36 bits of the digest of a canonical value, as six URL-safe characters."""
    return base64.urlsafe_b64encode(hashed(value))[:length].decode("ascii")


def asked_entries(spec: Fields, kind: Kind, ignored: Collection[str] = ()) -> dict[str, Entry]:
    """Entries for what a manifest asks: fields at their documented default need none, `ignored` ones get none."""
    return {
        kind.fields[name].code: Entry(short_digest(value))
        for name, value in without(canonical(spec, kind), ignored).items()
        if not same(value, kind.fields[name].shape.default)
    }


def entry_of(field: Field, entries: Mapping[str, Entry]) -> Entry | None:
    """The value asked of a field: its entry, the documented default where there is none, or None."""
    known = entries.get(field.code)
    if known is not None or field.shape.default is MISSING:
        return known
    return Entry(short_digest(field.shape.default))


def fields_to_send(change: Change, kind: Kind, live: Fields | None = None) -> dict[str, Json]:
    """By field name. Fields that the manifest leaves to others are as `live` has them now, not as planned."""
    fields = {item.name: item.after for item in change.fields if item.name in kind.fields}
    if live is None:
        return fields
    return {name: value for name, value in with_ignored(fields, live, change.ignored).items() if name in fields}


def at_default(change: Change, kind: Kind) -> frozenset[str]:
    """The fields that the manifest leaves out or states at their documented default; not what it leaves to others."""
    ignored = {pointer.split("/")[1] for pointer in change.ignored}
    return frozenset(
        name for name, field in kind.fields.items() if field.code not in change.asked and name not in ignored
    )


def begun(applied: Applied, fields: Fields, live: Live | None, kind: Kind, before: Applied | None = None) -> Applied:
    """The marker to write before the compound fields of a kind: it says of them that they are unfinished.

    If the run ends before they are written, this tells what is missing then from what was taken away outside. What is
    sent after them is still as `before` says, or without that as it is live.
    """
    if not kind.compound:
        return applied
    spec = live.spec if live else {}
    want, have = canonical(fields, kind), canonical(spec, kind)
    entries = dict(applied.fields)
    unfinished = [name for name in kind.compound if name in fields and not same(want.get(name), have.get(name))]
    if unfinished and live:
        asked_before = before.fields if before else asked_entries(spec, kind)
        later = {kind.fields[name].code for name in fields if name not in kind.compound}
        entries = {code: entry for code, entry in entries.items() if code not in later}
        entries |= {code: entry for code, entry in asked_before.items() if code in later}
    for name in unfinished:
        field, goes = kind.fields[name], ids_in({name: spec.get(name)}, kind) - ids_in({name: fields[name]}, kind)
        asked = entry_of(field, applied.fields)
        if asked is not None:
            entries[field.code] = Entry(asked.asked, EXCHANGING if goes else UNFINISHED)
    return replace(applied, fields=entries)


def ended(applied: Applied) -> Applied:
    """The same marker once everything is written."""
    entries = applied.fields.items()
    return replace(applied, fields={code: Entry(it.asked) if it.unfinished else it for code, it in entries})


def next_applied(change: Change, live: Live, kind: Kind, nonce: Callable[[], str]) -> Applied:
    """The marker after a write: nonce and verification stay for life, observations as long as their question."""
    before = live.mark.applied
    if change.action is Action.ADOPT or before is None:
        # An unowned object's marker cannot be trusted. On an object of ours a fresh nonce would turn a copy of it into
        # a double create, which is deleted.
        return Applied(nonce() if change.action is Action.ADOPT else REPAIRED, change.protected, fields=change.asked)
    questions: dict[str, Entry] = {}
    for field in kind.fields.values():
        # Asked to be at its default, which needs no entry; but the service is known to alter this one.
        entry, default = before.fields.get(field.code), field.shape.default
        if entry and entry.observed and not entry.unfinished and default is not MISSING:
            questions |= {field.code: entry} if entry.asked == short_digest(default) else {}
    ours = {(address.kind, remote_id) for address, remote_id in change.resolved.items()}
    for item in change.fields:
        # An object that no longer refers to ours has an entry until its next change: if the run is stopped before
        # those objects are gone, this alone tells the next one to look for them.
        if item.name in kind.referring and not ours.isdisjoint(ids_in({item.name: item.before}, kind)):
            field = kind.fields[item.name]
            questions[field.code] = Entry(short_digest(field.shape.default))
    questions |= change.asked
    kept = {
        code: old if (old := before.fields.get(code)) and old.asked == entry.asked and not old.unfinished else entry
        for code, entry in questions.items()
    }
    # Of a field that cannot be read and is not sent, the marker alone knows what another apply sent meanwhile.
    sent = {item.name for item in change.fields}
    unsent = {kind.fields[name].code for name in kind.hidden if name not in sent}
    kept |= {code: entry for code, entry in before.fields.items() if code in unsent}
    return replace(before, protected=change.protected, fields=kept)


def has_dropped_references(applied: Applied, kind: Kind) -> bool:
    """True if an object referred to objects of ours until its last change."""
    fields = (kind.fields[name] for name in kind.referring)
    return any(
        (entry := applied.fields.get(field.code)) is not None and entry.asked == short_digest(field.shape.default)
        for field in fields
    )


def with_observations(
    applied: Applied, altered: Collection[str], change: Change, answer: Fields, kind: Kind
) -> Applied:
    """Each asked field's entry with what the service holds where that is something else."""
    have = without(canonical(answer, kind), change.ignored)
    fields = dict(applied.fields)
    for name in altered:
        field = kind.fields[name]
        entry = entry_of(field, applied.fields)
        if entry is not None:
            held = have.get(name, MISSING)
            fields[field.code] = Entry(entry.asked, None if held is MISSING else short_digest(held))
    return replace(applied, fields=fields)
