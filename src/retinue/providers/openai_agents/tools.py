"""Tools of a manifest to tools of an agent and back. Pure; trusts nothing in an answer."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.model import Json
from ..lenient import mapping, mappings, text

_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "function": ("name", "description", "parameters", "defer_loading", "async"),
    "mcp": (
        *("server_label", "transport", "allowed_tools"),
        *("connection_origin", "credential_id", "request_metadata", "required"),
    ),
    "web_search": ("allowed_domains", "context_size", "location", "mode"),
    "programmatic_tool_calling": ("enabled",),
    "computer_use": ("include_screenshots",),
    "tool_search": (),
    "automations": (),
}
"""What is known of a tool beside its type; whatever else an answer says of it is handed back with the next write."""
_PLAIN: Mapping[str, Json] = {"connection_origin": "service", "mode": "live"}
"""The default, where it is not empty, of a member that a manifest has no word for."""


def read_tools(raw: Json) -> tuple[list[Json], list[Json]]:
    """The tools that a manifest has words for, and those that stand below `providers`; neither has unknown types."""
    known = [tool for tool in mappings(raw) if text(tool.get("type")) in _MEMBERS]
    portable = [tool for tool in known if is_portable(tool)]
    return list(map(_read, portable)), [dict(tool) for tool in known if tool not in portable]


def is_portable(tool: Mapping[str, Json]) -> bool:
    """Whether a manifest has words for all that an agent's tool says."""
    kind, transport = tool.get("type"), mapping(tool.get("transport"))
    if kind not in ("function", "mcp", "web_search") or (kind == "mcp" and transport.get("type") != "http"):
        return False
    besides = {**{key: tool.get(key) for key in _MEMBERS[kind][3:]}, "headers": transport.get("headers")}
    return all(not value or value == _PLAIN.get(key) for key, value in besides.items())


def _read(tool: Mapping[str, Json]) -> Json:
    kind = tool["type"]
    if kind == "function":
        return {"type": kind, kind: {key: tool.get(key) for key in _MEMBERS[kind][:3]}}
    if kind == "mcp":
        about = {key: tool.get(key) for key in ("server_label", "allowed_tools")}
        return {"type": kind, **about, "server_url": mapping(tool.get("transport")).get("server_url")}
    return {
        "type": kind,
        "search_context_size": tool.get("context_size"),
        "filters": {"allowed_domains": tool.get("allowed_domains")},
        "user_location": mapping(tool.get("location")),
    }


def write_tools(portable: Json, own: Json) -> list[dict[str, Json]]:
    """The tools of an agent. What it cannot hold has been told, and taken out, before."""
    return [_stated(tool) for tool in (*map(_written, mappings(portable)), *mappings(own)) if tool]


def _written(tool: Mapping[str, Json]) -> dict[str, Json]:
    kind = tool.get("type")
    if kind == "function":
        function = mapping(tool.get(kind))
        parameters = function.get("parameters") or {"type": "object", "properties": {}}
        return {"type": kind, **{key: function.get(key) for key in ("name", "description")}, "parameters": parameters}
    if kind == "mcp":
        about = {key: tool.get(key) for key in ("server_label", "allowed_tools")}
        return {"type": kind, **about, "transport": {"type": "http", "server_url": tool.get("server_url")}}
    if kind == "web_search":
        location = _stated(mapping(tool.get("user_location")))
        return {
            "type": kind,
            "context_size": tool.get("search_context_size"),
            "allowed_domains": mapping(tool.get("filters")).get("allowed_domains") or None,
            "location": {key: value for key, value in location.items() if key != "type"} or None,
        }
    return {}


def _stated(members: Mapping[str, Json]) -> dict[str, Json]:
    return {key: value for key, value in members.items() if value is not None}


def with_unknown(tools: list[dict[str, Json]], live: Json) -> list[dict[str, Json]]:
    """The tools to write, with what a live agent says of them that retinue does not know, and its unknown tools."""
    there = {}
    for tool in mappings(live):
        known = ("type", *_MEMBERS.get(str(tool.get("type")), ()))
        there[_identity(tool)] = {key: value for key, value in tool.items() if key not in known}
    return [*({**there.get(_identity(tool), {}), **tool} for tool in tools), *strange_tools(live)]


def strange_tools(live: Json) -> list[dict[str, Json]]:
    """Those of types that retinue does not know."""
    return [dict(tool) for tool in mappings(live) if text(tool.get("type")) not in _MEMBERS]


def _identity(tool: Mapping[str, Json]) -> tuple[str, str]:
    return str(tool.get("type")), str(tool.get("name") or tool.get("server_label"))
