"""Anthropic's Managed Agents below /anthropic: versions that lock, an archive for good, deployments to read.

Source: the package anthropic 2.14.0; lengths and envelope from the published document of 2026-05-31. What they leave
open is a choice of `Behaviour`. Settings within a toolset or a team are not checked.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from . import checks
from .access import Access
from .checks import Check
from .errors import ApiError
from .ground import Ground
from .lists import Listing
from .web import Answer, Request, Route, told

KIND, ARCHIVED, DEPLOYMENT = "anthropic.agent", "anthropic.archived", "anthropic.deployment"
VERSIONS, BETA = ("2023-06-01", "2026-10-21"), "managed-agents-2026-04-01"
PINNED = "20260701"
"""The newest version of every skill, which is pinned where a request names none."""
_ERRORS = {401: "authentication", 403: "permission", 404: "not_found", 429: "rate_limit", 504: "timeout"}
_EFFORTS = dict.fromkeys(("low", "medium", "high", "xhigh", "max"))
_BUILT_IN = dict.fromkeys(("bash", "edit", "read", "write", "glob", "grep", "web_fetch", "web_search"))
_POLICY = {"agent_toolset_20260401": "always_allow", "mcp_toolset": "always_ask"}
"""Of a toolset that states none."""
_ON = {"type": "enabled", "inline_agents": {"type": "enabled"}, "predefined_agents": []}
_TEAM = {"type": "multiagent_20261001", "advisor": {"type": "disabled"}, "subagents": _ON, "workflows": _ON}
_NONE: Mapping[str, Any] = {name: [] for name in ("initial_events", "resources", "vault_ids")}
_DEPLOYMENT = {"type": "deployment", "environment_id": "env_emulator", "status": "active", "metadata": {}, **_NONE}

_name, _text, _count = checks.limited(255, 1), checks.limited(256, 1), checks.number(1, 2**31 - 1, whole=True)
_one, _many, _anything = checks.variant, checks.listed, checks.anything
_set = {"default_config": _anything, "configs": _many(256, _anything)}
_schema, _words = _one({"object": None}), checks.limited(1024, 1)
_tool = _one(
    {
        "agent_toolset_20260401": {**_set, "configs": _many(8, _one(_BUILT_IN, {}, "name"))},
        "mcp_toolset": {**_set, "mcp_server_name": _name},
        "custom": {"name": checks.limited(128, 1), "description": _words, "input_schema": _schema},
    },
    {"mcp_toolset": ("mcp_server_name",), "custom": ("name", "description", "input_schema")},
)
_effort, _speed = checks.or_text(checks.one_of(*_EFFORTS), _one(_EFFORTS)), checks.one_of("standard", "fast")
_model = checks.closed({"id": _text, "effort": _effort, "speed": _speed, "inference_geo": checks.text}, "id")
_server, _skill = {"name": _name, "url": checks.limited(2048)}, {"skill_id": checks.limited(64, 1), "version": _name}
_both, _id = dict.fromkeys(("anthropic", "custom"), _skill), dict.fromkeys(("anthropic", "custom"), ("skill_id",))
_member = _one({"agent": {"id": _text, "version": _count}, "self": {}, "advisor": {"model": _text}}, {"agent": ("id",)})
_CREATE: Mapping[str, Check] = {
    "name": _text,
    "model": checks.or_text(_text, _model),
    "system": checks.limited(100_000),
    "description": checks.limited(2048),
    "tools": _many(256, _tool),
    "mcp_servers": _many(20, _one({"url": _server}, {"url": ("name", "url")})),
    "skills": _many(20, _one(_both, _id)),
    "metadata": checks.metadata,
    "multiagent": _one(
        {"coordinator": {"agents": _many(20, checks.or_text(_text, _anything))}, "multiagent_20261001": None}
    ),
    "execution_identity": _one({"service_account": {}, "aws_role": {"role_arn": checks.text}}),
}
_UPDATE = {**_CREATE, "metadata": _anything, "version": _count}
_ALWAYS = ("name", "model")


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
                return told(before)
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
        return told(found)

    def _list(self, request: Request) -> Answer:
        old = request.query.get("include_archived") == "true"
        return _page(self._listing, request, hidden=() if old else dict(self._store.texts(ARCHIVED)))

    def _versions(self, request: Request, key: str) -> Answer:
        self._found(key)
        return _page(Listing(self._ground, f"{KIND}/{key}"), request)

    def _deployments(self, request: Request) -> Answer:
        agent, old = request.query.get("agent_id"), request.query.get("include_archived") == "true"
        found = self._store.everything(DEPLOYMENT)
        hidden = [k for k, one in found if agent not in (None, one["agent"]["id"]) or (one["archived_at"] and not old)]
        return _page(Listing(self._ground, DEPLOYMENT), request, hidden)

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put an agent or a deployment there as it is, without a check. Returns its id."""
        kind, given = raw["object"], {name: value for name, value in raw.items() if name != "object"}
        plain = self._plain(str(raw.get("id") or self._new_id("agent_" if kind == KIND else "depl_")))
        if kind == KIND:
            whole = self._whole({**plain, "version": 1}, {"name": plain["id"], "model": "claude-opus-5-5"})
            self._saved({**whole, **given})
        else:
            agent = {"type": "agent", "version": self._found(given["agent"]["id"])["version"], **given["agent"]}
            whole = {**plain, **_DEPLOYMENT, "name": plain["id"], **given, "agent": agent}
            self._store.put(
                kind, whole["id"], int(_instant(whole["created_at"])), json.dumps(whole, ensure_ascii=False)
            )
        return str(plain["id"])

    def _plain(self, key: str) -> dict[str, Any]:
        now = self._moment()
        return {"id": key, "created_at": now, "updated_at": now, "archived_at": None}

    def _moment(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat().replace("+00:00", "Z")

    def _found(self, key: str, kind: str = KIND) -> dict[str, Any]:
        if (found := self._store.read(kind, key)) is None:
            raise ApiError(404, f"Not found: {key}")
        return found

    def _saved(self, agent: Mapping[str, Any]) -> Answer:
        key, version, text = agent["id"], agent["version"], json.dumps(agent, ensure_ascii=False)
        self._store.put(KIND, key, int(_instant(agent["created_at"])), text)
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
            "metadata": checks.stated(metadata),
            "multiagent": given.get("multiagent"),
            "execution_identity": given.get("execution_identity") or {"type": "service_account"},
        }
        if fields.get("multiagent"):
            stated = fields["multiagent"]
            if behaviour.managed_multiagent == "merged":
                stated = _merged(before.get("multiagent"), stated)
            found["multiagent"] = self._pinned(found, _merged(_TEAM, stated, null_is_default=True))
        checks.metadata("metadata", found["metadata"])
        if len(found["tools"]) > behaviour.managed_tools:
            raise checks.too_long("tools", len(found["tools"]), behaviour.managed_tools, "array")
        servers = [server["name"] for server in found["mcp_servers"]]
        used = {tool["mcp_server_name"] for tool in found["tools"] if tool["type"] == "mcp_toolset"}
        if len(set(servers)) < len(servers) or set(servers) != used:
            raise ApiError(400, "mcp_servers: names are unique, and each has its mcp_toolset in tools, and no other.")
        return behaviour.alter(found, fields)

    def _pinned(self, agent: Mapping[str, Any], value: Any) -> Any:
        """With each agent of each list in it at a version."""
        if isinstance(value, dict):
            return {name: self._pinned(agent, item) for name, item in value.items()}
        return [self._reference(agent, entry) for entry in value] if isinstance(value, list) else value

    def _reference(self, agent: Mapping[str, Any], entry: Any) -> Any:
        entry = {"type": "agent", "id": entry} if isinstance(entry, str) else entry
        _member("multiagent", entry)
        if entry["type"] == "advisor":
            return entry
        one = agent if entry["type"] == "self" else self._store.read(KIND, entry["id"]) or {}
        if one.get("archived_at", "not there"):
            raise ApiError(400, f"multiagent: there is no such agent, or it is archived: {entry['id']}")
        return {"type": "agent", "id": one["id"], "version": entry.get("version") or one["version"]}


def _model_of(given: Any, before: Mapping[str, Any] | None, *, keep: bool) -> dict[str, Any]:
    """A model named by a text alone has no further members. An effort that is left out stays with its model."""
    asked = {"id": given} if isinstance(given, str) else given
    stays = before and "effort" not in asked and (keep or before["id"] == asked["id"])
    effort = before["effort"] if before and stays else asked.get("effort") or "high"
    plain = {"speed": "standard", "inference_geo": None}
    return {**plain, **checks.stated(asked), "effort": {"type": effort} if isinstance(effort, str) else effort}


def _filled(tool: Mapping[str, Any]) -> dict[str, Any]:
    """A toolset with each setting that it leaves out, any other tool as it is."""
    if tool["type"] not in _POLICY:
        return dict(tool)
    usual = {
        "enabled": True,
        "permission_policy": {"type": _POLICY[tool["type"]]},
        **checks.stated(tool.get("default_config")),
    }
    configs = [{**usual, **checks.stated(config)} for config in tool.get("configs") or ()]
    if tool["type"] != "mcp_toolset":
        configs = [{**config, "type": config["name"]} for config in configs]
    return {**tool, "default_config": usual, "configs": configs}


def _merged(base: Any, given: Any, *, null_is_default: bool = False) -> Any:
    """`given` over `base`, level by level, as far as both are objects of one type."""
    if given is None and null_is_default:
        return base
    if not (isinstance(base, dict) and isinstance(given, dict) and base.get("type") == given.get("type")):
        return given
    merged = {name: _merged(base.get(name), item, null_is_default=null_is_default) for name, item in given.items()}
    return {**base, **merged}


def _instant(text: str) -> float:
    """Seconds since 1970. Raises ApiError 400."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise ApiError(400, f"not a time as in 2026-03-15T10:00:00Z: {text}") from error


def _page(listing: Listing, request: Request, hidden: Collection[str] = ()) -> Answer:
    """`data` and `next_page`, whose text tells a client nothing."""
    query, keep = {"limit": request.query.get("limit", "20")}, None
    bounds = [_instant(request.query.get(f"created_at[{side}]", "1970-01-01T00:00:00Z")) for side in ("gte", "lte")]
    if any(bounds):
        low, high = bounds[0], bounds[1] or float("inf")
        keep = lambda found: low <= _instant(found["created_at"]) <= high  # noqa: E731
    try:
        query["after"] = bytes.fromhex(request.query.get("page", "")).decode()
    except ValueError as error:
        raise ApiError(400, "page: there is no such page.") from error
    found = json.loads(listing.page(replace(request, query=query), keep, hidden))
    return told({"data": found["data"], "next_page": found["last_id"].encode().hex() if found["has_more"] else None})
