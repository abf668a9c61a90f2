"""What is refused, and in which words: every limit of a create, bodies that are no JSON, keys and headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .client import Api, Refusal, good, refusal, refused

Body = dict[str, Any]
_STATIC = "tool_resources.file_search.vector_stores[0].chunking_strategy.static"


def function(**members: Any) -> Body:
    return {"tools": [{"type": "function", "function": {"name": "f", **members}}]}


def search(**members: Any) -> Body:
    return {"tools": [{"type": "file_search", "file_search": members}]}


def stores(**members: Any) -> Body:
    return {"tool_resources": {"file_search": members}}


def chunks(size: int, overlap: int) -> Body:
    static = {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}
    return stores(vector_stores=[{"chunking_strategy": {"type": "static", "static": static}}])


def files(count: int) -> Body:
    return {"tool_resources": {"code_interpreter": {"file_ids": ["file-1"] * count}}}


def pairs(count: int) -> Body:
    return {"metadata": {f"k{number}": "" for number in range(count)}}


LENGTHS: list[tuple[Callable[[int], Body], str, int, str]] = [
    (lambda n: {"name": "👩" * n}, "name", 256, "a string"),
    (lambda n: {"description": "d" * n}, "description", 512, "a string"),
    (lambda n: {"instructions": "i" * n}, "instructions", 256_000, "a string"),
    (lambda n: {"metadata": {"k": "v" * n}}, "metadata.k", 512, "a string"),
    (lambda n: function(name="f" * n), "tools[0].function.name", 64, "a string"),
    (lambda n: function(description="d" * n), "tools[0].function.description", 1024, "a string"),
    (lambda n: {"tools": [{"type": "code_interpreter"}] * n}, "tools", 128, "an array"),
    (files, "tool_resources.code_interpreter.file_ids", 20, "an array"),
    (lambda n: stores(vector_store_ids=["vs_1"] * n), "tool_resources.file_search.vector_store_ids", 1, "an array"),
    (lambda n: stores(vector_stores=[{}] * n), "tool_resources.file_search.vector_stores", 1, "an array"),
]


@pytest.mark.parametrize(("body", "path", "most", "kind"), LENGTHS, ids=[row[1] for row in LENGTHS])
def test_the_longest_value_is_accepted_and_one_more_is_refused(
    api: Api, body: Callable[[int], Body], path: str, most: int, kind: str
) -> None:
    api.created(**body(most))
    what = kind.split()[1]
    message = (
        f"Invalid '{path}': {what} too long. Expected {kind} with maximum length {most},"
        f" but got {kind} with length {most + 1} instead."
    )
    assert refused(api.create(**body(most + 1))) == Refusal(400, f"{what}_above_max_length", path, message)
    assert len(api.ids()) == 1


RANGES: list[tuple[Callable[[Any], Body], str, float, float, float]] = [
    (lambda n: {"temperature": n}, "temperature", 0, 2, 0.01),
    (lambda n: {"top_p": n}, "top_p", 0, 1, 0.01),
    (lambda n: search(max_num_results=n), "tools[0].file_search.max_num_results", 1, 50, 1),
    (
        lambda n: search(ranking_options={"score_threshold": n}),
        "tools[0].file_search.ranking_options.score_threshold",
        0,
        1,
        0.01,
    ),
    (lambda n: chunks(n, 0), f"{_STATIC}.max_chunk_size_tokens", 100, 4096, 1),
    (lambda n: chunks(101, n), f"{_STATIC}.chunk_overlap_tokens", 0, 50, 1),
]


@pytest.mark.parametrize(("body", "path", "low", "high", "step"), RANGES, ids=[row[1] for row in RANGES])
def test_both_bounds_are_accepted_and_what_is_beyond_is_refused(
    api: Api, body: Callable[[Any], Body], path: str, low: float, high: float, step: float
) -> None:
    api.created(**body(low))
    api.created(**body(high))
    kind = "integer" if step == 1 else "decimal"
    for value, side, sign, bound in ((low - step, "below min", ">=", low), (high + step, "above max", "<=", high)):
        message = (
            f"Invalid '{path}': {kind} {side}imum value. Expected a value {sign} {bound}, but got {value} instead."
        )
        code = f"{kind}_{side.replace(' ', '_')}_value"
        assert refused(api.create(**body(value))) == Refusal(400, code, path, message)


TYPES: list[tuple[Body, str, str, str]] = [
    ({"model": None}, "model", "a string", "null"),
    ({"model": 4}, "model", "a string", "an integer"),
    ({"name": ["n"]}, "name", "a string", "an array"),
    ({"name": 1.5}, "name", "a string", "a decimal"),
    ({"tools": None}, "tools", "an array", "null"),
    ({"tools": {}}, "tools", "an array", "an object"),
    ({"tools": ["file_search"]}, "tools[0]", "an object", "a string"),
    ({"tools": [{"type": 1}]}, "tools[0].type", "a string", "an integer"),
    ({"metadata": []}, "metadata", "an object", "an array"),
    ({"metadata": {"x": True}}, "metadata.x", "a string", "a boolean"),
    ({"metadata": {"x": None}}, "metadata.x", "a string", "null"),
    ({"temperature": True}, "temperature", "a decimal", "a boolean"),
    ({"temperature": "1"}, "temperature", "a decimal", "a string"),
    ({"response_format": 1}, "response_format", "an object", "an integer"),
    (search(max_num_results=2.5), "tools[0].file_search.max_num_results", "an integer", "a decimal"),
    (function(strict="yes"), "tools[0].function.strict", "a boolean", "a string"),
    (function(parameters=[]), "tools[0].function.parameters", "an object", "an array"),
]


@pytest.mark.parametrize(("body", "path", "expected", "found"), TYPES, ids=[f"{row[1]}-{row[3]}" for row in TYPES])
def test_a_wrong_type_is_refused_with_both_types(api: Api, body: Body, path: str, expected: str, found: str) -> None:
    message = f"Invalid type for '{path}': expected {expected}, but got {found} instead."
    assert refused(api.create(**body)) == Refusal(400, "invalid_type", path, message)


UNKNOWN: list[tuple[Body, str]] = [
    ({"colour": "red"}, "colour"),
    ({"file_ids": []}, "file_ids"),
    (stores(file_ids=[]), "tool_resources.file_search.file_ids"),
    ({"tools": [{"type": "code_interpreter", "x": 1}]}, "tools[0].x"),
    ({"response_format": {"type": "text", "json_schema": {}}}, "response_format.json_schema"),
]


@pytest.mark.parametrize(("body", "path"), UNKNOWN, ids=[row[1] for row in UNKNOWN])
def test_an_unknown_field_is_refused_by_its_path(api: Api, body: Body, path: str) -> None:
    expected = Refusal(400, "unknown_parameter", path, f"Unknown parameter: '{path}'.")
    assert refused(api.create(**body)) == expected


MISSING: list[tuple[Body, str]] = [
    ({"tools": [{}]}, "tools[0].type"),
    ({"tools": [{"type": "function"}]}, "tools[0].function"),
    (function(name=None), "tools[0].function.name"),
    (search(ranking_options={"ranker": "auto"}), "tools[0].file_search.ranking_options.score_threshold"),
    ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
]


@pytest.mark.parametrize(("body", "path"), MISSING, ids=[row[1] for row in MISSING])
def test_a_missing_field_is_refused_by_its_path(api: Api, body: Body, path: str) -> None:
    expected = Refusal(400, "missing_required_parameter", path, f"Missing required parameter: '{path}'.")
    assert refused(api.create(**body)) == expected


def test_a_model_is_needed_to_create_but_not_to_modify(api: Api) -> None:
    response = api.client.post("assistants", json={})
    assert refusal(response) == (400, "missing_required_parameter", "model")
    assert api.modified(api.created()["id"])["model"] == "gpt-4o"


CHOICES: list[tuple[Body, str, str]] = [
    ({"tools": [{"type": "retrieval"}]}, "tools[0].type", "'code_interpreter', 'file_search', and 'function'"),
    ({"response_format": "text"}, "response_format", "'auto'"),
    (
        search(ranking_options={"ranker": "x", "score_threshold": 0}),
        "tools[0].file_search.ranking_options.ranker",
        "'auto' and 'default_2024_08_21'",
    ),
    (
        {"reasoning_effort": "huge"},
        "reasoning_effort",
        "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'",
    ),
]


@pytest.mark.parametrize(("body", "path", "supported"), CHOICES, ids=[row[1] for row in CHOICES])
def test_a_value_that_is_no_choice_is_refused_with_all_choices(api: Api, body: Body, path: str, supported: str) -> None:
    found = refused(api.create(**body))
    assert found[:3] == (400, "invalid_value", path)
    assert found.message.startswith("Invalid value: '")
    assert found.message.endswith(f"'. Supported values are: {supported}.")


@pytest.mark.parametrize("name", ["", "a b", "é", "f\n"])
def test_the_name_of_a_function_has_a_pattern(api: Api, name: str) -> None:
    found = refused(api.create(**function(name=name)))
    assert found[:3] == (400, "invalid_value", "tools[0].function.name")
    assert "'^[a-zA-Z0-9_-]+$'" in found.message


def test_metadata_has_a_limit_of_pairs_and_of_the_length_of_a_key(api: Api) -> None:
    api.created(**pairs(16))
    assert refusal(api.create(**pairs(17))) == (400, "object_above_max_properties", "metadata")
    api.created(metadata={"k" * 64: ""})
    assert refusal(api.create(metadata={"k" * 65: ""})) == (400, "string_above_max_length", "metadata")


def test_a_vector_store_is_either_named_or_made(api: Api) -> None:
    found = api.create(**stores(vector_store_ids=["vs_1"], vector_stores=[{}]))
    assert refusal(found) == (400, "invalid_value", "tool_resources.file_search")


def test_a_modify_is_held_against_the_same_limits_and_changes_nothing_when_refused(api: Api) -> None:
    before = api.created()
    assert refusal(api.modify(before["id"], instructions="i", name="n" * 257))[2] == "name"
    assert good(api.get(before["id"])) == before


NOT_JSON = {
    "nothing": b"",
    "half": b'{"model": ',
    "two": b"{}{}",
    "not utf-8": b'{"model": "\xff"}',
    "NaN": b'{"model": "m", "temperature": NaN}',
    "infinite": b'{"model": "m", "temperature": 1e999}',
    "half a surrogate pair": b'{"model": "\\ud800"}',
    "too deep": b"[" * 100_000 + b"]" * 100_000,
    "too many digits": b'{"model": "m", "temperature": ' + b"1" * 5_000 + b"}",
    "a list": b"[]",
    "null": b"null",
    "a string": b'"model"',
}


@pytest.mark.parametrize("body", NOT_JSON.values(), ids=NOT_JSON.keys())
def test_a_body_that_is_no_json_object_is_refused(api: Api, body: bytes) -> None:
    found = refused(api.client.post("assistants", content=body))
    assert found == Refusal(400, None, None, "We could not parse the JSON body of your request.")


@pytest.mark.parametrize("depth", [100, 900, 5_000, 50_000])
def test_a_deep_schema_is_stored_as_it_is_or_refused_and_no_accident(api: Api, depth: int) -> None:
    schema = '{"a":' * depth + "{}" + "}" * depth
    body = f'{{"model": "m", "tools": [{{"type": "function", "function": {{"name": "f", "parameters": {schema}}}}}]}}'
    response = api.client.post("assistants", content=body)
    if depth == 100:
        assert good(response)
    assert response.status_code in (200, 400)
    assert len(api.ids()) == (response.status_code == 200)


# --- keys, headers, urls


@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer  ", "Basic sk-test", "sk-test"])
def test_without_a_bearer_key_it_is_401(api: Api, value: str | None) -> None:
    del api.client.headers["Authorization"]
    response = api.client.get("assistants", headers={} if value is None else {"Authorization": value})
    assert refusal(response) == (401, "invalid_api_key", None)


def test_only_the_configured_key_is_good_and_a_wrong_one_is_not_repeated(make: Callable[..., Api]) -> None:
    api = make(api_key="sk-right")
    assert refused(api.list()) == Refusal(401, "invalid_api_key", None, "Incorrect API key provided.")
    assert good(api.client.get("assistants", headers={"Authorization": "bearer sk-right"}))


@pytest.mark.parametrize("value", [None, "assistants=v1", "v2"])
@pytest.mark.parametrize("status", [400, 401])
def test_without_the_beta_header_the_refusal_names_it(make: Callable[..., Api], value: str | None, status: int) -> None:
    api = make(beta_status=status)
    del api.client.headers["OpenAI-Beta"]
    found = refused(api.client.get("assistants", headers={} if value is None else {"OpenAI-Beta": value}))
    assert found[:3] == (status, "invalid_beta", None)
    assert "'OpenAI-Beta: assistants=v2'" in found.message


def test_the_beta_header_may_name_other_betas_too(api: Api) -> None:
    assert good(api.client.get("assistants", headers={"OpenAI-Beta": "realtime=v1, assistants=v2"}))


def test_the_key_is_checked_before_the_beta_header_and_both_before_the_body(api: Api) -> None:
    del api.client.headers["OpenAI-Beta"]
    assert refused(api.client.post("assistants", content=b"{")).code == "invalid_beta"
    del api.client.headers["Authorization"]
    assert refused(api.client.post("assistants", content=b"{")).code == "invalid_api_key"


@pytest.mark.parametrize("path", ["assistants", "assistants/none", "nothing"])
def test_every_answer_has_a_request_id_of_its_own(api: Api, path: str) -> None:
    found = [api.client.get(path).headers for _ in range(2)]
    ids = {headers["x-request-id"] for headers in found}
    assert len(ids) == 2
    assert all(key.startswith("req_") and len(key) == 36 for key in ids)
    assert found[0]["openai-version"] == "2020-10-01"
    assert int(found[0]["openai-processing-ms"]) >= 1
    assert "etag" not in found[0]


@pytest.mark.parametrize(("method", "path"), [("POST", "/assistant"), ("GET", "/assistants/a/b"), ("GET", "/")])
def test_an_unknown_url_is_named_in_the_refusal(api: Api, method: str, path: str) -> None:
    found = refused(api.client.request(method, path))
    assert found == Refusal(404, None, None, f"Invalid URL ({method} /v1{path})")


def test_after_the_shutdown_every_url_of_assistants_is_unknown(make: Callable[..., Api]) -> None:
    api = make(gone=True)
    for method, path in (("GET", "/assistants"), ("POST", "/assistants"), ("GET", "/assistants/a")):
        found = refused(api.client.request(method, path))
        assert found == Refusal(404, None, None, f"Invalid URL ({method} /v1{path})")
