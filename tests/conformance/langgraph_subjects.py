"""Provider `langgraph` against the stand-in of tests/langgraph, in process and over a socket."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import httpx

from retinue.core.marker import ADDRESS_KEY, APPLIED_KEY
from retinue.core.model import Json
from retinue.providers.base import Marker
from retinue.providers.http import in_process
from retinue.providers.langgraph import PROVIDER
from retinue.providers.langgraph.mapping import SCOPE_KEY, create_body, to_live, update_body
from retinue.providers.langgraph.service import classify
from retinue.providers.wire import Connection
from retinue_conformance.subject import Spec, marker_of

from ..langgraph.fake import FakeLangGraph
from ..serving import served

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
MINIMAL = {name: FULL[name] for name in ("model", "providers")}


class Assistants:
    """What the suite does to assistants past the provider; a subclass says where the server is."""

    provider = PROVIDER
    classify = staticmethod(classify)
    samples = {"Assistant": Spec(FULL, CHANGED, MINIMAL)}
    gaps: Mapping[str, str] = {}

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Ask as the server's own user interface does."""
        raise NotImplementedError

    def assistants(self) -> dict[str, dict[str, Any]]:
        """What people and programs made, by id."""
        raise NotImplementedError

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        body = create_body(spec, Marker("-", "-"), str(uuid.uuid4()))
        marker = (ADDRESS_KEY, APPLIED_KEY, SCOPE_KEY)
        foreign = {key: value for key, value in body["metadata"].items() if key not in marker}
        return str(self.call("POST", "/assistants", {**body, "metadata": foreign})["assistant_id"])

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return {key: _without_mirror(raw) for key, raw in self.assistants().items()}

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        live = to_live(self.call("GET", f"/assistants/{remote_id}"))
        self.call("PATCH", f"/assistants/{remote_id}", update_body(live, fields, marker_of(live)))

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        context = self.call("GET", f"/assistants/{remote_id}")["context"]
        self.call("PATCH", f"/assistants/{remote_id}", {"config": {"recursion_limit": 7}, "context": context})
        return {"config": {"recursion_limit": 7}}


def _without_mirror(raw: Mapping[str, Json]) -> dict[str, Json]:
    """The server shows the context once more in the config."""
    return {**raw, "config": {key: value for key, value in raw["config"].items() if key != "configurable"}}


class LangGraphSubject(Assistants):
    """The fake as the server. `socket`: over HTTP, else by direct calls."""

    def __init__(self, name: str, *, socket: bool = False) -> None:
        self.name, self._socket = name, socket

    def __enter__(self) -> LangGraphSubject:
        self.fake = FakeLangGraph()
        self._stack = ExitStack()
        self._url = self._stack.enter_context(served(self.fake)) if self._socket else "http://fake"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def reset(self) -> None:
        self.fake.reset()

    def connection(self) -> Connection:
        return Connection(self._url, transport=None if self._socket else in_process(self.fake))

    def assistants(self) -> dict[str, dict[str, Any]]:
        return self.fake.assistants

    def pages_of(self, size: int) -> bool:
        self.fake.page = size
        return True

    def call(self, method: str, path: str, body: Json = None) -> Json:
        with httpx.Client(transport=httpx.WSGITransport(app=self.fake), base_url="http://fake") as client:
            answer = client.request(method, path, json=body)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.text else None


SUBJECTS = (LangGraphSubject("langgraph"), LangGraphSubject("langgraph-socket", socket=True))
