"""Fields of a manifest to the body of a create or an update. Pure; starts from the row as it was just read.

A PUT replaces `details` whole, so whatever is not ours is sent again as it is.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence

from ...core.model import Json, Live
from ..base import Fields, Marker
from ..lenient import mapping, mappings
from ..metadata import MARKER_KEYS, pairs
from .block import CUSTOM, Block, Part, Store, block_of
from .directory import Directory
from .nodes import as_number, filled, held_by
from .rows import KEEPER, KEPT, details_of
from .upstream import NUMBERS, RESOURCE_IDS, is_stated

IN_NODE = frozenset(("model", "temperature", "top_p", "providers"))
"""Fields that a chat model node holds."""
IN_FLOW = IN_NODE | {"name", "instructions"}
"""Fields that a chatflow holds."""
_FIELD_DEFAULTS: Mapping[str, Json] = {"temperature": 1, "top_p": 1, "tools": [], "description": "", "instructions": ""}


def create_body(spec: Mapping[str, Json], marker: Marker, directory: Directory) -> dict[str, Json]:
    """Never with an id, neither of the row nor of an upstream assistant: that one would be overwritten."""
    block = block_of(spec)
    changed = {*spec, *IN_NODE} if block.is_custom else spec.keys()
    details = _custom({}, spec, changed, block, directory) if block.is_custom else _openai({}, spec, changed)
    body: dict[str, Json] = {"type": block.type, "details": as_details(_marked(details, spec, marker))}
    # For CUSTOM the column is no credential, but must be a UUID; the page sends a random one.
    made_up = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{marker.address} {marker.applied}"))
    body["credential"] = made_up if block.is_custom else directory.credentials.id_of(block.credential)
    return body | ({"iconSrc": block.icon} if block.icon else {})


def update_body(live: Live, fields: Mapping[str, Json], marker: Marker | None, directory: Directory) -> dict[str, Json]:
    """Never with a type. For OPENAI always with the credential: without one the server takes any."""
    spec = {**live.spec, **fields}
    block = block_of(spec)
    is_custom = live.raw.get("type") == CUSTOM
    held = details_of(live.raw)
    details = _custom(held, spec, fields, block, directory) if is_custom else _openai(held, spec, fields)
    body: dict[str, Json] = {"details": as_details(_marked(details, spec, marker))}
    if not is_custom:
        stated = "providers" in fields
        body["credential"] = directory.credentials.id_of(block.credential) if stated else live.raw.get("credential")
    return body | ({"iconSrc": block.icon} if "providers" in fields else {})


def _custom(
    before: Fields, spec: Fields, changed: Collection[str], block: Block, directory: Directory
) -> dict[str, Json]:
    names = {"name": "name", "description": "description", "instructions": "instruction"}
    details = _put(before, {theirs: spec.get(ours) for ours, theirs in names.items() if ours in changed})
    if not IN_NODE.isdisjoint(changed):
        details["chatModel"] = _chat_model(mapping(before.get("chatModel")), spec, block, directory)
    if "providers" in changed:
        live_tools, live_stores = before.get("tools"), before.get("documentStores")
        if block.tools or live_tools:
            details["tools"] = _tools(block.tools, live_tools, directory)
        if block.stores or live_stores:
            details["documentStores"] = [_store(store, live_stores, directory) for store in block.stores]
    return details


def _chat_model(before: Fields, spec: Fields, block: Block, directory: Directory) -> dict[str, Json]:
    name = block.chat_model.name
    component = directory.chat_model(name)
    held = held_by(component, name)
    portable = {field: spec[field] if spec.get(field) is not None else _FIELD_DEFAULTS.get(field, "") for field in held}
    # Empty means "not set", which is the model's own default of 1.
    portable |= {"top_p": ""} if portable.get("top_p") == 1 else {}
    inputs = {**block.chat_model.inputs, **{held[field]: value for field, value in portable.items()}}
    return filled(Part(name, inputs), component, before, directory.credentials.id_of(block.credential))


def _tools(tools: Sequence[Part], live: Json, directory: Directory) -> list[dict[str, Json]]:
    """Each from the live one of the same name; of several, the first from the first."""
    left = mappings(live)
    nodes = []
    for at, tool in enumerate(tools):
        before = _first(left, "name", tool.name)
        left = [item for item in left if item is not before]
        credential = directory.credentials.id_of(tool.credential)
        nodes.append(filled(tool, directory.tool(tool.name), before, credential, at))
    return nodes


def _store(store: Store, live: Json, directory: Directory) -> dict[str, Json]:
    key = directory.stores.id_of(store.name)
    own = {"id": key, "name": directory.stores.label(key), "description": store.description}
    return {**_first(live, "id", key), **own, "returnSourceDocuments": store.returns_sources}


def _openai(before: Fields, spec: Fields, changed: Collection[str]) -> dict[str, Json]:
    details = {key: value for key, value in before.items() if key != "id"}
    for field in (name for name in ("name", "model", "temperature", "top_p") if name in changed):
        # What is reset must be sent as the default: a key left out keeps its old value upstream.
        value = _FIELD_DEFAULTS.get(field) if spec.get(field) is None else spec[field]
        details = _put(details, {field: value})
    for field in ("description", "instructions"):
        # A row that never had one leaves it to the upstream, where it must not be emptied.
        if field in changed or field in before or not before:
            details[field] = spec.get(field) or ""
    # Without them the server would empty what the upstream has.
    if "tools" in changed or "tools" not in before:
        tools = spec["tools"] if isinstance(spec.get("tools"), list) else []
        details["tools"] = [tool["type"] if isinstance(tool, dict) and "type" in tool else tool for tool in tools]
    for field in NUMBERS:
        # Sent as the page saves it, null would reset what the upstream has.
        if field in details:
            details = _put(details, {field: as_number(details[field]) if is_stated(details, field) else None})
    resources = mapping(spec.get("tool_resources"))
    known = all(member in resources for member, _ in RESOURCE_IDS)
    if "tool_resources" in changed or known or is_stated(spec, "tool_resources"):
        details["tool_resources"] = _resources(mapping(before.get("tool_resources")), resources)
    elif not before:
        details["tool_resources"] = {KEEPER: {"file_ids": []}}
    return details


def _resources(before: Mapping[str, Json], wanted: Mapping[str, Json]) -> dict[str, Json]:
    """Both members always: one left out would stay. What the page keeps beside the ids goes when the ids change."""
    result = dict(before)
    for member, key in RESOURCE_IDS:
        ids = mapping(wanted.get(member)).get(key) or []
        held = mapping(before.get(member))
        result[member] = {**held, key: ids} if held.get(key, []) == ids else {key: ids}
    return result


def _marked(details: dict[str, Json], spec: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
    own = {key: value for key, value in mapping(spec.get("metadata")).items() if key not in MARKER_KEYS}
    # What is no text was put there by others, who may need it.
    strange = {key: item for key, item in mapping(details.get("metadata")).items() if not isinstance(item, str)}
    own = strange | own | pairs(marker)
    details = _put(details, {"metadata": own or None})
    resources = mapping(details.get("tool_resources"))
    if isinstance(keeper := resources.get(KEEPER), dict):
        details["tool_resources"] = {**resources, KEEPER: _put(keeper, {KEPT: own or None})}
    return details


def _put(details: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, Json]:
    """With these values; None takes a key away."""
    kept = {key: value for key, value in details.items() if key not in values}
    return kept | {key: value for key, value in values.items() if value is not None}


def as_details(details: Mapping[str, Json]) -> str:
    """The text in which a row keeps them."""
    return json.dumps(details, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _first(live: Json, key: str, value: str) -> Mapping[str, Json]:
    return next((item for item in mappings(live) if item.get(key) == value), {})
