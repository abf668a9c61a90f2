"""Reads and writes the chatflows that answer for CUSTOM rows, as far as the key may. Safe for many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from ...core.errors import AuthError, HeldBack, NotFound, Rejected, UnknownOutcome
from ...core.model import Diagnostic, Json, Severity
from ..lenient import mapping, text
from ..paged import below
from ..wire import Verb
from .directory import Directory
from .flow import Answering, Flow, Row, assigned, body, owner_of, parts_for
from .rows import details_of

_PERMISSIONS = "Give the key in Flowise the permissions `chatflows:view`, `chatflows:create` and `chatflows:update`"


class Chatflows:
    """Listed once for each list of the rows, and again only before one is made."""

    def __init__(self, send: Callable[..., Json]) -> None:
        self._send = send
        self._lock = threading.RLock()
        self._rows: dict[str, Row] = {}
        self._found: dict[str, Answering] | None = None
        self._refused = False
        self._parts: dict[str, Mapping[str, Json]] = {}

    def expect(self, rows: Iterable[Mapping[str, Json]]) -> None:
        """These are the CUSTOM rows that there are; what was known of their chatflows is old."""
        with self._lock:
            self._rows = {row["id"]: _row(row) for row in rows}
            self._found = None

    @property
    def are_known(self) -> bool:
        return self._found is not None or self._refused

    @property
    def are_readable(self) -> bool:
        """Asks for the list, unless that was done."""
        with self._lock:
            if not self.are_known:
                self._list()
            return not self._refused

    def of(self, row_id: str) -> Answering | None:
        """None where the chatflows are not known, or must not be."""
        return (self._found or {}).get(row_id)

    def again(self, row: Mapping[str, Json]) -> Answering | None:
        """As it is now."""
        if not self.are_readable:
            return None
        known, now = self.of(row["id"]), _row(row)
        if known is not None and known.link == now.link and known.flow is None:
            return known
        if known is None or known.flow is None or now.link != known.flow.get("id"):
            return self._listed_again(now)
        try:
            flow = self._send(Verb.GET, "GET", below("chatflows", str(now.link)))
        except NotFound:
            flow = None
        if flow is not None and owner_of(flow) != owner_of(known.flow):
            return self._listed_again(now)
        return self._note(now, Answering(flow, known.copies, now.link))

    def write(self, row_id: str, details: Mapping[str, Json], directory: Directory, *, new: bool = False) -> Flow:
        """The chatflow that says what these details say; whatever else was made for the row goes.

        Raises UnknownOutcome for one that may have been made: the next list shows it by its mark.
        """
        link = text(details.get("flowId"))
        row = Row("", row_id, link)
        known = self.of(row_id)
        if not new and (known is None or known.flow is None):
            known = self._listed_again(self._rows.get(row_id, row)._replace(link=link))
        for name in parts_for(details):
            if name not in self._parts:
                self._parts[name] = self._send(Verb.GET, "GET", below("nodes", name))
        wanted = body(row_id, details, self._parts, directory)
        for copy in known.copies if known else ():
            self._remove(copy)
        if known is None or known.flow is None:
            flow = self._make(wanted, row)
        elif any(known.flow.get(key) != value for key, value in wanted.items()):
            flow = self._written(Verb.UPDATE, "PUT", below("chatflows", str(known.flow["id"])), wanted)
        else:
            flow = known.flow
        self._note(self._rows.get(row_id, row)._replace(link=flow["id"]), Answering(flow, (), flow["id"]))
        return flow

    def remove(self, row_id: str) -> None:
        """Before the row, which alone tells whose it is."""
        found = self.of(row_id) if self.are_readable else None
        if found is None:
            return
        for key in (*found.copies, *([str(found.flow["id"])] if found.flow else [])):
            self._remove(key)

    def problem(self) -> Iterator[Diagnostic]:
        if self._refused:
            message = (
                "this API key may not see chatflows, which are what answers for CUSTOM assistants: none is compared,"
                " made, changed or deleted. After a change the old prompt goes on answering, and a new assistant does"
                " not answer at all"
            )
            remedy = f"{_PERMISSIONS}; until then open each changed assistant on Flowise's page and save it."
            yield Diagnostic("flowise-chatflow", message, remedy, severity=Severity.WARNING)

    def _list(self) -> None:
        try:
            flows = self._send(Verb.LIST, "GET", "chatflows", params={"type": "ASSISTANT"})
        except AuthError as error:
            if "answered 403" not in error.message:
                raise
            self._refused = True
            return
        self._found = assigned(self._rows.values(), [flow for flow in flows if text(mapping(flow).get("id"))])

    def _listed_again(self, row: Row) -> Answering:
        with self._lock:
            self._rows[row.id] = row
            self._list()
            return (self._found or {}).get(row.id, Answering(None))

    def _note(self, row: Row, answering: Answering) -> Answering:
        with self._lock:
            self._rows[row.id] = row
            if self._found is not None:
                self._found[row.id] = answering
        return answering

    def _make(self, wanted: Flow, row: Row) -> Flow:
        while True:
            try:
                return self._written(Verb.CREATE, "POST", "chatflows", wanted)
            except UnknownOutcome as unknown:
                found = self._listed_again(row).flow
                if found is not None:
                    return found
                if not isinstance(unknown, HeldBack):
                    raise

    def _written(self, verb: Verb, method: str, path: str, wanted: Flow) -> Flow:
        try:
            flow: Flow = self._send(verb, method, path, wanted)
        except AuthError as error:
            raise AuthError(error.message, f"{_PERMISSIONS}.") from error
        return flow

    def _remove(self, key: str) -> None:
        """Only `affected: 1` says that it is gone; after any other answer it is looked for."""
        path, answer = below("chatflows", key), {}
        with suppress(NotFound):
            answer = self._send(Verb.DELETE, "DELETE", path)
        if answer.get("affected") != 1:
            with suppress(NotFound):
                self._send(Verb.GET, "GET", path)
                raise Rejected(f"the chatflow {key} is still there after its delete", "Look at it in Flowise.")


def _row(row: Mapping[str, Json]) -> Row:
    return Row(text(row.get("createdDate")) or "", row["id"], text(details_of(row).get("flowId")))
