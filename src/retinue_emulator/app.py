"""The emulator as a WSGI application: routes to the dialects, misbehaves as told, remembers what was asked."""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from .access import Access
from .agents import Agents
from .anthropic import DEPLOYMENT, Anthropic
from .anthropic import KIND as MANAGED_AGENT
from .assistants import Assistants
from .azure import Azure
from .control import PATH as CONTROL_PATH
from .control import Control
from .errors import ApiError
from .faults import Behaviour, Fault, Faults
from .files import Files
from .flowise import Flowise
from .flowise_credentials import seed_store
from .foundry import Foundry
from .ground import Ground, new_id
from .mistral import KIND as MISTRAL_AGENT
from .mistral import Mistral
from .openai import OpenAI
from .store import Store, storable
from .vector_stores import VectorStores
from .web import Answer, Dialect, Request, Router, unreadable

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_MOST_LOGGED = 100_000
_PIECES = 10
_HTML = "<!doctype html><title>Welcome</title><p>This is not the page you are looking for."
_BROKEN = '{"object": "list", "data": ['


class Logged(NamedTuple):
    """One line of the request log. `status` 0: the connection was dropped. `at`: seconds since 1970, on arrival."""

    method: str
    path: str
    status: int
    query: str = ""
    at: float = 0.0


class Emulator:
    """An Assistants v2 API, also as Azure speaks it, OpenAI's, Anthropic's, Foundry's, Mistral's agents, and Flowise.

    Safe for many threads. To call in process or on a socket.

    `database` is a path or `:memory:`. `control` opens /_emulator/control, by which anybody who reaches the socket
    may change everything. `now` gives seconds since 1970, `sleep` takes seconds, `new_id` makes an id of
    a prefix. `behaviour`, `faults` and `latency` (seconds before every answer) may change at any time; `requests` is
    the log of the last requests.
    """

    def __init__(
        self,
        database: str = ":memory:",
        behaviour: Behaviour | None = None,
        *,
        control: bool = False,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        new_id: Callable[[str], str] = new_id,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.store = Store(database)
        self.faults = Faults(now)
        self.requests: list[Logged] = []
        self.latency = 0.0
        self._now, self._sleep = now, sleep
        self._lock = threading.Lock()
        ground = Ground(self.store, lambda: self.behaviour, now, new_id)
        self.files = Files(ground)
        self.vector_stores = VectorStores(ground, self.files)
        self.assistants = Assistants(ground, self.vector_stores.make)
        access, knowledge = Access(ground), (self.files, self.vector_stores)
        self.flowise = Flowise(ground, access, self.assistants)
        self.agents = Agents(ground)
        openai = OpenAI(ground, access, self.assistants, self.agents, knowledge)
        azure = Azure(ground, access, self.assistants, knowledge)
        self.foundry = Foundry(ground, access, self.assistants, knowledge)
        self.anthropic, self.mistral = Anthropic(ground, access), Mistral(ground, access)
        dialects = (openai, azure, self.foundry, self.flowise, self.anthropic, self.mistral)
        self._router = Router(dialects)
        self.guide = [line for dialect in dialects for line in dialect.guide]
        self._control = Control(self) if control else None

    def close(self) -> None:
        self.store.close()

    def configure(self, document: Any) -> None:
        """Do what a POST to /_emulator/control would. Raises ValueError and leaves everything as it is."""
        try:
            Control(self).apply(document)
        except ApiError as error:
            raise ValueError(str(error.__cause__ or error)) from error

    def serve(self, host: str, port: int, ready: Callable[[str], None], stop: threading.Event) -> None:
        """Serve on a socket until `stop`; `ready` gets the URL. Raises OSError."""
        from .server import serve

        serve(self, host, port, ready, stop)

    def writes(self) -> list[Logged]:
        """The logged requests that were meant to change something."""
        return [request for request in self.requests if request.method != "GET"]

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put an object there as it is; its `object` says what it is, by default an assistant. Returns its id."""
        put: dict[str, Callable[[Mapping[str, Any]], str]] = {
            "assistant": self.assistants.seed,
            "agent": self.agents.seed,
            "foundry.agent": self.foundry.agents.seed,
            MANAGED_AGENT: self.anthropic.seed,
            DEPLOYMENT: self.anthropic.seed,
            MISTRAL_AGENT: self.mistral.seed,
            "file": self.files.seed,
            "vector_store": self.vector_stores.seed,
            "vector_store.file": self.vector_stores.entries.seed,
            "vector_store.file_batch": self.vector_stores.entries.seed,
            "flowise.assistant": self.flowise.rows.seed,
            "flowise.credential": self.flowise.credentials.seed,
            "flowise.docstore": lambda raw: seed_store(self.store, raw, self._now()),
        }
        if raw.get("object", "assistant") not in put:
            raise ValueError(f"nothing is known of objects of type {raw['object']!r}")
        return put[raw.get("object", "assistant")](raw)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        started = self._now()
        request, query = _request(environ), environ.get("QUERY_STRING", "")
        if self._control and request.path == CONTROL_PATH:
            return _respond(self._control.answer(request), (), start_response)
        if self.latency:
            self._sleep(self.latency)
        dialect, request_id = self._router.dialect(request.path), secrets.token_hex(16)
        found = self._router.find(request.method, request.path)
        fault = self.faults.next(f"{request.method} {request.path}", found[0].label if found else "")
        try:
            answer = self._answer(dialect, request, fault, request_id)
        except ConnectionResetError:
            self._log(Logged(request.method, request.path, 0, query, started))
            raise
        took = max(1, round((self._now() - started) * 1000))
        headers = (*dialect.headers(request_id), ("openai-processing-ms", str(took)))
        self._log(Logged(request.method, request.path, answer.status, query, started))
        chunks = _respond(answer, headers, start_response)
        return self._disturbed(chunks[0], fault) if fault and fault.kind in ("cut", "drip") else chunks

    def _log(self, line: Logged) -> None:
        with self._lock:
            self.requests.append(line)
            if len(self.requests) > _MOST_LOGGED:
                del self.requests[: _MOST_LOGGED // 2]

    def _answer(self, dialect: Dialect, request: Request, fault: Fault | None, request_id: str) -> Answer:
        """The right answer, or what the fault puts in its place. Raises ConnectionResetError."""
        if fault is None or fault.kind in ("cut", "drip"):
            return self._right(dialect, request, request_id)
        if fault.kind == "slow":
            self._sleep(fault.seconds)
            return self._right(dialect, request, request_id)
        if fault.kind in ("repeat", "miss"):
            return self._right(dialect, replace(request, page_fault=fault.kind), request_id)
        if fault.after_commit:
            self._right(dialect, request, request_id)
        if fault.kind == "reset":
            raise ConnectionResetError("the emulator was told to drop this connection")
        if fault.kind == "html":
            return Answer(fault.body or _HTML, content_type="text/html; charset=utf-8")
        if fault.kind == "broken":
            return Answer(fault.body or _BROKEN)
        refusal = _server_error(fault.status, request_id)
        if fault.status == 429:
            refusal = ApiError(429, "Rate limit reached, slow down.", code="rate_limit_exceeded")
        refusal.request_id = request_id
        body = dialect.envelope(refusal) if fault.body is None else fault.body
        return Answer(body, fault.status, fault.headers(self._now()))

    def _right(self, dialect: Dialect, request: Request, request_id: str) -> Answer:
        try:
            found = self._router.find(request.method, request.path)
            if found is None:
                raise dialect.no_route(request.method, request.path, known_path=self._router.knows(request.path))
            route, segments = found
            dialect.admit(request, route)
            return route.handle(request, *segments)
        except ApiError as error:
            refusal = error
        except RecursionError:
            refusal = unreadable()
        except sqlite3.Error:
            refusal = _server_error(500, request_id)
        refusal.request_id = request_id
        return Answer(dialect.envelope(refusal), refusal.status, content_type=refusal.content_type)

    def _disturbed(self, body: bytes, fault: Fault) -> Iterator[bytes]:
        if fault.kind == "cut":
            yield body[: len(body) // 2]
            raise ConnectionResetError("the emulator was told to cut this answer")
        size = max(1, -(-len(body) // _PIECES))
        for start in range(0, len(body), size):
            yield body[start : start + size]
            self._sleep(fault.seconds / _PIECES)


def _server_error(status: int, request_id: str) -> ApiError:
    message = (
        "The server had an error while processing your request. Sorry about that!"
        f" (Please include the request ID req_{request_id} in your message.)"
    )
    return ApiError(status, message, kind="server_error")


def _request(environ: Mapping[str, Any]) -> Request:
    """WSGI wraps the bytes of a path as latin-1 (PEP 3333); some callers hand over the decoded text."""
    path = environ.get("PATH_INFO", "/")
    try:
        path = path.encode("latin-1").decode("utf-8")
    except UnicodeError:
        path = path.encode("utf-8", "replace").decode("utf-8")
    length = environ.get("CONTENT_LENGTH") or ("" if environ.get("HTTP_TRANSFER_ENCODING") else "0")
    headers = {
        key[5:].lower().replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")
    } | {"content-type": environ.get("CONTENT_TYPE", "")}
    return Request(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
        headers=headers,
        stream=environ["wsgi.input"],
        length=int(length) if length else None,
    )


def _respond(answer: Answer, headers: Iterable[tuple[str, str]], start_response: StartResponse) -> list[bytes]:
    body = storable(answer.body).encode("utf-8") if isinstance(answer.body, str) else answer.body
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Unknown"
    start_response(
        f"{answer.status} {reason}",
        [("Content-Type", answer.content_type), ("Content-Length", str(len(body))), *headers, *answer.headers],
    )
    return [body]
