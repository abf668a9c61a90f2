"""A create whose answer does not tell what happened: looked for, never blindly repeated, never called failed."""

from __future__ import annotations

import pytest

from retinue.core.model import Status
from retinue_emulator.faults import Fault

from ..core.worlds import desired
from .conftest import Bench

BOT = desired("bot")
HELD_BACK = [Fault("status", status, retry_after="2", after_commit=True) for status in (429, 503)]


@pytest.mark.parametrize("fault", HELD_BACK, ids=["429", "503"])
def test_a_create_that_went_through_although_the_answer_says_wait_leaves_one_object(bench: Bench, fault: Fault) -> None:
    """Each request has a nonce of its own, or the second object would pass for a copy that somebody made."""
    plan = bench.plan([BOT])
    bench.emulator.faults.on("POST", fault)
    (outcome,) = bench.apply(plan.changes)
    assert outcome.status is Status.DONE
    assert list(bench.live()) == [outcome.remote_id]
    assert bench.plan([BOT]).changes == ()


@pytest.mark.parametrize(("fault", "failure"), [(Fault("reset"), "unreachable"), (Fault("status", 401), "auth")])
def test_a_create_that_cannot_be_looked_for_is_unknown(bench: Bench, fault: Fault, failure: str) -> None:
    plan = bench.plan([BOT])
    bench.emulator.faults.on("POST", Fault("reset", after_commit=True))
    bench.emulator.faults.on("GET", fault, times=None)
    (outcome,) = bench.apply(plan.changes)
    assert (outcome.status, outcome.failure) == (Status.UNKNOWN, failure)
    assert "may or may not have been created" in (outcome.error or "")
    assert len(bench.live()) == 1
