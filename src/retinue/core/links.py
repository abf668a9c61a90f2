"""Who refers to whom in one planning run: names for live ids, what gets a new id, and unused files. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from .canonical import canonical
from .content import Key, key_of, leftover_address
from .marker import Applied
from .marks import entry_of, short_digest
from .model import MISSING, Action, Address, Cause, Change, Desired, FieldChange, Json, Kind, Live, ObjectKey, Resource
from .references import Ids, Names, addresses_in, ids_in, renamed, to_names
from .values import dataclass, field, replace

R = TypeVar("R", bound=Resource)


@dataclass(frozen=True, slots=True)
class Links:
    """`names`: of live objects by kind and id. `ids`: of what stays. `fresh`: what gets a new id by this plan.

    `files`: the live files of this scope, by what is in them, the oldest first.
    """

    kinds: Mapping[str, Kind]
    names: Names = field(default_factory=dict)
    ids: Ids = field(default_factory=dict)
    fresh: frozenset[Address] = frozenset()
    files: Mapping[Key, tuple[Live, ...]] = field(default_factory=dict)

    def named(self, resource: R) -> R:
        """With names in the place of the live ids that are known."""
        kind = self.kinds[resource.kind]
        spec = to_names(resource.spec, kind, self.names)
        if spec is resource.spec:
            return resource
        if isinstance(resource, Live):
            return replace(resource, spec=spec, tried=to_names(resource.tried, kind, self.names))
        return replace(resource, spec=spec)

    def was_there(self, file: Desired) -> bool:
        """True if a file of ours has its plain name but other bytes, which no manifest wants any more."""
        return any(live.spec["name"] == file.spec["name"] for live in self._leftovers().values())

    def requires(self, resource: Desired) -> tuple[Address, ...]:
        """The resources that must exist before this one: those it names, and those they refer to."""
        found = addresses_in(self.named(resource).spec, self.kinds[resource.kind])
        return (*resource.requires, *(address for address in found if address not in resource.requires))

    def resolved(self, fields: Iterable[FieldChange], kind: Kind) -> dict[Address, str]:
        """The live ids of everything that these fields refer to by name, before or after."""
        found: dict[Address, str] = {}
        for side in ("before", "after"):
            spec = {item.name: getattr(item, side) for item in fields}
            found |= {address: self.ids[address] for address in addresses_in(spec, kind) if address in self.ids}
        return found

    def explained(self, fields: Sequence[FieldChange], kind: Kind) -> tuple[FieldChange, ...]:
        """A field that differs because what it refers to gets a new id was not changed outside.

        Nor was one that refers to a file of ours that no manifest wants: an apply of ours put that there, under a name
        that is lost.
        """
        left = self._leftovers().keys()
        return tuple(
            replace(item, cause=Cause.MANIFEST)
            if self._fresh_in(item, kind) or not left.isdisjoint(addresses_in({item.name: item.before}, kind))
            else item
            for item in fields
        )

    def only_references(
        self, fields: Sequence[FieldChange], desired: Desired, kind: Kind, applied: Applied | None
    ) -> bool:
        """True if the only change is to the new ids of objects that the manifest named before, too."""
        if not fields or applied is None:
            return False
        want = canonical(desired.spec, kind)
        return all(
            self._fresh_in(item, kind)
            and (entry := entry_of(kind.fields[item.name], applied.fields)) is not None
            and entry.asked == short_digest(want.get(item.name, MISSING))
            for item in fields
        )

    def _leftovers(self) -> Mapping[Address, Live]:
        """The files of ours that no manifest wants."""
        found = {leftover_address(live): live for same in self.files.values() for live in same}
        return {address: live for address, live in found.items() if address in self.ids}

    def _fresh_in(self, item: FieldChange, kind: Kind) -> bool:
        return not self.fresh.isdisjoint(addresses_in({item.name: item.after}, kind))


def link(
    kinds: Mapping[str, Kind],
    held: Mapping[Address, Live | None],
    orphans: Mapping[Address, Live],
    desired_files: Mapping[Address, Desired],
    files: Mapping[Key, tuple[Live, ...]],
) -> Links:
    """`held`: what each desired address holds live, if anything. `orphans`: what else is ours. `files`: as in Links."""
    names: dict[ObjectKey, Address] = {}
    ids: dict[Address, str] = {}
    fresh = {address for address, resource in desired_files.items() if key_of(resource) not in files}
    wanted = {key_of(resource): address for address, resource in sorted(desired_files.items(), reverse=True)}
    for key, same in files.items():
        for place, live in enumerate(same):
            address = wanted.get(key) or leftover_address(live)
            names[live.object_key] = address
            if place == 0:
                ids[address] = live.remote_id
    for address, live_object in (*orphans.items(), *held.items()):
        if live_object is None or live_object.expired:
            fresh.add(address)
        else:
            names[live_object.object_key] = address
            ids[address] = live_object.remote_id
    return Links(kinds, names, ids, frozenset(fresh - orphans.keys()), files)


def unused_files(links: Links, marked: Sequence[Live], changes: Sequence[Change]) -> list[Live]:
    """Files of ours that no manifest wants and that nothing live will refer to once the changes are made."""
    if not links.files:
        return []
    needed = {change.object_key for change in changes if change.action is Action.NO_OP}
    for made in (change for change in changes if change.action.makes):
        needed |= ids_in(_after(made, links), links.kinds[made.address.kind])
    for _, used in _used_after(links, marked, changes):
        needed |= used
    return [live for same in links.files.values() for live in same if live.object_key not in needed]


def left_in_use(links: Links, owned: Mapping[Address, Live], changes: Sequence[Change]) -> dict[ObjectKey, Address]:
    """By kind and id of what goes, an owned object that would still refer to it once the changes are made."""
    going = {change.object_key for change in changes if change.remote_id and change.action.destroys}
    found: dict[ObjectKey, Address] = {}
    if going:
        addresses = {live.object_key: address for address, live in owned.items()}
        for live, used in _used_after(links, owned.values(), changes):
            address = addresses[live.object_key]
            found |= {key: min(address, found.get(key, address)) for key in used & going}
    return found


def _used_after(links: Links, live: Iterable[Live], changes: Iterable[Change]) -> Iterator[tuple[Live, set[ObjectKey]]]:
    """Each of the objects that the changes leave, with what it will refer to by live ids, as far as they are known."""
    by_id = {change.object_key: change for change in changes if change.remote_id}
    for item in live:
        change = by_id.get(item.object_key)
        if change is None or not change.action.destroys:
            spec = item.spec if change is None else {**item.spec, **_after(change, links)}
            yield item, ids_in(spec, links.kinds[item.kind])


def _after(change: Change, links: Links) -> Mapping[str, Json]:
    """The fields that a step writes, with live ids as far as they are known."""
    kind = links.kinds[change.address.kind]
    return renamed({item.name: item.after for item in change.fields if item.name in kind.fields}, kind, links.ids)


def used_elsewhere(
    marked: Iterable[Live], changes: Iterable[Change], kinds: Mapping[str, Kind]
) -> Mapping[ObjectKey, Live]:
    """By kind and id, what is referred to by objects that the changes do not touch, with one of these.

    What the changes do touch is held against what they expect of it.
    """
    touched = {change.object_key for change in changes}
    others = [live for live in marked if live.object_key not in touched]
    return {found: live for live in others for found in ids_in(live.spec, kinds[live.kind])}
