"""Desired and live to a plan: which step for which object, and why. Blocking steps is policy.py's business."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from . import policy
from .allowed import Allowed
from .counterparts import Counterpart, adopts, counterparts, not_adoptable
from .errors import UsageError
from .links import Links, left_in_use, link, unused_files, used_elsewhere
from .model import Action, Address, Change, Desired, Diagnostic, ObjectKey, Plan, Reason, Severity
from .observation import Observation, Target
from .ownership import World
from .promotion import Proof, hold
from .renames import Pair, renames
from .spelling import known_or_meant
from .steps import Steps, forget_step
from .values import dataclass, field, replace
from .waves import closure


@dataclass(frozen=True, slots=True)
class Selection:
    """The desired addresses that are chosen, and what `--target` names without a wildcard, less what is excluded."""

    addresses: frozenset[Address]
    exact: frozenset[str]

    def keeps(self, change: Change, chosen: Iterable[Address]) -> bool:
        """A narrowed plan deletes (or forgets) nothing but an orphan that `--target` names exactly."""
        if change.action.gives_up:
            return str(change.address) in self.exact and not (change.extra or change.unused)
        return change.address in chosen


def select(
    desired: Iterable[Desired],
    targets: Sequence[str] = (),
    excludes: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    orphans: Iterable[Address] = (),
) -> Selection | None:
    """The selection that the flags describe; None if they describe none.

    `targets` and `excludes` are addresses or globs. Raises UsageError for a pattern or a label that matches nothing.
    """
    if not (targets or excludes or labels):
        return None
    known = {resource.address: resource for resource in desired}
    everything = sorted({str(address) for address in (*known, *orphans)})

    def matched(patterns: Sequence[str]) -> set[str]:
        return {text for text in everything for pattern in patterns if fnmatchcase(text, pattern)}

    for pattern in (*targets, *excludes):
        if not matched([pattern]):
            remedy = f"{known_or_meant(pattern, everything)} A pattern looks like Assistant/support-*."
            raise UsageError(f"no object matches `{pattern}`", remedy)
    for key, value in (labels or {}).items():
        if not any(resource.policy.labels.get(key) == value for resource in known.values()):
            pairs = {f"{k}={v}" for resource in known.values() for k, v in resource.policy.labels.items()}
            remedy = known_or_meant(f"{key}={value}", pairs, "Known labels")
            raise UsageError(f"no manifest has the label {key}={value}", remedy)
    kept = (matched(targets) if targets else set(everything)) - matched(excludes)
    chosen = {
        address
        for address, resource in known.items()
        if str(address) in kept
        and all(resource.policy.labels.get(key) == value for key, value in (labels or {}).items())
    }
    return Selection(frozenset(chosen), frozenset(kept.intersection(targets)))


@dataclass(frozen=True, slots=True)
class Intent:
    """A command's own wishes for a plan, besides the manifests. `destroy`: delete all that is ours.

    `only`: that nothing but the steps of these addresses is planned, deletes and all: those of an approved plan.
    `proof`: of the environment that this one is promoted from.
    """

    allowed: Allowed = field(default_factory=Allowed)
    selection: Selection | None = None
    destroy: bool = False
    only: Collection[Address] | None = None
    proof: Proof | None = None


def make_plan(seen: Observation, desired: Sequence[Desired], intent: Intent | None = None) -> Plan:
    """The whole list of steps that bring what was seen to what is desired."""
    intent, target = intent or Intent(), seen.target
    known = _survey(seen, desired, intent)
    steps = Steps(target, known.links)
    if intent.destroy:
        found = [steps.delete(live, Reason.DESTROY) for live in known.world.owned.values()]
    else:
        found = [*_wanted(known, steps)]
    found += [steps.delete(live, Reason.DUPLICATE, extra=True) for live in known.world.duplicates]
    found += [steps.delete_unused(file) for file in unused_files(known.links, seen.marked, found)]
    renamed = _renamed(known, found, intent)
    unchanged = [change.address for change in found if change.action is Action.NO_OP]
    changes = [change for change in found if change.action is not Action.NO_OP]
    if intent.only is not None:
        changes = [change for change in changes if change.address in intent.only]
    if selection := intent.selection:
        chosen = closure(selection.addresses, {item.address: item.requires for item in desired})
        changes = [change for change in changes if selection.keeps(change, chosen)]
        unchanged = [address for address in unchanged if address in chosen]
    external_references = _external_references(known, changes)
    said = _notes(known, changes, external_references)
    plan = replace(
        _plan(target, changes, complete=intent.selection is None and intent.only is None),
        allowed=intent.allowed,
        unchanged=len(unchanged),
        unchanged_addresses=tuple(sorted(unchanged)),
        diagnostics=(*_run_by(known.world, {*unchanged, *(item.address for item in changes)}), *said),
    )
    if intent.proof is not None and not intent.destroy:
        plan = hold(plan, intent.proof, renamed)
    users = left_in_use(known.links, known.world.owned, changes)
    return policy.guard(plan, policy.Facts(target, known.world, renamed, users, external_references))


def _plan(target: Target, changes: Iterable[Change], *, complete: bool) -> Plan:
    return Plan(
        project=target.project,
        environment=target.environment,
        provider=target.provider,
        endpoint=target.endpoint,
        kinds=target.kinds,
        complete=complete,
        changes=tuple(sorted(changes, key=lambda it: (it.action is Action.DELETE, it.address, it.object_key))),
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """All that is known before the first step is chosen. `objects` and `files`: what is desired, by address.

    `found`: what each of `objects` is live.
    """

    target: Target
    world: World
    objects: Mapping[Address, Desired]
    files: Mapping[Address, Desired]
    found: Mapping[Address, Counterpart | None]
    links: Links


def _survey(seen: Observation, desired: Sequence[Desired], intent: Intent) -> _Known:
    target, world = seen.target, seen.world
    placed = {resource.address: resource for resource in desired}
    files = {address: item for address, item in placed.items() if target.kinds[address.kind].by_content}
    objects = {address: item for address, item in placed.items() if address not in files}
    found = counterparts(target, objects, world, intent.allowed)
    held = {address: item.live if item else None for address, item in found.items()}
    orphans = {address: live for address, live in world.owned.items() if address not in held}
    links = link(target.kinds, held, orphans, files, seen.files)
    return _Known(target, world, objects, files, found, links)


def _wanted(known: _Known, steps: Steps) -> Iterator[Change]:
    """A step for everything that is desired, and for what is ours and no longer desired."""
    target, world = known.target, known.world
    for address, there in known.found.items():
        resource = known.links.named(known.objects[address])
        if there is not None:
            yield steps.update(resource, there.live) if there.ours else steps.adopt(resource, there)
            continue
        created, remote_id = steps.create(resource), adopts(resource, target)
        if remote_id is not None:
            created = replace(created, remote_id=remote_id, blocked=not_adoptable(remote_id, world))
        yield created
    for file in known.files.values():
        yield steps.upload(file)
    taken = {item.live.address for item in known.found.values() if item and item.ours}
    for address, live in world.owned.items():
        if address in known.objects or address in taken:
            continue
        if target.removed.get(address):
            yield forget_step(live, Reason.REMOVED, target)
        else:
            orphan = address not in target.removed
            yield steps.delete(live, Reason.ORPHAN if orphan else Reason.REMOVED, orphan=orphan)


def _renamed(known: _Known, changes: Sequence[Change], intent: Intent) -> list[Pair]:
    """Pairs of a delete and a create that look like one object under two names.

    Of all the steps, also of those that a selection leaves out: done one after the other they lose the id as well.
    """
    if intent.destroy:
        return []
    world, links = known.world.owned, known.links
    # Deletes that take away the object of an address, and not only a double of it.
    deletes = {(change.address, change.remote_id) for change in changes if change.action is Action.DELETE}
    going = {address for address, live in world.items() if (address, live.remote_id) in deletes}
    gone = {item for item in going - known.target.removed.keys() if not intent.allowed.covers("renamed", item)}
    new = {change.address for change in changes if change.action is Action.CREATE}
    found: list[Pair] = []
    for kind in (kind for kind in known.target.kinds.values() if not kind.by_content):
        old = {address: links.named(world[address]) for address in gone if address.kind == kind.name}
        made = {address: links.named(known.objects[address]) for address in new if address.kind == kind.name}
        if old and made:
            live = (item for address, item in world.items() if address not in going)
            wanted = (item for address, item in known.objects.items() if address not in new)
            kept = [links.named(item) for item in (*live, *wanted) if item.kind == kind.name]
            found += renames(old, made, kept, kind)
    return sorted(found)


def _external_references(known: _Known, changes: Sequence[Change]) -> dict[ObjectKey, str]:
    """By kind and id of an object to delete: a foreign object that refers to it, described."""
    going = {item.object_key for item in changes if item.action.destroys}
    if not going:
        return {}
    world, kinds = known.world, known.target.kinds
    others = [*world.foreign, *world.elsewhere, *world.copies]
    found = {}
    for key, live in used_elsewhere(others, changes, kinds).items():
        if key in going:
            name = kinds[live.kind].display_name(live.spec)
            found[key] = f"{live.remote_id} (“{name}”)" if name else live.remote_id
    return found


def _run_by(world: World, shown: Collection[Address]) -> Iterator[Diagnostic]:
    for address, live in sorted(world.owned.items(), key=lambda item: item[0]):
        if live.users and address in shown:
            message = f"{address} is run by {', '.join(live.users)}"
            yield Diagnostic("run-by", message, address=str(address), severity=Severity.INFO)


def _notes(
    known: _Known, changes: Sequence[Change], external_references: Mapping[ObjectKey, str]
) -> Iterator[Diagnostic]:
    """Notes on objects left alone, and on lines of the project that do nothing."""
    target, world = known.target, known.world
    yield from world.diagnostics
    # Deletes that were explicitly allowed although a foreign object refers to them; else they are blocked.
    for change in changes:
        user = external_references.get(change.object_key)
        if user is not None and change.action.destroys and not policy.is_unasked(change, target.removed):
            message = f"{user}, which is not managed here, still refers to it"
            remedy = f"Edit that object in the service so that it no longer refers to {change.remote_id}."
            yield Diagnostic("in-use", message, remedy, address=str(change.address), severity=Severity.WARNING)
    shown_elsewhere = {change.remote_id for change in changes if change.action is Action.ADOPT}
    shown_elsewhere |= {live.remote_id for live in world.unreadable}
    if count := len(world.elsewhere) + sum(live.remote_id not in shown_elsewhere for live in world.foreign):
        message = f"{count} {'object' if count == 1 else 'objects'} not managed here, left alone"
        yield Diagnostic("foreign", message, severity=Severity.INFO)
    for address in sorted(target.removed.keys() - world.owned.keys()):
        message = f"`removed` names {address}, but this environment owns no such object"
        remedy = "Once no environment holds it, take the line out of retinue.yaml."
        yield Diagnostic("removed-stale", message, remedy, address=str(address), severity=Severity.INFO)
    # A `moved_from` that finds nothing, while something of its kind is left over that it may have meant.
    lost = {change.address.kind for change in changes if change.orphan}
    for change in changes:
        if change.action is not Action.CREATE or change.address.kind not in lost:
            continue
        resource = known.objects[change.address]
        if name := resource.policy.moved_from:
            described = Address(change.address.kind, name) in known.objects
            of = "another manifest" if described else "nothing that is live here"
            message, remedy = f"`moved_from: {name}` is the name of {of}", "Correct the name, or take the line out."
            place, at = resource.place, str(change.address)
            yield Diagnostic("moved-from-nothing", message, remedy, place, at, severity=Severity.WARNING)


def forget_plan(
    seen: Observation, described: Collection[Address], address: Address | None, remote_ids: Sequence[str]
) -> Plan:
    """The plan that lets go of an address with all its objects, or of single objects. Deletes nothing.

    `described`: addresses that a manifest describes here. Raises UsageError for what is not ours, and for what the next
    plan would make or take again.
    """
    target, world = seen.target, seen.world
    if address is None:
        changes = [_of_id(remote_id, described, world, target) for remote_id in dict.fromkeys(remote_ids)]
    else:
        live = world.owned.get(address)
        if live is None:
            remedy = known_or_meant(str(address), world.owned)
            raise UsageError(f"nothing live here has the address {address}", remedy)
        _refuse_described(address, described)
        changes = [forget_step(live, Reason.REMOVED, target)]
        changes += [forget_step(it, Reason.DUPLICATE, target) for it in world.duplicates if it.address == address]
        changes += [forget_step(it, Reason.COPY, target) for it in world.copies if it.address == address]
    return _plan(target, changes, complete=False)


def _of_id(remote_id: str, described: Collection[Address], world: World, target: Target) -> Change:
    for those, reason in ((world.copies, Reason.COPY), (world.duplicates, Reason.DUPLICATE)):
        for extra in those:
            if extra.remote_id == remote_id:
                return forget_step(extra, reason, target)
    live = next((item for item in world.owned.values() if item.remote_id == remote_id), None)
    if live is not None:
        _refuse_described(live.address, described)
        rivals = [item.remote_id for item in (*world.duplicates, *world.copies) if item.address == live.address]
        if rivals:
            message = f"without {remote_id} retinue would take {' or '.join(rivals)} for {live.address}"
            raise UsageError(message, f"To let go of all of them: retinue forget {live.address}")
        return forget_step(live, Reason.REMOVED, target)
    other = next((item for item in world.elsewhere if item.remote_id == remote_id), None)
    if other is not None:
        raise UsageError(f"{remote_id} belongs to {other.owner}", "Let go of it from that project and environment.")
    if remote_id in world.newer:
        raise UsageError(f"{remote_id} carries a marker written by a newer retinue", "Forget it with that version.")
    if any(item.remote_id == remote_id for item in world.foreign):
        raise UsageError(f"{remote_id} carries no retinue marker: it is not managed", "There is nothing to forget.")
    raise UsageError(f"there is no live object {remote_id}", "`retinue output` lists the ids of what is managed.")


def _refuse_described(address: Address, described: Collection[Address]) -> None:
    if address in described:
        remedy = "Take the manifest away first, or leave this environment out of its `environments`."
        raise UsageError(f"{address} has a manifest here, so the next apply would create it again", remedy)
