"""Reads a multipart/form-data body piece by piece (RFC 7578): short fields as text, the one file into a sink.

Must never hold a whole file: it may be 512 MB.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import Message
from typing import NamedTuple

from .errors import ApiError
from .web import Request

_PIECE = 256 * 1024
_MOST_HEAD = 16 * 1024
_MOST_TEXT = 64 * 1024


class Form(NamedTuple):
    """The text fields; the file's name, and how many bytes of it went into the sink (None: there was no file)."""

    fields: dict[str, str]
    filename: str
    size: int | None


def read_form(request: Request, file_field: str, sink: Callable[[bytes], None], most: int) -> Form:
    """Raises ApiError 400 or 413, and ConnectionResetError if the client went away in the middle."""
    content = Message()
    content["content-type"] = request.headers.get("content-type", "")
    boundary = content.get_param("boundary")
    if content.get_content_type() != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise ApiError(400, "Expected multipart/form-data with a boundary.")
    return _Reader(request, b"\r\n--" + boundary.encode("latin-1", "replace"), most).form(file_field, sink)


class _Reader:
    def __init__(self, request: Request, delimiter: bytes, most: int) -> None:
        self._request, self._delimiter, self._most = request, delimiter, most
        self._left = request.length
        # The first delimiter has no line break before it.
        self._buffer = b"\r\n"

    def form(self, file_field: str, sink: Callable[[bytes], None]) -> Form:
        fields: dict[str, str] = {}
        filename, size = "", None
        self._until(self._delimiter, _forget)
        while not self._is_end():
            name, found = self._head()
            if name == file_field:
                filename, size = found, self._until(self._delimiter, sink)
            else:
                pieces: list[bytes] = []
                if self._until(self._delimiter, pieces.append) > _MOST_TEXT:
                    raise ApiError(400, f"Invalid '{name}': too long.", param=name)
                fields[name] = b"".join(pieces).decode("utf-8", "replace")
        while self._more():
            self._buffer = b""
        return Form(fields, filename, size)

    def _is_end(self) -> bool:
        while len(self._buffer) < 2:
            self._need()
        mark, self._buffer = self._buffer[:2], self._buffer[2:]
        if mark not in (b"--", b"\r\n"):
            raise ApiError(400, "The multipart body is damaged.")
        return mark == b"--"

    def _head(self) -> tuple[str, str]:
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > _MOST_HEAD:
                raise ApiError(400, "The multipart body is damaged.")
            self._need()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        text = head.decode("utf-8", "replace")
        name = re.search(r'\bname="((?:[^"\\]|\\.)*)"', text)
        filename = re.search(r'\bfilename="((?:[^"\\]|\\.)*)"', text)
        if name is None:
            raise ApiError(400, "A part of the multipart body has no name.")
        return _plain(name[1]), _plain(filename[1]) if filename else ""

    def _until(self, delimiter: bytes, sink: Callable[[bytes], None]) -> int:
        """Hand all bytes up to the delimiter to the sink; how many."""
        size = 0
        while True:
            found = self._buffer.find(delimiter)
            ready = found if found >= 0 else max(0, len(self._buffer) - len(delimiter))
            if ready:
                sink(self._buffer[:ready])
                size += ready
                if size > self._most:
                    raise ApiError(413, f"The file is larger than {self._most} bytes.")
            self._buffer = self._buffer[ready + (len(delimiter) if found >= 0 else 0) :]
            if found >= 0:
                return size
            self._need()

    def _need(self) -> None:
        if not self._more():
            raise ConnectionResetError("the client went away in the middle of its request")

    def _more(self) -> bool:
        wanted = _PIECE if self._left is None else min(_PIECE, self._left)
        piece = self._request.stream.read(wanted) if wanted else b""
        if self._left is not None:
            self._left -= len(piece)
        self._buffer += piece
        return bool(piece)


def _forget(_: bytes) -> None:
    """What stands before the first part means nothing."""


def _plain(text: str) -> str:
    """Browsers and HTTP libraries write %22 for a quote; others a backslash."""
    return re.sub(r"\\(.)", r"\1", text).replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")
