"""The assistants of the OpenAI Assistants v2 API: routes, defaults, limits and envelopes. No HTTP, no faults.

Source: OpenAI API reference, Assistants (v2), and recorded traffic of client libraries.
"""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Mapping
from typing import Any

from . import checks
from .errors import ApiError
from .faults import Behaviour
from .store import Store

_ALPHABET = string.ascii_letters + string.digits
_KIND = "assistant"


class Assistants:
    """Create, list, get, modify and delete; each answers the JSON text of a 200. Raises ApiError."""

    prefix = "/v1/assistants"

    def __init__(self, store: Store, behaviour: Callable[[], Behaviour], now: Callable[[], float]) -> None:
        self._store = store
        self._behaviour = behaviour
        self._now = now

    def handle(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: Any
    ) -> str | None:
        """The answer to a request below `prefix`, or None if there is no such route."""
        rest = path.removeprefix(self.prefix).strip("/")
        if "/" in rest or self._behaviour().gone:
            return None
        self._check_headers(headers)
        match method, bool(rest):
            case "POST", False:
                return self._create(body)
            case "GET", False:
                return self._list(query)
            case "GET", True:
                return self._found(rest)
            case "POST", True:
                return self._modify(rest, body)
            case "DELETE", True:
                return self._delete(rest)
        return None

    def _check_headers(self, headers: Mapping[str, str]) -> None:
        scheme, _, key = headers.get("authorization", "").partition(" ")
        wanted = self._behaviour().api_key
        if scheme.lower() != "bearer" or not key.strip():
            raise ApiError(401, "You didn't provide an API key.", code=None)
        if wanted is not None and key.strip() != wanted:
            raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        if headers.get("openai-beta", "") != "assistants=v2":
            message = (
                "You must provide the 'OpenAI-Beta' header to access the Assistants API: 'OpenAI-Beta: assistants=v2'."
            )
            raise ApiError(400, message, code="invalid_beta")

    def _create(self, body: Any) -> str:
        given = self._checked(body)
        if given.get("model") is None:
            raise checks.missing("model")
        return self._save({}, given, "asst_" + "".join(secrets.choice(_ALPHABET) for _ in range(24)), int(self._now()))

    def _modify(self, key: str, body: Any) -> str:
        given = self._checked(body)
        with self._store.transaction():
            before = json.loads(self._found(key))
            merge = self._behaviour().metadata == "merge"
            if merge and given.get("metadata") is not None:
                given["metadata"] = {**before["metadata"], **given["metadata"]}
                checks.metadata("metadata", given["metadata"])
            if given.get("tool_resources"):
                given["tool_resources"] = {**before["tool_resources"], **given["tool_resources"]}
            return self._save(before, given, key, before["created_at"])

    def _checked(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, dict):
            raise ApiError(400, "We could not parse the JSON body of your request.", code=None)
        for name, value in body.items():
            if name not in checks.FIELDS:
                raise checks.unknown(name)
            if value is None and (self._behaviour().null == "refuse" or name == "model"):
                raise checks.wrong_type(name, "a value", None)
            if value is not None:
                checks.FIELDS[name](name, value)
        unsupported = self._behaviour().unsupported.intersection(
            name for name, value in body.items() if value is not None
        )
        for name in sorted(unsupported):
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise ApiError(400, message, code="unsupported_parameter", param=name)
        return dict(body)

    def _save(self, before: Mapping[str, Any], given: Mapping[str, Any], key: str, created_at: int) -> str:
        def value(name: str, default: Any) -> Any:
            chosen = given[name] if name in given else before.get(name)
            return default if chosen is None else chosen

        stored = {
            "id": key,
            "object": "assistant",
            "created_at": created_at,
            "name": value("name", None),
            "description": value("description", None),
            "model": value("model", None),
            "instructions": value("instructions", None),
            "tools": [_filled(tool) for tool in value("tools", [])],
            "top_p": float(value("top_p", 1.0)),
            "temperature": float(value("temperature", 1.0)),
            "tool_resources": {name: item for name, item in value("tool_resources", {}).items() if item is not None},
            "metadata": value("metadata", {}),
            "response_format": _filled_format(value("response_format", "auto")),
        }
        text = json.dumps(self._behaviour().alter(stored, given), ensure_ascii=False)
        self._store.put(_KIND, key, created_at, text)
        return text

    def _found(self, key: str) -> str:
        text = self._store.get(_KIND, key)
        if text is None:
            raise ApiError(404, f"No assistant found with id '{key}'.")
        return text

    def _delete(self, key: str) -> str:
        if not self._store.delete(_KIND, key):
            raise ApiError(404, f"No assistant found with id '{key}'.")
        return json.dumps({"id": key, "object": "assistant.deleted", "deleted": True})

    def _list(self, query: Mapping[str, str]) -> str:
        limit = _limit(query.get("limit", "20"))
        order = query.get("order", "desc")
        checks.one_of("asc", "desc")("order", order)
        rows, more = self._store.page(
            _KIND, limit, newest_first=order == "desc", after=query.get("after"), before=query.get("before")
        )
        rows = list(self._behaviour().listed(rows))
        first, last = (json.dumps(rows[0][0]), json.dumps(rows[-1][0])) if rows else ("null", "null")
        data = ", ".join(text for _, text in rows)
        return (
            f'{{"object": "list", "data": [{data}], "first_id": {first}, "last_id": {last},'
            f' "has_more": {"true" if more else "false"}}}'
        )

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put an object there as it is, for tests: any id, time, metadata. Returns its id."""
        body = {**json.loads(self._save({}, {"model": "gpt-4o"}, raw["id"], int(raw.get("created_at", 0)))), **raw}
        self._store.put(_KIND, raw["id"], body["created_at"], json.dumps(body, ensure_ascii=False))
        return str(raw["id"])


def _limit(value: str) -> int:
    if not value.isdecimal():
        raise ApiError(400, f"Invalid type for 'limit': expected an integer, but got '{value}'.", code="invalid_type")
    checks.number(1, 100, whole=True)("limit", int(value))
    return int(value)


def _filled(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool with the defaults that the service fills in."""
    if tool["type"] == "file_search":
        given = {name: item for name, item in (tool.get("file_search") or {}).items() if item is not None}
        ranking = {"ranker": "default_2024_08_21", "score_threshold": 0.0} | given.pop("ranking_options", {})
        return {"type": "file_search", "file_search": {"max_num_results": 20, **given, "ranking_options": ranking}}
    if tool["type"] == "function":
        given = {name: item for name, item in tool["function"].items() if item is not None}
        return {"type": "function", "function": {"parameters": {}, "strict": False, **given}}
    return tool


def _filled_format(value: Any) -> Any:
    if isinstance(value, dict) and value["type"] == "json_schema":
        return {**value, "json_schema": {"strict": False, **value["json_schema"]}}
    return value
