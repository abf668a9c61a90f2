"""The emulator as a WSGI application: routes to the dialects, misbehaves as told, remembers what was asked."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from .errors import ApiError
from .faults import Behaviour, Fault, Faults
from .openai import Assistants
from .store import Store

_MOST_BYTES = 16 * 1024 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 413: "Payload Too Large"}
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Request(NamedTuple):
    """One line of the request log."""

    method: str
    path: str
    status: int


class _Answer(NamedTuple):
    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


class Emulator:
    """`database`: a path or `:memory:`. `requests` is the log; `faults` and `behaviour` may change at any time."""

    def __init__(
        self,
        database: str = ":memory:",
        behaviour: Behaviour | None = None,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.store = Store(database)
        self.faults = Faults(now)
        self.requests: list[Request] = []
        self.latency = 0.0
        self._sleep = sleep
        self._lock = threading.Lock()
        self.assistants = Assistants(self.store, lambda: self.behaviour, now)
        self._dialects = (self.assistants,)

    def close(self) -> None:
        self.store.close()

    def writes(self) -> list[Request]:
        """The logged requests that were meant to change something."""
        return [request for request in self.requests if request.method != "GET"]

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
        if self.latency:
            self._sleep(self.latency)
        fault = self.faults.next(f"{method} {path}")
        try:
            answer = self._faulty(fault, method, path, environ) if fault else self._answer(method, path, environ)
        except ConnectionResetError:
            self._log(method, path, 0)
            raise
        self._log(method, path, answer.status)
        body = answer.body.encode("utf-8")
        length = len(body)
        if fault and fault.kind == "cut":
            body = body[: length // 2]
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(length)),
            ("x-request-id", "req_" + secrets.token_hex(16)),
            ("openai-version", "2020-10-01"),
            *answer.headers,
        ]
        start_response(f"{answer.status} {_REASONS.get(answer.status, 'Status')}", headers)
        return [body]

    def _log(self, method: str, path: str, status: int) -> None:
        with self._lock:
            self.requests.append(Request(method, path, status))

    def _faulty(self, fault: Fault, method: str, path: str, environ: dict[str, Any]) -> _Answer:
        if fault.kind == "slow":
            self._sleep(fault.seconds)
            return self._answer(method, path, environ)
        if fault.after_commit or fault.kind == "cut":
            done = self._answer(method, path, environ)
            if fault.kind == "cut":
                return done
        if fault.kind == "reset":
            raise ConnectionResetError("the emulator was told to drop this connection")
        if fault.kind == "html":
            return _Answer(200, "<!doctype html><title>Hello</title>", content_type="text/html")
        if fault.kind == "broken":
            return _Answer(200, '{"object": "list", "data": [')
        headers = [("Retry-After", fault.retry_after)] if fault.retry_after else []
        headers += [("retry-after-ms", fault.retry_after_ms)] if fault.retry_after_ms else []
        limited = fault.status == 429
        message = (
            "Rate limit reached, slow down." if limited else "The server had an error while processing your request."
        )
        error = ApiError(
            fault.status,
            message,
            code="rate_limit_exceeded" if limited else None,
            kind="invalid_request_error" if limited else "server_error",
        )
        return _Answer(fault.status, json.dumps(error.body), tuple(headers))

    def _answer(self, method: str, path: str, environ: dict[str, Any]) -> _Answer:
        try:
            body = _body(environ)
            query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
            headers = {
                "authorization": environ.get("HTTP_AUTHORIZATION", ""),
                "openai-beta": environ.get("HTTP_OPENAI_BETA", ""),
            }
            for dialect in self._dialects:
                if path == dialect.prefix or path.startswith(dialect.prefix + "/"):
                    text = dialect.handle(method, path, query, headers, body)
                    if text is not None:
                        return _Answer(200, text)
            raise ApiError(404, f"Invalid URL ({method} {path})")
        except ApiError as error:
            return _Answer(error.status, json.dumps(error.body))


def _body(environ: dict[str, Any]) -> Any:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > _MOST_BYTES:
        raise ApiError(413, f"The body is larger than {_MOST_BYTES} bytes.")
    if not length:
        return None
    try:
        return json.loads(environ["wsgi.input"].read(length))
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "We could not parse the JSON body of your request.") from error
