"""One gate for all workers: how many may send at once, and not before when. Knows no HTTP; the policy is pace.py's."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .pace import Pace


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


class Lane:
    """How fast one account is asked. Gates that have it in common share its budget."""

    def __init__(self, most: int, now: float) -> None:
        self.pace, self.changed = Pace(most, now), threading.Condition()


class Lanes:
    """The lanes of one run, one for each account: whoever asks the same service with the same key gets the same."""

    def __init__(self) -> None:
        self._found: dict[object, Lane] = {}
        self._lock = threading.Lock()

    def of(self, account: object, most: int, now: float) -> Lane:
        with self._lock:
            return self._found.setdefault(account, Lane(most, now))


class Gate:
    """Lets workers wait for their turn. What an answer tells the pace is told while its slot is held.

    So no other request slips in between a refusal and the wait that it asks for.
    """

    def __init__(
        self,
        most: int,
        clock: Clock,
        stop: threading.Event,
        deadline: float = math.inf,
        lane: Lane | None = None,
    ) -> None:
        lane = lane or Lane(most, clock.now())
        self._pace, self._changed = lane.pace, lane.changed
        self._clock = clock
        self._stop = stop
        self._deadline = deadline

    @contextmanager
    def slot(self) -> Iterator[int | None]:
        """Wait for the right to send one request, and hold it while the request is in flight. The request's ticket.

        None where nothing may be sent any more: the run is stopped, or its turn would come after the deadline.
        """
        ticket = self._enter()
        try:
            yield ticket
        finally:
            if ticket is not None:
                with self._changed:
                    self._pace.ended()
                    self._changed.notify()

    def _enter(self) -> int | None:
        while True:
            with self._changed:
                now = self._clock.now()
                pause = self._pace.wait(now)
                if self._stop.is_set() or (pause < math.inf and now + pause > self._deadline):
                    return None
                if pause <= 0:
                    return self._pace.sent(now)
                if pause == math.inf:
                    self._changed.wait(0.2)
                    continue
            self._clock.wait(pause, self._stop)

    def succeeded(self, ticket: int) -> None:
        with self._changed:
            self._pace.succeeded(self._clock.now(), ticket)
            self._changed.notify()

    def hold_back(self, seconds: float | None, ticket: int) -> float:
        """The service asked for fewer requests: no request goes out before `seconds` have passed, and then more slowly.

        None: it did not say how long. Returns the seconds to wait.
        """
        with self._changed:
            return self._pace.refused(self._clock.now(), seconds, ticket)
