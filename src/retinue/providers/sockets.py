"""Sockets on which no wait outlasts the exchange that it belongs to: looking up, connecting, TLS, sending, reading.

httpx's own timeouts are for one wait each: a server that sends a byte now and then would be read for ever.
"""

from __future__ import annotations

import math
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from .gate import Clock

_PIECE = 4096
"""Bytes written at once: the time is checked again after so many."""


class Bounded(httpcore.NetworkBackend):
    """Opens the sockets of all lines to a service. A line serves one exchange at a time, and that is of one thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._plain, self._here = clock, httpcore.SyncBackend(), threading.local()

    def serve(self, line: httpx.HTTPTransport) -> None:
        """Have this line open its sockets here, directly or through a proxy. httpx has no public way to say so."""
        line._pool._network_backend = self

    @contextmanager
    def until(self, moment: float) -> Iterator[None]:
        """What this thread does on sockets ends at that moment of the clock."""
        self._here.moment = moment
        try:
            yield
        finally:
            self._here.moment = math.inf

    def left(self, timeout: float | None, late: type[Exception]) -> float | None:
        """How long one wait may be. Raises `late` where no time is left."""
        left = float(getattr(self._here, "moment", math.inf)) - self._clock.now()
        if left <= 0:
            raise late("the time for it is up")
        found = min(left, math.inf if timeout is None else timeout)
        return None if found == math.inf else found

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses(host, port):
            wait = self.left(timeout, httpcore.ConnectTimeout)
            try:
                plain = self._plain.connect_tcp(address, port, wait, local_address, socket_options)
                return _Stream(plain, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def _addresses(self, host: str, port: int) -> list[str]:
        """Looked up beside this thread, because a look-up cannot be told when to end."""
        found: Future[list[Any]] = Future()

        def look_up() -> None:
            try:
                found.set_result(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except BaseException as error:
                found.set_exception(error)

        try:
            threading.Thread(target=look_up, daemon=True).start()
        except RuntimeError:  # no more threads
            look_up()
        try:
            answers = found.result(self.left(None, httpcore.ConnectTimeout))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"the name {host} was not looked up in time") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        scoped = (f"%{place[3]}" if len(place) > 3 and place[3] else "" for *_, place in answers)
        return [place[0] + scope for (*_, place), scope in zip(answers, scoped, strict=True)]


class _Stream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream, bounds: Bounded) -> None:
        self._plain, self._bounds = plain, bounds

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, self._bounds.left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            wait = self._bounds.left(timeout, httpcore.WriteTimeout)
            self._plain.write(buffer[start : start + _PIECE], wait)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        wait = self._bounds.left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, wait), self._bounds)

    def close(self) -> None:
        self._plain.close()

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)
