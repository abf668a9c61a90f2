"""Services that refuse requests for one reason or another, and clients that share one pace, in virtual time.

`sent` does with a pace what the gate and its workers do with it, one event after the other; so a run is exact, and the
same again with the same seed. `tests/providers/test_pace.py` and `benchmarks/rate.py` use it.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from retinue.providers.pace import Pace

HINTS: dict[str, Callable[[float, float], float | None]] = {
    "whole": lambda wait, _now: max(1.0, math.ceil(wait)),
    "exact": lambda wait, _now: math.ceil(wait * 1000) / 1000,
    "date": lambda wait, now: math.ceil(now + wait) - now,
    "past": lambda wait, now: max(0.0, math.floor(now + wait) - now),
    "half": lambda wait, _now: wait / 2,
    "tenfold": lambda wait, _now: wait * 10,
    "zero": lambda _wait, _now: 0.0,
    "none": lambda _wait, _now: None,
    "0.02": lambda _wait, _now: 0.02,
    "1": lambda _wait, _now: 1.0,
    "10": lambda _wait, _now: 10.0,
}
"""What a service says that wants a client to wait so many seconds from now; a number: always that."""


class Client(Protocol):
    """What is asked of a pace."""

    def wait(self, now: float) -> float: ...
    def sent(self, now: float) -> int: ...
    def ended(self) -> None: ...
    def succeeded(self, now: float, ticket: int) -> None: ...
    def refused(self, now: float, seconds: float | None, ticket: int) -> float: ...


class Plain:
    """The plain client: one gate that all share, additive increase, multiplicative decrease, and nothing else."""

    def __init__(self, most: int, _now: float) -> None:
        self.most, self.limit, self.under_way = most, float(most), 0
        self.epoch, self.in_vain, self.pause, self.not_before = 0, 0, 0.0, 0.0

    def wait(self, now: float) -> float:
        return math.inf if self.under_way >= int(self.limit) else max(0.0, self.not_before - now)

    def sent(self, _now: float) -> int:
        self.under_way += 1
        return self.epoch

    def ended(self) -> None:
        self.under_way -= 1

    def succeeded(self, _now: float, _ticket: int) -> None:
        self.in_vain, self.limit = 0, min(self.most, self.limit + 1 / self.limit)

    def refused(self, now: float, seconds: float | None, ticket: int) -> float:
        if ticket == self.epoch:
            self.epoch, self.limit = self.epoch + 1, max(1.0, self.limit / 2)
            self.pause, self.in_vain = min(20.0, 0.25 * 2.0 ** min(self.in_vain, 12)), self.in_vain + 1
        self.not_before = max(self.not_before, now + (self.pause if seconds is None else seconds))
        return self.not_before - now


class Rule(Protocol):
    """A reason to refuse."""

    def refusal(self, now: float, inside: int) -> float | None:
        """The seconds that a client has to wait; None: it is taken. `inside`: requests that the service works on."""


@dataclass
class Chance:
    """A share of all requests, whatever anyone does."""

    share: float
    seed: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed * 7919 + 1)

    def refusal(self, _now: float, _inside: int) -> float | None:
        return 1.0 if self.random.random() < self.share else None


@dataclass
class Bucket:
    """`rate` requests a second, and `burst` at once after a rest.

    `counts`: a refused request takes a token, too. `strangers` send so many a second besides. `share` of the rate that
    is given at a time.
    """

    rate: float
    burst: float
    counts: bool = False
    strangers: float = 0.0
    share: Callable[[float], float] = lambda _now: 1.0

    def __post_init__(self) -> None:
        self.tokens, self.at, self.random, self.stranger = self.burst, 0.0, random.Random(5), 0.0

    def refusal(self, now: float, _inside: int) -> float | None:
        while self.strangers and self.stranger <= now:
            self.fill(self.stranger)
            self.tokens -= self.tokens >= 1
            self.stranger += self.random.expovariate(self.strangers)
        self.fill(now)
        if self.tokens >= 1:
            self.tokens -= 1
            return None
        wait = (1 - self.tokens) / (self.rate * self.share(now))
        if self.counts:
            self.tokens = max(-self.burst, self.tokens - 1)
        return wait

    def fill(self, now: float) -> None:
        gained = (now - self.at) * self.rate * self.share(now)
        self.tokens, self.at = min(self.burst, self.tokens + gained), now


@dataclass
class Window:
    """`count` requests in each stretch of `seconds`, which the service's clock begins."""

    count: int
    seconds: float
    begun: float = 0.0
    taken: int = 0

    def refusal(self, now: float, _inside: int) -> float | None:
        if now >= self.begun + self.seconds:
            self.begun, self.taken = now - (now - self.begun) % self.seconds, 0
        if self.taken >= self.count:
            return self.begun + self.seconds - now
        self.taken += 1
        return None


@dataclass
class Sliding:
    """`count` requests in any `seconds`; `counts`: refused ones, too."""

    count: int
    seconds: float
    counts: bool = False
    times: deque[float] = field(default_factory=deque)

    def refusal(self, now: float, _inside: int) -> float | None:
        while self.times and self.times[0] <= now - self.seconds:
            self.times.popleft()
        full = len(self.times) >= self.count
        wait = self.times[-self.count] + self.seconds - now if full else None
        if not full or self.counts:
            self.times.append(now)
        return wait


@dataclass
class AtOnce:
    """Not more than `most` requests at once."""

    most: int

    def refusal(self, _now: float, inside: int) -> float | None:
        return 0.05 if inside >= self.most else None


@dataclass
class Outage:
    """Nothing at all for a while."""

    begin: float
    seconds: float

    def refusal(self, now: float, _inside: int) -> float | None:
        return 1.0 if self.begin <= now < self.begin + self.seconds else None


@dataclass(frozen=True)
class World:
    """A service: what it refuses, what it says then, the share of requests that it breaks (500, a reset)."""

    rules: Callable[[int], list[Rule]]
    hint: str = "whole"
    broken: float = 0.0
    latency: float = 0.02


@dataclass
class Result:
    seconds: float = 0.0
    refused: int = 0
    too_early: int = 0


def sent(
    count: int, world: World, make: Callable[[int, float], Client] = Pace, *, workers: int = 10, seed: int = 0
) -> Result:
    """So many requests by workers that share one pace; about half of the latency is before the service, half after."""
    chance, client, rules, result = random.Random(seed), make(workers, 0.0), world.rules(seed), Result()
    now, to_do, idle, done, inside, number, not_before = 0.0, count, workers, 0, 0, 0, 0.0
    events: list[tuple[float, int, str, int, float | None]] = []

    def one_way() -> float:
        return world.latency * chance.uniform(0.35, 0.65) * (3 if chance.random() < 0.02 else 1)

    while done < count:
        pause = client.wait(now) if to_do and idle else math.inf
        if pause <= 0:
            result.too_early += now < not_before - 1e-9
            idle, to_do, number = idle - 1, to_do - 1, number + 1
            heapq.heappush(events, (now + one_way(), number, "arrives", client.sent(now), None))
            continue
        if now + pause < (events[0][0] if events else math.inf):
            now += max(pause, 1e-9)
            continue
        now, order, what, ticket, value = heapq.heappop(events)
        if what == "arrives":
            if chance.random() < world.broken:
                what = "broken"
            elif (wait := next(filter(None, (rule.refusal(now, inside) for rule in rules)), None)) is not None:
                what, value = "refused", HINTS[world.hint](wait, now)
            else:
                what, inside = "taken", inside + 1
            heapq.heappush(events, (now + one_way(), order, what, ticket, value))
            continue
        if what == "broken":
            client.ended()
            heapq.heappush(events, (now + 0.5 * chance.uniform(0.5, 1.0), order, "again", ticket, None))
            continue
        idle += 1
        if what == "taken":
            inside, done = inside - 1, done + 1
            client.succeeded(now, ticket)
            client.ended()
            continue
        to_do += 1
        if what == "refused":
            result.refused += 1
            client.refused(now, value, ticket)
            client.ended()
            not_before = max(not_before, now + (value or 0.0))
    result.seconds = now
    return result


def mean(
    count: int, world: World, make: Callable[[int, float], Client] = Pace, *, workers: int = 10, seeds: int = 8
) -> float:
    """Seconds, over so many seeds."""
    return sum(sent(count, world, make, workers=workers, seed=seed).seconds for seed in range(seeds)) / seeds
