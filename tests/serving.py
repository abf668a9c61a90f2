"""Servers on a socket of this machine, for as long as a test needs them: a WSGI application, or bare bytes."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from retinue_emulator.server import serve


@contextmanager
def served(app: Any, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """The URL of an application; port 0 takes a free one."""
    stop, ready, urls = threading.Event(), threading.Event(), list[str]()

    def tell(url: str) -> None:
        urls.append(url)
        ready.set()

    thread = threading.Thread(target=serve, args=(app, host, port, tell, stop))
    thread.start()
    try:
        assert ready.wait(10), "the application does not serve"
        yield urls[0]
    finally:
        stop.set()
        thread.join()


Connected = Callable[[socket.socket], None]


@contextmanager
def raw_served(handle: Connected, *, backlog: int = 20) -> Iterator[tuple[str, list[float]]]:
    """The URL of a server that hands each connection, as it is, to `handle`; and when connections came (monotonic).

    What `handle` raises because the other side went away is let pass.
    """
    came: list[float] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    open_ones: list[tuple[socket.socket, threading.Thread]] = []

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            handle(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            came.append(time.monotonic())
            open_ones.append((connection, threading.Thread(target=one, args=(connection,), daemon=True)))
            open_ones[-1][1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", came
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(10)
        for connection, thread in open_ones:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(1)


def request_in(connection: socket.socket) -> bytes:
    """The head of a request, and of its body what came along."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("no request")
        data += piece
    return data


def dripping(connection: socket.socket, data: bytes, pause: float = 0.05) -> None:
    """Send a byte at a time, for ever: once all is sent, spaces."""
    for byte in itertools.chain(data, itertools.repeat(0x20)):
        connection.sendall(bytes([byte]))
        time.sleep(pause)
