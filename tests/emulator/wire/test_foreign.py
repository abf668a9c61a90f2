"""Objects that others made, with what this API never makes: they are read, listed, modified and deleted like any."""

from __future__ import annotations

from typing import Any

import pytest

from ..client import Api, good

FOREIGN: dict[str, dict[str, Any]] = {
    "unknown keys": {"hybrid": {"a": [1]}, "reasoning_effort": "low"},
    "v1": {"tools": [{"type": "retrieval"}], "file_ids": ["file-a"]},
    "nulls": {"metadata": None, "tool_resources": None, "tools": None, "temperature": None, "response_format": None},
    "odd tools": {"tools": [{"type": "bing_grounding", "x": 1}, {}]},
    "over the limits": {"name": "n" * 300, "metadata": {f"k{number}": "" for number in range(20)}},
}


@pytest.mark.parametrize("case", FOREIGN)
def test_a_modify_keeps_what_it_does_not_know(api: Api, case: str) -> None:
    raw = {"id": "asst_foreign", "created_at": 5, **FOREIGN[case]}
    api.emulator.seed(raw)
    before = good(api.get("asst_foreign"))
    assert {name: before[name] for name in raw} == raw
    after = good(api.modify("asst_foreign", description="new"))
    assert {name: after[name] for name, value in raw.items() if value} == {
        name: value for name, value in raw.items() if value
    }
    assert after["description"] == "new"
    assert good(api.list())["data"] == [after]
    assert good(api.delete("asst_foreign"))["deleted"]


def test_a_foreign_object_takes_metadata(api: Api) -> None:
    api.emulator.seed({"id": "asst_foreign", "metadata": None, "tool_resources": None})
    files = {"code_interpreter": {"file_ids": ["file-a"]}}
    after = good(api.modify("asst_foreign", metadata={"a": "b"}, tool_resources=files))
    assert (after["metadata"], after["tool_resources"]) == ({"a": "b"}, files)


@pytest.mark.parametrize("value", [[], None])
def test_the_wish_for_no_new_store_is_not_answered(api: Api, value: Any) -> None:
    search = {"vector_stores": value, "vector_store_ids": ["vs_1"]}
    made = api.created(tool_resources={"file_search": search})
    assert made["tool_resources"] == {"file_search": {"vector_store_ids": ["vs_1"]}}
