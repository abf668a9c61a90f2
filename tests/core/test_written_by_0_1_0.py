"""Plans and markers that retinue 0.1.0 wrote: read as they were meant, accepted, and written again byte by byte.

`written_by_0_1_0/` holds what that version made at its emulator, and `rare.json`, which its planner made of objects
that no emulator holds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retinue.core.codec import plan_digest, plan_from_json, plan_to_json
from retinue.core.content import parse_stored
from retinue.core.freshness import Reached, Stale, freshness
from retinue.core.marker import ADDRESS_KEY, APPLIED_KEY, Mark, Owner
from retinue.core.model import Action, Address, Change, Live, MarkChange, Plan
from retinue.core.ownership import decide
from retinue.core.references import grounded
from retinue.core.saved_plan import faults
from retinue.providers.assistants_v2 import KINDS

from .worlds import target

HERE = Path(__file__).parent / "written_by_0_1_0"
PLANS = ("create", "steps", "rare")


def saved(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return value


def assistants() -> list[Live]:
    """What was live when `steps.json` was made."""
    found = []
    for raw in saved("world")["assistants"]:
        texts = raw["metadata"]
        metadata = {key: value for key, value in texts.items() if key not in (ADDRESS_KEY, APPLIED_KEY)}
        found.append(
            Live(
                "Assistant",
                raw | {"metadata": metadata},
                remote_id=raw["id"],
                created_at=raw["created_at"],
                marker_address=texts.get(ADDRESS_KEY),
                marker_applied=texts.get(APPLIED_KEY),
            )
        )
    return found


def a_file() -> Live:
    (raw,) = saved("world")["files"]
    stored = parse_stored(raw["filename"])
    assert stored is not None
    spec = {"name": stored.plain, "sha256": stored.key.sha, "bytes": raw["bytes"]}
    return Live("File", spec, remote_id=raw["id"], marker_address=stored.scope)


def met(plan: Plan, change: Change) -> Reached | Stale | None:
    """How a step finds the world that was live."""
    live = [*assistants(), a_file()]
    world = decide(live[:-1], plan.project, plan.environment, KINDS)
    kind = KINDS[change.address.kind]
    change = grounded(change, {Address("File", "data/a.csv"): str(live[-1].remote_id), **change.resolved}, kind)
    here = target(project=plan.project, environment=plan.environment)
    found = next((item for item in live if item.remote_id == change.remote_id), None)
    return freshness(change, found, world.owned.get(change.address), here)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_accepted_with_its_digest_and_written_as_it_was(name: str) -> None:
    value = saved(name)
    plan = plan_from_json(value)
    assert plan_digest(value) == value["digest"]
    assert plan_to_json(plan, "0.1.0")["changes"] == value["changes"]
    assert faults(plan, KINDS) == []


def test_its_reasons_say_the_facts_that_decide_now() -> None:
    changes = [change for name in PLANS for change in plan_from_json(saved(name)).changes]
    told = {fact: {str(item.address) for item in changes if getattr(item, fact)} for fact in FACTS}
    assert told == FACTS
    moved = {str(change.address): change.moved_from for change in changes if change.moved_from}
    assert moved == {
        "Assistant/new": Owner("old-k3f9", "local", Address("Assistant", "old")),
        "Assistant/renamed": Owner("past", "dev", Address("Assistant", "renamed")),
    }
    marks = {str(change.address): change.mark for change in changes if change.mark != MarkChange()}
    assert marks == {
        "Assistant/lock": MarkChange(was_protected=False),
        "Assistant/taken": MarkChange(accepted=("top_p",)),
        "Assistant/both": MarkChange(was_protected=True),
    }
    assert not any(item.path.startswith("/retinue/") for change in changes for item in change.fields)


FACTS = {
    "orphan": {"Assistant/gone", "Assistant/guard"},
    "extra": {"Assistant/bot"},
    "unused": {"File/a.csv@a763c2b5"},
    "recognised": {"Assistant/lost", "Assistant/new"},
}


def test_every_step_may_still_go_in_the_world_that_it_was_made_for() -> None:
    plan = plan_from_json(saved("steps"))
    assert {change.action for change in plan.changes} == {
        Action.UPDATE, Action.MOVE, Action.ADOPT, Action.FORGET, Action.DELETE,
    }  # fmt: skip
    assert {str(change.address): met(plan, change) for change in plan.changes if met(plan, change) is not None} == {}


@pytest.mark.parametrize("reason", ["rotated", "orphan", "unused", "copy", "accepted", "marker lost"])
def test_a_reason_that_is_not_the_steps_own_keeps_a_delete_back_at_most(reason: str) -> None:
    value = saved("steps")
    value["changes"] = [change | {"reason": reason} for change in value["changes"]]
    plan = plan_from_json(value | {"digest": plan_digest(value)})
    (double,) = (change for change in plan.changes if met(plan, change) is not None)
    assert (double.action, str(double.address)) == (Action.DELETE, "Assistant/bot")


def test_what_was_created_and_left_alone_since_counts_as_done() -> None:
    plan = plan_from_json(saved("create"))
    done = {change.address.name for change in plan.changes if isinstance(met(plan, change), Reached)}
    assert done == {"acked", "bot", "free", "gone", "lock", "old", "reader", "safe"}


@pytest.mark.parametrize("live", assistants(), ids=lambda live: str(live.remote_id))
def test_a_marker_is_read_whole_and_written_as_it_was(live: Live) -> None:
    mark = live.mark
    if mark.owner_text is None:
        return
    assert mark.owner is not None and mark.applied is not None and not mark.newer
    assert Mark.of(mark.owner, mark.applied) == mark
    assert mark.applied.protected is (mark.owner.address.name == "safe")
    assert mark.applied.verified == ("qjiEzUnX4FSp" if mark.owner.address.name == "safe" else None)
