"""Finds providers by the entry-point group `retinue.providers`, each loaded only when it is used."""

from __future__ import annotations

from functools import cache
from importlib import metadata

from ..core.errors import UsageError
from .base import Provider

GROUP = "retinue.providers"


@cache
def _entries() -> tuple[metadata.EntryPoint, ...]:
    """What is installed does not change under a running command, and looking for it opens every package."""
    return tuple(metadata.entry_points(group=GROUP))


def names() -> list[str]:
    return sorted({entry.name for entry in _entries()})


def load(name: str) -> Provider:
    """Raises UsageError for an unknown name, with the known ones."""
    for entry in _entries():
        if entry.name == name:
            provider: Provider = entry.load()
            return provider
    raise UsageError(f"there is no provider `{name}`", f"Known providers: {', '.join(names())}.")
