"""How an environment stands: by its plan, or by what kept it from being read."""

from __future__ import annotations

import pytest

from retinue.core.errors import ApiGone, AuthError, InvalidManifests, ServiceError, Unreachable, UsageError
from retinue.core.fleet import Freeze, State, Status, fleet_to_json, status_of, why_unread
from retinue.core.model import Action, Cause, Change, Diagnostic, FieldChange, Obstacle, Plan

from .worlds import at


def plan(*changes: Change) -> Plan:
    return Plan("demo", "dev", "acme", "https://h/v1", changes=changes)


def test_a_plan_without_changes_is_in_sync_and_has_no_digest() -> None:
    found = status_of(plan())
    assert (found.state, found.changes, found.digest) == (State.IN_SYNC, 0, None)


def test_what_is_to_be_created_is_pending_and_a_note_takes_the_digest_away() -> None:
    create = plan(Change(at("bot"), Action.CREATE, "manifest"))
    assert (status_of(create).state, status_of(create).changes) == (State.PENDING, 1)
    assert (status_of(create).digest or "").startswith("sha256:")
    assert status_of(create, notes=[Diagnostic("unproven", "no proof")]).digest is None


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (AuthError("x"), "auth"),
        (ApiGone("x"), "gone"),
        (Unreachable("x"), "unreachable"),
        (InvalidManifests([]), "invalid"),
        (UsageError("x"), "invalid"),
        (ServiceError("x"), "error"),
        (KeyError("x"), "bug"),
    ],
)
def test_why_an_environment_was_not_read(error: Exception, why: str) -> None:
    assert why_unread(error) == why


def test_the_report_counts_states_and_shows_a_freeze() -> None:
    freeze = Freeze("2026-12-24", "holidays", 100.0)
    assert freeze.holds(99) and not freeze.holds(100)
    rows = [Status("dev", "acme", "e", State.IN_SYNC), Status("prod", "acme", "e", State.HELD, freeze=freeze)]
    found = fleet_to_json("demo", rows, "1")
    assert found["summary"] == {"unreachable": 0, "drifted": 0, "pending": 0, "held": 1, "in-sync": 1}
    assert found["environments"][1]["freeze"] == {"until": "2026-12-24", "reason": "holidays"}
    assert (found["outcome"], fleet_to_json("demo", rows[:1], "1")["outcome"]) == ("attention", "in-sync")


def test_a_change_from_outside_is_drift_and_what_promotion_holds_is_held() -> None:
    moved = FieldChange("/model", "a", "b", Cause.DRIFT)
    drifted = status_of(plan(Change(at("bot"), Action.UPDATE, "drift", "asst_1", fields=(moved,))))
    assert (drifted.state, drifted.drifted) == (State.DRIFTED, 1)
    wait = Obstacle("unpromoted", "not proven", ())
    held = status_of(plan(Change(at("bot"), Action.CREATE, "manifest", held=wait)))
    assert (held.state, held.held, held.changes) == (State.HELD, 1, 0)
