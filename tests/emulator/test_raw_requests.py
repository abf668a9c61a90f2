"""Bytes that no good client sends, and old or odd ones that are right: a clear answer, or a good one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest

from retinue_emulator.app import Emulator

from ..serving import served
from .client import HEADERS

HEAD = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "emulator", **HEADERS}.items())
BODY = '{"model": "m"}'
Send = Callable[[bytes | str], tuple[str, str]]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Of an emulator on a socket."""
    with closing(Emulator()) as emulator, served(emulator) as url:
        yield int(url.rpartition(":")[2])


@pytest.fixture
def send(port: int) -> Send:
    """Sends bytes on a connection of its own, says no more, and returns status line and the rest up to the end."""

    def exchange(data: bytes | str) -> tuple[str, str]:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(data.encode() if isinstance(data, str) else data)
            connection.shutdown(socket.SHUT_WR)
            found = b""
            while piece := connection.recv(65_536):
                found += piece
        first, _, rest = found.decode().partition("\r\n")
        return first, rest

    return exchange


GARBAGE: dict[str, tuple[bytes | str, int]] = {
    "bytes": (b"\x00\xff\xfe garbage\r\n\r\n", 400),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50 + b"\n", 400),
    "HTTP/2": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "no version": (f"GET /v1/assistants HTTP/x\r\n{HEAD}\r\n", 400),
    "a long line": (f"GET /{'a' * 70_000} HTTP/1.1\r\n\r\n", 414),
    "a long header": (f"GET / HTTP/1.1\r\nX: {'a' * 70_000}\r\n\r\n", 431),
    "many headers": ("GET / HTTP/1.1\r\n" + "X: a\r\n" * 200 + "\r\n", 431),
    "another verb": (f"BREW / HTTP/1.1\r\n{HEAD}\r\n", 501),
}


@pytest.mark.parametrize(("data", "status"), GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_gets_a_status_line_and_the_end_of_the_connection(send: Send, data: bytes | str, status: int) -> None:
    assert send(data)[0].startswith(f"HTTP/1.1 {status} ")


def chunked(text: str) -> str:
    return f"POST /v1/assistants HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n{text}"


FRAMES = {
    "two lengths": f"POST /v1/assistants HTTP/1.1\r\n{HEAD}Content-Length: 2\r\nContent-Length: 14\r\n\r\n{BODY}",
    "a sign": chunked(f"+e\r\n{BODY}\r\n0\r\n\r\n"),
    "a prefix": chunked(f"0xe\r\n{BODY}\r\n0\r\n\r\n"),
    "an underscore": chunked(f"0_e\r\n{BODY}\r\n0\r\n\r\n"),
    "no size": chunked(f"\r\n{BODY}\r\n0\r\n\r\n"),
    "a huge size": chunked(f"{'f' * 15}\r\n{BODY}\r\n0\r\n\r\n"),
    "no end": chunked(f"e\r\n{BODY}\r\n"),
}


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES.keys())
def test_a_body_whose_end_is_in_doubt_is_refused(send: Send, data: str) -> None:
    assert send(data)[0] == "HTTP/1.1 400 Bad Request"


GOOD = {
    "HTTP/1.0": f"GET /v1/assistants HTTP/1.0\r\n{HEAD}\r\n",
    "an absolute target": f"GET http://emulator/v1/assistants?limit=5 HTTP/1.1\r\n{HEAD}\r\n",
    "one length twice": f"POST /v1/assistants HTTP/1.1\r\n{HEAD}Content-Length: 14\r\nContent-Length: 14\r\n\r\n{BODY}",
    "a chunk with an extension": chunked(f"E;{'x' * 200}=y\r\n{BODY}\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD.keys())
def test_an_odd_but_right_request_gets_its_answer(send: Send, data: str) -> None:
    assert send(data)[0] == "HTTP/1.1 200 OK"


def test_http_1_0_ends_with_its_answer_even_when_asked_to_live_on(send: Send) -> None:
    found = send(f"GET /v1/assistants HTTP/1.0\r\n{HEAD}Connection: keep-alive\r\n\r\n")[1]
    assert "\r\nConnection: close\r\n" in found


def test_a_post_without_a_length_has_an_empty_body(send: Send) -> None:
    first, rest = send(f"POST /v1/assistants HTTP/1.1\r\n{HEAD}\r\n")
    assert first == "HTTP/1.1 400 Bad Request"
    assert "could not parse the JSON body" in json.loads(rest.partition("\r\n\r\n")[2])["error"]["message"]


@pytest.mark.parametrize("key", ["%ff", "%zz", "%00", "%ed%a0%80"])
def test_an_id_of_odd_bytes_is_not_found(send: Send, key: str) -> None:
    assert send(f"GET /v1/assistants/{key} HTTP/1.1\r\n{HEAD}\r\n")[0] == "HTTP/1.1 404 Not Found"


def test_a_connection_for_which_no_thread_starts_is_closed_and_the_next_one_is_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    start, refused = threading.Thread.start, list[threading.Thread]()

    def once(thread: threading.Thread) -> None:
        if not refused:
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    with closing(Emulator(":memory:")) as emulator, served(emulator) as url:
        monkeypatch.setattr(threading.Thread, "start", once)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{url}/v1/assistants")
        assert httpx.get(f"{url}/v1/assistants").status_code == 401
    assert capsys.readouterr().err == ""
