"""Ids that no service should have, on every provider: each command does its work or ends in an error with a name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ..cli.conftest import World, enter
from ..serving import served

IDS: dict[str, Any] = {
    "half a pair": "asst_\ud800",
    "low half": "\udc00",
    "controls": "a\0b\x1b[2J\r\nX: y",
    "long": "x" * 200_000,
    "another route": "../../files?x=#y",
    "bidi": "\u202eabc\uffff",
    "a number": 7,
    "a list": ["a"],
    "null": None,
    "empty": "",
}
MARKER = {"retinue.address": "demo/dev/Assistant/tutor", "retinue.applied": "1 k8sJ2mQx"}


class Service:
    """Answers every request with one object, in the shape of each provider; a list goes on after it."""

    remote_id: Any = "x"
    provider = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        data = json.dumps(self.answer(environ["REQUEST_METHOD"], path, query)).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
        return [data]

    def answer(self, method: str, path: str, query: str) -> Any:
        if self.provider == "langgraph":
            raw = {"assistant_id": self.remote_id, "graph_id": "agent", "name": "Odd", "version": 1}
            raw |= {"metadata": {**MARKER, "retinue.scope": "demo/dev"}, "created_at": "2026-01-01T00:00:00Z"}
            return [raw] if path.endswith(("/search", "/versions")) else raw
        if self.provider == "flowise":
            row = {"id": self.remote_id, "type": "OPENAI", "credential": self.remote_id}
            row["details"] = json.dumps({"id": self.remote_id, "name": "Odd", "metadata": MARKER})
            lists = method == "GET" and not path.startswith("/api/v1/assistants/")
            return [row] if lists else row
        raw = {"id": self.remote_id, "object": "assistant", "name": "Odd", "model": "m", "metadata": MARKER}
        if method == "GET" and path.endswith(("/assistants", "/files", "/vector_stores")):
            return {"object": "list", "data": [raw], "has_more": "after" not in query, "last_id": self.remote_id}
        return raw


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[World, Service]]:
    service = Service()
    with served(service) as url:
        enter(tmp_path / "demo", monkeypatch)
        world = World(tmp_path / "demo", None, url, monkeypatch)  # type: ignore[arg-type]
        world.normal = lambda text: text  # type: ignore[method-assign]
        yield world, service


SETTINGS = {
    "openai-assistants": "/v1",
    "azure-openai": ", api_version: 2024-05-01-preview",
    "flowise": "",
    "langgraph": "",
}


@pytest.mark.parametrize("key", IDS)
@pytest.mark.parametrize("provider", SETTINGS)
def test_no_id_is_ever_a_bug(service: tuple[World, Service], provider: str, key: str) -> None:
    world, answers = service
    answers.provider, answers.remote_id = provider, IDS[key]
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
        f"  dev: {{provider: {provider}, api_key: {{env: DEMO_KEY}}, endpoint: {world.url}{SETTINGS[provider]}}}\n",
    )
    block = "providers: {langgraph: {graph_id: agent}}\n" if provider == "langgraph" else ""
    world.assistant("tutor", f"name: Tutor\n{block}")
    for words in (
        ("plan", "--format", "json", "--out", "plan.json"),
        ("apply", "plan.json", "--backup", "kept", "-v"),
        ("apply", "--auto-approve", "--format", "json"),
        ("show", "Assistant/tutor"),
        ("output", "--format", "env"),
        ("import",),
        ("destroy", "--auto-approve", "--allow", "brake=1"),
    ):
        ran = world.run(*words, "--timeout", "3s")
        assert ran.code in (0, 1, 3, 5, 6, 8, 9), (words, ran.err[-1000:])
        (ran.out + ran.err).encode("utf-8")
        assert "\x1b[2J" not in ran.out + ran.err
        if "json" in words:
            json.loads(ran.out)
