"""Anthropic's Managed Agents below /anthropic: versions that lock, an archive for good, deployments to read.

Source: the package anthropic 2.14.0; lengths and envelope from the published document of 2026-05-31. What they leave
open is a choice of `Behaviour`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from . import checks
from .access import Access
from .checks import Check
from .errors import ApiError
from .ground import Ground
from .lists import Keep, Listing
from .web import Answer, Request, Route

KIND, ARCHIVED, DEPLOYMENT = "anthropic.agent", "anthropic.archived", "anthropic.deployment"
VERSIONS, BETA = ("2023-06-01", "2026-10-21"), "managed-agents-2026-04-01"
PINNED = "20260701"
"""The newest version of every skill, which is pinned where a request names none."""
_ERRORS = {401: "authentication", 403: "permission", 404: "not_found", 429: "rate_limit", 504: "timeout"}
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_BUILT_IN = ("bash", "edit", "read", "write", "glob", "grep", "web_fetch", "web_search")
_POLICY = {"agent_toolset_20260401": "always_allow", "mcp_toolset": "always_ask"}
"""Of a toolset that states none."""

_name, _id, _count = checks.limited(128, 1), checks.limited(64, 1), checks.number(1, 2**31 - 1, whole=True)
_set = {
    "enabled": checks.boolean,
    "permission_policy": checks.variant({"always_allow": {}, "always_ask": {}, "auto": {}}),
}
_web = {"allowed_domains": checks.texts, "blocked_domains": checks.texts, "user_location": checks.anything}
_fetch = {**_web, "max_content_tokens": _count, "url_sources": checks.anything}
_more: Mapping[str, Mapping[str, Check]] = {"web_search": _web, "web_fetch": _fetch}
_tool = checks.variant(
    {
        "agent_toolset_20260401": {
            "default_config": checks.closed(_set),
            "configs": checks.listed(
                8,
                checks.variant(
                    {n: {**_set, "type": checks.one_of(n), **_more.get(n, {})} for n in _BUILT_IN}, {}, "name"
                ),
            ),
        },
        "mcp_toolset": {
            "mcp_server_name": checks.limited(255, 1),
            "default_config": checks.closed(_set),
            "configs": checks.listed(256, checks.closed({**_set, "name": _name}, "name")),
        },
        "custom": {
            "name": _name,
            "description": checks.limited(1024, 1),
            "input_schema": checks.variant({"object": None}),
        },
    },
    {"mcp_toolset": ("mcp_server_name",), "custom": ("name", "description", "input_schema")},
)
_effort = checks.or_text(checks.one_of(*_EFFORTS), checks.variant({name: {} for name in _EFFORTS}))
_speed = checks.one_of("standard", "fast")
_model = checks.closed({"id": checks.text, "effort": _effort, "speed": _speed, "inference_geo": checks.text}, "id")
_server = {"url": {"name": checks.limited(255, 1), "url": checks.limited(2048)}}
_skill, _skills = {"skill_id": _id, "version": _id}, ("anthropic", "custom")
_team = dict.fromkeys(("advisor", "subagents", "workflows"), checks.variant({"enabled": None, "disabled": {}}))
_roster = checks.listed(20, checks.or_text(_name, checks.anything))
_CREATE: Mapping[str, Check] = {
    "name": checks.limited(256, 1),
    "model": checks.or_text(checks.limited(256, 1), _model),
    "system": checks.limited(100_000),
    "description": checks.limited(2048),
    "tools": checks.listed(256, _tool),
    "mcp_servers": checks.listed(20, checks.variant(_server, {"url": ("name", "url")})),
    "skills": checks.listed(20, checks.variant(dict.fromkeys(_skills, _skill), dict.fromkeys(_skills, ("skill_id",)))),
    "metadata": checks.metadata,
    "multiagent": checks.variant({"coordinator": {"agents": _roster}, "multiagent_20261001": _team}),
    "execution_identity": checks.variant({"service_account": {}, "aws_role": {"role_arn": checks.text}}),
}
_UPDATE = {**_CREATE, "metadata": checks.anything, "version": _count}
_ALWAYS = ("name", "model")
_DEPLOYMENT: Mapping[str, Any] = {
    **{
        "type": "deployment",
        "environment_id": "env_emulator",
        "status": "active",
        "paused_reason": None,
        "schedule": None,
    },
    **{"description": None, "initial_events": [], "metadata": {}, "resources": [], "vault_ids": [], "budget": None},
}


class Anthropic:
    """The stored text of an agent, and of each of its versions, is its answer. Handlers raise ApiError."""

    prefix = "/anthropic"
    guide = (("Anthropic", prefix, f"x-api-key: KEY   anthropic-version: {VERSIONS[0]}   anthropic-beta: {BETA}"),)

    def __init__(self, ground: Ground, access: Access) -> None:
        self._ground, self._access = ground, access
        self._store, self._behaviour, self._now, self._new_id = ground
        self._listing = Listing(ground, KIND)
        every, one = f"{self.prefix}/v1/agents", f"{self.prefix}/v1/agents/{{id}}"
        self.routes: tuple[Route, ...] = (
            Route("POST", every, self._create),
            Route("GET", every, self._list),
            Route("GET", one, self._get),
            Route("POST", one, self._update),
            Route("POST", f"{one}/archive", self._archive),
            Route("GET", f"{one}/versions", self._versions),
            Route("GET", f"{self.prefix}/v1/deployments", self._deployments),
        )

    def admit(self, request: Request, route: Route) -> None:
        """Raises ApiError: 401 without a key, 400 without version and beta, 403 for another workspace."""
        headers, workspace = request.headers, self._behaviour().workspace
        if "x-api-key" in headers:
            self._access.key(headers["x-api-key"])
        else:
            self._access.bearer(headers.get("authorization", ""))
        if headers.get("anthropic-version") not in VERSIONS:
            raise ApiError(400, f"anthropic-version: the header is needed, with one of {', '.join(VERSIONS)}.")
        if BETA not in [item.strip() for item in headers.get("anthropic-beta", "").split(",")]:
            raise ApiError(400, f"anthropic-beta: this API is in beta: the header is needed, with {BETA}.")
        if workspace and headers.get("anthropic-workspace-id") != workspace:
            raise ApiError(403, "anthropic-workspace-id: the key may not act on this workspace, or on many of them.")

    def no_route(self, method: str, path: str, *, known_path: bool) -> ApiError:
        return ApiError(405, "Method Not Allowed") if known_path else ApiError(404, "Not found")

    def envelope(self, error: ApiError) -> str:
        kind = _ERRORS.get(error.status, "api" if error.status >= 500 else "invalid_request")
        inner = {"type": f"{kind}_error", "message": str(error)}
        return json.dumps(
            {"type": "error", "error": inner, "request_id": f"req_{error.request_id}"}, ensure_ascii=False
        )

    def headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        return (("request-id", f"req_{request_id}"),)

    def _create(self, request: Request) -> Answer:
        fields = checks.body(request.json(), _CREATE, (*_ALWAYS, "tools", "mcp_servers", "skills", "metadata"))
        if lacking := next((name for name in _ALWAYS if name not in fields), None):
            raise checks.missing(lacking)
        with self._store.transaction():
            key = self._new_id("agent_")
            self._listing.created(key)
            return self._saved(self._whole({**self._plain(key), "version": 1}, fields))

    def _update(self, request: Request, key: str) -> Answer:
        fields = checks.body(request.json(), _UPDATE, (*_ALWAYS, "version"))
        with self._store.transaction():
            before, behaviour = self._found(key), self._behaviour()
            if before["archived_at"]:
                raise ApiError(behaviour.managed_archived, f"Agent {key} is archived, so it is read-only.")
            if (version := fields.pop("version", before["version"])) != before["version"]:
                raise ApiError(409, f"Agent {key} is at version {before['version']}, not at {version}.")
            if self._whole(before, fields) == before and behaviour.managed_noop == "same":
                return Answer(json.dumps(before, ensure_ascii=False))
            after = self._whole({**before, "version": version + 1}, fields)
            return self._saved({**after, "updated_at": self._moment()})

    def _archive(self, _request: Request, key: str) -> Answer:
        """Pauses each deployment that runs the agent."""
        with self._store.transaction():
            agent = self._found(key)
            if agent["archived_at"] and self._behaviour().managed_rearchive == "refused":
                raise ApiError(400, f"Agent {key} is archived already.")
            for _, found in self._store.everything(DEPLOYMENT):
                if found["agent"]["id"] == key and found["status"] == "active":
                    reason = {"type": "error", "error": {"type": "agent_archived_error"}}
                    self.seed({**found, "object": DEPLOYMENT, "status": "paused", "paused_reason": reason})
            return self._saved({**agent, "archived_at": agent["archived_at"] or self._moment()})

    def _get(self, request: Request, key: str) -> Answer:
        found, version = self._found(key), request.query.get("version")
        if version is not None:
            _count("version", int(version) if version.isdecimal() else version)
            found = self._found(version, f"{KIND}/{key}")
        return Answer(json.dumps(found, ensure_ascii=False))

    def _list(self, request: Request) -> Answer:
        since, until = (_instant(request.query.get(f"created_at[{side}]")) for side in ("gte", "lte"))
        keep: Keep | None = None
        if since is not None or until is not None:
            keep = lambda agent: (since or 0.0) <= (_instant(agent["created_at"]) or 0.0) <= (until or math.inf)  # noqa: E731
        hidden = () if _all(request) else dict(self._store.texts(ARCHIVED))
        return _page(self._listing, request, keep, hidden)

    def _versions(self, request: Request, key: str) -> Answer:
        self._found(key)
        return _page(Listing(self._ground, f"{KIND}/{key}"), request)

    def _deployments(self, request: Request) -> Answer:
        def keep(found: Mapping[str, Any]) -> bool:
            mine = request.query.get("agent_id") in (None, found["agent"]["id"])
            return mine and (_all(request) or not found["archived_at"])

        return _page(Listing(self._ground, DEPLOYMENT), request, keep)

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put an agent or a deployment there as it is, without a check. Returns its id."""
        kind = raw["object"]
        key = str(raw.get("id") or self._new_id("agent_" if kind == KIND else "depl_"))
        given = {name: value for name, value in raw.items() if name != "object"}
        if kind == KIND:
            plain = self._whole({**self._plain(key), "version": 1}, {"name": key, "model": "claude-opus-5-5"})
            self._saved({**plain, **given})
        else:
            whole = {**self._plain(key), **_DEPLOYMENT, "name": key, **given}
            whole["agent"] = {
                "type": "agent",
                "version": self._found(given["agent"]["id"])["version"],
                **given["agent"],
            }
            self._store.put(kind, key, int(_instant(whole["created_at"]) or 0), json.dumps(whole, ensure_ascii=False))
        return key

    def _plain(self, key: str) -> dict[str, Any]:
        now = self._moment()
        return {"id": key, "created_at": now, "updated_at": now, "archived_at": None}

    def _moment(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat().replace("+00:00", "Z")

    def _found(self, key: str, kind: str = KIND) -> dict[str, Any]:
        if (text := self._store.get(kind, key)) is None:
            raise ApiError(404, f"Not found: {key}")
        found: dict[str, Any] = json.loads(text)
        return found

    def _saved(self, agent: Mapping[str, Any]) -> Answer:
        key, version, text = agent["id"], agent["version"], json.dumps(agent, ensure_ascii=False)
        self._store.put(KIND, key, int(_instant(agent["created_at"]) or 0), text)
        self._store.put(f"{KIND}/{key}", str(version), version, text)
        if agent["archived_at"]:
            self._store.put(ARCHIVED, key, 0, "")
        else:
            self._store.delete(ARCHIVED, key)
        return Answer(text)

    def _whole(self, before: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
        """The agent with resolved defaults; members that it does not know stay. Raises ApiError 400."""
        behaviour, given = self._behaviour(), {**before, **fields}
        metadata = {**before.get("metadata", {}), **(fields.get("metadata") or {})}
        found = {
            **before,
            "type": "agent",
            "name": given["name"],
            "description": given.get("description") or None,
            "system": given.get("system") or None,
            "model": _model_of(given["model"], before.get("model"), keep=behaviour.managed_effort == "kept"),
            "tools": [_filled(tool) for tool in given.get("tools") or ()],
            "mcp_servers": given.get("mcp_servers") or [],
            "skills": [{**skill, "version": skill.get("version") or PINNED} for skill in given.get("skills") or ()],
            "metadata": {name: value for name, value in metadata.items() if value is not None},
            "multiagent": before.get("multiagent"),
            "execution_identity": given.get("execution_identity") or {"type": "service_account"},
        }
        if "multiagent" in fields:
            merge = behaviour.managed_multiagent == "merged"
            stated = _merged(before.get("multiagent"), given["multiagent"]) if merge else given["multiagent"]
            found["multiagent"] = stated and self._team(found, stated)
        checks.metadata("metadata", found["metadata"])
        if len(found["tools"]) > behaviour.managed_tools:
            raise checks.too_long("tools", len(found["tools"]), behaviour.managed_tools, "array")
        servers = [server["name"] for server in found["mcp_servers"]]
        used = {tool["mcp_server_name"] for tool in found["tools"] if tool["type"] == "mcp_toolset"}
        if len(set(servers)) < len(servers) or set(servers) != used:
            raise ApiError(400, "mcp_servers: names are unique, and each has its mcp_toolset in tools, and no other.")
        return behaviour.alter(found, fields)

    def _team(self, agent: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
        """With defaults, and each agent that it names pinned to a version."""
        if stated["type"] == "coordinator":
            return {**stated, "agents": [self._pinned(agent, entry) for entry in stated["agents"]]}
        found = {"type": stated["type"], "advisor": stated.get("advisor") or {"type": "disabled"}}
        for name in ("subagents", "workflows"):
            part = {**(stated.get(name) or {"type": "enabled"})}
            if part["type"] == "enabled":
                part["inline_agents"] = part.get("inline_agents") or {"type": "enabled"}
                part["predefined_agents"] = [self._pinned(agent, one) for one in part.get("predefined_agents") or ()]
            found[name] = part
        return found

    def _pinned(self, agent: Mapping[str, Any], entry: Any) -> Any:
        entry = {"type": "agent", "id": entry} if isinstance(entry, str) else entry
        if entry.get("type") not in ("agent", "self"):
            return entry
        text = self._store.get(KIND, entry.get("id", ""))
        one = agent if entry["type"] == "self" else json.loads(text or "{}")
        if one.get("archived_at", "not there"):
            raise ApiError(400, f"multiagent: there is no such agent, or it is archived: {entry['id']}")
        return {"type": "agent", "id": one["id"], "version": entry.get("version") or one["version"]}


def _model_of(given: Any, before: Mapping[str, Any] | None, *, keep: bool) -> dict[str, Any]:
    """A model named by a text alone has no further members. An effort that is left out stays with its model."""
    asked = {"id": given} if isinstance(given, str) else given
    stays = before and "effort" not in asked and (keep or before["id"] == asked["id"])
    effort = before["effort"] if before and stays else asked.get("effort") or "high"
    return {
        "id": asked["id"],
        "effort": {"type": effort} if isinstance(effort, str) else effort,
        "speed": asked.get("speed") or "standard",
        "inference_geo": asked.get("inference_geo"),
    }


def _filled(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A toolset with each setting that it leaves out, any other tool as it is."""
    if tool["type"] not in _POLICY:
        return dict(tool)

    def stated(value: Mapping[str, Any] | None) -> dict[str, Any]:
        return {name: item for name, item in (value or {}).items() if item is not None}

    usual = {
        "enabled": True,
        "permission_policy": {"type": _POLICY[tool["type"]]},
        **stated(tool.get("default_config")),
    }
    configs = [{**usual, **stated(config)} for config in tool.get("configs") or ()]
    if tool["type"] != "mcp_toolset":
        configs = [{**config, "type": config["name"]} for config in configs]
    return {**tool, "default_config": usual, "configs": configs}


def _merged(before: Any, given: Any) -> Any:
    """Level by level, as far as both are objects of one type."""
    if not (isinstance(before, dict) and isinstance(given, dict) and before.get("type") == given.get("type")):
        return given
    return {**before, **{name: _merged(before.get(name), item) for name, item in given.items()}}


def _all(request: Request) -> bool:
    return request.query.get("include_archived") == "true"


def _instant(text: str | None) -> float | None:
    """Seconds since 1970. Raises ApiError 400."""
    try:
        return None if text is None else datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise ApiError(400, f"not a time as in 2026-03-15T10:00:00Z: {text}") from error


def _page(listing: Listing, request: Request, keep: Keep | None = None, hidden: Collection[str] = ()) -> Answer:
    """`data` and `next_page`, whose text tells a client nothing."""
    query = {name: value for name, value in request.query.items() if name == "limit"}
    try:
        query["after"] = bytes.fromhex(request.query.get("page", "")).decode()
    except ValueError as error:
        raise ApiError(400, "page: there is no such page.") from error
    found = json.loads(listing.page(replace(request, query=query), keep, hidden))
    more = found["last_id"].encode().hex() if found["has_more"] else None
    return Answer(json.dumps({"data": found["data"], "next_page": more}, ensure_ascii=False))
