"""Provider `flowise` against the emulator's dialect: rows of both types, in process and over a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import httpx

from retinue.core.model import Json
from retinue.providers.base import Marker
from retinue.providers.flowise import PROVIDER
from retinue.providers.flowise.directory import Directory, by_name, credentials_from, stores_from
from retinue.providers.flowise.rows import to_live
from retinue.providers.flowise.verdicts import classify
from retinue.providers.flowise.writing import create_body, update_body
from retinue.providers.http import in_process
from retinue.providers.wire import Connection
from retinue_conformance.subject import Spec, marker_of
from retinue_emulator.app import Emulator
from retinue_emulator.flowise_rows import KIND

from ..serving import served

CUSTOM = Spec(
    full={
        "name": "Math Tutor ∑",
        "description": "Helps with homework.",
        "model": "gpt-4o",
        "instructions": "Answer in one sentence.\n\n  Show your work.",
        "metadata": {"owner": "edu@example.com", "team": "7"},
        "temperature": 0.2,
        "top_p": 0.9,
        "providers": {
            "flowise": {
                "credential": "main",
                "iconSrc": "/tutor.png",
                "chatModel": {"inputs": {"streaming": False, "maxTokens": 500}},
                "tools": [{"name": "calculator"}, {"name": "serpAPI", "credential": "search"}],
                "documentStores": [{"name": "handbook", "description": "The rules of the school."}],
            }
        },
    },
    changed={
        "name": "Maths Tutor",
        "description": "Helps with all homework.",
        "model": "gpt-4o-mini",
        "instructions": "Answer in two sentences.",
        "metadata": {"owner": "cx@example.com", "cost": "12"},
        "temperature": 2,
        "top_p": 0,
        "providers": {
            "flowise": {
                "credential": "other",
                "iconSrc": "https://example.com/a.png",
                "chatModel": {"name": "chatMistralAI", "inputs": {"maxOutputTokens": 100}},
                "tools": [{"name": "requestsGet", "inputs": {"requestsGetUrl": "https://example.com"}}],
                "documentStores": [{"name": "prices"}],
            }
        },
    },
    minimal={"model": "gpt-4o", "name": "Math Tutor ∑"},
    lacks=frozenset({"tools", "tool_resources"}),
)
_OPENAI = {"type": "OPENAI", "credential": "main"}
OPENAI = Spec(
    full={
        "name": "Math Tutor ∑",
        "description": "Helps with homework.",
        "model": "gpt-4o",
        "instructions": "Answer in one sentence.\n\n  Show your work.",
        "tools": [{"type": "code_interpreter"}, {"type": "file_search"}],
        "tool_resources": {
            "code_interpreter": {"file_ids": ["file-2", "file-1"]},
            "file_search": {"vector_store_ids": ["vs_1"]},
        },
        "metadata": {"owner": "edu@example.com", "team": "7"},
        "temperature": 0.2,
        "top_p": 0.9,
        "providers": {"flowise": {**_OPENAI}},
    },
    changed={
        "name": "Maths Tutor",
        "description": "Helps with all homework.",
        "model": "gpt-4o-mini",
        "instructions": "Answer in two sentences.",
        "tools": [{"type": "file_search"}],
        "tool_resources": {
            "code_interpreter": {"file_ids": ["file-3"]},
            "file_search": {"vector_store_ids": ["vs_2"]},
        },
        "metadata": {"owner": "cx@example.com", "cost": "12"},
        "temperature": 2,
        "top_p": 0,
        "providers": {"flowise": {**_OPENAI, "credential": "other", "iconSrc": "/a.png"}},
    },
    minimal={"model": "gpt-4o", "name": "Math Tutor ∑", "providers": {"flowise": {**_OPENAI}}},
)
CREDENTIALS = {"main": "openAIApi", "other": "openAIApi", "search": "serpApi"}
STORES = ("handbook", "prices")


def flattened(row: Mapping[str, Json]) -> dict[str, Json]:
    """A row with the members of its details beside its own."""
    details = json.loads(row["details"])
    return {**(details if isinstance(details, dict) else {}), **row}


class Rows:
    """What the suite does to rows past the provider; a subclass says where the service is.

    `directory`: the names and ids of the service, as it was after the last reset.
    """

    provider = PROVIDER
    classify = staticmethod(classify)
    gaps: Mapping[str, str] = {}
    directory: Directory

    def __init__(self, name: str, sample: Spec) -> None:
        self.name, self.samples = name, {"Assistant": sample}

    def call(self, method: str, path: str, body: Json = None) -> Json:
        """Ask as the service's own page does; `path` is below `/api/v1`."""
        raise NotImplementedError

    def rows(self) -> dict[str, dict[str, Any]]:
        raise NotImplementedError

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        """As the page makes one: through the API, so that an OPENAI row has its upstream assistant."""
        body = create_body(spec, Marker("-", "-"), self.directory)
        details = {**json.loads(body["details"]), "metadata": dict(spec.get("metadata") or {})}
        return str(self.call("POST", "/assistants", {**body, "details": json.dumps(details)})["id"])

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return {key: flattened(row) for key, row in self.rows().items()}

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        live = to_live(self.rows()[remote_id], self.directory)
        self.call("PUT", f"/assistants/{remote_id}", update_body(live, fields, marker_of(live), self.directory))

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        strange = {"flowId": "f-1", "x_limits": {"tokens": [1, 2]}}
        row = self.rows()[remote_id]
        details = json.dumps({**json.loads(row["details"]), **strange})
        self.call("PUT", f"/assistants/{remote_id}", {"details": details, "credential": row["credential"]})
        return strange

    def pages_of(self, size: int) -> bool:
        return False


class FlowiseSubject(Rows):
    """The emulator's dialect as the service. `socket`: over HTTP, else by direct calls."""

    def __init__(self, name: str, sample: Spec, *, socket: bool = False) -> None:
        super().__init__(name, sample)
        self._socket = socket

    def __enter__(self) -> FlowiseSubject:
        self.emulator = Emulator(":memory:")
        self._stack = ExitStack()
        self._stack.callback(self.emulator.close)
        self._url = self._stack.enter_context(served(self.emulator)) if self._socket else "http://emulator"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def reset(self) -> None:
        self.emulator.store.clear()
        self.emulator.requests.clear()
        for name, kind in CREDENTIALS.items():
            self.emulator.seed({"object": "flowise.credential", "name": name, "credentialName": kind})
        for name in STORES:
            self.emulator.seed({"object": "flowise.docstore", "name": name})
        parts = [self.call("GET", f"/assistants/components/{name}") for name in ("chatmodels", "tools", "docstores")]
        credentials = credentials_from(self.call("GET", "/credentials"))
        self.directory = Directory(credentials, by_name(parts[0]), by_name(parts[1]), stores_from(parts[2]))

    def call(self, method: str, path: str, body: Json = None) -> Json:
        with httpx.Client(transport=httpx.WSGITransport(app=self.emulator), base_url="http://emulator") as client:
            how = {} if body is None else {"json": body}
            answer = client.request(method, f"/api/v1{path}", headers={"Authorization": "Bearer other"}, **how)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def connection(self) -> Connection:
        return Connection(
            base_url=self._url,
            headers={"Authorization": "Bearer conformance"},
            transport=None if self._socket else in_process(self.emulator),
        )

    def rows(self) -> dict[str, dict[str, Any]]:
        return dict(self.emulator.store.everything(KIND))


SUBJECTS = (
    FlowiseSubject("flowise-custom", CUSTOM),
    FlowiseSubject("flowise-custom-socket", CUSTOM, socket=True),
    FlowiseSubject("flowise-openai", OPENAI),
)
