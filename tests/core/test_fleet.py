"""How an environment stands: by its plan, or by what kept it from being read."""

from __future__ import annotations

import pytest

from retinue.core.errors import ApiGone, AuthError, InvalidManifests, ServiceError, Unreachable, UsageError
from retinue.core.fleet import Freeze, State, Status, fleet_to_json, status_of, why_unread
from retinue.core.lint import KEY_LIKE, linted
from retinue.core.literals import key_like
from retinue.core.migrate import End, Migration, Row, Verdict, counts, migration_to_json
from retinue.core.model import Action, Change, Diagnostic, Plan, Severity

from .worlds import KIND, at


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


def test_a_project_chooses_the_severity_of_a_lint_and_of_nothing_else() -> None:
    lint, other = Diagnostic(KEY_LIKE, "a key"), Diagnostic("missing-key", "no model")
    assert [item.severity for item in linted([lint, other], {KEY_LIKE: "warn"})] == [Severity.WARNING, other.severity]
    assert [*linted([lint, other], {KEY_LIKE: "off", "missing-key": "off"})] == [other]
    assert [*linted([lint], {})] == [lint]


def test_keys_are_found_in_prompts_and_in_metadata() -> None:
    key = "sk-a1B2c3D4e5F6g7H8i9J0"
    spec = {"instructions": f"Use {key}.", "metadata": {"api_key": "a1B2c3D4e5", "note": "plain", "n": 1, "x": key}}
    found = dict(key_like(spec, KIND))
    assert found == {("instructions",): 4, ("metadata", "api_key"): 0, ("metadata", "x"): 0}


def test_a_move_is_ready_once_nothing_is_an_error_and_counts_its_rows() -> None:
    rows = (Row("/model", Verdict.KEPT), Row("/tools", Verdict.LOST, "no tools", accepted=False))
    wrong = Diagnostic("capability", "no tools", address=str(at("bot")), path="/tools")
    note = Diagnostic("model-name", "same name", severity=Severity.WARNING)
    move = Migration("demo", End("old", "acme"), End("new", "other"), {at("bot"): rows}, (wrong, note))
    assert (move.ready, move.untold) == (False, [note])
    assert (counts(move)[Verdict.KEPT], counts(move)[Verdict.LOST]) == (1, 1)
    found = migration_to_json(move, "1", 3)
    assert (found["outcome"], found["objects"][0]["fields"][1]["verdict"]) == ("not-ready", "lost")
