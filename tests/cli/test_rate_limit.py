"""Whole runs against a service that takes only so many requests a second. How long they take is for benchmarks."""

from __future__ import annotations

from collections import Counter

import pytest

from .conftest import World

COUNT, RATE, BURST = 30, 20, 5


@pytest.mark.parametrize("hint", ["ms", ""], ids=["told-how-long", "not-told"])
def test_an_apply_beyond_the_rate_of_the_service_makes_each_object_once(world: World, hint: str) -> None:
    world.project()
    for number in range(COUNT):
        world.assistant(f"a{number:02}")
    world.emulator.faults.limit(RATE, BURST, hint=hint)
    world.apply()
    assert len({live["metadata"]["retinue.address"] for live in world.live().values()}) == len(world.live()) == COUNT
    answers = Counter(request.status for request in world.emulator.writes())
    assert answers[200] == COUNT
    assert answers[429]
