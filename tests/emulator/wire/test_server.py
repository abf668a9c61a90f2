"""The socket server: connections that live on, bodies of every kind, faults as a client sees them, a clean stop."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault
from retinue_emulator.server import serve

from ...serving import served
from ..client import HEADERS, Api, good, over_socket

HEAD = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "emulator", **HEADERS}.items())


class Raw:
    """One connection, byte by byte."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self.file = self.socket.makefile("rb")

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def send(self, text: str | bytes) -> None:
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def answer(self, *, body: bool = True) -> tuple[int, dict[str, str], bytes]:
        """The next answer; 0 if the connection is at its end."""
        line = self.file.readline()
        if not line:
            return 0, {}, b""
        headers = {}
        while (header := self.file.readline().strip()) != b"":
            name, _, value = header.decode().partition(": ")
            headers[name.lower()] = value
        length = int(headers.get("content-length", 0)) if body else 0
        return int(line.split()[1]), headers, self.file.read(length)


@pytest.fixture
def raw(live: Api) -> Iterator[Callable[[], Raw]]:
    """Opens raw connections to the emulator of `live`."""
    opened: list[Raw] = []

    def connect() -> Raw:
        opened.append(Raw(str(live.client.base_url)))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def request(method: str, path: str, body: str = "", extra: str = "") -> str:
    return f"{method} {path} HTTP/1.1\r\n{HEAD}{extra}Content-Length: {len(body)}\r\n\r\n{body}"


CREATE = request("POST", "/v1/assistants", '{"model": "m"}')
LIST = request("GET", "/v1/assistants")


def test_it_answers_as_in_process(live: Api) -> None:
    key = live.created(name="é")["id"]
    assert live.ids() == [key]
    assert live.get("é b").json()["error"]["message"] == "No assistant found with id 'é b'."
    assert [(line.method, line.path) for line in live.emulator.requests] == [
        ("POST", "/v1/assistants"),
        ("GET", "/v1/assistants"),
        ("GET", "/v1/assistants/é b"),
    ]


def test_one_connection_serves_many_requests(raw: Callable[[], Raw]) -> None:
    connection = raw()
    connection.send(CREATE + CREATE)
    connection.send(LIST)
    answers = [connection.answer() for _ in range(3)]
    assert [status for status, *_ in answers] == [200, 200, 200]
    assert len(json.loads(answers[2][2])["data"]) == 2
    assert "date" in answers[0][1]


def test_a_client_can_ask_to_close(raw: Callable[[], Raw]) -> None:
    connection = raw()
    connection.send(request("GET", "/v1/assistants", extra="Connection: close\r\n"))
    status, headers, _ = connection.answer()
    assert (status, headers["connection"]) == (200, "close")
    assert connection.answer()[0] == 0


def test_a_body_that_nobody_reads_is_not_the_next_request(raw: Callable[[], Raw]) -> None:
    connection = raw()
    connection.send(request("POST", "/v1/nowhere", CREATE) + LIST)
    assert [connection.answer()[0] for _ in range(2)] == [404, 200]


def test_a_chunked_body_is_read(raw: Callable[[], Raw]) -> None:
    connection = raw()
    connection.send(f"POST /v1/assistants HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n")
    connection.send('5;x=y\r\n{"mod\r\n9\r\nel": "m"}\r\n0\r\nTrailer: x\r\n\r\n' + LIST)
    assert [connection.answer()[0] for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: many",
        "Content-Length: -1",
        "Content-Length: +5",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked\r\n\r\nxyz",
        "Transfer-Encoding: chunked\r\n\r\n-5",
        "Transfer-Encoding: chunked\r\n\r\n3\r\n{}abc",
    ],
)
def test_a_body_without_a_clear_end_is_refused_and_the_connection_closed(raw: Callable[[], Raw], framing: str) -> None:
    connection = raw()
    connection.send(f"POST /v1/assistants HTTP/1.1\r\n{HEAD}{framing}\r\n\r\n")
    status, headers, _ = connection.answer()
    assert (status, headers["connection"]) == (400, "close")


def test_a_large_body_is_refused_and_the_connection_lives_on(live: Api) -> None:
    response = live.client.post("assistants", content=b" " * (20 * 1024 * 1024))
    assert response.status_code == 413
    assert live.list().status_code == 200


def test_a_client_that_stops_in_the_middle_changes_nothing(live: Api, raw: Callable[[], Raw]) -> None:
    connection = raw()
    connection.send(CREATE[:-1])
    connection.socket.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError):
        connection.answer()
    assert live.ids() == []


def test_expect_is_answered_before_the_body(raw: Callable[[], Raw]) -> None:
    connection = raw()
    head, _, body = request("POST", "/v1/assistants", '{"model": "m"}', "Expect: 100-continue\r\n").partition(
        "\r\n\r\n"
    )
    connection.send(head + "\r\n\r\n")
    assert connection.answer()[0] == 100
    connection.send(body)
    assert connection.answer()[0] == 200


def test_head_has_no_body(raw: Callable[[], Raw]) -> None:
    connection = raw()
    connection.send(request("HEAD", "/v1/assistants") + LIST)
    assert [connection.answer(body=body)[0] for body in (False, True)] == [405, 200]


@pytest.mark.parametrize("done", [False, True])
def test_a_reset_is_a_reset(live: Api, raw: Callable[[], Raw], done: bool) -> None:
    live.emulator.faults.on("^POST ", Fault("reset", after_commit=done))
    connection = raw()
    connection.send(CREATE)
    with pytest.raises(ConnectionResetError):
        connection.answer()
    assert len(live.ids()) == done


def test_a_cut_body_is_an_error_for_the_client(live: Api) -> None:
    live.emulator.faults.on("^POST ", Fault("cut"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        live.create()
    assert len(live.ids()) == 1


def test_a_slow_body_comes_in_pieces_and_whole(live: Api) -> None:
    live.emulator.faults.on("^POST ", Fault("drip", seconds=0.2))
    started = time.monotonic()
    with live.client.stream("POST", "assistants", json={"model": "m"}) as response:
        pieces = [(time.monotonic() - started, piece) for piece in response.iter_raw()]
    assert len(pieces) > 2
    assert pieces[-1][0] - pieces[0][0] > 0.1
    assert json.loads(b"".join(piece for _, piece in pieces))["id"] == live.ids()[0]


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_a_client_can_lose_patience(live: Api, kind: str) -> None:
    live.emulator.faults.on("^POST ", Fault(kind, seconds=1.5))
    with pytest.raises(httpx.ReadTimeout):
        live.client.post("assistants", json={"model": "m"}, timeout=0.1)


def test_many_clients_at_once_lose_nothing(live: Api) -> None:
    def work(_: int) -> list[str]:
        with httpx.Client(base_url=live.client.base_url, headers=HEADERS, timeout=30) as client:
            return [good(client.post("assistants", json={"model": "m"}))["id"] for _ in range(5)]

    with ThreadPoolExecutor(32) as pool:
        made = [key for keys in pool.map(work, range(32)) for key in keys]
    assert len(set(made)) == 160
    assert sorted(live.walk(limit=7)) == sorted(made)


# --- start and stop


def test_answers_under_way_are_sent_before_it_stops() -> None:
    asked = threading.Event()

    def sleep(seconds: float) -> None:
        asked.set()
        time.sleep(seconds)

    with closing(Emulator(sleep=sleep)) as emulator, ThreadPoolExecutor(1) as pool:
        emulator.faults.on("^POST ", Fault("slow", seconds=0.3))
        with served(emulator) as url:
            answer = pool.submit(httpx.post, f"{url}/v1/assistants", headers=HEADERS, json={"model": "m"})
            idle = Raw(url)
            assert asked.wait(10)
        assert (answer.result().status_code, answer.result().headers["connection"]) == (200, "close")
        assert idle.answer()[0] == 0
        idle.close()
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def test_it_stops_at_once_when_nothing_is_under_way() -> None:
    started = time.monotonic()
    with over_socket(Emulator()) as api:
        api.list()
    assert time.monotonic() - started < 2


def test_a_port_in_use_is_an_error() -> None:
    with served(Emulator()) as url, pytest.raises(OSError, match="in use"):
        serve(Emulator(), "127.0.0.1", urlsplit(url).port or 0, lambda _: None, threading.Event())


def test_it_listens_on_ipv6_too() -> None:
    try:
        with closing(socket.socket(socket.AF_INET6)) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 here")
    with served(Emulator(), "::1") as url:
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/v1/assistants", headers=HEADERS).status_code == 200


def test_a_bug_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise LookupError("a bug")

    with caplog.at_level(logging.ERROR), served(broken) as url:
        assert httpx.get(url).status_code == 500
    assert "a bug" in caplog.text
