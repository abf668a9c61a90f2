"""Stands between a client and the emulator: may change each request and each answer, or answer itself."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """`body` is JSON, or the bytes of what is none."""

    status: int
    body: Any


@dataclass(frozen=True)
class Ask:
    """A request. `body` is JSON, or the bytes of what is none."""

    method: str
    path: str
    body: Any
    environ: dict[str, Any]


Send = Callable[[Ask], Reply]
Change = Callable[[Ask, Send], Reply]
"""Takes a request and the way to the emulator."""


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data


def between(service: Callable[..., Iterable[bytes]], change: Change) -> Callable[..., Iterable[bytes]]:
    """The service as `change` makes it look."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        headers: list[tuple[str, str]] = []

        def send(ask: Ask) -> Reply:
            told: list[Any] = []
            data = ask.body if isinstance(ask.body, bytes) else json.dumps(ask.body).encode()
            sent = {**ask.environ, "REQUEST_METHOD": ask.method, "PATH_INFO": ask.path}
            sent |= {"CONTENT_LENGTH": str(len(data)), "wsgi.input": io.BytesIO(data)}
            answer = b"".join(service(sent, lambda *arguments: told.extend(arguments)))
            headers[:] = [(name, value) for name, value in told[1] if name.lower() != "content-length"]
            return Reply(int(told[0].partition(" ")[0]), _read(answer))

        data = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        reply = change(Ask(environ["REQUEST_METHOD"], environ["PATH_INFO"], _read(data), environ), send)
        answer = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        start_response(
            f"{reply.status} {HTTPStatus(reply.status).phrase}", [*headers, ("Content-Length", str(len(answer)))]
        )
        return [answer]

    return app
