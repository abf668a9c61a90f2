"""Vector stores: create, list, read, modify, delete, search; they expire. Any dialect mounts the routes.

Source: OpenAI API reference, Vector stores; recorded traffic of client libraries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from . import checks
from . import vector_store_rules as rules
from .errors import ApiError
from .files import Files
from .ground import Ground
from .lists import Listing
from .store_files import StoreFiles
from .web import Answer, Request, Route, told

KIND = "vector_store"
_DAY = 86_400


class VectorStores:
    """Handlers raise ApiError. What depends on the time, status and counts, is told at the time of the answer."""

    def __init__(self, ground: Ground, files: Files) -> None:
        self._store, self._behaviour, self._now, self._new_id = ground
        self._listing = Listing(ground, KIND)
        self._files = files
        self.entries = StoreFiles(ground, files, self._found)
        files.removed = self.entries.forget

    def routes(self, prefix: str) -> tuple[Route, ...]:
        """The operations below `prefix`, which has no slash at its end."""
        every, one = f"{prefix}/vector_stores", f"{prefix}/vector_stores/{{id}}"
        return (
            Route(
                "POST", every, lambda request: told(self.shown(self.make(checks.body(request.json(), rules.CREATE))))
            ),
            Route("GET", every, self._list),
            Route("GET", one, lambda request, key: told(self.shown(self._found(key)))),
            Route("POST", one, self._modify),
            Route("DELETE", one, self._delete),
            Route("POST", f"{one}/search", self._search),
            *self.entries.routes(one),
        )

    def make(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A new store with the files that were asked for. Raises ApiError 404 for one that is not there."""
        with self._store.transaction():
            known = {name: fields[name] for name in ("name", "expires_after", "metadata") if fields.get(name)}
            made = self._plain(self._new_id("vs_"), int(self._now())) | known
            self._listing.created(str(made["id"]))
            self._store.save(KIND, made)
            shared = {"chunking_strategy": fields.get("chunking_strategy"), "attributes": None}
            for key in fields.get("file_ids") or ():
                self.entries.attach(str(made["id"]), {"file_id": key, **shared})
        return made

    def _found(self, key: str) -> dict[str, Any]:
        raw = self._store.read(KIND, key)
        if raw is None:
            raise ApiError(404, f"Vector store with id '{key}' not found.", param="vector_store_id")
        return raw

    def shown(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The object as it is answered now."""
        counts, usage = self.entries.counts(raw["id"])
        expires_at = None
        if raw.get("expires_after"):
            expires_at = raw["last_active_at"] + raw["expires_after"]["days"] * _DAY
        expired = raw.get("status") == "expired" or (expires_at is not None and expires_at <= self._now())
        found = {
            **raw,
            "usage_bytes": 0 if expired else usage,
            "file_counts": counts,
            "status": "expired" if expired else "in_progress" if counts["in_progress"] else "completed",
            "expires_at": expires_at,
        }
        if self._behaviour().store_nulls == "none":
            found = {name: value for name, value in found.items() if value is not None or name == "last_active_at"}
            found.setdefault("name", "")
        return found

    def _list(self, request: Request) -> Answer:
        listed = json.loads(self._listing.page(request))
        return told({**listed, "data": [self.shown(raw) for raw in listed["data"]]})

    def _modify(self, request: Request, key: str) -> Answer:
        fields = checks.body(request.json(), rules.MODIFY)
        with self._store.transaction():
            before = self._found(key)
            metadata = fields.get("metadata") if "metadata" in fields else before["metadata"]
            if self._behaviour().metadata == "merge" and metadata is not None:
                metadata = {**before["metadata"], **metadata}
                checks.metadata("metadata", metadata)
            after = {**before, **fields, "metadata": metadata or {}}
            self._store.save(KIND, after)
        return told(self.shown(after))

    def _delete(self, request: Request, key: str) -> Answer:
        with self._store.transaction():
            self._found(key)
            self._store.delete(KIND, key)
            self.entries.drop(key)
        return told({"id": key, "object": "vector_store.deleted", "deleted": True})

    def _search(self, request: Request, key: str) -> Answer:
        """Finds files by the share of the query's words that they hold: plain, but a real search."""
        body = checks.body(request.json(), _SEARCH)
        if "query" not in body:
            raise checks.missing("query")
        queries = body["query"] if isinstance(body["query"], list) else [body["query"]]
        wanted = {word for query in queries for word in _words(query)}
        self._found(key)
        found = []
        for entry in self.entries.completed(key):
            text = self._files.content(entry["id"]).decode("utf-8", "replace")
            score = len(wanted & _words(text)) / max(1, len(wanted))
            if score:
                name = (self._files.find(entry["id"]) or {}).get("filename", "")
                found.append(
                    {
                        "file_id": entry["id"],
                        "filename": name,
                        "score": score,
                        "attributes": entry["attributes"],
                        "content": [{"type": "text", "text": text[:2000]}],
                    }
                )
        found.sort(key=lambda item: -item["score"])
        most = body.get("max_num_results") or 10
        result = {
            "object": "vector_store.search_results.page",
            "search_query": queries,
            "data": found[:most],
            "has_more": len(found) > most,
            "next_page": None,
        }
        return told(result)

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put a store there as it is, without a check. `status: expired` makes it so. Returns its id."""
        key, created_at = str(raw.get("id") or self._new_id("vs_")), int(raw.get("created_at", self._now()))
        self._store.save(KIND, {**self._plain(key, created_at), **raw, "id": key, "created_at": created_at})
        return key

    @staticmethod
    def _plain(key: str, created_at: int) -> dict[str, Any]:
        times = {"created_at": created_at, "last_active_at": created_at}
        return {"id": key, "object": "vector_store", **times, "name": None, "expires_after": None, "metadata": {}}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


_SEARCH: Mapping[str, checks.Check] = {
    "query": lambda path, value: (checks.listed(100, checks.text) if isinstance(value, list) else checks.text)(
        path, value
    ),
    "filters": checks.anything,
    "max_num_results": checks.number(1, 50, whole=True),
    "ranking_options": checks.anything,
    "rewrite_query": checks.boolean,
}
