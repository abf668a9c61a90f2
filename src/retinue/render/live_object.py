"""One live object and what its service keeps of its past, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ..core.model import FieldChange, Json, Kind
from .fields import Layout, changed_fields, created_fields
from .safe import clean, defuse
from .style import Style

_LAYOUT = Layout(120, 60)


@dataclass(frozen=True, slots=True)
class Step:
    """One version. `created_at` in seconds; `changes` against the version before, against nothing for the first."""

    number: int
    created_at: int
    current: bool
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """`steps`: newest first; None where the service keeps no versions. `where`: project, environment, provider."""

    address: str
    remote_id: str
    where: str
    fields: Mapping[str, Json]
    steps: tuple[Step, ...] | None = None


def shown_json(shown: Shown) -> dict[str, Json]:
    return {
        "address": shown.address,
        "remote_id": shown.remote_id,
        "fields": dict(shown.fields),
        "version": next((step.number for step in shown.steps or () if step.current), None),
        "versions": None
        if shown.steps is None
        else [
            {
                "version": step.number,
                "created_at": _date(step),
                "current": step.current,
                "changes": [{"path": item.path, "before": item.before, "after": item.after} for item in step.changes],
            }
            for step in shown.steps
        ],
    }


def shown_text(shown: Shown, kind: Kind, style: Style) -> str:
    """The object as it is, then each version with what it changed."""
    lines = [f"{style.strong(clean(shown.address))}  {clean(shown.remote_id)}  ({clean(shown.where)})"]
    stated = [FieldChange(f"/{name}", None, value) for name, value in shown.fields.items()]
    lines += created_fields(stated, kind, _LAYOUT, style)
    if shown.steps is None:
        lines += ["", "This service keeps no versions."]
    for step in shown.steps or ():
        lines += ["", f"  version {step.number}  {_date(step)}{style.strong('  current') if step.current else ''}"]
        first = bool(step.changes) and all(item.before is None for item in step.changes)
        fields = (created_fields if first else changed_fields)(step.changes, kind, _LAYOUT, style)
        lines += fields or ["      no field of a manifest changed"]
    return defuse("\n".join(lines)) + "\n"


def _date(step: Step) -> str:
    return datetime.fromtimestamp(step.created_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
