"""SIGINT and SIGTERM from a process's first line to its last: they end it with 130 or 143, never with a traceback.

Decides when a signal may break off what goes on. Prints nothing.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

TYPE_CHECKING = False  # The module `typing` is not loaded for `--version`.
if TYPE_CHECKING:
    from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _State:
    """`due`: a signal has come and not broken off anything; `holds`: how many things may not be broken off now.

    `handler`: gets the signals in place of all this.
    """

    first, count, due, holds = 0, 0, False, 1
    handler: Callable[[int], None] | None = None


def begin(early: bool) -> None:
    """From here on the first signal raises KeyboardInterrupt as soon as nothing is held, and the third ends it all.

    `early`: SIGINT came before this.
    """
    for number in _SIGNALS:
        signal.signal(number, _handle)
    if early:
        _handle(signal.SIGINT, None)
    unraisable = sys.unraisablehook

    def hook(raised: sys.UnraisableHookArgs) -> None:
        # Python drops what is raised in a finalizer or in a callback of the import system.
        if isinstance(raised.exc_value, KeyboardInterrupt):
            _State.due = True
        else:
            unraisable(raised)

    sys.unraisablehook = hook


def end() -> None:
    """The exit code is settled: a signal comes too late."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def released() -> Iterator[None]:
    """All is loaded: what goes on may be broken off until this ends, but for what is held."""
    _State.holds = 0
    try:
        check()
        yield
    finally:
        _State.holds = 1


@contextmanager
def held() -> Iterator[None]:
    """The work within must not be broken off; a signal waits."""
    _State.holds += 1
    try:
        yield
    finally:
        _State.holds -= 1
    check()


@contextmanager
def handed_to(handler: Callable[[int], None]) -> Iterator[None]:
    """Until this ends `handler` gets each signal and decides alone what comes of it."""
    check()
    before, _State.handler = _State.handler, handler
    try:
        yield
    finally:
        _State.handler = before


def settle() -> None:
    """The result is out, and what it says of the exit code stands: nothing may break off what is left."""
    _State.holds += 1


def check() -> None:
    """Raises KeyboardInterrupt for a signal that has not broken off anything yet."""
    if _State.due and not _State.holds:
        _State.due = False
        raise KeyboardInterrupt


def code() -> int:
    """The exit code of what the first signal broke off."""
    return 128 + (_State.first or signal.SIGINT)


def _handle(number: int, _frame: FrameType | None) -> None:
    if _State.handler is not None:
        _State.handler(number)
        return
    _State.count += 1
    if _State.count == 1:
        _State.first, _State.due = number, True
        check()
    elif _State.count > 2:
        # The user insists, perhaps because the reader of a pipe does not read.
        os._exit(code())
