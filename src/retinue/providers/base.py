"""What a provider states and offers. Knows no vendor; adding one must not need a change here or above."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from ..core.model import Change, Desired, Diagnostic, Json, Kind, Live, Obstacle, Serving
from ..core.model import Fields as Fields
from ..core.retirement import End
from ..core.values import dataclass, field, replace
from ..schema import with_extras
from .wire import Connection


class Support(StrEnum):
    """How well a service holds a field."""

    NATIVE = "native"
    EMULATED = "emulated"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Auth:
    """How a key travels: in which header, and after which scheme.

    What comes from one of `tokens`, sources of `api_key` such as `command`, is a bearer token and no key.
    """

    header: str = "Authorization"
    scheme: str = "Bearer"
    tokens: frozenset[str] = frozenset()

    def headers(self, source: str, secret: str) -> dict[str, str]:
        return bearer(secret) if source in self.tokens else {self.header: f"{self.scheme} {secret}".lstrip()}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a service can do, as data. Planning and validation read this record and nothing else.

    `kinds`: by name; the first is always read, the others if something concerns them. `identity`: who chooses the id,
    `server` or `client`. `list_lag`: seconds until a created object is listed, at worst. `create_repeatable`: a create
    that is sent twice makes one object; then `create` answers what is there, if that is of this address, and the
    transport repeats it.

    By kind: `fields`: support with a note. `unreadable`: fields never reported. `compound`: the fields that a write
    needs further requests for, once the object and its marker are there. `recognised_by`: pointers to the fields by
    which an object is known again if the service lost its marker; none: never. `extras`: the JSON Schema of what a
    manifest may say below `providers.NAME`; members named in its `x-retinue-live` are found on live objects only.
    `replaced`: the fields that every update writes whole, so that what others put there since the read is lost; a kind
    that is not named leaves it open. `retinue providers check` holds the record against the service.

    `locked`: an update takes along what was read of the object's version, and raises Conflict if that moved. `removal`:
    in words, what a delete does that cannot be undone.

    `settings`: the keys of an environment that this service takes and others need not, with their JSON Schemas.
    `endpoint`: where the service is, if it is in one place. `base`: the path that its base URLs end in. `key_variable`:
    the environment variable that usually holds the key. `account`: what the account is called that the service reports
    (then its Service is `Identified`); empty: it reports none. `ends`: what its vendor announced the end of, the
    service or values of a field.
    """

    kinds: Mapping[str, Kind]
    identity: str = "server"
    list_lag: float = 0.0
    create_repeatable: bool = False
    fields: Mapping[str, Mapping[str, tuple[Support, str]]] = field(default_factory=dict)
    unreadable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    compound: Mapping[str, frozenset[str]] = field(default_factory=dict)
    recognised_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extras: Mapping[str, Json] = field(default_factory=dict)
    replaced: Mapping[str, frozenset[str]] = field(default_factory=dict)
    locked: bool = False
    removal: str = ""
    settings: Mapping[str, Json] = field(default_factory=dict)
    endpoint: str = ""
    base: str = ""
    key_variable: str = ""
    auth: Auth = Auth()
    account: str = ""
    ends: tuple[End, ...] = ()


@dataclass(frozen=True, slots=True)
class Marker:
    """The two texts to write on an object."""

    address: str
    applied: str


class Service(Protocol):
    """A connected provider. Every method may raise a `core.errors` error; all may be called from several threads.

    `create` is the only one that is not safe to repeat, unless the record says so: it raises UnknownOutcome rather
    than try again, or HeldBack when the caller may try again with another marker.
    `update` with marker None takes the marker away. `at_default` names the fields that the manifest leaves at their
    default: where the service refuses one of them, it may be sent as null or not at all.
    `delete` of an absent object is not an error; `get` of one is None.
    """

    def list(self, kind: str) -> Iterator[Live]: ...

    def get(self, kind: str, remote_id: str) -> Live | None: ...

    def create(self, kind: str, spec: Fields, marker: Marker, at_default: Set[str] = frozenset()) -> Live: ...

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Live: ...

    def delete(self, kind: str, remote_id: str) -> None: ...

    def close(self) -> None: ...


class ByKind:
    """A service of several kinds. `verbs`: by kind, those that it has, as in `Service` but without `kind`."""

    def __init__(self, verbs: Mapping[str, Any], close: Callable[[], None]) -> None:
        self.verbs, self.close = verbs, close

    def list(self, kind: str) -> Any:
        return self.verbs[kind].list()

    def get(self, kind: str, remote_id: str) -> Any:
        return self.verbs[kind].get(remote_id)

    def create(self, kind: str, spec: Mapping[str, Json], marker: Marker, at_default: Set[str] = frozenset()) -> Any:
        return self.verbs[kind].create(spec, marker, at_default)

    def update(self, live: Live, fields: Fields, marker: Marker | None, at_default: Set[str] = frozenset()) -> Any:
        return self.verbs[live.kind].update(live, fields, marker, at_default)

    def delete(self, kind: str, remote_id: str) -> None:
        self.verbs[kind].delete(remote_id)


class Content(Protocol):
    """A file to upload: its plain name, its size, and its bytes, from the start at each call."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    def pieces(self) -> Iterator[bytes]:
        """Raises StaleError, before the last piece, if they are not those of the plan."""


@runtime_checkable
class Uploader(Protocol):
    """What a Service offers besides that holds kinds known by their bytes (core/content.py)."""

    def upload(self, kind: str, spec: Mapping[str, Json], scope: str, content: Content) -> Live:
        """As `create`; `scope` goes into the file's name, which is all the marker that it has."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Manifests as a service understands their names, and what it has to say; an error forbids any plan.

    `unlisted`: live objects that the service has and its list lacked, or said less of.
    """

    resources: tuple[Desired, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    unlisted: tuple[Live, ...] = ()


@runtime_checkable
class Resolver(Protocol):
    """What a Service may offer besides: manifests of it hold names that only the service can tell the meaning of."""

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """Called after the live objects were listed. Raises what kept the service from telling."""


@runtime_checkable
class Finder(Protocol):
    """What a Service may offer besides: it can be asked for the objects of one owner."""

    def owned(self, kind: str, project: str, environment: str) -> Iterator[Live]:
        """At least every object whose marker address begins with this project and environment."""


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier or the current state of an object. `created_at` in seconds; `resource` as `list` would read it."""

    number: int
    created_at: int
    current: bool
    resource: Live


@runtime_checkable
class Historian(Protocol):
    """What a Service may offer besides: each write makes a version that the service keeps."""

    def versions(self, live: Live) -> Sequence[Version]:
        """What the service keeps of one object, newest first."""


@runtime_checkable
class Rewindable(Protocol):
    """What a Service may offer besides: its objects can go back to an earlier version, and their markers with them."""

    def set_back(self, live: Live) -> bool:
        """True if another version of this object than the newest is live. One request at most."""


@runtime_checkable
class Pointed(Protocol):
    """What a Service may offer besides: a pointer says which version of an object serves, and an update moves it."""

    def serving(
        self, live: Live, fields: Mapping[str, Json], marker: Marker | None, at_default: Set[str] = frozenset()
    ) -> Serving | None:
        """As it is now, and after an update with the same arguments; None for a kind without versions.

        One request at most for each object.
        """


@runtime_checkable
class Watchful(Protocol):
    """What a Service may offer besides: what it has seen tells that it would refuse a step."""

    def obstacle(self, change: Change) -> Obstacle | None:
        """As a Provider's, after the live objects were listed and the manifests resolved. Pure."""


@runtime_checkable
class Identified(Protocol):
    """What a Service may offer besides: it says whose account the key opens."""

    def account(self) -> str | None:
        """None if the answer did not say. One request at most; raises as a list does."""


@runtime_checkable
class Exporter(Protocol):
    """What a Provider may offer besides: its raw objects are not in the words of a manifest."""

    def exported(self, live: Live) -> dict[str, Json]:
        """A live object as the fields of a manifest, with its `id`. Pure."""


@runtime_checkable
class Recogniser(Exporter, Protocol):
    """What an Exporter may offer besides: it knows its raw objects in a file that someone exported."""

    def recognised(self, raw: Mapping[str, Json]) -> Live | None:
        """As a live object; None for an object of something else. Pure."""


@runtime_checkable
class Opener(Protocol):
    """What a Recogniser may offer besides: an export of its whole service holds its objects among others."""

    def opened(self, raw: Mapping[str, Json]) -> tuple[list[Json], list[Diagnostic]] | None:
        """The objects in it, and a word on what else is there; None for anything else. Pure."""


@runtime_checkable
class Answered(Protocol):
    """What a Provider may offer besides: applications use something else than the object itself."""

    def used_id(self, live: Live) -> str | None:
        """Its id; None as long as there is nothing that applications could use. Pure."""


@runtime_checkable
class Keeper(Protocol):
    """What a Provider may offer besides: its objects have parts that no manifest can say, which every write keeps."""

    def kept(self, live: Live) -> Collection[str]:
        """By name. Pure."""


@runtime_checkable
class Adviser(Protocol):
    """What a Provider may offer besides: notes on manual work that a step leaves for the user."""

    def advice(self, change: Change, live: Live) -> Diagnostic | None:
        """Pure."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an environment says that may change what its service can do.

    `values`: its keys that only some services have, of those in the record's `settings`.
    """

    endpoint: str
    values: Mapping[str, str] = field(default_factory=dict)
    has_key: bool = False


@dataclass(frozen=True, slots=True)
class Configured:
    """A provider bound to one environment. The path of a diagnostic is below that environment: `/api_version`."""

    provider: Provider
    diagnostics: tuple[Diagnostic, ...] = ()


@runtime_checkable
class Configurable(Protocol):
    """What a Provider may offer besides: its record and checks depend on settings of the environment."""

    def configured(self, settings: Settings) -> Configured:
        """Pure. There is a provider even where a diagnostic is an error, so that the manifests are checked too."""


@runtime_checkable
class Identity(Protocol):
    """What a Provider may offer besides: who runs retinue is known to the machine, and no key is needed."""

    def token(self) -> str | None:
        """A bearer token; None if the environment asks for none. Raises AuthError, UsageError for a missing package."""


class Provider(Protocol):
    """What the entry point `retinue.providers` names: a record, two pure checks and a way to connect.

    `service`: the class of what `connect` gives; what it can do besides the verbs is read off its members. A provider
    that derives from this one may leave both checks out; `check` then asks the one of `checks` that is for the kind.
    """

    name: str
    title: str
    capabilities: Capabilities
    checks: Mapping[str, Callable[[Desired], Iterable[Diagnostic]]] = {}

    @property
    def service(self) -> type[Any]: ...

    def check(self, desired: Desired) -> list[Diagnostic]:
        """What this service cannot hold of a manifest, each with its path there. Pure."""
        check = self.checks.get(desired.kind)
        return [*check(desired)] if check else []

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        """Why this step would be refused by the service, where that can be known beforehand. Pure."""
        return None

    def connect(self, connection: Connection) -> Service: ...


def kinds_at(provider: Provider, kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """The kinds as they are at this service, by its provider's record."""
    record, nothing = provider.capabilities, frozenset[str]()
    return {
        name: replace(
            kind,
            hidden=record.unreadable.get(name, nothing),
            compound=record.compound.get(name, nothing),
            recognised_by=record.recognised_by.get(name, ()),
        )
        for name, kind in with_extras(kinds, provider.name, record.extras).items()
    }
