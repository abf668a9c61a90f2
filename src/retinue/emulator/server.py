"""Serves a WSGI application over HTTP/1.1 on a socket, from the standard library. Prints nothing."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Server

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length < 0 or length > self.server.most_bytes:
            self.close_connection = True
        body = self.rfile.read(length) if 0 < length <= self.server.most_bytes else b""
        parts = urlsplit(self.path)
        environ = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "CONTENT_LENGTH": str(length),
            "wsgi.input": io.BytesIO(body),
            **{"HTTP_" + key.upper().replace("-", "_"): value for key, value in self.headers.items()},
        }
        head: list[Any] = []
        try:
            chunks = list(self.server.app(environ, lambda status, headers: head.extend((status, headers))))
        except ConnectionResetError:
            self._drop()
            return
        status, headers = head
        lines = [f"{self.protocol_version} {status}", *(f"{key}: {value}" for key, value in headers)]
        data = b"".join(chunks)
        self.connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + data)
        if len(data) != int(dict(headers)["Content-Length"]):
            self._drop()

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _serve

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """The application keeps its own log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    most_bytes = 16 * 1024 * 1024

    def __init__(self, address: tuple[str, int], app: Application) -> None:
        self.app = app
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


def serve(app: Application, host: str, port: int, ready: Callable[[str], None], stop: threading.Event) -> None:
    """Serve until `stop` is set; `ready` is told the URL as soon as requests are taken. Raises OSError."""
    with _Server((host, port), app) as server:
        worker = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        worker.start()
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{server.server_address[1]}")
        try:
            while not stop.wait(0.5):
                pass
        finally:
            server.shutdown()
            worker.join()
