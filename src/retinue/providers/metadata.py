"""The marker in `metadata`, two of at most 16 pairs of text that the OpenAI API keeps on an object. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..core.marker import ADDRESS_KEY, APPLIED_KEY
from ..core.model import Diagnostic, Json, Kind, Live, Obstacle
from ..core.strictjson import is_unicode
from .base import Marker
from .lenient import text_members
from .losses import LOSS
from .paged import created_at, id_of

MARKER_KEYS = (ADDRESS_KEY, APPLIED_KEY)
MOST_PAIRS = 16
_LONGEST_KEY = 64
"""API reference, metadata. Some servers hold longer ones, and no request can name them."""


def texts(raw: Mapping[str, Json]) -> dict[str, str]:
    """The metadata pairs of an object as answered; the API has texts only."""
    return text_members(raw.get("metadata"))


def authors(held: Mapping[str, str]) -> dict[str, str]:
    """The pairs that are not the marker's, nor of a key that no request can name."""
    return {key: value for key, value in held.items() if key not in MARKER_KEYS and _can_be_named(key)}


def _can_be_named(key: str) -> bool:
    """Half of a surrogate pair cannot be sent, and a key that is too long is refused."""
    return len(key) <= _LONGEST_KEY and is_unicode(key)


def pairs(marker: Marker | None) -> dict[str, str]:
    return {} if marker is None else {ADDRESS_KEY: marker.address, APPLIED_KEY: marker.applied}


def live_of(raw: Mapping[str, Json], kind: Kind, noun: str, spec: Mapping[str, Json]) -> Live:
    """An object as answered, with what its pairs say of the marker. Raises ServiceError for one without an id."""
    return marked(kind, spec, id_of(raw, noun), created_at(raw), texts(raw), raw)


def marked(
    kind: Kind, spec: Mapping[str, Json], remote_id: str, created: int, held: Mapping[str, str], raw: Mapping[str, Json]
) -> Live:
    """As `live_of`, where a service says these things in other words; `held`: its pairs."""
    address, applied = (held.get(key) or None for key in MARKER_KEYS)
    return Live(kind.name, spec, remote_id, created, address, applied, raw=raw)


def full(live: Live, count: int, remedy: str) -> Obstacle | None:
    """Where an object would have more pairs than it can."""
    message = f"{live.remote_id} would need {count} metadata pairs, {MOST_PAIRS} is the most"
    return Obstacle("metadata-full", message, (remedy,)) if count > MOST_PAIRS else None


def no_room(spec: Mapping[str, Json], field: str, count: int) -> Iterator[Diagnostic]:
    """Where a field travels as one of so many pairs, and the author's take up all."""
    if spec.get(field) is not None and count > MOST_PAIRS:
        message = f"`{field}` cannot be held: it travels as a metadata pair, and there is none left"
        yield Diagnostic(LOSS, message, f"Remove one pair of `metadata`, or the {field}.", path=f"/{field}")


def created_with(spec: Mapping[str, Json], marker: Marker) -> dict[str, str]:
    """The pairs of a new object."""
    return {**(spec.get("metadata") or {}), **pairs(marker)}


def updated_with(live: Live, fields: Mapping[str, Json], marker: Marker | None) -> dict[str, str]:
    """The pairs to send with an update of these fields, all of them: a service may merge or replace them."""
    wanted = fields["metadata"] or {} if "metadata" in fields else live.spec.get("metadata", {})
    return metadata_pairs(live, wanted, marker)


def metadata_pairs(live: Live, wanted: Mapping[str, str], marker: Marker | None) -> dict[str, str]:
    """The wanted pairs, the marker, and "" for each live, non-empty pair to remove: a merge would keep it."""
    held = texts(live.raw)
    kept = {key: value for key, value in wanted.items() if value} | pairs(marker)
    gone = {key: "" for key, value in held.items() if value and key not in kept and _can_be_named(key)}
    return kept | gone
