"""Provider `openai-assistants` against the emulator: in process, over a socket, and where a server may differ."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

from retinue.core.model import Json
from retinue.providers.base import Provider
from retinue.providers.http import in_process
from retinue.providers.openai_assistants import PROVIDER, classify
from retinue.providers.wire import Classify, Connection
from retinue_conformance.subject import Spec
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour

from ..serving import served


def _function(name: str, **rest: Json) -> Json:
    return {"type": "function", "function": {"name": name, **rest}}


_PARAMETERS = {"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]}
_ANSWER = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}
_SCHEMA = {"name": "answer", "strict": True, "schema": _ANSWER}
ASSISTANT = Spec(
    full={
        "name": "Math Tutor ∑",
        "description": "Helps with homework.",
        "model": "gpt-4o",
        "instructions": "Answer in one sentence.\n\n  Show your work.",
        "tools": [
            {"type": "code_interpreter"},
            {"type": "file_search", "file_search": {"max_num_results": 8}},
            _function("lookup", description="Looks an order up.", parameters=_PARAMETERS),
        ],
        "tool_resources": {
            "code_interpreter": {"file_ids": ["file-2", "file-1"]},
            "file_search": {"vector_store_ids": ["vs_1"]},
        },
        "metadata": {"owner": "edu@example.com", "team": "7"},
        "temperature": 0.2,
        "top_p": 0.9,
        "response_format": {"type": "json_schema", "json_schema": _SCHEMA},
        "reasoning_effort": "low",
    },
    changed={
        "name": "Maths Tutor",
        "description": "Helps with all homework.",
        "model": "gpt-4o-mini",
        "instructions": "Answer in two sentences.",
        "tools": [{"type": "code_interpreter"}, {"type": "file_search"}, _function("lookup_order", strict=True)],
        "tool_resources": {
            "code_interpreter": {"file_ids": ["file-3"]},
            "file_search": {"vector_store_ids": ["vs_2"]},
        },
        "metadata": {"owner": "cx@example.com", "cost": "12"},
        "temperature": 2,
        "top_p": 0,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "high",
    },
    minimal={"model": "gpt-4o"},
)


VECTOR_STORE = Spec(
    full={
        "name": "Handbook ∑",
        "expires_after": {"anchor": "last_active_at", "days": 30},
        "metadata": {"owner": "edu@example.com", "team": "7"},
    },
    changed={
        "name": "Manual",
        "expires_after": {"anchor": "last_active_at", "days": 365},
        "metadata": {"owner": "cx@example.com", "cost": "12"},
    },
    minimal={},
    # A list reads the files of our own stores only: to these cases they would come and go with the marker.
    lacks=frozenset(("files",)),
    parts={"/files": '{"object": "list", "data": [], "has_more": false}'},
)


TYPES = {"Assistant": "assistant", "VectorStore": "vector_store"}
"""What the API calls the objects of a kind."""


class OpenAISubject:
    """The emulator as the service. `socket`: over HTTP, else by direct calls."""

    provider: Provider = PROVIDER
    classify: Classify = staticmethod(classify)
    samples: Mapping[str, Spec] = {"Assistant": ASSISTANT}
    gaps: Mapping[str, str] = {}
    path = "/v1"
    headers: Mapping[str, str] = {"Authorization": "Bearer sk-conformance"}

    def __init__(self, name: str, *, socket: bool = False, behaviour: Behaviour | None = None) -> None:
        self.name = name
        self._socket, self._behaviour = socket, behaviour
        if not socket:
            self.samples = {**self.samples, "VectorStore": VECTOR_STORE}

    def __enter__(self) -> OpenAISubject:
        self.emulator = Emulator(":memory:", self._behaviour)
        self._page_size: int | None = None
        self._stack = ExitStack()
        self._stack.callback(self.emulator.close)
        self._url = self._stack.enter_context(served(self._app)) if self._socket else "http://emulator"
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The emulator; a server may give fewer objects than `limit` asks for and say that there are more."""
        if self._page_size is not None:
            query = re.sub(r"\blimit=\d+", f"limit={self._page_size}", environ.get("QUERY_STRING", ""))
            environ = {**environ, "QUERY_STRING": query}
        return self.emulator(environ, start_response)

    def reset(self) -> None:
        self.emulator.store.clear()
        self.emulator.requests.clear()
        self._page_size = None

    def connection(self) -> Connection:
        return Connection(
            base_url=f"{self._url}{self.path}",
            headers=self.headers,
            transport=None if self._socket else in_process(self._app),
        )

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        return self.emulator.seed({"object": TYPES[kind], **spec})

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return self.stored(kind)

    def stored(self, kind: str) -> dict[str, dict[str, Json]]:
        return dict(self.emulator.store.everything(TYPES[kind]))

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        self.emulator.seed({**self.stored(kind)[remote_id], **fields})

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        strange = {"voice": "alto", "x_limits": {"tokens": [1, 2]}}
        self.edit(kind, remote_id, strange)
        return strange

    def pages_of(self, size: int) -> bool:
        self._page_size = size
        return True


_OTHER = Behaviour(
    metadata="replace", resources="absent", empty_resources="keep", parameters="schema", unknown_cursor="empty"
)
SUBJECTS = (
    OpenAISubject("openai-assistants"),
    OpenAISubject("openai-assistants-socket", socket=True),
    OpenAISubject("openai-assistants-other-choices", behaviour=_OTHER),
)
