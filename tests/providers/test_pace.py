"""The pace against services that refuse for all kinds of reasons: how long a run takes, and how much is refused.

Everything in virtual time, so that the seconds are exact; `benchmarks/rate.py` prints the whole table and measures the
real thing. The plain client is one gate for all, additive increase and multiplicative decrease, and nothing else.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from retinue.providers.pace import Pace

from .worlds import AtOnce, Bucket, Chance, Outage, Plain, Rule, Sliding, Window, World, mean, sent


def bucket(rate: float, burst: float, hint: str, *, latency: float = 0.02, broken: float = 0.0) -> World:
    return World(lambda _seed: [Bucket(rate, burst)], hint, broken, latency)


def by_chance(share: float, hint: str, *, broken: float = 0.0) -> World:
    return World(lambda seed: [Chance(share, seed)], hint, broken)


# --- a bucket of our own


@pytest.mark.parametrize("latency", [0.002, 0.01, 0.02])
@pytest.mark.parametrize("hint", ["whole", "exact", "none", "date"])
def test_300_requests_at_50_a_second_with_a_burst_of_20(hint: str, latency: float) -> None:
    """1.25 times the ideal and 1.5 s in each run; refused at most what is under way and 10 %, in nine of ten runs."""
    results = [sent(300, bucket(50, 20, hint, latency=latency), seed=seed) for seed in range(10)]
    assert max(result.seconds for result in results) <= 1.25 * (300 - 20) / 50 + 1.5
    assert sorted(result.refused for result in results)[-2] <= 10 + 0.1 * 300
    assert not any(result.too_early for result in results)


@pytest.mark.parametrize(
    ("rate", "burst", "hint", "most"),
    [
        (200, 50, "exact", 1.5),
        (200, 50, "whole", 3.9),
        (200, 50, "none", 1.8),
        (10, 1, "whole", 70),
        (10, 1, "exact", 37),
        (10, 1, "none", 46),
        (5, 5, "whole", 75),
        (5, 5, "exact", 61),
        (5, 5, "none", 62),
        (1, 60, "whole", 243),
        (1, 60, "exact", 243),
        (1, 60, "none", 243),
        (50, 100, "whole", 5),
        (50, 20, "half", 6.5),
        (50, 20, "tenfold", 7),
        (50, 20, "past", 6.5),
        (50, 20, "zero", 6.5),
        (50, 20, "10", 60),
        (10, 1, "10", 500),
    ],
)
def test_other_buckets_and_other_hints(rate: float, burst: float, hint: str, most: float) -> None:
    """Never slower than the plain client by more than a tenth and a second; `most` is what a change must not lose."""
    world = bucket(rate, burst, hint)
    taken = mean(300, world, seeds=4)
    assert taken <= most
    assert taken <= 1.1 * mean(300, world, Plain, seeds=4) + 1


@pytest.mark.parametrize(("hint", "ideal"), [("whole", 1.5), ("exact", 1.05), ("none", 1.1)])
def test_a_long_run_keeps_to_the_rate(hint: str, ideal: float) -> None:
    result = sent(3000, bucket(50, 20, hint))
    assert result.refused <= 10 + 0.1 * 3000
    assert result.seconds <= ideal * (3000 - 20) / 50


# --- a quota that others use, too: refusals at random


@pytest.mark.parametrize("workers", [1, 10, 32])
@pytest.mark.parametrize("share", [0.02, 0.05, 0.1, 0.2, 0.3])
def test_refusals_at_random_cost_what_they_cost_the_plain_client(share: float, workers: int) -> None:
    for hint in ("1", "0.02", "10", "none"):
        for count, seeds in ((100, 16), (500, 8)):
            world = by_chance(share, hint)
            ours, plain = (mean(count, world, make, workers=workers, seeds=seeds) for make in (Pace, Plain))
            assert ours <= 1.25 * plain, (hint, count, ours, plain)


@pytest.mark.parametrize("hint", ["1", "0.02", "none"])
def test_the_time_grows_as_the_number_of_requests(hint: str) -> None:
    """Not with its square: ten times the requests take ten times as long."""
    world = by_chance(0.2, hint)
    assert mean(2000, world, seeds=2) <= 12.5 * mean(200, world, seeds=6)


@pytest.mark.parametrize(
    ("hint", "broken", "bound"),
    [("whole", 0.0, 17.0), ("exact", 0.0, 17.0), ("none", 0.0, 17.0), ("whole", 0.05, 20.0)],
)
def test_a_bucket_and_refusals_at_random(hint: str, broken: float, bound: float) -> None:
    """Within twice the bound of the bucket alone."""
    world = World(lambda seed: [Bucket(50, 20), Chance(0.02, seed)], hint, broken)
    assert mean(300, world, seeds=12) <= bound


@pytest.mark.parametrize("workers", [1, 10, 32])
def test_failures_among_the_refusals_change_nothing(workers: int) -> None:
    world = by_chance(0.1, "1", broken=0.1)
    assert mean(300, world, workers=workers) <= 1.25 * mean(300, world, Plain, workers=workers)


# --- other reasons to refuse

OTHERS: dict[str, tuple[Callable[[int], list[Rule]], str, float]] = {
    "50 in each second": (lambda _seed: [Window(50, 1)], "whole", 1.6),
    "50 in each second, exact": (lambda _seed: [Window(50, 1)], "exact", 1.25),
    "60 in each minute": (lambda _seed: [Window(60, 60)], "whole", 1.25),
    "60 in any minute": (lambda _seed: [Sliding(60, 60)], "exact", 1.25),
    "60 in any minute, refused ones count": (lambda _seed: [Sliding(60, 60, counts=True)], "exact", 1.4),
    "a bucket that counts refused ones": (lambda _seed: [Bucket(50, 20, counts=True)], "exact", 1.1),
    "4 at once": (lambda _seed: [AtOnce(4)], "whole", 1.1),
    "1 at once": (lambda _seed: [AtOnce(1)], "none", 1.1),
    "nothing for half a minute": (lambda _seed: [Outage(0.1, 30)], "none", 1.2),
    "nothing for half a minute, hints": (lambda _seed: [Outage(0.1, 30)], "1", 1.2),
    "others take most of it": (lambda _seed: [Bucket(50, 20, strangers=45)], "whole", 1.4),
    "others take a part": (lambda _seed: [Bucket(50, 20, strangers=20)], "exact", 1.4),
    "less for six seconds": (
        lambda _seed: [Bucket(50, 20, share=lambda now: 0.3 if 2 < now < 8 else 1.0)],
        "exact",
        1.3,
    ),
    "half of all": (lambda seed: [Chance(0.5, seed)], "1", 1.25),
    "seven of ten": (lambda seed: [Chance(0.7, seed)], "1", 1.5),
}


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_collapses_whatever_the_reason(name: str) -> None:
    """The bound is a factor to the plain client, whose bursts are just right where time is cut into windows."""
    rules, hint, factor = OTHERS[name]
    ours, plain = (mean(300, World(rules, hint), make, seeds=4) for make in (Pace, Plain))
    assert ours <= factor * plain


@pytest.mark.parametrize("begin", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("hint", ["0.02", "1", "none"])
def test_after_an_outage_the_service_is_asked_as_before_and_meanwhile_seldom(hint: str, begin: float) -> None:
    result = sent(500, World(lambda _seed: [Outage(begin, 30)], hint))
    assert result.refused <= 10 + 45
    assert result.seconds <= 30 + begin + 15


def test_a_service_without_a_limit_is_not_slowed_down() -> None:
    assert sent(1000, World(lambda _seed: []), seed=1).seconds < 1.3 * 1000 * 0.02 / 10


# --- one step at a time


def test_what_was_under_way_beside_a_refused_request_halves_nothing_again() -> None:
    pace = Pace(8, 0.0)
    tickets = [pace.sent(0.0) for _ in range(8)]
    assert pace.refused(0.1, 1.0, tickets[0]) == 1.0
    assert pace.refused(0.2, 1.0, tickets[1]) == 1.0
    assert (pace.limit, pace.not_before) == (4.0, 1.2)
    assert pace.refused(0.3, None, tickets[2]) == pytest.approx(0.9)
    assert pace.refused(0.3, 0.1, tickets[3]) == pytest.approx(0.9)


def test_one_refusal_makes_no_gap_and_many_together_do() -> None:
    pace = Pace(10, 0.0)
    tickets = [pace.sent(0.0) for _ in range(10)]
    for ticket in tickets[:3]:
        pace.succeeded(0.1, ticket)
    pace.refused(0.1, 1.0, tickets[3])
    assert pace.gap == 0
    for ticket in tickets[4:]:
        pace.refused(0.1, 1.0, ticket)
    assert 0.1 < pace.gap < 1.1 / 3


def test_without_a_hint_the_pauses_grow_until_something_gets_through() -> None:
    pace, now, pauses = Pace(4, 0.0), 0.0, []
    for _ in range(8):
        now += pace.wait(now)
        pauses.append(pace.refused(now, None, pace.sent(now)))
        pace.ended()
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0]


@pytest.mark.parametrize("hint", [0.0, 1e-9, 0.001])
def test_who_says_to_come_back_at_once_and_refuses_is_not_asked_again_and_again(hint: float) -> None:
    pace, now, times = Pace(1, 0.0), 0.0, []
    for _ in range(2000):
        now += pace.wait(now)
        times.append(now)
        pace.refused(now, hint, pace.sent(now))
        pace.ended()
    assert 10 <= times[20] <= 25


@pytest.mark.parametrize("seed", range(50))
def test_any_mix_of_answers_is_survived_and_no_request_goes_before_its_time(seed: int) -> None:
    chance, pace, under_way = random.Random(seed), Pace(10, 0.0), list[int]()
    now = not_before = 0.0
    for _ in range(1000):
        pause = pace.wait(now)
        if under_way and (pause > 1000 or chance.random() < 0.5):
            now += chance.choice([0.0, 0.0, 0.001, 0.1])
            ticket = under_way.pop(chance.randrange(len(under_way)))
            if chance.random() < 0.7:
                pace.succeeded(now, ticket)
            elif chance.random() < 0.9:
                hint = chance.choice([0.0, None, 0.01, 0.999, 1.0, 3.0])
                assert pace.refused(now, hint, ticket) >= (hint or 0.0) - 1e-9
                not_before = max(not_before, now + (hint or 0.0))
            pace.ended()
        else:
            assert pause < 25
            now += pause
            assert now >= not_before - 1e-9
            under_way.append(pace.sent(now))
