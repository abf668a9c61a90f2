"""What of a plan is drift: fields that moved outside, objects too many or too few, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given

from retinue.core.canonical import canonical, same
from retinue.core.drift import Drift, What, drift_of, drift_to_json
from retinue.core.model import MISSING, Cause
from retinue.render.side_by_side import drift_text

from .worlds import KIND, KINDS, READABLE, as_answered, at, desired, foreign, managed, plan, specs

BOT = desired("bot")


def drift(wanted: Any, live: Any, **options: Any) -> Drift:
    return drift_of(plan(wanted, live, **options))


def whats(found: Drift) -> list[tuple[str, str, str | None]]:
    return [(item.address, item.what.value, item.remote_id) for item in found.items]


def test_what_stands_as_it_was_applied_is_no_drift() -> None:
    found = drift([BOT], [managed(BOT), foreign("x")])
    assert (found.items, found.pending, found.undrifted) == ((), (), 1)
    assert drift_to_json(found, "1")["outcome"] == "no-drift"


def test_what_only_the_manifest_changed_is_pending_and_no_drift() -> None:
    found = drift(
        [desired("bot", {"model": "new", "name": "bot"}), desired("b")],
        [managed(BOT), managed(desired("b"))],
    )
    assert (found.items, found.pending, found.undrifted) == ((), (at("bot"),), 2)


def test_what_the_manifest_took_is_neither_drift_nor_as_it_was_applied() -> None:
    now = desired("bot", {**BOT.spec, "temperature": 0.9})
    found = drift([now], [managed(BOT, spec=as_answered(now.spec))])
    assert (found.items, found.pending, found.accepted, found.undrifted) == ((), (), (at("bot"),), 0)
    assert drift_to_json(found, "1")["accepted"] == ["Assistant/bot"]
    text = drift_text(found)
    assert "1 object is live as its manifest says, although the last apply asked for something else" in text
    assert "as it was last applied" not in text


def test_only_the_fields_that_moved_outside_are_listed() -> None:
    live = managed(BOT, spec=as_answered(BOT.spec) | {"temperature": 0.9, "top_p": 0.5})
    found = drift([desired("bot", {"model": "new", "name": "bot", "top_p": 0.7})], [live])
    assert [(item.path, item.cause) for item in found.items[0].fields] == [
        ("/temperature", Cause.DRIFT),
        ("/top_p", Cause.BOTH),
    ]


def test_what_is_not_there_counts_whether_it_was_deleted_or_never_made() -> None:
    assert whats(drift([BOT], [])) == [("Assistant/bot", "missing", None)]


def test_objects_too_many_are_told_apart() -> None:
    live = [
        managed(BOT, nonce="a" * 8),
        managed(BOT, id="second", created=2, nonce="b" * 8),
        managed(BOT, id="copy", created=3, nonce="a" * 8),
    ]
    assert whats(drift([BOT], live)) == [
        ("Assistant/bot", "duplicate", "second"),
        ("Assistant/bot", "copy", None),
    ]


def test_a_lost_and_a_damaged_marker_are_drift() -> None:
    kinds = {**KINDS, "Assistant": replace(KIND, recognised_by=("/name",))}
    lost = drift([BOT], [foreign("x", name="bot")], target={"kinds": kinds})
    assert whats(lost) == [("Assistant/bot", "marker-lost", "x")]
    assert whats(drift([BOT], [managed(BOT, damaged=True)])) == [("Assistant/bot", "marker-damaged", None)]


def test_every_kind_of_drift_is_counted() -> None:
    assert drift_to_json(drift([BOT], []), "1")["summary"] == {
        **dict.fromkeys((what.value for what in What), 0),
        "missing": 1,
        "undrifted": 0,
    }


@given(specs, specs)
def test_drift_is_what_differs_from_the_last_apply(applied: dict[str, Any], edited: dict[str, Any]) -> None:
    """The manifest has not moved: every readable field that differs is drift, but what nobody ever asked for."""
    wanted = desired("bot", applied)
    found = drift([wanted], [managed(wanted, spec=as_answered(edited))])
    want, have = canonical(applied, KIND), canonical(as_answered(edited), KIND)
    differing = {f"/{name}" for name in READABLE if name in want and not same(want[name], have.get(name, MISSING))}
    assert {field.path for item in found.items for field in item.fields} == differing
    assert not found.pending
