"""A service of plain REST objects, told as data: where they are, what its fields are called, where the marker lives.

A provider of its own needs no more than `Objects` and a `RestProvider`; knows no service and no kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from typing import TYPE_CHECKING

from ..core.errors import Rejected, ServiceError
from ..core.model import Change, Desired, Diagnostic, Json, Kind, Live, Obstacle
from ..core.values import dataclass, field
from .base import Auth, ByKind, Capabilities, Fields, Marker, Service, Support
from .lenient import text, text_members
from .metadata import MARKER_KEYS, marked, pairs
from .paged import Page, below, find, remove, walked
from .wire import Answer, Connection, Verb, Verdict, by_status

if TYPE_CHECKING:
    from .http import Http

METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of one kind. A list is `GET path`, one of them is `path/ID`.

    `names`: the service's word for each field that it holds; `lost`: why it holds another one not. `listed`: the member
    of an answered list that has the objects; `after`: the parameter that takes the last id of a page, "" where a list
    is whole. `labels`: the member for metadata and marker. `made`: that for the time of creation, in seconds. `empty`:
    what a field without a value is, and what clears one. `update`: how, where PUT sends the whole object. `wrote`: what
    a write answers in place of the object. `key`: the id of a marker address, where the client chooses it: then a
    create is `POST path/ID`, else `POST path`. `is_id`: the id as the service writes it; None for what is none.
    """

    kind: Kind
    path: str
    names: Mapping[str, str]
    lost: Mapping[str, str] = field(default_factory=dict)
    listed: str = "data"
    after: str = ""
    labels: str = METADATA
    made: str = "created_at"
    empty: Json = None
    update: str = "PATCH"
    wrote: Json = None
    key: Callable[[str], str] | None = None
    is_id: Callable[[str], str | None] = lambda remote_id: remote_id or None

    @property
    def fields(self) -> Mapping[str, tuple[Support, str]]:
        held = dict.fromkeys((*self.names, METADATA), (Support.NATIVE, ""))
        return held | {name: (Support.UNSUPPORTED, why) for name, why in self.lost.items()}

    def understands(self, verb: Verb, body: Json) -> bool:
        """True if an answer is what this verb has to be answered with."""
        if verb in (Verb.CREATE, Verb.UPDATE, Verb.DELETE) and self.wrote is not None:
            return bool(body == self.wrote)
        if verb is Verb.DELETE:
            return True
        return isinstance(body, dict) and (self.listed if verb is Verb.LIST else "id") in body

    def read(self, raw: Mapping[str, Json]) -> Live:
        """Raises ServiceError for anything else."""
        if text(raw.get("id")) is None or not isinstance(raw.get(self.labels), dict):
            raise ServiceError(f"the service answered something other than {self.kind.one}")
        texts = text_members(raw[self.labels])
        spec = {ours: raw[theirs] for ours, theirs in self.names.items() if raw.get(theirs, self.empty) != self.empty}
        spec[self.kind.display] = self.kind.display_name(spec)
        spec[METADATA] = {key: value for key, value in texts.items() if key not in MARKER_KEYS}
        made = raw.get(self.made)
        return marked(self.kind, spec, raw["id"], made if type(made) is int else 0, texts, raw)

    def body(self, before: Mapping[str, Json], fields: Mapping[str, Json], marker: Marker | None) -> dict[str, Json]:
        """What is sent, on top of `before`: whatever else an object holds stays as it is."""
        named = {self.names[name]: value for name, value in fields.items() if name in self.names}
        result = {**before, **{name: self.empty if value is None else value for name, value in named.items()}}
        held = {key: value for key, value in (before.get(self.labels) or {}).items() if key not in MARKER_KEYS}
        if METADATA in fields:
            # What is no text was put there by others.
            held = {key: value for key, value in held.items() if not isinstance(value, str)} | (fields[METADATA] or {})
        return {**result, self.labels: held | pairs(marker)}


class RestVerbs:
    """The verbs of one kind."""

    def __init__(self, http: Http, objects: Objects) -> None:
        self._http, self._of = http, objects

    def list(self) -> Iterator[Live]:
        def following(last: str | None, _passed: int) -> Page:
            params = {self._of.after: last} if last is not None else None
            found = self._http.send(Verb.LIST, "GET", self._of.path, params=params)[self._of.listed]
            if not (isinstance(found, list) and all(isinstance(raw, dict) and raw.get("id") for raw in found)):
                raise ServiceError(f"the service answered something other than a list of {self._of.kind.plural}")
            return Page(found, None if self._of.after else False)

        yield from map(self._of.read, walked(following, self._of.kind.plural))

    def get(self, remote_id: str) -> Live | None:
        key = self._of.is_id(remote_id)
        if key is None:
            return None
        raw = find(self._http, below(self._of.path, key))
        return None if raw is None else self._of.read(raw)

    def create(self, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Live:
        body = self._of.body({}, spec, marker)
        if self._of.key is None:
            return self._of.read(self._http.send(Verb.CREATE, "POST", self._of.path, body=body))
        key = self._of.key(marker.address)
        there = self.get(key)
        if there is not None and there.marker_address != marker.address:
            raise Rejected(f"the id {key} of this address belongs to another object")
        if there is None:
            self._http.send(Verb.CREATE, "POST", below(self._of.path, key), body=body)
        return self._again(key)

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Live:
        before = live.raw if self._of.update == "PUT" else {self._of.labels: live.raw[self._of.labels]}
        path, sent = below(self._of.path, live.remote_id), self._of.body(before, fields, marker)
        answer = self._http.send(Verb.UPDATE, self._of.update, path, body=sent)
        return self._of.read(answer) if self._of.wrote is None else self._again(live.remote_id)

    def delete(self, remote_id: str) -> None:
        if (key := self._of.is_id(remote_id)) is not None:
            remove(self._http, below(self._of.path, key))

    def _again(self, key: str) -> Live:
        live = self.get(key)
        if live is None:
            raise ServiceError(f"{key} is gone right after it was written")
        return live


@dataclass(frozen=True)
class RestProvider:
    """A provider of such objects; `objects` has its kinds, the most important first. A subclass may add checks."""

    name: str
    title: str
    objects: Sequence[Objects]
    list_lag: float = 0.0
    key_variable: str = ""
    auth: Auth = field(default_factory=Auth)
    service = ByKind

    @cached_property
    def capabilities(self) -> Capabilities:
        by_key = all(item.key is not None for item in self.objects)
        return Capabilities(
            kinds={item.kind.name: item.kind for item in self.objects},
            identity="client" if by_key else "server",
            list_lag=self.list_lag,
            create_repeatable=by_key,
            fields={item.kind.name: item.fields for item in self.objects},
            key_variable=self.key_variable,
            auth=self.auth,
        )

    def classify(self, verb: Verb, answer: Answer) -> Verdict:
        """What an answer means."""
        status = answer.status
        if status in (200, 201, 204):
            understood = any(item.understands(verb, answer.body) for item in self.objects)
            return Verdict.OK if understood else Verdict.UNKNOWN
        return Verdict.REJECTED if status == 409 else by_status(verb, status)

    def check(self, desired: Desired) -> list[Diagnostic]:
        return []

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        return None

    def exported(self, live: Live) -> dict[str, Json]:
        """An object as the fields of a manifest, for import."""
        return {"id": live.remote_id, **live.spec}

    def connect(self, connection: Connection) -> Service:
        http = connection.http(self.classify, create_repeatable=self.capabilities.create_repeatable)
        return ByKind({item.kind.name: RestVerbs(http, item) for item in self.objects}, http.close)
