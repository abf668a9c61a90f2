"""What `forget` lets go of, what it refuses, and that only markers go."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from retinue.core.errors import UsageError
from retinue.core.model import Action, Address, Live, Plan
from retinue.core.observation import Observation
from retinue.core.plan import forget_plan

from .worlds import at, desired, foreign, managed, plan, target

BOT = desired("bot")
WORLD = [
    managed(BOT, nonce="a" * 8),
    managed(BOT, id="second", created=2, nonce="b" * 8),
    managed(BOT, id="copy", created=3, nonce="a" * 8),
    managed(desired("other")),
    managed(BOT, id="elsewhere", project="else"),
    foreign("nobody"),
]


def forget(
    *ids: str, address: Address | None = None, described: Sequence[Address] = (), live: Sequence[Live] = WORLD
) -> Plan:
    return forget_plan(Observation(target(), live), described, address, ids)


def left(live: Sequence[Live], made: Plan) -> list[Live]:
    """The objects that still carry a marker after the plan."""
    gone = {change.remote_id for change in made.changes}
    return [item for item in live if item.remote_id not in gone]


def test_an_address_is_let_go_of_with_its_duplicates_and_copies() -> None:
    made = forget(address=at("bot"))
    assert [(change.action, change.remote_id) for change in made.changes] == [
        (Action.FORGET, "asst_bot"),
        (Action.FORGET, "copy"),
        (Action.FORGET, "second"),
    ]
    after = plan([desired("other")], left(WORLD, made))
    assert after.changes == ()


@pytest.mark.parametrize("remote_id", ["copy", "second"])
def test_one_object_too_many_is_let_go_of_alone_whatever_is_described(remote_id: str) -> None:
    made = forget(remote_id, described=[at("bot")])
    assert [change.remote_id for change in made.changes] == [remote_id]
    assert not made.complete


def test_an_object_with_a_manifest_is_refused() -> None:
    with pytest.raises(UsageError, match="would create it again"):
        forget(address=at("bot"), described=[at("bot")])
    with pytest.raises(UsageError, match="would create it again"):
        forget("asst_other", described=[at("other")])


def test_the_original_is_not_let_go_of_while_a_copy_would_be_taken_for_it() -> None:
    with pytest.raises(UsageError, match="would take second or copy for Assistant/bot") as refused:
        forget("asst_bot")
    assert refused.value.remedy == "To let go of all of them: retinue forget Assistant/bot"


@pytest.mark.parametrize(
    ("remote_id", "why"),
    [
        ("elsewhere", "belongs to else/dev/Assistant/bot"),
        ("nobody", "no retinue marker"),
        ("nowhere", "no live object"),
    ],
)
def test_what_is_not_ours_is_refused(remote_id: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        forget(remote_id)


def test_an_address_that_is_not_live_is_refused_with_the_ones_that_are() -> None:
    with pytest.raises(UsageError, match="nothing live here has the address Assistant/none") as refused:
        forget(address=at("none"))
    assert refused.value.remedy == "Known: Assistant/bot, Assistant/other."
