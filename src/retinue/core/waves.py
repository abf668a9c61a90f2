"""In which order things go: what others need first, deletes after all writes, forgets last. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import NamedTuple, TypeAlias, TypeVar

from .model import Action, Address, Change, Outcome

T = TypeVar("T")


def order(requires: Mapping[T, Set[T]]) -> list[T]:
    """Everything after what it requires, equals in their given order; what is not in the mapping is ignored.

    Raises graphlib's CycleError, whose second argument is the cycle.
    """
    position = {item: index for index, item in enumerate(requires)}
    sorter = TopologicalSorter({item: needed & requires.keys() for item, needed in requires.items()})
    sorter.prepare()
    result: list[T] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=position.__getitem__)
        result.extend(ready)
        sorter.done(*ready)
    return result


def closure(wanted: Set[T], requires: Mapping[T, Iterable[T]]) -> set[T]:
    """`wanted` and everything that it needs, however far away."""
    result, waiting = set(wanted), list(wanted)
    while waiting:
        more = set(requires.get(waiting.pop(), ())) - result
        result |= more
        waiting += more
    return result


def needs(changes: Mapping[int, Change]) -> dict[int, set[int]]:
    """Which steps must be done before each, from the addresses that it requires."""
    numbers: dict[Address, set[int]] = {}
    for number, change in changes.items():
        numbers.setdefault(change.address, set()).add(number)
    return {
        number: {other for address in change.requires for other in numbers.get(address, ()) if other != number}
        for number, change in changes.items()
    }


Graph: TypeAlias = Mapping[int, set[int]]
"""By number, the steps that must be done before."""


class Waves(NamedTuple):
    """One after the other; `deletes` and what follows only once all before them succeeded.

    Among `deletes` are the old objects of the replaces, by the numbers that these have among `writes`.
    A duplicate of what is forgotten must be gone before, while it is known: `forgets` come last.
    """

    writes: dict[int, Change]
    deletes: dict[int, Change]
    unused: dict[int, Change]
    forgets: dict[int, Change]


def waves(changes: Mapping[int, Change]) -> Waves:
    parts = Waves({}, {}, {}, {})
    for number, change in changes.items():
        if change.action is Action.FORGET:
            parts.forgets[number] = change
        elif change.action is not Action.DELETE:
            parts.writes[number] = change
        elif change.unused:
            parts.unused[number] = change
        else:
            parts.deletes[number] = change
    # The second half of a replace: the old object goes once nothing refers to it any more.
    for number, change in parts.writes.items():
        if change.action is Action.REPLACE:
            parts.deletes[number] = replace(change, action=Action.DELETE, fields=(), requires=())
    return parts


Known: TypeAlias = tuple[Address, Action, str | None]


def known_as(step: Change | Outcome) -> Known:
    """The key that identifies a step within its plan. One that makes an object has its id only once it is done."""
    return step.address, step.action, None if step.action.makes else step.remote_id


def in_plan_order(changes: Iterable[Change], ended: Iterable[tuple[Change, Outcome]]) -> list[Outcome]:
    """`ended`: the steps in any order, each with how it ended."""
    places = {known_as(change): place for place, change in enumerate(changes)}
    return [outcome for _, outcome in sorted(ended, key=lambda pair: places[known_as(pair[0])])]


def layers(writes: Mapping[int, Change]) -> list[dict[int, Change]]:
    """First the new objects that others will refer to by their ids, so that their races are settled before that."""
    needed = needs(writes)
    early = {
        other
        for number, others in needed.items()
        for other in others
        if writes[other].action.makes and writes[other].address.kind != writes[number].address.kind
    }
    first = closure(early, needed)
    parts = ({n: writes[n] for n in writes if n in first}, {n: writes[n] for n in writes if n not in first})
    return [part for part in parts if part]


def backwards(graph: Graph) -> Graph:
    """The same steps the other way round."""
    result: dict[int, set[int]] = {number: set() for number in graph}
    for number, others in graph.items():
        for other in others:
            result[other].add(number)
    return result
