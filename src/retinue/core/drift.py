"""The drift in a plan: changes made outside since the last apply, without those of the manifests alone. Pure."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from .codec import diagnostic_to_json, scope_to_json
from .model import Action, Address, Cause, Change, Diagnostic, FieldChange, Json, Plan, Severity
from .values import dataclass


class What(StrEnum):
    """Kinds of outside change. `missing` may also be a manifest that was never applied: no record tells which."""

    CHANGED = "changed"
    MISSING = "missing"
    DUPLICATE = "duplicate"
    COPY = "copy"
    MARKER_LOST = "marker-lost"
    MARKER_DAMAGED = "marker-damaged"


@dataclass(frozen=True, slots=True)
class Drifted:
    """One object. `fields` holds only what moved outside; their `before` is live, their `after` the manifest's."""

    what: What
    address: str
    remote_id: str | None = None
    fields: tuple[FieldChange, ...] = ()
    message: str | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Drift:
    """All of it. `pending`: addresses that the next apply changes although nothing moved outside.

    `accepted`: those of objects that are live as their manifests say, although something else was asked of them last.
    """

    plan: Plan
    items: tuple[Drifted, ...]
    pending: tuple[Address, ...]
    diagnostics: tuple[Diagnostic, ...]
    accepted: tuple[Address, ...] = ()

    @property
    def undrifted(self) -> int:
        """How many objects were looked at and are as they were last applied."""
        kept = (Action.UPDATE, Action.MOVE)
        moved = {item.address for item in self.items} | set(map(str, self.accepted))
        known = [item for item in self.plan.changes if item.action in kept and str(item.address) not in moved]
        return self.plan.unchanged + len(known)


_NOTED = {"copy": What.COPY, "marker-damaged": What.MARKER_DAMAGED, "marker-unreadable": What.MARKER_DAMAGED}


def drift_of(plan: Plan) -> Drift:
    """The part of the plan that comes from outside."""
    items: list[Drifted] = []
    pending: dict[Address, None] = {}
    for change in plan.changes:
        found = _of_change(change, plan.environment)
        if found is not None:
            items.append(found)
        elif not change.mark.accepted:
            pending[change.address] = None
    planned = (*plan.unchanged_addresses, *(change.address for change in plan.changes))
    within = None if plan.complete else set(map(str, planned))
    items += [
        Drifted(_NOTED[item.code], item.address or "", None, (), item.message, item.remedy)
        for item in plan.diagnostics
        if item.code in _NOTED and (within is None or item.address in within)
    ]
    notes = tuple(item for item in plan.diagnostics if item.code not in _NOTED and item.severity is not Severity.INFO)
    order = list(What)
    items.sort(key=lambda item: (item.address, order.index(item.what), str(item.remote_id)))
    accepted = tuple(change.address for change in plan.changes if change.mark.accepted)
    return Drift(plan, tuple(items), tuple(pending), notes, accepted)


def _of_change(change: Change, environment: str) -> Drifted | None:
    address = str(change.address)
    moved = tuple(item for item in change.fields if item.cause is not Cause.MANIFEST)
    if change.recognised:
        keep = f"retinue import --update -e {environment} --take-live {address}"
        remedy = f"To keep the live values: {keep}. The next apply writes the manifest's."
        remedy = remedy if moved else "The next apply writes it again."
        message = "its marker was removed outside; recognised by its name"
        return Drifted(What.MARKER_LOST, address, change.remote_id, moved, message, remedy)
    if moved:
        return Drifted(What.CHANGED, address, change.remote_id, moved)
    if change.action is Action.CREATE:
        message = "not live: deleted outside, or never applied; without a state file the two look alike"
        return Drifted(What.MISSING, address, message=change.blocked.message if change.blocked else message)
    if change.extra:
        message = "a second object with this address, made by an interrupted run"
        remedy = f"The next apply deletes it. To keep it: retinue forget -e {environment} --id {change.remote_id}"
        return Drifted(What.DUPLICATE, address, change.remote_id, (), message, remedy)
    return None


def drift_to_json(drift: Drift, version: str) -> dict[str, Json]:
    """The report as `drift --format json` publishes it; `version` is retinue's own."""
    counts = Counter(item.what for item in drift.items)
    return {
        **scope_to_json(drift.plan, version),
        "summary": {what.value: counts[what] for what in What} | {"undrifted": drift.undrifted},
        "drift": [
            {
                "address": item.address or None,
                "what": item.what.value,
                "remote_id": item.remote_id,
                "fields": [
                    {"path": field.path, "manifest": field.after, "live": field.before, "cause": field.cause.value}
                    for field in item.fields
                ],
                "message": item.message,
                "remedy": item.remedy,
            }
            for item in drift.items
        ],
        "pending": [str(address) for address in drift.pending],
        "accepted": [str(address) for address in drift.accepted],
        "diagnostics": [diagnostic_to_json(item) for item in drift.diagnostics],
        "outcome": "drift" if drift.items else "no-drift",
    }
