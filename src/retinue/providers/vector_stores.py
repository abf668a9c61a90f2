"""Kind `VectorStore` over the OpenAI API, also Azure's: a store, the files in it, and the wait for their indexing.

Source of the facts: OpenAI API reference, Vector stores, Vector store files, Vector store file batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from ..core.canonical import canonical_json
from ..core.errors import ApiGone, Incomplete, NotFound, NotSent, Rejected, RetinueError, Unreachable
from ..core.model import Desired, Diagnostic, Json, Live
from ..core.references import target_of
from .assistants_v2 import VECTOR_STORE
from .base import Fields, Marker, Support
from .lenient import numbered
from .metadata import authors, created_with, live_of, texts, updated_with
from .openai_files import FileVerbs
from .paged import asking, below, id_of, paged, remove
from .wire import Connection, Verb

if TYPE_CHECKING:
    from .http import Http

NAME_KEY = "retinue.name"
"""The attribute that holds an uploaded file's plain name: what a search answers is the long one."""
_PATH = "vector_stores"
_NO_STORES = "This server has no vector stores. Take the `vector_store` manifests out, or name another `endpoint`."
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
_LONGEST_INDEXING = 900.0
_GIVEN_UP = ("failed", "cancelled")
_MOST_NAMED = 5
STORE_FIELDS = {
    "name": (Support.NATIVE, ""),
    "files": (Support.NATIVE, "in batches of at most 2,000; the plain name of an upload is the attribute retinue.name"),
    "chunking_strategy": (Support.NATIVE, "kept with each file; a change indexes it again"),
    "expires_after": (Support.NATIVE, "an expired store is replaced"),
    "metadata": (Support.NATIVE, ""),
}
SEARCHABLE = frozenset(VECTOR_STORE.schema["x-retinue-extensions"])
"""The extensions that file_search takes (API guide, File search: supported files)."""


def to_store(raw: Mapping[str, Json], entries: Sequence[Mapping[str, Json]]) -> Live:
    """A store and its files as a live resource. What could not be indexed is not in it, so the next plan adds it."""
    spec = {name: raw[name] for name in ("name", "expires_after") if name in raw}
    spec |= {"name": spec.get("name") or None, "metadata": authors(texts(raw))}
    kept = [entry for entry in entries if entry.get("status") not in _GIVEN_UP]
    spec["files"] = [to_entry(entry) for entry in kept]
    every = spec["files"] if len(kept) == len(entries) else [to_entry(entry) for entry in entries]
    return replace(
        live_of(raw, VECTOR_STORE, "a vector store", spec),
        expired=raw.get("status") == "expired",
        tried={} if every is spec["files"] else {"files": every},
        raw={**raw, "files": list(entries)},
    )


def to_entry(entry: Mapping[str, Json]) -> dict[str, Json]:
    """A store's file in the words of a manifest."""
    attributes = {key: value for key, value in (entry.get("attributes") or {}).items() if key != NAME_KEY}
    chunking = entry.get("chunking_strategy") or {}
    # `other` is what files from before the feature read back as: nothing that anybody could ask for.
    known = {"chunking_strategy": chunking} if chunking.get("type") in ("auto", "static") else {}
    return {"file_id": entry["id"], "attributes": attributes, **known}


def unsearchable(desired: Desired) -> Iterator[Diagnostic]:
    """The uploads of a store that file_search would refuse."""
    for index, item in numbered(desired.spec.get("files")):
        address = target_of(item.get("file_id"))
        dot = "" if address is None else address.name.rpartition("/")[2].rpartition(".")
        suffix = f".{dot[2].lower()}" if dot and dot[1] else ""
        if address is not None and suffix not in SEARCHABLE:
            what = f"`{suffix}` files" if suffix else "files without an extension"
            message = f"file_search cannot read {what}: {address.name}"
            remedy = f"Convert it to one of {' '.join(sorted(SEARCHABLE))}, or give tables to code_interpreter."
            yield Diagnostic("unsupported-extension", message, remedy, path=f"/files/{index}/file_id")


class StoreVerbs:
    """The verbs of kind `VectorStore`. Only stores whose marker is one of the connection's `ours` are read with files.

    `attributes`: whether the service keeps attributes on a store's files. `most`: how many files a batch may have.
    """

    def __init__(
        self, http: Http, connection: Connection, files: FileVerbs, *, attributes: bool = True, most: int = 2000
    ) -> None:
        self._http, self._files, self._attributes, self._most = http, files, attributes, most
        self._clock, self._stop = connection.clock, connection.stop
        self._ours, self._progress = connection.ours, connection.tell
        self._deadline = connection.clock.now() + connection.budget

    def list(self) -> Iterator[Live]:
        for raw in paged(asking(self._http, _PATH, _NO_STORES), "vector stores", {"limit": "100"}):
            found = to_store(raw, ())
            if (found.marker_address or "").startswith(self._ours) and found.marker_address and not found.expired:
                try:
                    found = to_store(raw, self._entries(found.remote_id))
                except NotFound:
                    continue
            yield found

    def get(self, remote_id: str) -> Live | None:
        try:
            return self._whole(remote_id)
        except NotFound:
            return None

    def create(self, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        """The store first, so that its marker is there whatever becomes of its files. Raises Incomplete for these."""
        fields = {name: spec[name] for name in ("name", "expires_after") if spec.get(name) is not None}
        body = {**_with_anchor(fields), "metadata": created_with(spec, marker)}
        remote_id = to_store(self._http.send(Verb.CREATE, "POST", _PATH, body=body), ()).remote_id
        try:
            self._fill(remote_id, spec.get("files") or [], {})
            return self._whole(remote_id)
        except Incomplete:
            raise
        except RetinueError as error:
            message = f"{remote_id} was made, but not filled: {error.message}"
            raise Incomplete(message, error.remedy or _AGAIN, remote_id=remote_id) from error

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Live:
        """New files first; what is no longer wanted goes only once they are indexed, so a search always finds some."""
        remote_id = live.remote_id
        if "files" in fields:
            have = {str(entry["id"]): entry for entry in self._entries(remote_id)}
            extra = have.keys() - _wanted(fields["files"] or []).keys()
            self._fill(remote_id, fields["files"] or [], have)
            for file_id in sorted(extra):
                self._detach(remote_id, file_id)
        own = {name: value for name, value in fields.items() if name in ("name", "expires_after")}
        body = {**_with_anchor(own), "metadata": updated_with(live, fields, marker)}
        self._http.send(Verb.UPDATE, "POST", below(_PATH, remote_id), body=body)
        return self._whole(remote_id)

    def delete(self, remote_id: str) -> None:
        remove(self._http, below(_PATH, remote_id))

    # --- files of a store

    def _whole(self, remote_id: str) -> Live:
        raw = self._http.send(Verb.GET, "GET", below(_PATH, remote_id))
        return to_store(raw, () if raw.get("status") == "expired" else self._entries(remote_id))

    def _entries(self, remote_id: str) -> Sequence[dict[str, Json]]:
        """Raises NotFound if the store has gone away meanwhile: its list of files answers as a missing API does."""
        path = f"{below(_PATH, remote_id)}/files"
        try:
            return paged(asking(self._http, path, _NO_STORES), "files of a vector store", {"limit": "100"})
        except ApiGone:
            self._http.send(Verb.GET, "GET", below(_PATH, remote_id))
            raise

    def _fill(
        self, remote_id: str, files: Sequence[Mapping[str, Json]], have: Mapping[str, Mapping[str, Json]]
    ) -> None:
        """Attach what is missing and mend what differs. Raises Incomplete for what could not be indexed."""
        wanted = _wanted(files)
        reindexed = {key for key, item in wanted.items() if key in have and _must_be_reindexed(item, have[key])}
        for file_id in sorted(reindexed):
            self._detach(remote_id, file_id)
        missing = [item for key, item in wanted.items() if key not in have or key in reindexed]
        for key, item in wanted.items() if self._attributes else ():
            if key not in have or key in reindexed:
                continue
            attributes = self._with_name(item)
            if canonical_json(item.get("attributes") or {}) != canonical_json(to_entry(have[key])["attributes"]):
                path = below(f"{below(_PATH, remote_id)}/files", key)
                self._http.send(Verb.UPDATE, "POST", path, body={"attributes": attributes})
        if missing:
            self._index(remote_id, missing)

    def _with_name(self, item: Mapping[str, Json]) -> dict[str, Json]:
        """Its attributes with the name by which people know the file. Raises Rejected if there is no such file."""
        file_id = str(item["file_id"])
        name = self._files.plain_names.get(file_id)
        if name is None:
            found = self._files.get(file_id)
            if found is None:
                raise Rejected(f"there is no file {file_id}", "Correct the id, or upload the file: {upload: PATH}.")
            name = str(found.spec["name"])
        return {**(item.get("attributes") or {}), NAME_KEY: name}

    def _detach(self, remote_id: str, file_id: str) -> None:
        remove(self._http, below(f"{below(_PATH, remote_id)}/files", file_id))

    def _index(self, remote_id: str, items: Sequence[Mapping[str, Json]]) -> None:
        path = f"{below(_PATH, remote_id)}/file_batches"
        batches = []
        for body in self._batches(items):
            # Safe to repeat: attaching what is attached already changes nothing.
            raw = self._http.send(Verb.UPDATE, "POST", path, body=body)
            batches.append(below(path, id_of(raw, "a batch")))
        self._wait(remote_id, batches, len(items))
        names = {str(item["file_id"]) for item in items}
        failed = [e for e in self._entries(remote_id) if e["id"] in names and e.get("status") in _GIVEN_UP]
        if failed:
            reasons = []
            for entry in failed[:_MOST_NAMED]:
                error, file_id = entry.get("last_error") or {}, str(entry["id"])
                why = error.get("message") or error.get("code") or entry.get("status")
                reasons.append(f"{self._files.plain_names.get(file_id, file_id)}: {why}")
            more = f"; and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
            message = f"{_of(len(failed), len(items))} could not be indexed: {'; '.join(reasons)}{more}"
            raise Incomplete(message, "Fix these files or remove them, and apply again.", remote_id=remote_id)

    def _batches(self, items: Sequence[Mapping[str, Json]]) -> Iterator[dict[str, Json]]:
        """Bodies of as many files as a batch may have; without attributes, those that are cut up alike go together."""
        if self._attributes:
            entries = [
                {"file_id": item["file_id"], **_chunking(item), "attributes": self._with_name(item)} for item in items
            ]
            for start in range(0, len(entries), self._most):
                yield {"files": entries[start : start + self._most]}
            return
        alike: dict[str, list[Mapping[str, Json]]] = {}
        for item in items:
            alike.setdefault(canonical_json(item.get("chunking_strategy")), []).append(item)
        for group in alike.values():
            for start in range(0, len(group), self._most):
                part = group[start : start + self._most]
                yield {**_chunking(part[0]), "file_ids": [item["file_id"] for item in part]}

    def _wait(self, remote_id: str, batches: Sequence[str], total: int) -> None:
        """Until nothing of the batches is being indexed any more. Raises Incomplete when that takes too long."""
        started, pause, told, busy, late = self._clock.now(), _FIRST_PAUSE, -1, total, False
        while True:
            try:
                counts = [self._http.send(Verb.GET, "GET", path).get("file_counts") or {} for path in batches]
                busy = sum(int(count.get("in_progress") or 0) for count in counts)
            except (NotSent, Unreachable):
                # The last look does not end in time: what is known is that these are not done.
                late = self._clock.now() >= self._deadline
                if not late:
                    raise
            if not busy:
                return
            if total - busy != told:
                told = total - busy
                self._progress(f"  {remote_id}: {_of(told, total)} indexed")
            now = self._clock.now()
            if late or self._stop.is_set() or now - started > _LONGEST_INDEXING or now + pause > self._deadline:
                why = "when the run was stopped" if self._stop.is_set() else f"after {now - started:.0f} s"
                message = f"{_of(busy, total)} {'was' if busy == 1 else 'were'} still being indexed {why}"
                raise Incomplete(message, "The service goes on with it; apply again later.", remote_id=remote_id)
            self._clock.wait(pause, self._stop)
            pause = min(_LONGEST_PAUSE, pause * 1.5)


_AGAIN = "Apply again: what is there already is not done twice."
_AUTO_SIZES = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}


def _wanted(files: Sequence[Mapping[str, Json]]) -> dict[str, Mapping[str, Json]]:
    return {str(item["file_id"]): item for item in files}


def _with_anchor(fields: Mapping[str, Json]) -> dict[str, Json]:
    expiry = fields.get("expires_after")
    return {**fields, **({"expires_after": {"anchor": "last_active_at", **expiry}} if expiry else {})}


def _chunking(item: Mapping[str, Json]) -> dict[str, Json]:
    return {"chunking_strategy": item["chunking_strategy"]} if item.get("chunking_strategy") else {}


def _must_be_reindexed(item: Mapping[str, Json], held: Mapping[str, Json]) -> bool:
    """How a file is cut up is settled when it is attached; what failed to be indexed is tried again."""
    if held.get("status") in _GIVEN_UP:
        return True
    known = to_entry(held).get("chunking_strategy")
    return known is not None and _sizes(item.get("chunking_strategy")) != _sizes(known)


def _sizes(chunking: Json) -> Json:
    return (chunking or {}).get("static") or _AUTO_SIZES


def _of(count: int, total: int) -> str:
    return f"{count} of {total} file{'' if total == 1 else 's'}"
