"""Tools and their resources in the words of a manifest to the flat tools of a Foundry agent and back. Pure.

Trusts nothing in an answer. Source of the facts: the models of the package azure-ai-projects 2.10.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...core.model import Json
from ...schema import schema_beside
from ..lenient import mapping, mappings

SCHEMA: Json = schema_beside(__package__, "schema")
_ITEMS: Json = SCHEMA["properties"]["tools"]["items"]
_OWN: Mapping[str, Mapping[str, Json]] = {kind: {} for kind in _ITEMS["properties"]["type"]["enum"]} | {
    branch["if"]["properties"]["type"]["const"]: branch["then"]["properties"] for branch in _ITEMS["allOf"]
}
"""What the schema knows of each type of tool, by member; where that is nothing, every member is known."""
_FLAT: Mapping[str, tuple[str, ...]] = {
    "mcp": ("server_label", "server_url", "allowed_tools"),
    "web_search": ("search_context_size", "filters", "user_location"),
}
_NESTED: Mapping[str, tuple[str, ...]] = {
    "function": ("name", "description", "parameters", "strict"),
    "file_search": ("max_num_results", "ranking_options"),
    "code_interpreter": (),
}
_REQUIRED: Mapping[str, Mapping[str, Json]] = {"function": {"strict": False}}
RESOURCES = {"file_search": "vector_store_ids", "code_interpreter": "file_ids"}
"""What a tool may use: a manifest has it beside its tools, and an agent within them."""
_PORTABLE = {
    kind: {"type", *members, *({"container", RESOURCES[kind]} if kind in RESOURCES else ())}
    for kind, members in {**_FLAT, **_NESTED}.items()
}


class Tools(NamedTuple):
    """`own`: what stands below `providers`; `strange`: of types that retinue does not know."""

    portable: list[Json]
    resources: dict[str, Json]
    own: list[Json]
    strange: list[Json]


def read_tools(raw: Json) -> Tools:
    """Of two searches or interpreters a manifest has words for one, because their resources are the assistant's."""
    found = Tools([], {}, [], [])
    for tool in mappings(raw):
        kind = str(tool.get("type"))
        twice = kind in RESOURCES and any(item["type"] == kind for item in found.portable)
        if kind not in _OWN:
            found.strange.append(dict(tool))
        elif twice or not is_portable(tool):
            found.own.append(dict(tool))
        elif kind in _FLAT:
            found.portable.append({"type": kind, **{key: tool.get(key) for key in _FLAT[kind]}})
        else:
            inner = {key: tool.get(key) for key in _NESTED[kind]}
            if "ranking_options" in inner:
                inner["ranking_options"] = _ranking(inner["ranking_options"], {"score_threshold": 0})
            found.portable.append({"type": kind, **({kind: inner} if inner else {})})
            ids = {**mapping(tool.get("container")), **tool}.get(RESOURCES.get(kind, ""))
            if ids and isinstance(ids, list):
                found.resources[kind] = {RESOURCES[kind]: ids}
    return found


def is_portable(tool: Mapping[str, Json]) -> bool:
    """Whether a manifest has words for all that is known of a tool."""
    kind, ranking = str(tool.get("type")), mapping(tool.get("ranking_options"))
    if kind not in _PORTABLE:
        return False
    beyond = {name: member for name, member in _OWN[kind].items() if name not in _PORTABLE[kind]}
    # False may be more than nothing.
    if any(tool.get(name) not in (None, {}, [], member.get("default")) for name, member in beyond.items()):
        return False
    if kind == "file_search":
        stores = tool.get("vector_store_ids")
        return isinstance(stores, list) and len(stores) < 2 and ranking.keys() <= {"ranker", "score_threshold"}
    container = tool.get("container") or {}
    plain = isinstance(container, dict) and container.keys() <= {"type", "file_ids"}
    return plain and (kind != "mcp" or isinstance(tool.get("allowed_tools"), list | None))


def _ranking(held: Json, plain: Mapping[str, Json]) -> dict[str, Json]:
    """The default ranker has another name here than in a manifest, and is never written out."""
    found = {key: item for key, item in _stated(mapping(held)).items() if key != "ranker" or item == "auto"}
    return {**plain, **found} if found else {}


def write_tools(spec: Mapping[str, Json], own: Json, live: Json = None) -> list[dict[str, Json]]:
    """The tools of an agent, with what a live one says of them that retinue does not know, and its unknown ones."""
    resources = mapping(spec.get("tool_resources"))
    portable = [_written(tool, resources) for tool in mappings(spec.get("tools"))]
    there = {_identity(tool): _unknown(tool) for tool in reversed(mappings(live))}
    tools = [_stated(tool) for tool in (*portable, *mappings(own))]
    written = ({**_REQUIRED.get(tool["type"], {}), **there.get(_identity(tool), {}), **tool} for tool in tools)
    return [*written, *read_tools(live).strange]


def _written(tool: Mapping[str, Json], resources: Mapping[str, Json]) -> dict[str, Json]:
    kind = str(tool.get("type"))
    inner, ids = mapping(tool.get(kind)), mapping(resources.get(kind)).get(RESOURCES.get(kind, "")) or []
    if kind == "function":
        return {"type": kind, **inner, "parameters": inner.get("parameters") or {"type": "object", "properties": {}}}
    if kind == "file_search":
        ranking = _ranking(inner.get("ranking_options"), {}) or None
        return {"type": kind, **inner, "vector_store_ids": ids, "ranking_options": ranking}
    if kind == "code_interpreter":
        return {"type": kind, "container": {"type": "auto", **({"file_ids": ids} if ids else {})}}
    stated = {key: _stated(item) if isinstance(item, dict) else item for key, item in tool.items()}
    return {key: item for key, item in stated.items() if item not in ({}, [])}


def _stated(members: Mapping[str, Json]) -> dict[str, Json]:
    return {key: item for key, item in members.items() if item is not None}


def unsaid(raw: Json) -> dict[str, Json]:
    """What tools of known types have that no manifest can say, by name."""
    members = ((tool, *member) for tool in mappings(raw) for member in _stated(_unknown(tool)).items())
    return {".".join(filter(None, (*_identity(tool), name))): item for tool, name, item in members}


def _identity(tool: Mapping[str, Json]) -> tuple[str, str]:
    return str(tool.get("type")), str(tool.get("name") or tool.get("server_label") or "")


def _unknown(tool: Mapping[str, Json]) -> dict[str, Json]:
    kind = str(tool.get("type"))
    known = _OWN.get(kind, {}).keys() | _PORTABLE.get(kind, set())
    return {key: item for key, item in tool.items() if known and key not in known}
