"""Reads and writes the files that a command line names: no more of them than can be meant, and never through links."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
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


def write(path: str, data: bytes, *, private: bool, mode: int | None = None) -> None:
    """Write a file whole or not at all, or into a device or a pipe; never through a symbolic link.

    A new file gets `mode`, else it is for its owner alone (`private`) or as the umask says; one that exists keeps its
    mode. Raises UsageError.
    """
    with _named(path):
        if number := _stream_of(path):
            with os.fdopen(os.dup(int(number)), "wb") as stream:
                stream.write(data)
            return
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        before = existing(path)
        if before is None or stat.S_ISREG(before.st_mode):
            if before is not None and not os.access(target, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            _replace(target, data, 0o600 if private else 0o666, before.st_mode if before else mode)
            return
        with os.fdopen(os.open(target, os.O_WRONLY), "wb") as stream:
            if not _is_stream(os.fstat(stream.fileno()).st_mode):
                # It has become something else meanwhile.
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            stream.write(data)


def write_beside(folder: str, stem: str, data: bytes) -> None:
    """Write `STEM.json` into a folder, or where that exists `STEM.2.json` and so on; for the owner alone.

    Raises UsageError.
    """
    with _named(folder):
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in count(1):
            path = Path(folder) / (f"{stem}.json" if number == 1 else f"{stem}.{number}.json")
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                continue
            try:
                _replace(path, data, 0o600, None)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            return


def existing(path: str) -> os.stat_result | None:
    """The content of a file to be overwritten; None if there is none. Raises UsageError where none can be written."""
    target = Path(path)
    with _named(path):
        if _stream_of(path):
            return None
        try:
            about = target.lstat()
        except FileNotFoundError:
            return None
        meant = target.stat() if target.exists() else about
    if _is_stream(meant.st_mode):
        return meant
    if stat.S_ISLNK(about.st_mode):
        raise UsageError(f"{path} is a symbolic link, and files are not written through links", "Name the file itself.")
    if not stat.S_ISREG(about.st_mode):
        what = "a folder" if stat.S_ISDIR(about.st_mode) else "no file"
        raise UsageError(f"{path} cannot be written: it is {what}", "Name another file.")
    return about


def _stream_of(path: str) -> str | None:
    """The number of an open stream of this process that a path stands for: a link on Linux, whatever it leads to."""
    found = _STREAM.fullmatch(path)
    return (found["number"] or {"out": "1", "err": "2"}[found["name"]]) if found else None


_STREAM = re.compile(r"/dev/std(?P<name>out|err)|(?:/dev|/proc/self)/fd/(?P<number>[0-9]{1,6})")


def _is_stream(mode: int) -> bool:
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def _replace(target: Path, data: bytes, new: int, mode: int | None) -> None:
    """A file of its own beside the target, and in one moment in its place."""
    temporary = beside(target, data, new, mode)
    try:
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def beside(target: Path, data: bytes, new: int, mode: int | None) -> Path:
    """A file of its own in the folder of the target, on the disk; made with `new`, then given `mode`."""
    temporary = target.with_name(f".retinue-{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, new)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


@contextmanager
def _named(path: str) -> Iterator[None]:
    """Names what cannot be written."""
    try:
        yield
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no file can have this name"
        raise UsageError(f"{path} cannot be written: {why}", "Name another file.") from error
