"""Standard input, output and error as every command can rely on them, whatever the caller left closed or broken.

A result that cannot be written raises OutputLost. What stderr does not take is dropped and changes no exit code.
"""

from __future__ import annotations

import io
import os
import sys

TYPE_CHECKING = False  # The module `typing` is not loaded for `--version`.
if TYPE_CHECKING:
    from typing import Any, TextIO


class OutputLost(Exception):
    """stdout is closed, for instance, or a file on a full disk, or a pipe whose reader is gone."""


class _Result(io.FileIO):
    """stdout: reports what is lost."""

    lost = False

    def write(self, data: Any, /) -> int:
        if self.lost:
            # The rest of the buffer when the interpreter ends; the loss has been reported.
            return memoryview(data).nbytes
        try:
            return _write(self, data)
        except OSError as error:
            self.lost = True
            raise OutputLost(error.strerror or str(error)) from error


class _Notes(io.FileIO):
    """stderr: there is no other place to report that it cannot be written."""

    def write(self, data: Any, /) -> int:
        rest = memoryview(data).cast("B")
        try:
            while rest:
                rest = rest[_write(self, rest) :]
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
        return memoryview(data).nbytes


def _write(file: io.FileIO, data: Any) -> int:
    """As io.FileIO.write, which answers None where a full pipe is non-blocking."""
    count: int | None
    while (count := io.FileIO.write(file, data)) is None:
        import select

        select.select([], [file], [])
    return count


def prepare() -> None:
    """Put streams that keep these promises in the place of those that Python made."""
    # The next file or socket would get the descriptor that is closed. One that is open for reading takes no result.
    sys.stdin = sys.stdin or _null(os.O_RDONLY, "r")
    sys.stdout = _on(_Result, sys.stdout or _null(os.O_RDONLY, "w"))
    sys.stderr = _on(_Notes, sys.stderr or _null(os.O_WRONLY, "w"))
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # A character that a stream cannot hold is written as an escape. The work is done, so that must not fail.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _null(flags: int, mode: str) -> Any:
    return os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8", closefd=False)


def _on(kind: type[io.FileIO], stream: TextIO) -> TextIO:
    """The stream on a file of this kind; as it is, where it is none (Windows' console, or what a program put there)."""
    if not isinstance(stream, io.TextIOWrapper) or type(getattr(stream.buffer, "raw", stream.buffer)) is not io.FileIO:
        return stream
    raw = kind(stream.fileno(), "wb", closefd=False)
    if kind is _Notes:
        # Unbuffered: a note of a signal's handler may interrupt another note.
        return io.TextIOWrapper(raw, stream.encoding, write_through=True)
    return io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, line_buffering=stream.line_buffering)


def report(lost: OutputLost) -> int:
    """Say so on stderr; the exit code."""
    sys.stderr.write(f"Error: the result cannot be written: {lost}\n  What was done before that stays done.\n")
    return 1
