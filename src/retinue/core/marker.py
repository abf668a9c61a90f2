"""The marker: the proof of ownership that retinue writes on a live object, as two short texts.

Pure text in and out; where the texts live on the object is the provider's business.

    retinue.address   project/environment/Kind/name                       (at most 141 characters)
    retinue.applied   1 NONCE [!p] [=VERIFIED] CODE+ASKED[+OBSERVED] …     (well under 512)

The first word of `retinue.applied` is the number of the format of both.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .canonical import canonical, canonical_json, same
from .model import MISSING, Address, Field, Json, Kind
from .pointer import without

ADDRESS_KEY = "retinue.address"
APPLIED_KEY = "retinue.applied"
NONCE_LENGTH = 8
NONCE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
REPAIRED = "repaired"
"""In place of a nonce that could not be read when the marker was written anew: what it was stays unknown for life."""
UNFINISHED, EXCHANGING = "undone", "undon-"
"""In place of what was observed while a field is being written that takes several requests. EXCHANGING: the step also
takes away what was there before."""
_VERSION = "1"
_DIGEST_LENGTH = 6
_OWNER = re.compile(
    r"([a-z0-9][a-z0-9-]{0,39})/([a-z0-9][a-z0-9-]{0,23})/([A-Z][A-Za-z]{0,10})/([a-z0-9][a-z0-9-]{0,62})"
)
_NONCE = re.compile(r"[A-Za-z0-9]{8}")
_VERIFIED = re.compile(r"=[A-Za-z0-9_-]{12}")
_ENTRY = re.compile(r"([A-Za-z])([A-Za-z0-9_-]{6})([A-Za-z0-9_-]{6})?")
_FORMAT = re.compile(r"\s*v?0*([0-9]+)(\.[0-9]+)*(?![\w-])")
_LATER_ADDRESS = re.compile(r"\s*v?[0-9]+(\.[0-9]+)*[ :;]|[a-z0-9-]+/[a-z0-9-]+(/[^/\s]+){3,}$")


class Owner(NamedTuple):
    """Whose an object is: the four parts of `retinue.address`."""

    project: str
    environment: str
    address: Address

    def __str__(self) -> str:
        return f"{self.project}/{self.environment}/{self.address}"


class Entry(NamedTuple):
    """What was asked of one field, and what the service answered where that was something else (short digests)."""

    asked: str
    observed: str | None = None

    @property
    def unfinished(self) -> bool:
        """Whether a step of ours began to write the field, and nothing says that it came to its end."""
        return self.observed in (UNFINISHED, EXCHANGING)

    def __str__(self) -> str:
        return self.asked + (self.observed or "")


@dataclass(frozen=True, slots=True)
class Applied:
    """What retinue last applied to an object. `fields` maps a field's code to its entry."""

    nonce: str
    protected: bool = False
    verified: str | None = None
    fields: Mapping[str, Entry] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [_VERSION, self.nonce]
        if self.protected:
            parts.append("!p")
        if self.verified:
            parts.append("=" + self.verified)
        parts.extend(code + str(entry) for code, entry in sorted(self.fields.items()))
        return " ".join(parts)


def parse_owner(text: str) -> Owner | None:
    """`project/environment/Kind/name`, or None if the text is not one."""
    match = _OWNER.fullmatch(text)
    return Owner(match[1], match[2], Address(match[3], match[4])) if match else None


def parse_applied(text: str) -> Applied | None:
    """The inverse of `str(Applied)`; None if the text does not parse, which is never the same as "foreign"."""
    parts = text.split(" ")
    if len(parts) < 2 or parts[0] != _VERSION or not _NONCE.fullmatch(parts[1]):
        return None
    rest = parts[2:]
    protected = rest[:1] == ["!p"]
    rest = rest[1:] if protected else rest
    verified = rest[0][1:] if rest and _VERIFIED.fullmatch(rest[0]) else None
    entries = parse_entries(rest[1:] if verified else rest)
    return None if entries is None else Applied(parts[1], protected, verified, entries)


def is_newer(address: str | None, applied: str | None) -> bool:
    """True if a later version of this format wrote the two texts; anything else that does not parse is damage."""
    number = _FORMAT.match(applied or "")
    if number is not None and number[1] != "0" and (number[1] != _VERSION or number[2]):
        return True
    return parse_owner(address or "") is None and _LATER_ADDRESS.match(address or "") is not None


def parse_entries(parts: Iterable[str]) -> dict[str, Entry] | None:
    """`na4ayc_ mT90xQe…` as entries by field code; None if one does not parse or stands twice."""
    entries: dict[str, Entry] = {}
    for part in parts:
        match = _ENTRY.fullmatch(part)
        if match is None or match[1] in entries:
            return None
        entries[match[1]] = Entry(match[2], match[3])
    return entries


def short_digest(value: Json, length: int = _DIGEST_LENGTH) -> str:
    """The first 36 bits of the digest of a canonical value, as six URL-safe characters."""
    hashed = hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(hashed)[:length].decode("ascii")


def asked_entries(spec: Mapping[str, Json], kind: Kind, ignored: Collection[str] = ()) -> dict[str, Entry]:
    """Entries for what a manifest asks: fields at their documented default need none, `ignored` ones get none."""
    return {
        kind.fields[name].code: Entry(short_digest(value))
        for name, value in without(canonical(spec, kind), ignored).items()
        if not same(value, kind.fields[name].shape.default)
    }


def format_entries(entries: Mapping[str, Entry]) -> str:
    return " ".join(code + str(entry) for code, entry in sorted(entries.items()))


def entry_of(field_: Field, applied: Applied) -> Entry | None:
    """What was asked of a field: its entry, the documented default where there is none, or None."""
    known = applied.fields.get(field_.code)
    if known is not None or field_.shape.default is MISSING:
        return known
    return Entry(short_digest(field_.shape.default))
