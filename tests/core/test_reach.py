"""What a run has to read: whether ours are enough."""

from __future__ import annotations

from retinue.core.observation import Observation
from retinue.core.reach import covers

from .worlds import desired, foreign, managed, target

BOT = desired("bot")


def test_ours_are_enough_only_where_every_manifest_has_its_object_and_none_is_left_over() -> None:
    live = [managed(BOT), managed(desired("ant")), foreign("asst_9")]
    assert covers(Observation(target(), live), [BOT, desired("ant")])
    assert not covers(Observation(target(), live), [BOT])
    assert not covers(Observation(target(), live), [BOT, desired("ant"), desired("new")])
    assert not covers(Observation(target(project="other"), live), [BOT, desired("ant")])
    assert covers(Observation(target(project="other", formerly=("demo",)), live), [BOT, desired("ant")])
