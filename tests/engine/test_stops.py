"""A run that is told to stop says of each step what is true of it: not started, done, or that nobody can tell."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from retinue.cli.exits import Exit, of_outcomes
from retinue.core.model import Desired, Outcome, Status
from retinue.engine.run import Run
from retinue_emulator.faults import Behaviour, Fault

from ..core.worlds import desired
from .conftest import Bench


def bot(temperature: float) -> Desired:
    return desired("bot", {"model": "gpt-4o", "name": "bot", "temperature": temperature})


BOT = bot(0.25)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def run(bench: Bench, stop: threading.Event) -> Run:
    return bench.run(service=bench.service(stop=stop), stop=stop)


def stopped_at(bench: Bench, stop: threading.Event, seconds: float = 0.0) -> Outcome:
    """How the create of the bot ends if the run is stopped once somebody has waited until then."""
    plan = bench.plan([BOT])
    bench.clock.alarms.append((bench.clock.time + seconds, stop.set))
    (outcome,) = bench.apply(plan.changes, run(bench, stop))
    return outcome


def test_a_step_whose_first_request_was_not_sent_is_not_started(bench: Bench, stop: threading.Event) -> None:
    plan = bench.plan([BOT])
    (outcome,) = bench.apply(plan.changes, replace(run(bench, stop), started=lambda _change: stop.set()))
    assert (outcome.status, bench.live()) == (Status.NOT_STARTED, {})
    assert outcome.error


def test_an_update_that_had_only_looked_is_not_started(bench: Bench, stop: threading.Event) -> None:
    bench.apply(bench.plan([BOT]).changes)
    plan = bench.plan([bot(0.75)])
    (outcome,) = bench.apply(plan.changes, replace(run(bench, stop), backup=lambda _live: stop.set()))
    assert outcome.status is Status.NOT_STARTED


MAYBE = [Fault("reset", after_commit=True), Fault("reset"), Fault("status", 429), Fault("status", 500)]


@pytest.mark.parametrize("fault", MAYBE, ids=["lost-answer", "lost-request", "held-back", "error"])
def test_a_create_that_may_have_happened_is_unknown(bench: Bench, stop: threading.Event, fault: Fault) -> None:
    bench.emulator.faults.on("POST", fault)
    bench.emulator.behaviour = replace(bench.emulator.behaviour, lag_seconds=100.0)
    assert stopped_at(bench, stop, 0.1).status is Status.UNKNOWN


@pytest.mark.parametrize("fault", MAYBE, ids=["lost-answer", "lost-request", "held-back", "error"])
def test_an_update_that_may_have_happened_is_unknown(bench: Bench, stop: threading.Event, fault: Fault) -> None:
    bench.apply(bench.plan([BOT]).changes)
    plan = bench.plan([bot(0.75)])
    bench.emulator.faults.on("POST", fault)
    bench.clock.alarms.append((bench.clock.time + 0.1, stop.set))
    (outcome,) = bench.apply(plan.changes, run(bench, stop))
    assert (outcome.status, outcome.remote_id) == (Status.UNKNOWN, plan.changes[0].remote_id)


def test_a_step_between_its_two_writes_is_not_done_and_names_the_object(bench: Bench, stop: threading.Event) -> None:
    """The second one notes what the service made of the first."""

    def rounded(value: float) -> float:
        stop.set()
        return round(value, 1)

    bench.emulator.behaviour = Behaviour(alterations={"temperature": rounded})
    plan = bench.plan([BOT])
    (outcome,) = bench.apply(plan.changes, run(bench, stop))
    (made,) = bench.live()
    assert (outcome.status, outcome.remote_id) == (Status.FAILED, made)
    assert made in (outcome.error or "")


@pytest.mark.parametrize("written", [0, 2])
def test_a_wait_of_a_day_ends_the_run_at_once(bench: Bench, written: int) -> None:
    bots = [desired(f"bot{number}") for number in range(6)]
    bench.emulator.faults.on("POST", Fault("status", 429, retry_after="86400"), times=None, after=written)
    started = bench.clock.time
    outcomes = bench.apply(bench.plan_of_nothing(bots).changes, bench.run(service=bench.service(budget=60.0)))
    assert bench.clock.time - started < 60
    statuses = [outcome.status for outcome in outcomes]
    assert statuses == [Status.DONE] * written + [Status.FAILED] + [Status.NOT_STARTED] * (5 - written)
    assert "--timeout" in (outcomes[-1].error or "")
    assert of_outcomes(outcomes) == (Exit.PARTIAL if written else Exit.UNREACHABLE)
