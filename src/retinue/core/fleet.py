"""How an environment stands, from its plan or from what kept it from being read, and when writing may go on. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from .codec import FORMAT_VERSION, diagnostic_to_json, outcome, plan_digest, plan_to_json
from .drift import What, drift_of
from .errors import ApiGone, AuthError, InvalidManifests, RetinueError, Unreachable, UsageError
from .model import Diagnostic, Json, Plan
from .values import dataclass


@dataclass(frozen=True, slots=True)
class Freeze:
    """Stops every write of an environment until a `moment`, in seconds since 1970; `until` is how that is written."""

    until: str
    because: str
    moment: float

    def holds(self, now: float) -> bool:
        return now < self.moment


class State(StrEnum):
    """The first that holds, from the worst."""

    UNREACHABLE = "unreachable"
    DRIFTED = "drifted"
    PENDING = "pending"
    HELD = "held"
    IN_SYNC = "in-sync"


@dataclass(frozen=True, slots=True)
class Status:
    """One environment. `why`: the class of what kept it from being read, which `problems` tell; None where it was read.

    `changes`: what an apply would do, of which `drifted` come from outside and `blocked` need a decision; `held`: what
    promotion holds back besides. `freeze`: the one that holds now.
    """

    environment: str
    provider: str
    endpoint: str
    state: State
    changes: int = 0
    drifted: int = 0
    blocked: int = 0
    held: int = 0
    unchanged: int = 0
    digest: str | None = None
    freeze: Freeze | None = None
    why: str | None = None
    problems: tuple[Diagnostic, ...] = ()


def status_of(plan: Plan, freeze: Freeze | None = None, notes: Sequence[Diagnostic] = ()) -> Status:
    """Of an environment that was read. What is only missing counts as pending: most often it was never applied."""
    held = sum(change.held is not None for change in plan.changes)
    drifted = sum(item.what is not What.MISSING for item in drift_of(plan).items)
    changes = len(plan.changes) - held
    state = State.DRIFTED if drifted else State.PENDING if changes else State.HELD if held else State.IN_SYNC
    return Status(
        environment=plan.environment,
        provider=plan.provider,
        endpoint=plan.endpoint,
        state=state,
        changes=changes,
        drifted=drifted,
        blocked=sum(change.blocked is not None for change in plan.changes),
        held=held,
        unchanged=plan.unchanged,
        digest=None if notes or outcome(plan) == "no-changes" else plan_digest(plan_to_json(plan, "")),
        freeze=freeze,
        problems=tuple(notes),
    )


def why_unread(error: Exception) -> str:
    """The class of what kept an environment from being read."""
    classes: dict[str, tuple[type[Exception], ...]] = {
        "auth": (AuthError,),
        "gone": (ApiGone,),
        "unreachable": (Unreachable,),
        "invalid": (InvalidManifests, UsageError),
        "error": (RetinueError,),
    }
    return next((why for why, kinds in classes.items() if isinstance(error, kinds)), "bug")


def fleet_to_json(project: str, rows: Sequence[Status], version: str) -> dict[str, Json]:
    """The report as `status --format json` publishes it; `version` is retinue's own."""
    counts = Counter(row.state for row in rows)
    return {
        "format_version": FORMAT_VERSION,
        "retinue_version": version,
        "project": project,
        "summary": {state.value: counts[state] for state in State},
        "environments": [
            {
                "environment": row.environment,
                "provider": row.provider,
                "endpoint": row.endpoint,
                "state": row.state.value,
                "why": row.why,
                "changes": row.changes,
                "drifted": row.drifted,
                "blocked": row.blocked,
                "held": row.held,
                "unchanged": row.unchanged,
                "digest": row.digest,
                "freeze": row.freeze and {"until": row.freeze.until, "reason": row.freeze.because},
                "diagnostics": [diagnostic_to_json(item) for item in row.problems],
            }
            for row in rows
        ],
        "outcome": "in-sync" if counts[State.IN_SYNC] == len(rows) else "attention",
    }
