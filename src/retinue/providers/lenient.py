"""Reads the JSON of a service, which may be anything: what has the wrong type counts as absent. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from ..core.model import Json


def mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def mappings(value: Json) -> list[Mapping[str, Json]]:
    """The items of a list that are any."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def numbered(value: Json) -> list[tuple[int, Mapping[str, Json]]]:
    """As `mappings`, each with its place in the list."""
    items = enumerate(value) if isinstance(value, list) else ()
    return [(index, item) for index, item in items if isinstance(item, dict)]


def text(value: Json) -> str | None:
    """An empty one is none."""
    return value if isinstance(value, str) and value else None


def text_members(value: Json) -> dict[str, str]:
    return {key: item for key, item in mapping(value).items() if isinstance(item, str)}


def besides(value: Json, known: Collection[str]) -> dict[str, Json]:
    """The members of an object that are not known."""
    return {key: item for key, item in mapping(value).items() if key not in known}


def picked(members: Mapping[str, Json], names: Iterable[str]) -> dict[str, Json]:
    """The members of these names that are not null."""
    return {name: members[name] for name in names if members.get(name) is not None}


def stated(value: Json) -> dict[str, Json]:
    """The members of an object that are not null."""
    return {key: item for key, item in mapping(value).items() if item is not None}


def seconds(date: Json) -> int:
    """Since 1970, of a date as ISO 8601 writes it; 0 for anything else."""
    try:
        return int(datetime.fromisoformat(date).timestamp())
    except (TypeError, ValueError, OverflowError):
        return 0
