"""Assistants: what is answered, what is refused and how, what a modify keeps, clears and merges."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .client import START, Api, Clock, Refusal, good, refusal, refused

Make = Callable[..., Api]

# --- create


def test_a_create_with_a_model_only_fills_in_every_default_in_the_order_of_the_service(api: Api) -> None:
    found = api.created()
    key = found.pop("id")
    assert key.startswith("asst_")
    assert len(key) == 29
    assert json.dumps(found) == json.dumps(
        {
            "object": "assistant",
            "created_at": int(START),
            "name": None,
            "description": None,
            "model": "gpt-4o",
            "instructions": None,
            "tools": [],
            "top_p": 1.0,
            "temperature": 1.0,
            "tool_resources": {},
            "metadata": {},
            "response_format": "auto",
        }
    )
    assert good(api.get(key)) == {"id": key, **found}


def test_numbers_are_answered_as_floats(api: Api) -> None:
    text = api.client.post("/assistants", json={"model": "m", "temperature": 2, "top_p": 0}).text
    assert '"temperature": 2.0' in text
    assert '"top_p": 0.0' in text


def test_every_string_comes_back_as_it_was_sent(api: Api) -> None:
    text = "Grüße 👩‍👩‍👧 \x00\t\r\n \u2028 \ufeff"
    found = api.created(name=text, description=text, instructions=text, metadata={text: text, "": ""})
    assert [found[name] for name in ("name", "description", "instructions", "metadata")] == [
        text,
        text,
        text,
        {text: text, "": ""},
    ]


def test_two_creates_with_one_name_make_two_assistants(api: Api) -> None:
    assert api.created(name="a")["id"] != api.created(name="a")["id"]


FILLED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "code_interpreter": (
        {"type": "code_interpreter"},
        {"type": "code_interpreter"},
        {"code_interpreter": {"file_ids": []}},
    ),
    "bare file_search": (
        {"type": "file_search"},
        {
            "type": "file_search",
            "file_search": {
                "max_num_results": 20,
                "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.0},
            },
        },
        {"file_search": {"vector_store_ids": []}},
    ),
    "bare function": (
        {"type": "function", "function": {"name": "f"}},
        {"type": "function", "function": {"parameters": {}, "strict": False, "name": "f"}},
        {},
    ),
}


@pytest.mark.parametrize(("sent", "answered", "resources"), FILLED.values(), ids=FILLED.keys())
def test_a_tool_is_answered_with_what_the_service_fills_in(
    api: Api, sent: dict[str, Any], answered: dict[str, Any], resources: dict[str, Any]
) -> None:
    found = api.created(tools=[sent])
    assert found["tools"] == [answered]
    assert found["tool_resources"] == resources


def test_file_search_finds_fewer_results_with_gpt_3_5(api: Api) -> None:
    found = api.created(model="gpt-3.5-turbo", tools=[{"type": "file_search"}])
    assert found["tools"][0]["file_search"]["max_num_results"] == 5


PARAMETERS = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def test_given_values_win_over_what_would_be_filled_in_and_tools_keep_their_order(api: Api) -> None:
    search = {"max_num_results": 7, "ranking_options": {"ranker": "auto", "score_threshold": 0.5}}
    function = {"name": "f", "description": "d", "parameters": PARAMETERS, "strict": True}
    tools = [
        {"type": "function", "function": function},
        {"type": "file_search", "file_search": search},
        {"type": "code_interpreter"},
    ]
    assert api.created(tools=tools)["tools"] == tools


def test_a_json_schema_format_is_not_strict_unless_it_says_so(api: Api) -> None:
    schema = {"name": "s", "schema": {"type": "object"}}
    found = api.created(response_format={"type": "json_schema", "json_schema": schema})
    assert found["response_format"] == {"type": "json_schema", "json_schema": {**schema, "strict": False}}


@pytest.mark.parametrize("value", ["auto", {"type": "text"}, {"type": "json_object"}], ids=str)
def test_a_plain_format_is_answered_as_it_was_sent(api: Api, value: object) -> None:
    assert api.created(response_format=value)["response_format"] == value


def test_null_in_a_create_means_the_default(api: Api) -> None:
    nulls = ("name", "description", "instructions", "temperature", "top_p", "metadata", "tool_resources")
    plain = api.created()
    found = api.created(**dict.fromkeys((*nulls, "response_format", "reasoning_effort")))
    assert {**found, "id": ""} == {**plain, "id": ""}


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max", None])
def test_reasoning_effort_is_accepted_and_never_answered(api: Api, effort: str | None) -> None:
    key = api.created(reasoning_effort=effort)["id"]
    answers = [good(api.get(key)), api.modified(key, reasoning_effort=effort), good(api.list())["data"][0]]
    assert [answer for answer in answers if "reasoning_effort" in answer] == []


def test_a_new_vector_store_is_made_at_every_create_and_only_its_id_answered(api: Api) -> None:
    api.emulator.seed({"object": "file", "id": "file-1", "filename": "handbook.md"})
    helper: dict[str, Any] = {"file_search": {"vector_stores": [{"file_ids": ["file-1"], "metadata": {"a": "b"}}]}}
    made = [api.created(tool_resources=helper)["tool_resources"]["file_search"] for _ in range(2)]
    assert [list(search) for search in made] == [["vector_store_ids"]] * 2
    assert made[0] != made[1]
    assert made[0]["vector_store_ids"][0].startswith("vs_")
    assert len(api.ids()) == 2


# --- modify

EVERYTHING: dict[str, Any] = {
    "name": "n",
    "description": "d",
    "instructions": "i",
    "tools": [{"type": "code_interpreter"}],
    "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}},
    "metadata": {"a": "1", "b": "2"},
    "temperature": 0.5,
    "top_p": 0.25,
    "response_format": {"type": "json_object"},
}


def test_a_modify_keeps_every_field_that_it_leaves_out(api: Api, clock: Clock) -> None:
    before = api.created(**EVERYTHING)
    clock.sleep(100)
    after = api.modified(before["id"], name="other")
    assert after == {**before, "name": "other"}
    assert list(after) == list(before)
    assert api.modified(before["id"]) == after == good(api.get(before["id"]))


NULLED: dict[str, Any] = {
    "name": None,
    "description": None,
    "instructions": None,
    "temperature": 1.0,
    "top_p": 1.0,
    "response_format": "auto",
    "metadata": {},
    "tool_resources": {"code_interpreter": {"file_ids": []}},
}


@pytest.mark.parametrize("name", NULLED)
def test_null_in_a_modify_brings_the_default_back(api: Api, name: str) -> None:
    before = api.created(**EVERYTHING)
    assert api.modified(before["id"], **{name: None}) == {**before, name: NULLED[name]}


@pytest.mark.parametrize("name", NULLED)
def test_null_keeps_the_old_value_or_is_refused_when_the_service_is_like_that(make: Make, name: str) -> None:
    keeping, refusing = make(null="keep"), make(null="refuse")
    before = keeping.created(**EVERYTHING)
    assert keeping.modified(before["id"], **{name: None}) == before
    key = refusing.created(**EVERYTHING)["id"]
    found = refused(refusing.client.post(f"/assistants/{key}", json={name: None}))
    assert found[:3] == (400, "invalid_type", name)


@pytest.mark.parametrize("name", ["model", "tools"])
def test_null_is_refused_where_the_published_schema_has_none(api: Api, name: str) -> None:
    key = api.created(**EVERYTHING)["id"]
    assert refusal(api.client.post(f"/assistants/{key}", json={name: None})) == (400, "invalid_type", name)


@pytest.mark.parametrize("name", ["name", "description", "instructions"])
def test_an_empty_string_is_a_value_and_no_clearing(api: Api, name: str) -> None:
    key = api.created(**EVERYTHING)["id"]
    assert api.modified(key, **{name: ""})[name] == ""


def test_an_empty_list_removes_all_tools_and_keeps_their_resources(api: Api) -> None:
    before = api.created(**EVERYTHING)
    assert api.modified(before["id"], tools=[]) == {**before, "tools": []}


def test_members_of_tool_resources_are_overridden_one_by_one(api: Api) -> None:
    key = api.created(tool_resources={"file_search": {"vector_store_ids": ["vs_1"]}})["id"]
    found = api.modified(key, tool_resources={"code_interpreter": {"file_ids": ["file-1"]}})["tool_resources"]
    assert found == {"file_search": {"vector_store_ids": ["vs_1"]}, "code_interpreter": {"file_ids": ["file-1"]}}
    found = api.modified(key, tool_resources={"file_search": {"vector_store_ids": []}})["tool_resources"]
    assert found == {"file_search": {"vector_store_ids": []}, "code_interpreter": {"file_ids": ["file-1"]}}
    assert api.modified(key, tool_resources={})["tool_resources"] == {}


def test_empty_tool_resources_keep_the_old_ones_when_the_service_is_like_that(make: Make) -> None:
    api = make(empty_resources="keep")
    before = api.created(**EVERYTHING)
    assert api.modified(before["id"], tool_resources={}) == before


def test_a_modify_makes_no_vector_stores(api: Api) -> None:
    key = api.created()["id"]
    body: dict[str, Any] = {"tool_resources": {"file_search": {"vector_stores": [{}]}}}
    found = refused(api.client.post(f"/assistants/{key}", json=body))
    assert found[:3] == (400, "unknown_parameter", "tool_resources.file_search.vector_stores")


def test_metadata_keys_are_merged_and_an_empty_value_stays_a_key(api: Api) -> None:
    key = api.created(**EVERYTHING)["id"]
    assert api.modified(key, metadata={"b": "", "c": "3"})["metadata"] == {"a": "1", "b": "", "c": "3"}
    assert api.modified(key, metadata={})["metadata"] == {"a": "1", "b": "", "c": "3"}


def test_metadata_is_replaced_when_the_service_is_like_that(make: Make) -> None:
    api = make(metadata="replace")
    key = api.created(**EVERYTHING)["id"]
    assert api.modified(key, metadata={"b": "", "c": "3"})["metadata"] == {"b": "", "c": "3"}
    assert api.modified(key, metadata={})["metadata"] == {}


def test_merged_metadata_may_not_exceed_the_limit_and_then_nothing_is_changed(api: Api) -> None:
    before = api.created(metadata={f"k{number}": "" for number in range(10)})
    body = {"name": "n", "metadata": {f"j{number}": "" for number in range(7)}}
    found = refused(api.client.post(f"/assistants/{before['id']}", json=body))
    assert found[:3] == (400, "object_above_max_properties", "metadata")
    assert good(api.get(before["id"])) == before


@pytest.mark.parametrize("verb", ["PUT", "PATCH", "HEAD"])
def test_only_post_modifies(api: Api, verb: str) -> None:
    key = api.created()["id"]
    assert api.client.request(verb, f"/assistants/{key}", json={"name": "n"}).status_code == 405
    assert good(api.get(key))["name"] is None


# --- delete, and what is not there


def test_a_delete_answers_the_id_and_the_second_one_404(api: Api) -> None:
    key = api.created()["id"]
    found = api.client.delete(f"/assistants/{key}")
    assert (found.status_code, found.json()) == (200, {"id": key, "object": "assistant.deleted", "deleted": True})
    expected = Refusal(404, None, None, f"No assistant found with id '{key}'.")
    assert refused(api.client.delete(f"/assistants/{key}")) == expected
    assert refused(api.client.get(f"/assistants/{key}")) == expected
    assert refused(api.client.post(f"/assistants/{key}", json={"name": "n"})) == expected


def test_a_vector_store_is_no_assistant(api: Api) -> None:
    helper: dict[str, Any] = {"file_search": {"vector_stores": [{}]}}
    key = api.created(tool_resources=helper)["tool_resources"]["file_search"]["vector_store_ids"][0]
    assert refused(api.client.get(f"/assistants/{key}")).status == 404


# --- seeding


def test_a_seeded_object_is_answered_as_it_is_with_the_rest_filled_in(api: Api) -> None:
    key = api.emulator.assistants.seed({"id": "asst_1", "name": "n" * 300, "created_at": 5, "new_field": [1, None]})
    found = good(api.get(key))
    assert key == "asst_1"
    assert {name: found[name] for name in ("name", "created_at", "new_field", "model", "tools")} == {
        "name": "n" * 300,
        "created_at": 5,
        "new_field": [1, None],
        "model": "gpt-4o",
        "tools": [],
    }
    assert api.ids() == ["asst_1"]


def test_only_known_kinds_can_be_seeded(api: Api) -> None:
    assert api.emulator.seed({"object": "assistant"}).startswith("asst_")
    with pytest.raises(ValueError, match="'thread'"):
        api.emulator.seed({"object": "thread"})
