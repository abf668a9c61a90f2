"""Emulators to ask: in process, with a clock that only moves when it is told to, or over a socket in real time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour

from .client import Api, Clock, in_process, over_socket


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Iterator[Callable[..., Api]]:
    """`make(null="keep", control=True)`: an emulator with this Behaviour; as many as a test wants."""
    with ExitStack() as stack:

        def build(*, control: bool = False, **behaviour: Any) -> Api:
            emulator = Emulator(":memory:", Behaviour(**behaviour), control=control, now=clock.now, sleep=clock.sleep)
            stack.callback(emulator.close)
            return stack.enter_context(in_process(emulator))

        yield build


@pytest.fixture
def api(make: Callable[..., Api]) -> Api:
    return make()


@pytest.fixture
def live() -> Iterator[Api]:
    """A client of a fresh emulator on a socket, in real time."""
    emulator = Emulator()
    with over_socket(emulator) as found:
        yield found
    emulator.close()
