"""Files that hang on an assistant itself, as in 2024-02-15-preview: attach, list, read, detach.

Source: Azure's reference of assistant files. What is attached is kept in the assistant's own tool_resources.
"""

from __future__ import annotations

import json
from typing import Any

from . import azure_rules as rules
from . import checks
from .assistants import KIND, Assistants
from .errors import ApiError
from .ground import Ground
from .lists import page_of, window_of
from .web import Answer, Request, Route, told

_ROW = "assistant.file"


class AssistantFiles:
    """Handlers raise ApiError."""

    def __init__(self, ground: Ground, assistants: Assistants) -> None:
        self._store, self._behaviour, self._now, _ = ground
        self._assistants = assistants

    def routes(self, prefix: str) -> tuple[Route, ...]:
        every = f"{prefix}/assistants/{{id}}/files"
        one = f"{every}/{{file}}"
        return (
            Route("POST", every, self._attach),
            Route("GET", every, self._list),
            Route("GET", one, lambda request, key, file: Answer(self._row(self._assistants.found(key), file))),
            Route("DELETE", one, self._detach),
        )

    def _row(self, raw: dict[str, Any], file: str) -> str:
        """What was not attached by its own request is as old as its assistant."""
        if file not in rules.file_ids(raw):
            raise ApiError(404, f"No file with id '{file}' is attached to assistant '{raw['id']}'.")
        kept = self._store.get(_ROW, f"{raw['id']}/{file}")
        plain = {"id": file, "object": _ROW, "created_at": raw["created_at"], "assistant_id": raw["id"]}
        return kept or json.dumps(plain)

    def _attach(self, request: Request, key: str) -> Answer:
        body = request.json()
        file = body.get("file_id") if isinstance(body, dict) else None
        if file is None:
            raise checks.missing("file_id")
        checks.text("file_id", file)
        with self._store.transaction():
            raw = self._assistants.found(key)
            held = rules.file_ids(raw)
            if file not in held:
                checks.listed(20, checks.text)("file_ids", [*held, file])
                created_at = int(self._now())
                row = {"id": file, "object": _ROW, "created_at": created_at, "assistant_id": key}
                self._store.put(_ROW, f"{key}/{file}", created_at, json.dumps(row))
                self._put(raw, [*held, file])
            return Answer(self._row(self._assistants.found(key), file))

    def _detach(self, request: Request, key: str, file: str) -> Answer:
        with self._store.transaction():
            raw = self._assistants.found(key)
            self._row(raw, file)
            self._store.delete(_ROW, f"{key}/{file}")
            self._put(raw, [item for item in rules.file_ids(raw) if item != file])
        return told({"id": file, "object": "assistant.file.deleted", "deleted": True})

    def _put(self, raw: dict[str, Any], files: list[str]) -> None:
        resources = {**(raw.get("tool_resources") or {}), "code_interpreter": {"file_ids": files}}
        self._store.save(KIND, {**raw, "tool_resources": resources})

    def _list(self, request: Request, key: str) -> Answer:
        window, raw = window_of(request.query), self._assistants.found(key)
        rows = [(file, self._row(raw, file)) for file in rules.file_ids(raw)]
        rows.sort(key=lambda row: (json.loads(row[1])["created_at"], row[0]))
        return Answer(page_of(rows, window, self._behaviour()))
