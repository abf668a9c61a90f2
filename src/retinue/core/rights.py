"""Decides if a step may write the object that it names: its owner must be what the action demands. Pure.

Believes nothing that a plan file says of an object; what is planned, and why, is not looked at here.
"""

from __future__ import annotations

from .content import leftover_address, scope_of
from .model import Action, Change, Live
from .ownership import World
from .target import Target


def refusal(change: Change, live: Live, target: Target) -> str | None:
    """In words, why the object is not one that this step may write; None if it is.

    An adopt takes an object without a marker; a move, and the replace of what was moved, the object with just the
    marker that it states; every other step our object of this address. Ours is what names this environment and this
    project, under its present or an earlier name.
    """
    if change.address.kind != live.kind:
        return f"{live.remote_id} is of another kind: {live.kind}"
    if target.kinds[live.kind].by_content:
        named = live.mark.owner_text == scope_of(target.project, target.environment)
        named = named and leftover_address(live) == change.address
        return None if named else f"{live.remote_id} is not this file of ours"
    owner = live.mark.owner
    if owner is None or owner.address.kind != live.kind:
        return None if change.action is Action.ADOPT else f"{live.remote_id} carries no marker of ours"
    ours = owner.environment == target.environment and owner.project in (target.project, *target.formerly)
    if change.action is Action.ADOPT or not ours:
        return f"{live.remote_id} belongs to {owner}"
    if change.moved_from is not None and change.action in (Action.MOVE, Action.REPLACE, Action.DELETE):
        return None if owner == change.moved_from else f"{live.remote_id} is {owner}, not {change.moved_from}"
    # What bears an earlier name of the project is moved, deleted or let go of, and never only updated.
    current = owner.project == target.project or change.action.gives_up
    if owner.address == change.address and current and change.action is not Action.MOVE:
        return None
    return f"{live.remote_id} is {owner}"


def displaced(change: Change, world: World) -> str | None:
    """In words, why the object is not the one of its marker: a copy made outside, or a double create.

    A copy is at most let go of, a double create besides that deleted; nothing else is ever done to them.
    """
    barred = {Action.FORGET: (), Action.DELETE: (world.copies,)}.get(change.action, (world.copies, world.duplicates))
    for claims in barred:
        if any(claim.remote_id == change.remote_id and claim.live.kind == change.address.kind for claim in claims):
            return f"{change.remote_id} is only a copy or a duplicate of an object of ours"
    return None
