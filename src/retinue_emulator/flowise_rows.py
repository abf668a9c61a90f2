"""Rows of assistants as Flowise 3.1.4 keeps them: CUSTOM ones byte for byte, all others mirrored to an upstream."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .errors import ApiError, Refused
from .flowise_chatflows import Chatflows
from .flowise_text import WORKSPACE, as_js, date
from .flowise_upstream import Upstream
from .ground import Ground
from .web import Answer, Request, Route

KIND = "flowise_assistant"
_OURS = ("id", "createdDate", "updatedDate", "workspaceId")
_COLUMNS = ("details", "credential", "iconSrc", "type")


class Rows:
    """The five operations. Handlers raise ApiError 500 with the server's own words."""

    def __init__(self, ground: Ground, upstream: Upstream, chatflows: Chatflows) -> None:
        self._store, self._upstream, self._now = ground.store, upstream, ground.now
        self._chatflows = chatflows

    def routes(self, prefix: str) -> tuple[Route, ...]:
        every, one = f"{prefix}/assistants", f"{prefix}/assistants/{{id}}"
        return (
            Route("POST", every, self._in("createAssistant", self._create)),
            Route("GET", every, self._list),
            Route("GET", one, self._in("getAssistantById", lambda request, key: self._found(key))),
            Route("PUT", one, self._in("updateAssistant", lambda request, key: self._put(key, body_of(request)))),
            Route("DELETE", one, self._in("deleteAssistant", self._delete)),
        )

    def _in(self, operation: str, handle: Callable[..., Any]) -> Callable[..., Answer]:
        def wrapped(request: Request, *segments: str) -> Answer:
            try:
                # White space at the end of an id does not count.
                keys = [segment.rstrip() for segment in segments]
                return Answer(json.dumps(handle(request, *keys), ensure_ascii=False))
            except Refused as error:
                raise ApiError(500, f"Error: assistantsService.{operation} - {error}") from error

        return wrapped

    def _list(self, request: Request) -> Answer:
        """`type` is matched exactly; `page` and `limit` are ignored."""
        rows = self._store.texts(KIND)
        wanted = request.query.get("type")
        if not wanted:
            return Answer(f"[{','.join(text for _, text in rows)}]")
        found = [text for _, text in rows if json.loads(text)["type"] == wanted]
        return Answer(f"[{','.join(found)}]")

    def _found(self, key: str) -> dict[str, Any]:
        row = self._store.read(KIND, key)
        if row is None:
            raise Refused(f"Assistant {key} not found")
        return row

    def _create(self, request: Request) -> dict[str, Any]:
        body = body_of(request)
        if not body.get("details"):
            raise Refused("Invalid request body")
        details = parsed(body["details"])
        if body.get("type") != "CUSTOM":
            body["details"] = self._mirrored(details, body.get("credential"))
        return self._insert(body)

    def _mirrored(self, details: Any, credential: Any) -> str:
        try:
            key = self._upstream.create(_object(details), credential)
        except Refused as error:
            raise Refused(f"Error creating new assistant - {error}") from error
        return as_js({**_object(details), "id": key})

    def _insert(self, body: Mapping[str, Any]) -> dict[str, Any]:
        _credential_there(body.get("credential"))
        with self._store.transaction():
            row = {
                "details": body["details"],
                "credential": body["credential"],
                "iconSrc": body.get("iconSrc"),
                "type": body.get("type"),
            }
            return self._save(row, str(uuid.uuid4()), int(self._now()))

    def _save(self, columns: Mapping[str, Any], key: str, created: int) -> dict[str, Any]:
        row = {
            "id": key,
            **columns,
            "createdDate": columns.get("createdDate", date(created)),
            "updatedDate": date(int(self._now())),
            "workspaceId": WORKSPACE,
        }
        self._store.put(KIND, key, created, json.dumps(row, ensure_ascii=False))
        return row

    def save_as_page(self, key: str, edits: Mapping[str, Any]) -> None:
        """Save a row as the user interface does after `edits` to its details. Raises Refused.

        The page of a CUSTOM row saves its chatflow, then sends every member back; that of the others those that it has
        inputs for: without the metadata, numbers as numbers, and null for those that are empty, absent or 0.
        """
        row = self._found(key)
        details = {**_object(parsed(row["details"])), **edits}
        if row["type"] == "CUSTOM":
            details["instruction"] = details.get("instruction") or "You are helpful assistant"
            details["flowId"] = self._chatflows.save_as_page(details)
            self._put(key, {"details": as_js(details)})
            return
        shown = {name: details[name] for name in ("name", "description", "model", "instructions") if name in details}
        numbers = {name: float(details[name]) if details.get(name) else None for name in ("temperature", "top_p")}
        rest = {"tools": details.get("tools") or [], "tool_resources": details.get("tool_resources") or {}}
        body = {"iconSrc": row["iconSrc"], "credential": row["credential"], "details": as_js(shown | numbers | rest)}
        self._put(key, body)

    def _put(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Last writer wins. `details` is replaced whole; of a CUSTOM row the type too."""
        with self._store.transaction():
            row = self._found(key)
            details = _checked(row, body)
            if row["type"] != "CUSTOM":
                body = self._mirror_update(row, body, details)
            columns = {name: body[name] for name in _COLUMNS if name in body}
            if "credential" in columns:
                _credential_there(columns["credential"])
            changed = {**row, **columns}
            if changed == row:
                return row
            created = int(datetime.fromisoformat(row["createdDate"]).timestamp())
            return self._save({name: changed[name] for name in (*_COLUMNS, "createdDate")}, key, created)

    def _mirror_update(self, row: Mapping[str, Any], body: Mapping[str, Any], details: Any) -> dict[str, Any]:
        key = _object(parsed(row["details"])).get("id")
        try:
            details = parsed(body.get("details", "undefined")) if details is None else details
            self._upstream.update(key, _object(details), body.get("credential"))
        except Refused as error:
            raise Refused(f"Error updating assistant - {error}") from error
        kept = {name: body[name] for name in ("credential", "iconSrc") if name in body}
        return {"details": as_js({**_object(details), "id": key}), **kept}

    def _delete(self, request: Request, key: str) -> dict[str, Any]:
        """The row goes first; what the upstream says comes too late for it."""
        row = self._found(key)
        if row["type"] != "CUSTOM":
            try:
                self._upstream.authorise(row["credential"])
                self._store.delete(KIND, key)
                if request.query.get("isDeleteBoth"):
                    self._upstream.delete(_object(parsed(row["details"])).get("id"))
            except Refused as error:
                raise Refused(f"Error deleting assistant - {error}") from error
        gone = self._store.delete(KIND, key) or row["type"] != "CUSTOM"
        return {"raw": [], "affected": int(gone)}

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put a row there as it is; `details` may be an object. Returns its id."""
        key = str(raw.get("id") or uuid.uuid4())
        created = int(raw.get("created_at", self._now()))
        details = raw.get("details", "{}")
        columns = {
            "details": details if isinstance(details, str) else as_js(details),
            "credential": raw.get("credential") or str(uuid.uuid4()),
            "iconSrc": raw.get("iconSrc"),
            "type": raw.get("type"),
        }
        self._save(columns, key, created)
        return key


def body_of(request: Request) -> dict[str, Any]:
    body = request.json() if "json" in request.headers.get("content-type", "json") else {}
    return {name: value for name, value in _object(body).items() if name not in _OURS}


def parsed(text: Any) -> Any:
    """JSON.parse: an object that is not text reads as `[object Object]`."""
    if isinstance(text, dict):
        raise Refused('"[object Object]" is not valid JSON')
    if text == "undefined":
        raise Refused('"undefined" is not valid JSON')
    try:
        return json.loads(text if isinstance(text, str) else json.dumps(text))
    except (ValueError, RecursionError) as error:
        raise Refused(f"Unexpected token in JSON: {str(text)[:20]!r} is not valid JSON") from error


def _checked(row: Mapping[str, Any], body: Mapping[str, Any]) -> Any:
    """The details of an update, or None where it has none."""
    if "details" not in body:
        return None
    if not body["details"]:
        raise Refused("Details cannot be empty")
    try:
        details = parsed(body["details"])
    except Refused as error:
        raise Refused("Details must be valid JSON") from error
    if row["type"] == "CUSTOM" and not _object(details).get("name"):
        raise Refused("Details must include a name field")
    return details


def _credential_there(credential: Any) -> None:
    if credential is None:
        raise Refused("SQLITE_CONSTRAINT: NOT NULL constraint failed: assistant.credential")


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
