"""What comes back: a text of bounded size however it was compressed, a redirect that goes nowhere.

Knows no vendor and sends nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

import httpx

from .wire import Limits

_MEGABYTE = 1024 * 1024
_ACCEPTED = ("gzip", "x-gzip")
ACCEPT = {"Accept-Encoding": "gzip"}


class TooLarge(Exception):
    """More than any answer of such an API can hold; `str` says how much was let in."""


def text_of(response: httpx.Response, pieces: Iterable[bytes], most: int, limits: Limits) -> str:
    """The text, of at most so many bytes. Raises TooLarge, and httpx.DecodingError for a compression that was not asked
    for or is broken.

    Of an error the beginning is enough.
    """
    refused = not response.is_success
    most = min(most, limits.refused) if refused else most
    data = bytearray()
    for piece in _plain(pieces, response.headers.get("content-encoding", "").strip().lower()):
        data += piece
        if len(data) > most and refused:
            del data[most:]
            break
        if len(data) > most:
            raise TooLarge(f"more than {most // _MEGABYTE:,} MB")
    if len(data) > limits.parts and sum(map(data.count, (b"[", b"{", b","))) > limits.parts:
        raise TooLarge(f"more than {limits.parts:,} values")
    # JSON is UTF-8 whatever the headers say (RFC 8259, 8.1); some of Python's codecs are slow beyond measure.
    return data.decode("utf-8", errors="replace")


def _plain(pieces: Iterable[bytes], encoding: str) -> Iterable[bytes]:
    if encoding in ("", "identity"):
        return pieces
    if encoding in _ACCEPTED:
        return _unzipped(pieces)
    raise httpx.DecodingError(f"the answer is compressed as {encoding[:40]!r}, which was not asked for")


def _unzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Never more than a megabyte at once."""
    machine, begun = zlib.decompressobj(zlib.MAX_WBITS | 16), False
    try:
        for piece in pieces:
            begun, full = begun or bool(piece), True
            while not machine.eof and (piece or full):
                out = machine.decompress(piece, _MEGABYTE)
                piece, full = machine.unconsumed_tail, len(out) == _MEGABYTE
                yield out
    except zlib.error as error:
        raise httpx.DecodingError(f"the compressed answer is broken ({error})") from error
    if begun and not machine.eof:
        raise httpx.DecodingError("the compressed answer is cut off")


def target_of(headers: Mapping[str, str]) -> str:
    """Where a redirect goes, for a message: without what may be secret or long. Empty: nowhere."""
    try:
        parts = urlsplit(headers.get("location", ""))
    except ValueError:
        return "an address that cannot be read"
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    text = "".join(char if char.isprintable() else "?" for char in f"{place}{parts.path}")
    return text if len(text) <= 200 else f"{text[:199]}…"
