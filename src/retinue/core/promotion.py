"""Which changes an environment takes because the one before it has proven them, and what `verify` proves. Pure.

Must not look at what a change says: an address is proven or it is not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from .allowed import flag
from .canonical import canonical
from .marks import short_digest
from .masking import texts_in
from .model import Action, Address, Cause, Change, Desired, Diagnostic, Kind, Live, Obstacle, Plan, Promotion, Severity
from .pointer import without
from .renames import Pair, moved_from_line
from .values import dataclass, replace
from .waves import order


@dataclass(frozen=True, slots=True)
class Proof:
    """The state of the environment before, by its own plan from the same files.

    `pending`: what it would still do. `settled`: what is live there just as the manifests want it. `verified`: of
    these, whose spec passed `verify` as it is now.
    """

    promotion: Promotion
    pending: Mapping[Address, Change]
    settled: frozenset[Address]
    verified: frozenset[Address] = frozenset()


def proof_of(promotion: Promotion, plan: Plan, verified: frozenset[Address]) -> Proof:
    """`plan`: of the environment before, whole and for itself alone."""
    pending = {change.address: change for change in plan.changes if not change.extra}
    return Proof(promotion, pending, frozenset(plan.unchanged_addresses), verified)


def hold(plan: Plan, proof: Proof, renamed: Sequence[Pair] = ()) -> Plan:
    """The plan with each step held that is not proven, or that needs one which is held; exceptions are noted.

    Of two that look like one object under two names (`renamed`) neither goes without the other.
    """
    notes: list[Diagnostic] = []
    changes = []
    for change in plan.changes:
        lack = _lack(change, proof)
        if lack is not None and plan.allowed.covers("unpromoted", change.address):
            message = f"it goes ahead by {flag('unpromoted', change.address)}, although {lack.message}"
            remedy, at = "Bring the earlier environment in line afterwards.", str(change.address)
            notes.append(Diagnostic("unpromoted", message, remedy, address=at, severity=Severity.WARNING))
            lack = None
        changes.append(replace(change, held=lack))
    return replace(
        plan,
        promotion=proof.promotion,
        changes=_with_dependents(changes, renamed),
        diagnostics=(*plan.diagnostics, *notes),
    )


def _lack(change: Change, proof: Proof) -> Obstacle | None:
    """Why an address is not proven. A delete is, once nothing is left to do about it in the environment before."""
    if change.extra:
        return None
    source, address = proof.promotion.environment, change.address
    pending = proof.pending.get(address)
    if pending is not None:
        return _pending(pending, source)
    if change.action.gives_up:
        return None
    if address not in proof.settled:
        widen = f"let its manifest be for {source} too (`retinue: {{environments: …}}`)"
        message = f"{source} has no such manifest, so nothing is proven there"
        return Obstacle("not-there", message, _ways(address, widen))
    # A file has no marker; it is verified with the objects that refer to it.
    if proof.promotion.verified and change.asked and address not in proof.verified:
        run = f"retinue verify -e {source} -- COMMAND"
        return Obstacle("not-verified", f"it has not been verified in {source} as it is now", _ways(address, run))
    return None


def _pending(pending: Change, source: str) -> Obstacle:
    """The environment before has something left to do."""
    address, run = pending.address, f"retinue apply -e {source}"
    drifted = bool(pending.fields) and all(item.cause is Cause.DRIFT for item in pending.fields)
    if drifted and pending.action is Action.UPDATE and pending.mark.was_protected is None:
        ways = _ways(address, f"to keep that: retinue import --update -e {source}", f"to undo it: {run}")
        return Obstacle("drifted", f"in {source} it was changed outside since the last apply", ways)
    if pending.action.gives_up:
        return Obstacle("not-applied", f"{source} still holds it", _ways(address, run))
    if pending.mark.accepted:
        message = f"{source} has it as the manifests want it, and no apply has noted that yet"
        return Obstacle("not-applied", message, _ways(address, run))
    message = f"{source} does not have it as the manifests want it: there is still a pending {pending.action}"
    return Obstacle("not-applied", message, _ways(address, run))


def _ways(address: Address, *ways: str) -> tuple[str, ...]:
    return *ways, flag("unpromoted", address)


def _with_dependents(changes: Sequence[Change], renamed: Sequence[Pair]) -> tuple[Change, ...]:
    """Nothing goes ahead that needs what is held, and nothing is taken away that a held step leaves in use."""
    found = list(changes)
    while True:
        held = {change.address: change for change in found if change.held}
        # By what held steps leave in use, the first of them: each text in a live field, and what stays requires.
        users: dict[str | None, Address] = {}
        for address, change in held.items():
            texts = (text for item in change.fields for text in texts_in(item.before))
            for text in (*filter(None, texts), *map(str, change.requires)):
                users.setdefault(text, address)
        more = {
            index: lack
            for index, change in enumerate(found)
            if (lack := _needs_held(change, held.keys(), users) or _half_held(change, held.keys(), renamed))
        }
        if not more:
            return tuple(found)
        for index, lack in more.items():
            found[index] = replace(found[index], held=lack)


def _needs_held(change: Change, held: Collection[Address], users: Mapping[str | None, Address]) -> Obstacle | None:
    """`held`: the addresses of the held steps; `users`: what they leave in use."""
    if change.held or change.extra:
        return None
    if change.action.gives_up:
        user = next((users[name] for name in (change.remote_id, str(change.address)) if name in users), None)
        return user and Obstacle("in-use", f"{user} still uses it, and its change is held", (f"settle {user} first",))
    needed = next((address for address in change.requires if address in held), None)
    return needed and Obstacle("needs-held", f"it needs {needed}, which is held", (f"settle {needed} first",))


def _half_held(change: Change, held: Collection[Address], renamed: Sequence[Pair]) -> Obstacle | None:
    """Done one after the other, a delete and a create that look like a rename would lose the live id."""
    if change.held or change.action not in (Action.CREATE, Action.DELETE):
        return None
    for pair in renamed:
        other = {pair.old: pair.new, pair.new: pair.old}.get(change.address)
        if other in held:
            ways = (f"{moved_from_line(pair.old)} in the manifest of {pair.new}", f"removed: [{pair.old}]")
            return Obstacle("renamed", f"it looks like {other} under another name, which is held", ways)
    return None


_LENGTH = 12


def spec_digests(desired: Sequence[Desired], kinds: Mapping[str, Kind]) -> dict[Address, str]:
    """By address, the digest of a spec in canonical form and of all that it refers to, as the marker keeps it.

    What the manifest leaves to others (`ignore_changes`) is not part of it.
    """
    resources = {resource.address: resource for resource in desired}
    found: dict[Address, str] = {}
    for address in order({address: frozenset(item.requires) for address, item in resources.items()}):
        resource = resources[address]
        spec = without(canonical(resource.spec, kinds[resource.kind]), resource.policy.ignore_changes)
        needed = sorted(found[other] for other in resource.requires if other in found)
        found[address] = short_digest([spec, needed], _LENGTH)
    return found


def verified(digests: Mapping[Address, str], owned: Mapping[Address, Live]) -> frozenset[Address]:
    """The addresses whose marker says that just this spec passed."""
    return frozenset(
        address
        for address, digest in digests.items()
        if (live := owned.get(address)) and live.applied and live.applied.verified == digest
    )
