"""The five verbs over HTTP, and what a server says of the names in manifests. Safe for many threads."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.errors import AuthError, NotFound, Rejected, RetinueError, ServiceError
from ...core.model import Desired, Diagnostic, Json, Live, Severity
from ..base import Fields, Marker, Resolved
from ..lenient import mapping, mappings
from ..paged import below
from ..wire import Verb
from .behind import Behind
from .block import CUSTOM, Block, block_of
from .directory import Directory, by_name, credentials_from, resolved, stores_from
from .nodes import credential_of
from .rows import NO_ROW, details_of, is_exact, parsed_details, to_live, upstream_id
from .verdicts import is_gone_upstream, remedy_for
from .writing import IN_NODE, create_body, update_body

if TYPE_CHECKING:
    from ..http import Http

_SUPPORTED = "3.1."
_REPAIR = "Repair or delete the row in Flowise."


class FlowiseService:
    """`list` is one request; catalogues and credentials are read once, and only if a row or a manifest needs them."""

    def __init__(self, http: Http) -> None:
        self._http, self.close = http, http.close
        self._lock = threading.RLock()
        self._directory = Directory()
        self._asked: dict[str, RetinueError | None] = {}
        self._rows: dict[str, str | None] = {}
        self._notes: dict[str, Diagnostic] = {}
        self._behind = Behind(self._send, lambda key: self._directory.credentials.name_of(key))

    # --- the five verbs

    def list(self, kind: str) -> Iterator[Live]:
        """Every row, those without a type too, oldest first: the server promises no order and has no pages."""
        rows: list[dict[str, Json]] = self._send(Verb.LIST, "GET", "assistants")
        if not all(isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"] for row in rows):
            raise ServiceError("the list of assistants is not in the shape of Flowise", NO_ROW)
        with self._lock:
            self._rows = {row["id"]: upstream_id(row) for row in rows}
        self._look_up(_needs(rows))
        behind = self._behind.of_rows(rows)
        found = [to_live(row, self._directory, behind.get(row["id"])) for row in rows]
        for key in (row["id"] for row in rows if parsed_details(row) is None):
            message = f"the details of {key} are not a JSON object, so its owner is unknown and it is left alone"
            note = Diagnostic("flowise-details", message, _REPAIR, severity=Severity.WARNING)
            self._notes[f"details {key}"] = note
        yield from sorted(found, key=lambda item: (item.created_at, item.remote_id))

    def get(self, kind: str, remote_id: str) -> Live | None:
        if not _can_be_id(remote_id):
            return None
        try:
            row = self._send(Verb.GET, "GET", below("assistants", remote_id))
        except NotFound:
            return None
        resource = self._read(row)
        behind = self._behind.of_one(row)
        return resource if behind is None else to_live(row, self._directory, behind)

    def create(self, kind: str, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        self._require([block_of(spec)])
        return self._read(self._send(Verb.CREATE, "POST", "assistants", create_body(spec, marker, self._directory)))

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Live:
        if not is_exact(live.raw):
            raise Rejected(f"the details of {live.remote_id} are no JSON object that can be written again", _REPAIR)
        if not IN_NODE.isdisjoint(fields):
            self._require([block_of({**live.spec, **fields})])
        body = update_body(live, fields, marker, self._directory)
        return self._read(self._send(Verb.UPDATE, "PUT", below("assistants", live.remote_id), body))

    def delete(self, kind: str, remote_id: str) -> None:
        """With the upstream assistant, unless another row shares it. Only `affected: 1` says that the row is gone;
        after any other answer it is looked for."""
        if not _can_be_id(remote_id):
            return
        with self._lock:
            behind = self._rows.get(remote_id)
            shared = sum(key == behind for key in self._rows.values()) > 1
        refusal: Rejected | None = None
        path, answer = below("assistants", remote_id), {}
        try:
            params = {"isDeleteBoth": "true"} if behind and not shared else None
            answer = self._send(Verb.DELETE, "DELETE", path, params=params)
        except NotFound:
            return
        except Rejected as error:
            refusal = error
        if answer.get("affected") != 1:
            with suppress(NotFound):
                self._send(Verb.GET, "GET", path)
                raise refusal or Rejected(f"{remote_id} is still there after its delete", "Look at it in Flowise.")
        with self._lock:
            self._rows.pop(remote_id, None)
        if refusal is not None and not is_gone_upstream(refusal.message):
            message = f"{remote_id} is deleted, but its assistant {behind} may still be upstream: {refusal.message}"
            raise Rejected(message, "Delete that one at the upstream by hand.")

    # --- names

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """Manifests in the form in which rows are read. Raises what kept the server from telling the names."""
        self._require([block_of(item.spec) for item in desired])
        pairs = [resolved(item, self._directory) for item in desired]
        known = (block_of(item.spec) for item, found in pairs if not found)
        named = {block.credential for block in known if block.credential and not block.is_custom}
        self._behind.try_out(map(self._directory.credentials.id_of, sorted(named)))
        notes = [*self._version(), *(note for _, note in sorted((self._notes | self._behind.notes).items()))]
        return Resolved(tuple(item for item, _ in pairs), (*notes, *(item for _, found in pairs for item in found)))

    def _require(self, blocks: Sequence[Block]) -> None:
        """Everything that these blocks name; raises what kept the server from telling it."""
        needed = {table for block in blocks for table in _wanted(block)}
        self._look_up(needed)
        for table in sorted(needed):
            failure = self._asked.get(table)
            if failure is None or (table == "credentials" and all(map(_names_no_credential, blocks))):
                continue
            if isinstance(failure, AuthError) and table == "credentials":
                remedy = "Give the API key in Flowise the permission `credentials:view`, or write ids for the names."
                raise AuthError(failure.message, remedy)
            raise failure

    def _version(self) -> Iterator[Diagnostic]:
        try:
            version = str(self._send(Verb.GET, "GET", "version").get("version"))
        except ServiceError as error:
            version = f"unknown ({error.message})"
        if not version.startswith(_SUPPORTED):
            message = f"this Flowise is of version {version}; retinue was tried against {_SUPPORTED}x"
            remedy = "Look closely at the first plans, and keep a copy of its database."
            yield Diagnostic("flowise-version", message, remedy, severity=Severity.WARNING)

    def _look_up(self, tables: Iterable[str]) -> None:
        """Read these tables unless that was tried before. A failure is remembered: ids then stay ids."""
        with self._lock:
            for table in sorted(set(tables) - self._asked.keys()):
                path, take = _TABLES[table]
                try:
                    found = take(self._send(Verb.LIST, "GET", path))
                except RetinueError as error:
                    self._asked[table] = error
                else:
                    self._asked[table] = None
                    self._directory = replace(self._directory, **{table: found})

    def _read(self, row: Json) -> Live:
        self._look_up(_needs([row]))
        resource = to_live(row, self._directory)
        with self._lock:
            self._rows[resource.remote_id] = upstream_id(row)
        return resource

    def _send(
        self, verb: Verb, method: str, path: str, body: Json = None, *, params: Mapping[str, str] | None = None
    ) -> Json:
        try:
            return self._http.send(verb, method, path, body=body, params=params)
        except Rejected as error:
            remedy = error.remedy or remedy_for(error.message)
            raise Rejected(error.message, remedy, status=error.status, code=error.code, param=error.param) from error


_TABLES: Mapping[str, tuple[str, Callable[[Json], Json]]] = {
    "credentials": ("credentials", credentials_from),
    "chat_models": ("assistants/components/chatmodels", by_name),
    "tools": ("assistants/components/tools", by_name),
    "stores": ("assistants/components/docstores", stores_from),
}


def _needs(rows: Iterable[Json]) -> set[str]:
    """The tables without which these rows cannot be read as a manifest says it."""
    found: set[str] = set()
    for row in (row for row in rows if isinstance(row, dict)):
        details = details_of(row) if row.get("type") == CUSTOM else {}
        held = {"chat_models": "chatModel", "tools": "tools", "stores": "documentStores"}
        found |= {table for table, member in held.items() if details.get(member)}
        nodes = (mapping(details.get("chatModel")), *mappings(details.get("tools")))
        if row.get("type") != CUSTOM or any(map(credential_of, nodes)):
            found.add("credentials")
    return found


def _wanted(block: Block) -> set[str]:
    """The tables without which a manifest cannot be carried out."""
    if not block.is_custom:
        return {"credentials"}
    named = block.credential or any(tool.credential for tool in block.tools)
    needs = {"chat_models": True, "tools": block.tools, "stores": block.stores, "credentials": named}
    return {table for table, needed in needs.items() if needed}


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _names_no_credential(block: Block) -> bool:
    """True if all credentials are given by id, so that the list of credentials is not needed."""
    stated = (block.credential, *(tool.credential for tool in block.tools))
    return all(item is None or _UUID.fullmatch(item) for item in stated)


def _can_be_id(text: str) -> bool:
    """The server takes white space off the end of an id, so that another id would mean the same row."""
    return bool(text) and not any(char.isspace() for char in text)
