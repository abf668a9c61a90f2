"""Reads the live world: one bulk list for each kind, never an object at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial

from ..core.marker import REPAIRED, Mark
from ..core.marks import at_default, fields_to_send, next_applied
from ..core.model import Action, Change, Desired, Live, ObjectKey, Plan
from ..core.observation import Observation, Target, covers
from ..providers.base import Finder, Pointed, Rewindable, Service
from .run import packed
from .threads import all_of

_AT_ONCE = 10
"""The transport holds them to --parallelism besides."""
KEEPING = (Action.UPDATE, Action.MOVE, Action.ADOPT)
"""The actions that change what an object that stays says."""


def read_live(service: Service, kinds: Iterable[str]) -> list[Live]:
    """Every live object of the kinds. Whatever cannot be read raises: unreadable is never the same as absent."""
    return _once(resource for kind in kinds for resource in service.list(kind))


def _once(found: Iterable[Live]) -> list[Live]:
    """A list that moves while it is read may name an object again, which must not look like a copy of itself."""
    return list({item.object_key: item for item in found}.values())


def read_owned(service: Service, kinds: Iterable[str], projects: Sequence[str], environment: str) -> list[Live]:
    """At least what these projects own in an environment: just that, where the service can be asked for it."""
    if not isinstance(service, Finder):
        return read_live(service, kinds)
    return _once(item for kind in kinds for project in projects for item in service.owned(kind, project, environment))


def read_ours(service: Service, target: Target, kinds: Iterable[str]) -> list[Live]:
    """At least what the project owns of these kinds in the environment, under its earlier names too."""
    return read_owned(service, kinds, (target.project, *target.formerly), target.environment)


def read_for_plan(
    service: Service, target: Target, desired: Iterable[Desired], kinds: Collection[str], ours: Sequence[Live]
) -> Observation:
    """The objects that a plan has to see: ours and, unless it only updates, all the rest.

    What a manifest lacks may be a twin's, adopted, or another project's that was renamed; of what is to be deleted
    there may be a copy. Nothing else depends on what is not ours. `ours`: what `read_ours` found.
    """
    seen = Observation(target, ours)
    if not isinstance(service, Finder) or covers(seen, (item for item in desired if item.kind in kinds)):
        return seen
    return Observation(target, read_live(service, kinds))


def rewound(service: Rewindable, seen: Observation, changing: Collection[ObjectKey]) -> Observation:
    """`seen`, with `set_back` on each of the objects `changing` that went back to an earlier version."""
    asked = [item for item in seen.live if item.object_key in changing]
    found = all_of([partial(service.set_back, item) for item in asked], _AT_ONCE)
    back = {item.object_key for item, is_back in zip(asked, found, strict=True) if is_back}
    live = [replace(item, set_back=True) if item.object_key in back else item for item in seen.live]
    return replace(seen, live=live) if back else seen


def with_serving(service: Pointed, plan: Plan, seen: Observation) -> Plan:
    """The plan with the versions that its steps will have serve."""
    target = seen.target

    def shown(change: Change) -> Change:
        found, kind = seen.by_key.get(change.object_key), target.kinds[change.address.kind]
        if found is None or change.action not in (*KEEPING, Action.FORGET):
            return change
        fields = fields_to_send(change, kind, found.spec)
        applied = next_applied(change, found, kind, lambda: REPAIRED)
        marker = None if change.action is Action.FORGET else packed(Mark.of(target.owner(change.address), applied))
        return replace(change, serving=service.serving(found, fields, marker, at_default(change, kind)))

    return replace(plan, changes=tuple(all_of([partial(shown, item) for item in plan.changes], _AT_ONCE)))


def read_whole(service: Service, live: Sequence[Live], parts: Iterable[Live]) -> list[Live]:
    """`live`, in which these `parts` of it are read again, each by itself, with all that is in them."""
    again = {item.object_key for item in parts}
    calls = [partial(service.get, *key) for key in sorted(again)]
    whole = all_of(calls, _AT_ONCE)
    rest = [item for item in live if item.object_key not in again]
    return rest + [item for item in whole if item is not None]
