"""A provider as somebody outside would write it, for a made-up service that is unlike the founding ones in most ways.

The service: ids are chosen by the client, a PUT replaces the whole, writes answer nothing, lists have no pages, an
empty text clears, and metadata is called labels. Nothing here is imported by retinue; entry points lead to it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Set
from typing import TYPE_CHECKING

from retinue.core.errors import NotFound, Rejected, ServiceError
from retinue.core.marker import ADDRESS_KEY, APPLIED_KEY
from retinue.core.model import Change, Desired, Diagnostic, Json, Live, Obstacle
from retinue.providers.base import Capabilities, Marker, Service, Support
from retinue.providers.wire import Answer, Connection, Verb, Verdict

if TYPE_CHECKING:
    from retinue.providers.http import Http

_NAMES = {"name": "title", "description": "about", "model": "engine", "instructions": "prompt", "temperature": "heat"}
_HELD = (*_NAMES, "metadata")
_LOST = ("tools", "tool_resources", "top_p", "response_format", "reasoning_effort")


def classify(verb: Verb, answer: Answer) -> Verdict:
    status = answer.status
    if status in (200, 204):
        if verb in (Verb.GET, Verb.LIST):
            key = "id" if verb is Verb.GET else "bots"
            return Verdict.OK if isinstance(answer.body, dict) and key in answer.body else Verdict.UNKNOWN
        return Verdict.OK if answer.body == {"done": True} else Verdict.UNKNOWN
    if status in (401, 403):
        return Verdict.AUTH
    if status in (404, 410):
        return Verdict.GONE if verb in (Verb.LIST, Verb.CREATE) else Verdict.ABSENT
    if status == 429 or status >= 500:
        return Verdict.RETRY
    return Verdict.REJECTED if 400 <= status < 500 else Verdict.UNKNOWN


def to_live(raw: Mapping[str, Json]) -> Live:
    labels = raw.get("labels")
    if not (isinstance(raw.get("id"), str) and raw["id"] and isinstance(labels, dict)):
        raise ServiceError("the service answered something that is no bot")
    texts = {key: value for key, value in labels.items() if isinstance(value, str)}
    spec: dict[str, Json] = {ours: raw[theirs] for ours, theirs in _NAMES.items() if raw.get(theirs, "") != ""}
    spec["name"] = spec["name"] if isinstance(spec.get("name"), str) else None
    spec["metadata"] = {key: value for key, value in texts.items() if key not in (ADDRESS_KEY, APPLIED_KEY)}
    made = raw.get("made")
    return Live(
        kind="Assistant",
        spec=spec,
        remote_id=raw["id"],
        created_at=made if type(made) is int else 0,
        marker_address=texts.get(ADDRESS_KEY),
        marker_applied=texts.get(APPLIED_KEY),
        raw=raw,
    )


def body(before: Mapping[str, Json], fields: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
    """The whole object, with whatever else was on it."""
    result = dict(before)
    for name, value in fields.items():
        if name in _NAMES:
            result[_NAMES[name]] = "" if value is None else value
    old = before.get("labels", {})
    kept = {key: value for key, value in old.items() if key not in (ADDRESS_KEY, APPLIED_KEY)}
    labels = dict(fields["metadata"] or {}) if "metadata" in fields else kept
    result["labels"] = labels | ({} if marker is None else {ADDRESS_KEY: marker.address, APPLIED_KEY: marker.applied})
    return result


class AcmeService:
    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self, kind: str) -> Iterator[Live]:
        bots = self._http.send(Verb.LIST, "GET", "bots")["bots"]
        if not (isinstance(bots, list) and all(isinstance(bot, dict) for bot in bots)):
            raise ServiceError("the service answered something that is no list of bots")
        yield from map(to_live, bots)

    def get(self, kind: str, remote_id: str) -> Live | None:
        try:
            key = str(uuid.UUID(remote_id))
        except ValueError:
            return None
        try:
            return to_live(self._http.send(Verb.GET, "GET", f"bots/{key}"))
        except NotFound:
            return None

    def create(self, kind: str, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        key = str(uuid.uuid5(uuid.NAMESPACE_URL, marker.address))
        there = self.get(kind, key)
        if there is None:
            self._http.send(Verb.CREATE, "POST", f"bots/{key}", body=body({}, spec, marker))
        elif there.marker_address != marker.address:
            raise Rejected(f"the id {key} of this address is taken by an object of others")
        return self._read(key)

    def update(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Set[str] = frozenset()
    ) -> Live:
        sent = body(live.raw, fields, marker)
        self._http.send(Verb.UPDATE, "PUT", f"bots/{live.remote_id}", body=sent)
        return to_live(sent)

    def delete(self, kind: str, remote_id: str) -> None:
        if self.get(kind, remote_id) is None:
            return
        try:
            self._http.send(Verb.DELETE, "DELETE", f"bots/{remote_id}")
        except NotFound:
            return

    def close(self) -> None:
        self._http.close()

    def _read(self, key: str) -> Live:
        live = self.get("Assistant", key)
        if live is None:
            raise ServiceError(f"{key} is gone right after it was created")
        return live


class AcmeProvider:
    name = "acme"
    title = "Acme bots"
    capabilities = Capabilities(
        kinds=("Assistant",),
        identity="client",
        update="full",
        clear="an empty text",
        marker="labels",
        lock="none",
        list_lag=0.0,
        create_repeatable=True,
        fields={
            "Assistant": dict.fromkeys(_HELD, (Support.NATIVE, ""))
            | dict.fromkeys(_LOST, (Support.UNSUPPORTED, "a bot has nothing of the kind"))
        },
    )

    def check(self, desired: Desired) -> list[Diagnostic]:
        return []

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        return None

    def connect(self, connection: Connection) -> Service:
        from retinue.providers.http import Http

        return AcmeService(Http(connection, classify))


PROVIDER = AcmeProvider()
