"""One gate for all workers: how many may send at once, and not before when. Knows no HTTP."""

from __future__ import annotations

import math
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


# By how much the distance between two requests shrinks after each good answer: while the service's rate is only
# known from below, and once it is known.
_SEARCH, _GROWTH = 0.03, 0.001
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 20.0


class Gate:
    """Adaptive: a refusal for too many requests halves what may be in flight and sets a pace; both recover slowly.

    The pace comes from what the service was seen to take: between two refusals it is exactly what it allows.
    """

    def __init__(self, most: int, clock: Clock, stop: threading.Event, deadline: float = math.inf) -> None:
        self._most = most
        self._limit = float(most)
        self._clock = clock
        self._stop = stop
        self._deadline = deadline
        self._in_flight = 0
        self._not_before = 0.0
        self._interval = 0.0
        self._next = 0.0
        self._since = clock.now()
        self._good = self._refusals = self._in_vain = 0
        self._changed = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for the right to send one request; hold it while the request is in flight.

        Does not wait past the deadline, nor once the run is stopped: then nothing may be sent (`is_over`).
        """
        self._enter()
        try:
            yield
        finally:
            with self._changed:
                self._in_flight -= 1
                self._changed.notify()

    def is_over(self) -> bool:
        """Whether nothing may be sent any more, because the next request would come after the deadline."""
        with self._changed:
            return max(self._clock.now(), self._not_before) > self._deadline

    def _enter(self) -> None:
        while True:
            with self._changed:
                now = self._clock.now()
                pause = max(self._not_before, self._next) - now
                free = self._in_flight < max(1, int(self._limit))
                if self._stop.is_set() or now + max(0.0, pause) > self._deadline or (pause <= 0 and free):
                    self._in_flight += 1
                    self._next = max(now, self._next) + self._interval
                    return
                if pause <= 0:
                    self._changed.wait(0.2)
                    continue
            self._clock.wait(pause, self._stop)

    def succeeded(self) -> None:
        with self._changed:
            self._good += 1
            self._interval *= 1 - (_GROWTH if self._refusals > 1 else _SEARCH)
            if self._limit < self._most:
                self._limit = min(self._most, self._limit + 1 / self._limit)
                self._changed.notify()

    def hold_back(self, seconds: float | None) -> float:
        """The service asked for fewer requests: nobody sends before `seconds` have passed, and then more slowly.

        None: it did not say how long. Returns the seconds to wait.
        """
        with self._changed:
            now = self._clock.now()
            if self._not_before <= now:
                seconds = self._refused(now, seconds)
            elif seconds is None:
                # In flight beside the first refusal of this burst: it says nothing new.
                return self._not_before - now
            self._not_before = max(self._not_before, now + seconds)
            return seconds

    def _refused(self, now: float, seconds: float | None) -> float:
        self._in_vain = 0 if self._good else self._in_vain + 1
        if seconds is None:
            seconds = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._in_vain)
        self._limit = max(1.0, self._limit / 2)
        if self._good:
            # The first burst may have been saved up, so the pause that ends it counts too.
            spent = now - self._since + (0 if self._refusals else seconds)
            self._interval = spent / self._good
        self._refusals += 1
        self._since, self._good = now, 0
        return seconds
