"""Lists that lag, or whose pages repeat or miss an entry, on request."""

from __future__ import annotations

from collections.abc import Callable

from retinue_emulator.faults import Fault

from ..client import Api, Clock, good


def seed(api: Api, *times: int) -> list[str]:
    """Objects with these creation times; returns their ids, oldest first, in order of creation within a second."""
    keys = [(time, number, f"asst_{number}") for number, time in enumerate(times)]
    for time, _, key in keys:
        api.emulator.seed({"id": key, "created_at": time})
    return [key for *_, key in sorted(keys)]


def test_an_unknown_cursor_may_give_an_empty_page(make: Callable[..., Api]) -> None:
    api = make(unknown_cursor="empty")
    seed(api, 1, 2, 3)
    page = good(api.list(after="asst_gone"))
    assert (page["data"], page["has_more"]) == ([], False)


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
