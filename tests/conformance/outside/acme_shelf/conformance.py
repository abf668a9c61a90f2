"""The subject of the conformance suite: the made-up service as a WSGI application, and a way past the provider."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from retinue.core.model import Json
from retinue.providers.http import in_process
from retinue.providers.wire import Connection

from . import PROVIDER, body, classify

FULL: dict[str, Json] = {
    "name": "Greeter",
    "description": "Says hello.",
    "model": "small",
    "instructions": "Be brief.",
    "metadata": {"owner": "cx"},
    "temperature": 0.5,
}
CHANGED: dict[str, Json] = {
    "name": "Host",
    "description": "Says hello and goodbye.",
    "model": "large",
    "instructions": "Be kind.",
    "metadata": {"team": "7"},
    "temperature": 0,
}


class AcmeSubject:
    name = "acme"
    provider = PROVIDER
    classify = staticmethod(classify)
    samples = {"Assistant": SimpleNamespace(full=FULL, changed=CHANGED, minimal={"model": "small"})}
    gaps: Mapping[str, str] = {}
    partial_answers = True

    def __enter__(self) -> AcmeSubject:
        self._bots: dict[str, dict[str, Json]] = {}
        self._lock, self._clock = threading.Lock(), itertools.count(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._bots.clear()

    def reset(self) -> None:
        self._bots.clear()

    def connection(self) -> Connection:
        return Connection("http://acme/api", transport=in_process(self._app))

    def _app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            status, answer = self._answer(environ)
        data = json.dumps(answer).encode()
        start_response(f"{status} -", [("Content-Type", "application/json"), ("Content-Length", str(len(data)))])
        return [data]

    def _answer(self, environ: dict[str, Any]) -> tuple[int, Json]:
        method, key = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/api/bots").strip("/")
        if method == "GET" and not key:
            return 200, {"bots": list(self._bots.values())}
        if method == "POST" and key in self._bots:
            return 409, {"error": "taken"}
        if method != "POST" and key not in self._bots:
            return 404, {"error": "no such bot"}
        if method == "GET":
            return 200, self._bots[key]
        if method == "DELETE":
            del self._bots[key]
            return 200, {"done": True}
        given = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        if not all(isinstance(given.get(name, ""), str) for name in ("title", "about", "engine", "prompt")):
            return 422, {"error": "a text is expected"}
        self._put(key, given)
        return 200, {"done": True}

    def _put(self, key: str, given: Mapping[str, Json]) -> None:
        blank = {"title": "", "about": "", "engine": "", "prompt": "", "heat": ""}
        made = self._bots[key]["made"] if key in self._bots else next(self._clock)
        self._bots[key] = {**blank, **given, "id": key, "made": made}

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        key = f"00000000-0000-4000-8000-{next(self._clock):012}"
        self._put(key, body({}, spec, None))
        return key

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        return {key: dict(bot) for key, bot in self._bots.items()}

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        before = self._bots[remote_id]
        labels = before["labels"]
        self._bots[remote_id] = {**body(before, fields, None), "labels": labels}

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        strange = {"voice": "alto", "limits": {"tokens": [1, 2]}}
        self._bots[remote_id] = {**self._bots[remote_id], **strange}
        return strange

    def pages_of(self, size: int) -> bool:
        return False
