"""The files that manifests upload: found by path or pattern, and read for their fingerprint, never held in memory."""

from __future__ import annotations

import hashlib
import os
import posixpath
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ..core.errors import StaleError
from ..core.model import Diagnostic, Place, Severity
from .files import OPEN_FLAGS, Files, Found, is_hidden, pointer_problem, slashes

MOST_BYTES = 512 * 1024 * 1024
"""The largest upload that the API takes (API reference, Upload file)."""
_PIECE = 256 * 1024
_MAGIC = frozenset("*?[")


class Upload(NamedTuple):
    """A file to upload: its path relative to the project folder, the SHA-256 of its bytes, and how many they are."""

    name: str
    sha256: str
    size: int


def is_pattern(path: str) -> bool:
    return bool(_MAGIC & set(path))


def find(files: Files, path: str, at: Place) -> list[Found] | Diagnostic:
    """The files that a path or a pattern (relative to the project folder) names; never none."""
    if not is_pattern(path):
        found = files.find(path, at)
        if isinstance(found, Diagnostic):
            return found
        return _fit(found, at) or [found]
    pattern = posixpath.normpath(path)
    if pattern.split("/")[0] == ".." or pattern.startswith("/"):
        remedy = "Copy the files into the project."
        return Diagnostic("file-outside", f"`{path}` leads out of the project folder", remedy, at)
    if (matches := files.matches(pattern)) is None:
        remedy = "Write * for a part of a name and ** for any folders."
        return Diagnostic("glob-invalid", f"`{path}` is not a usable pattern", remedy, at)
    chosen: list[Found] = []
    for match in (name for name in matches if not is_hidden(name)):
        found = files.find(match, at)
        if isinstance(found, Diagnostic):
            return found
        if not stat.S_ISDIR(found.status.st_mode):
            if problem := _fit(found, at):
                return problem
            chosen.append(found)
    if not chosen:
        relative = "Correct the pattern, or put a file there; a pattern is relative to the file it is written in."
        remedy = slashes(path) or relative
        return Diagnostic("glob-empty", f"no file matches `{pattern}`", remedy, at)
    return chosen


def _fit(found: Found, at: Place) -> Diagnostic | None:
    """Why a file cannot be uploaded, as far as that can be seen without opening it."""
    mode, size = found.status.st_mode, found.status.st_size
    if stat.S_ISDIR(mode):
        remedy = f"Name its files: {{upload: {found.name}/*}}."
        return Diagnostic("file-not-regular", f"`{found.name}` is a folder", remedy, at)
    if not stat.S_ISREG(mode):
        return Diagnostic("file-not-regular", f"`{found.name}` is a device, pipe or socket", "Name a file.", at)
    if size > MOST_BYTES:
        message = f"`{found.name}` has {size:,} bytes; {MOST_BYTES:,} is the most that can be uploaded"
        return Diagnostic("file-too-large", message, "Split it.", at)
    if size == 0:
        return Diagnostic("file-empty", f"`{found.name}` is empty", "Fill it, or leave it out.", at)
    return None


def fingerprint(found: Found, at: Place) -> Upload | Diagnostic:
    """The bytes of a file as a digest."""
    hashed, size = hashlib.sha256(), 0
    try:
        for piece in _pieces(found.path):
            if size == 0 and (problem := pointer_problem(piece, found.name, at)):
                return problem
            hashed.update(piece)
            size += len(piece)
    except OSError as error:
        message = f"`{found.name}` cannot be read: {error.strerror or error}"
        return Diagnostic("file-unreadable", message, "Check its permissions.", at)
    return Upload(found.name, hashed.hexdigest(), size)


def line_ends_note(root: Path, names: Iterable[str], live: Collection[str]) -> Diagnostic | None:
    """Which of some files to upload are live with other line ends. `live`: the beginnings of the digests of those."""
    files = Files(root)
    found = [
        name for name in names if isinstance(item := files.find(name), Found) and _with_other_ends(item.path, live)
    ]
    if not found:
        return None
    some = f"{', '.join(found[:3])}{f' and {len(found) - 3} more' if len(found) > 3 else ''}"
    verbs = "is live already and differs" if len(found) == 1 else "are live already and differ"
    message = f"{some} {verbs} by line ends only"
    lines = sorted({f"`*{suffix} text eol=lf`" for name in found if (suffix := posixpath.splitext(name)[1])})
    lines += [f"`{name} text eol=lf`" for name in found if not posixpath.splitext(name)[1]]
    remedy = (
        f"Add to .gitattributes: {', '.join(lines)}. Then `git add --renormalize .`, and check the files out again."
    )
    return Diagnostic("line-ends", message, remedy, severity=Severity.WARNING)


def _with_other_ends(path: str, live: Collection[str]) -> bool:
    unix, windows, rest = hashlib.sha256(), hashlib.sha256(), b""
    try:
        for piece in _pieces(path):
            whole = rest + piece
            rest = b"\r" if whole.endswith(b"\r") else b""
            text = whole.removesuffix(rest).replace(b"\r\n", b"\n")
            unix.update(text)
            windows.update(text.replace(b"\n", b"\r\n"))
    except OSError:
        return False  # what uploads it will say so
    for digest in (unix, windows):
        digest.update(rest)
    return any(digest.hexdigest().startswith(tuple(live)) for digest in (unix, windows))


def _pieces(path: str) -> Iterator[bytes]:
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no longer a regular file")
        while piece := os.read(descriptor, _PIECE):
            yield piece
    finally:
        os.close(descriptor)


class LocalContent(NamedTuple):
    """The bytes of one planned upload. Every reading of them is held against the plan."""

    path: str
    name: str
    sha256: str
    size: int

    def pieces(self) -> Iterator[bytes]:
        """The bytes in pieces. Raises StaleError, before the last piece, where they are not the planned ones."""
        hashed, size, held = hashlib.sha256(), 0, b""
        try:
            for piece in _pieces(self.path):
                if held:
                    yield held
                held = piece
                hashed.update(piece)
                size += len(piece)
                if size > self.size:
                    raise _changed(self.name)
        except OSError as error:
            raise StaleError(f"{self.name} cannot be read: {error.strerror or error}", "Check the file.") from error
        if hashed.hexdigest() != self.sha256:
            raise _changed(self.name)
        yield held


def content(root: Path, name: str, sha256: str, size: int) -> LocalContent:
    """A planned upload's bytes. Raises StaleError if the file is not there any more."""
    found = Files(root).find(name)
    if isinstance(found, Diagnostic):
        raise StaleError(found.message, "The plan was made with this file; plan again.")
    return LocalContent(found.path, name, sha256, size)


def changed_since(root: Path, name: str, sha256: str) -> str | None:
    """Explains why a file is no longer the one that was planned."""
    found = Files(root).find(name)
    now = found if isinstance(found, Diagnostic) else fingerprint(found, Place(name, 1, 1))
    if isinstance(now, Diagnostic):
        return now.message
    return None if now.sha256 == sha256 else _changed(name).message


def _changed(name: str) -> StaleError:
    return StaleError(f"{name} has other bytes than when the plan was made", "Plan again and review.")
