"""Finds the local stand-ins of services by the entry-point group `retinue.emulators`. The only door to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from ..core.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "retinue.emulators"
SERVER = "retinue"
"""The name of the one that serves every dialect, for `retinue emulator`. No provider has it."""


class Server(Protocol):
    guide: Sequence[tuple[str, str, str]]
    """Of each API: its name, its base, and the headers and the query that a request by hand needs."""

    def configure(self, document: Any) -> None:
        """Set latency, faults and choices. Raises ValueError."""

    def serve(self, host: str, port: int, ready: Callable[[str], None], stop: threading.Event) -> None:
        """Serve until `stop`; `ready` gets the URL. Raises OSError."""

    def close(self) -> None: ...


@cache
def entries() -> dict[str, EntryPoint]:
    """The emulators that are installed, by the names of their providers."""
    from importlib import metadata  # heavy, and only who uses an emulator needs it

    return {entry.name: entry for entry in metadata.entry_points(group=GROUP)}


def load(name: str) -> Callable[..., Any]:
    """A function from the path of a database to the emulator of this name, a WSGI application that can be closed.

    By a provider's name its root is where that provider's base URL points. Raises UsageError if there is none.
    """
    if name not in entries():
        raise UsageError(f"the emulator `{name}` is not installed", "Install retinue again, from its own source.")
    entry = entries()[name]
    try:
        made: Callable[..., Any] = entry.load()
    except (Exception, SystemExit) as error:  # whatever a package does that was made for another version
        package = entry.dist.name if entry.dist else "retinue"
        message = f"the emulator `{name}` of the package {package} cannot be loaded: {error or type(error).__name__}"
        raise UsageError(message, f"Update the package {package}, or uninstall it.") from error
    return made
