"""Reads the files of a project, never one outside of it. Knows nothing of what the files mean."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ..core.model import Diagnostic, Place
from ..core.patterns import pattern

MAX_BYTES = 2 * 1024 * 1024
"""Far above the largest manifest: instructions end at 256,000 characters."""

_MORE_FLAGS = ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
OPEN_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in _MORE_FLAGS)

_NEW = os.stat_result((stat.S_IFREG | 0o600, *[0] * 9))


class Found(NamedTuple):
    """A file of the project: where it really is, its name relative to the project folder, and what it is.

    `content` stands for what the file holds, for a trial with other content.
    """

    path: str
    name: str
    status: os.stat_result
    content: bytes | None = None


class Files:
    """The files of one project. Remembers where folders really are, so keep it for one run only."""

    def __init__(self, root: Path, replaced: Mapping[str, bytes] | None = None) -> None:
        """`replaced`: by name, what to take for the content of some files, also of files that are not there yet."""
        self.base = os.path.realpath(root)
        self._replaced = replaced or {}
        self._folders: dict[str, str] = {}

    def find(self, name: str, at: Place | None = None) -> Found | Diagnostic:
        """Where `name` (relative to the project folder) really is, links resolved. `at`: where the name is written."""
        if name.startswith(("/", "\\")):
            return _outside(name, at)
        if not name.isprintable():
            remedy = f"Rename it; in double quotes \\t and \\n are no folders. {_SLASHES}"
            return _unreadable(name, at, "its name holds characters that cannot be shown", remedy)
        try:
            path, status = self._resolve(name)
        except (FileNotFoundError, NotADirectoryError):
            new = posixpath.normpath(name)
            if new in self._replaced:
                return Found(f"{self.base}/{new}", new, _NEW, self._replaced[new])
            # A path that leads out is refused in the same words whether or not something is there.
            if new.split("/")[0] == "..":
                return _outside(name, at)
            message = f"there is no file `{printable(posixpath.normpath(name))}`"
            remedy = slashes(name) or "Check the spelling. A path is relative to the file it is written in."
            return Diagnostic("file-missing", message, remedy, at or Place(name, 1, 1))
        except (OSError, RuntimeError, ValueError) as error:
            return _unreadable(name, at, _reason(error))
        if path != self.base and not path.startswith(self.base.rstrip(os.sep) + os.sep):
            return _outside(name, at)
        within = path[len(self.base) :].replace(os.sep, "/").lstrip("/") or "."
        return Found(path, within, status, self._replaced.get(within))

    def matches(self, pattern: str) -> list[str] | None:
        """The names that a pattern matches, in order; None if the pattern is unusable."""
        try:
            return sorted(match.relative_to(self.base).as_posix() for match in Path(self.base).glob(pattern))
        except (ValueError, NotImplementedError, IndexError, OSError):
            return None

    def new(self) -> Iterator[str]:
        """The names in `replaced` for which there is no file yet."""
        return (name for name in self._replaced if not os.path.lexists(f"{self.base}/{name}"))

    def _resolve(self, name: str) -> tuple[str, os.stat_result]:
        # Strings instead of pathlib, and one lstat per file: this runs for each of thousands of manifests.
        folder, leaf = os.path.split(os.path.join(self.base, name))  # noqa: PTH118
        if leaf in ("", ".", ".."):
            folder, leaf = os.path.split(os.path.realpath(os.path.join(folder, leaf), strict=True))  # noqa: PTH118
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder, strict=True)
        path = os.path.join(real, leaf)  # noqa: PTH118
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            path = os.path.realpath(path, strict=True)
            status = os.lstat(path)
        return path, status

    def read_bytes(self, name: str, at: Place | None = None) -> bytes | Diagnostic:
        """The content of a regular file inside the project folder, or why it cannot be had."""
        found = self.find(name, at)
        return found if isinstance(found, Diagnostic) else read_found(found, at)


def is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in PurePosixPath(name).parts)


def beside(place: Place, path: str) -> str:
    """`path` as written in a file, relative to the project folder instead of to that file."""
    folder = _folder(place.file)
    return f"{folder}/{path}" if folder and not path.startswith("/") else path


_folder = lru_cache(maxsize=64)(posixpath.dirname)


def first_bytes(found: Found, most: int) -> bytes:
    """The beginning of a file of any size; nothing of one that cannot be read, or that is not a regular file."""
    if not stat.S_ISREG(found.status.st_mode):
        return b""
    try:
        descriptor = os.open(found.path, OPEN_FLAGS)
        try:
            return os.read(descriptor, most)
        finally:
            os.close(descriptor)
    except OSError:
        return b""


_POINTER = b"version https://git-lfs.github.com/spec/"


def pointer_problem(data: bytes, name: str, at: Place | None) -> Diagnostic | None:
    """Why the content of a file is not what is meant: Git LFS has not fetched that. `data`: at least its beginning."""
    if not data.startswith(_POINTER):
        return None
    remedy = "Run `git lfs pull` first; in a pipeline check out with LFS (`lfs: true` of actions/checkout)."
    return Diagnostic(
        "file-pointer", f"`{name}` is a pointer of Git LFS, not the file", remedy, at or Place(name, 1, 1)
    )


def read_found(found: Found, at: Place | None = None) -> bytes | Diagnostic:
    """The content of a file that `Files.find` has found. Looks at it before it opens it."""
    problem = _unfit(found.status, found.name, at)
    if problem is not None:
        return problem
    if found.content is not None:
        return found.content if len(found.content) <= MAX_BYTES else _too_large(found.name, at)
    try:
        descriptor = os.open(found.path, OPEN_FLAGS)
        try:
            # A pipe or a link may have taken the file's place since: neither is followed or waited for.
            return _unfit(os.fstat(descriptor), found.name, at) or _content(descriptor, found, at)
        finally:
            os.close(descriptor)
    except OSError as error:
        return _unreadable(found.name, at, _reason(error))


def _content(descriptor: int, found: Found, at: Place | None) -> bytes | Diagnostic:
    data = os.read(descriptor, found.status.st_size + 1)
    if len(data) == found.status.st_size:
        return data
    parts, size = [data], len(data)
    while data and size <= MAX_BYTES:
        data = os.read(descriptor, 65536)
        parts.append(data)
        size += len(data)
    return b"".join(parts) if size <= MAX_BYTES else _too_large(found.name, at)


def text_of(data: bytes, name: str, at: Place | None = None) -> str | Diagnostic:
    """The text in `data`, the content of the file `name`."""
    if b"\0" in data:
        remedy = "Name a text file in UTF-8. Files for code_interpreter or file_search are given by their id."
        return Diagnostic("file-binary", f"`{name}` is not a text file", remedy, at or Place(name, 1, 1))
    text, problems = decode(data, name)
    return problems[0] if text is None or problems else text.replace("\r\n", "\n")


LINE_END = pattern(r"\r\n|[\r\n\x85\u2028\u2029]")
"""As YAML 1.1 counts lines (4.2)."""


def decode(data: bytes, name: str) -> tuple[str | None, list[Diagnostic]]:
    """A text in UTF-8 (None for anything else), and what is wrong with it: a byte order mark hides nothing."""
    if problem := pointer_problem(data, name, None):
        return None, [problem]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        message, at = f"`{name}` is not UTF-8 text from here on", place_in(before, len(before), name)
        return None, [Diagnostic("text-not-utf8", message, 'Save it as "UTF-8".', at)]
    if not text.startswith("\ufeff"):
        return text, []
    message = f"`{name}` starts with a byte order mark (BOM), an invisible character"
    return text[1:], [Diagnostic("text-bom", message, 'Save it as "UTF-8" without BOM.', Place(name, 1, 1))]


def place_in(text: str, offset: int, name: str) -> Place:
    """The place of the character at `offset`."""
    before = text[:offset]
    return Place(name, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _unfit(status: os.stat_result, name: str, at: Place | None) -> Diagnostic | None:
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
        return Diagnostic("file-not-regular", f"`{name}` is {what}", "Name a file.", at or Place(name, 1, 1))
    return _too_large(name, at) if status.st_size > MAX_BYTES else None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "its links lead in a circle"


_SLASHES = "Write `/` between folders: that is right on every system."


def slashes(path: str) -> str:
    """The remedy for a path as Windows writes it; empty for any other."""
    return _SLASHES if "\\" in path else ""


def _outside(name: str, at: Place | None) -> Diagnostic:
    message = f"`{printable(posixpath.normpath(name))}` lies outside the project folder"
    remedy = "Copy the file into the project and write a path relative to the file it is named in."
    return Diagnostic("file-outside", message, remedy, at or Place(name, 1, 1))


def _too_large(name: str, at: Place | None) -> Diagnostic:
    message = f"`{name}` is larger than {MAX_BYTES // 1024 // 1024} MiB"
    return Diagnostic("file-too-large", message, "Name a smaller file or split it.", at or Place(name, 1, 1))


def _unreadable(name: str, at: Place | None, reason: str, remedy: str = "") -> Diagnostic:
    message = f"`{printable(posixpath.normpath(name))}` cannot be read: {reason}"
    return Diagnostic("file-unreadable", message, remedy or "Check its permissions and links.", at or Place(name, 1, 1))


def printable(text: str) -> str:
    """A text for a message, without control characters."""
    return "".join(char if char.isprintable() else "�" for char in text)
