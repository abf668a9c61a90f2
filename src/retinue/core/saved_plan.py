"""Checks of a saved plan: that an apply can carry it out, and that its manifests still ask for its steps. Pure.

It says what was approved; what is carried out is always a step that was just planned from the manifests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError
from typing import NamedTuple

from .canonical import same
from .codec import published_fields
from .freshness import shortened
from .marker import Owner, parse_owner
from .model import MISSING, Action, Address, Change, FieldChange, Kind, Plan
from .waves import known_as, order


class Confirmed(NamedTuple):
    """The steps to carry out, as planned now, and a description of each difference from the manifests."""

    steps: tuple[Change, ...]
    otherwise: tuple[str, ...]


def confirmed(
    todo: Sequence[Change], done: Iterable[Change], fresh: Sequence[Change], kinds: Mapping[str, Kind]
) -> Confirmed:
    """`todo` and `done`: the steps of the saved plan; `fresh`: those planned again for the same addresses."""
    planned = {known_as(step): step for step in fresh}
    at: dict[Address, list[Change]] = defaultdict(list)
    for step in fresh:
        at[step.address].append(step)
    steps: list[Change] = []
    otherwise: list[str] = []
    for saved in todo:
        now = planned.get(known_as(saved))
        why = None if saved.held else _difference(saved, now, at[saved.address], kinds[saved.address.kind])
        steps.append(saved if saved.held or now is None else now)
        if why:
            otherwise.append(f"{saved.address}: {why}")
    for saved in done:
        if saved.action.gives_up:
            continue
        for now in at[saved.address]:
            if now.action.gives_up:
                why = None if saved.action.makes or now.remote_id != saved.remote_id else "its manifest is gone"
            else:
                # Another drift since is none of its business.
                why = _asked_otherwise(saved, now, kinds[saved.address.kind])
            if why:
                otherwise.append(f"{saved.address}: {why}")
    return Confirmed(tuple(steps), tuple(otherwise))


def _difference(saved: Change, now: Change | None, others: Sequence[Change], kind: Kind) -> str | None:
    if now is None:
        wanted = f", but for its `{others[0].action}`" if others else ""
        return f"the manifests no longer ask for its `{saved.action}`{wanted}"
    if now.held is not None:
        return now.held.message
    before = {item.path: item.after for item in published_fields(saved)}
    after = {item.path: item.after for item in published_fields(now)}
    # Where all of it was put in place outside meanwhile, it is only noted.
    if not now.mark.accepted or saved.mark.accepted:
        for path in sorted(before.keys() | after.keys()):
            there, here = before.get(path, MISSING), after.get(path, MISSING)
            if MISSING in (there, here) or not same(there, here):
                return f"{path} is {shortened(there)} in the plan and {shortened(here)} in its manifest"
    return _asked_otherwise(saved, now, kind)


def _asked_otherwise(saved: Change, now: Change, kind: Kind) -> str | None:
    """Fields that the manifest now asks differently, judged by the marker's text."""
    for field in kind.fields.values():
        if saved.asked.get(field.code) != now.asked.get(field.code):
            return f"its manifest now asks for another /{field.name}"
    for what, planned, wanted in (
        ("/retinue/protect", saved.protected, now.protected),
        ("/retinue/ignore_changes", sorted(saved.ignored), sorted(now.ignored)),
        ("/retinue/moved_from", *(step.moved_from and str(step.moved_from) for step in (saved, now))),
    ):
        if planned != wanted:
            return f"{what} is {shortened(planned)} in the plan and {shortened(wanted)} now"
    return None


_MOVING = (Action.MOVE, Action.REPLACE)
"""The actions that may take an object from another address."""
_OF_A_FILE: Mapping[str, type] = {"/name": str, "/sha256": str, "/bytes": int}


def faults(plan: Plan, kinds: Mapping[str, Kind]) -> list[str]:
    """In words, all that is wrong with a plan; `kinds` as the environment's service knows them."""
    found = [f"{change.address}: {fault}" for change in plan.changes for fault in _of_change(change, plan, kinds)]
    wanted: dict[Address, set[Address]] = {}
    for change in plan.changes:
        if change.action.gives_up:
            continue
        if change.address in wanted:
            found.append(f"{change.address}: it is listed twice")
        wanted[change.address] = set(change.requires)
    try:
        order(wanted)
    except CycleError as error:
        found.append(f"{' → '.join(map(str, error.args[1]))}: these need each other")
    return found


def _of_change(change: Change, plan: Plan, kinds: Mapping[str, Kind]) -> Iterator[str]:
    kind, action = kinds.get(change.address.kind), change.action
    if kind is None:
        yield f"there is no kind `{change.address.kind}`"
        return
    if kind.by_content:
        # A file is sent, or deleted, and nothing else.
        if action not in (Action.CREATE, Action.DELETE):
            yield f"this version of retinue cannot carry out `{action}` of a file"
        stated = {item.path: item.after for item in change.fields}
        if action is Action.CREATE and any(type(stated.get(path)) is not of for path, of in _OF_A_FILE.items()):
            yield "it does not say which bytes are to be sent"
    elif change.unused:
        yield "only a file is deleted because nothing refers to it"
    elif parse_owner(str(Owner(plan.project, plan.environment, change.address))) is None:
        yield "no object can have this address"
    if action is Action.NO_OP:
        yield f"this version of retinue cannot carry out `{action}`"
    if action is not Action.CREATE and not change.remote_id:
        yield f"its `{action}` names no live object"
    if change.moved_from is not None and action not in _MOVING:
        yield f"its `{action}` is of an object that was {change.moved_from}"
    for item in change.fields:
        yield from _of_field(item, kind)


def _of_field(item: FieldChange, kind: Kind) -> Iterator[str]:
    field = kind.fields.get(item.name)
    if field is None or not item.path.startswith("/"):
        yield f"there is no field `{item.path}`"
    elif isinstance(field.shape.default, dict | list) and not isinstance(item.after, type(field.shape.default) | None):
        yield f"`{item.path}` is not a {'list' if field.shape.default == [] else 'mapping'}"
