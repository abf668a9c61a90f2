"""The marker: the proof of ownership that retinue writes on a live object, as two short texts.

Text to values and back, and nothing of kinds; where the texts live on the object is the provider's business.

    retinue.address   project/environment/Kind/name                       (at most 141 characters)
    retinue.applied   1 NONCE [!p] [=VERIFIED] CODE+ASKED[+OBSERVED] …     (well under 512)

The first word of `retinue.applied` is the number of the format of both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from .values import dataclass, field


class Address(NamedTuple):
    """The only identity that authors see, written `Assistant/math-tutor`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


ADDRESS_KEY = "retinue.address"
APPLIED_KEY = "retinue.applied"
NONCE_LENGTH = 8
NONCE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
REPAIRED = "repaired"
"""In place of a nonce that could not be read when the marker was rewritten: what it was stays unknown for life."""
UNFINISHED, EXCHANGING = "undone", "undon-"
"""In place of what was observed while a field is being written that takes several requests. EXCHANGING: the step also
takes away what was there before."""
_VERSION = "1"
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
    """The value asked of one field, and the service's answer where it differs (short digests)."""

    asked: str
    observed: str | None = None

    @property
    def unfinished(self) -> bool:
        """True if a step of ours began to write the field and is not known to have finished."""
        return self.observed in (UNFINISHED, EXCHANGING)

    def __str__(self) -> str:
        return self.asked + (self.observed or "")


@dataclass(frozen=True, slots=True)
class Applied:
    """The record of the last apply to an object. `fields` maps a field's code to its entry."""

    nonce: str
    protected: bool = False
    verified: str | None = None
    fields: Mapping[str, Entry] = field(default_factory=dict)

    @property
    def unfinished(self) -> bool:
        """True if a step of ours broke off in the middle of the object."""
        return any(entry.unfinished for entry in self.fields.values())

    def __str__(self) -> str:
        parts = [_VERSION, self.nonce]
        if self.protected:
            parts.append("!p")
        if self.verified:
            parts.append("=" + self.verified)
        return " ".join([*parts, format_entries(self.fields)] if self.fields else parts)


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


def parse_entries(parts: Iterable[str]) -> dict[str, Entry] | None:
    """`na4ayc_ mT90xQe…` as entries by field code; None if one does not parse or stands twice."""
    entries: dict[str, Entry] = {}
    for part in parts:
        match = _ENTRY.fullmatch(part)
        if match is None or match[1] in entries:
            return None
        entries[match[1]] = Entry(match[2], match[3])
    return entries


def format_entries(entries: Mapping[str, Entry]) -> str:
    """The inverse of `parse_entries`, without its `split`."""
    return " ".join(code + str(entry) for code, entry in sorted(entries.items()))


@dataclass(frozen=True, slots=True)
class Mark:
    """The marker of one object. `owner` and `applied` are None where their text is missing or cannot be read.

    The two texts stay as they were found, for what compares or repeats them. `newer`: a later format wrote them;
    anything else that does not parse is damage.
    """

    owner: Owner | None = None
    applied: Applied | None = None
    owner_text: str | None = None
    applied_text: str | None = None
    newer: bool = False

    @classmethod
    def of(cls, owner: Owner, applied: Applied) -> Mark:
        """The marker to write."""
        return cls(owner, applied, str(owner), str(applied))

    @classmethod
    def parse(cls, owner_text: str | None, applied_text: str | None) -> Mark:
        owner, applied = parse_owner(owner_text or ""), parse_applied(applied_text or "")
        number = None if applied else _FORMAT.match(applied_text or "")
        newer = number is not None and number[1] != "0" and bool(number[1] != _VERSION or number[2])
        newer = newer or (owner is None and _LATER_ADDRESS.match(owner_text or "") is not None)
        return cls(owner, applied, owner_text, applied_text, newer)


UNMARKED: Final = Mark()
