"""Servers that never come to an end, on real sockets: every exchange is over when its time is, and says what it was."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from retinue.core.errors import NotSent, RetinueError, UnknownOutcome, Unreachable
from retinue.providers.http import Http
from retinue.providers.openai_assistants import classify
from retinue.providers.wire import Connection, Limits, Stream, Verb

from ..serving import Connected, dripping, raw_served, request_in

BUDGET, LATEST = 0.8, 5.0
"""Seconds that a run may take, and at which it must be over even on a slow machine."""
LIMITS, SHORT = Limits(), Limits(exchange=0.5, brief=0.5)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def drip_head(connection: socket.socket) -> None:
    request_in(connection)
    dripping(connection, HEAD + b"X-Long: ")


def drip_body(connection: socket.socket) -> None:
    request_in(connection)
    connection.sendall(HEAD + b"Content-Length: 999999\r\n\r\n")
    dripping(connection, b'{"id": ')


def drip_chunks(connection: socket.socket) -> None:
    request_in(connection)
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"1\r\n \r\n")
        time.sleep(0.05)


def drip_status(connection: socket.socket) -> None:
    dripping(connection, b"HTTP/1.1 2")


def endless_continue(connection: socket.socket) -> None:
    request_in(connection)
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.001)


def until_closed(connection: socket.socket) -> None:
    """Takes what may still come of a request, and says nothing."""
    while connection.recv(4096):
        pass


def silent(connection: socket.socket) -> None:
    request_in(connection)
    until_closed(connection)


def late_then_silent(connection: socket.socket) -> None:
    """Nearly over in time, and then nothing: a wait must not begin anew with each byte."""
    request_in(connection)
    connection.sendall(HEAD + b"Content-Length: 9\r\n\r\n")
    time.sleep(BUDGET * 0.8)
    connection.sendall(b"{")
    until_closed(connection)


def never_reading(connection: socket.socket) -> None:
    time.sleep(2 * LATEST)


def sipping(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    while connection.recv(100):
        time.sleep(0.05)


TRICKLES = [
    drip_head, drip_body, drip_chunks, drip_status, endless_continue, silent, late_then_silent
]  # fmt: skip
CALLS = [
    (Verb.LIST, "GET", Unreachable),
    (Verb.GET, "GET", Unreachable),
    (Verb.CREATE, "POST", UnknownOutcome),
    (Verb.UPDATE, "PATCH", UnknownOutcome),
    (Verb.UPDATE, "PUT", UnknownOutcome),
    (Verb.DELETE, "DELETE", UnknownOutcome),
]


_MADE: list[Http] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Closes the clients of a test: the collector would warn of their sockets in whatever test runs then."""
    yield
    while _MADE:
        _MADE.pop().close()


def made(url: str, budget: float = BUDGET, limits: Limits = LIMITS, proxy: str | None = None) -> Http:
    headers = {"Authorization": "Bearer sk-canary-0001"}
    _MADE.append(Http(Connection(url, headers, budget=budget, limits=limits, proxy=proxy), classify))
    return _MADE[-1]


def over(call: Callable[[], object], latest: float = LATEST) -> RetinueError:
    """The error in which a call ends, in time."""
    begun = time.monotonic()
    with pytest.raises(RetinueError) as caught:
        call()
    assert time.monotonic() - begun < latest
    return caught.value


@pytest.mark.parametrize(
    ("trickle", "verb", "method", "raised"),
    [
        *((trickle, Verb.CREATE, "POST", UnknownOutcome) for trickle in TRICKLES),
        *((trickle, *call) for trickle in (drip_head, drip_body) for call in CALLS if call[0] is not Verb.CREATE),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_no_trickle_outlasts_the_run_and_a_write_is_unknown(
    trickle: Connected, verb: Verb, method: str, raised: type[RetinueError]
) -> None:
    with raw_served(trickle) as (url, came):
        http = made(url)
        error = over(lambda: http.send(verb, method, "assistants", body={}))
        assert type(error) is raised, error.message
        before = len(came)
        time.sleep(0.1)
        assert type(over(lambda: http.send(verb, method, "assistants", body={}))) is NotSent
        assert len(came) == before == 1
        http.close()


def test_headers_without_end_are_cut_off_long_before_they_fill_the_memory() -> None:
    taken = list[int]()

    def counted(connection: socket.socket) -> None:
        request_in(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        taken.append(connection.send(b"HTTP/1.1 200 OK\r\n"))
        for number in itertools.count():
            taken.append(connection.send(b"X-%d: %s\r\n" % (number, b"x" * 8000)))

    with raw_served(counted) as (url, _):
        error = over(lambda: made(url, 20).send(Verb.CREATE, "POST", "assistants", body={}))
    assert type(error) is UnknownOutcome
    assert sum(taken) < 10_000_000


@pytest.mark.parametrize("server", [never_reading, sipping], ids=lambda server: server.__name__)
def test_an_upload_that_is_not_taken_ends_with_the_run_and_is_unknown(server: Connected) -> None:
    piece = b"x" * 65536
    with raw_served(server) as (url, came):
        body = Stream("text/plain", 4096 * len(piece), lambda: itertools.repeat(piece, 4096))
        error = over(lambda: made(url).send(Verb.CREATE, "POST", "files", body=body))
        assert type(error) is UnknownOutcome
        assert len(came) == 1


def test_a_large_body_that_is_not_taken_ends_with_the_run_and_is_unknown() -> None:
    with raw_served(sipping) as (url, _):
        http, body = made(url, 3), {"instructions": "x" * 30_000_000}
        error = over(lambda: http.send(Verb.UPDATE, "POST", "assistants/x", body=body), 3 * LATEST)
        assert type(error) is UnknownOutcome, error.message


def test_one_exchange_is_bounded_too_and_the_run_goes_on() -> None:
    connections = itertools.count()

    def first_trickles(connection: socket.socket) -> None:
        if not next(connections):
            drip_body(connection)
        request_in(connection)
        connection.sendall(HEAD + b'Content-Length: 11\r\n\r\n{"id": "x"}')

    with raw_served(first_trickles) as (url, came):
        assert made(url, 60, SHORT).send(Verb.GET, "GET", "assistants/x") == {"id": "x"}
        assert len(came) == 2


def test_a_create_that_trickles_is_not_sent_again_though_there_is_time() -> None:
    with raw_served(drip_body) as (url, came):
        error = over(lambda: made(url, 60, SHORT).send(Verb.CREATE, "POST", "assistants", body={}))
        assert type(error) is UnknownOutcome
        assert len(came) == 1


def test_what_a_command_can_do_without_is_not_waited_for_longer_than_that() -> None:
    with raw_served(drip_body) as (url, came):
        http = made(url, 60, SHORT)
        assert type(over(lambda: http.brief().send(Verb.GET, "GET", "assistants/x"))) is Unreachable
        assert len(came) == 1


def test_a_handshake_that_trickles_ends_with_the_run() -> None:
    def handshake(connection: socket.socket) -> None:
        connection.recv(65536)
        dripping(connection, b"\x16\x03\x03\x40\x00")  # a record of 16 kB begins

    with raw_served(handshake) as (url, _):
        http = made(url.replace("http:", "https:"))
        assert isinstance(over(lambda: http.send(Verb.CREATE, "POST", "assistants", body={})), Unreachable)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_is_bounded_as_well(scheme: str) -> None:
    with raw_served(drip_head) as (url, came):
        http = made(f"{scheme}://somewhere.example/v1", proxy=url)
        assert isinstance(over(lambda: http.send(Verb.LIST, "GET", "assistants")), Unreachable)
        assert len(came) == 1


def test_a_name_that_is_looked_up_for_ever_ends_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver is not ours, and cannot be had on a socket of this machine without a privilege."""
    free = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: free.wait(20) or [])
    try:
        error = over(lambda: made("http://somewhere.example/v1").send(Verb.CREATE, "POST", "assistants", body={}))
    finally:
        free.set()
    assert isinstance(error, Unreachable)
    assert "looked up in time" in error.message


def test_where_one_address_does_not_answer_the_next_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(connection: socket.socket) -> None:
        request_in(connection)
        connection.sendall(HEAD + b'Content-Length: 11\r\n\r\n{"id": "x"}')

    original = socket.getaddrinfo

    def two(host: str, port: int, *rest: Any, **named: Any) -> Any:
        if host != "localhost":
            return original(host, port, *rest, **named)
        return [entry for name in ("127.0.0.2", "127.0.0.1") for entry in original(name, port, *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", two)
    monkeypatch.setattr("tests.conftest._LOOPBACK", ("127.0.0.1", "127.0.0.2", "localhost"))
    with raw_served(handler) as (url, _):
        http = made(url.replace("127.0.0.1", "localhost"), 20)
        assert http.send(Verb.GET, "GET", "assistants/x") == {"id": "x"}


def test_answers_that_are_in_time_leave_the_connection_open() -> None:
    def handler(connection: socket.socket) -> None:
        while True:
            request_in(connection)
            connection.sendall(HEAD + b'Content-Length: 11\r\n\r\n{"id": "x"}')

    with raw_served(handler) as (url, came):
        http = made(url, 20)
        for _ in range(5):
            assert http.send(Verb.GET, "GET", "assistants/x") == {"id": "x"}
        http.close()
        assert len(came) == 1
