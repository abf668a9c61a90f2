"""Files known by their bytes: the name that such a file gets at a service, and which live ones are ours. Pure.

`{stem}.rt-{scope}-{sha}{ext}`: the name alone says whose a file is and what is in it, so one list finds all of ours
from any clone, also what an interrupted run has uploaded. A service's file objects have no other place for a marker.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .model import Address, Live, Resource
from .patterns import pattern

_LONGEST_STEM = 120
_SCOPE_LENGTH, _SHA_LENGTH = 8, 16
_NAME = pattern(r"(?P<stem>.*)\.rt-(?P<scope>[a-z2-7]{8})-(?P<sha>[0-9a-f]{16})(?P<ext>(\.[^./]*)?)", re.DOTALL)


class Key(NamedTuple):
    """The identity of a file: their bytes, and the extension by which services treat them."""

    sha: str
    ext: str


class Stored(NamedTuple):
    """The parts of a live file's name: its plain name, whose it is, and its key."""

    plain: str
    scope: str
    key: Key


def scope_of(project: str, environment: str) -> str:
    """8 characters of base32 that stand for a project's environment in file names."""
    digest = hashlib.sha256(f"{project}/{environment}".encode()).digest()
    return base64.b32encode(digest)[:_SCOPE_LENGTH].decode("ascii").lower()


def stored_name(plain: str, scope: str, sha: str) -> str:
    """The name under which a file is uploaded; `sha` is its whole SHA-256 in hexadecimal digits."""
    stem, ext = split_name(plain)
    return f"{stem[:_LONGEST_STEM]}.rt-{scope}-{sha[:_SHA_LENGTH]}{ext}"


def parse_stored(name: str) -> Stored | None:
    """None for a name that is not of this form."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    return Stored(found["stem"] + found["ext"], found["scope"], Key(found["sha"], found["ext"].lower()))


def split_name(plain: str) -> tuple[str, str]:
    """`grades.csv` as `grades` and `.csv`; a leading dot does not begin an extension."""
    stem, dot, ext = plain.rpartition(".")
    return (stem, dot + ext) if stem else (plain, "")


def key_of(resource: Resource) -> Key:
    """Of a desired or a live file; what is live is known by the first 16 digits only."""
    return Key(str(resource.spec["sha256"])[:_SHA_LENGTH], split_name(str(resource.spec["name"]))[1].lower())


def by_key(live: Iterable[Live], scope: str) -> Mapping[Key, tuple[Live, ...]]:
    """The live files of a scope, for each key the oldest first."""
    found: dict[Key, tuple[Live, ...]] = {}
    for resource in sorted(live, key=lambda item: (item.created_at, item.remote_id)):
        if resource.mark.owner_text == scope:
            found[key_of(resource)] = (*found.get(key_of(resource), ()), resource)
    return found


def leftover_address(live: Live) -> Address:
    """How a live file of ours that no manifest wants is called: its path is unknown, so its content tells it apart."""
    return Address(live.kind, f"{live.spec['name']}@{str(live.spec['sha256'])[:8]}")
