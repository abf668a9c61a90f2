"""Agents of Foundry's Agent Service v1: whole definitions as versions, and an endpoint that serves one of them.

Source: the package azure-ai-projects 2.10.0 (routes, models, tests). What it leaves open is a choice of `Behaviour`.
Knows no key and no envelope.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from . import checks
from .checks import Check
from .errors import ApiError
from .ground import Ground
from .limits import ASSISTANT, SEARCH
from .lists import Listing
from .web import Answer, Request, Route, told

KIND, _VERSION, _GONE = "foundry.agent", "foundry.version/", "foundry.gone"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_MOST = 1_000
"""Versions of an agent."""
_MERGE_PATCH = "application/merge-patch+json"
LATEST = "@latest"
_OPT_IN = {name: f"{name.title()}Agents" for name in ("workflow", "external", "voice", "draft")} | {
    "skills": "Skills",
    "digital_worker_type": "DigitalWorker",
    "github_copilot_preview": "GitHubCopilot",
    "microsoft_copilot_preview": "MicrosoftCopilot",
}
"""By a kind, a member or a harness: the feature that a request has to opt in to by a header."""


def _wrong(message: str, param: str | None = None) -> ApiError:
    return ApiError(400, message, code="UserError", param=param)


def _known(path: str, value: Any, fields: Mapping[str, Check], required: Sequence[str] = ()) -> None:
    """Checks the members that are known; others are left alone."""
    checks.anything(path, value)
    for name in required:
        if value.get(name) is None:
            raise checks.missing(f"{path}.{name}")
    for name, check in fields.items():
        if value.get(name) is not None:
            check(f"{path}.{name}", value[name])


def _object(fields: Mapping[str, Check], by_type: Mapping[str, Mapping[str, Check]] | None = None) -> Check:
    """An object with these members, if it has them; or whose `type` says which members it must have besides."""

    def check(path: str, value: Any) -> None:
        _known(path, value, fields, ("type",) if by_type else ())
        needed = by_type.get(value["type"], {}) if by_type else {}
        _known(path, value, needed, tuple(needed))

    return check


_tool = _object(
    {"type": checks.text, "max_num_results": checks.within(SEARCH["max_num_results"])},
    {
        "function": {"name": checks.identifier, "parameters": checks.anything, "strict": checks.boolean},
        "file_search": {"vector_store_ids": checks.listed(_MOST, checks.text)},
        "mcp": {"server_label": checks.text},
    },
)
_format = _object(
    {"type": checks.one_of("text", "json_object", "json_schema")},
    {"json_schema": {"name": checks.identifier, "schema": checks.anything}},
)
_rule = _object(
    {"type": checks.one_of("FixedRatio")},
    {"FixedRatio": {"agent_version": checks.text, "traffic_percentage": checks.number(0, 100, whole=True)}},
)
_DEFINITION: Mapping[str, Check] = {
    "model": checks.text,
    "instructions": checks.text,
    "temperature": checks.within(ASSISTANT["temperature"]),
    "top_p": checks.within(ASSISTANT["top_p"]),
    "tools": checks.listed(ASSISTANT["tools"]["maxItems"], _tool),
    "reasoning": _object({"effort": checks.one_of("none", "minimal", "low", "medium", "high", "xhigh", "max")}),
    "text": _object({"format": _format}),
}
_selector: Mapping[str, Check] = {"version_selection_rules": checks.listed(_MOST, _rule)}


def _checked(body: Any, features: str) -> dict[str, Any]:
    """What a version keeps of a body; the service drops the members it does not know. Raises ApiError 400 and 403."""
    _known("body", body, {"definition": checks.anything, "metadata": checks.metadata, "description": checks.text})
    definition = {name: item for name, item in (body.get("definition") or {}).items() if item is not None}
    kind, harness = definition.get("kind"), definition.get("harness") or {}
    checks.one_of("prompt", "hosted", "workflow", "external", "voice")("definition.kind", kind)
    checks.anything("definition.harness", harness)
    used = [kind, str(harness.get("type")), *(name for name, item in {**body, **definition}.items() if item)]
    for feature in (f"{_OPT_IN[name]}=V1Preview" for name in used if name in _OPT_IN):
        if feature not in re.split(r"\s*,\s*", features):
            needs = f"This operation requires the following opt-in preview feature(s): {feature}."
            message = f"{needs} Include the 'Foundry-Features: {feature}' header in your request."
            raise ApiError(403, message, code="preview_feature_required", param="Foundry-Features")
    if kind == "prompt":
        _known("definition", definition, _DEFINITION, ("model",))
    found = {"metadata": body.get("metadata") or {}, "description": body.get("description") or ""}
    return {**found, "definition": definition, **({"draft": True} if body.get("draft") else {})}


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    whole = dict(target) if isinstance(target, dict) else {}
    changed = {name: _merged(whole.get(name), item) for name, item in patch.items()}
    return {name: item for name, item in {**whole, **changed}.items() if item is not None}


class FoundryAgents:
    """A row for each agent with all but its versions, and one for each version. Handlers raise ApiError."""

    def __init__(self, ground: Ground) -> None:
        self._ground, self._store, self._behaviour, self._now = ground, ground.store, ground.behaviour, ground.now
        self._listing = Listing(ground, KIND)
        self._calls = itertools.count()

    def routes(self, prefix: str) -> tuple[Route, ...]:
        every, one = f"{prefix}/agents", f"{prefix}/agents/{{name}}"
        version = f"{one}/versions/{{version}}"
        return (
            Route("GET", every, self._list),
            Route("GET", one, lambda request, name: told(self._shown(self._found(name)))),
            Route("PATCH", one, self._patch),
            Route("POST", one, self._switch),
            Route("DELETE", one, self._delete),
            Route("POST", f"{one}/versions", self._create),
            Route("GET", f"{one}/versions", self._list_versions),
            Route("GET", version, lambda request, name, number: told(self._version(name, number))),
            Route("DELETE", version, self._delete_version),
            Route(
                "POST",
                f"{one}/endpoint/protocols/openai/responses",
                lambda request, name: self._reply(name, self._served(self._found(name))),
            ),
            Route("POST", f"{prefix}/openai/v1/responses", self._respond),
        )

    def _found(self, name: str) -> dict[str, Any]:
        raw = self._store.read(KIND, name)
        if raw is None:
            raise ApiError(404, f"Agent {name} doesn't exist", code="not_found")
        return raw

    def _version(self, name: str, number: str) -> dict[str, Any]:
        self._found(name)
        raw = self._store.read(_VERSION + name, f"{name}:{number}")
        if raw is None:
            raise ApiError(404, f"Agent {name} with version {number} doesn't exist", code="not_found")
        return raw

    def _shown(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The agent as it is answered now."""
        shown = {name: item for name, item in raw.items() if name not in ("created_at", "number")}
        if raw["agent_endpoint"] is None and self._behaviour().foundry_endpoint == "latest":
            rule = {"type": "FixedRatio", "agent_version": LATEST, "traffic_percentage": 100}
            selector = {"version_selection_rules": [rule]}
            shown["agent_endpoint"] = {"version_selector": selector, "protocol_configuration": {"responses": {}}}
        return shown

    def _create(self, request: Request, name: str) -> Answer:
        if not _NAME.fullmatch(name):
            rule = "letters, digits and, inside, hyphens; at most 63"
            raise _wrong(f"Invalid agent name '{name}': it may have {rule}.", "agent_name")
        stated = _checked(request.json(), request.headers.get("foundry-features", ""))
        stated["definition"] = self._behaviour().alter(stated["definition"], stated["definition"])
        alike = {"new": (), "same": tuple(stated), "definition": ("definition",)}[self._behaviour().foundry_create]
        with self._store.transaction():
            agent = self._store.read(KIND, name)
            before = agent["versions"]["latest"] if agent else {}
            if alike and all(before.get(member) == stated[member] for member in alike):
                return told(before)
            if self._store.count(_VERSION + name) >= _MOST:
                raise _wrong(f"Agent {name} has {_MOST} versions already, which is the most it can have.")
            if agent is None:
                self._listing.created(name)
            return told(self._add(name, stated))

    def _add(self, name: str, stated: Mapping[str, Any]) -> dict[str, Any]:
        """A version with the number that it states or the next one. It is the latest, unless it is a draft."""
        now = int(self._now())
        fresh = {"object": "agent", "id": name, "name": name, "state": "enabled", "configuration_state": "enabled"}
        more: dict[str, Any] = {
            "versions": {},
            "agent_endpoint": None,
            "agent_card": None,
            "created_at": now,
            "number": (self._store.read(_GONE, name) or {"number": 0})["number"],
        }
        raw = self._store.read(KIND, name) or {**fresh, **more}
        number = int(stated.get("version", raw["number"] + 1))
        known = {"object": "agent.version", "id": f"{name}:{number}", "name": name, "version": str(number)}
        version = {"metadata": {}, "description": "", "created_at": now, "status": "active", **stated, **known}
        self._store.save(_VERSION + name, version)
        latest = raw["versions"] if raw["versions"] and version.get("draft") else {"latest": version}
        self._store.save(KIND, {**raw, "number": max(number, raw["number"]), "versions": latest})
        return version

    def _list(self, request: Request) -> Answer:
        """Foundry's own tests leave the list out because of a fault that is not described."""
        choice, kind = self._behaviour().foundry_list, request.query.get("kind")
        if choice == "broken":
            raise ApiError(500, "The list of agents cannot be read.", code="server_error", kind="server_error")
        hidden = next((key for key, _ in self._store.texts(KIND)), "") if choice == "lacking" else ""

        def keep(raw: Mapping[str, Any]) -> bool:
            return raw["id"] != hidden and kind in (None, raw["versions"]["latest"]["definition"]["kind"])

        page = json.loads(self._listing.page(request, keep if hidden or kind else None))
        page["data"] = [self._shown(raw) for raw in page["data"]]
        return told(page)

    def _list_versions(self, request: Request, name: str) -> Answer:
        self._found(name)
        drafts = request.query.get("include_drafts", "").lower() == "true"
        keep = None if drafts else lambda raw: not raw.get("draft")
        return Answer(Listing(self._ground, _VERSION + name).page(request, keep))

    def _patch(self, request: Request, name: str) -> Answer:
        """Of the endpoint and the card; members of other names change nothing."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != _MERGE_PATCH:
            raise ApiError(415, f"The media type must be {_MERGE_PATCH}.", code="UnsupportedMediaType")
        patch = request.json()
        checks.anything("body", patch)
        with self._store.transaction():
            raw = self._found(name)
            shown = self._shown(raw)
            raw |= {
                part: _merged(shown[part], patch[part]) for part in ("agent_endpoint", "agent_card") if part in patch
            }
            if patch.get("agent_endpoint") is not None:
                self._check_endpoint(name, raw["agent_endpoint"])
            self._store.save(KIND, raw)
        return told(self._shown(raw))

    def _check_endpoint(self, name: str, endpoint: Any) -> None:
        _known("agent_endpoint", endpoint, {"protocol_configuration": checks.anything})
        selector = endpoint.get("version_selector", {"version_selection_rules": []})
        _known("agent_endpoint.version_selector", selector, _selector, tuple(_selector))
        rules = selector["version_selection_rules"]
        if rules and sum(rule["traffic_percentage"] for rule in rules) != 100:
            raise _wrong("The traffic percentages of a version selector must add up to 100.", "agent_endpoint")
        for number in {rule["agent_version"] for rule in rules} - {LATEST}:
            self._version(name, number)

    def _switch(self, request: Request, segment: str) -> Answer:
        name, _, verb = segment.rpartition(":")
        states = {"enable": "enabled", "disable": "disabled"}
        if verb not in states:
            raise ApiError(404, "Resource not found", code="404")
        with self._store.transaction():
            self._store.save(KIND, {**self._found(name), "state": states[verb], "configuration_state": states[verb]})
        return Answer("", 204)

    def _delete(self, request: Request, name: str) -> Answer:
        with self._store.transaction():
            self._found(name)
            for key, _ in self._store.texts(_VERSION + name):
                self._store.delete(_VERSION + name, key)
            self._drop(name)
        return told({"object": "agent.deleted", "name": name, "deleted": True})

    def _delete_version(self, request: Request, name: str, number: str) -> Answer:
        """Also one that is pinned. An agent has a latest version, so it goes with its last one."""
        with self._store.transaction():
            self._version(name, number)
            self._store.delete(_VERSION + name, f"{name}:{number}")
            left = [raw for _, raw in self._store.everything(_VERSION + name)]
            if not left:
                self._drop(name)
            else:
                latest: Any = max(left, key=lambda raw: (not raw.get("draft"), int(raw["version"])))
                self._store.save(KIND, {**self._found(name), "versions": {"latest": latest}})
        return told({"object": "agent.version.deleted", "name": name, "version": number, "deleted": True})

    def _drop(self, name: str) -> None:
        if self._behaviour().foundry_numbers == "continue":
            self._store.save(_GONE, {"id": name, "created_at": 0, "number": self._found(name)["number"]})
        self._store.delete(KIND, name)

    def _respond(self, request: Request) -> Answer:
        """The project's own endpoint, where the body names the agent."""
        body = request.json()
        _known("body", body, {"agent_reference": checks.anything}, ("agent_reference",))
        reference = body["agent_reference"]
        _known("agent_reference", reference, {"name": checks.text}, ("type", "name"))
        raw, number = self._found(reference["name"]), reference.get("version")
        if number is None:
            pinned = self._behaviour().foundry_reference == "pin"
            number = self._served(raw) if pinned else raw["versions"]["latest"]["version"]
        return self._reply(raw["name"], number)

    def _served(self, raw: Mapping[str, Any]) -> str:
        """The number of the version that answers a call of the agent's endpoint; shares of traffic take turns."""
        latest, endpoint = raw["versions"]["latest"]["version"], self._shown(raw)["agent_endpoint"] or {}
        if endpoint and "responses" not in endpoint.get("protocol_configuration", {}):
            raise ApiError(404, "The endpoint of this agent does not speak the protocol responses.", code="not_found")
        rules = endpoint.get("version_selector", {}).get("version_selection_rules") or ()
        numbers = [rule["agent_version"] for rule in rules for _ in range(rule["traffic_percentage"])] or [LATEST]
        number = numbers[next(self._calls) % len(numbers)]
        return str(latest if number == LATEST else number)

    def _reply(self, name: str, number: str) -> Answer:
        """A response whose text is the instructions of the version that answers, for want of a model."""
        if self._found(name)["state"] == "disabled":
            raise ApiError(403, f"Agent {name} is disabled.", code="agent_disabled")
        definition, new_id = self._version(name, number)["definition"], self._ground.new_id
        said = {"type": "output_text", "text": definition.get("instructions", ""), "annotations": []}
        message = {"type": "message", "id": new_id("msg_"), "role": "assistant", "status": "completed"}
        plain = {"object": "response", "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
        reference = {"type": "agent_reference", "name": name, "version": number}
        found = {"id": new_id("resp_"), "created_at": int(self._now()), "status": "completed", **plain}
        found |= {"model": definition.get("model", ""), "output": [{**message, "content": [said]}]}
        return told({**found, "agent_reference": reference})

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put a version there as it is, without a check; with it, parts of its agent. Returns the agent's name."""
        parts = ("state", "agent_endpoint", "agent_card")
        name = str(raw["name"])
        with self._store.transaction():
            self._add(name, {key: item for key, item in raw.items() if key not in ("object", *parts)})
            self._store.save(KIND, {**self._found(name), **{key: raw[key] for key in parts if key in raw}})
        return name
