"""Carries planned steps out at an ideal service, which does what it is told. Holds no rule of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from retinue.core.content import scope_of
from retinue.core.freshness import Reached, freshness
from retinue.core.marker import Applied
from retinue.core.marks import fields_to_send, next_applied
from retinue.core.model import Action, Address, Change, Json, Kind, Live, Plan
from retinue.core.observation import Observation
from retinue.core.references import grounded
from retinue.core.waves import backwards, layers, needs, order, waves
from retinue.providers.assistants_v2 import KINDS as KINDS

from .worlds import HIDDEN, target

KINDS = KINDS


def verdict(change: Change, live: Live | None, holder: Live | None = None, **changed: Any) -> str:
    """What becomes of a step when it meets `live`: `go`, `done ID`, or in words why it is stale."""
    found = freshness(change, live, holder, target(**changed))
    if found is None:
        return "go"
    return f"done {found.remote_id}" if isinstance(found, Reached) else found.why


def holder(change: Change, live: Iterable[Live]) -> Live | None:
    """Who has the address of a step."""
    return Observation(target(), list(live)).world.owned.get(change.address)


def carried_out(change: Change, live: Live | None = None, ids: Mapping[Address, str] | None = None) -> Live:
    """The object that a step leaves, with the marker that it writes. `ids`: of what was made before it."""
    rules = target()
    kind = rules.kinds[change.address.kind]
    change = grounded(change, {**change.resolved, **(ids or {})}, kind)
    if change.action is Action.FORGET:
        assert live is not None
        return replace(live, marker_address=None, marker_applied=None)
    if kind.by_content:
        spec = fields_to_send(change, kind)
        held = {**spec, "sha256": spec["sha256"][:16]}
        ours = scope_of(rules.project, rules.environment)
        return Live(kind.name, held, remote_id=f"file_{held['sha256'][:4]}", created_at=9, marker_address=ours)
    if live is None or change.action.makes:
        name = change.address.name
        live = Live(kind.name, {}, remote_id=f"new_{name}", created_at=9)
        applied = Applied(f"{name.replace('-', ''):y<8.8}", change.protected, fields=change.asked)
        sent = fields_to_send(change, kind)
    else:
        applied = next_applied(change, live, kind, lambda: "adopted0")
        sent = fields_to_send(change, kind, live.spec)
    return replace(
        live,
        spec=answered({**live.spec, **sent}, kind),
        marker_address=str(rules.owner(change.address)),
        marker_applied=str(applied),
    )


def answered(spec: Mapping[str, Json], kind: Kind) -> dict[str, Json]:
    """What the service reports of an object: every readable field, defaults filled in."""
    readable = [name for name in kind.fields if kind.name != "Assistant" or name not in HIDDEN]
    filled = {name: kind.fields[name].shape.default for name in readable}
    return filled | {name: value for name, value in spec.items() if value is not None and name in filled}


def world_after(made: Plan, live: Iterable[Live]) -> list[Live]:
    """What is live once every step of a plan is carried out, wave after wave, each after what it needs."""
    objects: dict[str | None, Live] = {item.remote_id: item for item in live}
    ids: dict[Address, str] = {}
    parts = waves(dict(enumerate(made.changes)))
    for writes in layers(parts.writes):
        for number in order(needs(writes)):
            change = writes[number]
            found = carried_out(change, objects.get(change.remote_id), ids)
            objects[found.remote_id] = found
            ids[change.address] = found.remote_id
    for deletes in (parts.deletes, parts.unused):
        for number in order(backwards(needs(deletes))):
            del objects[deletes[number].remote_id]
    for change in parts.forgets.values():
        objects[change.remote_id] = carried_out(change, objects[change.remote_id])
    return list(objects.values())
