"""How steps share threads: never more than `parallelism`, each after what it needs, and all of them come to an end."""

from __future__ import annotations

import threading

import pytest

from retinue.core.marker import NONCE_ALPHABET
from retinue.core.model import Change, Desired, Outcome, Status
from retinue.engine.run import random_nonce

from ..core.worlds import desired
from .conftest import Bench


def many(count: int, chained: bool = False) -> list[Desired]:
    """Manifests; if chained each needs the one before."""
    names = [f"bot-{number:02}" for number in range(count)]
    needs = [[], *([name] for name in names)] if chained else [[]] * count
    return [desired(name, requires=needed) for name, needed in zip(names, needs, strict=False)]


@pytest.mark.parametrize("parallelism", [1, 3, 50])
@pytest.mark.parametrize("chained", [False, True])
def test_a_run_has_no_more_threads_than_steps_at_once(bench: Bench, parallelism: int, chained: bool) -> None:
    plan = bench.plan(many(12, chained))
    threads: set[threading.Thread] = set()
    run = bench.run(parallelism=parallelism, started=lambda _change: threads.add(threading.current_thread()))
    outcomes = bench.apply(plan.changes, run)
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * 12
    assert 1 <= len(threads) <= min(parallelism, 12)


def test_chained_steps_go_one_after_the_other_whatever_the_parallelism(bench: Bench) -> None:
    plan = bench.plan(many(8, chained=True))
    told: list[str] = []
    bench.apply(
        plan.changes,
        bench.run(
            parallelism=5,
            started=lambda change: told.append(f"start {change.address.name}"),
            finished=lambda outcome: told.append(f"end {outcome.address.name}"),
        ),
    )
    assert told == [f"{what} bot-{number:02}" for number in range(8) for what in ("start", "end")]


def test_an_error_of_our_own_ends_every_thread_and_is_raised(bench: Bench) -> None:
    plan = bench.plan(many(9))
    ended: list[Outcome] = []

    def started(change: Change) -> None:
        if change.address.name == "bot-03":
            raise ZeroDivisionError

    before = {*threading.enumerate()}
    with pytest.raises(ZeroDivisionError):
        bench.apply(plan.changes, bench.run(parallelism=3, started=started, finished=ended.append))
    for thread in {*threading.enumerate()} - before:
        thread.join(10)
        assert not thread.is_alive()
    assert len(ended) < 9


def test_steps_are_carried_out_where_the_machine_has_no_thread_left(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = bench.plan(many(5, chained=True))

    def none_left(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    outcomes = bench.apply(plan.changes, bench.run(parallelism=4))
    assert [outcome.status for outcome in outcomes] == [Status.DONE] * 5


def test_nonces_are_of_the_alphabet_and_differ() -> None:
    made = [random_nonce() for _ in range(500)]
    assert len(set(made)) == 500
    assert {len(nonce) for nonce in made} == {8}
    assert set("".join(made)) == set(NONCE_ALPHABET)
