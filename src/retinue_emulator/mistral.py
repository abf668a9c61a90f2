"""Mistral's Agents below /mistral: an agent with a version for each write, aliases, a list by tokens.

Source: the package mistralai 3.7.0; refusals in its form of a 422. What it leaves open is a choice of `Behaviour`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
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

KIND, _VERSION, _ALIASES = "mistral.agent", "mistral.version/", "mistral.aliases"
_ALIAS = re.compile(r"[a-z]([a-z0-9_-]*[a-z0-9])?")

_names, _unit, _penalty = checks.texts, checks.number(0, 1), checks.number(-2, 2)
_set = checks.closed(dict.fromkeys(("exclude", "include", "requires_confirmation"), _names))
_function: Mapping[str, Check] = {
    "name": checks.text,
    "description": checks.text,
    "parameters": checks.anything,
    "strict": checks.boolean,
}
_plain = ("web_search", "web_search_premium", "code_interpreter", "image_generation")
_tool = checks.variant(
    {
        "function": {"function": checks.closed(_function, "name", "parameters")},
        **{kind: {"tool_configuration": _set} for kind in _plain},
        "document_library": {"library_ids": _names, "tool_configuration": _set},
        "connector": {"connector_id": checks.text, "authorization": checks.anything, "tool_configuration": _set},
    },
    {"function": ("function",), "document_library": ("library_ids",), "connector": ("connector_id",)},
)
_schema: Mapping[str, Check] = {**_function, "schema": checks.anything}
_form = checks.closed(
    {
        "type": checks.one_of("text", "json_object", "json_schema"),
        "json_schema": checks.closed({k: v for k, v in _schema.items() if k != "parameters"}, "name", "schema"),
    }
)
_count = checks.number(0, 2**63 - 1, whole=True)
_arguments: Mapping[str, Check] = {
    "temperature": _unit,
    "top_p": _unit,
    "max_tokens": _count,
    "random_seed": _count,
    "stop": checks.or_text(checks.text, _names),
    "presence_penalty": _penalty,
    "frequency_penalty": _penalty,
    "prediction": checks.closed({"type": checks.one_of("content"), "content": checks.text}),
    "response_format": _form,
    "tool_choice": checks.one_of("auto", "none", "any", "required"),
    "reasoning_effort": checks.one_of("none", "minimal", "low", "medium", "high", "xhigh", "max"),
}
_moderation = dict.fromkeys(("moderation_llm_v1", "moderation_llm_v2"), checks.anything)


def _handoffs(path: str, value: Any) -> None:
    _names(path, value)
    if not value:
        raise ApiError(422, "List should have at least 1 item", code="too_short", param=path)


_CREATE: Mapping[str, Check] = {
    "model": checks.text,
    "name": checks.text,
    "instructions": checks.text,
    "description": checks.text,
    "tools": checks.listed(128, _tool),
    "completion_args": checks.closed(_arguments),
    "guardrails": checks.listed(128, checks.closed({"block_on_error": checks.boolean, **_moderation})),
    "handoffs": _handoffs,
    "metadata": checks.anything,
    "version_message": checks.limited(500),
}
_UPDATE = {**_CREATE, "deployment_chat": checks.boolean}
_FRESH: Mapping[str, Any] = {
    **dict.fromkeys(
        ("instructions", "description", "guardrails", "handoffs", "metadata", "version_message", "owner_id")
    ),
    "object": "agent",
    "tools": [],
    "completion_args": {},
    "deployment_chat": False,
    "source": "api",
}


class Mistral:
    """A row for each agent, which is its current version, and one for each version. Handlers raise ApiError."""

    prefix = "/mistral"
    guide = (("Mistral", prefix, "Authorization: Bearer KEY"),)

    def __init__(self, ground: Ground, access: Access) -> None:
        self._ground, self._access = ground, access
        self._store, self._behaviour, self._now, self._new_id = ground
        self._listing = Listing(ground, KIND, most=1_000)
        every, one = f"{self.prefix}/v1/agents", f"{self.prefix}/v1/agents/{{id}}"
        self.routes: tuple[Route, ...] = (
            Route("POST", every, self._create),
            Route("GET", f"{every}/pages", self._pages),
            Route("GET", one, self._get),
            Route("PATCH", one, self._update),
            Route("DELETE", one, self._delete),
            Route("PATCH", f"{one}/version", self._switch),
            Route("GET", f"{one}/versions", self._versions),
            Route("GET", f"{one}/versions/{{version}}", lambda _, key, number: told(self._version(key, number))),
            Route("GET", f"{one}/aliases", lambda _, key: told([*self._aliases(key).values()])),
            Route("PUT", f"{one}/aliases", self._point),
            Route("DELETE", f"{one}/aliases", self._unpoint),
        )

    def admit(self, request: Request, route: Route) -> None:
        """Raises ApiError 401 without a key."""
        self._access.bearer(request.headers.get("authorization", ""))

    def no_route(self, method: str, path: str, *, known_path: bool) -> ApiError:
        return (
            ApiError(405, "Method Not Allowed") if known_path else ApiError(404, "no Route matched with those values")
        )

    @staticmethod
    def envelope(error: ApiError) -> str:
        """422 as FastAPI says it; that of others is not known."""
        if error.status == 422:
            loc = ["body", *re.findall(r"[^.\[\]]+", error.param or "")]
            return json.dumps({"detail": [{"loc": loc, "msg": str(error), "type": error.code or "value_error"}]})
        return json.dumps({"object": "error", "message": str(error), "type": error.kind, "code": error.status})

    def headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        return (("mistral-correlation-id", request_id),)

    # --- agents

    def _create(self, request: Request) -> Answer:
        fields = _checked(request, _CREATE, "model", "name")
        for name in ("model", "name"):
            if name not in fields:
                raise ApiError(422, "Field required", code="missing", param=name)
        with self._store.transaction():
            key, now = self._new_id("ag_"), self._moment()
            self._listing.created(key)
            raw = {**_FRESH, **self._altered(fields), "id": key, "created_at": now}
            return self._saved({**raw, "version": 1, "versions": [1]})

    def _update(self, request: Request, key: str) -> Answer:
        fields, behaviour = _checked(request, _UPDATE, "tools", "completion_args"), self._behaviour()
        with self._store.transaction():
            before = self._found(key)
            newest = max(before["versions"])
            base = self._version(key, str(newest)) if behaviour.mistral_base == "newest" else before
            stated = self._altered(fields)
            for name, choice in (
                ("metadata", behaviour.mistral_metadata),
                ("completion_args", behaviour.mistral_arguments),
            ):
                if choice == "merge" and stated.get(name) is not None:
                    stated[name] = checks.stated({**(base[name] or {}), **stated[name]})
            plain = {name: base[name] for name in ("model", "name", "deployment_chat")}
            # These have no null: it is as if they were left out.
            stated |= {name: item for name, item in plain.items() if stated.get(name) is None}
            after = {**base, **stated}
            if after == base and behaviour.mistral_noop == "same":
                return told(before)
            number = newest + 1
            return self._saved({**after, "version": number, "versions": [*before["versions"], number]})

    def _altered(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What the server makes of it; a null argument is none."""
        found = self._behaviour().alter(dict(fields), fields)
        if found.get("completion_args") is not None and self._behaviour().mistral_arguments == "replace":
            found["completion_args"] = checks.stated(found["completion_args"])
        return found

    def _get(self, request: Request, key: str) -> Answer:
        found, wanted = self._found(key), request.query.get("agent_version")
        if wanted is None:
            return told(found)
        number = wanted if wanted.isdecimal() else self._aliases(key).get(wanted, {}).get("version")
        return told(self._version(key, str(number)))

    def _pages(self, request: Request) -> Answer:
        size, token = request.query.get("page_size", "20"), request.query.get("page_token", "")
        try:
            cursor = bytes.fromhex(token).decode()
            checks.number(1, 1_000, whole=True)("page_size", int(size))
        except (ValueError, ApiError) as error:
            raise ApiError(422, f"page_size or page_token: {error}", code="value_error", param="page_size") from error
        query = {"limit": size, **({"after": cursor} if cursor else {})}
        names = {name: request.query[name] for name in ("name", "id") if name in request.query}
        keep = (lambda raw: all(raw[name] == item for name, item in names.items())) if names else None
        found = json.loads(self._listing.page(replace(request, query=query), keep))
        following = found["last_id"].encode().hex() if found["has_more"] else None
        return told({"object": "list", "data": found["data"], "next_page_token": following})

    def _delete(self, request: Request, key: str) -> Answer:
        with self._store.transaction():
            self._found(key)
            for number, _ in self._store.texts(_VERSION + key):
                self._store.delete(_VERSION + key, number)
            self._store.delete(_ALIASES, key)
            self._store.delete(KIND, key)
        return Answer("", 204)

    # --- versions

    def _switch(self, request: Request, key: str) -> Answer:
        with self._store.transaction():
            number = request.query.get("version", "")
            raw = self._version(key, number)
            self._store.put(KIND, key, _seconds(raw), json.dumps(raw, ensure_ascii=False))
        return told(raw)

    def _versions(self, request: Request, key: str) -> Answer:
        page, size = (int(request.query.get(name, usual)) for name, usual in (("page", "0"), ("page_size", "20")))
        if not (page >= 0 and 1 <= size <= 100):
            raise ApiError(422, "Input should be from 1 to 100", code="less_than_equal", param="page_size")
        numbers = self._found(key)["versions"][::-1]
        return told([self._version(key, str(number)) for number in numbers[page * size : (page + 1) * size]])

    def _point(self, request: Request, key: str) -> Answer:
        alias, number = (request.query.get(name, "") for name in ("alias", "version"))
        if len(alias) > 64 or not _ALIAS.fullmatch(alias):
            raise ApiError(422, f"String should match pattern '{_ALIAS.pattern}'", code="string_pattern", param="alias")
        with self._store.transaction():
            version, known, now = self._version(key, number)["version"], self._aliases(key), self._moment()
            fresh = {"alias": alias, "created_at": now, **known.get(alias, {})}
            known[alias] = {**fresh, "version": version, "updated_at": now}
            self._store.put(_ALIASES, key, 0, json.dumps(known))
        return told(known[alias])

    def _unpoint(self, request: Request, key: str) -> Answer:
        with self._store.transaction():
            known = self._aliases(key)
            if known.pop(request.query.get("alias", ""), None) is None:
                raise ApiError(404, "Alias not found")
            self._store.put(_ALIASES, key, 0, json.dumps(known))
        return Answer("", 204)

    def _aliases(self, key: str) -> dict[str, Any]:
        self._found(key)
        return self._store.read(_ALIASES, key) or {}

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put an agent there as it is, without a check, or another version of one. Returns its id."""
        key, given = str(raw.get("id") or self._new_id("ag_")), {k: v for k, v in raw.items() if k != "object"}
        before = self._store.read(KIND, key) or {**_FRESH, "name": key, "model": "mistral-large", "versions": []}
        number = max(before["versions"], default=0) + 1
        whole = {**before, "created_at": self._moment(), **given, "id": key}
        self._saved({**whole, "version": number, "versions": [*before["versions"], number]})
        return key

    def _moment(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat().replace("+00:00", "Z")

    def _found(self, key: str) -> dict[str, Any]:
        if (found := self._store.read(KIND, key)) is None:
            raise ApiError(404, f"Agent {key} not found")
        return found

    def _version(self, key: str, number: str) -> dict[str, Any]:
        agent, found = self._found(key), self._store.read(_VERSION + key, number)
        if found is None:
            raise ApiError(404, f"Agent {key} has no version {number}")
        return {**found, "versions": agent["versions"]}

    def _saved(self, raw: Mapping[str, Any]) -> Answer:
        whole = {**raw, "updated_at": self._moment()}
        text = json.dumps(whole, ensure_ascii=False)
        self._store.put(KIND, whole["id"], _seconds(whole), text)
        self._store.put(_VERSION + whole["id"], str(whole["version"]), whole["version"], text)
        return Answer(text)


def _seconds(raw: Mapping[str, Any]) -> int:
    return int(datetime.fromisoformat(raw["created_at"]).timestamp())


def _checked(request: Request, known: Mapping[str, Check], *never_null: str) -> dict[str, Any]:
    """Raises ApiError 422 for what a closed object does not have, or has otherwise."""
    try:
        return checks.body(request.json(), known, never_null)
    except ApiError as error:
        raise ApiError(422, str(error), code=error.code, param=error.param) from error
