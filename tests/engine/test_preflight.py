"""A saved plan is held against the world that it meets: what it would break by now makes it stale, before any write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from retinue.core.model import Desired, Plan, Status
from retinue.core.observation import Observation
from retinue.core.plan import make_plan
from retinue.engine.preflight import Checked, preflight
from retinue.engine.read import read_live
from retinue.providers.base import Marker
from retinue_emulator.faults import Behaviour

from ..core import worlds
from ..core.worlds import desired, managed
from .conftest import Bench

BOT, KEPT = desired("bot"), desired("kept")


def check(bench: Bench, plan: Plan) -> Checked:
    bench.emulator.requests.clear()
    checked = preflight(plan, bench.run())
    assert bench.emulator.writes() == []
    return checked


def made(bench: Bench, wanted: Desired, nonce: str = "n0000001", *, marked: bool = True) -> str:
    """A live object as an apply of `wanted` leaves it, or as somebody else would make it."""
    live = managed(wanted, nonce=nonce)
    marker = Marker(live.marker_address or "", live.marker_applied or "")
    found = bench.service().create("Assistant", wanted.spec, marker)
    if not marked:
        bench.service().update(found, {}, None)
    bench.clock.time += 1
    return found.remote_id or ""


def test_a_delete_of_what_was_protected_meanwhile_is_stale(bench: Bench) -> None:
    bench.apply(bench.plan([BOT, KEPT]).changes)
    plan = bench.plan([KEPT])
    bench.apply(bench.plan([desired("bot", protect=True), KEPT]).changes)
    assert "is now protected" in check(bench, plan).moved[0]


def test_a_delete_of_what_is_protected_by_the_time_of_its_turn_fails(bench: Bench) -> None:
    bench.apply(bench.plan([BOT, KEPT]).changes)
    plan = bench.plan([KEPT])
    bench.apply(bench.plan([desired("bot", protect=True), KEPT]).changes)
    (outcome,) = bench.apply(plan.changes)
    assert (outcome.status, outcome.failure) == (Status.FAILED, "stale")
    assert len(bench.live()) == 2


def adopting(bench: Bench) -> Plan:
    return bench.plan([desired("bot", {"model": "gpt-4o"}, adopt={"dev": made(bench, BOT, marked=False)})])


def moving(bench: Bench) -> Plan:
    made(bench, desired("robot", BOT.spec))
    return bench.plan([desired("bot", moved_from="robot")])


@pytest.mark.parametrize("planned", [adopting, moving])
def test_an_address_that_was_given_away_meanwhile_makes_adopt_and_move_stale(
    bench: Bench, planned: Callable[[Bench], Plan]
) -> None:
    plan = planned(bench)
    assert check(bench, plan).moved == ()
    holder = made(bench, BOT, "n0000002")
    assert check(bench, plan).moved == (f"Assistant/bot: {holder} now has this address",)


def test_a_delete_of_what_no_longer_holds_its_address_is_stale(bench: Bench) -> None:
    older = made(bench, BOT, marked=False)
    bench.apply(bench.plan_of_nothing([BOT, KEPT]).changes)
    plan = bench.plan([KEPT])
    bench.emulator.assistants.seed({**bench.live()[older], "metadata": {"retinue.address": "demo/dev/Assistant/bot"}})
    assert check(bench, plan).moved == (f"Assistant/bot: {older} now has this address",)


def test_a_duplicate_that_is_the_only_one_by_now_is_not_deleted(bench: Bench) -> None:
    first, second = made(bench, BOT), made(bench, BOT, "n0000002")
    plan = bench.plan([BOT])
    assert [change.remote_id for change in plan.changes] == [second]
    assert check(bench, plan).moved == ()
    bench.remove(first)
    assert check(bench, plan).moved == (f"Assistant/bot: {second} is no longer a duplicate",)


def test_a_copy_stays_a_copy_when_its_original_moves(bench: Bench) -> None:
    first = made(bench, desired("robot", BOT.spec))
    copy = {**bench.live()[first], "id": "asst_copy", "created_at": int(bench.clock.time)}
    bench.emulator.assistants.seed(copy)
    wanted = [desired("bot", moved_from="robot")]
    plan = make_plan(Observation(worlds.target(), read_live(bench.service(), ["Assistant"])), wanted)
    assert [outcome.status for outcome in bench.apply(plan.changes)] == [Status.DONE]
    assert bench.plan(wanted).changes == ()
    assert bench.live()["asst_copy"] == copy


def test_a_copy_stays_where_the_damaged_marker_of_its_original_is_written_anew(bench: Bench) -> None:
    first = made(bench, BOT)
    raw = bench.live()[first]
    copy = {**raw, "id": "asst_copy", "created_at": int(bench.clock.time)}
    bench.emulator.assistants.seed(copy)
    bench.emulator.assistants.seed({**raw, "metadata": {**raw["metadata"], "retinue.applied": "damaged"}})
    wanted = [desired("bot", {"model": "gpt-4o", "name": "renamed"})]
    bench.apply(bench.plan(wanted).changes)
    assert bench.live()[first]["metadata"]["retinue.applied"].startswith("1 repaired ")
    assert bench.plan(wanted).changes == ()
    assert bench.live()["asst_copy"] == copy


def test_a_create_is_done_whatever_the_service_made_of_a_field_that_is_ignored(bench: Bench) -> None:
    bench.emulator.behaviour = Behaviour(alterations={"name": "upper"})
    plan = bench.plan([desired("bot", ignore_changes=("/name",))])
    assert [outcome.status for outcome in bench.apply(plan.changes)] == [Status.DONE]
    checked = check(bench, plan)
    assert (checked.moved, checked.todo, len(checked.done)) == ((), (), 1)
