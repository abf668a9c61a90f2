"""What a run has to read: whether ours are enough."""

from __future__ import annotations

from retinue.core.reach import covers

from .worlds import desired, foreign, managed, target

BOT = desired("bot")


def test_ours_are_enough_only_where_every_manifest_has_its_object_and_none_is_left_over() -> None:
    live = [managed(BOT), managed(desired("ant")), foreign("asst_9")]
    assert covers(target(), [BOT, desired("ant")], live)
    assert not covers(target(), [BOT], live)
    assert not covers(target(), [BOT, desired("ant"), desired("new")], live)
    assert not covers(target(project="other"), [BOT, desired("ant")], live)
    assert covers(target(project="other", formerly=("demo",)), [BOT, desired("ant")], live)
