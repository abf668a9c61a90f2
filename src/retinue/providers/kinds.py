"""Reads the JSON Schemas of kinds, which lie beside the providers that register them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources

from ..core.model import Json, Kind


def schema_beside(package: str, name: str) -> dict[str, Json]:
    """The JSON of a file `NAME.json` in a package."""
    found: dict[str, Json] = json.loads((resources.files(package) / f"{name}.json").read_text(encoding="utf-8"))
    return found


def by_name(*kinds: Kind) -> Mapping[str, Kind]:
    """The kinds of a record; the first is always read, the others if something concerns them."""
    return {kind.name: kind for kind in kinds}
