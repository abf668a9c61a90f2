"""What a provider's author supplies so that the suite can run: one `Subject`. They need not import anything of this.

The suite knows no vendor. What a service cannot do it reads from the provider's record, never from its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from retinue.core.model import Json, Live
from retinue.providers.base import Marker, Provider
from retinue.providers.wire import Classify, Connection


class Sample(Protocol):
    """Specs of one kind, in the words of a manifest.

    `full` has every field that the record does not call unsupported, none at its default. `changed` has another value
    for each of them, again not the default. `minimal` has only what a create must have, as in `full`.

    A sample may have `lacks`, a set of fields: those that other objects of the service can hold, but not these;
    `resolved`: those of which the service chooses a value where nothing is stated; and `parts`, where `get` asks for
    more than the object: the ending of a path to the text that is answered there.
    """

    @property
    def full(self) -> Mapping[str, Json]: ...

    @property
    def changed(self) -> Mapping[str, Json]: ...

    @property
    def minimal(self) -> Mapping[str, Json]: ...


class Subject(Protocol):
    """A provider, a service of it that the suite may fill and empty, and a way past the provider into that service.

    Entered once for a whole run, where a server may start; `reset` is called before each case. `classify` is the
    provider's own, or None if it does not speak HTTP. `gaps`: a case's name to the reason why it cannot pass yet; a
    gap that does pass is an error.

    A subject may have `partial_answers`, true where a write does not answer the whole object.
    """

    @property
    def name(self) -> str: ...

    @property
    def provider(self) -> Provider: ...

    @property
    def classify(self) -> Classify | None: ...

    @property
    def samples(self) -> Mapping[str, Sample]: ...

    @property
    def gaps(self) -> Mapping[str, str]: ...

    def __enter__(self) -> Any: ...

    def __exit__(self, *_: object) -> None: ...

    def reset(self) -> None:
        """Empty the service and end every `pages_of`."""

    def connection(self) -> Connection:
        """What `provider.connect` takes to reach the service."""

    def seed(self, kind: str, spec: Mapping[str, Json]) -> str:
        """An object that someone else made, without a marker, with these fields. Its id."""

    def live(self, kind: str) -> Mapping[str, Mapping[str, Json]]:
        """Every object by id, as the service holds it, read past the provider."""

    def edit(self, kind: str, remote_id: str, fields: Mapping[str, Json]) -> None:
        """Set fields of a manifest on a live object as someone would in the service's own user interface."""

    def plant(self, kind: str, remote_id: str) -> Mapping[str, Json]:
        """Put members on a live object that no schema of retinue knows. They, as `live` shows them at the top."""

    def pages_of(self, size: int) -> bool:
        """From now on lists answer this many objects at a time. False where lists have no pages."""


@dataclass(frozen=True)
class Spec:
    """A plain `Sample`."""

    full: Mapping[str, Json]
    changed: Mapping[str, Json]
    minimal: Mapping[str, Json]
    lacks: frozenset[str] = frozenset()
    resolved: frozenset[str] = frozenset()
    parts: Mapping[str, str] = field(default_factory=dict)


def marker_of(live: Live) -> Marker | None:
    """As the object bears it; None without one."""
    return None if live.marker_address is None else Marker(live.marker_address, live.marker_applied or "")
