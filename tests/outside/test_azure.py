"""Azure's dialect of the emulator, judged by the official SDK, the SDK of that day and the published definition."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from .azure_published import PUBLISHED, Judge
from .needs import sdk
from .published import Answer
from .service import control, emulator

openai = sdk()
pytestmark = [pytest.mark.outside, pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")]

SECOND, LATER = "2024-05-01-preview", "2024-08-01-preview"
VERSIONS = (SECOND, LATER, PUBLISHED)
FUNCTION = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
EIGHT = {"type": "file_search", "file_search": {"max_num_results": 8}}


class Seen:
    """Every exchange of one client, and what the definition has against it."""

    def __init__(self, version: str) -> None:
        self.judge = Judge(version)
        self.exchanges: list[tuple[bytes, Answer]] = []

    def hook(self, response: httpx.Response) -> None:
        response.read()
        path = response.request.url.path.removeprefix("/openai")
        answer = Answer(response.request.method, path, response.status_code, response.headers, response.content)
        self.exchanges.append((response.request.content, answer))

    def complaints(self) -> list[str]:
        """Of answers, and of requests that were accepted."""
        found = [self.judge.complaint(answer) for _, answer in self.exchanges]
        for body, answer in self.exchanges:
            if answer.status == 200:
                found.append(self.judge.request_complaint(answer.method, answer.path, body))
        return [text for text in found if text]


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
    control(url, reset=["objects"])
    http = httpx.Client(event_hooks={"response": [seen.hook]})
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
    http = httpx.Client(event_hooks={"response": [seen.hook]})
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
    body = REFUSED[case]
    assert seen.judge.request_complaint("POST", "/assistants", json.dumps(body).encode()) != ""
    with pytest.raises(openai.BadRequestError):
        client.post("/assistants", body=body, cast_to=object)


@pytest.mark.parametrize("body", [{"response_format": SCHEMA}, {"tools": [EIGHT]}], ids=["schema", "results"])
def test_what_came_later_is_refused_before_by_both(client: Any, seen: Seen, version: str, body: dict[str, Any]) -> None:
    body = {"model": "m", **body}
    complaint = seen.judge.request_complaint("POST", "/assistants", json.dumps(body).encode())
    assert (complaint == "") is (version >= LATER)
    if version >= LATER:
        client.post("/assistants", body=body, cast_to=object)
        return
    with pytest.raises(openai.BadRequestError):
        client.post("/assistants", body=body, cast_to=object)


def test_long_instructions_can_be_created_and_not_changed_by_both(client: Any, seen: Seen) -> None:
    key = client.beta.assistants.create(model="m", instructions="n" * 256_000).id
    body = {"instructions": "n" * 32_769}
    assert seen.judge.request_complaint("POST", f"/assistants/{key}", json.dumps(body).encode()) != ""
    with pytest.raises(openai.BadRequestError):
        client.beta.assistants.update(key, **body)


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


def judged(body: Any, method: str = "GET", path: str = "/assistants/asst_1", status: int = 200) -> str:
    return Judge(SECOND).complaint(Answer(method, path, status, {}, json.dumps(body).encode()))


@pytest.mark.parametrize("name", ASSISTANT)
def test_the_judge_finds_what_is_missing(name: str) -> None:
    assert judged(ASSISTANT) == ""
    assert judged({key: value for key, value in ASSISTANT.items() if key != name}) != ""


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
    assert judged({**ASSISTANT, **change}) != ""


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
