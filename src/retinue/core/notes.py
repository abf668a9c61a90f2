"""What a plan says besides its steps: what was left alone, and lines of the project that do nothing. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from .model import Action, Address, Change, Desired, Diagnostic, ObjectKey, Severity
from .ownership import World
from .policy import is_unasked
from .target import Target


def notes(
    target: Target,
    world: World,
    desired: Mapping[Address, Desired],
    changes: Sequence[Change],
    external_references: Mapping[ObjectKey, str],
    shown: Collection[Address],
) -> Iterator[Diagnostic]:
    """`external_references`: by kind and id of what goes, an object of others that refers to it. `shown`: what the plan
    is about."""
    yield from world.diagnostics
    yield from _still_used(target, changes, external_references)
    yield from _run_by(world, shown)
    yield from _left_alone(world, changes)
    yield from _removed_already(target, world)
    yield from _moved_from_nothing(changes, desired)


def _run_by(world: World, shown: Collection[Address]) -> Iterator[Diagnostic]:
    for address, claim in sorted(world.owned.items()):
        if claim.live.users and address in shown:
            message = f"{address} is run by {', '.join(claim.live.users)}"
            yield Diagnostic("run-by", message, address=str(address), severity=Severity.INFO)


def _left_alone(world: World, changes: Sequence[Change]) -> Iterator[Diagnostic]:
    shown_elsewhere = {change.remote_id for change in changes if change.action is Action.ADOPT}
    shown_elsewhere |= {live.remote_id for live in world.unreadable}
    count = len(world.elsewhere) + sum(live.remote_id not in shown_elsewhere for live in world.foreign)
    if count:
        message = f"{count} {'object' if count == 1 else 'objects'} of others left alone"
        yield Diagnostic("foreign", message, severity=Severity.INFO)


def _still_used(
    target: Target, changes: Sequence[Change], external_references: Mapping[ObjectKey, str]
) -> Iterator[Diagnostic]:
    """What goes by an explicit word although something of others refers to it; without one it is blocked."""
    for change in changes:
        user = external_references.get(change.object_key)
        if user is not None and change.action.destroys and not is_unasked(change, target.removed):
            message = f"{user}, which is not managed here, still refers to what goes"
            remedy = f"Edit that object in the service so that it no longer refers to {change.remote_id}."
            yield Diagnostic("in-use", message, remedy, address=str(change.address), severity=Severity.WARNING)


def _removed_already(target: Target, world: World) -> Iterator[Diagnostic]:
    for address in sorted(target.removed.keys() - world.owned.keys()):
        message = f"`removed` names {address}, of which nothing is ours in this environment"
        remedy = "Once no environment holds it, take the line out of retinue.yaml."
        yield Diagnostic("removed-stale", message, remedy, address=str(address), severity=Severity.INFO)


def _moved_from_nothing(changes: Sequence[Change], desired: Mapping[Address, Desired]) -> Iterator[Diagnostic]:
    """A `moved_from` that finds nothing, while something of its kind is left over that it may have meant."""
    lost = {change.address.kind for change in changes if change.orphan}
    for change in changes:
        if change.action is not Action.CREATE or change.address.kind not in lost:
            continue
        resource = desired[change.address]
        if name := resource.policy.moved_from:
            described = Address(change.address.kind, name) in desired
            of = "another manifest" if described else "nothing that is live here"
            message, remedy = f"`moved_from: {name}` is the name of {of}", "Correct the name, or take the line out."
            place, at = resource.place, str(change.address)
            yield Diagnostic("moved-from-nothing", message, remedy, place, at, severity=Severity.WARNING)
