"""The target of a run, what it reads and has read live, and whose that is. Chooses no step. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from .content import Key, by_key, key_of, scope_of
from .marker import Owner
from .marks import has_dropped_references
from .model import Address, Desired, Kind, Live, ObjectKey
from .ownership import World, decide
from .references import ids_in
from .values import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """`endpoint` carries no secret. `environments` are all names the project file declares;
    `formerly`: earlier names of the project.

    `removed`: what may go, and whether it is let go of instead. `removal`: in words, what a delete is here where it
    cannot be undone.
    """

    project: str
    environment: str
    provider: str
    endpoint: str
    kinds: Mapping[str, Kind]
    environments: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    removed: Mapping[Address, bool] = field(default_factory=dict)
    critical: bool = False
    deny_drift: bool = False
    removal: str = ""

    def owner(self, address: Address) -> Owner:
        """The owner of what has an address of ours."""
        return Owner(self.project, self.environment, address)


@dataclass(frozen=True)
class Observation:
    """Everything derived from `live` is computed when first asked for, and kept."""

    target: Target
    live: Sequence[Live]

    @cached_property
    def by_key(self) -> Mapping[ObjectKey, Live]:
        return {item.object_key: item for item in self.live}

    @cached_property
    def marked(self) -> Sequence[Live]:
        """The live objects but for files."""
        return [item for item in self.live if not self.target.kinds[item.kind].by_content]

    @cached_property
    def world(self) -> World:
        """The live objects but for files, by whose they are. Raises NewerMarker."""
        target = self.target
        return decide(self.marked, target.project, target.environment, target.kinds, target.formerly)

    @cached_property
    def files(self) -> Mapping[Key, tuple[Live, ...]]:
        """The files of this project and environment by what is in them, the oldest first."""
        files = (item for item in self.live if self.target.kinds[item.kind].by_content)
        return by_key(files, scope_of(self.target.project, self.target.environment))


def hints_at_more(world: World, desired: Iterable[Desired], kinds: Mapping[str, Kind]) -> bool:
    """True if an object of ours refers, or referred until its last change, to an id that no manifest states.

    Such an object may be ours too, although no manifest names its kind any more.
    """
    stated = {found for resource in desired for found in ids_in(resource.spec, kinds[resource.kind])}
    for live in world.owned.values():
        kind = kinds[live.kind]
        if not ids_in(live.spec, kind) <= stated:
            return True
        if live.applied is not None and has_dropped_references(live.applied, kind):
            return True
    return False


def to_read_whole(seen: Observation, desired: Iterable[Desired]) -> list[Live]:
    """Objects of others that a list names without what is in them, and of which a plan has to see that too.

    What is to be adopted; and all of them where a file of ours may be unused, because they may refer to it.
    """
    others = of_others(seen)
    wanted = {key_of(item) for item in desired if seen.target.kinds[item.kind].by_content}
    if any(key not in wanted or len(same) > 1 for key, same in seen.files.items()):
        return others
    adopted = {remote_id for item in desired for remote_id in item.policy.adopt.values()}
    return [item for item in others if item.remote_id in adopted]


def covers(seen: Observation, desired: Iterable[Desired]) -> bool:
    """True if manifests and our objects among these have the same addresses: then a plan only updates."""
    return seen.world.owned.keys() == {resource.address for resource in desired}


def of_others(seen: Observation) -> list[Live]:
    """The live objects that are not ours, of the kinds whose list may lack what is in them."""
    others = (*seen.world.foreign, *seen.world.elsewhere)
    return [item for item in others if seen.target.kinds[item.kind].compound]
