"""Every row of Azure's reference of assistants (2024-05-01-preview, in Spanish), one test each, in its order.

What the reference says of `file_ids` holds for the version before; docs/providers/azure-openai.md says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..cli.conftest import World
from ..emulator.client import Clock
from .conftest import FIRST, LATER, SECOND, Azure, good, of_gateway, refusal

Connect = Callable[..., Azure]
each_version = pytest.mark.parametrize("both", [FIRST, SECOND, LATER], indirect=True)
FUNCTION = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
NOTHING_THERE = (404, "Resource not found")


def has(client: Azure, key: str, name: str) -> Any:
    return client.get(key)[name]


# --- the notes


def test_note_file_search_is_a_tool_since_2024_05_01(first: Azure, second: Azure) -> None:
    tools = [{"type": "file_search"}]
    assert second.created(tools=tools)["tools"] == tools
    assert refusal(first.create(tools=tools)) == (400, "invalid_value", "tools[0].type")


def test_note_a_vector_store_is_attached_by_its_id(second: Azure) -> None:
    resources = {"file_search": {"vector_store_ids": ["vs_1"]}}
    made = second.created(tools=[{"type": "file_search"}], tool_resources=resources)
    assert made["tool_resources"] == resources


def test_note_tool_choice_belongs_to_runs_and_not_to_assistants(second: Azure) -> None:
    assert refusal(second.create(tool_choice="auto")) == (400, "unknown_parameter", "tool_choice")


# --- create an assistant


@each_version
def test_create_is_a_post_to_the_resource_with_the_api_version(both: Azure) -> None:
    assert both.created()["object"] == "assistant"


@each_version
def test_create_model_is_required(both: Azure) -> None:
    answer = both.client.post("assistants", json={"name": "A"})
    assert refusal(answer) == (400, "missing_required_parameter", "model")


@each_version
def test_create_model_is_the_name_of_a_deployment(both: Azure) -> None:
    assert both.created(model="my own deployment")["model"] == "my own deployment"


@each_version
def test_create_name_has_at_most_256_characters(both: Azure) -> None:
    assert both.created(name="n" * 256)["name"] == "n" * 256
    assert refusal(both.create(name="n" * 257)) == (400, "string_above_max_length", "name")


@each_version
def test_create_name_can_be_null(both: Azure) -> None:
    assert both.created(name=None)["name"] is None


@each_version
def test_create_description_has_at_most_512_characters(both: Azure) -> None:
    assert both.created(description="n" * 512)["description"] == "n" * 512
    assert refusal(both.create(description="n" * 513)) == (400, "string_above_max_length", "description")


def test_create_description_by_its_translated_name_is_unknown(second: Azure) -> None:
    assert refusal(second.create(descripción="d")) == (400, "unknown_parameter", "descripción")


def test_create_instructions_had_at_most_32768_characters_in_2024_02_15(first: Azure) -> None:
    assert first.created(instructions="n" * 32_768)["instructions"] == "n" * 32_768
    assert refusal(first.create(instructions="n" * 32_769)) == (400, "string_above_max_length", "instructions")


def test_create_instructions_have_at_most_256000_characters_since_2024_05_01(second: Azure) -> None:
    made = second.created(instructions="n" * 256_000)
    assert len(made["instructions"]) == 256_000
    assert refusal(second.modify(made["id"], instructions="n" * 32_769))[1:] == (
        "string_above_max_length",
        "instructions",
    )


def test_create_instructions_by_their_translated_name_are_unknown(second: Azure) -> None:
    assert refusal(second.create(detalladas="d")) == (400, "unknown_parameter", "detalladas")


@each_version
def test_create_tools_are_none_by_default(both: Azure) -> None:
    assert both.created()["tools"] == []


@each_version
def test_create_tools_are_at_most_128(both: Azure) -> None:
    assert len(both.created(tools=[FUNCTION] * 128)["tools"]) == 128
    assert refusal(both.create(tools=[FUNCTION] * 129)) == (400, "array_above_max_length", "tools")


@each_version
def test_create_tools_are_of_type_code_interpreter_or_function(both: Azure) -> None:
    made = both.created(tools=[{"type": "code_interpreter"}, FUNCTION])
    assert [tool["type"] for tool in made["tools"]] == ["code_interpreter", "function"]
    assert refusal(both.create(tools=[{"type": "retrieval"}])) == (400, "invalid_value", "tools[0].type")


@each_version
@pytest.mark.parametrize("name", ["name", "description", "parameters"])
def test_create_tools_of_type_function_need_all_three_members(both: Azure, name: str) -> None:
    function = {key: value for key, value in FUNCTION["function"].items() if key != name}  # type: ignore[attr-defined]
    answer = both.create(tools=[{"type": "function", "function": function}])
    assert refusal(answer) == (400, "missing_required_parameter", f"tools[0].function.{name}")


def test_create_file_ids_are_none_by_default(first: Azure) -> None:
    assert first.created()["file_ids"] == []


def test_create_file_ids_are_at_most_20(first: Azure) -> None:
    files = [f"assistant-{number:02}" for number in range(21)]
    assert first.created(file_ids=files[:20])["file_ids"] == files[:20]
    assert refusal(first.create(file_ids=files)) == (400, "array_above_max_length", "file_ids")


def test_create_file_ids_come_back_in_the_order_of_the_service(first: Azure) -> None:
    assert first.created(file_ids=["assistant-b", "assistant-a"])["file_ids"] == ["assistant-a", "assistant-b"]


def test_create_file_ids_are_unknown_since_2024_05_01(second: Azure) -> None:
    assert refusal(second.create(file_ids=[])) == (400, "unknown_parameter", "file_ids")


@each_version
def test_create_metadata_has_at_most_16_pairs(both: Azure) -> None:
    pairs = {str(number): "" for number in range(17)}
    assert refusal(both.create(metadata=pairs)) == (400, "object_above_max_properties", "metadata")
    del pairs["16"]
    assert both.created(metadata=pairs)["metadata"] == pairs


@each_version
def test_create_metadata_keys_have_at_most_64_characters_and_values_512(both: Azure) -> None:
    longest = {"k" * 64: "v" * 512}
    assert both.created(metadata=longest)["metadata"] == longest
    for pairs in ({"k" * 65: ""}, {"k": "v" * 513}):
        assert refusal(both.create(metadata=pairs))[:2] == (400, "string_above_max_length")


@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_create_temperature_and_top_p_are_1_by_default(second: Azure, name: str) -> None:
    assert second.created()[name] == 1


@pytest.mark.parametrize(("name", "most"), [("temperature", 2), ("top_p", 1)])
def test_create_temperature_is_0_to_2_and_top_p_0_to_1(second: Azure, name: str, most: int) -> None:
    assert [second.created(**{name: value})[name] for value in (0, most)] == [0, most]
    assert refusal(second.create(**{name: most + 0.1})) == (400, "decimal_above_max_value", name)
    assert refusal(second.create(**{name: -0.1})) == (400, "decimal_below_min_value", name)


def test_create_temperature_by_its_translated_name_is_unknown(second: Azure) -> None:
    assert refusal(second.create(temperatura=1)) == (400, "unknown_parameter", "temperatura")


@pytest.mark.parametrize("value", ["auto", {"type": "text"}, {"type": "json_object"}], ids=str)
def test_create_response_format_is_a_text_or_an_object(second: Azure, value: Any) -> None:
    assert second.created(response_format=value)["response_format"] == value


def test_create_response_format_of_type_json_schema_comes_with_2024_08_01(connect: Connect) -> None:
    value = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
    assert connect(LATER).created(response_format=value)["response_format"]["type"] == "json_schema"
    assert refusal(connect(SECOND).create(response_format=value)) == (400, "invalid_value", "response_format.type")


@pytest.mark.parametrize("field", ["temperature", "top_p", "response_format", "tool_resources"])
def test_create_knew_no_sampling_format_or_resources_in_2024_02_15(first: Azure, field: str) -> None:
    assert refusal(first.create(**{field: None})) == (400, "unknown_parameter", field)


# --- files of an assistant


def test_create_file_needs_the_id_of_an_assistant(first: Azure) -> None:
    answer = first.client.post("assistants/asst_none/files", json={"file_id": "assistant-1"})
    assert refusal(answer) == (404, None, None)


def test_create_file_needs_a_file_id(first: Azure) -> None:
    answer = first.client.post(f"assistants/{first.created()['id']}/files", json={})
    assert refusal(answer) == (400, "missing_required_parameter", "file_id")


def test_create_file_answers_an_assistant_file_and_attaches_it(first: Azure) -> None:
    key = first.created()["id"]
    assert first.attach(key, "assistant-abc123")["object"] == "assistant.file"
    assert has(first, key, "file_ids") == ["assistant-abc123"]


def test_create_file_stops_at_20(first: Azure) -> None:
    key = first.created(file_ids=[f"f{number}" for number in range(20)])["id"]
    answer = first.client.post(f"assistants/{key}/files", json={"file_id": "one-more"})
    assert refusal(answer) == (400, "array_above_max_length", "file_ids")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_files_of_an_assistant_answer_404_since_2024_05_01(second: Azure, method: str) -> None:
    key = second.created()["id"]
    assert of_gateway(second.client.request(method, f"assistants/{key}/files")) == NOTHING_THERE
    assert of_gateway(second.client.get(f"assistants/{key}/files/f")) == NOTHING_THERE


def test_list_files_limit_is_1_to_100_and_20_by_default(first: Azure) -> None:
    key = first.created(file_ids=[f"f{number:02}" for number in range(20)])["id"]
    assert [len(first.files(key, **query)["data"]) for query in ({}, {"limit": 1}, {"limit": 100})] == [20, 1, 20]
    for limit in (0, 101):
        assert first.client.get(f"assistants/{key}/files", params={"limit": limit}).status_code == 400


def test_list_files_order_is_by_creation_and_desc_by_default(first: Azure, clock: Clock) -> None:
    key = first.created()["id"]
    for file in ("c", "a", "b"):
        clock.time += 1
        first.attach(key, file)
    assert [item["id"] for item in first.files(key)["data"]] == ["b", "a", "c"]
    assert [item["id"] for item in first.files(key, order="asc")["data"]] == ["c", "a", "b"]


def test_list_files_after_and_before_are_ids(first: Azure) -> None:
    key = first.created(file_ids=["a", "b", "c", "d"])["id"]

    def ids(**query: Any) -> list[str]:
        return [item["id"] for item in first.files(key, order="asc", **query)["data"]]

    assert (ids(after="b"), ids(before="c"), ids(before="d", limit=1)) == (["c", "d"], ["a", "b"], ["c"])
    assert first.client.get(f"assistants/{key}/files", params={"after": "none"}).status_code == 400


def test_list_files_tells_its_ends_and_whether_there_are_more(first: Azure) -> None:
    page = first.files(first.created(file_ids=["a", "b", "c"])["id"], order="asc", limit=2)
    assert (page["object"], page["first_id"], page["last_id"], page["has_more"]) == ("list", "a", "b", True)


def test_retrieve_file_answers_the_one_with_these_ids(first: Azure) -> None:
    key = first.created(file_ids=["assistant-abc123"])["id"]
    assert good(first.client.get(f"assistants/{key}/files/assistant-abc123"))["id"] == "assistant-abc123"
    assert refusal(first.client.get(f"assistants/{key}/files/assistant-none"))[0] == 404


def test_delete_file_detaches_it_and_answers_its_status(first: Azure) -> None:
    key = first.created(file_ids=["a", "b"])["id"]
    gone = good(first.client.delete(f"assistants/{key}/files/a"))
    assert gone == {"id": "a", "object": "assistant.file.deleted", "deleted": True}
    assert has(first, key, "file_ids") == ["b"]
    assert refusal(first.client.delete(f"assistants/{key}/files/a"))[0] == 404


def test_the_assistant_file_object_has_these_four_fields(first: Azure, clock: Clock) -> None:
    key = first.created()["id"]
    clock.time += 5
    made = first.attach(key, "assistant-1")
    expected = {"id": "assistant-1", "object": "assistant.file", "created_at": int(clock.time), "assistant_id": key}
    assert made == expected


# --- list, retrieve, modify, delete


@each_version
def test_list_limit_is_1_to_100_and_20_by_default(both: Azure) -> None:
    for _ in range(21):
        both.created()
    assert [len(both.list(**query)["data"]) for query in ({}, {"limit": 1}, {"limit": 100})] == [20, 1, 21]
    for limit in (0, 101):
        assert refusal(both.client.get("assistants", params={"limit": limit}))[2] == "limit"


def test_list_limit_may_be_a_text_as_in_the_sample(second: Azure) -> None:
    assert second.list(order="desc", limit="20")["data"] == []


@each_version
def test_list_order_is_by_creation_and_desc_by_default(both: Azure) -> None:
    keys = [both.created()["id"] for _ in range(3)]
    assert [item["id"] for item in both.list()["data"]] == keys[::-1]
    assert [item["id"] for item in both.list(order="asc")["data"]] == keys


@each_version
def test_list_after_and_before_are_ids(both: Azure) -> None:
    keys = [both.created()["id"] for _ in range(3)]
    assert [item["id"] for item in both.list(order="asc", after=keys[0])["data"]] == keys[1:]
    assert [item["id"] for item in both.list(order="asc", before=keys[2])["data"]] == keys[:2]


@each_version
def test_list_answers_assistant_objects(both: Azure) -> None:
    made = both.created(name="A")
    assert both.list() == {
        "object": "list",
        "data": [made],
        "first_id": made["id"],
        "last_id": made["id"],
        "has_more": False,
    }


@each_version
def test_retrieve_answers_the_assistant_with_this_id(both: Azure) -> None:
    made = both.created(name="A")
    assert both.get(made["id"]) == made
    assert refusal(both.client.get("assistants/asst_none")) == (404, None, None)


@each_version
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "gpt-4"),
        ("name", "HR Helper"),
        ("name", None),
        ("description", "d"),
        ("description", None),
        ("instructions", "n" * 32_768),
        ("instructions", None),
        ("tools", [{"type": "code_interpreter"}]),
        ("tools", []),
        ("metadata", {"a": "1"}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_modify_changes_this_field_and_keeps_the_others(both: Azure, name: str, value: Any) -> None:
    before = both.created(name="A", description="B", instructions="C", tools=[FUNCTION])
    after = good(both.modify(before["id"], **{name: value}))
    changed = {key for key in before if before[key] != after[key]} - {"tool_resources"}
    assert (after[name], changed) == (value, {name})


@each_version
@pytest.mark.parametrize(
    ("name", "value"), [("name", "n" * 257), ("description", "n" * 513), ("instructions", "n" * 32_769)]
)
def test_modify_has_limits(both: Azure, name: str, value: str) -> None:
    answer = both.modify(both.created()["id"], **{name: value})
    assert refusal(answer) == (400, "string_above_max_length", name)


@each_version
def test_modify_tools_are_at_most_128(both: Azure) -> None:
    answer = both.modify(both.created()["id"], tools=[FUNCTION] * 129)
    assert refusal(answer) == (400, "array_above_max_length", "tools")


@each_version
def test_modify_metadata_has_at_most_16_pairs(both: Azure) -> None:
    answer = both.modify(both.created()["id"], metadata={str(number): "" for number in range(17)})
    assert refusal(answer) == (400, "object_above_max_properties", "metadata")


def test_modify_file_ids_replace_those_before(first: Azure) -> None:
    key = first.created(file_ids=["a", "b"])["id"]
    assert good(first.modify(key, file_ids=["b", "c"]))["file_ids"] == ["b", "c"]
    assert good(first.modify(key, name="A"))["file_ids"] == ["b", "c"]
    assert good(first.modify(key, file_ids=[]))["file_ids"] == []


@pytest.mark.parametrize(
    ("name", "value"), [("temperature", 0.5), ("top_p", 0.5), ("response_format", {"type": "text"})]
)
def test_modify_takes_also_what_the_reference_leaves_out(second: Azure, name: str, value: Any) -> None:
    assert good(second.modify(second.created()["id"], **{name: value}))[name] == value


@each_version
def test_modify_sample_with_a_hyphen_in_its_tool_is_refused(both: Azure) -> None:
    answer = both.modify(both.created()["id"], tools=[{"type": "code-interpreter"}])
    assert refusal(answer) == (400, "invalid_value", "tools[0].type")


@each_version
def test_delete_answers_its_status(both: Azure) -> None:
    key = both.created()["id"]
    gone = good(both.client.delete(f"assistants/{key}"))
    assert gone == {"id": key, "object": "assistant.deleted", "deleted": True}
    assert refusal(both.client.delete(f"assistants/{key}")) == (404, None, None)


# --- the assistant object


def test_the_assistant_object_of_2024_02_15_has_just_these_fields(first: Azure, clock: Clock) -> None:
    made = first.created(tools=[{"type": "code_interpreter"}])
    assert made == {
        "id": made["id"],
        "object": "assistant",
        "created_at": int(clock.time),
        "name": None,
        "description": None,
        "model": "gpt-4-deployment",
        "instructions": None,
        "tools": [{"type": "code_interpreter"}],
        "metadata": {},
        "file_ids": [],
    }


def test_the_assistant_object_since_2024_05_01_has_no_file_ids_and_four_more(first: Azure, second: Azure) -> None:
    key = second.created()["id"]
    old, new = set(first.get(key)), set(second.get(key))
    assert (old - new, new - old) == (
        {"file_ids"},
        {"tool_resources", "temperature", "top_p", "response_format"},
    )


# --- signing in, versions and paths


@pytest.mark.parametrize("headers", [{"api-key": "k"}, {"Authorization": "Bearer t"}], ids=["key", "token"])
def test_a_key_or_a_token_signs_in(connect: Connect, headers: dict[str, str]) -> None:
    assert connect(headers=headers).list()["data"] == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic t"}], ids=["nothing", "basic"])
def test_nothing_else_signs_in(connect: Connect, headers: dict[str, str]) -> None:
    status, message = of_gateway(connect(headers=headers).client.get("assistants"))
    assert (status, "Access denied due to invalid subscription key" in message) == (401, True)


@pytest.mark.parametrize("version", [None, "2023-05-15", "2024-10-21", "v1"])
def test_without_a_version_that_has_assistants_there_is_nothing(connect: Connect, version: str | None) -> None:
    assert of_gateway(connect(version).client.get("assistants")) == NOTHING_THERE


def test_below_a_deployment_there_are_no_assistants(connect: Connect) -> None:
    client = connect(path="/openai/deployments/gpt-4").client
    assert of_gateway(client.get("assistants")) == NOTHING_THERE


# --- what an author writes from this reference


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tools: [{type: code-interpreter}]", "`code_interpreter`"),
        ("descripción: d", "`description`"),
        ("temperatura: 1", "`temperature`"),
        ("detalladas: d", "unknown key `detalladas`"),
        ("file_ids: [assistant-abc123]", "`tool_resources: {code_interpreter: {file_ids: […]}}`"),
    ],
    ids=str,
)
def test_a_slip_of_the_reference_in_a_manifest_is_said_at_its_line(prod: World, line: str, said: str) -> None:
    prod.assistant("hr", f"{line}\n")
    ran = prod.run("validate")
    assert ran.code == 3
    assert "assistants/hr.yaml:3:" in ran.err
    assert said in ran.err
