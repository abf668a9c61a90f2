"""The files of a vector store, one by one and in batches: indexing takes time, and can fail or never end.

Source: OpenAI API reference, Vector store files and file batches; recorded traffic of client libraries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from . import checks
from . import vector_store_rules as rules
from .errors import ApiError
from .faults import Behaviour
from .files import Files
from .ground import Ground
from .limits import INDEXABLE
from .lists import page_of, window_of
from .web import Answer, Request, Route, told

KIND = "vector_store.file"
BATCH = "vector_store.file_batch"
_STATES = ("in_progress", "completed", "failed", "cancelled")


def kind_in(store: str, kind: str = KIND) -> str:
    """The kind under which one store's entries are kept."""
    return f"{kind}/{store}"


class StoreFiles:
    """An entry is kept with the time at which its indexing ends and how; what is answered depends on the time.

    `found` raises ApiError 404 for a store that is not there.
    """

    def __init__(self, ground: Ground, files: Files, found: Callable[[str], Any]) -> None:
        self._store, self._behaviour, self._now, self._new_id = ground
        self._files, self._found_store = files, found

    def routes(self, store: str) -> tuple[Route, ...]:
        """The operations below the path of one store."""
        every, one = f"{store}/files", f"{store}/files/{{file}}"
        batches, batch = f"{store}/file_batches", f"{store}/file_batches/{{batch}}"
        return (
            Route("POST", every, self._attach),
            Route("GET", every, self._list),
            Route("GET", one, lambda request, key, file: told(self._shown(self._found(key, file)))),
            Route("POST", one, self._modify),
            Route("DELETE", one, self._detach),
            Route("GET", f"{one}/content", self._content),
            Route("POST", batches, self._create_batch),
            Route("GET", batch, lambda request, key, name: told(self._shown_batch(self._batch(key, name)))),
            Route("POST", f"{batch}/cancel", self._cancel),
            Route("GET", f"{batch}/files", self._list_batch),
        )

    # --- what others ask

    def attach(self, store: str, fields: Mapping[str, Any], batch: str | None = None) -> dict[str, Any]:
        """Attach a file, or attach it again. Raises ApiError 404 for a file that is not there."""
        file = self._files.find(fields["file_id"])
        if file is None:
            raise ApiError(404, f"No such File object: {fields['file_id']}", param="file_id")
        chunking = fields.get("chunking_strategy") or {"type": "auto"}
        behaviour, created_at = self._behaviour(), int(self._now())
        stuck = bool(behaviour.index_stuck) and fnmatchcase(file["filename"], behaviour.index_stuck)
        made = {
            "id": file["id"],
            "object": "vector_store.file",
            "created_at": created_at,
            "vector_store_id": store,
            "chunking_strategy": rules.AUTO if chunking["type"] == "auto" else chunking,
            "attributes": fields.get("attributes") or {},
            "bytes": file["bytes"],
            "ends_at": -1 if stuck else self._now() + behaviour.index_seconds,
            "error": _fault(file, behaviour),
            "batch": batch,
        }
        self._store.save(kind_in(store), made)
        return made

    def counts(self, store: str) -> tuple[dict[str, int], int]:
        """How many entries are in which state, and the bytes of those that are indexed."""
        shown = [self._shown(raw) for _, raw in self._store.everything(kind_in(store))]
        return _counts(shown), sum(entry["usage_bytes"] for entry in shown)

    def completed(self, store: str) -> Iterator[dict[str, Any]]:
        for _, raw in self._store.everything(kind_in(store)):
            if (shown := self._shown(raw))["status"] == "completed":
                yield shown

    def forget(self, file: str) -> None:
        """A deleted file is in no store any more."""
        for kind in self._store.kinds(KIND + "/"):
            self._store.delete(kind, file)

    def drop(self, store: str) -> None:
        for kind in (kind_in(store), kind_in(store, BATCH)):
            for key, _ in self._store.everything(kind):
                self._store.delete(kind, key)

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put an entry (or a batch) there, without a check; `vector_store_id` says where. Returns its id."""
        key, store = str(raw["id"]), str(raw["vector_store_id"])
        created_at = int(raw.get("created_at", self._now()))
        if raw.get("object") == BATCH:
            self._store.save(kind_in(store, BATCH), {**raw, "created_at": created_at})
            return key
        plain = {
            "object": "vector_store.file",
            "created_at": created_at,
            "chunking_strategy": rules.AUTO,
            "attributes": {},
            "bytes": 0,
            "ends_at": 0,
            "error": None,
            "batch": None,
        }
        self._store.save(kind_in(store), {**plain, **raw, "created_at": created_at})
        return key

    # --- entries

    def _found(self, store: str, file: str) -> dict[str, Any]:
        self._found_store(store)
        raw = self._store.read(kind_in(store), file)
        if raw is None:
            raise ApiError(404, f"No file found with id '{file}' in vector store '{store}'.", param="file_id")
        return raw

    def _shown(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        status = raw.get("status") or (
            "in_progress"
            if raw["ends_at"] < 0 or raw["ends_at"] > self._now()
            else "failed"
            if raw["error"]
            else "completed"
        )
        return {
            "id": raw["id"],
            "object": "vector_store.file",
            "usage_bytes": raw["bytes"] if status == "completed" else 0,
            "created_at": raw["created_at"],
            "vector_store_id": raw["vector_store_id"],
            "status": status,
            "last_error": raw["error"] if status == "failed" else None,
            "chunking_strategy": raw["chunking_strategy"],
            "attributes": raw["attributes"],
        }

    def _attach(self, request: Request, store: str) -> Answer:
        fields = checks.body(request.json(), rules.ATTACH)
        if "file_id" not in fields:
            raise checks.missing("file_id")
        with self._store.transaction():
            self._found_store(store)
            return told(self._shown(self.attach(store, fields)))

    def _modify(self, request: Request, store: str, file: str) -> Answer:
        fields = checks.body(request.json(), rules.UPDATE_FILE)
        if "attributes" not in fields:
            raise checks.missing("attributes")
        with self._store.transaction():
            raw = {**self._found(store, file), "attributes": fields["attributes"] or {}}
            self._store.save(kind_in(store), raw)
        return told(self._shown(raw))

    def _detach(self, request: Request, store: str, file: str) -> Answer:
        with self._store.transaction():
            self._found(store, file)
            self._store.delete(kind_in(store), file)
        return told({"id": file, "object": "vector_store.file.deleted", "deleted": True})

    def _content(self, request: Request, store: str, file: str) -> Answer:
        self._found(store, file)
        text = self._files.content(file).decode("utf-8", "replace")
        data = [{"type": "text", "text": text}]
        return told({"object": "vector_store.file_content.page", "data": data, "has_more": False, "next_page": None})

    def _list(self, request: Request, store: str) -> Answer:
        self._found_store(store)
        return self._page(request, [raw for _, raw in self._store.everything(kind_in(store))])

    def _page(self, request: Request, entries: list[dict[str, Any]]) -> Answer:
        wanted = request.query.get("filter")
        if wanted:
            checks.one_of(*_STATES)("filter", wanted)
        shown = [self._shown(raw) for raw in entries]
        rows = [(entry["id"], json.dumps(entry, ensure_ascii=False)) for entry in shown]
        hidden = {entry["id"] for entry in shown if wanted and entry["status"] != wanted}
        return Answer(page_of(rows, window_of(request.query), self._behaviour(), hidden))

    # --- batches

    def _create_batch(self, request: Request, store: str) -> Answer:
        entries = rules.batch_entries(checks.body(request.json(), rules.BATCH))
        with self._store.transaction():
            self._found_store(store)
            key, created_at = self._new_id("vsfb_"), int(self._now())
            for entry in entries:
                self.attach(store, entry, key)
            made = {"id": key, "object": BATCH, "created_at": created_at, "vector_store_id": store}
            self._store.save(kind_in(store, BATCH), made)
        return told(self._shown_batch(made))

    def _batch(self, store: str, key: str) -> dict[str, Any]:
        self._found_store(store)
        raw = self._store.read(kind_in(store, BATCH), key)
        if raw is None:
            raise ApiError(404, f"No file batch found with id '{key}' in vector store '{store}'.", param="batch_id")
        return raw

    def _of_batch(self, raw: Mapping[str, Any]) -> list[dict[str, Any]]:
        entries = self._store.everything(kind_in(raw["vector_store_id"]))
        return [entry for _, entry in entries if entry["batch"] == raw["id"]]

    def _shown_batch(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        counts = _counts([self._shown(entry) for entry in self._of_batch(raw)])
        status = raw.get("status") or ("in_progress" if counts["in_progress"] else "completed")
        return {
            "id": raw["id"],
            "object": "vector_store.files_batch",
            "created_at": raw["created_at"],
            "vector_store_id": raw["vector_store_id"],
            "status": status,
            "file_counts": counts,
        }

    def _cancel(self, request: Request, store: str, key: str) -> Answer:
        with self._store.transaction():
            raw = self._batch(store, key)
            for entry in self._of_batch(raw):
                if self._shown(entry)["status"] == "in_progress":
                    self._store.save(kind_in(store), {**entry, "status": "cancelled"})
            raw["status"] = "cancelled"
            self._store.save(kind_in(store, BATCH), raw)
        return told(self._shown_batch(raw))

    def _list_batch(self, request: Request, store: str, key: str) -> Answer:
        return self._page(request, self._of_batch(self._batch(store, key)))


def _counts(shown: list[dict[str, Any]]) -> dict[str, int]:
    counts = {state: sum(entry["status"] == state for entry in shown) for state in _STATES}
    return {**counts, "total": len(shown)}


def _fault(file: Mapping[str, Any], behaviour: Behaviour) -> dict[str, str] | None:
    """Why indexing this file will fail, if it will."""
    name = file["filename"]
    for pattern, message in behaviour.index_failures.items():
        if fnmatchcase(name, pattern):
            return {"code": "server_error", "message": message}
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in INDEXABLE:
        return {"code": "unsupported_file", "message": f"Files with extension '{suffix}' are not supported."}
    return None if file["bytes"] else {"code": "invalid_file", "message": "The file is empty."}
