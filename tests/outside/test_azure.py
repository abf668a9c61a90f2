"""Azure's dialect of the emulator, judged by the official SDK, the SDK of that day and the published definition."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .azure_published import JUDGED, LATER, PUBLISHED, SECOND, Judge, Seen, changed, judged
from .needs import sdk
from .published import Answer
from .service import control, emulator

openai = sdk()
pytestmark = [pytest.mark.outside, pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")]

VERSIONS = (SECOND, LATER, PUBLISHED)
FUNCTION = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
EIGHT = {"type": "file_search", "file_search": {"max_num_results": 8}}


def hook(seen: Seen) -> dict[str, list[Any]]:
    """Event hooks of an HTTP client."""

    def saw(response: httpx.Response) -> None:
        response.read()
        asked = response.request
        path = asked.url.path.removeprefix("/openai")
        answer = Answer(asked.method, path, response.status_code, response.headers, response.content)
        seen.saw(dict(asked.url.params), asked.content if path.startswith(JUDGED) else b"", answer)

    return {"response": [saw]}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with emulator("--control") as found:
        yield found


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def seen(version: str) -> Iterator[Seen]:
    """In the end every exchange must have been as published."""
    found = Seen(version)
    yield found
    assert found.exchanges
    assert found.complaints() == []


@pytest.fixture
def client(url: str, version: str, seen: Seen) -> Iterator[Any]:
    """Its model of a vector store has no null for a name, nor has the definition."""
    control(url, reset=["objects"], behaviour={"store_nulls": "none"})
    http = httpx.Client(event_hooks=hook(seen))
    options: dict[str, Any] = {"max_retries": 0, "http_client": http, "_strict_response_validation": True}
    with openai.AzureOpenAI(azure_endpoint=url, api_key="0123456789abcdef", api_version=version, **options) as made:
        yield made


# --- the samples of the reference, in its order


def test_sample_create(client: Any) -> None:
    made = client.beta.assistants.create(
        instructions="You are an AI assistant that can write code to help answer math questions",
        model="<REPLACE WITH MODEL DEPLOYMENT NAME>",
        tools=[{"type": "code_interpreter"}],
    )
    assert (made.model, made.tools[0].type) == ("<REPLACE WITH MODEL DEPLOYMENT NAME>", "code_interpreter")
    assert client.beta.assistants.retrieve(made.id) == made


def test_sample_list(client: Any) -> None:
    keys = [client.beta.assistants.create(model="m").id for _ in range(3)]
    assert [item.id for item in client.beta.assistants.list(order="desc", limit="20").data] == keys[::-1]


def test_sample_retrieve_of_one_that_is_not_there(client: Any) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.beta.assistants.retrieve("asst_abc123")
    assert refused.value.body["message"] == "No assistant found with id 'asst_abc123'."


def test_sample_modify_with_its_hyphen_and_its_file_ids(client: Any) -> None:
    key = client.beta.assistants.create(model="m").id
    fields = {"instructions": "You are an HR bot.", "name": "HR Helper", "model": "gpt-4"}
    with pytest.raises(openai.BadRequestError) as refused:
        client.beta.assistants.update(key, tools=[{"type": "code-interpreter"}], **fields)
    assert refused.value.param == "tools[0].type"
    files = {"file_ids": ["assistant-abc123", "assistant-abc456"]}
    with pytest.raises(openai.BadRequestError) as refused:
        client.beta.assistants.update(key, tools=[{"type": "code_interpreter"}], extra_body=files, **fields)
    assert (refused.value.code, refused.value.param) == ("unknown_parameter", "file_ids")
    resources = {"code_interpreter": files}
    updated = client.beta.assistants.update(
        key, tools=[{"type": "code_interpreter"}], tool_resources=resources, **fields
    )
    assert updated.tool_resources.code_interpreter.file_ids == files["file_ids"]
    assert (updated.name, updated.instructions) == ("HR Helper", "You are an HR bot.")


def test_sample_delete(client: Any) -> None:
    key = client.beta.assistants.create(model="m").id
    assert client.beta.assistants.delete(key).deleted is True
    with pytest.raises(openai.NotFoundError):
        client.beta.assistants.delete(key)


def test_samples_of_files_answer_404(client: Any) -> None:
    key = client.beta.assistants.create(model="m").id
    for method, path in (("post", ""), ("get", ""), ("get", "/f"), ("delete", "/f")):
        options = {"body": {"file_id": "assistant-abc123"}} if method == "post" else {}
        with pytest.raises(openai.NotFoundError) as refused:
            getattr(client, method)(f"/assistants/{key}/files{path}", cast_to=object, **options)
        assert refused.value.body == {"code": "404", "message": "Resource not found"}


# --- everything a version has


def test_every_field_and_every_update(client: Any, version: str) -> None:
    newer = version >= LATER
    full = {
        "name": "Tutor ∑",
        "description": "Teaches.",
        "instructions": "Teach.",
        "tools": [{"type": "code_interpreter"}, EIGHT if newer else {"type": "file_search"}, FUNCTION],
        "tool_resources": {
            "code_interpreter": {"file_ids": ["f-1"]},
            "file_search": {"vector_store_ids": ["vs_1"]},
        },
        "metadata": {"team": "x"},
        "temperature": 0.2,
        "top_p": 0.9,
        "response_format": SCHEMA if newer else {"type": "json_object"},
    }
    made = client.beta.assistants.create(model="m", **full)
    for name, value in full.items():
        client.beta.assistants.update(made.id, **{name: value})
    found = client.beta.assistants.retrieve(made.id).to_dict()
    assert found["tool_resources"] == full["tool_resources"]
    assert (found["temperature"], found["top_p"], found["metadata"]) == (0.2, 0.9, {"team": "x"})


def test_a_bearer_token_signs_in_too(url: str, version: str, seen: Seen) -> None:
    control(url, reset=["objects"])
    http = httpx.Client(event_hooks=hook(seen))
    made = openai.AzureOpenAI(
        azure_endpoint=url, api_version=version, azure_ad_token_provider=lambda: "eyJ0b2tlbg", http_client=http
    )
    with made:
        assert made.beta.assistants.list().data == []


def test_a_wrong_key_is_refused_by_the_gateway(client: Any, url: str) -> None:
    control(url, behaviour={"api_key": "another"})
    try:
        with pytest.raises(openai.AuthenticationError) as refused:
            client.beta.assistants.list()
    finally:
        control(url, reset=["behaviour"])
    assert refused.value.body["code"] == "401"


REFUSED: dict[str, dict[str, Any]] = {
    "no model": {"name": "A"},
    "long name": {"model": "m", "name": "n" * 257},
    "long description": {"model": "m", "description": "n" * 513},
    "long instructions": {"model": "m", "instructions": "n" * 256_001},
    "many tools": {"model": "m", "tools": [FUNCTION] * 129},
    "old tool": {"model": "m", "tools": [{"type": "retrieval"}]},
    "bare function": {"model": "m", "tools": [{"type": "function", "function": {"name": "f"}}]},
    "hot": {"model": "m", "temperature": 2.5},
    "old field": {"model": "m", "file_ids": []},
    "effort": {"model": "m", "reasoning_effort": "low"},
    "ranking": {"model": "m", "tools": [{"type": "file_search", "file_search": {"ranking_options": {}}}]},
    "many files": {"model": "m", "tool_resources": {"code_interpreter": {"file_ids": ["f"] * 21}}},
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_definition_forbids_the_emulator_refuses(client: Any, seen: Seen, case: str) -> None:
    of_both(client, seen, "/assistants", REFUSED[case], allowed=False)


@pytest.mark.parametrize("body", [{"response_format": SCHEMA}, {"tools": [EIGHT]}], ids=["schema", "results"])
def test_what_came_later_is_refused_before_by_both(client: Any, seen: Seen, version: str, body: dict[str, Any]) -> None:
    of_both(client, seen, "/assistants", {"model": "m", **body}, allowed=version >= LATER)


@pytest.mark.parametrize("form", ["none", {}], ids=["none", "no type"])
def test_two_formats_of_the_definition_are_refused_by_the_emulator(
    client: Any, seen: Seen, version: str, form: Any
) -> None:
    """OpenAI has neither, and nobody reported that the service took them."""
    body = {"model": "m", "response_format": form}
    complaint = seen.judge.request_complaint("POST", "/assistants", json.dumps(body).encode())
    assert (complaint == "") is (version == SECOND)
    with pytest.raises(openai.BadRequestError):
        client.post("/assistants", body=body, cast_to=object)


def test_long_instructions_can_be_created_and_not_changed_by_both(client: Any, seen: Seen) -> None:
    key = client.beta.assistants.create(model="m", instructions="n" * 256_000).id
    body = {"instructions": "n" * 32_769}
    assert seen.judge.request_complaint("POST", f"/assistants/{key}", json.dumps(body).encode()) != ""
    with pytest.raises(openai.BadRequestError):
        client.beta.assistants.update(key, **body)


# --- files and vector stores: uploads are no part of the definition


def uploaded(client: Any, name: str = "a.md") -> str:
    return str(client.files.create(file=(name, b"# Text"), purpose="assistants").id)


def test_a_store_and_its_files(client: Any, version: str) -> None:
    stores = client.vector_stores
    chunking = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50}}
    cut = {"chunking_strategy": chunking} if version >= LATER else {}
    expiry = {"anchor": "last_active_at", "days": 7}
    first, second, third = (uploaded(client) for _ in range(3))
    made = stores.create(name="Handbook", file_ids=[first], expires_after=expiry, metadata={"a": "b"}, **cut)
    assert (made.name, made.metadata) == ("Handbook", {"a": "b"})
    stores.update(made.id, name="Guide", expires_after=None, metadata={"c": "d"})
    attached = stores.files.create(made.id, file_id=second, **cut).to_dict()
    assert ("chunking_strategy" in attached, "attributes" in attached) == (version >= LATER, False)
    batch = stores.file_batches.create(made.id, file_ids=[third], **cut)
    assert stores.file_batches.retrieve(batch.id, vector_store_id=made.id).id == batch.id
    assert [item.id for item in stores.file_batches.list_files(batch.id, vector_store_id=made.id)] == [third]
    stores.file_batches.cancel(batch.id, vector_store_id=made.id)
    assert {item.id for item in stores.files.list(made.id, limit=2, order="asc")} == {first, second, third}
    assert stores.files.retrieve(second, vector_store_id=made.id).id == second
    stores.files.delete(second, vector_store_id=made.id)
    assert [item.id for item in stores.list(limit=1)] == [made.id]
    assert stores.retrieve(made.id).name == "Guide"
    assert stores.delete(made.id).deleted is True


def test_a_bare_store_and_a_file_that_cannot_be_indexed(client: Any) -> None:
    made = client.vector_stores.create()
    files = [uploaded(client, name) for name in ("a.xyz", "b.md")]
    client.vector_stores.file_batches.create(made.id, file_ids=files)
    # Raw: the SDK's model knows no other codes of errors than those of 2025.
    found = client.get(f"/vector_stores/{made.id}/files", cast_to=object)["data"]
    assert {item["status"] for item in found} == {"failed", "completed"}
    assert client.vector_stores.list().data[0].name == ""


def test_an_assistant_comes_with_a_new_store(client: Any) -> None:
    helper = {"file_search": {"vector_stores": [{"file_ids": [uploaded(client)], "metadata": {"a": "b"}}]}}
    made = client.beta.assistants.create(model="m", tools=[{"type": "file_search"}], tool_resources=helper)
    [store] = made.tool_resources.file_search.vector_store_ids
    assert client.vector_stores.retrieve(store).metadata == {"a": "b"}


AUTO = {"type": "auto"}
FORBIDDEN_OF_STORES: dict[str, tuple[str, dict[str, Any]]] = {
    "description": ("", {"description": "d"}),
    "many files at once": ("", {"file_ids": ["f"] * 501}),
    "long expiry": ("", {"expires_after": {"anchor": "last_active_at", "days": 366}}),
    "attributes": ("/files", {"file_id": "FILE", "attributes": {}}),
    "nothing": ("/files", {}),
    "attributes of a batch": ("/file_batches", {"file_ids": ["FILE"], "attributes": {}}),
    "files of a batch": ("/file_batches", {"files": [{"file_id": "FILE"}]}),
    "an empty batch": ("/file_batches", {"file_ids": []}),
    "a large batch": ("/file_batches", {"file_ids": ["FILE"] * 501}),
}


@pytest.mark.parametrize("case", FORBIDDEN_OF_STORES)
def test_what_the_definition_forbids_of_stores_the_emulator_refuses(client: Any, seen: Seen, case: str) -> None:
    below, body = FORBIDDEN_OF_STORES[case]
    of_both(client, seen, f"/vector_stores/STORE{below}" if below else "/vector_stores", body, allowed=False)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/vector_stores", {"chunking_strategy": AUTO}),
        ("/vector_stores/STORE/files", {"file_id": "FILE", "chunking_strategy": AUTO}),
        ("/vector_stores/STORE/file_batches", {"file_ids": ["FILE"], "chunking_strategy": AUTO}),
        (
            "/assistants",
            {"model": "m", "tool_resources": {"file_search": {"vector_stores": [{"chunking_strategy": AUTO}]}}},
        ),
    ],
)
def test_how_files_are_cut_up_came_later(
    client: Any, seen: Seen, version: str, path: str, body: dict[str, Any]
) -> None:
    of_both(client, seen, path, body, allowed=version >= LATER)


def of_both(client: Any, seen: Seen, path: str, body: dict[str, Any], *, allowed: bool) -> None:
    """The definition and the emulator are of one mind."""
    path = path.replace("STORE", client.vector_stores.create().id)
    body = json.loads(json.dumps(body).replace("FILE", uploaded(client)))
    assert (seen.judge.request_complaint("POST", path, json.dumps(body).encode()) == "") is allowed
    if allowed:
        client.post(path, body=body, cast_to=object)
        return
    with pytest.raises(openai.BadRequestError):
        client.post(path, body=body, cast_to=object)


# --- the judge


ASSISTANT: dict[str, Any] = {
    "id": "asst_1",
    "object": "assistant",
    "created_at": 1,
    "name": None,
    "description": None,
    "model": "m",
    "instructions": None,
    "tools": [],
    "metadata": {},
}


def complaint(body: Any, method: str = "GET", path: str = "/assistants/asst_1", status: int = 200) -> str:
    return Judge(SECOND).complaint(Answer(method, path, status, {}, json.dumps(body).encode()))


@pytest.mark.parametrize("name", ASSISTANT)
def test_the_judge_finds_what_is_missing(name: str) -> None:
    assert complaint(ASSISTANT) == ""
    assert complaint({key: value for key, value in ASSISTANT.items() if key != name}) != ""


@pytest.mark.parametrize(
    "change",
    [
        {"colour": "red"},
        {"file_ids": []},
        {"name": "n" * 257},
        {"temperature": "hot"},
        {"tools": [EIGHT]},
        {"response_format": SCHEMA},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
    ],
    ids=str,
)
def test_the_judge_finds_what_is_wrong(change: dict[str, Any]) -> None:
    assert complaint({**ASSISTANT, **change}) != ""


def _harder(members: dict[str, Any]) -> None:
    members["name"]["maxLength"] = 255


def _less(members: dict[str, Any]) -> None:
    del members["description"]


def _not_null(members: dict[str, Any]) -> None:
    members["metadata"]["nullable"] = False


def _of_what_it_refers_to(members: dict[str, Any]) -> None:
    members["tools"]["items"]["oneOf"].pop()


@pytest.mark.parametrize(
    "change", [_harder, _less, _not_null, _of_what_it_refers_to], ids=lambda change: change.__name__
)
def test_the_comparison_of_definitions_sees_any_difference_but_words(change: Callable[[dict[str, Any]], None]) -> None:
    document = changed()
    members = document["components"]["schemas"]["modifyAssistantRequest"]["properties"]
    members["name"]["description"] = members["name"]["x-ms-enum"] = "other words"
    assert judged(document) == judged(changed())
    change(members)
    assert judged(document) != judged(changed())


# --- the SDK of the first version


@pytest.mark.skipif("RETINUE_OUTSIDE_THEN" not in os.environ, reason="run tests/outside/run.sh")
def test_the_sdk_of_that_day_runs_the_samples_of_the_first_version(url: str) -> None:
    control(url, reset=["objects"])
    script = Path(__file__).parent / "azure_samples.py"
    command = [os.environ["RETINUE_OUTSIDE_THEN"], "-W", "error", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "sdk": "1.14.0",
        "created": ["code_interpreter"],
        "attached": "assistant.file",
        "listed": ["assistant-abc123"],
        "retrieved": "assistant-abc123",
        "hyphen": "invalid_value",
        "updated": ["assistant-abc123", "assistant-abc456"],
        "assistants": 1,
        "detached": True,
        "left": ["assistant-abc456"],
        "deleted": True,
    }
