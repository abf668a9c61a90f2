"""Whether a saved plan asks only for what an apply can carry out, whoever wrote its digest. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .graph import CycleError, order
from .marker import Owner, parse_owner
from .model import Action, Address, Change, FieldChange, Kind, Plan

_MOVING = (Action.MOVE, Action.REPLACE)
"""The actions that may take an object from another address."""
_OF_A_FILE: Mapping[str, type] = {"/name": str, "/sha256": str, "/bytes": int}


def faults(plan: Plan, kinds: Mapping[str, Kind]) -> list[str]:
    """In words, all that is wrong with a plan; `kinds` as the environment's service knows them."""
    found = [f"{change.address}: {fault}" for change in plan.changes for fault in _of_change(change, plan, kinds)]
    return [*found, *_of_all(plan)]


def _of_change(change: Change, plan: Plan, kinds: Mapping[str, Kind]) -> Iterator[str]:
    kind = kinds.get(change.address.kind)
    if kind is None:
        yield f"there is no kind `{change.address.kind}`"
        return
    if kind.by_content:
        yield from _of_file(change)
    elif change.unused:
        yield "only a file is deleted because nothing refers to it"
    elif parse_owner(str(Owner(plan.project, plan.environment, change.address))) is None:
        yield "this is no address that an object can have"
    if change.action is Action.NO_OP:
        yield f"this retinue carries out no `{change.action}`"
    if change.action is not Action.CREATE and not change.remote_id:
        yield f"its `{change.action}` names no live object"
    if change.moved_from is not None and change.action not in _MOVING:
        yield f"its `{change.action}` is of an object that was {change.moved_from}"
    for item in change.fields:
        yield from _of_field(item, kind)


def _of_file(change: Change) -> Iterator[str]:
    """A file is sent, or deleted, and nothing else."""
    if change.action not in (Action.CREATE, Action.DELETE):
        yield f"this retinue carries out no `{change.action}` of a file"
    stated = {item.path: item.after for item in change.fields}
    if change.action is Action.CREATE and any(type(stated.get(path)) is not of for path, of in _OF_A_FILE.items()):
        yield "it does not say which bytes are to be sent"


def _of_field(item: FieldChange, kind: Kind) -> Iterator[str]:
    field = kind.fields.get(item.name)
    if field is None or not item.path.startswith("/"):
        yield f"there is no field `{item.path}`"
    elif isinstance(field.shape.default, dict | list) and not isinstance(item.after, type(field.shape.default) | None):
        yield f"`{item.path}` is no {'list' if field.shape.default == [] else 'mapping'}"


def _of_all(plan: Plan) -> Iterator[str]:
    wanted: dict[Address, set[Address]] = {}
    for change in plan.changes:
        if change.action.gives_up:
            continue
        if change.address in wanted:
            yield f"{change.address}: it stands there twice"
        wanted[change.address] = set(change.requires)
    try:
        order(wanted)
    except CycleError as error:
        yield f"{' → '.join(map(str, error.args[1]))}: these need each other"
