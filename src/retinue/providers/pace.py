"""How fast to send, learned from what a service takes and refuses. Pure: knows no thread, no clock and no HTTP.

The model is a bucket: a service gives `rate` tokens a second, keeps at most `burst` of them, and refuses a request that
finds none. A refusal is the only time at which something is known of it: then the bucket was empty.
"""

from __future__ import annotations

from collections import deque

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 20.0
_ROUNDED_UP = 1.0
"""From so many seconds on a wait is mostly one that was rounded up: the bucket has filled meanwhile, who knows when."""
_START = 3.0
"""After such a wait: by how much faster to go than what was seen so far, to empty the bucket once more and know."""
_GROWTH, _DOUBLING = 0.985, 0.5
"""While searching, the distance between requests shrinks by this factor with each, and halves in so many seconds."""
_MARGIN, _SAVED = 0.98, 0.6
"""Of the rate that was found, how much is used; and of the burst, how much at once after a wait."""
_RESERVE = 2
"""After a wait that was not rounded up the bucket holds one: let so many more come in, for what arrives early."""
_ENOUGH = 20
"""Minimum requests before the estimate is trusted."""
_KEEP_TIME, _KEEP_COUNT = 20.0, 100
"""How long the estimate is kept: so many times the wait of the next refusal, and so many requests per refusal."""
_SHORTEST, _LONGEST, _SLOWER = 0.001, 2.0, 16
"""Seconds between requests once there was a refusal: at least, and at most unless the service asked for a longer wait;
and by how much one refusal may slow them down. A service may refuse for reasons that no pace can heed."""
_MEMORY = 1000
_ROUNDS, _HALVINGS = 3, 20


class Pace:
    """When the next request may go (`earliest`), and how many may be under way (`limit`).

    Times are seconds of one clock. `sent` gives out a ticket, by which an answer is known to belong to a request from
    before or after the last refusal: those that were under way beside a refused one tell nothing new.
    """

    def __init__(self, most: int, now: float) -> None:
        self._most = most
        self._limit = float(most)
        self._interval = self._slack = self._next = 0.0
        self._epoch = self._good = self._refused = self._in_vain = 0
        self._start, self._taken = now, deque[float](maxlen=_MEMORY)
        self._first, self._first_end, self._longest = list[float](), now, 0.0
        self._keep_until, self._keep_count, self._most_apart = 0.0, 0, _LONGEST
        self.not_before = 0.0

    @property
    def limit(self) -> int:
        return max(1, int(self._limit))

    def earliest(self) -> float:
        return max(self.not_before, self._next - self._slack)

    def sent(self, now: float) -> int:
        self._next = max(now, self._next) + self._interval
        return self._epoch

    def succeeded(self, now: float, ticket: int) -> None:
        if self._limit < self._most:
            self._limit = min(self._most, self._limit + 1 / self._limit)
        if ticket == self._epoch:
            self._remember(now)
            if self._epoch and self._good >= self._keep_count and now >= self._keep_until:
                self._keep_to(self._interval * min(_GROWTH, 2 ** (-self._interval / _DOUBLING)))
        elif self._epoch == 1:
            self._first_end = now
            self._first.append(now)

    def refused(self, now: float, seconds: float | None, ticket: int) -> float:
        """The service asked for fewer requests, and for a wait of `seconds` (None: it did not say). The wait."""
        self._refused += 1
        if self._epoch <= 1 and seconds is not None and seconds < _ROUNDED_UP:
            self._longest = max(self._longest, seconds)
        if ticket < self._epoch:
            self._interval = max(self._interval, self._longest)
            self.not_before = max(self.not_before, now + (seconds or 0.0))
            return max(0.0, self.not_before - now)
        self._in_vain = 0 if self._good else self._in_vain + 1
        seconds = self._wait(seconds)
        self._most_apart = max(self._most_apart, seconds)
        self._limit = max(1.0, self._limit / 2)
        if self._epoch:
            self._settle(now, seconds)
        else:
            self._search(now, seconds)
        self.not_before = self._next = max(self.not_before, now + seconds)
        if self._epoch and seconds < _ROUNDED_UP:
            self._next += _RESERVE * self._interval
        self._epoch += 1
        self._good = self._refused = 0
        return seconds

    def _wait(self, seconds: float | None) -> float:
        """What the service asked for, but longer and longer if it says nothing, or refuses who waited as it said."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._in_vain, 10))
        if seconds is None:
            return pause
        return max(seconds, min(pause, _ROUNDED_UP)) if self._in_vain > 1 else seconds

    def _remember(self, now: float) -> None:
        self._good += 1
        if len(self._taken) == _MEMORY:
            self._start = self._taken[0]
        self._taken.append(now)

    def _search(self, now: float, seconds: float) -> None:
        """The first refusal ends a burst that may have been saved up; so the wait that follows it counts too."""
        self._first, self._first_end = list(self._taken), now
        begun = self._first[0] if self._first else now
        faster = _START if seconds >= _ROUNDED_UP else 1.0
        self._keep_to(max(self._longest, (now - begun + seconds) / max(1, len(self._first)) / faster))
        self._forget(now)

    def _settle(self, now: float, seconds: float) -> None:
        """From the second refusal on the rate can be told: keep to it, the longer the surer and the dearer the next.

        A service that takes nothing at all for a while tells nothing of its rate.
        """
        if self._in_vain > 1:
            self._forget(now)
            return
        rate = self._estimate(now)
        self._keep_to(1 / (_MARGIN * rate))
        saved = _SAVED * min(self._burst(rate), rate * seconds)
        self._slack = max(0.0, saved - 1) * self._interval
        if len(self._taken) < _ENOUGH:
            self._keep_until, self._keep_count = now, _ENOUGH
        else:
            self._keep_until, self._keep_count = now + (1 + _KEEP_TIME) * seconds, _KEEP_COUNT * self._refused
            self._forget(now)

    def _keep_to(self, interval: float) -> None:
        self._interval = min(self._most_apart, max(_SHORTEST, interval))

    def _forget(self, now: float) -> None:
        self._start = now
        self._taken.clear()

    def _burst(self, rate: float) -> float:
        """What must have been saved up for the requests before the first refusal, the busiest stretch of them."""
        end = self._first_end
        return max([1.0, *(count - rate * (end - at) for count, at in enumerate(reversed(self._first), 1))])

    def _estimate(self, now: float) -> float:
        """The rate at which a bucket that was empty at the start would be empty now, given what was taken when."""
        fastest = 1 / self._interval
        rate = 0.0
        for _ in range(_ROUNDS):
            burst = self._burst(rate)
            low, high = fastest / _SLOWER, fastest
            for _ in range(_HALVINGS):
                middle = (low * high) ** 0.5
                low, high = (low, middle) if self._left(middle, burst, now) >= 1 else (middle, high)
            rate = low
        # Where nothing was taken at all, one of several at once was refused: half is a guess.
        return min(rate, 0.9 * fastest) if self._good else max(rate, 0.5 * fastest)

    def _left(self, rate: float, burst: float, now: float) -> float:
        tokens, before = 0.5, self._start
        for at in self._taken:
            tokens, before = min(burst, tokens + (at - before) * rate) - 1, at
        return min(burst, tokens + (now - before) * rate)
