"""What a dialect sees of HTTP: a request, an answer, its routes. Knows no API, no socket and no fault."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, NamedTuple, NoReturn, Protocol

from .errors import ApiError

MOST_JSON_BYTES = 16 * 1024 * 1024
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` has lower-case names; `length` is None for a body that ends with its stream."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    stream: BinaryIO
    length: int | None
    page_fault: str = ""
    """`repeat` or `miss`: what a list does to its page."""

    def read(self, most: int) -> bytes:
        """The whole body. Raises ApiError 413 above `most` bytes, ConnectionResetError if the client sent less."""
        if self.length is not None and self.length > most:
            raise ApiError(413, f"The body is larger than {most} bytes.")
        wanted = most + 1 if self.length is None else self.length
        pieces: list[bytes] = []
        while wanted > 0 and (piece := self.stream.read(min(wanted, _PIECE))):
            pieces.append(piece)
            wanted -= len(piece)
        if self.length is None and wanted <= 0:
            raise ApiError(413, f"The body is larger than {most} bytes.")
        if self.length is not None and wanted:
            raise ConnectionResetError("the client went away in the middle of its request")
        return b"".join(pieces)

    def json(self) -> Any:
        """The body as JSON that can be stored and answered again: no NaN, no lone surrogates, not too deep."""
        try:
            value = json.loads(self.read(MOST_JSON_BYTES), parse_constant=_refuse)
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError) as error:
            raise unreadable() from error
        return value

    def with_json(self, body: object) -> Request:
        """The same request with another body."""
        data = json.dumps(body).encode("utf-8", "surrogatepass")
        return replace(self, stream=io.BytesIO(data), length=len(data))


def unreadable() -> ApiError:
    return ApiError(400, "We could not parse the JSON body of your request.")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer but for the headers that the application adds to every one."""

    body: str | bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"


def told(value: object) -> Answer:
    """An answer of JSON."""
    return Answer(json.dumps(value, ensure_ascii=False))


class Route(NamedTuple):
    """`template` is a path with `{name}` for one segment; `handle` gets the request and those segments."""

    method: str
    template: str
    handle: Callable[..., Answer]

    @property
    def label(self) -> str:
        return f"{self.method} {self.template}"


class Dialect(Protocol):
    """One API: a table of routes below a prefix, who may use them, and the envelope of its refusals."""

    @property
    def prefix(self) -> str:
        """The paths that this dialect answers for, known to it or not."""

    @property
    def guide(self) -> Sequence[tuple[str, str, str]]:
        """Of each API: its name, its base, and the headers and the query that a request by hand needs."""

    @property
    def routes(self) -> Sequence[Route]: ...

    def admit(self, request: Request, route: Route) -> None:
        """Raises ApiError for a request without the right key, headers or version."""

    def no_route(self, method: str, path: str, *, known_path: bool) -> ApiError:
        """The refusal of a path that has no route, or none for this method."""

    def envelope(self, error: ApiError) -> str:
        """The body of a refusal."""

    def headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        """What every answer carries; `request_id` is 32 hexadecimal digits."""


class Router:
    """Finds the dialect and the route of a path."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._dialects = sorted(dialects, key=lambda dialect: -len(dialect.prefix))
        self._default = dialects[0]
        self._table: dict[int, list[tuple[Route, list[str]]]] = {}
        for route in (route for dialect in dialects for route in dialect.routes):
            parts = route.template.split("/")
            self._table.setdefault(len(parts), []).append((route, parts))

    def dialect(self, path: str) -> Dialect:
        """The dialect whose refusals a client of this path expects."""
        for dialect in self._dialects:
            if path == dialect.prefix or path.startswith(dialect.prefix + "/"):
                return dialect
        return self._default

    def find(self, method: str, path: str) -> tuple[Route, list[str]] | None:
        """The route and the segments for its `{…}`. None: no route; see `knows`."""
        return next((found for found in self._matches(path) if found[0].method == method), None)

    def knows(self, path: str) -> bool:
        """True if the path has a route for any method."""
        return bool(self._matches(path))

    def _matches(self, path: str) -> list[tuple[Route, list[str]]]:
        parts = path.split("/")
        return [
            (route, [part for wanted, part in zip(template, parts, strict=True) if wanted[:1] == "{"])
            for route, template in self._table.get(len(parts), ())
            if all(part if wanted[:1] == "{" else wanted == part for wanted, part in zip(template, parts, strict=True))
        ]
