"""The pace against servers that keep to a rate: few requests refused, none before its time, and little time lost.

Everything in virtual time, so that the seconds are exact; `benchmarks/rate.py` measures the real thing.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from retinue.providers.pace import Pace

HINTS: dict[str, Callable[[float], float | None]] = {
    "whole seconds": lambda wait: max(1.0, math.ceil(wait)),
    "exact": lambda wait: wait,
    "none": lambda wait: None,
}


@dataclass
class Bucket:
    """A server that takes `rate` requests a second, and `burst` at once when it had a rest."""

    rate: float
    burst: float

    def __post_init__(self) -> None:
        self.tokens, self.at = self.burst, 0.0

    def wait(self, now: float) -> float:
        """0 for a request that is taken, else when to come back."""
        self.tokens, self.at = min(self.burst, self.tokens + (now - self.at) * self.rate), now
        if self.tokens < 1:
            return (1 - self.tokens) / self.rate
        self.tokens -= 1
        return 0.0


@dataclass
class Result:
    seconds: float = 0.0
    refused: int = 0
    too_early: int = 0


def sent(count: int, server: Bucket, hint: str, *, latency: float = 0.02, workers: int = 10, seed: int = 0) -> Result:
    """So many requests by workers that share one pace; half of the latency is before the server and half after."""
    chance, pace, result = random.Random(seed), Pace(workers, 0.0), Result()
    now, to_do, in_flight, done = 0.0, count, 0, 0
    events: list[tuple[float, int, str, int, float]] = []
    number = 0
    while done < count:
        free = to_do > 0 and in_flight < pace.limit
        if free and pace.earliest() <= now:
            result.too_early += now < pace.not_before
            ticket, one_way = pace.sent(now), latency * chance.uniform(0.35, 0.65)
            to_do, in_flight, number = to_do - 1, in_flight + 1, number + 1
            heapq.heappush(events, (now + one_way, number, "arrives", ticket, one_way))
            continue
        if free and (not events or pace.earliest() < events[0][0]):
            now = pace.earliest()
            continue
        now, order, what, ticket, value = heapq.heappop(events)
        if what == "arrives":
            heapq.heappush(events, (now + value, order, "answered", ticket, server.wait(now)))
            continue
        in_flight -= 1
        if value:
            to_do, result.refused = to_do + 1, result.refused + 1
            pace.refused(now, HINTS[hint](value), ticket)
        else:
            pace.succeeded(now, ticket)
            done += 1
    result.seconds = now
    return result


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("latency", [0.002, 0.01, 0.02])
@pytest.mark.parametrize("hint", HINTS)
def test_300_requests_at_50_a_second_with_a_burst_of_20(hint: str, latency: float, seed: int) -> None:
    """1.1 times the ideal and a second, and as many refused as are in flight at once and 2 %."""
    result = sent(300, Bucket(50, 20), hint, latency=latency, seed=seed)
    assert result.too_early == 0
    assert result.refused <= 10 + 0.02 * 300
    assert result.seconds <= 1.1 * (300 - 20) / 50 + 1


SERVERS = [Bucket(50, 100), Bucket(10, 10), Bucket(10, 60), Bucket(200, 50), Bucket(5, 20), Bucket(2, 5)]


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: f"{server.rate}-{server.burst}")
@pytest.mark.parametrize("hint", HINTS)
def test_other_rates_are_found_too(hint: str, server: Bucket) -> None:
    result = sent(300, Bucket(server.rate, server.burst), hint)
    assert result.too_early == 0
    assert result.refused <= 20
    assert result.seconds <= 1.1 * (300 - server.burst) / server.rate + 1.9


def test_a_long_run_keeps_to_the_rate_with_few_refusals() -> None:
    result = sent(5000, Bucket(50, 20), "whole seconds")
    assert result.refused <= 10 + 0.02 * 5000
    assert result.seconds <= 1.1 * (5000 - 20) / 50 + 1


def test_a_service_without_a_limit_is_not_slowed_down() -> None:
    assert sent(1000, Bucket(1e6, 1e6), "exact", latency=0.02).seconds < 1.2 * 1000 * 0.02 / 10


def test_what_was_under_way_beside_a_refused_request_tells_nothing_new() -> None:
    pace = Pace(8, 0.0)
    tickets = [pace.sent(0.0) for _ in range(8)]
    assert pace.refused(0.1, 1.0, tickets[0]) == 1.0
    before = (pace.limit, pace.earliest())
    assert pace.refused(0.2, 1.0, tickets[1]) == 1.0
    assert pace.limit == before[0] == 4
    assert pace.not_before == 1.2
    assert pace.refused(0.3, None, tickets[2]) == pytest.approx(0.9)


def test_without_a_hint_the_pauses_grow_until_something_gets_through() -> None:
    pace, now, pauses = Pace(4, 0.0), 0.0, []
    for _ in range(8):
        now = max(now, pace.earliest())
        pauses.append(pace.refused(now, None, pace.sent(now)))
    assert pauses == sorted(pauses)
    assert pauses[0] >= 0.25
    assert pauses[-1] == 20.0


class Outage(Bucket):
    """A server without a limit that takes nothing at all for `length` seconds, and says to come back in `hint`."""

    def __init__(self, begin: float, length: float, hint: float) -> None:
        super().__init__(1e6, 1e6)
        self.begin, self.end, self.hint = begin, begin + length, hint

    def wait(self, now: float) -> float:
        return self.hint if self.begin <= now < self.end else 0.0


@pytest.mark.parametrize("hint", [0.01, 0.3, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("begin", [0.0, 0.5, 3.0])
def test_what_a_service_does_not_take_for_a_while_tells_nothing_of_its_rate(begin: float, hint: float) -> None:
    result = sent(500, Outage(begin, 30, hint), "exact", latency=0.05)
    assert result.too_early == 0
    assert result.refused <= 10 + 5 + 30 / min(hint, 1)
    assert result.seconds <= 30 + hint + 25


@pytest.mark.parametrize("hint", [0.0, 0.001, 1.0, None])
@pytest.mark.parametrize("good", [3, 19, 40])
def test_a_rest_does_not_look_like_a_slow_service(good: int, hint: float | None) -> None:
    pace, now = Pace(10, 0.0), 0.0
    for count in (30, good):
        for _ in range(count):
            now = max(now, pace.earliest())
            pace.succeeded(now, pace.sent(now))
        refused = now = max(now, pace.earliest()) + 300 * (count == good)
        pace.refused(refused, hint, pace.sent(now))
    now = max(now, pace.earliest())
    pace.sent(now)
    assert pace.earliest() - now < 1


@pytest.mark.parametrize("hint", [0.0, 1e-9, 0.001])
def test_who_says_to_come_back_at_once_and_refuses_is_not_asked_again_and_again(hint: float) -> None:
    pace, now, times = Pace(1, 0.0), 0.0, []
    for _ in range(2000):
        now = max(now, pace.earliest())
        times.append(now)
        pace.refused(now, hint, pace.sent(now))
    assert 10 <= times[20] <= 25


@pytest.mark.parametrize("seed", range(50))
def test_any_mix_of_answers_is_survived_and_no_request_goes_before_its_time(seed: int) -> None:
    chance, pace, under_way = random.Random(seed), Pace(10, 0.0), list[int]()
    now = not_before = 0.0
    for _ in range(1000):
        if under_way and (len(under_way) >= pace.limit or chance.random() < 0.5):
            now += chance.choice([0.0, 0.0, 0.001, 0.1])
            ticket = under_way.pop(chance.randrange(len(under_way)))
            if chance.random() < 0.7:
                pace.succeeded(now, ticket)
            else:
                hint = chance.choice([0.0, None, 0.01, 0.999, 1.0, 3.0])
                pace.refused(now, hint, ticket)
                not_before = max(not_before, now + (hint or 0.0))
        else:
            assert pace.earliest() - now < 80
            now = max(now, pace.earliest())
            assert now >= not_before
            under_way.append(pace.sent(now))
