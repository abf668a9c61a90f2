"""Answers that are too large, however they are packed; redirects that would lead elsewhere."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from retinue.core.errors import AuthError, RetinueError, ServiceError, UnknownOutcome, Unreachable
from retinue.providers.http import Http
from retinue.providers.openai_assistants import classify
from retinue.providers.wire import Connection, Limits, Stream, Verb

from ..serving import raw_served, request_in
from .test_http import VirtualClock

JSON = {"Content-Type": "application/json"}
WRITES = [(Verb.CREATE, "POST"), (Verb.UPDATE, "POST"), (Verb.UPDATE, "PATCH"), (Verb.UPDATE, "PUT")]
WRITES += [(Verb.DELETE, "DELETE")]
READS = [(Verb.LIST, "GET"), (Verb.GET, "GET")]


LIMITS, SMALL = Limits(), Limits(listed=500_000, single=60_000, parts=10_000)


def answering(response: Any, requests: list[httpx.Request] | None = None, limits: Limits = LIMITS) -> Http:
    """A transport to a server that gives one answer, made anew each time if it is a function."""

    def handler(request: httpx.Request) -> httpx.Response:
        if requests is not None:
            requests.append(request)
        found = response() if callable(response) else response
        assert isinstance(found, httpx.Response)
        return found

    connection = Connection(
        "https://host/v1", transport=httpx.MockTransport(handler), clock=VirtualClock(), limits=limits
    )
    return Http(connection, classify)


class Endless(httpx.SyncByteStream):
    def __init__(self, piece: bytes, most: int) -> None:
        self.piece, self.most, self.sent = piece, most, 0

    def __iter__(self) -> Iterator[bytes]:
        for _ in itertools.repeat(None, self.most):
            self.sent += 1
            yield self.piece


def bomb(size: int) -> bytes:
    return gzip.compress(b'{"id": "' + b"x" * size + b'"}')


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(("verb", "method"), [*READS, *WRITES])
def test_what_is_too_large_is_an_error_that_is_not_tried_again(verb: Verb, method: str, packed: bool) -> None:
    requests = list[httpx.Request]()
    data = bomb(1_000_000) if packed else gzip.decompress(bomb(1_000_000))
    headers = {**JSON, "Content-Encoding": "gzip"} if packed else JSON
    http = answering(lambda: httpx.Response(200, headers=headers, stream=httpx.ByteStream(data)), requests, SMALL)
    with pytest.raises(ServiceError, match="answered more than 0 MB, which no answer of this API holds") as caught:
        http.send(verb, method, "assistants/x")
    assert type(caught.value) is (ServiceError if verb in (Verb.LIST, Verb.GET) else UnknownOutcome)
    assert "`endpoint`" in (caught.value.remedy or "")
    assert len(requests) == 1


def test_nothing_more_is_read_of_what_is_too_large() -> None:
    stream = Endless(b" " * 65536, 1000)
    with pytest.raises(ServiceError):
        answering(lambda: httpx.Response(200, stream=stream), limits=SMALL).send(Verb.GET, "GET", "assistants/x")
    assert stream.sent <= 2


def test_of_an_error_without_end_the_beginning_is_enough() -> None:
    stream = Endless(b'{"error": {"message": "no such key"', 10_000_000)
    with pytest.raises(AuthError, match="no such key"):
        answering(lambda: httpx.Response(401, stream=stream)).send(Verb.GET, "GET", "assistants/x")
    assert stream.sent < 100_000


def test_the_largest_page_that_there_can_be_is_read() -> None:
    """100 assistants of 256,000 characters that need 12 bytes each, and each with 128 tools."""
    parameters = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(20)}}
    function = {"name": "f" * 64, "description": "d" * 1024, "parameters": parameters}
    tools = json.dumps([{"type": "function", "function": function}] * 128)
    item = '{"id": "asst_%03d", "instructions": "' + "\\ud83d\\ude00" * 256_000 + f'", "tools": {tools}}}'
    assert 100 * len(item) < Limits().listed * 0.8
    assert 100 * sum(map(item.count, "[{,")) < Limits().parts * 0.8
    limits = Limits(listed=Limits().listed // 50, parts=Limits().parts // 50)
    data = f'{{"object": "list", "has_more": false, "data": [{item % 0}, {item % 1}]}}'.encode()
    found = answering(lambda: httpx.Response(200, stream=httpx.ByteStream(data)), limits=limits).send(
        Verb.LIST, "GET", "assistants"
    )
    assert [len(entry["instructions"]) for entry in found["data"]] == [256_000] * 2


def test_no_more_values_than_fit_into_memory_are_read() -> None:
    for part in ("[]", "{}", "0.5", '"ab"'):
        text = f'{{"data": [{", ".join([part] * 11_000)}]}}'
        with pytest.raises(ServiceError, match="more than 10,000 values"):
            answering(httpx.Response(200, text=text), limits=SMALL).send(Verb.LIST, "GET", "assistants")


@pytest.mark.parametrize(
    "encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip,br", "compress", "nonsense", "GZIP\t,gzip"]
)
def test_a_compression_that_was_not_asked_for_is_not_undone(encoding: str) -> None:
    data = gzip.compress(gzip.compress(b"{}"))
    response = lambda: httpx.Response(200, headers={"Content-Encoding": encoding}, stream=httpx.ByteStream(data))  # noqa: E731
    with pytest.raises(Unreachable, match="which was not asked for"):
        answering(response).send(Verb.GET, "GET", "assistants/x")
    with pytest.raises(UnknownOutcome):
        answering(response).send(Verb.CREATE, "POST", "assistants")


def test_what_may_be_compressed_is_asked_for_and_read() -> None:
    requests = list[httpx.Request]()
    text = json.dumps({"id": "x" * 3_000_000})
    for encoding, data in (
        ("gzip", gzip.compress(text.encode())),
        ("X-GZip", gzip.compress(text.encode())),
        ("identity", text.encode()),
        ("", text.encode()),
    ):
        for size in (7, 100_000_000):
            pieces = Pieces(data[::1], size)
            response = httpx.Response(200, headers={"Content-Encoding": encoding}, stream=pieces)
            assert answering(response, requests).send(Verb.GET, "GET", "x") == json.loads(text)
    assert {request.headers["accept-encoding"] for request in requests} == {"gzip"}


class Pieces(httpx.SyncByteStream):
    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size = data, size

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.data), self.size):
            yield self.data[start : start + self.size]


@pytest.mark.parametrize("data", [b"no gzip", bomb(5)[:-9], bomb(100)[:30], zlib.compress(b"{}")], ids=range(4))
def test_a_broken_compression_is_an_answer_that_was_lost(data: bytes) -> None:
    response = lambda: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(data))  # noqa: E731
    with pytest.raises(Unreachable, match="the compressed answer is"):
        answering(response).send(Verb.GET, "GET", "assistants/x")
    with pytest.raises(UnknownOutcome):
        answering(response).send(Verb.CREATE, "POST", "assistants")


@pytest.mark.parametrize("charset", ["utf-8", "zlib", "hex", "rot13", "punycode", "undefined", "nonsense", "utf-16"])
def test_a_strange_charset_does_not_change_what_json_is(charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    response = httpx.Response(200, headers=headers, stream=httpx.ByteStream('{"id": "ä"}'.encode()))
    assert answering(response).send(Verb.GET, "GET", "x") == {"id": "ä"}


_SERVED = """
import resource, sys
from pathlib import Path
from retinue.core.errors import RetinueError
from retinue.providers.http import Http
from retinue.providers.openai_assistants import classify
from retinue.providers.wire import Connection, Verb
try:
    Http(Connection(sys.argv[1], budget=120), classify).send(Verb[sys.argv[2]], sys.argv[3], "assistants")
except RetinueError as error:
    print(type(error).__name__)
status = Path("/proc/self/status")  # the other figure counts what this process was forked from
peak = next((line.split()[1] for line in open(status) if line.startswith("VmHWM")), "") if status.exists() else ""
print(int(peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024)
"""


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("verb", "method", "raised"), [("GET", "GET", "ServiceError"), ("CREATE", "POST", "UnknownOutcome")]
)
def test_an_answer_without_end_does_not_fill_the_memory(packed: bool, verb: str, method: str, raised: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

    def flood(connection: socket.socket) -> None:
        request_in(connection)
        machine = zlib.compressobj(wbits=31)
        connection.sendall(head + (b"Content-Encoding: gzip\r\n\r\n" if packed else b"\r\n"))
        for _ in range(20_000):
            piece = b" " * 1_000_000
            connection.sendall(machine.compress(piece) if packed else piece)

    with raw_served(flood) as (url, _):
        ran = subprocess.run([sys.executable, "-c", _SERVED, url, verb, method], capture_output=True, text=True)
    error, peak = ran.stdout.split()
    assert error == raised
    assert int(peak) < 400, f"{peak} MB"


REDIRECTS = (300, 301, 302, 303, 304, 305, 307, 308, 399)
TARGETS = [
    "http://{elsewhere}/v1/assistants",
    "/v1/assistants/",
    "//{elsewhere}/x",
    "http://[::1",
    "",
    "\x7f",
    "x" * 5000,
]


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize(("verb", "method"), [*READS, *WRITES])
def test_no_redirect_is_followed_and_no_header_travels(verb: Verb, method: str, status: int) -> None:
    def moved(connection: socket.socket) -> None:
        request_in(connection)
        location = next(targets).format(elsewhere=elsewhere.removeprefix("http://"))
        connection.sendall(f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())

    with raw_served(lambda _: None) as (elsewhere, led_away), raw_served(moved) as (url, came):
        for target in TARGETS:
            targets = itertools.repeat(target)
            headers = {"Authorization": "Bearer sk-canary-0001", "api-key": "k-canary-0001", "OpenAI-Project": "p"}
            http = Http(Connection(f"{url}/v1", headers, budget=30), classify)
            before = len(came)
            body = Stream("text/plain", 3, lambda: iter([b"abc"])) if verb is Verb.CREATE else None
            with pytest.raises(RetinueError) as caught:
                http.send(verb, method, "assistants", body=body)
            assert type(caught.value) is (Unreachable if verb in (Verb.LIST, Verb.GET) else UnknownOutcome)
            assert f"answered {status}" in caught.value.message
            assert "`endpoint`" in (caught.value.remedy or "")
            assert "canary" not in caught.value.message
            assert len(caught.value.message) < 400
            assert len(came) == before + 1
            http.close()
        assert led_away == []


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://other.example/v1/assistants?key=sk-canary", "https://other.example/v1/assistants"),
        ("https://me:sk-canary@other.example/", "https://other.example/"),
        ("/login", "/login"),
        ("https://other.example/sk-canary-0001", "https://other.example/[key]"),
        ("https://other.example/#sk-canary", "https://other.example/"),
    ],
)
def test_where_a_redirect_leads_is_said_without_what_may_be_secret(location: str, shown: str) -> None:
    connection = Connection(
        "https://host/v1",
        {"Authorization": "Bearer sk-canary-0001"},
        transport=httpx.MockTransport(lambda _: httpx.Response(302, headers={"Location": location})),
        clock=VirtualClock(),
    )
    with pytest.raises(Unreachable) as caught:
        Http(connection, classify).send(Verb.LIST, "GET", "assistants")
    assert caught.value.message == f"GET assistants answered 302, which redirects to {shown}, which is not followed"
