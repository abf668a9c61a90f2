"""Who made what, and what follows from it: the nonce rule of docs/decisions/0004 once more, in other words.

Reads only what stands on the live objects and what went over the wire. Uses no code of retinue.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Raw = Mapping[str, Any]
Objects = Mapping[str, Raw]
"""The live objects as the service holds them, by id."""

ADDRESS, APPLIED = "retinue.address", "retinue.applied"
_ADDRESS = re.compile(r"([a-z0-9-]+)/([a-z0-9-]+)/Assistant/([a-z0-9-]+)")
_APPLIED = re.compile(r"1 ([A-Za-z0-9]{8})( !p)?(?: [A-Za-z](?:[A-Za-z0-9_-]{6}){1,2})*")
FIELDS = ("name", "description", "model", "instructions", "tools", "tool_resources", "temperature", "top_p")
READABLE = (*FIELDS, "response_format", "metadata")


class Mark(NamedTuple):
    """What the two metadata pairs say. There is no `nonce` where the second is unreadable, or was for a time."""

    project: str
    environment: str
    name: str
    nonce: str | None
    protected: bool
    readable: bool


def mark_of(raw: Raw) -> Mark | None:
    """None for an object that is nobody's as far as one can read."""
    metadata = raw.get("metadata") or {}
    address = _ADDRESS.fullmatch(metadata.get(ADDRESS, ""))
    if address is None:
        return None
    applied = _APPLIED.fullmatch(metadata.get(APPLIED, ""))
    nonce, protected = (applied[1], bool(applied[2])) if applied else (None, False)
    nonce = None if nonce == "repaired" else nonce
    return Mark(address[1], address[2], address[3], nonce, protected, applied is not None)


@dataclass(frozen=True)
class Scope:
    """Whose objects are ours: the project, its earlier names, the environment."""

    projects: tuple[str, ...] = ("demo",)
    environment: str = "dev"

    def marks(self, objects: Objects) -> dict[str, Mark]:
        """The marks of this scope by id, oldest object first, earlier project names last."""
        found = {key: mark for key, raw in objects.items() if (mark := mark_of(raw)) and self.covers(mark)}
        order = sorted(found, key=lambda key: (self.projects.index(found[key].project), *age(objects[key], key)))
        return {key: found[key] for key in order}

    def covers(self, mark: Mark) -> bool:
        return mark.project in self.projects and mark.environment == self.environment


def age(raw: Raw, key: str) -> tuple[int, str]:
    return (int(raw["created_at"]), key)


@dataclass(frozen=True)
class Ours:
    """`holders`: the one object of each name. `extra`: double creates of our own. The rest is left alone."""

    holders: Mapping[str, str]
    extra: frozenset[str]

    def writable(self) -> set[str]:
        return {*self.holders.values(), *self.extra}


def ours(objects: Objects, scope: Scope) -> Ours:
    """The nonce rule. A nonce is of one create request, so of several objects that bear it the oldest was made by it,
    whatever address they bear; the others are copies. What is younger than an unreadable mark may be a copy too, and
    what bears an earlier name of the project is only ever moved."""
    marks = scope.marks(objects)
    holders: dict[str, str] = {}
    extra: set[str] = set()
    for key, mark in marks.items():
        if is_copy(key, objects, scope):
            continue
        if mark.name not in holders:
            holders[mark.name] = key
            continue
        older = [marks[other] for other in _up_to(marks, key) if marks[other].name == mark.name]
        if mark.project == scope.projects[0] and all(other.nonce for other in (*older, mark)):
            extra.add(key)
    return Ours(holders, frozenset(extra))


def _up_to(marks: Mapping[str, Mark], key: str) -> Iterator[str]:
    for other in marks:
        if other == key:
            return
        yield other


def is_copy(key: str, objects: Objects, scope: Scope) -> bool:
    """Whether an older object of ours bears the same nonce."""
    marks = scope.marks(objects)
    nonce = marks[key].nonce if key in marks else None
    alike = [other for other, mark in marks.items() if nonce and mark.nonce == nonce]
    return bool(alike) and key != min(alike, key=lambda other: age(objects[other], other))


class Deed(NamedTuple):
    """One write that came over the wire and took effect. `before` None: a create; `after` None: a delete."""

    key: str
    before: Raw | None
    after: Raw | None


@dataclass(frozen=True)
class Licence:
    """What one run may do, from its manifests, its project file, the words of a person, and what it saw.

    `extra`: our own double creates when it began; it may delete them even where it deletes the holder first.
    """

    scope: Scope
    seen: Objects
    names: frozenset[str]
    adopted: frozenset[str] = frozenset()
    ignored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    critical: bool = False
    deletes: int = 0
    unprotected: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()


@dataclass
class Book:
    """The nonces of all that was made over the wire, by id, and what a run did that it may not."""

    made: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def judge(self, deed: Deed, objects: Objects, licence: Licence, written: Objects) -> None:
        """Complain of a deed; `objects` as they were before it, `written` as this run itself left some of them."""
        if deed.before is None:
            found = [*_create(deed, objects, licence, self)]
        else:
            found = [*_change(deed, objects, licence), *_lost_edit(deed, licence, written)]
        self.complaints += [f"{_verb(deed)} of {deed.key}: {complaint}" for complaint in found]
        mark = mark_of(deed.after or {})
        if mark and mark.nonce and deed.key not in self.made:
            self.made[deed.key] = mark.nonce

    def judge_run(self, gone: Collection[str], licence: Licence) -> None:
        """The brake counted by what is gone at the end of a run."""
        held = ours(licence.seen, licence.scope).holders
        lost = {name for name, key in held.items() if key in gone}
        doomed = lost - licence.removed
        limit = min(5, max(1, len(held) * 3 // 10))
        braked = len(doomed) > limit or licence.critical or lost == set(held)
        if doomed and braked and licence.deletes < len(doomed):
            self.complaints.append(f"{sorted(doomed)} of {len(held)} are gone without the word")


def _verb(deed: Deed) -> str:
    return "create" if deed.before is None else "delete" if deed.after is None else "update"


def _create(deed: Deed, objects: Objects, licence: Licence, book: Book) -> Iterator[str]:
    mark = mark_of(deed.after or {})
    if mark is None or mark.nonce is None or mark[:2] != (licence.scope.projects[0], licence.scope.environment):
        yield "it bears no marker of this project"
        return
    if mark.nonce in book.made.values():
        yield "its nonce was there before"
    if mark.name not in licence.names:
        yield f"nobody asked for {mark.name}"
    if mark.name in (holders := ours(objects, licence.scope).holders):
        yield f"{holders[mark.name]} is {mark.name} already"


def _change(deed: Deed, objects: Objects, licence: Licence) -> Iterator[str]:
    assert deed.before is not None
    before, mine = mark_of(deed.before), ours(objects, licence.scope)
    allowed = mine.writable()
    if deed.after is not None and not is_copy(deed.key, objects, licence.scope):
        # A saved plan of updates alone reads no other object; it may miss that an older one was given this address.
        allowed |= set(ours(licence.seen, licence.scope).holders.values())
    if deed.key not in allowed and (before or deed.key not in licence.adopted):
        yield "it is a copy" if is_copy(deed.key, objects, licence.scope) else "it is not ours"
    elif deed.after is None:
        yield from _delete(deed.key, before, mine, licence)
    else:
        yield from _update(deed, before, mine, licence)


def _delete(key: str, mark: Mark | None, mine: Ours, licence: Licence) -> Iterator[str]:
    if mark is None or key in mine.extra or key in licence.extra:
        return
    if mark.name in licence.names and mark.project == licence.scope.projects[0]:
        yield f"{mark.name} has a manifest"
    if f"Assistant/{mark.name}" not in licence.unprotected and (mark.protected or _unreadable(key, mark, licence)):
        yield "it is protected, or nobody can read whether it is"


def _unreadable(key: str, mark: Mark, licence: Licence) -> bool:
    """Whether nobody could read, when the plan was made nor now, if it is protected."""
    seen = mark_of(licence.seen.get(key, {}))
    return not mark.readable and (seen is None or not seen.readable)


def _update(deed: Deed, before: Mark | None, mine: Ours, licence: Licence) -> Iterator[str]:
    after = mark_of(deed.after or {})
    if after is None:
        return
    if before and before.nonce and before.nonce != after.nonce:
        yield "its nonce changed"
    if mine.holders.get(after.name, deed.key) != deed.key and (before is None or before.name != after.name):
        yield f"{mine.holders[after.name]} is {after.name} already"
    for pointer in licence.ignored.get(after.name, ()):
        if at(deed.before, pointer) != at(deed.after, pointer):
            yield f"{pointer} is to be ignored and was changed"


def _lost_edit(deed: Deed, licence: Licence, written: Objects) -> Iterator[str]:
    """What people changed after the plan was made must not be written over, but where their change is ignored."""
    assert deed.before is not None
    seen = written.get(deed.key) or licence.seen.get(deed.key)
    if seen is None:
        yield "the plan was made before it was there"
        return
    mark = mark_of(deed.after or seen)
    ignored = licence.ignored.get(mark.name, ()) if mark and deed.after else ()
    changed = [name for name in READABLE if _visible(seen, name, ignored) != _visible(deed.before, name, ignored)]
    if changed:
        yield f"somebody changed {', '.join(changed)} after the plan was made"


def _visible(raw: Raw, name: str, ignored: Collection[str]) -> Any:
    value = raw.get(name)
    if f"/{name}" in ignored:
        return None
    if name != "metadata":
        return value
    hidden = {APPLIED, *(pointer.removeprefix("/metadata/") for pointer in ignored)}
    return {key: text for key, text in (value or {}).items() if key not in hidden and text}


def at(raw: Raw | None, pointer: str) -> Any:
    """What stands at `/field` or `/metadata/key`; the marker does not count."""
    value: Any = raw or {}
    for step in pointer.split("/")[1:]:
        value = (value or {}).get(step)
    if pointer == "/metadata":
        return {key: text for key, text in (value or {}).items() if text and key not in (ADDRESS, APPLIED)}
    return value or None
