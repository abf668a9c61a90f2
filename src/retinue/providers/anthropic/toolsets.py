"""Tools and MCP servers of a manifest to those of a managed agent, and back. Pure; trusts nothing in an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ...core.canonical import same
from ...core.model import Json
from ..lenient import besides, mapping, mappings, picked, stated, text

TOOLSET, MCP, CUSTOM = "agent_toolset_20260401", "mcp_toolset", "custom"
_CODE = ("bash", "edit", "glob", "grep", "read", "write")
"""The built-in tools that work in the container of a session: code_interpreter, here."""
_BUILT_IN = (*_CODE, "web_fetch", "web_search")
_PLAIN: Mapping[str, Json] = {TOOLSET: {"type": "always_allow"}, MCP: {"type": "always_ask"}}
"""The policy of a toolset that states none (documentation: permission policies)."""
_OF_DEFAULT = ("enabled", "permission_policy")
_OF_CONFIG = (
    *("name", "type", *_OF_DEFAULT, "allowed_domains", "blocked_domains", "user_location"),
    *("max_content_tokens", "url_sources"),
)
_OF_TOOL = {
    TOOLSET: ("type", "default_config", "configs"),
    MCP: ("type", "default_config", "configs", "mcp_server_name"),
    CUSTOM: ("type", "name", "description", "input_schema"),
}
"""The known members of a tool; all others in an answer are handed back with the next write."""
_OF_SERVER = ("type", "name", "url")
_LONGEST_PORTABLE = 64
_NO_ARGUMENTS: Mapping[str, Json] = {"type": "object", "properties": {}}


class Tools(NamedTuple):
    """In the words of a manifest (`portable`), and in those of the API: `own` tools and `servers`."""

    portable: list[Json]
    own: list[dict[str, Json]]
    servers: list[dict[str, Json]]


def read_tools(raw: Json, servers: Json) -> Tools:
    """Of types that retinue knows alone. A toolset that says more than a manifest can is `own` as a whole."""
    known = [tool for tool in mappings(raw) if text(tool.get("type")) in _OF_TOOL]
    places = {str(item.get("name")): picked(item, _OF_SERVER) for item in mappings(servers) if not is_strange(item)}
    sets = [identity(tool) for tool in known]
    found = Tools([], [], [])
    for tool in known:
        said: list[Json] = []
        if tool["type"] == CUSTOM:
            plain: dict[str, Json] = picked(tool, _OF_TOOL[CUSTOM])
            about = {key: plain.get(key) for key in ("name", "description")}
            parameters = {**_NO_ARGUMENTS, **stated(plain.get("input_schema"))}
            if len(str(about["name"])) <= _LONGEST_PORTABLE:
                said = [{"type": "function", "function": {**about, "parameters": parameters}}]
        else:
            plain = _spelled_out(tool)
            if sets.count(identity(tool)) == 1:
                place = places.get(str(tool.get("mcp_server_name")), {})
                said = _meant(plain, place)
        if said and tool["type"] == MCP:
            del places[tool["mcp_server_name"]]
        found.portable.extend(said)
        found.own.extend([] if said else [plain])
    found.servers.extend(places.values())
    return found


def _spelled_out(tool: Mapping[str, Json]) -> dict[str, Json]:
    """A toolset with its defaults, and of its configs only what differs from these, by name."""
    kind, given = tool["type"], picked(mapping(tool.get("default_config")), _OF_DEFAULT)
    default = {"enabled": True, "permission_policy": _PLAIN[kind], **given}
    configs: dict[str, dict[str, Json]] = {}
    for config in mappings(tool.get("configs")):
        name = text(config.get("name"))
        if name is None or (kind == TOOLSET and name not in _BUILT_IN):
            continue
        known = picked(config, _OF_CONFIG[2:] if kind == TOOLSET else _OF_CONFIG[2:4])
        known = {
            key: stated(value) if isinstance(value, dict) else value for key, value in known.items() if value != []
        }
        differs = {key: value for key, value in known.items() if not same(value, default.get(key))}
        if differs:
            configs[name] = {"name": name, **differs}
    whose = {"mcp_server_name": tool.get("mcp_server_name")} if kind == MCP else {}
    return {"type": kind, **whose, "default_config": default, "configs": [configs[name] for name in sorted(configs)]}


def _meant(tool: Mapping[str, Json], place: Mapping[str, Json]) -> list[Json]:
    """As tools of a manifest, if these make the same toolset again. `place`: the server that the toolset names."""
    configs = {item["name"]: item for item in tool["configs"]}
    if tool["type"] == MCP:
        allowed = {} if tool["default_config"]["enabled"] is True else {"allowed_tools": [*configs]}
        said = [{"type": "mcp", "server_label": tool["mcp_server_name"], "server_url": place.get("url"), **allowed}]
    else:
        said = [{"type": "code_interpreter"}] if configs.keys() & {*_CODE} else []
        if search := configs.get("web_search"):
            filters = picked(search, ("allowed_domains",))
            about = {"filters": filters} if filters else {}
            said.append({"type": "web_search", **about, **picked(search, ("user_location",))})
    made = [_spelled_out(again) for again in write_tools(said, None, None)[0]]
    return said if same(made, [tool]) and (tool["type"] == TOOLSET or text(place.get("url"))) else []


def write_tools(portable: Json, own: Json, servers: Json) -> tuple[list[dict[str, Json]], list[dict[str, Json]]]:
    """The tools and servers of an agent. What it cannot hold has been told, and taken out, before."""
    places = {str(item.get("name")): {"type": "url", **stated(item)} for item in mappings(servers)}
    beside = {identity(tool): {**tool, "configs": _by_name(tool.get("configs"))} for tool in mappings(own)}
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def toolset(key: tuple[str, str], otherwise: Mapping[str, Json]) -> dict[str, Any]:
        if key not in found:
            found[key] = beside.pop(key) if key in beside else {"type": key[0], **otherwise, "configs": {}}
        return found[key]

    off = {"default_config": {"enabled": False}}
    for tool in mappings(portable):
        kind = tool.get("type")
        if kind == "function":
            function = mapping(tool.get(kind))
            about = {key: function.get(key) for key in ("name", "description")}
            schema = {**_NO_ARGUMENTS, **mapping(function.get("parameters"))}
            found[CUSTOM, str(about["name"])] = {"type": CUSTOM, **about, "input_schema": schema}
        elif kind in ("code_interpreter", "web_search"):
            named = _CODE if kind == "code_interpreter" else (kind,)
            said = _search(tool) if kind == "web_search" else {}
            _add(toolset((TOOLSET, ""), off)["configs"], named, said)
        elif kind == "mcp":
            label, allowed = str(tool.get("server_label")), tool.get("allowed_tools")
            places[label] = {"type": "url", "name": label, "url": tool.get("server_url")}
            one = toolset((MCP, label), {"mcp_server_name": label})
            if allowed is not None:
                one["default_config"] = {**mapping(one.get("default_config")), "enabled": False}
                _add(one["configs"], allowed, {})
    ordered = [*found.values(), *beside.values()]
    return [_sent(tool) for tool in ordered], list(places.values())


def _add(configs: dict[str, dict[str, Json]], names: Iterable[str], said: Mapping[str, Json]) -> None:
    for name in names:
        configs[name] = {**configs.get(name, {}), **_on(name), **said}


def _search(tool: Mapping[str, Json]) -> dict[str, Json]:
    domains, where = mapping(tool.get("filters")).get("allowed_domains"), stated(mapping(tool.get("user_location")))
    where = {"type": "approximate", **where} if where.keys() - {"type"} else {}
    return {key: value for key, value in (("allowed_domains", domains), ("user_location", where)) if value}


def _sent(tool: Mapping[str, Any]) -> dict[str, Json]:
    if tool["type"] == CUSTOM:
        return picked(tool, _OF_TOOL[CUSTOM])
    return {**stated(tool), "configs": [stated(item) for item in tool["configs"].values()]}


def with_unknown(tools: list[dict[str, Json]], live: Json) -> list[dict[str, Json]]:
    """The tools to write, with what a live agent says of them that retinue does not know, and its unknown tools."""
    there = {identity(tool): tool for tool in mappings(live)}
    found = []
    for tool in tools:
        before = there.get(identity(tool), {})
        whole = {**besides(before, _OF_TOOL[tool["type"]]), **tool}
        default = {**besides(before.get("default_config"), _OF_DEFAULT), **mapping(tool.get("default_config"))}
        whole |= {"default_config": default} if default else {}
        if "configs" in tool:
            held = _by_name(before.get("configs"))
            known = [{**besides(held.get(item["name"], {}), _OF_CONFIG), **item} for item in tool["configs"]]
            others = [item for name, item in held.items() if tool["type"] == TOOLSET and name not in _BUILT_IN]
            whole["configs"] = [*known, *others]
        found.append(whole)
    return [*found, *strange_tools(live)]


def with_unknown_servers(servers: list[dict[str, Json]], live: Json) -> list[dict[str, Json]]:
    """The servers to write, as `with_unknown` does it."""
    there = {item.get("name"): besides(item, _OF_SERVER) for item in mappings(live)}
    known = [{**there.get(item["name"], {}), **item} for item in servers]
    return [*known, *(dict(item) for item in mappings(live) if is_strange(item))]


def is_strange(server: Mapping[str, Json]) -> bool:
    return server.get("type") != "url" or text(server.get("name")) is None


def strange_tools(live: Json) -> list[dict[str, Json]]:
    """Those of types that retinue does not know."""
    return [dict(tool) for tool in mappings(live) if text(tool.get("type")) not in _OF_TOOL]


def identity(tool: Mapping[str, Json]) -> tuple[str, str]:
    return str(tool.get("type")), str(tool.get("name") or tool.get("mcp_server_name") or "")


def _on(name: str) -> dict[str, Json]:
    return {"name": name, "enabled": True}


def _by_name(configs: Json) -> dict[str, dict[str, Json]]:
    return {str(item.get("name")): dict(item) for item in mappings(configs)}
