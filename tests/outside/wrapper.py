"""What the SDK's own tests assume of a server: ids that always exist, the root as base, requests nobody may send."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from retinue_emulator.app import Emulator

from .published import Answer, Witness
from .service import PREFIX


class Asked(NamedTuple):
    """What those tests ask for."""

    method: str
    path: str
    query: str
    body: bytes


@dataclass(frozen=True)
class Amendment:
    """A request that the reference forbids but the tests send. `change` makes it a good one; `route` is a pattern.

    It is changed only after the emulator has refused it with 400 and this `param`.
    """

    route: str
    param: str
    change: Callable[[Asked], Asked]


def _one_per_page(asked: Asked) -> Asked:
    return asked._replace(query=urlencode({**dict(parse_qsl(asked.query)), "limit": "1"}))


def _by_id_only(asked: Asked) -> Asked:
    body = json.loads(asked.body)
    del body["tool_resources"]["file_search"]["vector_stores"]
    return asked._replace(body=json.dumps(body).encode())


def _one_file(asked: Asked) -> Asked:
    return asked._replace(body=json.dumps({"file_ids": ["file_id"]}).encode())


def _entries_only(asked: Asked) -> Asked:
    body = json.loads(asked.body)
    del body["file_ids"]
    return asked._replace(body=json.dumps(body).encode())


AMENDMENTS = (
    Amendment("GET /(assistants|files|vector_stores(/.*)?)", "limit", _one_per_page),
    Amendment("POST /assistants", "tool_resources.file_search", _by_id_only),
    Amendment("POST /vector_stores/vs_abc123/file_batches", "file_ids", _one_file),
    Amendment("POST /vector_stores/vs_abc123/file_batches", "files", _entries_only),
)

Seed = tuple[str, Mapping[str, Any]]
"""The kind under which the emulator keeps an object, and the object as it is put there."""


class Wrapper:
    """A WSGI application that mounts an emulator at the root. `seeds`: what exists at every request."""

    def __init__(self, emulator: Emulator, seeds: Sequence[Seed], witness: Witness) -> None:
        self._emulator, self._seeds, self._witness = emulator, seeds, witness
        self._lock = threading.Lock()
        self.amended: list[str] = []
        """The `param` of each amendment that was made."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH")
        body = environ["wsgi.input"].read(int(length)) if length else b""
        asked = Asked(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""), body)
        with self._lock:
            self._seed()
            status, headers, answer = self._ask(environ, asked)
            if amendment := self._needed(asked, status, answer):
                self.amended.append(amendment.param)
                status, headers, answer = self._ask(environ, amendment.change(asked))
        start_response(status, headers)
        return [answer]

    def _seed(self) -> None:
        """In this order, long ago; what a test has deleted is there again."""
        for second, (kind, raw) in enumerate(self._seeds):
            if self._emulator.store.get(kind, raw["id"]) is None:
                self._emulator.seed({"created_at": second, **raw})

    def _needed(self, asked: Asked, status: str, answer: bytes) -> Amendment | None:
        if not status.startswith("400 "):
            return None
        route, param = f"{asked.method} {asked.path}", json.loads(answer)["error"]["param"]
        return next((item for item in AMENDMENTS if item.param == param and re.fullmatch(item.route, route)), None)

    def _ask(self, environ: dict[str, Any], asked: Asked) -> tuple[str, list[tuple[str, str]], bytes]:
        told: list[Any] = []
        inner = {
            **environ,
            "PATH_INFO": PREFIX + asked.path,
            "QUERY_STRING": asked.query,
            "CONTENT_LENGTH": str(len(asked.body)),
            "wsgi.input": io.BytesIO(asked.body),
        }
        answer = b"".join(self._emulator(inner, lambda *arguments: told.extend(arguments)))
        status, headers = told
        lower = {name.lower(): value for name, value in headers}
        self._witness.saw(Answer(asked.method, asked.path, int(status[:3]), lower, answer))
        return status, headers, answer
