"""The second layer of an OPENAI row: what the OpenAI API holds behind it, and where that differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.canonical import canonical_json
from ...core.model import Json
from .reading import RESOURCE_IDS

_DEFAULTS: Mapping[str, Json] = {"description": "", "instructions": "", "name": ""}


def deviations(details: Mapping[str, Json], upstream: Mapping[str, Json]) -> dict[str, Json]:
    """What the upstream holds otherwise than the row says, by field; fields that the row leaves open do not count.

    Tools of type function are left out: Flowise can neither define nor remove them.
    """
    found: dict[str, Json] = {}
    try:
        canonical_json(upstream)
    except (ValueError, RecursionError):
        # Numbers that JSON does not have: nothing that could be compared.
        return {}
    for field in ("name", "description", "model", "instructions", "temperature", "top_p"):
        if field in details and _plain(field, details[field]) != _plain(field, upstream.get(field)):
            found[field] = upstream.get(field)
    if _types(details.get("tools")) != _types(upstream.get("tools")):
        found["tools"] = _types(upstream.get("tools"))
    if "tool_resources" in details and _ids(details["tool_resources"]) != _ids(upstream.get("tool_resources")):
        found["tool_resources"] = _ids(upstream.get("tool_resources"))
    return found


def _plain(field: str, value: Json) -> str:
    return canonical_json(_DEFAULTS.get(field) if value is None else value)


def _types(tools: Json) -> list[str]:
    items = tools if isinstance(tools, list) else []
    types = (item.get("type") if isinstance(item, dict) else item for item in items)
    return sorted({str(item) for item in types if item not in (None, "function")})


def _ids(resources: Json) -> dict[str, Json]:
    held = resources if isinstance(resources, dict) else {}
    found: dict[str, Json] = {}
    for member, key in RESOURCE_IDS:
        inner = held.get(member)
        ids = inner.get(key) if isinstance(inner, dict) else None
        if isinstance(ids, list) and ids:
            found[key] = sorted(map(str, ids))
    return found
