"""Lists: the envelope, limits, order and cursors; a walk meets everything exactly once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue_emulator.app import Emulator

from .client import Api, good, in_process, refusal, refused


def seed(api: Api, *times: int) -> list[str]:
    """Assistants with these creation times; their ids, oldest first, by order of creation within a second."""
    keys = [(time, number, f"asst_{number}") for number, time in enumerate(times)]
    for time, _, key in keys:
        api.emulator.assistants.seed({"id": key, "created_at": time})
    return [key for *_, key in sorted(keys)]


def test_an_empty_list_has_null_ids_and_the_envelope_its_order(api: Api) -> None:
    empty: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert list(good(api.list()).items()) == list(empty.items())


def test_a_list_has_the_newest_twenty_first_unless_told_otherwise(api: Api) -> None:
    keys = seed(api, *range(21))
    page = good(api.list())
    assert [item["id"] for item in page["data"]] == keys[:0:-1]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (keys[20], keys[1], True)
    assert api.ids(order="asc") == keys[:20]


def test_an_entry_of_a_list_is_the_object_as_it_is_read(api: Api) -> None:
    made = api.created(name="n", tools=[{"type": "file_search"}])
    assert good(api.list())["data"] == [made] == [good(api.get(made["id"]))]


def test_what_was_created_within_one_second_is_in_order_of_creation_or_of_id(make: Callable[..., Api]) -> None:
    """The documents say nothing of it; either order is total, so that a walk by pages meets everything once."""
    times = {"asst_b": 1, "asst_c": 1, "asst_a": 1, "asst_0": 2, "asst_z": 0}
    for ties, expected in (("creation", "zbca0"), ("id", "zabc0")):
        api = make(ties=ties)
        for key, time in times.items():
            api.emulator.seed({"id": key, "created_at": time})
        keys = [f"asst_{letter}" for letter in expected]
        assert api.walk(order="asc", limit=1) == api.walk(order="asc", limit=2) == keys
        assert api.walk(limit=2) == keys[::-1]
        assert api.ids(order="asc", before=keys[3], limit=2) == keys[1:3]
        assert api.ids(before=keys[1], limit=2) == keys[3:1:-1]


def test_a_page_that_is_just_full_has_no_more(api: Api) -> None:
    seed(api, *range(5))
    assert [good(api.list(limit=limit))["has_more"] for limit in (4, 5, 6)] == [True, False, False]


@pytest.mark.parametrize("limit", [1, 100])
def test_the_bounds_of_limit_are_accepted(api: Api, limit: int) -> None:
    seed(api, *range(101))
    assert len(api.ids(limit=limit)) == limit


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"limit": 0}, "integer_below_min_value"),
        ({"limit": -1}, "integer_below_min_value"),
        ({"limit": 101}, "integer_above_max_value"),
        ({"limit": "9" * 30}, "invalid_type"),
        ({"limit": "ten"}, "invalid_type"),
        ({"limit": "1.0"}, "invalid_type"),
        ({"limit": "٣"}, "invalid_type"),
        ({"limit": ""}, "invalid_type"),
        ({"order": "ASC"}, "invalid_value"),
        ({"order": ""}, "invalid_value"),
        ({"after": "asst_none"}, "invalid_value"),
        ({"before": "asst_none"}, "invalid_value"),
    ],
    ids=str,
)
def test_a_bad_parameter_is_refused(api: Api, query: dict[str, Any], code: str) -> None:
    assert refusal(api.list(**query)) == (400, code, next(iter(query)))


def test_a_limit_out_of_bounds_is_refused_in_the_words_of_the_service(api: Api) -> None:
    assert refused(api.list(limit=101)).message == (
        "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead."
    )


def test_before_is_the_page_that_ends_just_ahead_of_it(api: Api) -> None:
    keys = seed(api, *range(10))
    page = good(api.list(before=keys[7], order="asc", limit=3))
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (keys[4:7], True)
    page = good(api.list(before=keys[7], order="desc", limit=3))
    assert ([item["id"] for item in page["data"]], page["has_more"]) == ([keys[9], keys[8]], False)


def test_after_and_before_together_give_what_lies_between(api: Api) -> None:
    keys = seed(api, *range(10))
    assert api.ids(after=keys[2], before=keys[6], order="asc") == keys[3:6]
    assert api.ids(after=keys[6], before=keys[2], order="desc") == keys[5:2:-1]
    assert api.ids(after=keys[6], before=keys[2], order="asc") == []


def test_an_object_keeps_its_place_when_it_is_modified(api: Api) -> None:
    keys = seed(api, 5, 5, 5, 1)
    api.modified(keys[1], name="other")
    assert api.ids(order="asc") == keys


def test_a_walk_survives_the_deletion_of_what_it_has_passed_and_meets_what_is_new(api: Api) -> None:
    keys = seed(api, *range(6))
    first = api.ids(order="asc", limit=2)
    api.delete(keys[0])
    late = api.created()["id"]
    assert first + api.walk(order="asc", limit=2, after=first[-1]) == [*keys, late]


TIMES = st.lists(st.integers(0, 4), max_size=25)


@given(times=TIMES, limit=st.integers(1, 100) | st.integers(1, 6), order=st.sampled_from(["asc", "desc"]))
def test_a_walk_meets_everything_exactly_once_whatever_the_limit_and_equal_times(
    times: list[int], limit: int, order: str
) -> None:
    emulator = Emulator()
    with in_process(emulator) as api:
        keys = seed(api, *times)
        found = api.walk(limit=limit, order=order)
    emulator.close()
    assert found == (keys if order == "asc" else keys[::-1])


@given(times=TIMES, limit=st.integers(1, 6), order=st.sampled_from(["asc", "desc"]))
def test_a_walk_by_before_meets_everything_exactly_once_backwards(times: list[int], limit: int, order: str) -> None:
    emulator = Emulator()
    with in_process(emulator) as api:
        keys = seed(api, *times, 9 if order == "asc" else -9)
        query: dict[str, Any] = {"limit": limit, "order": order}
        found = [keys[-1] if order == "asc" else keys[0]]
        while True:
            page = good(api.list(before=found[0], **query))
            found = [item["id"] for item in page["data"]] + found
            if not page["has_more"]:
                break
    emulator.close()
    assert found == (keys if order == "asc" else keys[::-1])
