"""The mappers alone: any assistant that the server may answer, and what an update of it sends."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.providers.base import Marker
from retinue.providers.langgraph import PROVIDER
from retinue.providers.langgraph.graphs import known_graphs
from retinue.providers.langgraph.mapping import create_body, id_of, is_system, scope_of, to_live, update_body

ADDRESS = "demo/dev/Assistant/tutor"
MARKER = Marker(ADDRESS, "1 k8sJ2mQx")


def raw(**more: Any) -> dict[str, Any]:
    return {"assistant_id": "x", "graph_id": "agent", "context": {}, "metadata": {}, "name": "Untitled", **more}


def test_ids_are_of_the_address_and_of_the_attempt_and_stay_the_same_for_good() -> None:
    assert id_of(ADDRESS, 0) == "1c844479-14c9-50b5-ae0a-5b310622239a"
    assert len({id_of(ADDRESS, 0), id_of(ADDRESS, 1), id_of("demo/prod/Assistant/tutor", 0)}) == 3


def test_the_scope_is_project_and_environment() -> None:
    assert scope_of(ADDRESS) == "demo/dev"


def test_an_assistant_with_our_marker_is_never_the_servers_own() -> None:
    assert is_system(raw(metadata={"created_by": "system"}))
    assert not is_system(raw(metadata={"created_by": "system", "retinue.address": ADDRESS}))
    assert not is_system(raw(metadata={"created_by": "me"}))


@pytest.mark.parametrize("value", [7, True, {"a": 1}, ["x"]])
def test_a_value_that_a_field_cannot_be_stays_in_the_context(value: Any) -> None:
    live = to_live(raw(context={"system_prompt": value, "temperature": True, "top_p": 0.5}))
    assert "instructions" not in live.spec and live.spec["top_p"] == 0.5
    assert live.spec["providers"]["langgraph"]["context"] == {"system_prompt": value, "temperature": True}
    assert update_body(live, {}, None) == {}


def test_the_map_of_a_live_object_is_its_own() -> None:
    live = to_live(raw(context={"prompt": "Be kind."}, metadata={"retinue.context_keys": {"instructions": "prompt"}}))
    assert live.spec["instructions"] == "Be kind." and live.spec["metadata"] == {}
    assert live.spec["providers"]["langgraph"] == {"graph_id": "agent", "context_keys": {"instructions": "prompt"}}


def test_nothing_that_differs_is_no_request() -> None:
    spec = {
        "name": "T",
        "description": "d",
        "model": "m",
        "metadata": {"a": "b"},
        "providers": {"langgraph": {"graph_id": "g"}},
    }
    live = to_live({**create_body(spec, MARKER, "x"), "version": 1})
    assert live.spec == spec
    assert update_body(live, {}, MARKER) == {}
    assert update_body(live, dict(spec), MARKER) == {}


def test_taking_the_marker_away_leaves_the_rest_and_the_map() -> None:
    live = to_live(
        raw(
            metadata={
                "a": "b",
                "n": 7,
                "retinue.address": ADDRESS,
                "retinue.applied": "1 k8sJ2mQx",
                "retinue.scope": "demo/dev",
            }
        )
    )
    body = update_body(live, {}, None)
    assert body == {"metadata": {"retinue.address": None, "retinue.applied": None, "retinue.scope": None}}


def test_known_graphs_are_read_out_of_a_refusal_also_a_cut_one() -> None:
    assert known_graphs("404: Graph 'x' not found. Expected one of: ['a', 'b']") == ["a", "b"]
    assert known_graphs("404: Graph 'x' not found. Expected one of: ['a', 'b', 'c…") == ["a", "b"]
    assert known_graphs("404: Not Found") is None


@pytest.mark.parametrize(
    ("context", "configurable", "instructions", "other"),
    [("new", "new", "new", None), ("new", "old", "old", "new"), (None, "old", "old", None), ("new", None, "new", None)],
)
def test_what_counts_is_the_copy_that_versions_set_and_the_other_is_named(
    context: str | None, configurable: str | None, instructions: str, other: str | None
) -> None:
    def copy(value: str | None) -> dict[str, str]:
        return {"system_prompt": value} if value else {}

    live = to_live(raw(context=copy(context), config={"configurable": copy(configurable), "tags": ["x"]}))
    assert live.spec["instructions"] == instructions
    same = context == configurable
    assert live.spec["providers"]["langgraph"].get("not_mirrored") == (None if same else {"system_prompt": other})
    body = update_body(live, {"providers": {"langgraph": {"graph_id": "agent"}}}, None)
    assert body == ({} if same else {"context": {"system_prompt": instructions}, "config": {"tags": ["x"]}})
    assert "not_mirrored" not in PROVIDER.exported(live)["providers"]["langgraph"]


@pytest.mark.parametrize("strange", [None, 7, [], {"configurable": 3}, {"configurable": None}, {"configurable": {}}])
def test_a_config_that_holds_no_copy(strange: Any) -> None:
    assert to_live(raw(config=strange)).spec["providers"]["langgraph"] == {"graph_id": "agent"}


def test_the_last_value_is_cleared_in_both_places() -> None:
    live = to_live(raw(context={"model": "m"}, config={"configurable": {"model": "m"}, "recursion_limit": 5}))
    body = update_body(live, {"model": None}, None)
    assert body == {"context": {}, "config": {"configurable": {}, "recursion_limit": 5}}
