"""SIGINT and SIGTERM during an apply: the first starts nothing new and lets what is in flight end, the second stops."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from . import console, interrupts


class Signals:
    """`first`: the signal that was received first, or 0. `final`: nothing can be stopped any more."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop, self.first, self.final = stop, 0, False

    def handle(self, number: int, _frame: object) -> None:
        if self.final:
            return
        if self.first:
            self.final = True
            raise KeyboardInterrupt
        self.first = number
        self.stop.set()
        console.note("\nStopping: finishing what is in flight. Once more to stop at once.")


@contextmanager
def signals(stop: threading.Event) -> Iterator[Signals]:
    interrupts.check()
    received = Signals(stop)
    before = {number: signal.signal(number, received.handle) for number in interrupts.SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
