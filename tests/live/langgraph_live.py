"""A real LangGraph server as a subject of the conformance suite, and ways past retinue into it."""

from __future__ import annotations

import json
import os
from typing import Any

import httpx

from retinue.core.model import Json
from retinue.providers.langgraph.mapping import MOST
from retinue.providers.wire import Connection

from ..conformance.langgraph_subjects import Assistants


class Server:
    """The server that LANGGRAPH_URL names."""

    def __init__(self) -> None:
        self.url = os.environ["LANGGRAPH_URL"]
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def call(self, method: str, path: str, body: Json = None) -> Json:
        answer = self.client.request(method, path, **({} if body is None else {"json": body}))
        assert answer.status_code in (200, 204), f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.text else None

    def assistants(self) -> dict[str, dict[str, Any]]:
        """What people and programs made, by id."""
        found = self.call("POST", "/assistants/search", {"limit": 1000})
        return {raw["assistant_id"]: raw for raw in found if raw["metadata"].get("created_by") != "system"}

    def named(self, name: str) -> dict[str, Any]:
        (found,) = (raw for raw in self.assistants().values() if raw["name"] == name)
        return found

    def empty(self) -> None:
        for key in self.assistants():
            self.call("DELETE", f"/assistants/{key}")


class Wire(httpx.HTTPTransport):
    """Lets no search ask for more than `page` objects."""

    page = MOST

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/search"):
            body = json.loads(request.content)
            smaller = {**body, "limit": min(self.page, body["limit"])}
            headers = {name: value for name, value in request.headers.items() if name != "content-length"}
            request = httpx.Request(request.method, request.url, headers=headers, json=smaller)
        return super().handle_request(request)

    def close(self) -> None:
        """Each service closes its client; this one serves them all."""


class LiveSubject(Assistants):
    """The same samples as against the fake."""

    name = "langgraph-live"

    def __enter__(self) -> LiveSubject:
        self.server, self._wire = Server(), Wire()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.empty()
        self.server.client.close()

    def reset(self) -> None:
        self.server.empty()
        self._wire.page = MOST

    def connection(self) -> Connection:
        return Connection(self.server.url, transport=self._wire)

    def call(self, method: str, path: str, body: Json = None) -> Json:
        return self.server.call(method, path, body)

    def assistants(self) -> dict[str, dict[str, Any]]:
        return self.server.assistants()

    def pages_of(self, size: int) -> bool:
        """The server answers as many as it is asked for, so on the way it is asked for fewer."""
        self._wire.page = size
        return True


def subject() -> LiveSubject:
    return LiveSubject()
