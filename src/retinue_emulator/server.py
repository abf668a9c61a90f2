"""Serves a WSGI application over HTTP/1.1 on a socket, from the standard library. Prints nothing."""

from __future__ import annotations

import io
import logging
import re
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_MOST_DRAINED = 1024**3
_MOST_IN_MEMORY = 1024 * 1024
_PIECE = 64 * 1024
_STOP_SECONDS = 5.0
_ABSOLUTE = re.compile(r"^https?://[^/?]*", re.IGNORECASE)
"""What a client that takes us for a proxy puts before the path (RFC 9112, 3.2.2)."""
_HEXADECIMAL = re.compile(rb"[0-9A-Fa-f]{1,15}")
_log = logging.getLogger(__name__)


class _Source(Protocol):
    def read(self, size: int, /) -> bytes: ...
    def readline(self, size: int, /) -> bytes: ...


class _Rest(io.RawIOBase):
    """The bytes of one request's body that are still to come."""

    def __init__(self, source: _Source, length: int) -> None:
        self._source, self.left = source, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(min(len(buffer), self.left))
        self.left = self.left - len(data) if data else 0
        buffer[: len(data)] = data
        return len(data)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"
    """HTTP/0.9, the inherited one, would answer garbage without a status line."""
    disable_nagle_algorithm = True
    timeout = 60
    server: _Server

    def _serve(self) -> None:
        self.server.busy(self.connection, now=True)
        try:
            with tempfile.SpooledTemporaryFile(max_size=_MOST_IN_MEMORY) as spool:
                body = self._body(spool)
                if body is not None:
                    self._exchange(body)
        except OSError:
            # The client went away, or the application drops the connection on purpose.
            self._drop()
        finally:
            self.server.busy(self.connection, now=False)
            self.close_connection |= self.server.stopping

    do_GET = do_HEAD = do_POST = do_DELETE = do_PUT = do_PATCH = do_OPTIONS = _serve

    def _body(self, spool: tempfile.SpooledTemporaryFile[bytes]) -> _Rest | None:
        """The body to come; None if it cannot be told where it ends, which has then been answered.

        A chunked one is read into `spool`, because WSGI wants its length.
        """
        coding = self.headers.get("Transfer-Encoding", "")
        length = ",".join(set(self.headers.get_all("Content-Length", ["0"])))
        try:
            if coding.lower() == "chunked":
                return _Rest(spool, _dechunked(self.rfile, spool))
            if coding or not (length.isascii() and length.isdigit()):
                raise ValueError
            return _Rest(self.rfile, int(length))
        except ValueError:
            self.send_error(400)
            self.close_connection = True
            return None

    def _environ(self, body: _Rest) -> dict[str, Any]:
        path, _, query = _ABSOLUTE.sub("", self.path).partition("?")
        host, port = self.server.server_address[:2]
        return {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(body.left),
            "SERVER_NAME": host,
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BufferedReader(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{
                "HTTP_" + key.upper().replace("-", "_"): value
                for key, value in self.headers.items()
                if key.lower() not in ("content-type", "content-length", "transfer-encoding")
            },
        }

    def _exchange(self, body: _Rest) -> None:
        head: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> Callable[..., Any]:
            head[:] = status, headers
            return _no_write

        try:
            chunks = self.server.app(self._environ(body), start_response)
        except OSError:
            raise
        except Exception:
            _log.exception("%s %s", self.command, self.path)
            head[:] = "500 Internal Server Error", [("Content-Type", "text/plain")]
            chunks = [b"the emulator has a bug; its log tells more"]
        self._send(head[0], head[1], chunks, body)

    def _send(self, status: str, headers: list[tuple[str, str]], chunks: Iterable[bytes], body: _Rest) -> None:
        length = next((int(value) for key, value in headers if key.lower() == "content-length"), None)
        old = self.request_version == "HTTP/1.0"
        if length is None or old or body.left > _MOST_DRAINED or self.server.stopping:
            self.close_connection = True
        lines = [f"{self.protocol_version} {status}", f"Date: {self.date_time_string()}"]
        lines += [f"{key}: {value}" for key, value in headers]
        lines += ["Connection: close"] if self.close_connection else []
        head, sent = "\r\n".join([*lines, "", ""]).encode("latin-1"), 0
        for chunk in chunks:
            # Head and first chunk in one packet: two would wait for each other's acknowledgement.
            self.connection.sendall(head + (chunk if self.command != "HEAD" else b""))
            head, sent = b"", sent + len(chunk)
        if head:
            self.connection.sendall(head)
        if length is not None and sent != length:
            raise ConnectionResetError("the application sent less than it said")
        # What the application did not read must not be taken for the next request.
        while body.left and not self.close_connection:
            body.read(_PIECE)

    def _drop(self) -> None:
        """Close at once, with a reset, which no client mistakes for a good end."""
        self.close_connection = True
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            return
        self.rfile.close()
        self.connection.close()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Without the inherited message, which repeats the client's bytes in the status line."""
        super().send_error(code)

    def log_message(self, *_: Any) -> None:
        """The application keeps its own log."""


def _no_write(data: bytes) -> None:
    raise NotImplementedError("the write callable of WSGI is not served here")


def _dechunked(source: _Source, target: tempfile.SpooledTemporaryFile[bytes]) -> int:
    """Copy a chunked body (RFC 9112, 7.1) and return its length. Raises ValueError."""
    while size := _chunk_size(source.readline(1024)):
        if target.tell() + size > _MOST_DRAINED:
            raise ValueError("a body of no good size")
        target.write(source.read(size))
        if source.readline(3) != b"\r\n":
            raise ValueError("a chunk without its end")
    while source.readline(65_536).strip():
        """Trailers say nothing here."""
    length = target.tell()
    target.seek(0)
    return length


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip()
    if not line.endswith(b"\n") or not _HEXADECIMAL.fullmatch(digits):
        raise ValueError("a chunk of no good size")
    return int(digits, 16)


class _Server(TCPServer):
    """A thread for each connection; knows which of them have a request in hand."""

    allow_reuse_address = sys.platform != "win32"
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], app: Application) -> None:
        self.app = app
        self.stopping = False
        self._lock = threading.Lock()
        self._open: dict[socket.socket, bool] = {}
        self._threads: set[threading.Thread] = set()
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _Handler)

    def busy(self, connection: socket.socket, *, now: bool) -> None:
        with self._lock:
            self._open[connection] = now

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self._converse, args=(request, client_address), daemon=True)
        with self._lock:
            self._open[request] = False
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            # The machine has no thread left: a client may try again on another connection.
            with self._lock:
                self._open.pop(request)
                self._threads.discard(thread)
            self.shutdown_request(request)

    def _converse(self, request: socket.socket, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            """A client that went away is normal."""
        finally:
            with self._lock:
                self._open.pop(request, None)
                self._threads.discard(threading.current_thread())
            self.shutdown_request(request)

    def stop(self) -> None:
        """Take no more connections, end the idle ones, and let answers under way finish for some seconds."""
        self.stopping = True
        self.shutdown()
        self._hang_up(lambda busy: not busy)
        deadline = time.monotonic() + _STOP_SECONDS
        with self._lock:
            running = list(self._threads)
        for thread in running:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._hang_up(lambda busy: True)

    def _hang_up(self, chosen: Callable[[bool], bool]) -> None:
        with self._lock:
            for connection in [connection for connection, busy in self._open.items() if chosen(busy)]:
                try:
                    connection.shutdown(socket.SHUT_RD)
                except OSError:
                    """It is closed already."""


def serve(app: Application, host: str, port: int, ready: Callable[[str], None], stop: threading.Event) -> None:
    """Serve until `stop` is set; `ready` is told the URL as soon as requests are taken. Raises OSError.

    Port 0 takes a free one. Before it returns, answers under way are sent, for at most 5 seconds.
    """
    with _Server((host, port), app) as server:
        worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        worker.start()
        shown = f"[{host}]" if ":" in host else host
        try:
            ready(f"http://{shown}:{server.server_address[1]}")
            while not stop.wait(0.5):
                pass
        finally:
            server.stop()
            worker.join()
