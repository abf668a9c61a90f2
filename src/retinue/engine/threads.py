"""Work beside the main thread; a hanging request cannot keep the process from ending."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def all_of(calls: Sequence[Callable[[], T]], most: int) -> list[T]:
    """The results of the calls, in their order, with `most` of them at work at a time. After an error none begins."""
    found: dict[int, T] = {}
    waiting = deque(enumerate(calls))

    def work() -> None:
        while waiting:
            try:
                number, call = waiting.popleft()
            except IndexError:  # another was faster
                return
            try:
                found[number] = call()
            except BaseException:
                waiting.clear()
                raise

    for worker in [in_thread(work) for _ in range(min(most, len(calls)))]:
        worker.result()
    return [found[number] for number in range(len(calls))]


def in_thread(call: Callable[[], T]) -> Future[T]:
    """Start `call` in a thread of its own, which dies with the process; a ThreadPoolExecutor's are waited for.

    Where the machine has no thread left, it is done at once in this one.
    """
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    try:
        threading.Thread(target=work, daemon=True).start()
    except (RuntimeError, MemoryError):
        work()
    return future
