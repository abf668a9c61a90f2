"""What a provider states and offers. Knows no vendor; adding one must not need a change here or above."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ..core.model import Change, Diagnostic, Json, Obstacle, Resource
from .wire import Connection


class Support(StrEnum):
    """How well a service holds a field."""

    NATIVE = "native"
    EMULATED = "emulated"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a service can do, as data. Planning and validation read this record and nothing else.

    `identity`: who chooses the id, `server` or `client`. `update`: `partial` (send what differs) or `full`.
    `clear`: how a field is cleared. `marker`: where the two marker texts live. `list_lag`: seconds until a created
    object is listed, at worst. `unreadable`: fields never reported, by kind. `fields`: support with a note, by kind.
    """

    kinds: tuple[str, ...]
    identity: str
    update: str
    clear: str
    marker: str
    lock: str
    list_lag: float
    create_repeatable: bool
    write_answers_whole: bool
    page_size: int
    unreadable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, tuple[Support, str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Marker:
    """The two texts to write on an object."""

    address: str
    applied: str


class Service(Protocol):
    """A connected provider. Every method may raise a `core.errors` error; all may be called from several threads.

    `create` is the only one that is not safe to repeat: it raises UnknownOutcome rather than try again, or HeldBack
    when the caller may try again with another marker.
    `update` with marker None takes the marker away; `resets` names the fields that go back to their default.
    `delete` of an absent object is no error; `get` of one is None.
    """

    def list(self, kind: str) -> Iterator[Resource]: ...

    def get(self, kind: str, remote_id: str) -> Resource | None: ...

    def create(self, kind: str, spec: Mapping[str, Json], marker: Marker) -> Resource: ...

    def update(
        self, live: Resource, fields: Mapping[str, Json], marker: Marker | None, resets: Set[str] = frozenset()
    ) -> Resource: ...

    def delete(self, kind: str, remote_id: str) -> None: ...

    def close(self) -> None: ...


class Provider(Protocol):
    """What the entry point `retinue.providers` names: a record, two pure checks and a way to connect."""

    name: str
    title: str
    capabilities: Capabilities

    def check(self, desired: Resource) -> list[Diagnostic]:
        """What this service cannot hold of a manifest. Pure."""

    def obstacle(self, change: Change, live: Resource | None) -> Obstacle | None:
        """Why this step would be refused by the service, where that can be known beforehand. Pure."""

    def connect(self, connection: Connection) -> Service: ...
