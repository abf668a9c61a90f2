"""The `vector_stores` helper of a create request as one store of its own, not a new one at each create. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..core.model import Address, Json
from ..core.references import reference

_KIND = "VectorStore"
_AT = "/tool_resources/file_search/vector_stores/0"


class Split(NamedTuple):
    """An assistant that refers to its store, the fields of that store (None without one), and what has no place."""

    item: dict[str, Json]
    store: dict[str, Json] | None = None
    lost: tuple[str, ...] = ()


def without_helper(item: dict[str, Json], name: str) -> Split:
    """The object with `vector_stores` moved into a store of this name. What the API would refuse stays where it is."""
    resources = _mapping(item.get("tool_resources"))
    search = _mapping(resources.get("file_search"))
    helper = search.get("vector_stores")
    if not (isinstance(helper, list) and len(helper) == 1 and isinstance(helper[0], dict)):
        return Split(item)
    if search.get("vector_store_ids"):
        return Split(item)
    rest = {key: value for key, value in search.items() if key != "vector_stores"}
    linked = {**rest, "vector_store_ids": [reference(Address(_KIND, name))]}
    store, lost = _store(helper[0])
    return Split({**item, "tool_resources": {**resources, "file_search": linked}}, store, lost)


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _store(helper: Mapping[str, Json]) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Its fields, but for defaults; and pointers to what is no field of a store."""
    files, chunking = helper.get("file_ids"), helper.get("chunking_strategy")
    if isinstance(files, list) and all(isinstance(file, str) for file in files):
        files = list(dict.fromkeys(files))
    if isinstance(chunking, dict) and chunking.get("type") == "auto":
        chunking = None
    fields = {"files": files, "chunking_strategy": chunking, "metadata": helper.get("metadata")}
    known = ("file_ids", "chunking_strategy", "metadata")
    lost = (f"{_AT}/{key}" for key, value in helper.items() if key not in known and value not in (None, [], {}))
    return {key: value for key, value in fields.items() if value not in (None, [], {})}, tuple(lost)
