"""A kind of object and its fields, as a provider registers them. Values; which kinds there are is not known here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from .problem import Fault, Problem
from .values import dataclass, field

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, list or dict of JSON values."""
Fields: TypeAlias = Mapping[str, Json]
"""Fields of an object by name, in the words of a manifest."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""Tells "no value at all" from null."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How a value is brought to canonical form; compiled from a kind's JSON Schema, never written by hand.

    `properties`: a closed object (unknown keys of a live object are ignored); `values`: a free map;
    `items`: a list; `by_type`: objects told apart by their `type`. None of them: the value as it is.
    `refers`: the value is the live id of an object of this kind, or `{"ref": ADDRESS}` (core/references.py).
    `stated`: members that an author has to write even at their default, which is this.
    """

    properties: Mapping[str, Shape] | None = None
    values: Shape | None = None
    items: Shape | None = None
    by_type: Mapping[str, Shape] | None = None
    unordered: bool = False
    trim_final_newline: bool = False
    default: Json = MISSING
    empty: tuple[Json, ...] = ()
    refers: str | None = None
    stated: Mapping[str, Json] = field(default_factory=dict)

    def of(self, value: Mapping[str, Json]) -> Shape:
        """The shape of this very object, by its type where that decides."""
        return self if self.by_type is None else self.by_type.get(str(value.get("type")), Shape())

    def member(self, value: Mapping[str, Json], key: str) -> Shape:
        """The shape of a member of this very object."""
        own = self.of(value)
        return (own.values or Shape()) if own.properties is None else own.properties.get(key, Shape())


@dataclass(frozen=True, slots=True)
class Field:
    """A top-level field of a kind: the unit that is compared, sent and remembered in the marker.

    `code` is its letter in the marker; `shape.default` is MISSING where the service documents no default.
    `essential`: an object without it behaves otherwise, so a service that cannot hold it may not lose it in silence.
    """

    name: str
    code: str
    shape: Shape
    essential: bool = False


class Split(NamedTuple):
    """An exported object, the objects that it would have made with itself (kind and fields), and what has no place."""

    item: dict[str, Json]
    beside: tuple[tuple[Kind, dict[str, Json]], ...] = ()
    lost: tuple[str, ...] = ()


Notes: TypeAlias = Sequence[tuple[str, str]]
"""The parts of an exported object that could not be carried over, and the remedies."""


@dataclass(frozen=True, slots=True)
class Export:
    """How an object of a kind becomes a manifest that was none. Pure functions.

    `listing`: the request that lists such objects; `paged`: one that answers all. `object`: what an object says of
    itself in the member of this name; `envelope`: below which member a list may stand; `telling`: members that show
    what an object is, besides the kind's fields. `upgraded`: an object of an older shape as it is today. `split`: an
    object and its name to what becomes manifests. `shared`: the field whose items get files of their own where several
    objects have one, and the name of such an item; None for any other.
    """

    listing: str = ""
    paged: str = ""
    object: str = ""
    envelope: str = ""
    telling: frozenset[str] = frozenset()
    upgraded: Callable[[dict[str, Json]], tuple[dict[str, Json], Notes]] = lambda item: (item, ())
    split: Callable[[dict[str, Json], str], Split] = lambda item, _name: Split(item)
    shared: tuple[str, Callable[[Json], str | None]] = ("", lambda _item: None)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of object: `Assistant`, written `assistant:` in a manifest, shown by its field `display`; some `plural`.

    `schema` is the JSON Schema of its fields, as its provider registered it. `by_content`: its objects are known by
    their bytes (core/content.py) and have no manifests, so `word` is empty. `referring`: the fields in which references
    to other objects may stand. `shared`: what a manifest may say once for all items of a list, by the list's name.
    `body`: the field that the text of a Markdown manifest is. `rules`: what is wrong with a manifest besides what its
    schema says. `lints`: what is valid there, and most likely a mistake. `explain`: in place of the general words for a
    fault. `export`: None where no object of it can be imported.

    At a service: `hidden`: the fields that it never reports. `compound`: those that take requests of their own.
    `recognised_by`: pointers to the fields by which an object that lost its marker there is known again.
    """

    name: str
    word: str
    display: str
    plural: str
    fields: Mapping[str, Field]
    schema: Mapping[str, Json] = field(default_factory=dict, repr=False)
    by_content: bool = False
    referring: tuple[str, ...] = ()
    shared: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    rules: Callable[[Fields], Iterable[Problem]] = lambda _data: ()
    lints: Callable[[Fields], Iterable[Problem]] = lambda _data: ()
    explain: Callable[[Fault], Problem | None] = lambda _fault: None
    export: Export | None = None
    hidden: frozenset[str] = frozenset()
    compound: frozenset[str] = frozenset()
    recognised_by: tuple[str, ...] = ()

    @property
    def required(self) -> Sequence[str]:
        """The fields that every manifest states."""
        required: Sequence[str] = self.schema.get("required", ())
        return required

    @property
    def one(self) -> str:
        """One of them, in a sentence: `an assistant`."""
        noun = self.word.replace("_", " ")
        return f"{'an' if noun[:1] in tuple('aeiou') else 'a'} {noun}"

    @property
    def defaults(self) -> dict[str, Json]:
        """The documented default of each field that has one."""
        shapes = ((name, field.shape) for name, field in self.fields.items())
        return {name: shape.default for name, shape in shapes if shape.default is not MISSING}

    def display_name(self, spec: Fields) -> str | None:
        """The display name of an object."""
        name = spec.get(self.display)
        return name if isinstance(name, str) else None
