"""The verbs over HTTP. Safe for many threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.errors import NotFound
from ...core.model import Desired, Json, Live
from ..base import Marker, Resolved
from ..paged import asking, below, paged
from ..wire import Verb
from .forms import as_understood, create_body, to_live, update_body

if TYPE_CHECKING:
    from ..http import Http

_GONE = (
    "The Agents API is a beta: check that this account takes part in it, and `endpoint` (https://api.openai.com/v1, or"
    " `emulator` to work locally)."
)


class AgentsService:
    def __init__(self, http: Http) -> None:
        self._http, self._ask = http, asking(http, "agents", _GONE)

    def list(self, kind: str) -> Iterator[Live]:
        """Every agent, oldest first, 100 to a page; the first page is the probe for the API itself."""
        yield from map(to_live, paged(self._ask, "agents", {"limit": "100"}))

    def account(self) -> str | None:
        """The organization that every answer names (API reference: debugging requests)."""
        return self._ask({"limit": "1"}).headers.get("openai-organization") or None

    def get(self, kind: str, remote_id: str) -> Live | None:
        try:
            return to_live(self._http.send(Verb.GET, "GET", below("agents", remote_id)))
        except NotFound:
            return None

    def create(self, kind: str, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        return to_live(self._http.send(Verb.CREATE, "POST", "agents", body=create_body(spec, marker)))

    def update(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Set[str] = frozenset()
    ) -> Live:
        path = below("agents", live.remote_id or "")
        return to_live(self._http.send(Verb.UPDATE, "POST", path, body=update_body(live, fields, marker)))

    def delete(self, kind: str, remote_id: str) -> None:
        try:
            self._http.send(Verb.DELETE, "DELETE", below("agents", remote_id))
        except NotFound:
            return

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """The manifests with their response formats as an agent holds them."""
        return Resolved(tuple(_understood(item) for item in desired))

    def close(self) -> None:
        self._http.close()


def _understood(desired: Desired) -> Desired:
    stated = desired.spec.get("response_format")
    held = as_understood(stated)
    return desired if held == stated else replace(desired, spec={**desired.spec, "response_format": held})
