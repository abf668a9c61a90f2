"""The plan of `retinue forget`: which live objects lose their marker. Decides it; takes nothing away itself. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .errors import UsageError
from .model import Address, Change, Live, Plan, Reason
from .observation import Observation, Target
from .ownership import World
from .steps import forget_step


def forget_plan(
    target: Target,
    described: Collection[Address],
    live: Sequence[Live],
    address: Address | None,
    remote_ids: Sequence[str],
) -> Plan:
    """The plan that lets go of an address with all its objects, or of single objects. Deletes nothing.

    `described`: addresses that a manifest describes here. Raises UsageError for what is not ours, and for what the next
    plan would make or take again.
    """
    world = Observation(target, live).world
    if address is None:
        changes = [_of_id(remote_id, described, world, target) for remote_id in dict.fromkeys(remote_ids)]
    else:
        claim = world.owned.get(address)
        if claim is None:
            known = ", ".join(map(str, sorted(world.owned))) or "none"
            raise UsageError(f"nothing live here has the address {address}", f"Known: {known}.")
        _refuse_described(address, described)
        changes = [forget_step(claim, Reason.REMOVED, target)]
        changes += [forget_step(it, Reason.DUPLICATE, target) for it in world.duplicates if it.address == address]
        changes += [forget_step(it, Reason.COPY, target) for it in world.copies if it.address == address]
    return Plan(
        project=target.project,
        environment=target.environment,
        provider=target.provider,
        endpoint=target.endpoint,
        kinds=target.kinds,
        complete=False,
        changes=tuple(sorted(changes, key=lambda change: (change.address, change.object_key))),
    )


def _of_id(remote_id: str, described: Collection[Address], world: World, target: Target) -> Change:
    for claims, reason in ((world.copies, Reason.COPY), (world.duplicates, Reason.DUPLICATE)):
        for extra in claims:
            if extra.remote_id == remote_id:
                return forget_step(extra, reason, target)
    claim = next((item for item in world.owned.values() if item.remote_id == remote_id), None)
    if claim is not None:
        _refuse_described(claim.address, described)
        rivals = [item.remote_id for item in (*world.duplicates, *world.copies) if item.address == claim.address]
        if rivals:
            message = f"without {remote_id} retinue would take {' or '.join(rivals)} for {claim.address}"
            raise UsageError(message, f"To let go of all of them: retinue forget {claim.address}")
        return forget_step(claim, Reason.REMOVED, target)
    other = next((item for item in world.elsewhere if item.remote_id == remote_id), None)
    if other is not None:
        raise UsageError(f"{remote_id} belongs to {other.owner}", "Let go of it from that project and environment.")
    if remote_id in world.newer:
        raise UsageError(f"{remote_id} carries a marker that a newer retinue wrote", "Let go of it with that one.")
    if any(item.remote_id == remote_id for item in world.foreign):
        raise UsageError(f"{remote_id} carries no marker of ours: it is not managed", "There is nothing to forget.")
    raise UsageError(f"there is no live object {remote_id}", "`retinue output` lists the ids of what is managed.")


def _refuse_described(address: Address, described: Collection[Address]) -> None:
    if address in described:
        remedy = "Take the manifest away first, or leave this environment out of its `environments`."
        raise UsageError(f"{address} has a manifest here, so the next apply would create it again", remedy)
