"""Whose a live object is: decided by its marker alone, whatever order the service lists it in."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.errors import NewerMarker
from retinue.core.marker import REPAIRED
from retinue.core.model import Live
from retinue.core.ownership import World, decide
from retinue.providers.assistants_v2 import KINDS

from .worlds import at, desired, fleet, foreign, managed

BOT = desired("bot")


def world(*live: Live, formerly: tuple[str, ...] = ()) -> World:
    return decide(live, "demo", "dev", KINDS, formerly)


def groups(found: World) -> dict[str, list[str]]:
    """Ids by group, less the empty groups."""
    ids = {
        "owned": [claim.remote_id for claim in found.owned.values()],
        "duplicates": [claim.remote_id for claim in found.duplicates],
        "copies": [claim.remote_id for claim in found.copies],
        "elsewhere": [claim.remote_id for claim in found.elsewhere],
        "foreign": [live.remote_id or "" for live in found.foreign],
    }
    return {name: members for name, members in ids.items() if members}


def codes(found: World) -> list[str]:
    return [diagnostic.code for diagnostic in found.diagnostics]


def test_an_object_without_a_marker_is_foreign_without_a_word() -> None:
    found = world(foreign("asst_1"))
    assert (groups(found), codes(found)) == ({"foreign": ["asst_1"]}, [])


def test_an_object_with_our_project_and_environment_is_ours() -> None:
    found = world(managed(BOT))
    assert groups(found) == {"owned": ["asst_bot"]}
    assert found.owned[at("bot")].applied is not None


def test_another_project_or_environment_is_elsewhere() -> None:
    found = world(managed(BOT, id="a", project="other"), managed(BOT, id="b", environment="prod"))
    assert (groups(found), codes(found)) == ({"elsewhere": ["a", "b"]}, [])


def test_the_names_and_texts_of_an_object_never_make_it_ours() -> None:
    assert groups(world(foreign("a", name="bot"), managed(BOT, id="b", project="demo2"))) == {
        "elsewhere": ["b"],
        "foreign": ["a"],
    }


def test_two_nonces_are_our_own_double_create_and_the_older_one_stays() -> None:
    found = world(managed(BOT, id="b", created=2, nonce="b" * 8), managed(BOT, id="a", created=1, nonce="a" * 8))
    assert groups(found) == {"owned": ["a"], "duplicates": ["b"]}


def test_one_nonce_twice_is_a_copy_that_someone_made_and_is_reported() -> None:
    found = world(managed(BOT, id="copy", created=2), managed(BOT, id="made", created=1))
    assert (groups(found), codes(found)) == ({"owned": ["made"], "copies": ["copy"]}, ["copy"])
    assert "copy of made" in found.diagnostics[0].message


def test_within_one_second_the_smaller_id_is_the_older() -> None:
    assert groups(world(managed(BOT, id="b"), managed(BOT, id="a"))) == {"owned": ["a"], "copies": ["b"]}


def test_a_copy_of_a_double_create_is_a_copy_and_not_ours() -> None:
    found = world(
        managed(BOT, id="first", created=1, nonce="a" * 8),
        managed(BOT, id="second", created=2, nonce="b" * 8),
        managed(BOT, id="copy", created=3, nonce="b" * 8),
    )
    assert groups(found) == {"owned": ["first"], "duplicates": ["second"], "copies": ["copy"]}


def test_a_copy_is_known_by_its_nonce_even_where_its_original_bears_another_address() -> None:
    found = world(
        managed(desired("renamed"), id="made", created=1, nonce="n" * 8),
        managed(BOT, id="copy", created=2, nonce="n" * 8),
    )
    assert (groups(found), codes(found)) == ({"owned": ["made"], "copies": ["copy"]}, ["copy"])
    assert "copy of made" in found.diagnostics[0].message


def test_of_two_objects_with_a_former_name_the_second_is_left_alone() -> None:
    """Else a run that is killed once the first has moved would end in another world than one that is not."""
    first = managed(BOT, id="first", created=1, nonce="a" * 8, project="old")
    second = managed(BOT, id="second", created=2, nonce="b" * 8, project="old")
    moved = managed(BOT, id="first", created=1, nonce="a" * 8)
    for one in (first, moved):
        assert groups(world(one, second, formerly=("old",))) == {"owned": ["first"], "copies": ["second"]}


def test_an_object_with_half_a_marker_is_ours_by_its_address_and_reported() -> None:
    for text in ("damaged", "", None, "1 short"):
        found = world(replace(managed(BOT), marker_applied=text))
        assert (groups(found), codes(found)) == ({"owned": ["asst_bot"]}, ["marker-damaged"])
        assert found.owned[at("bot")].applied is None


def test_an_address_that_cannot_be_read_is_left_alone_and_reported() -> None:
    for text in ("", "nonsense", "demo/dev/Assistant/BOT", "demo/dev/VectorStore/bot", "demo/dev/Assistant/bot\n"):
        found = world(replace(managed(BOT), marker_address=text))
        assert (groups(found), codes(found)) == ({"foreign": ["asst_bot"]}, ["marker-unreadable"])
        assert [live.remote_id for live in found.unreadable] == ["asst_bot"]


def test_an_address_that_cannot_be_read_may_be_anybodys_unless_it_names_another_scope() -> None:
    for text in ("old/dev/Assistant/BOT", "demo/dev/", "demo/dev", "x"):
        assert world(replace(managed(BOT), marker_address=text), formerly=("old",)).unreadable
    for text in ("rival/dev/Assistant/BOT", "demo/prod/?", "Demo/dev/Assistant/bot"):
        assert not world(replace(managed(BOT), marker_address=text)).unreadable
    assert not world(foreign("asst_x")).unreadable


NEWER = "2 k8sJ2mQx ?future"


@pytest.mark.parametrize(
    ("address", "applied"),
    [
        ("demo/dev/Assistant/bot", NEWER),
        ("old/dev/Assistant/bot", NEWER),
        ("demo/dev/Workflow/bot", "1 k8sJ2mQx"),
        ("demo/dev/eu/Assistant/bot", "1 k8sJ2mQx"),
        ("2 demo/dev/Assistant/bot", "1 k8sJ2mQx"),
        ("packed", NEWER),
        (None, NEWER),
    ],
)
def test_what_a_newer_retinue_wrote_is_an_error_if_it_may_be_ours(address: str | None, applied: str) -> None:
    live = replace(managed(BOT), marker_address=address, marker_applied=applied)
    with pytest.raises(NewerMarker) as error:
        decide([managed(desired("other")), live], "demo", "dev", ("Assistant",), ("old",))
    assert "asst_bot" in error.value.message
    assert "Upgrade" in (error.value.remedy or "")


@pytest.mark.parametrize(
    "address", ["rival/dev/Assistant/bot", "demo/prod/Assistant/bot", "2 rival/dev/x", "rival/dev/eu/Assistant/bot"]
)
def test_what_a_newer_retinue_wrote_for_another_scope_is_left_alone(address: str) -> None:
    found = world(replace(managed(BOT), marker_address=address, marker_applied=NEWER))
    assert not found.owned
    assert found.newer == {"asst_bot"}


def test_many_objects_of_a_newer_retinue_are_named_in_one_line() -> None:
    live = [replace(managed(wanted), marker_applied=NEWER) for wanted in fleet(8)]
    with pytest.raises(NewerMarker, match="and 3 more"):
        decide(live, "demo", "dev", KINDS)


def test_a_damaged_second_object_is_never_a_duplicate() -> None:
    found = world(managed(BOT, id="a", created=1), managed(BOT, id="b", created=2, damaged=True))
    assert groups(found) == {"owned": ["a"], "copies": ["b"]}


def test_beside_a_damaged_object_nothing_is_known_to_be_our_own_double_create() -> None:
    """The other one may be a copy of it from before the damage."""
    found = world(managed(BOT, id="made", created=1, damaged=True), managed(BOT, id="copy", created=2))
    assert groups(found) == {"owned": ["made"], "copies": ["copy"]}


def test_beside_an_object_whose_marker_was_written_anew_nothing_is_a_double_create_either() -> None:
    repaired, copy = managed(BOT, id="made", created=1, nonce=REPAIRED), managed(BOT, id="copy", created=2)
    again = managed(BOT, id="again", created=3, nonce=REPAIRED)
    assert groups(world(repaired, copy, again)) == {"owned": ["made"], "copies": ["again", "copy"]}
    other = managed(desired("other"), id="other", created=4, nonce=REPAIRED)
    assert groups(world(repaired, other)) == {"owned": ["made", "other"]}


def test_a_former_name_of_the_project_is_ours() -> None:
    old = managed(BOT, project="old")
    assert groups(world(old)) == {"elsewhere": ["asst_bot"]}
    found = world(old, formerly=("older", "old"))
    assert groups(found) == {"owned": ["asst_bot"]}
    assert found.owned[at("bot")].owner.project == "old"


def test_the_present_name_wins_over_a_former_one_and_newer_names_over_older() -> None:
    now = managed(BOT, id="now", created=3, nonce="a" * 8)
    old = managed(BOT, id="old", created=2, nonce="b" * 8, project="old")
    older = managed(BOT, id="older", created=1, nonce="c" * 8, project="older")
    assert groups(world(older, old, now, formerly=("old", "older"))) == {"owned": ["now"], "copies": ["old", "older"]}
    assert groups(world(older, old, formerly=("old", "older"))) == {"owned": ["old"], "copies": ["older"]}


def test_a_former_name_in_another_environment_is_elsewhere() -> None:
    live = managed(BOT, project="old", environment="prod")
    assert groups(world(live, formerly=("old",))) == {"elsewhere": ["asst_bot"]}


_owners = st.sampled_from(
    [
        None,
        "",
        "rubbish",
        *(f"{p}/{e}/Assistant/{n}" for p in ("demo", "old", "other") for e in ("dev", "prod") for n in ("a", "b")),
    ]
)
_applied = st.sampled_from([None, "", "rubbish", "1 aaaaaaaa", "1 bbbbbbbb !p", "1 cccccccc =123456789012 mabcdef"])
_worlds = st.lists(st.tuples(_owners, _applied, st.integers(0, 2)), max_size=8).map(
    lambda rows: [
        Live("Assistant", {}, remote_id=f"id{index}", created_at=age, marker_address=owner, marker_applied=applied)
        for index, (owner, applied, age) in enumerate(rows)
    ]
)


@given(_worlds)
def test_every_live_object_is_in_exactly_one_group(live: list[Live]) -> None:
    found = decide(live, "demo", "dev", KINDS, ("old",))
    ids = sorted(remote_id for members in groups(found).values() for remote_id in members)
    assert ids == sorted(resource.remote_id or "" for resource in live)


@given(_worlds, st.randoms(use_true_random=False))
def test_the_order_of_the_list_never_matters(live: list[Live], shuffle: random.Random) -> None:
    shuffled = list(live)
    shuffle.shuffle(shuffled)
    assert decide(shuffled, "demo", "dev", KINDS, ("old",)) == decide(live, "demo", "dev", KINDS, ("old",))


@given(_worlds)
def test_what_may_be_deleted_as_a_duplicate_has_a_nonce_of_its_own(live: list[Live]) -> None:
    found = decide(live, "demo", "dev", KINDS, ("old",))
    for claim in found.duplicates:
        kept = found.owned[claim.address]
        assert claim.applied is not None and kept.applied is not None
        assert claim.applied.nonce != kept.applied.nonce
        assert claim.owner == kept.owner
        assert (kept.created_at, kept.remote_id) < (claim.created_at, claim.remote_id)
