"""Several holders of one address: which of them this run takes back."""

from __future__ import annotations

from retinue.core.model import Live
from retinue.core.ownership import Contest, contests, decide
from retinue.providers.assistants_v2 import KINDS

from .worlds import at, desired, managed

BOT = desired("bot")
MINE, SECOND, THEIRS = "minemine", "secondxx", "theirsxx"
MADE = {MINE: at("bot"), SECOND: at("bot")}


def held(remote_id: str, nonce: str, created: int = 5) -> Live:
    return managed(BOT, id=remote_id, nonce=nonce, created=created)


def found(*live: Live) -> list[Contest]:
    return contests(decide(live, "demo", "dev", KINDS), MADE)


def only(*live: Live) -> tuple[str, list[str], list[str], bool]:
    """Holder, extra, rivals, tied."""
    (contest,) = found(*live)
    return (
        contest.holder.remote_id,
        [claim.remote_id for claim in contest.extra],
        [claim.remote_id for claim in contest.rivals],
        contest.tied,
    )


def test_one_holder_is_no_contest() -> None:
    assert found(held("a", MINE)) == []


def test_the_younger_gives_way() -> None:
    assert only(held("a", THEIRS, 4), held("b", MINE, 5)) == ("a", ["b"], [], False)


def test_an_older_one_stays_and_leaves_it_to_the_other_run_to_give_way() -> None:
    assert found(held("a", MINE, 4), held("b", THEIRS, 5)) == []


def test_of_the_same_second_nobody_can_tell_who_looked_last() -> None:
    assert only(held("a", MINE), held("b", THEIRS)) == ("a", [], ["b"], True)
    assert only(held("a", THEIRS), held("b", MINE)) == ("a", ["b"], [], False)


def test_what_one_run_made_twice_is_taken_back_but_for_the_oldest() -> None:
    assert only(held("a", MINE), held("b", SECOND)) == ("a", ["b"], [], False)
    assert only(held("a", MINE, 4), held("b", SECOND), held("c", THEIRS)) == ("a", ["b"], ["c"], False)


def test_what_others_made_and_what_others_copied_is_no_business_of_this_run() -> None:
    other = managed(desired("other"), nonce="otherone", created=1)
    twin = managed(desired("other"), nonce="othertwo", created=2, id="x")
    assert found(other, twin, held("a", MINE)) == []
    assert found(held("a", MINE, 4), held("b", MINE, 5)) == []
