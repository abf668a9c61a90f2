"""The ends of services and models that vendors announced, from `ends.json`; a provider registers those of its sets."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from ..core.retirement import End
from ..schema import schema_beside

WARNED_DAYS = 180
"""So long before an end a note becomes a warning."""


def ends_of(*sets: str) -> tuple[End, ...]:
    """The entries of these sets, in the order of the file."""
    data = schema_beside(__package__, "ends")
    found = []
    for item in data["ends"]:
        if item["set"] in sets:
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value for key, value in item.items()
            }
            del fields["set"]
            warned = date.fromisoformat(item["on"]) - timedelta(WARNED_DAYS)
            found.append(End(**fields, warned=warned.isoformat(), known=data["known_as_of"]))
    return tuple(found)
