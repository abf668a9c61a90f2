"""A WSGI application on a socket of this machine, for as long as a test needs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
