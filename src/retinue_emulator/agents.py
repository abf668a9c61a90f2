"""OpenAI's Agents API (beta): create, list, get, update, delete and seed. No key, no header, no envelope.

Source: the types and resources of the package openai 3.57.0. What it leaves open is a choice of `Behaviour`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from . import checks
from .checks import Check
from .errors import ApiError
from .faults import Behaviour
from .ground import Ground
from .lists import Listing
from .web import Answer, Request, Route, told

KIND = "agent"
_LONGEST_NAME, _LONGEST_TEXT = 128, 1_048_576
_MOST_TOOL_BYTES = 3 * 1024 * 1024
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_TIERS = ("auto", "default", "flex", "priority", "fast", "ultrafast")


def _headers(path: str, value: Any) -> None:
    checks.anything(path, value)
    for name, item in value.items():
        checks.text(f"{path}.{name}", item)


_transport = checks.variant(
    {
        "http": {"server_url": checks.text, "headers": _headers},
        "stdio": {"command": checks.text, "cwd": checks.text, "args": checks.texts, "env_vars": checks.texts},
    },
    {"http": ("server_url",), "stdio": ("command", "cwd")},
)
_tool = checks.variant(
    {
        "function": {
            "name": checks.identifier,
            "description": checks.text,
            "parameters": checks.anything,
            "defer_loading": checks.boolean,
            "async": checks.boolean,
        },
        "tool_search": {},
        "programmatic_tool_calling": {"enabled": checks.boolean},
        "mcp": {
            "server_label": checks.text,
            "transport": _transport,
            "allowed_tools": checks.texts,
            "connection_origin": checks.one_of("service", "environment"),
            "credential_id": checks.text,
            "request_metadata": checks.anything,
            "required": checks.boolean,
        },
        "web_search": {
            "allowed_domains": checks.texts,
            "context_size": checks.one_of("low", "medium", "high"),
            "location": checks.closed(dict.fromkeys(("city", "country", "region", "timezone"), checks.text)),
            "mode": checks.one_of("disabled", "cached", "live"),
        },
        "computer_use": {"include_screenshots": checks.boolean},
        "automations": {},
    },
    {"function": ("name", "description", "parameters"), "mcp": ("server_label", "transport")},
)
_FILLED: Mapping[str, Mapping[str, Any]] = {
    "function": {"defer_loading": False, "async": False},
    "programmatic_tool_calling": {"enabled": True},
    "mcp": {
        "allowed_tools": None,
        "connection_origin": "service",
        "credential_id": None,
        "request_metadata": {},
        "required": False,
    },
    "web_search": {"allowed_domains": None, "context_size": "medium", "location": None, "mode": "live"},
    "computer_use": {"include_screenshots": False},
}
"""What is answered for the members of a tool that the request leaves out."""
_FILLED_TRANSPORT: Mapping[str, Mapping[str, Any]] = {"http": {"headers": {}}, "stdio": {"args": [], "env_vars": []}}


def _tools(path: str, value: Any) -> None:
    checks.listed(_MOST_TOOL_BYTES, _tool)(path, value)
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > _MOST_TOOL_BYTES:
        raise checks.too_long(path, size, _MOST_TOOL_BYTES, "string")


_CREATE: Mapping[str, Check] = {
    "model": checks.limited(_LONGEST_TEXT),
    "name": checks.limited(_LONGEST_NAME),
    "instructions": checks.limited(_LONGEST_TEXT),
    "metadata": checks.metadata,
    "tools": _tools,
    "reasoning": checks.closed(
        {"effort": checks.one_of(*_EFFORTS), "summary": checks.one_of("concise", "detailed", "auto")}
    ),
    "text": checks.closed(
        {
            "format": checks.variant(
                {"text": {}, "json_schema": {"schema": checks.anything}}, {"json_schema": ("schema",)}
            ),
            "verbosity": checks.one_of("low", "medium", "high"),
        }
    ),
    "service_tier": checks.one_of(*_TIERS),
    "multi_agent": checks.closed(
        {"enabled": checks.boolean, "max_concurrent_subagents": checks.number(1, 1_000, whole=True)}, "enabled"
    ),
    "compaction": checks.closed({"async": checks.boolean}),
    "experimental": checks.closed({"time_awareness": checks.boolean}),
}
_NEVER_NULL = ("model", "experimental")


class Agents:
    """The stored text of an agent is its answer. Handlers raise ApiError."""

    def __init__(self, ground: Ground) -> None:
        self._store, self._behaviour, self._now, self._new_id = ground
        self._listing = Listing(ground, KIND)

    def routes(self, prefix: str) -> tuple[Route, ...]:
        every, one = f"{prefix}/agents", f"{prefix}/agents/{{id}}"
        return (
            Route("POST", every, self._create),
            Route("GET", every, self._list),
            Route("GET", one, lambda request, key: told(self._found(key))),
            Route("POST", one, self._update),
            Route("DELETE", one, self._delete),
        )

    def _create(self, request: Request) -> Answer:
        fields = checks.body(request.json(), _CREATE, _NEVER_NULL)
        if "model" not in fields:
            raise checks.missing("model")
        with self._store.transaction():
            key = self._new_id("agent_")
            self._listing.created(key)
            return self._save({}, fields, key, int(self._now()))

    def _list(self, request: Request) -> Answer:
        """`data` and `has_more`; nobody has seen whether the ids of the first and the last object are there too."""
        page = json.loads(self._listing.page(request))
        if self._behaviour().agents_page == "plain":
            page = {name: page[name] for name in ("data", "has_more")}
        return told(page)

    def _update(self, request: Request, key: str) -> Answer:
        fields = checks.body(request.json(), _CREATE, _NEVER_NULL)
        with self._store.transaction():
            before = self._found(key)
            if self._behaviour().agents_objects == "merge":
                whole = (name for name in ("reasoning", "text", "multi_agent") if fields.get(name))
                fields |= {name: {**before[name], **fields[name]} for name in whole}
            if "experimental" in fields:
                fields["experimental"] = {**(before.get("experimental") or {}), **fields["experimental"]}
            return self._save(before, fields, key, before["created_at"])

    def _save(self, before: Mapping[str, Any], fields: Mapping[str, Any], key: str, created_at: int) -> Answer:
        behaviour = self._behaviour()
        stored = _agent({"id": key, "created_at": created_at, **before}, fields, behaviour)
        stored = behaviour.alter({**stored, "updated_at": int(self._now())}, fields)
        self._store.save(KIND, stored)
        return told(stored)

    def _found(self, key: str) -> dict[str, Any]:
        if (found := self._store.read(KIND, key)) is None:
            raise ApiError(404, f"No agent found with id '{key}'.")
        return found

    def _delete(self, request: Request, key: str) -> Answer:
        with self._store.transaction():
            self._found(key)
            self._store.delete(KIND, key)
        return told({"id": key, "object": "agent.deleted", "deleted": True})

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put an object there as it is, without a check. Returns its id."""
        key, created_at = str(raw.get("id") or self._new_id("agent_")), int(raw.get("created_at", self._now()))
        plain = _agent({"id": key, "created_at": created_at}, {"model": "gpt-5"}, self._behaviour())
        whole = {**plain, "updated_at": created_at, **raw, "id": key}
        self._store.save(KIND, {**whole, "created_at": created_at})
        return key


def _agent(before: Mapping[str, Any], fields: Mapping[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    """The agent with resolved defaults; members that it does not know stay."""

    def value(name: str) -> Any:
        return fields[name] if name in fields else before.get(name)

    model_default = behaviour.agents_defaults == "model"
    reasoning, text, several = (value(name) or {} for name in ("reasoning", "text", "multi_agent"))
    enabled = several.get("enabled") or False
    tools = value("tools") or []
    found = {
        **before,
        "object": KIND,
        "model": value("model"),
        "name": value("name"),
        "instructions": value("instructions"),
        "metadata": value("metadata") or {},
        "tools": [_filled(tool) for tool in tools],
        "reasoning": {
            "effort": reasoning.get("effort") or ("medium" if model_default else None),
            "summary": reasoning.get("summary"),
        },
        "text": {
            "format": text.get("format") or {"type": "text"},
            "verbosity": text.get("verbosity") or ("low" if model_default else "medium"),
        },
        "service_tier": value("service_tier") or ("default" if model_default else "auto"),
        "multi_agent": {
            "enabled": enabled,
            "max_concurrent_subagents": (several.get("max_concurrent_subagents") or 6) if enabled else None,
        },
        "compaction": {"async": (value("compaction") or {}).get("async") or False},
        "experimental": {"time_awareness": False, **(value("experimental") or {})},
    }
    if behaviour.agents_optional == "absent":
        plain: Mapping[str, Any] = {"compaction": {"async": False}, "experimental": {"time_awareness": False}}
        found = {name: item for name, item in found.items() if plain.get(name) != item}
    return found


def _filled(tool: Mapping[str, Any]) -> dict[str, Any]:
    """With what the request left out, or gave as null, at its default."""
    whole = {**_FILLED.get(tool["type"], {}), **checks.stated(tool)}
    if "transport" in whole:
        whole["transport"] = {**_FILLED_TRANSPORT.get(whole["transport"]["type"], {}), **whole["transport"]}
    return whole
