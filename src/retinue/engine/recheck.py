"""Holds a plan against the live world once more before it is carried out. Reads; writes nothing.

What a step's standing is, core/standing.py decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..core import ownership
from ..core.content import Key, by_key, key_of, scope_of
from ..core.errors import ApiGone
from ..core.graph import needs, order
from ..core.links import split, used_elsewhere
from ..core.model import Action, Change, Plan, Reason, Resource
from ..core.reach import of_others
from ..core.references import addresses_in, grounded
from ..core.standing import Moved, Reached, standing
from .read import read_live, read_owned, read_whole
from .run import Run


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left to do, what is done already (change, live id), and what moved, in words."""

    todo: tuple[Change, ...]
    done: tuple[tuple[Change, str | None], ...]
    moved: tuple[str, ...]


def recheck(plan: Plan, run: Run) -> Checked:
    """Reads just the listed objects; the ownership list too if the plan gives or takes addresses; and whatever may
    refer to a file that is to go because nothing did."""
    world = _World.of(_read(plan, run), plan, run)
    states: dict[int, Moved | Reached | None] = {}
    numbered = dict(enumerate(plan.changes))
    # What others refer to comes first: its id is needed to see whether they are as planned already.
    for number in order(needs(numbered)):
        change = numbered[number]
        state = states[number] = world.standing(change, run)
        if isinstance(state, Reached) and state.remote_id:
            run.ids[change.address] = state.remote_id
    found = [(change, states[number]) for number, change in numbered.items()]
    return Checked(
        todo=tuple(change for change, state in found if state is None),
        done=tuple((change, state.remote_id) for change, state in found if isinstance(state, Reached)),
        moved=tuple(f"{change.address}: {state.what}" for change, state in found if isinstance(state, Moved)),
    )


@dataclass(frozen=True, slots=True)
class _World:
    """What was read: live objects by id, who holds which address, our files by what is in them, and what others use."""

    by_id: Mapping[str | None, Resource]
    marked: ownership.World
    files: Mapping[Key, tuple[Resource, ...]]
    used: Mapping[tuple[str, str], Resource]

    @classmethod
    def of(cls, live: Sequence[Resource], plan: Plan, run: Run) -> _World:
        marked, stored = split(live, run.kinds)
        world = ownership.decide(marked, plan.project, plan.environment, known=run.kinds)
        files = by_key(stored, scope_of(plan.project, plan.environment))
        used = used_elsewhere(marked, plan.changes, run.kinds)
        return cls({resource.remote_id: resource for resource in live}, world, files, used)

    def standing(self, change: Change, run: Run) -> Moved | Reached | None:
        if change.held:
            return None
        kind = run.kinds[change.address.kind]
        if kind.by_content and change.action is Action.CREATE:
            spec = {item.name: item.after for item in change.fields}
            same = self.files.get(key_of(Resource(kind.name, spec)))
            if same is not None:
                return Reached(same[0].remote_id)
            why = run.changed(change)
            return Moved(why) if why else None
        gone = self._gone(change, run)
        if gone:
            return Moved(gone)
        change = grounded(change, {**change.resolved, **run.ids}, kind)
        holder = self.marked.owned.get(change.address)
        state = standing(change, self.by_id.get(change.remote_id), holder, run.scope(kind.name))
        if state is None and (heirs := self.marked.heirs(change)):
            return Moved(f"{change.remote_id} was copied since: {', '.join(heirs)}")
        user = self.used.get((kind.name, change.remote_id or ""))
        if state is None and change.reason is Reason.UNUSED and user:
            return Moved(f"{user.remote_id} refers to it by now")
        return state

    def _gone(self, change: Change, run: Run) -> str | None:
        """In words, which of the objects that a step refers to by their ids is there no more."""
        after = {item.name: item.after for item in change.fields}
        for address in addresses_in(after, run.kinds[change.address.kind]):
            remote_id = change.resolved.get(address)
            if remote_id and remote_id not in self.by_id and run.service.get(address.kind, remote_id) is None:
                return f"{address} ({remote_id}), which it refers to, is gone"
        return None


def _read(plan: Plan, run: Run) -> list[Resource]:
    live = _read_listed(plan, run)
    if all(change.held or change.reason is not Reason.UNUSED for change in plan.changes):
        return live
    listed = {change.address.kind for change in plan.changes}
    for kind in (kind for kind in run.capabilities.kinds if kind not in listed):
        with suppress(ApiGone):  # What is not there refers to nothing.
            live += read_live(run.service, [kind])
    world = ownership.decide(split(live, run.kinds)[0], plan.project, plan.environment, known=run.kinds)
    return read_whole(run.service, live, of_others(world, run.capabilities.compound))


def _read_listed(plan: Plan, run: Run) -> list[Resource]:
    changes = [change for change in plan.changes if not change.held]
    if all(change.action is Action.UPDATE for change in changes):
        found = [run.service.get(change.address.kind, change.remote_id or "") for change in changes]
        if any(found) or not changes:
            return [resource for resource in found if resource is not None]
    # Also where nothing was found: only a list tells whether the objects are gone or the API itself is.
    kinds = sorted({change.address.kind for change in plan.changes}) or run.capabilities.kinds
    if all(change.action in _OF_OURS for change in plan.changes):
        return read_owned(run.service, kinds, (plan.project,), plan.environment)
    return read_live(run.service, kinds)


_OF_OURS = (Action.CREATE, Action.UPDATE)
"""A move or an adopt is of an object that is still another's; of what is deleted or let go somebody may have a copy."""
