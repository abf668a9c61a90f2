"""One gate for all workers: how many may send at once, and not before when. Knows no HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Time as the transport needs it; tests replace it."""

    def now(self) -> float:
        """Seconds of a clock that never jumps."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, for dates in answers."""
        return time.time()

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Sleep, but not longer than until `stop` is set."""
        stop.wait(seconds)


class Gate:
    """Adaptive: a refusal for too many requests halves what may be in flight, good answers let it grow slowly."""

    def __init__(self, most: int, clock: Clock, stop: threading.Event) -> None:
        self._most = most
        self._limit = float(most)
        self._clock = clock
        self._stop = stop
        self._in_flight = 0
        self._not_before = 0.0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for the right to send one request; hold it while the request is in flight."""
        self._enter()
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def _enter(self) -> None:
        while not self._stop.is_set():
            with self._changed:
                pause = self._not_before - self._clock.now()
                if pause <= 0:
                    if self._in_flight < max(1, int(self._limit)):
                        break
                    self._changed.wait(0.2)
                    continue
            self._clock.wait(pause, self._stop)
        with self._changed:
            self._in_flight += 1

    def succeeded(self) -> None:
        with self._changed:
            if self._limit < self._most:
                self._limit = min(self._most, self._limit + 1 / self._limit)
                self._changed.notify()

    def hold_back(self, seconds: float) -> None:
        """The service asked for fewer requests: nobody sends before `seconds` have passed, then half as many."""
        with self._changed:
            if self._not_before <= self._clock.now():
                self._limit = max(1.0, self._limit / 2)
        self.pause(seconds)

    def pause(self, seconds: float) -> None:
        with self._changed:
            self._not_before = max(self._not_before, self._clock.now() + seconds)
