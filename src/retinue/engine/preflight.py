"""Holds a plan against the live world once more before it is carried out. Reads; writes nothing.

core/freshness.py decides whether a step may go.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from ..core.content import key_of
from ..core.errors import ApiGone
from ..core.freshness import Reached, Stale, displaced, freshness
from ..core.links import used_elsewhere
from ..core.model import Action, Address, Change, ObjectKey, Plan, Resource
from ..core.observation import Observation, of_others
from ..core.references import addresses_in, grounded
from ..core.values import dataclass, replace
from ..core.waves import needs, order
from .read import read_live, read_ours, read_whole
from .run import Run
from .threads import all_of


@dataclass(frozen=True, slots=True)
class Checked:
    """The steps left to do, those done already (change, live id), and why the rest is stale."""

    todo: tuple[Change, ...]
    done: tuple[tuple[Change, str | None], ...]
    moved: tuple[str, ...]


def preflight(plan: Plan, run: Run, seen: Observation | None = None) -> Checked:
    """`seen`: what was just read, for instance to plan again. Without it, what a plan needs that is believed."""
    seen = _with_unlisted(seen or read_for_trusted(plan, run), plan, run)
    by_id, planned = {item.remote_id: item for item in seen.live}, {change.address for change in plan.changes}
    used, gone = used_elsewhere(seen.marked, plan.changes, run.kinds), _gone(plan, seen, run)

    def state_of(change: Change) -> Stale | Reached | None:
        kind = run.kinds[change.address.kind]
        if kind.by_content and change.action is Action.CREATE:
            spec = change.values
            if same := seen.files.get(key_of(Resource(kind.name, spec))):
                return Reached(same[0].remote_id)
            why = run.changed(change)
            return Stale(why) if why else None
        for address in _referred(change, run):
            remote_id = change.resolved.get(address)
            if remote_id is None and address not in planned:
                return Stale(f"{address}, which it refers to, is neither there nor in the plan")
            if (address.kind, remote_id) in gone:
                return Stale(f"{address} ({remote_id}), which it refers to, is gone")
        change = grounded(change, run.known(change), kind)
        live = by_id.get(change.remote_id or "")
        state = freshness(change, live, seen.world.owned.get(change.address), run.target)
        if not isinstance(state, Stale) and (other := displaced(change, seen.world)):
            return Stale(other)
        if state is None and (copies := seen.world.indistinguishable_copies(change)):
            return Stale(f"{change.remote_id} was copied since: {', '.join(copies)}")
        if state is None and kind.by_content and (user := used.get(change.object_key)):
            return Stale(f"{user.remote_id} refers to it now")
        return state

    states: dict[int, Stale | Reached | None] = {}
    numbered = dict(enumerate(plan.changes))
    # Objects that others refer to come first: their ids are needed to see whether the others are as planned already.
    for number in order(needs(numbered)):
        change = numbered[number]
        state = states[number] = None if change.held else state_of(change)
        if isinstance(state, Reached) and state.remote_id and not change.action.gives_up:
            run.ids[change.address] = state.remote_id
    ended = [(change, states[number]) for number, change in numbered.items()]
    return Checked(
        todo=tuple(change for change, state in ended if state is None),
        done=tuple((change, state.remote_id) for change, state in ended if isinstance(state, Reached)),
        moved=tuple(f"{change.address}: {state.why}" for change, state in ended if isinstance(state, Stale)),
    )


def _with_unlisted(seen: Observation, plan: Plan, run: Run) -> Observation:
    """With the objects of the plan that no list named: those of kinds that nothing wants any more."""
    unlisted = {change.object_key for change in _free(plan) if change.remote_id} - seen.by_key.keys()
    got = all_of([partial(run.service.get, *key) for key in sorted(unlisted)], run.parallelism)
    found = [item for item in got if item is not None]
    return replace(seen, live=(*seen.live, *found)) if found else seen


def _referred(change: Change, run: Run) -> tuple[Address, ...]:
    return addresses_in(change.values, run.kinds[change.address.kind])


def _gone(plan: Plan, seen: Observation, run: Run) -> set[ObjectKey]:
    """Most objects that the steps refer to are listed; each of the rest is looked up once."""
    referred = ((address, change) for change in _free(plan) for address in _referred(change, run))
    ids = {(address.kind, key) for address, change in referred if (key := change.resolved.get(address))}
    wanted = sorted(ids - seen.by_key.keys())
    found = all_of([partial(run.service.get, *key) for key in wanted], run.parallelism)
    return {key for key, item in zip(wanted, found, strict=True) if item is None}


def read_for_trusted(plan: Plan, run: Run) -> Observation:
    """The lists that the checks of a saved plan need: lists, because only a list tells a copy from its
    original; where something is to go, also of all that may refer to it or counts beside it."""
    kinds = sorted({change.address.kind for change in plan.changes}) or run.capabilities.kinds
    # A move or an adopt is of an object that is still another's; of what is deleted or let go someone may have a copy;
    # and only beside all that is there can be told what appeared with a create.
    updates = all(change.action is Action.UPDATE for change in plan.changes)
    live = read_ours(run.service, run.target, kinds) if updates else read_live(run.service, kinds)
    going = [run.kinds[change.address.kind] for change in _free(plan) if change.action.destroys]
    if not going:
        return Observation(run.target, live)
    listed = {change.address.kind for change in plan.changes}
    for kind in run.capabilities.kinds:
        if kind not in listed and not run.kinds[kind].by_content:
            with suppress(ApiGone):  # A missing API has no references and nothing of ours.
                live += read_live(run.service, [kind])
    seen = Observation(run.target, live)
    parts = of_others(seen) if any(kind.by_content for kind in going) else ()
    return replace(seen, live=read_whole(run.service, live, parts)) if parts else seen


def _free(plan: Plan) -> list[Change]:
    return [change for change in plan.changes if not change.held]
