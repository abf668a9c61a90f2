"""`retinue emulator`: a local Assistants v2 API over a socket."""

from __future__ import annotations

import threading

import click

from ...core.errors import UsageError
from .. import console


@click.command("emulator")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--db", default=":memory:", show_default=True, metavar="PATH", help="A file keeps its objects.")
def command(host: str, port: int, db: str) -> int:
    """Serve a local Assistants v2 API until Ctrl-C; prints its URL as soon as it serves."""
    from ...emulator.app import Emulator
    from ...emulator.server import serve

    stop = threading.Event()
    try:
        serve(Emulator(db), host, port, console.result, stop)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}:{port}: {error.strerror or error}", "Choose another --port; 0 takes a free one."
        ) from error
    except KeyboardInterrupt:
        stop.set()
    return 0
