"""The values that every layer shares. Holds no logic beyond what a value must know of itself."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from .allowed import Allowed
from .kind import MISSING as MISSING
from .kind import Export as Export
from .kind import Field as Field
from .kind import Fields as Fields
from .kind import Json as Json
from .kind import Kind as Kind
from .kind import Notes as Notes
from .kind import Shape as Shape
from .kind import Split as Split
from .marker import UNMARKED, Applied, Entry, Mark, Owner
from .marker import Address as Address
from .values import dataclass, field

ObjectKey: TypeAlias = tuple[str, str]
"""Kind and live id: what names an object to its service."""


class Action(StrEnum):
    """The kind of step that a plan takes."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    ADOPT = "adopt"
    FORGET = "forget"
    MOVE = "move"
    NO_OP = "no-op"

    @property
    def makes(self) -> bool:
        """True if a new live object comes of it."""
        return self in (Action.CREATE, Action.REPLACE)

    @property
    def destroys(self) -> bool:
        """True if a live object is gone after it."""
        return self in (Action.DELETE, Action.REPLACE)

    @property
    def gives_up(self) -> bool:
        """True if nothing of its address is ours after it."""
        return self in (Action.DELETE, Action.FORGET)


class Reason(StrEnum):
    """Our own words for why a step is in the plan: text for people, open to additions, by which nothing is decided."""

    NEW = "new"
    MANIFEST = "manifest"
    DRIFT = "drift"
    BOTH = "both"
    ORPHAN = "orphan"
    REMOVED = "removed"
    DUPLICATE = "duplicate"
    ADOPTED = "adopted"
    MOVED = "moved"
    FORMERLY = "formerly"
    DESTROY = "destroy"
    REFERENCE = "reference"
    MARKER_LOST = "marker lost"
    MARKER_DAMAGED = "marker damaged"
    SET_BACK = "set back"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    UNUSED = "unused"
    COPY = "copy"
    VERIFIED = "verified"


class Cause(StrEnum):
    """Who changed a field since the last apply: the manifest, an edit outside, or both."""

    MANIFEST = "manifest"
    DRIFT = "drift"
    BOTH = "both"


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Place(NamedTuple):
    """Where a value stands: a path relative to the project folder, line and column counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing to tell a person: a stable code, what is wrong, where, and what to do."""

    code: str
    message: str
    remedy: str | None = None
    place: Place | None = None
    address: str | None = None
    path: str | None = None
    severity: Severity = Severity.ERROR


WRITTEN = "written"
"""The code of a note that tells where in the files a change stands."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The `retinue:` block of a manifest."""

    labels: Mapping[str, str] = field(default_factory=dict)
    environments: tuple[str, ...] | None = None
    protect: bool = False
    moved_from: str | None = None
    adopt: Mapping[str, str] = field(default_factory=dict)
    ignore_changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resource:
    """An object on either side of the diff. `spec` holds the kind's own fields, without the marker."""

    kind: str
    spec: Fields


@dataclass(frozen=True, slots=True)
class Desired(Resource):
    """An object as its manifest wants it; `place` is where that stands."""

    address: Address
    policy: Policy = Policy()
    place: Place | None = None
    requires: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Live(Resource):
    """An object as its service reports it; whose it is, ownership decides.

    `created_at` is in seconds. The two marker texts are as the provider found them, parsed once into `mark`, which is
    what core and engine read. `expired`: it is there, but can no longer be used (a vector store, for instance).
    `set_back`: the service went back to an earlier version of it, and the marker may have gone along: what it says of
    the last apply is not to be relied on. `others_applied`: what the markers of all its other versions say of that, if
    all are known. `users`: what runs it in the service, in words; None where that cannot be read. `tried`: of fields of
    which the service gave up on a part, or a step of ours broke off before a part was there, the value with that.
    """

    remote_id: str
    created_at: int = 0
    marker_address: str | None = None
    marker_applied: str | None = None
    expired: bool = False
    set_back: bool = False
    others_applied: tuple[str, ...] = ()
    users: tuple[str, ...] | None = ()
    tried: Fields = field(default_factory=dict)
    raw: Mapping[str, Json] = field(default_factory=dict)
    mark: Mark = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        none = self.marker_address is None and self.marker_applied is None
        mark = UNMARKED if none else Mark.parse(self.marker_address, self.marker_applied)
        object.__setattr__(self, "mark", mark)

    @property
    def object_key(self) -> ObjectKey:
        return self.kind, self.remote_id

    @property
    def owner(self) -> Owner:
        """Of an object whose marker names one; ownership tells which do."""
        assert self.mark.owner is not None
        return self.mark.owner

    @property
    def address(self) -> Address:
        return self.owner.address

    @property
    def applied(self) -> Applied | None:
        """None where that half of the marker does not parse, or is not there."""
        return self.mark.applied

    @property
    def protected(self) -> bool:
        return self.mark.applied is not None and self.mark.applied.protected


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one object, as a JSON pointer. `before` is None in a create; `cause` says who moved it."""

    path: str
    before: Json
    after: Json
    cause: Cause = Cause.MANIFEST

    @property
    def name(self) -> str:
        """The name of the field."""
        return self.path.removeprefix("/")


@dataclass(frozen=True, slots=True)
class MarkChange:
    """Changes of a step to the marker, besides the entries of the fields that it sends.

    `was_protected`: set where the step sets or lifts the protection. `accepted`: the fields that are live as desired
    although something else was asked of them last; nothing is sent for them. `verified`: the digest of a spec that
    passed `verify`; the step notes that and nothing else.
    """

    was_protected: bool | None = None
    accepted: tuple[str, ...] = ()
    verified: str | None = None


class Serving(NamedTuple):
    """The version that answers callers now, and the one that will after a step; the service's own numbers."""

    now: str
    then: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a step is blocked or held, and the ways out, each a line to paste or run."""

    code: str
    message: str
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a plan, complete enough to be carried out without the manifests.

    `reason` is text for people. `expect` is the digest of the live object that the step was decided on; `asked` (by
    field code) and `protected` are what the marker will say, `mark` is what changes there besides; `moved_from` is
    whose object a move or a replace takes; `resolved` are the live ids of what its fields refer to by name, as far as
    that was there when the plan was made. `serving`: where a pointer says which version of the object serves.

    `orphan`: a delete that neither a manifest nor a command asks for. `extra`: a delete of our own double create.
    `unused`: a delete of a file that nothing refers to. `recognised`: an adopt of what lost its marker. `removal`: in
    words, what becomes of an object that goes, where that cannot be undone.
    """

    address: Address
    action: Action
    reason: str
    remote_id: str | None = None
    fields: tuple[FieldChange, ...] = ()
    expect: str | None = None
    requires: tuple[Address, ...] = ()
    blocked: Obstacle | None = None
    held: Obstacle | None = None
    asked: Mapping[str, Entry] = field(default_factory=dict)
    protected: bool = False
    ignored: tuple[str, ...] = ()
    moved_from: Owner | None = None
    display_name: str | None = None
    resolved: Mapping[Address, str] = field(default_factory=dict)
    mark: MarkChange = MarkChange()
    serving: Serving | None = None
    orphan: bool = False
    extra: bool = False
    unused: bool = False
    recognised: bool = False
    removal: str = ""

    @property
    def values(self) -> dict[str, Json]:
        """The values that its fields are to have, by name."""
        return {item.name: item.after for item in self.fields}

    @property
    def object_key(self) -> ObjectKey:
        """Of the object that the step is about; without an id where it is still to be made."""
        return self.address.kind, self.remote_id or ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The options besides `Allowed` that shaped a plan, so that planning again needs no flags.

    `var`: the texts of `--var`; `var_file`: the values that variables files had. `select`: LABEL=VALUE.
    """

    var: Mapping[str, str] = field(default_factory=dict)
    var_file: Mapping[str, Json] = field(default_factory=dict)
    target: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    select: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Promotion:
    """The environment that must have proven what goes on to another one; `verified`: by `retinue verify` too."""

    environment: str
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole list, complete before any effect. `changes` leaves the unchanged objects out.

    `kinds`: those of its target, which tell how a field is shown. `document`: of a saved plan, the JSON value of its
    file, which its digest is of.
    """

    project: str
    environment: str
    provider: str
    endpoint: str
    complete: bool = True
    allowed: Allowed = field(default_factory=Allowed)
    changes: tuple[Change, ...] = ()
    unchanged: int = 0
    unchanged_addresses: tuple[Address, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    promotion: Promotion | None = None
    inputs: Inputs = Inputs()
    kinds: Mapping[str, Kind] = field(default_factory=dict, compare=False, repr=False)
    document: Mapping[str, Json] | None = field(default=None, compare=False, repr=False)


class Status(StrEnum):
    """How one step of an apply ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    HELD = "held"
    NOT_STARTED = "not-started"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one step ended; failures are values. `error` and `remedy` are for people.

    `wrote`: whether this run had to write for it; a step that was in place already is done too. `removal` is as
    in Change.
    """

    address: Address
    action: Action
    status: Status
    remote_id: str | None = None
    error: str | None = None
    remedy: str | None = None
    failure: str | None = None
    notes: tuple[Diagnostic, ...] = ()
    wrote: bool = True
    removal: str = ""
