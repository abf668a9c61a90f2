"""Which kinds a run has to read: those that manifests name, and those of which something of ours may be live. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .content import key_of
from .marks import has_dropped_references
from .model import Desired, Kind, Live
from .observation import Observation
from .ownership import World
from .references import ids_in


def hints_at_more(world: World, desired: Iterable[Desired], kinds: Mapping[str, Kind]) -> bool:
    """Whether something of ours refers, or referred until its last change, to what no manifest states by its id.

    Such an object may be ours too, although no manifest names its kind any more.
    """
    stated = {found for resource in desired for found in ids_in(resource.spec, kinds[resource.kind])}
    for claim in world.owned.values():
        kind = kinds[claim.live.kind]
        if not ids_in(claim.live.spec, kind) <= stated:
            return True
        if claim.applied is not None and has_dropped_references(claim.applied, kind):
            return True
    return False


def to_read_whole(seen: Observation, desired: Iterable[Desired], compound: Collection[str]) -> list[Live]:
    """Objects of others that a list names without what is in them, and of which a plan has to see that too.

    What is to be adopted; and all of them where a file of ours may be unused, because they may refer to it.
    """
    others = of_others(seen.world, compound)
    wanted = {key_of(item) for item in desired if seen.target.kinds[item.kind].by_content}
    if any(key not in wanted or len(same) > 1 for key, same in seen.files.items()):
        return others
    adopted = {remote_id for item in desired for remote_id in item.policy.adopt.values()}
    return [item for item in others if item.remote_id in adopted]


def covers(seen: Observation, desired: Iterable[Desired]) -> bool:
    """Whether manifests and our objects among these are the same addresses: then a plan updates, and no more."""
    return seen.world.owned.keys() == {resource.address for resource in desired}


def of_others(world: World, kinds: Collection[str]) -> list[Live]:
    """The live objects of these kinds that are not ours."""
    return [item for item in (*world.foreign, *(claim.live for claim in world.elsewhere)) if item.kind in kinds]
