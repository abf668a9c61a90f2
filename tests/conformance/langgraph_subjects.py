"""Provider `langgraph` against the stand-in of tests/langgraph, in process and over a socket."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import httpx

from retinue.core.marker import ADDRESS_KEY, APPLIED_KEY
from retinue.core.model import Json
from retinue.emulator.server import serve
from retinue.providers.base import Marker
from retinue.providers.http import in_process
from retinue.providers.langgraph import PROVIDER, classify
from retinue.providers.langgraph.mapping import SCOPE_KEY, create_body, to_resource, update_body
from retinue.providers.wire import Connection

from ..langgraph.fake import FakeLangGraph

_BLOCK = {"graph_id": "agent", "context_keys": {"instructions": "prompt"}, "context": {"tone": "warm", "steps": [1, 2]}}
FULL: dict[str, Json] = {
    "name": "Math Tutor ∑",
    "description": "Helps with homework.",
    "model": "gpt-4o",
    "instructions": "Answer in one sentence.\n\n  Show your work.",
    "metadata": {"owner": "edu@example.com", "team": "7"},
    "temperature": 0.2,
    "top_p": 0.9,
    "reasoning_effort": "low",
    "providers": {"langgraph": _BLOCK},
}
CHANGED: dict[str, Json] = {
    "name": "Maths Tutor",
    "description": "Helps with all homework.",
    "model": "gpt-4o-mini",
    "instructions": "Answer in two sentences.",
    "metadata": {"owner": "cx@example.com", "cost": "12"},
    "temperature": 2,
    "top_p": 0,
    "reasoning_effort": "high",
    "providers": {"langgraph": {"graph_id": "plain", "context_keys": {"model": "llm"}, "context": {"tone": "cool"}}},
}
SAMPLES = {
    "Assistant": SimpleNamespace(
        full=FULL, changed=CHANGED, minimal={"model": FULL["model"], "providers": FULL["providers"]}
    )
}


def without_mirror(raw: Mapping[str, Json]) -> dict[str, Json]:
    """The server shows the context once more in the config."""
    return {**raw, "config": {key: value for key, value in raw["config"].items() if key != "configurable"}}


def foreign_body(spec: Mapping[str, Json]) -> dict[str, Json]:
    """What makes an assistant with these fields and without a marker."""
    body = create_body(spec, Marker("-", "-"), str(uuid.uuid4()))
    marker = (ADDRESS_KEY, APPLIED_KEY, SCOPE_KEY)
    return {**body, "metadata": {key: value for key, value in body["metadata"].items() if key not in marker}}


class LangGraphSubject:
    """`socket`: over HTTP, else by direct calls."""

    provider = PROVIDER
    classify = staticmethod(classify)
    samples = SAMPLES
    gaps: Mapping[str, str] = {}

    def __init__(self, name: str, *, socket: bool = False) -> None:
        self.name, self._socket = name, socket
        self._stop, self._url = threading.Event(), "http://fake"

    def __enter__(self) -> LangGraphSubject:
        self.fake = FakeLangGraph()
        if self._socket:
            ready, urls = threading.Event(), list[str]()
            serving: Callable[[str], Any] = lambda url: (urls.append(url), ready.set())  # noqa: E731
            self._thread = threading.Thread(target=serve, args=(self.fake, "127.0.0.1", 0, serving, self._stop))
            self._thread.start()
            assert ready.wait(10), "the fake does not serve"
            self._url = urls[0]
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket:
            self._stop.set()
            self._thread.join()

    def reset(self) -> None:
        self.fake.reset()

    def connection(self) -> Connection:
        return Connection(self._url, transport=None if self._socket else in_process(self.fake))

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        return str(self.call("POST", "/assistants", foreign_body(spec))["assistant_id"])

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return {key: without_mirror(raw) for key, raw in self.fake.assistants.items()}

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        live = to_resource(self.fake.objects[remote_id])
        marked = live.marker_address is not None
        text = Marker(live.marker_address or "", live.marker_applied or "") if marked else None
        self.call("PATCH", f"/assistants/{remote_id}", update_body(live, fields, text))

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        raw = self.fake.objects[remote_id]
        self.call("PATCH", f"/assistants/{remote_id}", {"config": {"recursion_limit": 7}, "context": raw["context"]})
        return {"config": {"recursion_limit": 7}}

    def pages_of(self, size: int) -> None:
        self.fake.page = size

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Past the provider, as the server's own user interface asks."""
        with httpx.Client(transport=httpx.WSGITransport(app=self.fake), base_url="http://fake") as client:
            answer = client.request(method, path, json=body)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.text else None


SUBJECTS = (LangGraphSubject("langgraph"), LangGraphSubject("langgraph-socket", socket=True))
