"""The ends of services and models that vendors announced, from `ends.json`; a provider registers those of its sets."""

from __future__ import annotations

from datetime import date

from ..core.ends import End
from ..schema import schema_beside


def ends_of(*sets: str) -> tuple[End, ...]:
    """The entries of these sets, in the order of the file."""
    data = schema_beside(__package__, "ends")
    known = date.fromisoformat(data["known_as_of"])
    found = []
    for item in data["ends"]:
        if item["set"] in sets:
            fields = {key: tuple(value) if isinstance(value, list) else value for key, value in item.items()}
            del fields["set"]
            found.append(End(**{**fields, "on": date.fromisoformat(item["on"])}, known=known))
    return tuple(found)
