"""How fast to send, learned from what a service takes and refuses. Pure: knows no thread, no clock and no HTTP.

1. A refusal closes the gate for all until the latest time that a refusal named; nothing goes out before.
2. How many may be under way halves with a refusal, once for all that were under way together, and grows by one when as
   many have succeeded.
3. Where more are refused together than chance explains, refusals follow the pace. Only then do requests keep a gap,
   made from the time that a success took since the last refusal.
4. A refusal makes the gap an eighth longer; successes shorten it, the more of them in a row the faster.
5. A gap with which again and again only a few succeed between two refusals explains nothing, and goes.
"""

from __future__ import annotations

import math

_CHANCE, _ASSUMED = 0.000022, 8
"""Less likely than this cannot be chance; and as many requests are assumed to have been seen before the first."""
_HASTE, _TRUST = 2.5, 0.75
"""The first gap is so many times shorter than measured, which may hold a wait that was rounded up. What is refused
together with a gap moves it to what was measured, by this power."""
_LONGER, _SHORTER, _DEAR = 1.125, 0.0002, 0.0008
"""What a refusal makes of the gap. Of how much the n-th success shortens it, n times; and at most, for each time that
the last wait has passed: the dearer a refusal, the slower."""
_FEW, _PATIENCE = 20, 6
_UNSAID, _LONGEST, _TOLD = 0.25, 20.0, 20
"""The first pause and the longest where a service says nothing. Where it refuses again who waited as it said, so many
times shorter ones."""


class Pace:
    """When the next request may go (`wait`), if at most so many are to be under way.

    Times are seconds of one clock. `sent` gives out a ticket, by which an answer is known to belong to a request from
    before or after the last refusal. After the answer, `ended`.
    """

    def __init__(self, most: int, now: float) -> None:
        self._most, self.limit, self._under_way = most, float(most), 0
        self.not_before, self._backoff = -math.inf, _UNSAID
        self._refusals = self._successes = self._row = 0
        self._since, self._pause, self._fresh = now, 1.0, False
        self.gap, self._measured, self._together, self._patience = 0.0, 0.0, 0, 0

    def wait(self, now: float) -> float:
        """Seconds until the next request may go; infinity: not before an answer has come."""
        if self._under_way >= int(self.limit):
            return math.inf
        return max(0.0, self.not_before - now)

    def sent(self, now: float) -> int:
        self._under_way += 1
        self.not_before = max(now, self.not_before) + self.gap
        return self._refusals

    def ended(self) -> None:
        self._under_way -= 1

    def succeeded(self, now: float, ticket: int) -> None:
        self.limit = min(self._most, self.limit + 1 / self.limit)
        self._successes, self._row, self._backoff = self._successes + 1, self._row + 1, _UNSAID
        if ticket == self._refusals:
            self._fresh = True
            self.gap *= 1 - min(0.1, _SHORTER * self._row, _DEAR * (now - self._since) / self._pause)
        elif ticket == self._refusals - 1:
            self._together = max(0, self._together - 2)

    def refused(self, now: float, seconds: float | None, ticket: int) -> float:
        """The service asked for fewer requests, and for a wait of `seconds` (None: it did not say). The wait."""
        if ticket == self._refusals:
            self._pause_for(now, seconds)
        else:
            self.not_before = max(self.not_before, now + (seconds or 0.0))
            self._together += ticket == self._refusals - 1
            chance = (self._refusals + 1) / (self._refusals + self._successes + _ASSUMED)
            if self._measured and chance**self._together < _CHANCE:
                known = max(self.gap, self.gap ** (1 - _TRUST) * self._measured**_TRUST)
                self.gap = known or self._measured / _HASTE
                self._together, self._measured, self._patience = 0, 0.0, _PATIENCE
        return max(0.0, self.not_before - now)

    def _pause_for(self, now: float, seconds: float | None) -> None:
        """The first refusal among those under way together. What succeeded since the one before is measured."""
        waited, self.limit = self._pause, max(1.0, self.limit / 2)
        self._pause = self._backoff if seconds is None else max(seconds, self._backoff / _TOLD)
        self._backoff = min(_LONGEST, 2 * self._backoff)
        self.not_before = max(self.not_before, now + self._pause)
        self._refusals += 1
        fresh, self._fresh, self._measured = self._fresh, False, 0.0
        if not fresh:
            return  # a service that takes nothing tells nothing of its rate
        # What is taken before the first refusal was saved up. The wait after it counts, in which that is saved again.
        since = now - self._since + (self._pause if self._refusals == 1 else 0.0)
        self._measured = since / self._row
        if self.gap:
            # Few requests could have been sent during a short wait, so that the measure is no longer than it should be.
            exact = waited < min(self._measured, _FEW * self.gap)
            longer = _LONGER * (max(self.gap, min(2 * self.gap, self._measured)) if exact else self.gap)
            self._patience = _PATIENCE if self._row >= _FEW else self._patience - 1
            self.gap = min(longer, max(self.gap, self._measured)) if self._patience else 0.0
        self._row, self._since = 0, now
