"""Which live object each desired one is: by its marker, its old name, an `adopt`, or what it looks like. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from .allowed import Allowed
from .canonical import canonical, canonical_json
from .model import MISSING, Address, Desired, Live, Obstacle, Resource
from .observation import Target
from .ownership import World
from .pointer import value_at
from .values import dataclass


@dataclass(frozen=True, slots=True)
class Counterpart:
    """The live object of a desired one: one of ours, or one to adopt.

    `named`: its manifest names its id. `known`: nothing says that it was ours before.
    """

    live: Live
    ours: bool = False
    named: bool = True
    known: bool = True


def counterparts(
    target: Target, desired: Mapping[Address, Desired], world: World, allowed: Allowed
) -> dict[Address, Counterpart | None]:
    """By desired address; None where there is none. A possible twin is not recognised by its looks."""
    foreign = {live.remote_id: live for live in world.foreign if live.remote_id not in world.newer}
    lost = _unmarked(target, desired.values(), world.foreign)

    def found(address: Address, resource: Desired) -> Counterpart | None:
        ours, old = world.owned.get(address), resource.policy.moved_from
        if ours is None and old is not None and (before := Address(address.kind, old)) not in desired:
            ours = world.owned.get(before)
        if ours is not None:
            return Counterpart(ours, ours=True)
        remote_id = adopts(resource, target)
        alike = None if allowed.covers("twin", address) else lost.get(address)
        live = alike if remote_id is None else foreign.get(remote_id)
        if live is None:
            return None
        lossy = live.set_back or bool(target.kinds[address.kind].recognised_by)
        # The `adopt` line of an object that was ours until its service lost the marker stands there still.
        return Counterpart(live, named=remote_id is not None, known=not lossy)

    return {address: found(address, resource) for address, resource in desired.items()}


def adopts(resource: Desired, target: Target) -> str | None:
    """The live id that a manifest names for this environment."""
    return resource.policy.adopt.get(target.environment) or resource.policy.adopt.get("*")


def not_adoptable(remote_id: str, world: World) -> Obstacle:
    """Why the live id that a manifest names cannot be adopted."""
    for live in (*world.owned.values(), *world.duplicates, *world.copies, *world.elsewhere):
        if live.remote_id == remote_id:
            ways = ("To rename it here, write `moved_from:` with its old name; else let its owner forget it first.",)
            return Obstacle("adopt-owned", f"{remote_id} belongs to {live.owner}", ways)
    if remote_id in world.newer:
        message = f"{remote_id} carries a marker written by a newer retinue"
        return Obstacle("newer-marker", message, ("Upgrade retinue, or let its owner forget it first.",))
    ways = ("Correct the id, or remove the `adopt` line to create a new object.",)
    return Obstacle("adopt-missing", f"there is no live object {remote_id} to adopt", ways)


def _unmarked(target: Target, desired: Iterable[Desired], foreign: Iterable[Live]) -> dict[Address, Live]:
    """The unmarked live object that alone is what just one manifest describes, where a service may lose markers."""
    wanted: dict[str, list[Address]] = defaultdict(list)
    found: dict[str, list[Live]] = defaultdict(list)
    adopted = {item for resource in desired for item in resource.policy.adopt.values()}
    for resource in desired:
        if key := _identity(target, resource):
            wanted[key].append(resource.address)
    for live in foreign:
        if live.mark.owner_text is None and live.remote_id not in adopted and (key := _identity(target, live)):
            found[key].append(live)
    return {alone[0]: found[key][0] for key, alone in wanted.items() if len(alone) == len(found[key]) == 1}


def _identity(target: Target, resource: Resource) -> str | None:
    """The key that identifies a resource without a marker; None for one without a display name."""
    kind = target.kinds[resource.kind]
    if not kind.recognised_by or not kind.display_name(resource.spec):
        return None
    fields = canonical(resource.spec, kind)
    values = [value for pointer in kind.recognised_by if (value := value_at(fields, pointer)) is not MISSING]
    return canonical_json([kind.name, *values])
