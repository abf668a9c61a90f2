"""What single steps write, and what they refuse: against the object as it is, not as the plan remembers it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from retinue.core import marker
from retinue.core.errors import ApiGone
from retinue.core.model import Desired, Live, Obstacle, Status
from retinue.engine.preflight import preflight
from retinue_emulator.faults import Behaviour, Fault

from ..core.worlds import at, desired, fleet
from .conftest import Bench

SPEC = {"model": "gpt-4o", "name": "bot", "metadata": {"team": "x", "note": "mine"}}
BOT = desired("bot", SPEC)


def applied(bench: Bench, *wanted: Desired) -> str:
    """The id of the first of these, live."""
    outcomes = bench.apply(bench.plan(wanted).changes)
    assert all(outcome.status is Status.DONE for outcome in outcomes)
    return outcomes[0].remote_id or ""


def edit(bench: Bench, remote_id: str, **fields: Any) -> None:
    bench.emulator.assistants.seed({**bench.live()[remote_id], **fields})


def pairs(bench: Bench, remote_id: str) -> dict[str, str]:
    held = bench.live()[remote_id]["metadata"].items()
    return {key: value for key, value in held if value and not key.startswith("retinue.")}


def entries(bench: Bench, remote_id: str) -> marker.Applied:
    found = marker.parse_applied(bench.live()[remote_id]["metadata"]["retinue.applied"])
    assert found is not None
    return found


# --- what is left to others

LEFT = ("/metadata/note",)


def test_an_ignored_part_that_was_edited_after_the_plan_is_not_written_back(bench: Bench) -> None:
    key = applied(bench, BOT)
    plan = bench.plan([desired("bot", {**SPEC, "metadata": {"team": "y"}}, ignore_changes=LEFT)])
    metadata = bench.live()[key]["metadata"]
    edit(bench, key, metadata={**metadata, "note": "edited since"})
    assert preflight(plan, bench.run()).moved == ()
    (outcome,) = bench.apply(plan.changes)
    assert outcome.status is Status.DONE
    assert pairs(bench, key) == {"team": "y", "note": "edited since"}
    assert len(preflight(plan, bench.run()).done) == 1


def test_an_ignored_part_that_the_service_alters_is_no_finding(bench: Bench) -> None:
    key = applied(bench, BOT)
    plan = bench.plan([desired("bot", {**SPEC, "metadata": {"team": "y"}}, ignore_changes=LEFT)])
    bench.emulator.behaviour = Behaviour(alterations={"metadata": lambda pairs: {**pairs, "note": "stamped"}})
    (outcome,) = bench.apply(plan.changes)
    assert (outcome.status, outcome.notes) == (Status.DONE, ())
    assert pairs(bench, key)["note"] == "stamped"


def test_a_stale_step_names_the_field_that_moved_and_not_one_that_is_left_to_others(bench: Bench) -> None:
    key = applied(bench, BOT)
    wanted = {**SPEC, "metadata": {"team": "y"}, "temperature": 0.5}
    plan = bench.plan([desired("bot", wanted, ignore_changes=LEFT)])
    metadata = bench.live()[key]["metadata"]
    edit(bench, key, metadata={**metadata, "note": "edited since"}, temperature=0.9)
    (moved,) = preflight(plan, bench.run()).moved
    assert "/temperature was 1 when the plan was made and is 0.9 now" in moved


# --- the marker


def test_a_field_that_cannot_be_read_keeps_what_another_apply_asked_of_it_meanwhile(bench: Bench) -> None:
    key = applied(bench, desired("bot", {**SPEC, "reasoning_effort": "low"}))
    late = desired("bot", {**SPEC, "reasoning_effort": "high"})
    plan = bench.plan([desired("bot", {**SPEC, "reasoning_effort": "low", "temperature": 0.5})])
    applied(bench, late)
    (outcome,) = bench.apply(plan.changes)
    assert outcome.status is Status.DONE
    assert bench.live()[key]["temperature"] == 0.5
    (change,) = bench.plan([late]).changes
    assert [item.path for item in change.fields] == ["/temperature"]


def test_what_is_adopted_gets_a_nonce_of_its_own(bench: Bench) -> None:
    key = applied(bench, BOT)
    half = {"team": "x", "retinue.applied": bench.live()[key]["metadata"]["retinue.applied"]}
    stray = "asst_" + "S" * 24
    bench.emulator.assistants.seed({**bench.live()[key], "id": stray, "metadata": half})
    applied(bench, desired("other", SPEC, adopt={"dev": stray}), BOT)
    assert entries(bench, stray).nonce != entries(bench, key).nonce


def test_an_update_keeps_nonce_and_verification(bench: Bench) -> None:
    key = applied(bench, BOT)
    before = replace(entries(bench, key), verified="a" * 12)
    edit(bench, key, metadata={**bench.live()[key]["metadata"], "retinue.applied": str(before)})
    applied(bench, desired("bot", {**SPEC, "temperature": 0.5}))
    after = entries(bench, key)
    assert (after.nonce, after.verified) == (before.nonce, before.verified)


def test_a_service_that_drops_the_marker_is_left_as_it_was_and_asked_for_nothing_more(bench: Bench) -> None:
    bench.emulator.behaviour = Behaviour(alterations={"metadata": lambda _pairs: {}})
    outcomes = bench.apply(bench.plan_of_nothing(fleet(5)).changes)
    assert [outcome.status for outcome in outcomes] == [Status.FAILED, *[Status.NOT_STARTED] * 4]
    assert "did not keep the marker" in (outcomes[0].error or "") and "taken back" in (outcomes[0].error or "")
    assert bench.live() == {}


def test_what_cannot_be_taken_back_is_named(bench: Bench) -> None:
    bench.emulator.behaviour = Behaviour(alterations={"metadata": lambda _pairs: {}})
    bench.emulator.faults.on("DELETE", Fault("status", 403), times=None)
    (outcome,) = bench.apply(bench.plan_of_nothing([BOT]).changes)
    (made,) = bench.live()
    assert f"{made} stays behind" in (outcome.error or "")


def test_a_create_whose_second_write_fails_carries_its_id(bench: Bench) -> None:
    bench.emulator.behaviour = Behaviour(alterations={"temperature": lambda value: round(value, 1)})
    plan = bench.plan([desired("bot", {**SPEC, "temperature": 0.33})])
    bench.emulator.faults.on("POST", Fault("status", 400), times=1, after=1)
    (outcome,) = bench.apply(plan.changes)
    assert (outcome.status, outcome.remote_id) == (Status.FAILED, next(iter(bench.live())))


# --- what is gone


def test_an_update_of_what_disappears_at_that_moment_is_stale(bench: Bench) -> None:
    applied(bench, BOT)
    plan = bench.plan([desired("bot", {**SPEC, "temperature": 0.5})])
    bench.emulator.faults.on("POST", Fault("status", 404))
    (outcome,) = bench.apply(plan.changes)
    assert (outcome.status, outcome.failure) == (Status.FAILED, "stale")


def test_a_saved_update_at_an_api_that_is_gone_says_so_instead_of_calling_the_plan_stale(bench: Bench) -> None:
    applied(bench, BOT)
    plan = bench.plan([desired("bot", {**SPEC, "temperature": 0.5})])
    bench.emulator.behaviour = Behaviour(gone=True)
    with pytest.raises(ApiGone):
        preflight(plan, bench.run())


def forgetting(bench: Bench) -> Any:
    from retinue.core.observation import Observation
    from retinue.core.plan import make_plan
    from retinue.engine.read import read_live

    target = replace(bench.target(), removed={at("bot"): True})
    return make_plan(Observation(target, read_live(bench.service(), ["Assistant"])), [desired("kept")])


def test_a_saved_forget_of_what_is_gone_is_done(bench: Bench) -> None:
    key = applied(bench, BOT, desired("kept"))
    plan = forgetting(bench)
    bench.remove(key)
    checked = preflight(plan, bench.run())
    assert (checked.moved, len(checked.done)) == ((), 1)


def test_a_forget_is_backed_up_and_refused_for_what_was_edited_since(bench: Bench) -> None:
    key = applied(bench, BOT, desired("kept"))
    plan = forgetting(bench)
    saved: list[Live] = []
    (outcome,) = bench.apply(plan.changes, bench.run(backup=saved.append))
    assert outcome.status is Status.DONE
    assert [live.remote_id for live in saved] == [key]
    assert not bench.live()[key]["metadata"].get("retinue.address")


def test_a_forget_of_what_was_edited_since_fails(bench: Bench) -> None:
    key = applied(bench, BOT, desired("kept"))
    plan = forgetting(bench)
    edit(bench, key, name="edited since")
    (outcome,) = bench.apply(plan.changes)
    assert (outcome.status, outcome.failure) == (Status.FAILED, "stale")
    assert bench.live()[key]["metadata"]["retinue.address"] == "demo/dev/Assistant/bot"


# --- order, held steps, creates that are not repeated


def test_deletes_go_against_the_order_of_references(bench: Bench) -> None:
    base, needs = desired("base"), desired("needs", requires=["base"])
    applied(bench, needs, base, desired("kept"))
    changes = bench.plan([desired("kept")]).changes
    linked = [replace(c, requires=(at("base"),)) if c.address == at("needs") else c for c in changes]
    gone: list[str] = []
    bench.apply(linked, bench.run(finished=lambda outcome: gone.append(outcome.address.name)))
    assert gone == ["needs", "base"]


def test_a_held_step_is_not_carried_out(bench: Bench) -> None:
    (change,) = bench.plan([BOT]).changes
    (outcome,) = bench.apply([replace(change, held=Obstacle("unpromoted", "not in dev yet"))])
    assert outcome.status is Status.HELD
    assert bench.live() == {}


@pytest.mark.parametrize("status", [500, 503])
def test_a_create_that_may_have_gone_through_is_looked_for_before_it_is_tried_again(bench: Bench, status: int) -> None:
    plan = bench.plan([BOT])
    bench.emulator.faults.on("POST", Fault("status", status, after_commit=True))
    bench.emulator.requests.clear()
    (outcome,) = bench.apply(plan.changes)
    assert outcome.status is Status.DONE
    assert len(bench.emulator.writes()) == 1
    assert list(bench.live()) == [outcome.remote_id]
