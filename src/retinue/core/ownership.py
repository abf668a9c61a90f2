"""Which live objects are ours, decided from their markers alone; and which of several of one address give way.

Never looks at names or at the manifests.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from .allowed import flag
from .errors import NewerMarker
from .marker import REPAIRED
from .model import Action, Address, Change, Diagnostic, Live, ObjectKey, Severity
from .values import dataclass, replace

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class World:
    """The live objects by whose they are.

    `owned`: one object for each address of ours. `duplicates`: our own double creates. `copies`: objects
    copied from ours outside, marker and all. `elsewhere`: another project's or environment's. `foreign`: without
    a marker, or with one whose address does not parse. Only `owned` and `duplicates` may ever be written.
    `copied`: by each original, what is or may be a copy of it. `unreadable`: those of `foreign` that may be ours,
    because their marker does not tell. `newer`: ids of those of `foreign` that a newer retinue manages.
    """

    owned: Mapping[Address, Live]
    duplicates: tuple[Live, ...]
    copies: tuple[Live, ...]
    diagnostics: tuple[Diagnostic, ...]
    copied: Mapping[ObjectKey, tuple[Live, ...]]
    elsewhere: tuple[Live, ...] = ()
    foreign: tuple[Live, ...] = ()
    unreadable: tuple[Live, ...] = ()
    newer: frozenset[str] = frozenset()

    def indistinguishable_copies(self, change: Change) -> tuple[str, ...]:
        """Ids of copies that would become indistinguishable from our object after this step.

        After a move to another address the nonce still tells them; what is a copy by its address alone is then alone
        with it.
        """
        copies = self.copied.get(change.object_key, ())
        if change.action.destroys or change.action.gives_up:
            return tuple(copy.remote_id for copy in copies)
        before = change.moved_from
        if not copies or change.action is not Action.MOVE or before is None or before.address == change.address:
            return ()
        nonces = {_nonce(live) for live in self.owned.values()}
        return tuple(copy.remote_id for copy in copies if not (_has_nonce(copy) and _nonce(copy) in nonces))


def decide(
    live: Iterable[Live], project: str, environment: str, kinds: Collection[str], formerly: Sequence[str] = ()
) -> World:
    """Sort live objects by ownership; `formerly` are earlier names of the project, newest first.

    `kinds`: those that there are. Raises NewerMarker if something that may be ours was written by a newer retinue.
    """
    names = (project, *formerly)
    ours: dict[Address, list[Live]] = defaultdict(list)
    elsewhere: list[Live] = []
    foreign: list[Live] = []
    diagnostics: list[Diagnostic] = []
    newer: list[Live] = []
    for resource in sorted(live, key=_age):
        mark, owner = resource.mark, resource.mark.owner
        of_unknown_kind = owner is not None and owner.address.kind not in kinds
        if mark.newer or (of_unknown_kind and mark.applied is not None):
            newer.append(resource)
        if mark.owner_text is None:
            foreign.append(resource)
            continue
        if owner is None or owner.address.kind != resource.kind:
            foreign.append(resource)
            what = f"{resource.kind} {resource.remote_id}"
            message = f"{what} carries a retinue.address that cannot be read; it is left alone"
            remedy = "Remove the two `retinue.` metadata keys from it in the service, or restore their text."
            diagnostics.append(Diagnostic("marker-unreadable", message, remedy, severity=Severity.WARNING))
            continue
        if owner.project in names and owner.environment == environment:
            ours[owner.address].append(resource)
        else:
            elsewhere.append(resource)
    if refused := [item for item in newer if _concerns(item, names, environment)]:
        named = ", ".join(
            f"{owner.address} ({item.remote_id})" if (owner := item.mark.owner) else f"{item.kind} {item.remote_id}"
            for item in refused[:_MOST_NAMED]
        )
        more = f" and {len(refused) - _MOST_NAMED} more" if len(refused) > _MOST_NAMED else ""
        raise NewerMarker(
            f"the marker of {named}{more} was written by a newer retinue; this one cannot read it",
            "Upgrade retinue; nothing was changed. If no newer one is in use here, the marker was edited: restore the"
            " two `retinue.` metadata keys in the service, or remove them and adopt the object.",
        )
    unreadable = tuple(item for item in foreign if _may_be_ours(item.mark.owner_text, names, environment))
    return replace(
        _settle(ours, names, diagnostics),
        elsewhere=tuple(elsewhere),
        foreign=tuple(foreign),
        unreadable=unreadable,
        newer=frozenset(item.remote_id for item in newer),
    )


def _concerns(live: Live, names: Sequence[str], environment: str) -> bool:
    """True if an object with a marker of a later format may be ours: unless its texts name another scope."""
    owner, text = live.mark.owner, live.mark.owner_text or live.mark.applied_text or ""
    if owner is not None:
        return owner.project in names and owner.environment == environment
    words = re.findall(r"[a-z0-9][a-z0-9-]*", text)
    return "/" not in text or (environment in words and not set(names).isdisjoint(words))


def _may_be_ours(text: str | None, names: Sequence[str], environment: str) -> bool:
    """True if a marker's address that does not parse leaves the owner unknown."""
    if text is None:
        return False
    project, _, rest = text.partition("/")
    scope, slash, _ = rest.partition("/")
    return not slash or (project in names and scope == environment)


def _settle(ours: Mapping[Address, list[Live]], names: Sequence[str], diagnostics: list[Diagnostic]) -> World:
    """Of what bears our addresses: what is ours, its double creates and its copies."""
    owned: dict[Address, Live] = {}
    duplicates: list[Live] = []
    copies: list[Live] = []
    # Of each nonce the oldest object: retinue made that one, whatever its address is now. The others are copies.
    originals: dict[str, Live] = {}
    for live in sorted((live for same in ours.values() for live in same), key=_age):
        originals.setdefault(_nonce(live), live)
    for address in sorted(ours):
        # Usable objects come first, then those with the project's newest name, then the oldest.
        same = sorted(ours[address], key=lambda it: (it.expired, names.index(it.owner.project), *_age(it)))
        made = [live for live in same if originals[_nonce(live)] is live]
        copies += [live for live in same if originals[_nonce(live)] is not live]
        if not made:
            continue
        owned[address], others = made[0], made[1:]
        # An object younger than an unreadable nonce may be a copy of that one, so it is left alone.
        # So is what bears an earlier name of the project: once its rival was moved, nothing could tell them apart.
        readable = _has_nonce(owned[address])
        for live in others:
            readable = readable and _has_nonce(live)
            (duplicates if readable and live.owner.project == names[0] else copies).append(live)
        if owned[address].applied is None:
            message = f"the retinue.applied text on {made[0].remote_id} cannot be read; it is ours by its address"
            only, at = f"it is deleted only with {flag('protected', address)}", str(address)
            remedy = f"The next change to it writes the text again. Until then {only}."
            diagnostics.append(Diagnostic("marker-damaged", message, remedy, address=at, severity=Severity.WARNING))
    by_original: dict[ObjectKey, tuple[Live, ...]] = defaultdict(tuple)
    for live in copies:
        original = originals[_nonce(live)]
        original = owned[live.address] if original is live else original
        by_original[original.object_key] += (live,)
        message = f"{live.remote_id} is a copy of {original.remote_id}, marker and all; it is left alone"
        forget = f"retinue forget -e {live.owner.environment} --id {live.remote_id}"
        remedy = f"Delete the copy in the service, or take only its marker off: {forget}"
        at = str(live.address)
        diagnostics.append(Diagnostic("copy", message, remedy, address=at, severity=Severity.WARNING))
    return World(owned, tuple(duplicates), tuple(copies), tuple(diagnostics), by_original)


def _age(live: Live) -> tuple[int, str]:
    return (live.created_at, live.remote_id)


def _nonce(live: Live) -> str:
    """Objects of one address whose nonce cannot be read count as of one nonce."""
    return live.applied.nonce if live.applied and _has_nonce(live) else str(live.owner)


def _has_nonce(live: Live) -> bool:
    return live.applied is not None and live.applied.nonce != REPAIRED


@dataclass(frozen=True, slots=True)
class Contest:
    """An address with several holders, at least one of them made by this run.

    `holder` is the one that stays by age. `extra`: this run's other ones, to be taken back. `rivals`: what other runs
    made. `tied`: the holder is this run's, but a rival is of the same second, so its run may have looked before ours
    was there and will never give way.
    """

    holder: Live
    extra: tuple[Live, ...]
    rivals: tuple[Live, ...]
    tied: bool


def contests(world: World, made: Mapping[str, Address]) -> list[Contest]:
    """The contested addresses among those that this run created; `made` maps the nonces of its creates to addresses."""
    others: dict[Address, list[Live]] = defaultdict(list)
    for live in world.duplicates:
        # An expired object is about to be replaced, so it does not count as a rival.
        if not live.expired:
            others[live.address].append(live)
    found = []
    for address in sorted(set(made.values()) & others.keys()):
        holder, rest = world.owned[address], others[address]
        extra = tuple(live for live in rest if _is_made(live, made))
        rivals = tuple(live for live in rest if not _is_made(live, made))
        tied = _is_made(holder, made) and any(rival.created_at == holder.created_at for rival in rivals)
        if extra or tied:
            found.append(Contest(holder, extra, rivals, tied))
    return found


def _is_made(live: Live, made: Mapping[str, Address]) -> bool:
    return live.applied is not None and made.get(live.applied.nonce) == live.address
