"""The second layer of an OPENAI row: what the OpenAI API holds behind it, and where that differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.canonical import canonical_json
from ...core.model import Json
from ..lenient import mapping
from .nodes import as_number

RESOURCE_IDS = (("code_interpreter", "file_ids"), ("file_search", "vector_store_ids"))
"""Where the ids stand in tool_resources; what the page keeps beside them is not compared."""
_DEFAULTS: Mapping[str, Json] = {"description": "", "instructions": "", "name": ""}
NUMBERS = ("temperature", "top_p")
_FIELDS = ("name", "description", "model", "instructions", *NUMBERS)


def is_comparable(upstream: Mapping[str, Json]) -> bool:
    """Not with numbers that JSON does not have."""
    try:
        canonical_json(upstream)
    except (ValueError, RecursionError):
        return False
    return True


def left_open(details: Mapping[str, Json], upstream: Mapping[str, Json]) -> dict[str, Json]:
    """What the row does not say and the upstream therefore decides, in the words of a manifest."""
    names = (name for name in _FIELDS if not is_stated(details, name))
    found = {name: upstream[name] for name in names if upstream.get(name) not in (None, "")}
    if not is_stated(details, "tool_resources"):
        # Both members, empty ones too: what the upstream holds can then be said again without a loss.
        held = ids_alone(upstream.get("tool_resources"))
        found["tool_resources"] = {member: held.get(member, {key: []}) for member, key in RESOURCE_IDS}
    if "tools" not in details:
        found["tools"] = [{"type": name} for name in _types(upstream.get("tools"))]
    return found


def is_stated(details: Mapping[str, Json], field: str) -> bool:
    """True if the row says something of a field: its page saves null or an empty object where it has nothing."""
    if field in NUMBERS:
        return details.get(field) not in (None, "")
    return bool(_ids(details.get(field))) if field == "tool_resources" else field in details


def ids_alone(resources: Json) -> dict[str, Json]:
    """tool_resources without what the page keeps beside the ids."""
    held = {member: mapping(mapping(resources).get(member)) for member, _ in RESOURCE_IDS}
    return {member: {key: held[member][key]} for member, key in RESOURCE_IDS if key in held[member]}


def deviations(details: Mapping[str, Json], upstream: Mapping[str, Json]) -> dict[str, Json]:
    """What the upstream holds otherwise than the row says, by field; fields that the row leaves open do not count.

    Tools of type function are left out: Flowise can neither define nor remove them.
    """
    found: dict[str, Json] = {}
    for field in _FIELDS:
        if is_stated(details, field) and _plain(field, details[field]) != _plain(field, upstream.get(field)):
            found[field] = upstream.get(field)
    if "tools" in details and _types(details["tools"]) != _types(upstream.get("tools")):
        found["tools"] = _types(upstream.get("tools"))
    if is_stated(details, "tool_resources") and _ids(details["tool_resources"]) != _ids(upstream.get("tool_resources")):
        found["tool_resources"] = _ids(upstream.get("tool_resources"))
    return found


def _plain(field: str, value: Json) -> str:
    return canonical_json(_DEFAULTS.get(field) if value is None else as_number(value) if field in NUMBERS else value)


def _types(tools: Json) -> list[str]:
    items = tools if isinstance(tools, list) else []
    types = (item.get("type") if isinstance(item, dict) else item for item in items)
    return sorted({str(item) for item in types if item not in (None, "function")})


def _ids(resources: Json) -> dict[str, Json]:
    """Sorted, by their key; empty lists left out."""
    stated = {key: mapping(mapping(resources).get(member)).get(key) for member, key in RESOURCE_IDS}
    return {key: sorted(map(str, ids)) for key, ids in stated.items() if isinstance(ids, list) and ids}
