"""Desired and live to a plan: which step for which object, and why. What may not happen is policy.py's business."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import diff, marker, policy
from .canonical import canonical, canonical_json
from .content import key_of, scope_of
from .graph import closure
from .links import delete_unused, left_in_use, link, split, unused_files
from .model import (
    ACCEPTED,
    MISSING,
    Action,
    Address,
    Allowed,
    Cause,
    Change,
    Diagnostic,
    FieldChange,
    Kind,
    Obstacle,
    Plan,
    Reason,
    Resource,
    Severity,
)
from .ownership import Claim, World, decide
from .pointer import value_at
from .promotion import Proof, hold
from .references import addresses_in
from .renames import renames, suggestion
from .selection import Selection


@dataclass(frozen=True, slots=True)
class Target:
    """What a plan is for: one environment of one project at one service. `endpoint` carries no secret.

    `environments` are all names the project file declares; `unreadable` the fields a service never reports, by kind;
    `recognised_by` the pointers by which an object whose marker the service lost is known again, by kind.
    `proof`: of the environment that this one is promoted from.
    """

    project: str
    environment: str
    provider: str
    endpoint: str
    kinds: Mapping[str, Kind]
    unreadable: Mapping[str, Collection[str]] = field(default_factory=dict)
    environments: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    removed: Mapping[Address, bool] = field(default_factory=dict)
    critical: bool = False
    deny_drift: bool = False
    recognised_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proof: Proof | None = None

    def hidden(self, kind: str) -> Collection[str]:
        return self.unreadable.get(kind, ())


def make_plan(
    target: Target,
    desired: Sequence[Resource],
    live: Sequence[Resource],
    *,
    allowed: Allowed | None = None,
    selection: Selection | None = None,
    destroy: bool = False,
) -> Plan:
    """The whole list of steps that bring `live` to `desired`; with `destroy`, that delete all that is ours."""
    marked, stored = split(live, target.kinds)
    world = decide(marked, target.project, target.environment, target.formerly)
    steps = _Steps(target, world, desired, stored, twins=bool(allowed and allowed.twins))
    changes = steps.destroyed() if destroy else steps.all()
    changes += steps.unused(marked, changes)
    unchanged = tuple(change.address for change in changes if change.action is Action.NO_OP)
    changes = [change for change in changes if change.action is not Action.NO_OP]
    renamed = steps.renamed(changes)
    if selection is not None:
        chosen = closure(selection.addresses, {d.address: d.requires for d in desired if d.address})
        changes = [change for change in changes if selection.keeps(change, chosen)]
        unchanged = tuple(address for address in unchanged if address in chosen)
    plan = Plan(
        project=target.project,
        environment=target.environment,
        provider=target.provider,
        endpoint=target.endpoint,
        complete=selection is None,
        allowed=allowed or Allowed(),
        changes=tuple(sorted(changes, key=_position)),
        unchanged=len(unchanged),
        unchanged_addresses=tuple(sorted(unchanged)),
        diagnostics=(
            *world.diagnostics,
            *_notes(world, target, changes),
            *_moved_from_nothing(changes, steps.desired),
            *steps.suggestions(renamed, changes),
        ),
    )
    if target.proof is not None and not destroy:
        plan = hold(plan, target.proof)
    users = left_in_use(steps.links, {address: claim.live for address, claim in world.owned.items()}, changes)
    return policy.guard(plan, replace(_facts(target, world, renamed), users=users))


def _facts(target: Target, world: World, renamed: Mapping[Address, Address]) -> policy.Facts:
    return replace(
        policy.Facts.of(world, target.kinds),
        critical=target.critical,
        deny_drift=target.deny_drift,
        acknowledged=frozenset(target.removed),
        project_environments=target.environments,
        renamed=renamed,
    )


def _position(change: Change) -> tuple[bool, Address, str]:
    return (change.action is Action.DELETE, change.address, change.remote_id or "")


def _notes(world: World, target: Target, changes: Sequence[Change]) -> list[Diagnostic]:
    notes = []
    aside = {change.remote_id for change in changes if change.action is Action.ADOPT}
    aside |= {live.remote_id for live in world.unreadable}
    count = len(world.elsewhere) + sum(live.remote_id not in aside for live in world.foreign)
    if count:
        notes.append(
            Diagnostic(
                code="foreign",
                severity=Severity.INFO,
                message=f"{count} {'object' if count == 1 else 'objects'} of others left alone",
            )
        )
    for address in sorted(target.removed.keys() - world.owned.keys()):
        notes.append(
            Diagnostic(
                code="removed-stale",
                severity=Severity.INFO,
                address=str(address),
                message=f"`removed` names {address}, of which nothing is ours in this environment",
                remedy="Once no environment holds it, take the line out of retinue.yaml.",
            )
        )
    return notes


def _moved_from_nothing(changes: Sequence[Change], desired: Mapping[Address, Resource]) -> list[Diagnostic]:
    """A `moved_from` that finds nothing, while something of its kind is left over that it may have meant."""
    lost = {change.address.kind for change in changes if change.reason is Reason.ORPHAN}
    return [
        Diagnostic(
            code="moved-from-nothing",
            severity=Severity.WARNING,
            place=desired[change.address].place,
            address=str(change.address),
            message=f"`moved_from: {name}` is {_why_not_moved(Address(change.address.kind, name), desired)}",
            remedy="Correct the name, or take the line out.",
        )
        for change in changes
        if change.action is Action.CREATE
        and change.address.kind in lost
        and (name := desired[change.address].policy.moved_from)
    ]


def _why_not_moved(old: Address, desired: Collection[Address]) -> str:
    return "the name of another manifest" if old in desired else "the name of nothing that is live here"


class _Steps:
    """One planning run: finds each desired object's live counterpart, then says what is left over."""

    def __init__(
        self, target: Target, world: World, desired: Sequence[Resource], stored: Sequence[Resource], *, twins: bool
    ) -> None:
        self.target = target
        self.world = world
        placed = {resource.address: resource for resource in desired if resource.address is not None}
        self.files = {address: item for address, item in placed.items() if target.kinds[address.kind].by_content}
        self.desired = {address: item for address, item in placed.items() if address not in self.files}
        self.foreign = {live.remote_id: live for live in world.foreign}
        self.taken: set[Address] = set()
        self.lost = {} if twins else _unmarked(target, self.desired.values(), world.foreign)
        held = {address: self._held(address, resource) for address, resource in self.desired.items()}
        orphans = {address: claim.live for address, claim in world.owned.items() if address not in held}
        scope = scope_of(target.project, target.environment)
        self.links = link(target.kinds, held, orphans, self.files, stored, scope)

    def all(self) -> list[Change]:
        wanted = [self._wanted(address, self.links.named(item)) for address, item in self.desired.items()]
        files = [self._file(address, resource) for address, resource in self.files.items()]
        return wanted + files + self._leftover() + self._duplicates()

    def unused(self, marked: Sequence[Resource], changes: Sequence[Change]) -> list[Change]:
        """Deletes of the files that nothing refers to once the changes are made."""
        unused = unused_files(self.links, marked, changes)
        return [delete_unused(live, diff.expect_digest(live, self.target.kinds[live.kind], (), ())) for live in unused]

    def _held(self, address: Address, resource: Resource) -> Resource | None:
        """What a desired address holds live, or will hold by an adopt."""
        claim = self.world.owned.get(address) or self._moved(address, resource)
        if claim is not None:
            return claim.live
        remote_id = self._adopts(resource)
        return self.lost.get(address) if remote_id is None else self.foreign.get(remote_id)

    def _adopts(self, resource: Resource) -> str | None:
        return resource.policy.adopt.get(self.target.environment) or resource.policy.adopt.get("*")

    def _file(self, address: Address, resource: Resource) -> Change:
        same = self.links.files.get(key_of(resource))
        if same is None:
            created = replace(self._create(address, resource), asked="")
            return replace(created, reason=Reason.MANIFEST) if self.links.was_there(resource) else created
        return Change(address, Action.NO_OP, Reason.MANIFEST, same[0].remote_id)

    def destroyed(self) -> list[Change]:
        ours = [self._delete(claim, Reason.DESTROY) for claim in self.world.owned.values()]
        return ours + self._duplicates()

    def renamed(self, changes: Sequence[Change]) -> dict[Address, Address]:
        """By new address the old one of an orphan that is so much like it that it looks like a rename."""
        found: dict[Address, Address] = {}
        for kind in (kind for kind in self.target.kinds.values() if not kind.by_content):
            of_kind = [change for change in changes if change.address.kind == kind.name]
            gone = [change.address for change in of_kind if change.reason is Reason.ORPHAN]
            new = [change.address for change in of_kind if change.action is Action.CREATE]
            found |= renames(
                {address: self.world.owned[address].live for address in gone},
                {address: self.desired[address] for address in new},
                kind,
                self.target.hidden(kind.name),
            )
        return found

    def suggestions(self, renamed: Mapping[Address, Address], changes: Sequence[Change]) -> list[Diagnostic]:
        """What to say of the renames whose create is still among the changes."""
        created = {change.address for change in changes if change.action is Action.CREATE}
        return [suggestion(new, old, self.desired[new].place) for new, old in sorted(renamed.items()) if new in created]

    def _wanted(self, address: Address, resource: Resource) -> Change:
        claim = self.world.owned.get(address) or self._moved(address, resource)
        if claim is not None:
            self.taken.add(claim.address)
            return self._existing(address, resource, claim)
        remote_id = self._adopts(resource)
        if remote_id is None:
            found = self.lost.get(address)
            return (
                self._adopt(address, resource, found, Reason.MARKER_LOST) if found else self._create(address, resource)
            )
        if remote_id in self.foreign:
            return self._adopt(address, resource, self.foreign[remote_id], Reason.ADOPTED)
        return replace(self._create(address, resource), remote_id=remote_id, blocked=self._not_adoptable(remote_id))

    def _moved(self, address: Address, resource: Resource) -> Claim | None:
        if resource.policy.moved_from is None:
            return None
        before = Address(address.kind, resource.policy.moved_from)
        return None if before in self.desired else self.world.owned.get(before)

    def _not_adoptable(self, remote_id: str) -> Obstacle:
        for claim in (*self.world.owned.values(), *self.world.duplicates, *self.world.copies, *self.world.elsewhere):
            if claim.remote_id == remote_id:
                return Obstacle(
                    "adopt-owned",
                    f"{remote_id} belongs to {claim.owner}",
                    ("To rename it here, write `moved_from:` with its old name; else let its owner forget it first.",),
                )
        return Obstacle(
            "adopt-missing",
            f"there is no live object {remote_id} to adopt",
            ("Correct the id, or remove the `adopt` line to create a new object.",),
        )

    def _existing(self, address: Address, resource: Resource, claim: Claim) -> Change:
        kind = self.target.kinds[address.kind]
        if claim.live.spent:
            return self._replacement(address, resource, claim)
        live = self.links.named(claim.live)
        found = diff.compared(resource, live, kind, claim.applied, self.target.hidden(kind.name))
        fields = self.links.explained(found.changes, kind)
        only_references = self.links.only_references(fields, resource, kind, claim.applied)
        before = claim.applied.protected if claim.applied else False
        if before != resource.policy.protect:
            fields = (*fields, FieldChange("/retinue/protect", before, resource.policy.protect))
        owner = marker.Owner(self.target.project, self.target.environment, address)
        if claim.owner != owner:
            reason = Reason.MOVED if claim.address != address else Reason.FORMERLY
            return self._change(address, resource, claim.live, fields, Action.MOVE, reason, str(claim.owner))
        reason = Reason.REFERENCE if only_references else _reason(fields)
        if found.unrecorded and not fields:
            fields, reason = (FieldChange(ACCEPTED, None, list(found.unrecorded)),), Reason.ACCEPTED
        return self._change(
            address, resource, claim.live, fields, Action.UPDATE if fields else Action.NO_OP, reason, None
        )

    def _replacement(self, address: Address, resource: Resource, claim: Claim) -> Change:
        """A new object in the place of one that nobody can use any more."""
        kind = self.target.kinds[address.kind]
        return replace(
            self._create(address, resource),
            action=Action.REPLACE,
            reason=Reason.EXPIRED,
            remote_id=claim.remote_id,
            expect=diff.expect_digest(claim.live, kind, self.target.hidden(kind.name), resource.policy.ignore_changes),
        )

    def _adopt(self, address: Address, resource: Resource, live: Resource, reason: Reason) -> Change:
        kind = self.target.kinds[address.kind]
        found = diff.compared(resource, self.links.named(live), kind, None, self.target.hidden(kind.name))
        return self._change(address, resource, live, found.changes, Action.ADOPT, reason, None)

    def _change(
        self,
        address: Address,
        resource: Resource,
        live: Resource,
        fields: tuple[FieldChange, ...],
        action: Action,
        reason: Reason,
        moved_from: str | None,
    ) -> Change:
        kind = self.target.kinds[address.kind]
        ignored = resource.policy.ignore_changes
        idle = action is Action.NO_OP
        return Change(
            address=address,
            action=action,
            reason=reason,
            remote_id=live.remote_id,
            fields=fields,
            expect=None if idle else diff.expect_digest(live, kind, self.target.hidden(kind.name), ignored),
            requires=self.links.requires(resource),
            asked="" if idle else marker.format_entries(marker.asked_entries(resource.spec, kind, ignored)),
            protected=resource.policy.protect,
            ignored=ignored,
            moved_from=moved_from,
            display_name=_display_name(live, kind),
            resolved=self.links.resolved(fields, kind),
        )

    def _create(self, address: Address, resource: Resource) -> Change:
        kind = self.target.kinds[address.kind]
        stated = diff.stated_fields(resource.spec, kind)
        fields = tuple(FieldChange(f"/{name}", None, value, Cause.MANIFEST) for name, value in stated.items())
        return Change(
            address=address,
            action=Action.CREATE,
            reason=Reason.NEW,
            fields=fields,
            requires=self.links.requires(resource),
            asked=marker.format_entries(marker.asked_entries(resource.spec, kind, resource.policy.ignore_changes)),
            protected=resource.policy.protect,
            ignored=resource.policy.ignore_changes,
            display_name=_display_name(resource, kind),
            resolved=self.links.resolved(fields, kind),
        )

    def _leftover(self) -> list[Change]:
        changes = []
        for address, claim in self.world.owned.items():
            if address in self.desired or address in self.taken:
                continue
            forget = self.target.removed.get(address)
            if forget:
                changes.append(letting_go(claim, Reason.REMOVED, self.target))
            else:
                changes.append(self._delete(claim, Reason.ORPHAN if forget is None else Reason.REMOVED))
        return changes

    def _duplicates(self) -> list[Change]:
        return [self._delete(claim, Reason.DUPLICATE) for claim in self.world.duplicates]

    def _delete(self, claim: Claim, reason: Reason) -> Change:
        """A delete goes before those of what its object refers to."""
        kind = self.target.kinds[claim.live.kind]
        requires = addresses_in(self.links.named(claim.live).spec, kind)
        return replace(deletion(claim, reason, self.target), requires=requires)


def deletion(claim: Claim, reason: Reason, target: Target) -> Change:
    """The step that deletes an object of ours."""
    kind = target.kinds[claim.address.kind]
    return Change(
        address=claim.address,
        action=Action.DELETE,
        reason=reason,
        remote_id=claim.remote_id,
        expect=diff.expect_digest(claim.live, kind, target.hidden(kind.name), ()),
        protected=claim.applied.protected if claim.applied else False,
        display_name=_display_name(claim.live, kind),
    )


def letting_go(claim: Claim, reason: Reason, target: Target) -> Change:
    """The step that takes the marker off an object and leaves it as it is."""
    return replace(deletion(claim, reason, target), action=Action.FORGET)


def _unmarked(target: Target, desired: Iterable[Resource], foreign: Iterable[Resource]) -> dict[Address, Resource]:
    """The unmarked live object that alone is what just one manifest describes, where a service may lose markers."""
    wanted: dict[str, list[Address]] = {}
    found: dict[str, list[Resource]] = {}
    adopted = {item for resource in desired for item in resource.policy.adopt.values()}
    for resource in desired:
        if resource.address is not None and (key := _identity(target, resource)):
            wanted.setdefault(key, []).append(resource.address)
    for live in foreign:
        if live.marker_address is None and live.remote_id not in adopted and (key := _identity(target, live)):
            found.setdefault(key, []).append(live)
    return {
        addresses[0]: found[key][0]
        for key, addresses in wanted.items()
        if len(addresses) == 1 and len(found.get(key, ())) == 1
    }


def _identity(target: Target, resource: Resource) -> str | None:
    """What a resource is known by without a marker; None for one without a display name."""
    kind, pointers = target.kinds[resource.kind], target.recognised_by.get(resource.kind)
    if not pointers or not _display_name(resource, kind):
        return None
    fields = canonical(resource.spec, kind)
    values = [value for pointer in pointers if (value := value_at(fields, pointer)) is not MISSING]
    return canonical_json([kind.name, *values])


def _display_name(resource: Resource, kind: Kind) -> str | None:
    name = resource.spec.get(kind.display)
    return name if isinstance(name, str) else None


def _reason(fields: Sequence[FieldChange]) -> Reason:
    causes = {change.cause for change in fields}
    if causes == {Cause.DRIFT}:
        return Reason.DRIFT
    return Reason.MANIFEST if causes <= {Cause.MANIFEST} else Reason.BOTH
