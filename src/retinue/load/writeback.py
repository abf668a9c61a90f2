"""Live values to edits of the files that their manifests come from. Writes no file; refuses what it cannot do exactly.

Every value of a rendered manifest knows its place, whatever layer or include it comes from: that is where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import yaml

from ..core.canonical import equal, identity, undefaulted
from ..core.model import MISSING, Desired, Field, Json, Place, Shape
from ..core.values import dataclass, field
from ..schema import EXTRAS, Catalogue
from . import frontmatter
from .composing import Composed, changed_part
from .files import Files, Found, beside, read_found, text_of
from .located import Map, Seq
from .spans import MAP, SCALAR, Node, Spans
from .splice import Edit, Unsafe, apply, inserted, item_added, item_moved, item_removed, removed, replaced
from .variables import escaped

_LAST_KEYS = ("retinue", EXTRAS)
"""They stand at the end of a manifest; new fields go above them."""


class _Added(NamedTuple):
    """An item to stand behind that with the number `after` (-1: first); `moved`: the number of one that is there."""

    after: int
    item: Json
    moved: int | None = None


class Wanted(NamedTuple):
    """One field of one manifest, and its new value (MISSING: none)."""

    resource: Desired
    field: Field
    value: Json


@dataclass(frozen=True, slots=True)
class Written:
    """The edits, by file, that give a field its value."""

    wanted: Wanted
    edits: Mapping[str, tuple[Edit, ...]]


@dataclass(frozen=True, slots=True)
class Refused:
    """A field that stays as it is, why, the place of the value that could not be edited, or the patch for a person."""

    wanted: Wanted
    why: str
    place: Place | None = None
    patch: str = ""


class Text:
    """A file's bytes, its text with LF, and whether it had CRLF."""

    def __init__(self, name: str, data: bytes, text: str) -> None:
        self.name, self.data, self.text = name, data, text
        self.crlf = b"\r\n" in data
        suffix = PurePosixPath(name).suffix.lower()
        self.is_json, self.is_markdown = suffix == ".json", suffix == ".md"

    @cached_property
    def spans(self) -> Spans:
        """Raises Unsafe for a text whose values cannot be told apart."""
        try:
            return Spans(frontmatter.head(self.text) if self.is_markdown else self.text)
        except (yaml.YAMLError, ValueError) as error:
            raise Unsafe("this file cannot be edited in place") from error

    def bytes(self, edits: Sequence[Edit]) -> bytes:
        """The file's content with all edits. Raises Unsafe if they do not fit together, or no file can hold them."""
        text = apply(self.text, edits)
        try:
            return (text.replace("\n", "\r\n") if self.crlf else text).encode("utf-8")
        except UnicodeEncodeError as error:
            raise Unsafe("the live text holds half a character, which no file can hold") from error


class Texts:
    """The project's files that are looked at for edits, each read once. `known`: what they may speak of."""

    def __init__(self, files: Files, known: Catalogue) -> None:
        self._files, self.known = files, known
        self._read: dict[str, Text] = {}

    def __getitem__(self, name: str) -> Text:
        """By name relative to the project folder. Raises Unsafe for a file whose layout cannot be kept."""
        found = self._files.find(name)
        data = read_found(found, None) if isinstance(found, Found) else None
        if not isinstance(found, Found) or not isinstance(data, bytes):
            raise Unsafe(f"`{name}` cannot be read")
        known = self._read.get(found.name)
        if known is None:
            text = text_of(data, found.name)
            if not isinstance(text, str) or "\r" in text:
                raise Unsafe(f"`{found.name}` has line ends of its own, which cannot be kept")
            if data.count(b"\r\n") not in (0, data.count(b"\n")):
                raise Unsafe(f"`{found.name}` has line ends of two kinds, which cannot be kept")
            known = self._read[found.name] = Text(found.name, data, text)
        return known


def edits_for(wanted: Wanted, texts: Texts, *, hides: bool = False) -> Written | Refused:
    """The edits that give one field its live value: all of them, or why there are none.

    `hides`: what goes leaves an empty value behind, so that nothing of a lower layer comes to light.
    """
    work = _Work(texts, texts.known.kinds[wanted.resource.kind].body, hides)
    try:
        work.field(wanted)
    except Unsafe as unsafe:
        return Refused(wanted, str(unsafe), work.place)
    return Written(wanted, {name: tuple(edits) for name, edits in work.edits.items()})


@dataclass(slots=True)
class _Work:
    """The edits of one field so far, and the place that was looked at last."""

    texts: Texts
    body: str
    hides: bool
    edits: dict[str, list[Edit]] = field(default_factory=dict)
    place: Place | None = None

    def field(self, wanted: Wanted) -> None:
        spec, name, shape = wanted.resource.spec, wanted.field.name, wanted.field.shape
        assert type(spec) is Map
        if name in spec:
            self._value(spec, name, shape, wanted.value)
        elif wanted.value is not MISSING:
            assert wanted.resource.place is not None
            file, holder = self._node(wanted.resource.place, key=True)
            if name == self.body and file.is_markdown and isinstance(wanted.value, str):
                # A text below front matter that has none.
                text = _as_body(wanted.value)
                gap = "\n\n" if text.startswith("\n") else "\n"
                self._add(file, Edit(len(file.text.rstrip("\n")), len(file.text), f"{gap}{text}\n"))
            else:
                self._insert(file, holder, name, wanted.value)

    def _add(self, file: Text, edit: Edit) -> None:
        self.edits.setdefault(file.name, []).append(edit)

    def _value(self, holder: Map | Seq, key: Any, shape: Shape, new: Json) -> None:
        """Gives one member of a rendered value its new value."""
        value, place = holder[key], holder.values_at[key] if isinstance(holder, Map) else holder.items_at[key]
        if equal(value, new, shape):
            return
        self.place = place
        if undefaulted(new, shape) is MISSING:
            # Back to the default: a plain one is written out, so that no lower layer shows through.
            if shape.default is not MISSING and shape.default not in (None, {}, []):
                self._replace(place, value, shape, shape.default)
            elif type(holder) is not Map:
                raise Unsafe("an item of this list says nothing any more")
            elif self.hides:
                self._replace(place, value, shape, [] if shape.default == [] else None)
            else:
                self._remove(holder, key)
        elif type(value) is Map and value and isinstance(new, dict) and _tag(value, shape) == _tag(new, shape):
            self._members(value, place, shape, new)
        elif type(value) is Seq and isinstance(new, list) and value:
            self._items(value, place, shape, new)
        elif isinstance(place, Composed):
            self._part(place.parts, shape, new)
        else:
            self._replace(place, value, shape, new)

    def _part(self, parts: Seq, shape: Shape, new: Json) -> None:
        """Of a text that is joined from several, the one that differs."""
        found = changed_part(parts, re.sub("\r+\n", "\n", new).rstrip("\n")) if isinstance(new, str) else None
        if found is None:
            raise Unsafe(
                f"it is joined from {len(parts)} texts, and what is live differs in more than one of them, or between"
                " two; change these texts by hand, then plan"
            )
        self.place = parts.items_at[found[0]]
        self._replace(self.place, parts[found[0]], shape, found[1])

    def _members(self, value: Map, place: Place, shape: Shape, new: Mapping[str, Json]) -> None:
        for name in value:
            if name != "type" or shape.by_type is None:
                self._value(value, name, shape.member(value, name), new.get(name, MISSING))
        for name, item in new.items():
            if name not in value and not equal(MISSING, item, shape.member(new, name)):
                self._insert(*self._node(place), name, item)

    def _items(self, value: Seq, place: Place, shape: Shape, new: Sequence[Json]) -> None:
        """Items that both have stay where they are, comments and all."""
        items = shape.items or Shape()
        if shape.unordered:
            gone = [index for index, item in enumerate(value) if not any(equal(item, other, items) for other in new)]
            more = [other for other in new if not any(equal(item, other, items) for item in value)]
            self._resize(value, place, gone, [_Added(len(value) - 1, item) for item in more])
            return
        old_keys, new_keys = ([identity(item, items) for item in side] for side in (value, new))
        kept = dict(_pairs(old_keys, new_keys, [item.file == place.file for item in value.items_at]))
        rest = {key: index for index, key in enumerate(old_keys) if index not in kept}
        added = []
        for number, item in enumerate(new):
            if number in kept.values():
                continue
            after = max((index for index, other in kept.items() if other < number), default=-1)
            moved = rest.get(new_keys[number])
            if moved is not None and value.items_at[moved].file != place.file:
                self._value(value, moved, items, item)
            elif moved is not None and not equal(value[moved], item, items):
                raise Unsafe("an item of this list has another place and another value")
            added.append(_Added(after, item, moved))
        for index, number in kept.items():
            self._value(value, index, items, new[number])
        self._resize(value, place, [index for index in range(len(value)) if index not in kept], added)

    def _resize(self, value: Seq, place: Place, gone: Sequence[int], more: Sequence[_Added]) -> None:
        if not gone and not more:
            return
        file, node = self._node(place)
        if len(node.children) != len(value):
            raise Unsafe("an anchor, an alias or an include stands for this list")
        moved = [added.moved for added in more]
        for index in gone:
            if index not in moved:
                self._refuse_variable(value[index], node.children[index])
            self._add(file, item_removed(file.text, node, index, moved=index in moved))
        for after, item, there in more:
            if there is not None:
                self._add(file, item_moved(file.text, node, there, after))
            else:
                self._add(file, item_added(file.text, node, after, self._written(item, node, file)))

    def _insert(self, file: Text, node: Node, key: str, value: Json) -> None:
        value = self._written(value, node, file)
        if not node.flow and not node.keys:
            raise Unsafe("there is no place here for one more key")
        before = _LAST_KEYS if node.parent is None else ()
        self._add(file, inserted(file.text, node, key, value, is_json=file.is_json, before=before))

    def _remove(self, holder: Map, key: str) -> None:
        self.place = holder.keys_at[key]
        file = self.texts[self.place.file]
        if _is_body(file, self.place):
            self._body(file, self.place, "")
        else:
            file, node = self._node(self.place, key=True)
            self._refuse_variable(holder[key], node.child(key))
            self._add(file, removed(file.text, node, key))

    def _replace(self, place: Place, value: Any, shape: Shape, new: Json) -> None:
        file = self.texts[place.file]
        if _is_body(file, place):
            self._body(file, place, "" if new is None else new)
            if new is None:
                whole = next(iter(file.spans.values.values()))
                self._insert(file, whole, self.body, None)
            return
        file, node = self._node(place)
        if node.what == MAP and type(value) is not Map:
            self._included(node, place, shape, new)
            return
        self._refuse_variable(value, node)
        if node.parent is None and node.what != SCALAR:
            raise Unsafe("an include stands there, and the live value is of another kind than its file")
        new = self._written(new, node, file)
        self._add(file, replaced(file.text, node, new, is_json=file.is_json, trims=shape.trim_final_newline))

    def _refuse_variable(self, value: Any, node: Node | None) -> None:
        """A variable stands there or below, unless the text is meant literally (a text that is not a template)."""
        for part in node.all() if node is not None else ():
            if _has_variables(part.text) and value != part.text:
                what = f"`{part.text}`" if len(part.text) < 60 else "a text with variables"
                raise Unsafe(f"{what} stands there")

    def _included(self, node: Node, place: Place, shape: Shape, new: Json) -> None:
        """The text of a file of its own."""
        path, template = node.child("file"), node.child("template")
        if path is None or "${" in path.text or node.marked or not isinstance(new, str):
            raise Unsafe("an include stands there, and the live value is not text")
        file = self.texts[beside(place, path.text)]
        self.place = Place(file.name, 1, 1)
        is_template = template is not None and template.text == "true"
        if is_template and _has_variables(file.text):
            raise Unsafe("the text is a template (`template: true`), and the live text does not reveal its variables")
        text = (escaped(new) if is_template else new).replace("\r\n", "\n")
        if shape.trim_final_newline:
            text = text.rstrip("\n") + file.text[len(file.text.rstrip("\n")) :]
        elif file.text.endswith("\n") or text.endswith("\n"):
            # An include leaves out one.
            text += "\n"
        self._add(file, Edit(0, len(file.text), text))

    def _body(self, file: Text, place: Place, new: Json) -> None:
        """The text below the front matter."""
        if not isinstance(new, str):
            raise Unsafe("the text below the front matter cannot be anything but text")
        start = sum(len(line) + 1 for line in file.text.split("\n")[: place.line - 1])
        body = file.text[start:]
        if _has_variables(body):
            raise Unsafe("the text has variables, which the live text does not reveal")
        kept = body[len(body.rstrip("\n")) :]
        text = _as_body(new)
        self._add(file, Edit(start, len(file.text), text + kept if text else ""))

    def _written(self, value: Json, node: Node, file: Text) -> Json:
        """The value as it is written where `${` means a variable."""
        root = node.root()
        is_template = file.name == "retinue.yaml" or any(key.text in self.texts.known.words for key in root.keys)
        return escaped(value) if is_template else value

    def _node(self, place: Place, *, key: bool = False) -> tuple[Text, Node]:
        """The value that begins at a place; with `key` the mapping that has a key there."""
        file = self.texts[place.file]
        node = (file.spans.holders if key else file.spans.values).get((place.line, place.column))
        if node is None:
            raise Unsafe(f"the {'key' if key else 'value'} cannot be found again in its file")
        return file, node


def _pairs(old: Sequence[str], new: Sequence[str], own: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Which items are one before and after, by number and in order, for two lists of identities.

    Two different ones are, in one place, unless an include stands there (not `own`): its file is about another item.
    """
    for what, first, last, start, stop in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for index, number in zip(range(first, last), range(start, stop), strict=False):
            if what == "equal" or (own[index] and old[index] not in new and new[number] not in old):
                yield index, number


def _has_variables(text: str) -> bool:
    return "${" in text.replace("$${", "")


def _as_body(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n").replace("${", "$${")


def _is_body(file: Text, place: Place) -> bool:
    """True if a place is that of the text below the front matter."""
    return file.is_markdown and place.line > frontmatter.head(file.text).count("\n")


def _tag(value: Mapping[str, Json], shape: Shape) -> Json:
    """The `type` of a value where that decides what else it is."""
    return value.get("type") if shape.by_type is not None else None
