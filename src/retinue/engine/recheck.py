"""Holds a plan against the live world once more before it is carried out. Reads; writes nothing.

What a step's standing is, core/standing.py decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..core import ownership
from ..core.model import Action, Change, Plan, Resource
from ..core.standing import Moved, Reached, standing
from .read import read_live, read_owned
from .run import Run


@dataclass(frozen=True, slots=True)
class Checked:
    """What is left to do, what is done already (change, live id), and what moved, in words."""

    todo: tuple[Change, ...]
    done: tuple[tuple[Change, str | None], ...]
    moved: tuple[str, ...]


def recheck(plan: Plan, run: Run) -> Checked:
    """Reads just the listed objects, and the ownership list too if the plan gives or takes addresses."""
    live = _read(plan, run)
    world = ownership.decide(live, plan.project, plan.environment)
    by_id = {resource.remote_id: resource for resource in live}
    todo: list[Change] = []
    done: list[tuple[Change, str | None]] = []
    moved: list[str] = []
    for change in plan.changes:
        if change.held:
            todo.append(change)
            continue
        holder, scope = world.owned.get(change.address), run.scope(change.address.kind)
        state = standing(change, by_id.get(change.remote_id), holder, scope)
        if isinstance(state, Moved):
            moved.append(f"{change.address}: {state.what}")
        elif isinstance(state, Reached):
            done.append((change, state.remote_id))
        elif heirs := world.heirs(change):
            moved.append(f"{change.address}: {change.remote_id} was copied since: {', '.join(heirs)}")
        else:
            todo.append(change)
    return Checked(tuple(todo), tuple(done), tuple(moved))


def _read(plan: Plan, run: Run) -> list[Resource]:
    changes = [change for change in plan.changes if not change.held]
    if all(change.action is Action.UPDATE for change in changes):
        found = [run.service.get(change.address.kind, change.remote_id or "") for change in changes]
        if any(found) or not changes:
            return [resource for resource in found if resource is not None]
    # Also where nothing was found: only a list tells whether the objects are gone or the API itself is.
    if all(change.action in _OF_OURS for change in plan.changes):
        return read_owned(run.service, run.kinds, (plan.project,), plan.environment)
    return read_live(run.service, run.kinds)


_OF_OURS = (Action.CREATE, Action.UPDATE)
"""A move or an adopt is of an object that is still another's; of what is deleted or let go somebody may have a copy."""
