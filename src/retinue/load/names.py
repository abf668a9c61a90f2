"""Names for exported objects: one that is a usable address, and one that a person recognises in a message."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping

from ..core.model import Json, Kind
from .builder import shorten

_LONGEST = 63
_FOREIGN = re.compile(r"[^a-z0-9]+")
_TAIL = 6


def unique_name(display: Json, old_id: Json, taken: Collection[str], kind: Kind) -> str:
    """A free name close to the display name; without one, made of the id, so that it is the same next time."""
    tail = slug(old_id.rpartition("_")[2][:_TAIL]) if isinstance(old_id, str) else ""
    stem = slug(display) or slug(f"{kind.word}-{tail}")
    name, count = stem, 1
    while name in taken:
        count += 1
        suffix = f"-{count}"
        name = stem[: _LONGEST - len(suffix)].rstrip("-") + suffix
    return name


def slug(text: Json) -> str:
    """Lower-case letters, digits and hyphens; accents go, other scripts leave nothing."""
    if not isinstance(text, str):
        return ""
    folded = unicodedata.normalize("NFKD", text[: 4 * _LONGEST].casefold())
    ascii_only = folded.encode("ascii", "ignore").decode("ascii")
    return _FOREIGN.sub("-", ascii_only).strip("-")[:_LONGEST].rstrip("-")


def label_of(item: Mapping[str, Json], kind: Kind | None) -> str:
    """`Handbook` (asst_123), for a message: printable and short, whatever the export says. `kind`: if it is known."""
    texts = [item[key][:200] for key in ("name", "id") if isinstance(item.get(key), str) and item[key]]
    if not texts:
        return f"{kind.one if kind else 'an object'} without a name"
    parts = [shorten("".join(char if char.isprintable() else " " for char in text)) for text in texts]
    return f"`{parts[0]}`" + (f" ({parts[1]})" if len(parts) > 1 else "")
