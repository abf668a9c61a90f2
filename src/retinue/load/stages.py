"""Which environment another one is promoted from, and what is wrong with that. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..core.model import Diagnostic, Promotion
from ..core.spelling import did_you_mean
from .located import Map, place_of
from .said import listed, shown

_KEY = "promote_from"


def promotion(data: Map) -> Promotion | None:
    """Of a valid environment."""
    said = data.get(_KEY)
    if said is None:
        return None
    if isinstance(said, str):
        return Promotion(said)
    return Promotion(said["environment"], said.get("verified", False))


def promotion_problems(data: Map) -> Iterator[Diagnostic]:
    """An environment that there is not, and environments that wait for each other."""
    environments = data.get("environments")
    if not isinstance(environments, dict):
        return
    sources = {name: source for name, item in environments.items() if (source := _source(item)) is not None}
    for name, source in sources.items():
        path = ("environments", name, _KEY)
        if source not in environments:
            remedy = did_you_mean(source, environments, f"There are: {listed(list(environments))}.")
            message = f"there is no environment {shown(source)} to promote from"
            yield Diagnostic("environment-unknown", message, remedy, place_of(data, path), path="/" + "/".join(path))
        elif name in (way := _way(source, sources)):
            message = f"{shown(name)} would be promoted from itself: {' ← '.join((name, *way))}"
            remedy = "Let the first environment have no `promote_from`."
            yield Diagnostic("promotion-cycle", message, remedy, place_of(data, path), path="/" + "/".join(path))


def _source(item: Any) -> str | None:
    """Of an environment that may be wrong in other ways."""
    said = item.get(_KEY) if isinstance(item, dict) else None
    name = said.get("environment") if isinstance(said, dict) else said
    return name if isinstance(name, str) else None


def _way(source: str, sources: Mapping[str, str]) -> list[str]:
    """The environments from `source` back, until one has no source or comes a second time."""
    way = [source]
    while way[-1] in sources and sources[way[-1]] not in way:
        way.append(sources[way[-1]])
    return way
