"""Which kinds a run has to read: those that manifests name, and those of which something of ours may be live. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .marking import has_let_go
from .model import Kind, Resource
from .ownership import World
from .references import ids_in


def hints_at_more(world: World, desired: Iterable[Resource], kinds: Mapping[str, Kind]) -> bool:
    """Whether something of ours refers, or referred until its last change, to what no manifest states by its id.

    Such an object may be ours too, although no manifest names its kind any more.
    """
    stated = {found for resource in desired for found in ids_in(resource.spec, kinds[resource.kind])}
    for claim in world.owned.values():
        kind = kinds[claim.live.kind]
        if not ids_in(claim.live.spec, kind) <= stated:
            return True
        if claim.applied is not None and has_let_go(claim.applied, kind):
            return True
    return False
