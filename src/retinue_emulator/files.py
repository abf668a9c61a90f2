"""Files: upload, list, read, content, delete. Any dialect mounts the routes; no envelope, no key.

Source: OpenAI API reference, Files, and recorded traffic of client libraries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import checks
from .errors import ApiError
from .ground import Ground
from .lists import Listing
from .multipart import read_form
from .store import Store
from .web import Answer, Request, Route, told

KIND = "file"
MOST_BYTES = 512 * 1024 * 1024
_PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
_PIECE = 1024 * 1024


class Files:
    """The stored text of a file is its answer; its bytes stand beside it in pieces. Handlers raise ApiError.

    `removed` is told the id of each file that is deleted or has expired.
    """

    def __init__(self, ground: Ground, prefix: str = "file-") -> None:
        self._store, self._behaviour, self._now, self._new_id = ground
        self._prefix = prefix
        self._listing = Listing(ground, KIND, usual=10_000, most=10_000)
        self.removed: Callable[[str], None] = lambda _: None

    def routes(self, prefix: str) -> tuple[Route, ...]:
        """The five operations below `prefix`, which has no slash at its end."""
        every, one = f"{prefix}/files", f"{prefix}/files/{{id}}"
        return (
            Route("POST", every, self._create),
            Route("GET", every, self._list),
            Route("GET", one, lambda request, key: told(self.found(key))),
            Route("GET", f"{one}/content", lambda request, key: Answer(self.content(key), content_type=_BINARY)),
            Route("DELETE", one, self._delete),
        )

    def _create(self, request: Request) -> Answer:
        key = self._new_id(self._prefix)
        pieces = _Pieces(self._store, key)
        with self._store.transaction():
            form = read_form(request, "file", pieces.add, MOST_BYTES)
            pieces.flush()
            if form.size is None:
                raise checks.missing("file")
            if "purpose" not in form.fields:
                raise checks.missing("purpose")
            checks.one_of(*_PURPOSES)("purpose", form.fields["purpose"])
            expires = _expiry(form.fields)
            created_at = int(self._now())
            made = _plain(key, form.size, created_at, form.filename or "upload") | {"purpose": form.fields["purpose"]}
            if expires is not None:
                made["expires_at"] = created_at + expires
            self._listing.created(key)
            self._store.save(KIND, made)
        return told(made)

    def _list(self, request: Request) -> Answer:
        for key, raw in self._store.everything(KIND):
            if raw.get("expires_at", self._now() + 1) <= self._now():
                self._remove(key)
        purpose = request.query.get("purpose")
        keep = (lambda raw: raw["purpose"] == purpose) if purpose else None
        return Answer(self._listing.page(request, keep))

    def find(self, key: str) -> dict[str, Any] | None:
        """The file object, unless it is not there or has expired."""
        raw = self._store.read(KIND, key)
        return None if raw is None or raw.get("expires_at", self._now() + 1) <= self._now() else raw

    def found(self, key: str) -> dict[str, Any]:
        """Raises ApiError 404."""
        raw = self.find(key)
        if raw is None:
            raise ApiError(404, f"No such File object: {key}", param="id")
        return raw

    def content(self, key: str) -> bytes:
        self.found(key)
        return self._store.content(key)

    def _delete(self, request: Request, key: str) -> Answer:
        with self._store.transaction():
            self.found(key)
            self._remove(key)
        return told({"id": key, "object": "file", "deleted": True})

    def _remove(self, key: str) -> None:
        with self._store.transaction():
            self._store.delete(KIND, key)
            self._store.delete_content(key)
            self.removed(key)

    def seed(self, raw: Mapping[str, Any]) -> str:
        """Put a file there as it is, without a check; `content` is its text. Returns its id."""
        key, created_at = str(raw.get("id") or self._new_id(self._prefix)), int(raw.get("created_at", self._now()))
        content = str(raw.get("content", "")).encode("utf-8")
        stated = {name: value for name, value in raw.items() if name not in ("content", "id", "created_at")}
        with self._store.transaction():
            self._store.save(KIND, {**_plain(key, len(content), created_at, "file.txt"), **stated})
            self._store.delete_content(key)
            self._store.add_content(key, 0, content)
        return key


def _plain(key: str, size: int, created_at: int, filename: str) -> dict[str, Any]:
    known = {"object": "file", "purpose": "assistants", "status": "processed"}
    return {"id": key, "bytes": size, "created_at": created_at, "filename": filename, **known}


_BINARY = "application/octet-stream"


def _expiry(fields: Mapping[str, str]) -> int | None:
    """Seconds until the file expires, from `expires_after[anchor]` and `expires_after[seconds]`."""
    anchor, seconds = fields.get("expires_after[anchor]"), fields.get("expires_after[seconds]")
    if anchor is None and seconds is None:
        return None
    checks.one_of("created_at")("expires_after.anchor", anchor)
    if seconds is None or not seconds.isdecimal():
        raise checks.wrong_type("expires_after.seconds", "an integer", seconds)
    checks.number(3600, 2_592_000, whole=True)("expires_after.seconds", int(seconds))
    return int(seconds)


class _Pieces:
    """Collects the bytes of an upload into rows of a fair size."""

    def __init__(self, store: Store, key: str) -> None:
        self._store, self._key, self._number, self._waiting = store, key, 0, bytearray()

    def add(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) >= _PIECE:
            self.flush()

    def flush(self) -> None:
        if self._waiting:
            self._store.add_content(self._key, self._number, bytes(self._waiting))
            self._number += 1
            self._waiting.clear()
