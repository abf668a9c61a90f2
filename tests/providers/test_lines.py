"""Lines on real sockets: one for each request under way, lent to one at a time, none left open at the end."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from retinue.providers.gate import Clock
from retinue.providers.http import Http
from retinue.providers.lines import Lines
from retinue.providers.openai_assistants import classify
from retinue.providers.wire import Connection, Verb

from ..serving import raw_served, request_in

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"id": "x"}'
BROKEN = {
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{",
    "no answer": b"",
    "no HTTP": b"hello\r\n\r\n",
}


@contextmanager
def lines_to(*first: bytes) -> Iterator[tuple[Lines, list[float], queue.Queue[bool]]]:
    """Lines to a server whose first connections answer so much and end; when connections came, and which are over."""
    over: queue.Queue[bool] = queue.Queue()
    broken = list(first)

    def handle(connection: socket.socket) -> None:
        try:
            if broken:
                request_in(connection)
                connection.sendall(broken.pop(0))
                return
            while True:
                request_in(connection)
                connection.sendall(GOOD)
        finally:
            over.put(True)

    with raw_served(handle) as (url, came):
        lines = Lines(Connection(url))
        try:
            yield lines, came, over
        finally:
            lines.close()


@contextmanager
def asked(lines: Lines) -> Iterator[httpx.Response]:
    with lines.answered("GET", "assistants", {}, None, 5.0, Clock().now() + 5.0) as response:
        yield response


def read(response: httpx.Response) -> bytes:
    assert isinstance(response.stream, httpx.SyncByteStream)
    return b"".join(response.stream)


def test_each_request_under_way_has_a_line_that_later_ones_take_over() -> None:
    together = threading.Barrier(4)

    def handler(connection: socket.socket) -> None:
        for number in range(1000):
            request_in(connection)
            if number == 0:
                together.wait(30)  # all are under way at once
            connection.sendall(ANSWER)

    with raw_served(handler) as (url, came), ThreadPoolExecutor(4) as pool:
        http = Http(Connection(url, {"Authorization": "Bearer k"}, parallelism=4, budget=60), classify)
        for _ in range(3):
            sent = [pool.submit(http.send, Verb.GET, "GET", f"assistants/{number}") for number in range(20)]
            assert [item.result() for item in sent] == [{"id": "x"}] * 20
        http.close()
        assert len(came) == 4


def test_what_is_under_way_has_a_line_of_its_own_and_what_comes_after_takes_one_of_them() -> None:
    with lines_to() as (lines, came, _):
        for _ in range(3):
            with asked(lines) as one, asked(lines) as other:
                assert (read(one), read(other)) == (b"{}", b"{}")
        assert len(came) == 2


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_a_line_works_again_after_an_exchange_that_broke_off(answer: bytes) -> None:
    with lines_to(answer, answer) as (lines, came, _):
        for _ in range(2):
            with pytest.raises(httpx.TransportError), asked(lines) as response:
                read(response)
        with asked(lines) as response:
            assert read(response) == b"{}"
        assert len(came) == 3


def test_an_answer_that_is_not_read_to_its_end_spoils_nothing() -> None:
    with lines_to() as (lines, came, _):
        with asked(lines):
            pass
        with asked(lines) as response:
            assert read(response) == b"{}"
        assert len(came) == 2


def test_what_ends_or_even_begins_after_the_end_leaves_no_connection_open() -> None:
    with lines_to() as (lines, came, over):
        with asked(lines) as response:
            read(response)
            lines.close()
        with asked(lines) as one, asked(lines) as other:
            assert (read(one), read(other)) == (b"{}", b"{}")
        for _ in came:
            assert over.get(timeout=10)


@pytest.fixture
def sent() -> tuple[Lines, list[httpx.Request]]:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={})

    return Lines(Connection("https://host/api/v3/", transport=httpx.MockTransport(answer))), requests


@pytest.mark.parametrize(
    ("target", "url"),
    {
        "repos/x?page=2": "https://host/api/v3/repos/x?page=2",
        "https://host/api/graphql": "https://host/api/graphql",
        "HTTPS://HOST/api/graphql": "https://host/api/graphql",
        "https:/x": "https://host/api/v3/https:/x",
    }.items(),
)
def test_a_target_is_below_the_base_unless_it_is_a_whole_url(sent: Any, target: str, url: str) -> None:
    lines, requests = sent
    with lines.answered("GET", target, {}, None, 5.0, 5.0):
        assert str(requests[0].url) == url


def test_a_header_of_a_provider_takes_the_place_of_the_usual_one_however_it_is_written(
    sent: tuple[Lines, list[httpx.Request]],
) -> None:
    lines, requests = sent
    with lines.answered("GET", "x", {"accept": "text/x", "user-agent": "acme/1", "X-Key": "k"}, None, 5.0, 5.0):
        own = requests[0].headers.get_list
        assert (own("accept"), own("user-agent"), own("x-key")) == (["text/x"], ["acme/1"], ["k"])
        assert own("accept-encoding") == ["gzip"]
