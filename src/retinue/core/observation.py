"""The target of a run, what it reads and has read live, and whose that is. Chooses no step. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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

    `unreadable`: the fields a service never reports, by kind. `recognised_by`: the pointers by which an object whose
    marker the service lost is known again, by kind. `removed`: what may go, and whether it is let go of instead.
    `removal`: in words, what a delete is here where it cannot be undone.
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
    removal: str = ""

    def owner(self, address: Address) -> Owner:
        """The owner of what has an address of ours."""
        return Owner(self.project, self.environment, address)

    def hidden(self, kind: str) -> Collection[str]:
        return self.unreadable.get(kind, ())


@dataclass(frozen=True)
class Observation:
    """What follows from `live` is worked out where it is first asked for, and kept."""

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
