"""Desired and live to a plan: which step for which object, and why. What may not happen is policy.py's business."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import policy
from .allowed import Allowed
from .counterparts import Counterpart, adopts, counterparts, not_adoptable
from .graph import closure
from .links import Links, left_in_use, link, unused_files, used_elsewhere
from .model import Action, Address, Change, Desired, Diagnostic, Live, ObjectKey, Plan, Reason, Severity
from .notes import notes
from .observation import Observation
from .ownership import World
from .promotion import Proof, hold
from .renames import Pair, moved_from_line, renames
from .selection import Selection
from .steps import Steps, forget_step
from .target import Target


@dataclass(frozen=True, slots=True)
class Intent:
    """What a command wants of a plan besides what the manifests say. `destroy`: that all that is ours is deleted.

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
        found = [steps.delete(claim, Reason.DESTROY) for claim in known.world.owned.values()]
    else:
        found = [*_wanted(known, steps)]
    found += [steps.delete(claim, Reason.DUPLICATE, extra=True) for claim in known.world.duplicates]
    found += [steps.delete_unused(file) for file in unused_files(known.links, known.marked, found)]
    renamed = _renamed(known, found, intent)
    changes, unchanged = _narrowed(found, desired, intent)
    external_references = _external_references(known, changes)
    shown = {*unchanged, *(change.address for change in changes)}
    plan = Plan(
        project=target.project,
        environment=target.environment,
        provider=target.provider,
        endpoint=target.endpoint,
        kinds=target.kinds,
        complete=intent.selection is None and intent.only is None,
        allowed=intent.allowed,
        changes=tuple(sorted(changes, key=lambda it: (it.action is Action.DELETE, it.address, it.object_key))),
        unchanged=len(unchanged),
        unchanged_addresses=tuple(sorted(unchanged)),
        diagnostics=(
            *notes(target, known.world, known.objects, changes, external_references, shown),
            *_where(renamed, known.objects, changes),
        ),
    )
    if intent.proof is not None and not intent.destroy:
        plan = hold(plan, intent.proof, renamed)
    users = left_in_use(known.links, {address: claim.live for address, claim in known.world.owned.items()}, changes)
    return policy.guard(plan, policy.Facts(target, known.world, renamed, users, external_references))


def _narrowed(
    found: Sequence[Change], desired: Sequence[Desired], intent: Intent
) -> tuple[list[Change], list[Address]]:
    """The steps that do something, and the addresses of the others, as far as they are selected."""
    unchanged = [change.address for change in found if change.action is Action.NO_OP]
    changes = [change for change in found if change.action is not Action.NO_OP]
    selection = intent.selection
    if intent.only is not None:
        changes = [change for change in changes if change.address in intent.only]
    if selection is None:
        return changes, unchanged
    chosen = closure(selection.addresses, {item.address: item.requires for item in desired})
    changes = [change for change in changes if selection.keeps(change, chosen)]
    return changes, [address for address in unchanged if address in chosen]


@dataclass(frozen=True, slots=True)
class _Known:
    """All that is known before the first step is chosen. `objects` and `files`: what is desired, by address.

    `marked`: the live objects but for files. `found`: what each of `objects` is live.
    """

    target: Target
    world: World
    objects: Mapping[Address, Desired]
    files: Mapping[Address, Desired]
    marked: Sequence[Live]
    found: Mapping[Address, Counterpart | None]
    links: Links


def _survey(seen: Observation, desired: Sequence[Desired], intent: Intent) -> _Known:
    target, world = seen.target, seen.world
    placed = {resource.address: resource for resource in desired}
    files = {address: item for address, item in placed.items() if target.kinds[address.kind].by_content}
    objects = {address: item for address, item in placed.items() if address not in files}
    found = counterparts(target, objects, world, intent.allowed)
    held = {address: item.live if item else None for address, item in found.items()}
    orphans = {address: claim.live for address, claim in world.owned.items() if address not in held}
    links = link(target.kinds, held, orphans, files, seen.files)
    return _Known(target, world, objects, files, seen.marked, found, links)


def _wanted(known: _Known, steps: Steps) -> Iterator[Change]:
    """A step for everything that is desired, and for what is ours and no longer desired."""
    for address, resource in known.objects.items():
        yield _toward(known.links.named(resource), known.found[address], known, steps)
    for file in known.files.values():
        yield steps.upload(file)
    taken = {item.claim.address for item in known.found.values() if item and item.claim}
    for address, claim in known.world.owned.items():
        if address in known.objects or address in taken:
            continue
        forget = known.target.removed.get(address)
        if forget:
            yield forget_step(claim, Reason.REMOVED, known.target)
        else:
            orphan = forget is None
            yield steps.delete(claim, Reason.ORPHAN if orphan else Reason.REMOVED, orphan=orphan)


def _toward(resource: Desired, found: Counterpart | None, known: _Known, steps: Steps) -> Change:
    if found is not None and found.claim is not None:
        return steps.update(resource, found.claim)
    if found is not None:
        return steps.adopt(resource, found)
    created, remote_id = steps.create(resource), adopts(resource, known.target)
    if remote_id is None:
        return created
    return replace(created, remote_id=remote_id, blocked=not_adoptable(remote_id, known.world))


def _renamed(known: _Known, changes: Sequence[Change], intent: Intent) -> list[Pair]:
    """What would be deleted and what would be created that look like one object under two names.

    Of all the steps, also of those that a selection leaves out: done one after the other they lose the id as well.
    """
    if intent.destroy:
        return []
    world, links = known.world.owned, known.links
    # Deletes that take away the object of an address, and not only a double of it.
    deletes = {(change.address, change.remote_id) for change in changes if change.action is Action.DELETE}
    going = {address for address, claim in world.items() if (address, claim.remote_id) in deletes}
    gone = {item for item in going - known.target.removed.keys() if not intent.allowed.covers("renamed", item)}
    new = {change.address for change in changes if change.action is Action.CREATE}
    found: list[Pair] = []
    for kind in (kind for kind in known.target.kinds.values() if not kind.by_content):
        old = {address: links.named(world[address].live) for address in gone if address.kind == kind.name}
        made = {address: links.named(known.objects[address]) for address in new if address.kind == kind.name}
        if old and made:
            live = (claim.live for address, claim in world.items() if address not in going)
            wanted = (item for address, item in known.objects.items() if address not in new)
            kept = [links.named(item) for item in (*live, *wanted) if item.kind == kind.name]
            found += renames(old, made, kept, kind, known.target.hidden(kind.name))
    return sorted(found)


def _where(
    pairs: Sequence[Pair], desired: Mapping[Address, Desired], changes: Sequence[Change]
) -> Iterator[Diagnostic]:
    """Where to write what makes renames of them: places are no part of what is approved."""
    shown = {change.address for change in changes}
    for pair in pairs:
        if not shown.isdisjoint((pair.old, pair.new)):
            place, at = desired[pair.new].place, str(pair.new)
            message = f"it would be created, and {pair.old}, which is much like it, deleted"
            remedy = f"To keep the live id, write in its manifest: {moved_from_line(pair.old)}"
            yield Diagnostic("renamed", message, remedy, place, at, severity=Severity.INFO)


def _external_references(known: _Known, changes: Sequence[Change]) -> dict[ObjectKey, str]:
    """By kind and id of what goes, an object of others that refers to it, in words."""
    going = {item.object_key for item in changes if item.action.destroys}
    if not going:
        return {}
    world, kinds = known.world, known.target.kinds
    others = [*world.foreign, *(claim.live for claim in (*world.elsewhere, *world.copies))]
    used = used_elsewhere(others, changes, kinds)
    named = {key: (live.remote_id, kinds[live.kind].display_name(live.spec)) for key, live in used.items()}
    return {
        key: f"{remote_id} (“{name}”)" if name else str(remote_id)
        for key, (remote_id, name) in named.items()
        if key in going
    }
