"""Which deletes and creates of one plan look like one rename: the same kind and nearly the same object. Pure.

What is left of both once everything is set aside that other objects have too says which object it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from .canonical import canonical, canonical_json, same
from .model import Address, Json, Kind, Resource
from .values import dataclass

_ALIKE = 0.75
_LESS, _NAMED = 0.6, 0.6
"""So much is enough where names are so much alike."""
_PROSE = 4
"""So many words make a text: a model's name or a label is none."""
_LONG, _LETTERS = 40, 2_000
"""Texts of more words or letters are compared word by word, shorter ones letter by letter."""
_DENSE = r"\u0e00-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = rf"[{_DENSE}]|[^\s{_DENSE}]+"
"""Scripts without spaces, such as Chinese or Thai, count by the character."""
_MOST_PAIRS, _MOST_ALIKE = 2_500, 50
"""Above so many pairs only those are looked at that have a line of a text, or all but the display name, in common: so
many of each."""
_LINES = 3
"""So many lines that only two texts share are evidence."""
_Spec = dict[str, Json]


class Pair(NamedTuple):
    """An address that would be deleted, and one that would be created and looks like it."""

    old: Address
    new: Address


def renames(
    gone: Mapping[Address, Resource], new: Mapping[Address, Resource], kept: Iterable[Resource], kind: Kind
) -> list[Pair]:
    """The pairs, the most alike first, of which neither belongs to a better one; equally good ones are all among them.

    `kept`: the kind's other objects, live and desired. All of them with names in the place of live ids.
    """
    if not (gone and new):
        return []
    # Values that other objects share and that therefore identify none: whole values by field, and lines of texts.
    others = [_stated(resource, kind) for resource in kept]
    values = {canonical_json([name, value]) for spec in others for name, value in spec.items()}
    lines = {line for spec in others for text in spec.values() if _is_prose(text) for line in text.splitlines()}
    before, after = (
        [_Side.of(address, _stated(it, kind), kind, values, lines) for address, it in side.items()]
        for side in (gone, new)
    )
    scores = {
        Pair(left.address, right.address): score
        for left, right in _candidates(before, after)
        if (score := _likeness(left, right)) >= _ALIKE
    }
    taken: dict[Address, float] = {}
    found = []
    for pair, score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
        if all(taken.get(address, score) == score for address in pair):
            found.append(pair)
            taken |= dict.fromkeys(pair, score)
    return found


def _stated(resource: Resource, kind: Kind) -> _Spec:
    """The readable fields that are not at their default."""
    return {
        name: value
        for name, value in canonical(resource.spec, kind).items()
        if name not in kind.hidden and not same(value, kind.fields[name].shape.default)
    }


@dataclass(frozen=True, slots=True)
class _Side:
    """One object: its whole spec, what people see it called, and what is its own in its texts and its other fields."""

    address: Address
    spec: _Spec
    display: str
    called: str
    texts: Mapping[str, str]
    rest: _Spec

    @classmethod
    def of(cls, address: Address, spec: _Spec, kind: Kind, values: Collection[str], lines: Collection[str]) -> _Side:
        """`values` and `lines`: what other objects have too."""
        texts: dict[str, str] = {}
        rest: _Spec = {}
        for name, value in spec.items():
            if name == kind.display:
                continue
            if _is_prose(value):
                own = "\n".join(line for line in value.splitlines() if line not in lines).strip()
                texts |= {name: own} if own else {}
            elif canonical_json([name, value]) not in values:
                rest[name] = value
        return cls(address, spec, kind.display, _plain(str(spec.get(kind.display, ""))), texts, rest)

    def traits(self) -> Iterator[str]:
        """The parts that another side must share to be compared at all, among a great many."""
        yield canonical_json({name: value for name, value in self.spec.items() if name != self.display})
        yield from (line for text in self.texts.values() for line in text.splitlines())
        yield _plain(self.address.name)


def _is_prose(value: Json) -> bool:
    return isinstance(value, str) and len(re.findall(_WORD, value)) >= _PROSE


def _plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


def _candidates(before: Sequence[_Side], after: Sequence[_Side]) -> Iterator[tuple[_Side, _Side]]:
    if len(before) * len(after) <= _MOST_PAIRS:
        yield from ((left, right) for left in before for right in after)
        return
    by_trait: dict[str, dict[Address, _Side]] = {}
    for right in after:
        for trait in right.traits():
            by_trait.setdefault(trait, {})[right.address] = right
    for left in before:
        found: dict[Address, _Side] = {}
        for trait in left.traits():
            found |= dict(islice(by_trait.get(trait, {}).items(), _MOST_ALIKE))
        yield from ((left, right) for right in found.values())


def _likeness(left: _Side, right: _Side) -> float:
    """3 for the same in all, 2 for an address written otherwise, else how much of what is their own is alike, or 0.

    A text says what an object is for: without a text that is alike, nothing else makes two objects alike; with one
    that is, model, tools and all the rest may have changed with it. Names that are alike make up for more changes.
    """
    if same(left.spec, right.spec):
        return 3.0
    if _plain(left.address.name) == _plain(right.address.name):
        return 2.0
    rest = _share(left.rest, right.rest)
    names = max(_letters(left.called, right.called), _letters(_plain(left.address.name), _plain(right.address.name)))
    closer = (rest + names) / 100
    # `support` and `support-v2`: all words of one name begin or end the other.
    short, long = sorted((left.address.name.split("-"), right.address.name.split("-")), key=len)
    if left.called and left.called == right.called and short in (long[: len(short)], long[-len(short) :]):
        return _ALIKE + closer
    if left.texts or right.texts:
        alike = _share(left.texts, right.texts)
        return alike + closer if alike >= (_ALIKE if names < _NAMED else _LESS) else 0.0
    if left.called and left.called == right.called:
        return max(rest, _ALIKE) + closer
    # A few plain values, such as a model and a temperature, are no evidence.
    if not any(isinstance(value, list | dict) for value in (*left.rest.values(), *right.rest.values())):
        return rest + closer if rest >= _ALIKE and names >= _ALIKE else 0.0
    return rest + closer if rest >= (_ALIKE if names < _NAMED else _LESS) else 0.0


def _share(left: Mapping[str, Json], right: Mapping[str, Json]) -> float:
    """How much of two mappings is alike, each member by its size."""
    whole = alike = 0.0
    for name in left.keys() | right.keys():
        one, other = left.get(name), right.get(name)
        weight = max(len(canonical_json(value)) for value in (one, other))
        whole += weight
        alike += weight * _value(one, other)
    return alike / whole if whole else 0.0


def _value(left: Json, right: Json) -> float:
    if same(left, right):
        return 1.0
    if isinstance(left, str) and isinstance(right, str):
        return _text(left.casefold(), right.casefold())
    if isinstance(left, dict) and isinstance(right, dict):
        return _share(left, right)
    if isinstance(left, list) and isinstance(right, list):
        mine, theirs = (Counter(map(canonical_json, value)) for value in (left, right))
        return (mine & theirs).total() / max(mine.total(), theirs.total(), 1)
    return 0.0


def _text(left: str, right: str) -> float:
    """Also alike: a text that was cut or added to, so that nearly all lines of the shorter stand in the longer."""
    one, other = re.findall(_WORD, left), re.findall(_WORD, right)
    if max(len(one), len(other)) <= _LONG and max(len(left), len(right)) <= _LETTERS:
        whole = _letters(" ".join(left.split()), " ".join(right.split()))
    else:
        whole = 2 * (Counter(one) & Counter(other)).total() / (len(one) + len(other))
    few, many = sorted(({*left.splitlines()}, {*right.splitlines()}), key=len)
    common = sum(len(line) for line in few & many)
    return max(whole, common / sum(map(len, few)) if len(few & many) >= _LINES else 0.0)


def _letters(left: str, right: str) -> float:
    """The share of letters that both have in one order."""
    from difflib import SequenceMatcher  # few plans compare names

    return SequenceMatcher(None, left, right, autojunk=False).ratio() if left and right else 0.0


def moved_from_line(old: Address) -> str:
    """The line for the new manifest."""
    return f"retinue: {{moved_from: {old.name}}}"
