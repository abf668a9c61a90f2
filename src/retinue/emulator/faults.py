"""How the emulator differs from a well-behaved service, and misbehaves on request: repeatable, by script or by seed."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = tuple[str, str]


def _no_change(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the documents leave open, and what some servers do.

    `metadata`: `merge` or `replace`. `null`: `clear` or `refuse`. `unsupported`: fields that are refused with
    `unsupported_parameter`. `alter` maps fields to what the server makes of their value. `page_filter` may repeat or
    drop rows of a page. `gone`: the routes no longer exist. `api_key`: the only key accepted; None accepts any.
    """

    metadata: str = "merge"
    null: str = "clear"
    unsupported: frozenset[str] = frozenset()
    alterations: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    page_filter: Callable[[Sequence[Row]], Sequence[Row]] = _no_change
    gone: bool = False
    api_key: str | None = None

    def alter(self, stored: dict[str, Any], given: Container[str]) -> dict[str, Any]:
        """What the server makes of the fields that a request gave."""
        return {
            name: self.alterations[name](value) if name in self.alterations and name in given else value
            for name, value in stored.items()
        }

    def listed(self, rows: Sequence[Row]) -> Sequence[Row]:
        return self.page_filter(rows)


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour. `kind`:

    `status` (with `status`, `retry_after`, `after_commit`), `reset` (with `after_commit`), `html`, `broken` (JSON cut
    in the middle, with 200), `cut` (a body shorter than its Content-Length), `slow` (with `seconds`).
    """

    kind: str
    status: int = 500
    retry_after: str | None = None
    retry_after_ms: str | None = None
    after_commit: bool = False
    seconds: float = 0.0


@dataclass
class _Rule:
    pattern: re.Pattern[str]
    fault: Fault
    after: int
    times: int


class Faults:
    """Scripted (`on`), rate-limited (`limit`) or seeded at random (`sometimes`). Safe for many threads."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        self._rules: list[_Rule] = []
        self._random: tuple[random.Random, float, Sequence[Fault]] | None = None
        self._rate: tuple[float, float] | None = None

    def on(self, pattern: str, fault: Fault, *, after: int = 0, times: int = 1) -> None:
        """`fault` for the next `times` requests whose `METHOD /path` matches, skipping the first `after` of them."""
        with self._lock:
            self._rules.append(_Rule(re.compile(pattern), fault, after, times))

    def sometimes(self, seed: int, probability: float, faults: Sequence[Fault]) -> None:
        with self._lock:
            self._random = (random.Random(seed), probability, faults)

    def limit(self, per_second: float, burst: int, fault: Fault | None = None) -> None:
        """A token bucket; what it refuses gets `fault`, by default 429 with the right Retry-After."""
        with self._lock:
            self._rate = (per_second, burst)
            self._tokens, self._filled_at, self._refusal = float(burst), self._now(), fault

    def next(self, request: str) -> Fault | None:
        """The fault for this request, if any."""
        with self._lock:
            for rule in self._rules:
                if rule.times and rule.pattern.search(request):
                    if rule.after:
                        rule.after -= 1
                        continue
                    rule.times -= 1
                    return rule.fault
            return self._refused() or self._by_chance()

    def _refused(self) -> Fault | None:
        if self._rate is None:
            return None
        per_second, burst = self._rate
        now = self._now()
        self._tokens = min(burst, self._tokens + (now - self._filled_at) * per_second)
        self._filled_at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        wait = (1 - self._tokens) / per_second
        return self._refusal or Fault("status", 429, retry_after_ms=str(int(wait * 1000) + 1))

    def _by_chance(self) -> Fault | None:
        if self._random is None:
            return None
        generator, probability, faults = self._random
        return generator.choice(faults) if generator.random() < probability else None
