"""Another run creates the same address at the same time: one object stays; only what this run made is taken back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from retinue.core.model import Desired, Outcome, Status
from retinue.engine.write import carry_out
from retinue_emulator.faults import Behaviour, Fault

from ..core.worlds import desired
from .conftest import Bench

BOT = desired("bot")
LOW, HIGH = "asst_" + "0" * 24, "asst_" + "z" * 24


def rival(bench: Bench, remote_id: str, created: float, spec: dict[str, Any] | None = None) -> None:
    """What another run makes of the same manifest, or of another version of it."""
    wanted = desired("bot", spec) if spec else BOT
    (change,) = bench.plan_of_nothing([wanted]).changes
    carry_out(change, bench.run(nonce=lambda: "theirsxx"))
    (ours,) = (raw for raw in bench.live().values() if "theirsxx" in raw["metadata"]["retinue.applied"])
    bench.remove(ours["id"])
    bench.emulator.assistants.seed({**ours, "id": remote_id, "created_at": int(created)})


def created_beside(bench: Bench, meddle: Callable[[], None], wanted: Desired = BOT) -> Outcome:
    """The outcome of a create; `meddle` happens once the object is there, before anybody looks."""
    plan = bench.plan([wanted])
    (outcome,) = bench.apply(plan.changes, bench.run(finished=lambda _outcome: meddle()))
    return outcome


def codes(outcome: Outcome) -> list[str]:
    return [note.code for note in outcome.notes]


def test_alone_it_costs_one_list(bench: Bench) -> None:
    plan = bench.plan([BOT])
    bench.emulator.requests.clear()
    (outcome,) = bench.apply(plan.changes)
    assert (outcome.status, outcome.notes) == (Status.DONE, ())
    assert [request.method for request in bench.emulator.requests] == ["POST", "GET"]


def test_without_a_create_nobody_looks(bench: Bench) -> None:
    bench.apply(bench.plan([BOT]).changes)
    plan = bench.plan([desired("bot", {"model": "gpt-4o", "name": "other"})])
    bench.emulator.requests.clear()
    bench.apply(plan.changes)
    assert [request.method for request in bench.emulator.requests] == ["GET", "POST"]


def test_an_older_one_as_planned_stays_and_the_step_is_done(bench: Bench) -> None:
    outcome = created_beside(bench, lambda: rival(bench, LOW, bench.clock.time - 5))
    assert (outcome.status, outcome.remote_id, codes(outcome)) == (Status.DONE, LOW, ["race"])
    assert list(bench.live()) == [LOW]
    assert bench.plan([BOT]).changes == ()


def test_an_older_one_of_another_manifest_stays_and_the_step_is_stale(bench: Bench) -> None:
    other = {"model": "gpt-4o", "name": "bot", "temperature": 0.3}
    outcome = created_beside(bench, lambda: rival(bench, LOW, bench.clock.time - 5, other))
    assert (outcome.status, outcome.failure, outcome.remote_id) == (Status.FAILED, "stale", LOW)
    assert LOW in (outcome.error or "")
    assert list(bench.live()) == [LOW]


def test_a_younger_one_is_the_other_runs_to_take_back(bench: Bench) -> None:
    outcome = created_beside(bench, lambda: rival(bench, HIGH, bench.clock.time + 5))
    assert (outcome.status, codes(outcome)) == (Status.DONE, [])
    assert set(bench.live()) == {outcome.remote_id, HIGH}


def test_of_the_same_second_the_other_run_gets_time_to_give_way(bench: Bench) -> None:
    def meddle() -> None:
        rival(bench, HIGH, bench.clock.time)
        bench.clock.alarms.append((bench.clock.time + 0.7, lambda: bench.remove(HIGH)))

    outcome = created_beside(bench, meddle)
    assert (outcome.status, codes(outcome)) == (Status.DONE, [])
    assert list(bench.live()) == [outcome.remote_id]


def test_of_the_same_second_we_give_way_if_the_other_run_does_not(bench: Bench) -> None:
    outcome = created_beside(bench, lambda: rival(bench, HIGH, bench.clock.time))
    assert (outcome.status, outcome.remote_id, codes(outcome)) == (Status.DONE, HIGH, ["race"])
    assert list(bench.live()) == [HIGH]


def test_nobody_gives_way_to_an_object_that_is_gone_by_now(bench: Bench) -> None:
    def meddle() -> None:
        rival(bench, LOW, bench.clock.time - 5)
        bench.emulator.faults.on(f"GET /v1/assistants/{LOW}", Fault("status", 404))

    outcome = created_beside(bench, meddle)
    assert outcome.status is Status.DONE
    assert outcome.remote_id in bench.live()


def test_what_was_created_twice_by_this_run_itself_is_taken_back(bench: Bench) -> None:
    """The answer of the first request is lost, and the list shows its object only after a second one was made."""
    bench.emulator.behaviour = Behaviour(lag_seconds=60)
    bench.emulator.faults.on("POST", Fault("reset", after_commit=True))

    def meddle() -> None:
        assert len(bench.live()) == 2
        bench.clock.time += 60

    outcome = created_beside(bench, meddle)
    assert (outcome.status, codes(outcome)) == (Status.DONE, ["race"])
    assert list(bench.live()) == [outcome.remote_id]
    assert bench.plan([BOT]).changes == ()


@pytest.mark.parametrize(("lag", "told"), [(0.0, []), (1.5, []), (30.0, ["not-listed"])])
def test_it_lists_until_what_was_created_is_visible_or_the_lag_is_over(
    bench: Bench, lag: float, told: list[str]
) -> None:
    bench.emulator.behaviour = Behaviour(lag_seconds=lag)
    outcome = created_beside(bench, lambda: None)
    assert (outcome.status, codes(outcome)) == (Status.DONE, told)


def test_a_look_that_fails_leaves_the_create_done_and_says_so(bench: Bench) -> None:
    def meddle() -> None:
        bench.emulator.faults.on("GET", Fault("status", 500), times=None)

    outcome = created_beside(bench, meddle)
    assert (outcome.status, codes(outcome)) == (Status.DONE, ["race-unchecked"])


def test_a_failure_after_an_object_was_taken_back_is_never_reported_as_done(bench: Bench) -> None:
    def meddle() -> None:
        rival(bench, LOW, bench.clock.time - 5)
        bench.emulator.faults.on(f"GET /v1/assistants/{LOW}", Fault("status", 500), after=1, times=None)

    outcome = created_beside(bench, meddle)
    assert (outcome.status, codes(outcome)) == (Status.UNKNOWN, ["race-unchecked"])
    assert list(bench.live()) == [LOW]


def test_an_interrupted_run_does_not_look(bench: Bench) -> None:
    stop = threading.Event()
    plan = bench.plan([BOT])
    run = bench.run(finished=lambda _outcome: stop.set(), stop=stop)
    bench.emulator.requests.clear()
    (outcome,) = bench.apply(plan.changes, run)
    assert outcome.status is Status.DONE
    assert [request.method for request in bench.emulator.requests] == ["POST"]


def test_a_create_beside_what_a_newer_retinue_made_is_in_doubt(bench: Bench) -> None:
    def newer() -> None:
        rival(bench, HIGH, bench.clock.time + 5)
        raw = bench.live()[HIGH]
        bench.emulator.assistants.seed({**raw, "metadata": {**raw["metadata"], "retinue.applied": "2 k8sJ2mQx"}})

    outcome = created_beside(bench, newer)
    assert (outcome.status, outcome.failure) == (Status.UNKNOWN, "error")
    assert "newer retinue" in (outcome.error or "")
    assert bench.live()[HIGH]["metadata"]["retinue.applied"] == "2 k8sJ2mQx"
