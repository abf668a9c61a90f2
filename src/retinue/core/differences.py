"""Differences between a desired and a live object, field by field, and who moved it. Decides no action."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from .canonical import canonical, digest, plain_shared, same
from .marker import UNFINISHED, Applied, Entry
from .marks import entry_of, short_digest
from .model import MISSING, Cause, Desired, Field, FieldChange, Fields, Json, Kind, Live
from .pointer import with_ignored, without
from .references import addresses_in, ids_in


class Compared(NamedTuple):
    """`changes`: what an update must send, in the kind's order.

    `unrecorded`: where nothing must be sent, the fields that are live as desired although the marker says that
    something else was asked: an edit outside put that there.
    """

    changes: tuple[FieldChange, ...]
    unrecorded: tuple[str, ...] = ()


def compared(desired: Desired, live: Live, kind: Kind, applied: Applied | None, *, known: bool) -> Compared:
    """The differences between `live` and `desired`.

    Readable fields compare by value in canonical form. Hidden ones, which the service never reports, and fields that
    the service is known to alter compare by the digests in the marker. Without a `known` history either side may have
    moved: the cause of each difference is `both`.
    """
    ignored = desired.policy.ignore_changes
    spec = with_ignored(desired.spec, live.spec, ignored)
    want, have = canonical(spec, kind), canonical(live.spec, kind)
    ours, theirs = without(want, ignored), without(have, ignored)
    tried = without(canonical(live.tried, kind), ignored) if live.tried else {}
    changes = []
    for name, field in kind.fields.items():
        hidden = name in kind.hidden
        if not hidden and same(ours.get(name, MISSING), theirs.get(name, MISSING)):
            continue
        if f"/{name}" in ignored:
            continue
        entry = applied.fields.get(field.code) if applied else None
        if hidden:
            asked = entry_of(field, applied.fields) if applied else None
            wanted = short_digest(want[name]) if name in want else None
            cause = None if wanted == (asked.asked if asked else None) else Cause.MANIFEST
        elif entry is not None and entry.unfinished:
            cause = _unfinished(field, ours, theirs, entry, kind)
        else:
            cause = _visible(field, ours, theirs, tried if name in live.tried else theirs, applied)
        if cause is not None:
            cause = cause if known or hidden else Cause.BOTH
            before = None if hidden else have.get(name)
            changes.append(FieldChange(f"/{name}", before, _stated(field, spec, want), cause))
    if changes or applied is None:
        return Compared(tuple(changes))
    # Just what an apply would note: live values at ignored pointers may give the rest another canonical form.
    noted = without(canonical(desired.spec, kind), ignored) if ignored else ours
    unrecorded = []
    for name, field in kind.fields.items():
        value, entry = noted.get(name, MISSING), applied.fields.get(field.code)
        unasked = entry is None and (value is MISSING or same(value, field.shape.default))
        if unasked or name in kind.hidden or f"/{name}" in ignored:
            continue
        if entry is None or value is MISSING or entry.asked != short_digest(value) or entry.unfinished:
            unrecorded.append(name)
    return Compared((), tuple(unrecorded))


def agreed(found: Compared, histories: Sequence[Compared]) -> Compared:
    """With the cause of each difference that is the same whichever of these histories was the true one."""
    first, *others = ({item.path: item.cause for item in one.changes} for one in histories)
    sure = {path: cause for path, cause in first.items() if all(one.get(path) is cause for one in others)}
    return found._replace(changes=tuple(replace(it, cause=sure.get(it.path, it.cause)) for it in found.changes))


def _unfinished(field: Field, want: Fields, have: Fields, entry: Entry, kind: Kind) -> Cause | None:
    """A step of ours broke off while it wrote the field, so a missing or left-over value there is not an edit.

    While the manifest still says what that step asked for, what it did not ask for is one.
    """
    unchanged = entry.observed == UNFINISHED and field.name in want and entry.asked == short_digest(want[field.name])
    asked, held = (
        {*ids_in(side, kind), *addresses_in(side, kind)}
        for side in ({field.name: spec.get(field.name)} for spec in (want, have))
    )
    return Cause.BOTH if unchanged and not held <= asked else Cause.MANIFEST


def _visible(field: Field, want: Fields, have: Fields, tried: Fields, applied: Applied | None) -> Cause | None:
    """`tried`: `have`, with what the service gave up on."""
    desired, live = want.get(field.name, MISSING), have.get(field.name, MISSING)
    entry = entry_of(field, applied.fields) if applied else None
    if desired is MISSING:
        if entry is None or live is MISSING:
            return None
        return Cause.BOTH if _moved(live, entry) else Cause.MANIFEST
    if entry is None:
        return Cause.MANIFEST
    changed, moved = short_digest(desired) != entry.asked, _moved(live, entry)
    if moved and not _moved(tried.get(field.name, MISSING), entry):
        return Cause.MANIFEST
    if changed and moved:
        return Cause.BOTH
    # Neither: we asked for just this and the service made that of it, as it did last time.
    return Cause.DRIFT if moved else Cause.MANIFEST if changed else None


def _moved(live: Json, entry: Entry) -> bool:
    """True if a live value is not what the last apply left."""
    return live is MISSING or short_digest(live) != (entry.observed or entry.asked)


def _stated(field: Field, spec: Fields, want: Fields) -> Json:
    """The value to send: the value as the manifest states it, else the documented default, else null."""
    if field.shape.trim_final_newline or spec.get(field.name) is None:
        return want.get(field.name)
    return plain_shared(spec[field.name])


def stated_fields(spec: Fields, kind: Kind) -> dict[str, Json]:
    """The fields that a create sends: every known field that the manifest states, in the kind's order."""
    want = canonical(spec, kind)
    return {name: _stated(field, spec, want) for name, field in kind.fields.items() if spec.get(name) is not None}


def differing(names: Iterable[str], old: Fields, new: Fields) -> tuple[FieldChange, ...]:
    """Of these fields, in canonical form, those that are not the same. None stands for a field that is not there."""
    return tuple(
        FieldChange(f"/{name}", old.get(name), new.get(name))
        for name in names
        if not same(old.get(name, MISSING), new.get(name, MISSING))
    )


def altered(sent: Fields, answer: Fields, kind: Kind, ignored: Collection[str] = ()) -> set[str]:
    """The names of the fields in `sent` that the service's answer holds otherwise, `ignored` parts aside."""
    # A value that came back as sent needs no canonical form, and what a field without a default holds is up to the
    # service, once nothing is asked of it.
    unlike = {
        name: value
        for name, value in sent.items()
        if name in kind.fields
        and name not in kind.hidden
        and not same(value, answer.get(name, MISSING))
        and (value is not None or kind.fields[name].shape.default is not MISSING)
    }
    if not unlike:
        return set()
    want, held = (without(canonical(side, kind), ignored) for side in (unlike, answer))
    return {item.name for item in differing(unlike, want, held)}


def expect_digest(live: Live, kind: Kind, ignored: Collection[str]) -> str:
    """The `expect` of a live object in a plan: its known fields less `ignored`, plus its owner."""
    fields = {name: value for name, value in canonical(live.spec, kind).items() if name not in kind.hidden}
    return digest({"address": live.mark.owner_text, "fields": without(fields, ignored)})
