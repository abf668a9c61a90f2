"""Pages: a total order, every object exactly once, the documented envelope, and lists that lag or err on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retinue.emulator.app import Emulator
from retinue.emulator.faults import Behaviour, Fault

from .client import Api, Clock, good, in_process, refusal


def seed(api: Api, *times: int) -> list[str]:
    """Objects with these creation times; returns their ids, oldest first, in order of creation within a second."""
    keys = [(time, number, f"asst_{number}") for number, time in enumerate(times)]
    for time, _, key in keys:
        api.emulator.seed({"id": key, "created_at": time})
    return [key for *_, key in sorted(keys)]


def test_an_empty_list_has_null_ids(api: Api) -> None:
    empty = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert good(api.list()) == empty
    assert list(good(api.list())) == list(empty)


def test_the_newest_come_first_twenty_to_a_page(api: Api) -> None:
    keys = seed(api, *range(21))[::-1]
    page = good(api.list())
    assert [item["id"] for item in page["data"]] == keys[:20]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (keys[0], keys[19], True)
    rest = good(api.list(after=keys[19]))
    assert ([item["id"] for item in rest["data"]], rest["has_more"]) == (keys[20:], False)


def test_a_page_that_is_just_full_has_no_more(api: Api) -> None:
    seed(api, *range(20))
    assert good(api.list())["has_more"] is False


def test_objects_of_one_second_are_in_order_of_creation(api: Api) -> None:
    made = [api.created()["id"] for _ in range(30)]
    assert api.walk(order="asc", limit=7) == made
    assert api.walk(order="desc", limit=7) == made[::-1]


def test_before_is_the_page_that_ends_just_ahead(api: Api) -> None:
    keys = seed(api, *range(10))
    page = good(api.list(order="asc", before=keys[7], limit=3))
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (keys[4:7], True)
    page = good(api.list(order="asc", before=keys[3], limit=3))
    assert ([item["id"] for item in page["data"]], page["has_more"]) == (keys[:3], False)
    assert api.ids(order="asc", before=keys[0]) == []
    assert api.ids(order="desc", before=keys[7], limit=2) == [keys[9], keys[8]]
    assert api.ids(order="asc", after=keys[1], before=keys[4]) == keys[2:4]


@pytest.mark.parametrize(
    ("query", "code", "param"),
    [
        ({"limit": "0"}, "integer_below_min_value", "limit"),
        ({"limit": "-1"}, "integer_below_min_value", "limit"),
        ({"limit": "101"}, "integer_above_max_value", "limit"),
        ({"limit": "ten"}, "invalid_type", "limit"),
        ({"limit": "1.5"}, "invalid_type", "limit"),
        ({"limit": ""}, "invalid_type", "limit"),
        ({"limit": "٣"}, "invalid_type", "limit"),
        ({"limit": "9" * 5000}, "invalid_type", "limit"),
        ({"order": "up"}, "invalid_value", "order"),
        ({"after": "asst_none"}, "invalid_value", "after"),
        ({"before": "asst_none"}, "invalid_value", "before"),
    ],
)
def test_a_bad_query_is_refused(api: Api, query: dict[str, Any], code: str, param: str) -> None:
    assert refusal(api.list(**query)) == (400, code, param)


def test_an_unknown_cursor_may_give_an_empty_page(make: Callable[..., Api]) -> None:
    api = make(unknown_cursor="empty")
    seed(api, 1, 2, 3)
    page = good(api.list(after="asst_gone"))
    assert (page["data"], page["has_more"]) == ([], False)


@settings(max_examples=40)
@given(
    times=st.lists(st.integers(0, 5), max_size=40),
    limit=st.integers(1, 100),
    order=st.sampled_from(["asc", "desc"]),
)
def test_every_walk_meets_every_object_once_and_in_order(times: list[int], limit: int, order: str) -> None:
    emulator = Emulator()
    with in_process(emulator) as api:
        expected = seed(api, *times)[:: 1 if order == "asc" else -1]
        assert api.walk(limit=limit, order=order) == expected
        assert _backwards(api, limit, order) == expected
    emulator.close()


def _backwards(api: Api, limit: int, order: str) -> list[str]:
    """Every id by `before`, from the end of the list."""
    found = api.ids(limit=1, order="desc" if order == "asc" else "asc")
    while found:
        page = good(api.list(limit=limit, order=order, before=found[0]))
        found = [item["id"] for item in page["data"]] + found
        if not page["has_more"]:
            break
    return found


def test_a_walk_misses_nothing_that_stays_while_others_come_and_go(api: Api) -> None:
    keys = seed(api, *range(20))
    found = api.ids(limit=10, order="asc")
    api.delete(keys[0])
    api.delete(keys[15])
    api.created()
    rest = api.ids(limit=10, order="asc", after=found[-1])
    assert rest[:9] == [*keys[10:15], *keys[16:20]]


# --- misbehaviour


def test_a_created_object_can_be_in_no_list_for_a_time(make: Callable[..., Api], clock: Clock) -> None:
    api = make(lag_seconds=5)
    key = api.created()["id"]
    assert (api.ids(), good(api.get(key))["id"]) == ([], key)
    clock.sleep(4.9)
    assert api.ids() == []
    clock.sleep(0.1)
    assert api.ids() == [key]


def test_a_created_object_can_be_in_no_list_for_some_requests(make: Callable[..., Api]) -> None:
    api = make(lag_lists=2)
    old = api.emulator.seed({"id": "asst_old", "created_at": 1})
    key = api.created()["id"]
    assert [api.ids() for _ in range(3)] == [[old], [old], [key, old]]


def test_hidden_objects_leave_no_hole_in_a_page(make: Callable[..., Api]) -> None:
    api = make(lag_seconds=5)
    keys = seed(api, 1, 2, 3)
    for _ in range(5):
        api.created()
    page = good(api.list(limit=2))
    assert ([item["id"] for item in page["data"]], page["has_more"]) == ([keys[2], keys[1]], True)


def test_a_page_can_repeat_an_entry(api: Api) -> None:
    keys = seed(api, *range(6))
    api.emulator.faults.on("GET /v1/assistants$", Fault("repeat"), after=1)
    assert api.walk(order="asc", limit=3) == [*keys[:3], keys[2], *keys[3:]]


def test_a_page_can_miss_an_entry(api: Api) -> None:
    keys = seed(api, *range(6))
    api.emulator.faults.on("GET /v1/assistants$", Fault("miss"), after=1)
    assert api.walk(order="asc", limit=3) == [*keys[:3], *keys[4:]]
    assert api.walk(order="asc", limit=3) == keys


def test_a_test_may_change_every_page(api: Api) -> None:
    keys = seed(api, 1, 2, 3)
    api.emulator.behaviour = Behaviour(page_filter=lambda rows: rows[::-1])
    assert api.ids() == keys
