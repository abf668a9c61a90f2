"""What the vector store API accepts in a body. Pure: no store, no HTTP.

Source: OpenAI API reference, Vector stores, Vector store files, Vector store file batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import checks
from .checks import Check
from .errors import ApiError
from .limits import CHUNK, LONGEST_KEY, LONGEST_VALUE, MOST_PAIRS, STORE

MOST_IN_CREATE, MOST_IN_BATCH = 500, 2000
AUTO = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}
"""What `auto` reads back as."""


def chunk_sizes(path: str, value: Any) -> None:
    sizes = ("max_chunk_size_tokens", "chunk_overlap_tokens")
    size = CHUNK[sizes[0]]
    known = {sizes[0]: checks.within(size), sizes[1]: checks.number(0, size["maximum"], whole=True)}
    checks.members(path, value, known, sizes)
    checks.number(0, value[sizes[0]] // 2, whole=True)(f"{path}.{sizes[1]}", value[sizes[1]])


chunking = checks.variant({"auto": {}, "static": {"static": chunk_sizes}}, {"static": ("static",)})


def attributes(path: str, value: Any) -> None:
    """A few pairs with short keys; a value is a short text, a number or a boolean."""
    checks.anything(path, value)
    if len(value) > MOST_PAIRS:
        message = f"Invalid '{path}': too many properties. Expected an object with at most {MOST_PAIRS} properties."
        raise ApiError(400, message, code="object_above_max_properties", param=path)
    for key, item in value.items():
        if len(key) > LONGEST_KEY:
            raise checks.too_long(f"{path}.{key}", len(key), LONGEST_KEY, "string")
        if not isinstance(item, bool | int | float):
            checks.text(f"{path}.{key}", item, LONGEST_VALUE)


_expiry = {
    "anchor": checks.one_of("last_active_at"),
    "days": checks.within(STORE["expires_after"]["properties"]["days"]),
}
_COMMON: Mapping[str, Check] = {
    "name": checks.text,
    "expires_after": checks.closed(_expiry, "anchor", "days"),
    "metadata": checks.metadata,
}
CREATE: Mapping[str, Check] = {
    **_COMMON,
    "description": checks.text,
    "file_ids": checks.listed(MOST_IN_CREATE, checks.text),
    "chunking_strategy": chunking,
}
MODIFY = _COMMON
ATTACH: Mapping[str, Check] = {"file_id": checks.text, "attributes": attributes, "chunking_strategy": chunking}
UPDATE_FILE: Mapping[str, Check] = {"attributes": attributes}
BATCH: Mapping[str, Check] = {
    "file_ids": checks.listed(MOST_IN_BATCH, checks.text),
    "files": checks.listed(MOST_IN_BATCH, checks.closed(ATTACH, "file_id")),
    "attributes": attributes,
    "chunking_strategy": chunking,
}


def batch_entries(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The entries of a batch: `files`, or `file_ids` that share attributes and chunking. Raises ApiError 400."""
    if body.get("files") and body.get("file_ids"):
        raise ApiError(400, "Only one of 'file_ids' and 'files' can be given.", code="invalid_value", param="files")
    shared = {name: body.get(name) for name in ("attributes", "chunking_strategy")}
    entries = body.get("files") or [{"file_id": key, **shared} for key in body.get("file_ids") or ()]
    if not entries:
        raise checks.missing("file_ids")
    return list(entries)
