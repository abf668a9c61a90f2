"""Reads the files that a command line names: whatever they are, no more of them than can be meant."""

from __future__ import annotations

import sys
from pathlib import Path

from ..core.errors import UsageError


def read_named(path: str, most: int, what: str, remedy: str) -> bytes:
    """The content of a file of at most `most` bytes. Raises UsageError."""
    try:
        # A size that was looked up says nothing of a device or a pipe.
        with Path(path).open("rb") as file:
            return within(file.read(most + 1), most, f"{what} {path}")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no file can have this name"
        raise UsageError(f"{what} {path} cannot be read: {why}", remedy) from error


def read_stdin(most: int) -> bytes:
    """Raises UsageError."""
    try:
        data = sys.stdin.buffer.read(most + 1)
    except OSError as error:
        raise UsageError(f"standard input cannot be read: {error.strerror}", "Name a file instead.") from error
    return within(data, most, "standard input")


def within(data: bytes, most: int, what: str) -> bytes:
    """The data, if it is not larger. Raises UsageError."""
    if len(data) > most:
        raise UsageError(f"{what} is larger than {most // 1024 // 1024} MiB", "Name another file, or split it.")
    return data
