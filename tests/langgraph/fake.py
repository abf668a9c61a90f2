"""A small stateful stand-in for a LangGraph server, as a WSGI application: a fixture, not a product.

It has the quirks that were observed on langgraph-api 0.16.7; test_exchanges.py holds it to the real server's answers.
"""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

Json = Any
Raw = dict[str, Any]
BASE = "http://fake"
_START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class Refusal(Exception):
    """An answer that is no success: `detail` in the server's own envelope."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class Asked(NamedTuple):
    method: str
    path: str
    body: Json


def schema(**members: str) -> Raw:
    """A context schema as the server derives it from a TypedDict."""
    titles = {name: {"title": name.replace("_", " ").title(), "type": kind} for name, kind in members.items()}
    return {"properties": titles, "title": "Context", "type": "object"}


GRAPHS: Mapping[str, Json] = {
    "agent": schema(
        model="string",
        system_prompt="string",
        temperature="number",
        top_p="number",
        reasoning_effort="string",
        prompt="string",
        tone="string",
    ),
    "plain": None,
}
"""As the live tests' graph.py declares them; `plain` has no context schema."""


class FakeLangGraph:
    """`page`: the most objects a search answers. `requests`: what was asked, in order, and `keys`: with which keys.

    `refuse`: an answer instead, or None. `sets_context_back`: whether `/latest` does.
    """

    def __init__(self, graphs: Mapping[str, Json] = GRAPHS) -> None:
        self.graphs = dict(graphs)
        self.lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        self.page = 1000
        self.sets_context_back = False
        self.requests: list[Asked] = []
        self.keys: set[str] = set()
        self.refuse: Callable[[Asked], Refusal | None] = lambda _asked: None
        self._ticks = itertools.count()
        self.objects: dict[str, Raw] = {}
        self.history: dict[str, list[Raw]] = {}
        for name in self.graphs:
            key = str(uuid.uuid5(uuid.UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8"), name))
            self._store({"assistant_id": key, "graph_id": name, "name": name, "metadata": {"created_by": "system"}})

    @property
    def assistants(self) -> dict[str, Raw]:
        """What people and programs made, by id."""
        return {key: raw for key, raw in self.objects.items() if raw["metadata"].get("created_by") != "system"}

    def writes(self) -> list[Asked]:
        """What was asked that makes, changes or deletes something."""
        reads = ("/search", "/versions", "/count")
        return [item for item in self.requests if item.method != "GET" and not item.path.endswith(reads)]

    # --- WSGI

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        data = environ["wsgi.input"].read(length) if length else b""
        headers: dict[str, str] = {}
        with self.lock:
            self.keys.add(environ.get("HTTP_X_API_KEY", ""))
            try:
                status, answer = self._answer(environ["REQUEST_METHOD"], environ["PATH_INFO"], data, headers)
            except Refusal as refusal:
                status, answer = refusal.status, {"detail": refusal.detail}
        text = b"" if answer is None else json.dumps(answer).encode()
        shown = [("Content-Length", str(len(text))), *headers.items()]
        start_response(f"{status} -", shown if answer is None else [("Content-Type", "application/json"), *shown])
        return [text]

    def _answer(self, method: str, path: str, data: bytes, headers: dict[str, str]) -> tuple[int, Json]:
        try:
            body = json.loads(data) if data else None
        except ValueError as error:
            raise Refusal(422, "Invalid JSON in request body") from error
        asked = Asked(method, path, body)
        self.requests.append(asked)
        if refusal := self.refuse(asked):
            raise refusal
        parts = path.strip("/").split("/")
        match method, parts:
            case "POST", ["assistants"]:
                return 200, self.create(_object(body))
            case "POST", ["assistants", "search"]:
                return 200, self.search(_object(body), headers)
            case "GET", ["assistants", key]:
                return 200, self._get(key)
            case "PATCH", ["assistants", key]:
                return 200, self.patch(key, _object(body))
            case "DELETE", ["assistants", key]:
                self._delete(key)
                return 204, None
            case "GET", ["assistants", key, "schemas"]:
                return 200, self._schemas(self._get(key))
            case "POST", ["assistants", key, "versions"]:
                return 200, self._versions(key, _object(body))
            case "POST", ["assistants", key, "latest"]:
                return 200, self.latest(key, _object(body))
        raise Refusal(404, "Not Found")

    # --- the verbs

    def create(self, body: Raw) -> Raw:
        if "graph_id" not in body:
            raise Refusal(422, '"graph_id" is a required property\n\nFailed validating "required" in schema')
        key = _id(body["assistant_id"]) if "assistant_id" in body else str(uuid.uuid4())
        self._check_graph(body["graph_id"])
        if key in self.objects:
            if body.get("if_exists") != "do_nothing":
                raise Refusal(409, f"Assistant {key} already exists")
            return self.objects[key]
        _check_context(body)
        return self._store({**body, "assistant_id": key})

    def _store(self, body: Raw) -> Raw:
        raw = {
            "assistant_id": body["assistant_id"],
            "graph_id": body["graph_id"],
            "config": _config(body.get("config") or {}, body.get("context") or {}),
            "context": body.get("context") or (body.get("config") or {}).get("configurable") or {},
            "metadata": body.get("metadata") or {},
            "name": body.get("name") or "Untitled",
            "created_at": (now := self._now()),
            "updated_at": now,
            "version": 1,
            "description": body.get("description"),
        }
        self.objects[raw["assistant_id"]] = raw
        self.history[raw["assistant_id"]] = [_version(raw)]
        return raw

    def _get(self, key: str) -> Raw:
        found = self.objects.get(_id(key))
        if found is None:
            raise Refusal(404, "Not Found")
        return found

    def patch(self, key: str, body: Raw) -> Raw:
        for name, kind in (("name", str), ("description", str), ("context", dict), ("metadata", dict)):
            if name in body and not isinstance(body[name], kind):
                raise Refusal(422, f"{json.dumps(body[name])} is not of type {kind.__name__}")
        if "graph_id" in body:
            self._check_graph(body["graph_id"])
        _check_context(body)
        found = self.objects.get(_id(key))
        if found is None:
            raise Refusal(404, f"Assistant {key} not found")
        given: Raw = {name: body[name] for name in ("graph_id", "name", "description", "context") if name in body}
        config = found["config"]
        if body.get("config"):
            config = body["config"]
        elif body.get("context"):
            # A new context takes the place of all that was configured.
            config = {}
        if body.get("context"):
            config = _config(config, body["context"])
        elif (body.get("config") or {}).get("configurable"):
            given["context"] = body["config"]["configurable"]
        raw: Raw = {
            **found,
            **given,
            "config": config,
            # Merged, and null is a value like any other.
            "metadata": {**found["metadata"], **(body.get("metadata") or {})},
            # Each request makes a version, also one that says nothing.
            "version": max(item["version"] for item in self.history[found["assistant_id"]]) + 1,
            "updated_at": self._now(),
        }
        self.objects[raw["assistant_id"]] = raw
        self.history[raw["assistant_id"]].insert(0, _version(raw))
        return raw

    def _delete(self, key: str) -> None:
        if self.objects.pop(_id(key), None) is None:
            raise Refusal(404, f"Assistant with ID {key} not found")
        self.history.pop(_id(key))

    def search(self, body: Raw, headers: dict[str, str]) -> list[Raw]:
        limit, offset = body.get("limit", 10), body.get("offset", 0)
        if limit > 1000:
            raise Refusal(422, f"{limit} is greater than the maximum of 1000")
        limit = min(limit, self.page)
        if "graph_id" in body:
            self._check_graph(body["graph_id"])
        wanted = body.get("metadata") or {}
        found = [
            raw
            for raw in self.objects.values()
            if all(key in raw["metadata"] and raw["metadata"][key] == value for key, value in wanted.items())
            and body.get("graph_id", raw["graph_id"]) == raw["graph_id"]
        ]
        by = body.get("sort_by", "created_at")
        found.sort(key=lambda raw: str(raw[by]), reverse=body.get("sort_order", "desc") == "desc")
        headers["X-Pagination-Total"] = str(len(found))
        if offset + limit < len(found):
            headers["X-Pagination-Next"] = str(offset + limit)
        chosen = found[offset : offset + limit]
        keep = body.get("select")
        return [{name: raw[name] for name in raw if name in keep} for raw in chosen] if keep else chosen

    def _schemas(self, raw: Raw) -> Raw:
        context = self.graphs[raw["graph_id"]]
        return {"graph_id": raw["graph_id"], "config_schema": context or {}, "context_schema": context}

    def _versions(self, key: str, body: Raw) -> list[Raw]:
        found = self.history.get(_id(key))
        if found is None:
            raise Refusal(404, f"Assistant {key} not found")
        return found[: body.get("limit", 10)]

    def latest(self, key: str, body: Raw) -> Raw:
        raw = self._get(key)
        found = [item for item in self.history[raw["assistant_id"]] if item["version"] == body.get("version")]
        if not found:
            raise Refusal(404, f"Version {body.get('version')} not found for assistant {key}")
        # The in-memory server rolls everything back but the context; of others nobody knows.
        kept = {name: raw[name] for name in ("created_at", *(() if self.sets_context_back else ("context",)))}
        self.objects[raw["assistant_id"]] = back = {**raw, **found[0], **kept, "updated_at": self._now()}
        return back

    def _check_graph(self, name: str) -> None:
        if name not in self.graphs:
            raise Refusal(404, f"Graph '{name}' not found. Expected one of: {sorted(self.graphs)}")

    def _now(self) -> str:
        return (_START + timedelta(seconds=next(self._ticks), microseconds=7)).isoformat()


def _version(raw: Raw) -> Raw:
    return {**{key: value for key, value in raw.items() if key != "updated_at"}, "created_at": raw["updated_at"]}


def _config(config: Raw, context: Raw) -> Raw:
    """The older place of the context, which mirrors it."""
    return {**config, "configurable": context} if context else config


def _check_context(body: Raw) -> None:
    if (body.get("config") or {}).get("configurable") and body.get("context"):
        raise Refusal(400, "Cannot specify both configurable and context. Prefer setting context alone.")


def _id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise Refusal(422, "Invalid assistant ID: must be a UUID") from error


def _object(body: Json) -> Raw:
    if not isinstance(body, dict):
        raise Refusal(422, f'{json.dumps(body)} is not of type "object"')
    return body
