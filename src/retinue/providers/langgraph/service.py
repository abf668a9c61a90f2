"""The verbs over HTTP, the search for one owner, the history, what a server says of graphs. Safe for many threads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.errors import ApiGone, AuthError, Rejected, ServiceError, UnknownOutcome
from ...core.model import Desired, Diagnostic, Json, Live
from ..base import Fields, Marker, Resolved, Version
from ..lenient import mapping, seconds, text
from ..paged import Moved, Page, below, find, remove, walked
from ..wire import Answer, Verb, Verdict, by_status
from .block import block_of
from .graphs import Graph, findings, known_graphs, unknown_graph, unreadable_schema
from .mapping import MOST, NOT_THIS_API, SCOPE_KEY, create_body, id_of, is_system, to_live, update_body

if TYPE_CHECKING:
    from ..http import Http

_IDS = 20
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def classify(verb: Verb, answer: Answer) -> Verdict:
    """A delete answers 204 and nothing; a list is a bare array."""
    status = answer.status
    if 200 <= status < 300:
        if verb is Verb.DELETE:
            good = status in (200, 204) and (answer.body is not None or not answer.text)
        else:
            good = status == 200 and isinstance(answer.body, list if verb is Verb.LIST else dict)
        return Verdict.OK if good else Verdict.UNKNOWN
    if status in (404, 410) and known_graphs(text(mapping(answer.body).get("detail")) or "") is not None:
        return Verdict.REJECTED
    return Verdict.REJECTED if status == 409 and verb is Verb.CREATE else by_status(verb, status)


class LangGraphService:
    """What the server made by itself is never listed, so nothing can adopt, change or delete it."""

    def __init__(self, http: Http) -> None:
        self._http, self.close = http, http.close

    # --- the five verbs

    def list(self, kind: str) -> Iterator[Live]:
        return self._search({})

    def owned(self, kind: str, project: str, environment: str) -> Iterator[Live]:
        return self._search({"metadata": {SCOPE_KEY: f"{project}/{environment}"}})

    def get(self, kind: str, remote_id: str) -> Live | None:
        # The server takes other spellings of an id too, which would be one object under two ids.
        if not _UUID.fullmatch(remote_id):
            return None
        raw = find(self._http, _path(remote_id))
        return None if raw is None or is_system(raw) else to_live(raw)

    def create(self, kind: str, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        """The id follows from the address; if it is there already, what is there. Others' ids are passed over."""
        for attempt in range(_IDS):
            remote_id = id_of(marker.address, attempt)
            try:
                body = create_body(spec, marker, remote_id)
                return to_live(self._http.send(Verb.CREATE, "POST", "assistants", body=body))
            except Rejected as error:
                if error.status != 409:
                    raise
                refused = error
            there = self.get(kind, remote_id)
            if there is not None and there.marker_address == marker.address:
                return there
            if there is not None and there.mark.owner is None and refused.after_loss:
                raise UnknownOutcome(f"{remote_id} is there, perhaps by an earlier try of this create")
        raise Rejected(f"all {_IDS} ids of {marker.address} are taken by other assistants", "Delete or adopt them.")

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Live:
        body = update_body(live, fields, marker)
        if not body:
            return live
        return to_live(self._http.send(Verb.UPDATE, "PATCH", _path(live.remote_id), body=body))

    def delete(self, kind: str, remote_id: str) -> None:
        if _UUID.fullmatch(remote_id):
            remove(self._http, _path(remote_id))

    # --- history

    def versions(self, live: Live) -> Sequence[Version]:
        versions = []
        for raw in self._versions(live, MOST):
            number = raw.get("version")
            is_current = number == live.raw.get("version")
            stated = number if type(number) is int else 0
            versions.append(Version(stated, seconds(raw.get("created_at")), is_current, to_live(raw)))
        return versions

    def set_back(self, live: Live) -> bool:
        try:
            newest = self._versions(live, 1)
        except ApiGone:
            # Deleted since it was listed: the step that meets it says so.
            return False
        return bool(newest) and newest[0].get("version") != live.raw.get("version")

    def _versions(self, live: Live, most: int) -> Sequence[Mapping[str, Json]]:
        return _objects(self._http.send(Verb.LIST, "POST", f"{_path(live.remote_id)}/versions", body={"limit": most}))

    # --- graphs

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """Returns the manifests unchanged; reports graphs that do not exist or do not declare the context keys."""
        names = sorted({name for item in desired if (name := block_of(item.spec).graph_id)})
        graphs = {name: self._graph(name) for name in names}
        problems = [graph for graph in graphs.values() if isinstance(graph, Diagnostic)]
        for item in desired:
            graph = graphs.get(block_of(item.spec).graph_id or "")
            if isinstance(graph, Graph):
                problems += findings(item, graph)
            elif isinstance(graph, tuple):
                problems.append(unknown_graph(item, graph))
        return Resolved(tuple(desired), tuple(problems))

    def _graph(self, name: str) -> Graph | tuple[str, ...] | Diagnostic:
        """A graph; the known ones if there is none of that name; or what kept the server from describing it."""
        try:
            found = self._http.send(Verb.LIST, "POST", "assistants/search", body={"graph_id": name, "limit": 1})
        except Rejected as refused:
            known = known_graphs(refused.message)
            if known is None:
                raise
            return tuple(known)
        if not _objects(found):
            return Graph(name)
        try:
            schemas = self._http.brief().send(Verb.GET, "GET", f"{_path(found[0]['assistant_id'])}/schemas")
        except (ServiceError, AuthError) as error:
            return unreadable_schema(name, error.message)
        return Graph.of(name, schemas.get("context_schema"))

    # --- reading

    def _search(self, query: Mapping[str, Json]) -> Iterator[Live]:
        """Oldest first, as many to a page as the server allows; the first page is the probe for the API itself."""
        asked: dict[str, Json] = {**query, "limit": MOST, "sort_by": "created_at", "sort_order": "asc"}
        pages = 0

        def following(last: str | None, count: int) -> Page:
            """Each page begins with the last item of the one before: else objects went away, and the rest moved up."""
            nonlocal pages
            page = self._page({**asked, "offset": count - 1 if last else 0})
            if last is None:
                pages = 1
                return page
            if [raw["assistant_id"] for raw in page.items[:1]] != [last]:
                raise Moved("pages do not join")
            # Where pages have one item each, that is all there is of it.
            single = len(page.items) == 1 and (page.more or (page.more is None and count == pages))
            pages += 1
            return self._page({**asked, "offset": count}) if single else replace(page, items=page.items[1:])

        found = walked(following, "assistants", "assistant_id")
        yield from (to_live(raw) for raw in found if not is_system(raw))

    def _page(self, body: Mapping[str, Json]) -> Page:
        answer = self._http.ask(Verb.LIST, "POST", "assistants/search", body={**body})
        items, total = _objects(answer.body), answer.headers.get("x-pagination-total", "")
        end: bool = total == str(body["offset"] + len(items)) and len(items) < MOST
        # The end is where both headers say so: either one may be lost on its way.
        more = True if "x-pagination-next" in answer.headers else False if end else None
        return Page(items, more)


def _path(remote_id: str) -> str:
    return below("assistants", remote_id)


def _objects(found: Json) -> list[dict[str, Json]]:
    if not isinstance(found, list) or not all(text(mapping(raw).get("assistant_id")) for raw in found):
        raise ServiceError("the list of assistants is not in the shape of LangGraph", NOT_THIS_API)
    return found
