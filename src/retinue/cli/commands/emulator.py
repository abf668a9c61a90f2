"""`retinue emulator`: local copies of the services' APIs over a socket, well-behaved or not."""

from __future__ import annotations

import json
import math
import threading
from typing import Any

import click

from ...core.errors import RetinueError, UsageError
from ...core.model import Json
from ...core.values import dataclass
from .. import console, emulators, helping
from .edit import command as edit

_FAILURES = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 500, "after_commit": True},
    {"kind": "status", "status": 503, "hint": "seconds"},
    {"kind": "reset"},
    {"kind": "reset", "after_commit": True},
    {"kind": "cut"},
    {"kind": "html"},
    {"kind": "broken"},
)


class _Figure(click.FloatRange):
    """A number within bounds; nan is within all of them, so it and the infinities are refused by name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


@dataclass(frozen=True, kw_only=True)
class Misbehaviour:
    """The options that say how it is to behave."""

    latency: float
    rate: float | None
    burst: int
    hint: str
    failures: float | None
    seed: int
    settings: tuple[str, ...]

    def document(self) -> Json:
        """The body that the control route takes."""
        document: dict[str, Json] = {"latency": self.latency, "behaviour": dict(map(_setting, self.settings))}
        if self.rate is not None:
            hint = "" if self.hint == "none" else self.hint
            document["rates"] = [{"per_second": self.rate, "burst": self.burst, "hint": hint}]
        if self.failures:
            document["chance"] = {"seed": self.seed, "probability": self.failures, "faults": list(_FAILURES)}
        return document


@helping.command(
    "emulator",
    Misbehaviour,
    *("--port 8080 --db world.db", "--rate 5 --hint seconds", "edit -e local Assistant/math-tutor name=Tutor"),
    below={"edit": edit},
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free one.")
@click.option("--db", default=":memory:", show_default=True, metavar="PATH", help="A file keeps the objects.")
@click.option("--latency", type=_Figure(0, 600), default=0.0, metavar="SECONDS", help="Delay before every answer.")
@click.option("--rate", type=_Figure(0, min_open=True), metavar="N", help="Requests per second; more get a 429.")
@click.option("--burst", type=click.IntRange(1), default=10, show_default=True, help="Burst that --rate allows.")
@click.option(
    "--hint",
    type=click.Choice(["seconds", "date", "ms", "none"]),
    default="seconds",
    show_default=True,
    help="How a 429 says when to retry.",
)
@click.option("--failures", type=_Figure(0, 1), metavar="SHARE", help="Share of requests that fail, chosen at random.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same failures.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="For example metadata=replace; repeatable."
)
@click.option("--control", is_flag=True, help="Let anyone who reaches it change all this at /_emulator/control.")
def command(misbehaviour: Misbehaviour, *, host: str, port: int, db: str, control: bool) -> int:
    """Serve local copies of the services' APIs until Ctrl-C; prints its URL as soon as it serves.

    Then stderr tells the base URL of each API, and what a request by hand needs besides: headers and a query.
    `edit` changes an object in the emulator of an environment instead: `retinue emulator edit --help`.
    """
    if not host.isprintable():
        raise UsageError("--host is not a usable host name", "Name a host or an address, such as 127.0.0.1.")
    emulator = _emulator(db, control, misbehaviour.document())

    def serving(url: str) -> None:
        """The URL alone is the result; how to reach each API by hand is for people."""
        console.result(url)
        for name, base, headers in emulator.guide:
            console.note(f"  {name:<18} {url}{base}   {headers}")

    try:
        emulator.serve(host, port, serving, threading.Event())
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {error.strerror or error}"
        raise UsageError(message, "Choose another --port; 0 takes a free one.") from error
    except RuntimeError as error:
        raise RetinueError(f"the emulator cannot serve: {error}", "Let this user start more threads.") from error
    except KeyboardInterrupt:
        """The usual end."""
    finally:
        emulator.close()
    return 0


def _emulator(db: str, control: bool, document: Json) -> emulators.Server:
    """Raises UsageError for a file that is not a database and for a setting that does not exist."""
    import sqlite3

    make = emulators.load(emulators.SERVER)
    try:
        emulator: emulators.Server = make(db, control=control)
    except (OSError, ValueError, sqlite3.Error) as error:  # ValueError: a name that no file can have
        raise UsageError(f"cannot keep objects in {db}: {error}", "Name another file with --db.") from error
    try:
        emulator.configure(document)
    except ValueError as error:
        emulator.close()
        raise UsageError(f"--set: {error}") from error
    return emulator


def _setting(text: str) -> tuple[str, Any]:
    """`NAME=VALUE`; the value is JSON, or else text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set {text}: expected NAME=VALUE")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value
