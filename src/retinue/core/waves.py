"""In which order the steps of a plan go: what others need first, deletes after all writes, forgets last. Pure.

Carries nothing out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from .graph import closure, needs
from .model import Action, Address, Change, Outcome

Numbered: TypeAlias = Mapping[int, Change]
Graph: TypeAlias = Mapping[int, set[int]]
"""By number, the steps that must be done before."""


class Waves(NamedTuple):
    """One after the other; `deletes` and what follows only once all before them succeeded.

    `replaced`: the old objects of the replaces among `writes`, by the same numbers, deleted with the others.
    A duplicate of what is forgotten must be gone before, while it is known: `forgets` come last.
    """

    writes: dict[int, Change]
    deletes: dict[int, Change]
    replaced: dict[int, Change]
    unused: dict[int, Change]
    forgets: dict[int, Change]


def waves(changes: Numbered) -> Waves:
    parts = Waves({}, {}, {}, {}, {})
    for number, change in changes.items():
        if change.action is Action.FORGET:
            parts.forgets[number] = change
        elif change.action is not Action.DELETE:
            parts.writes[number] = change
        elif change.unused:
            parts.unused[number] = change
        else:
            parts.deletes[number] = change
        if change.action is Action.REPLACE:
            # The second half of a replace: the old object goes once nothing refers to it any more.
            parts.replaced[number] = replace(change, action=Action.DELETE, fields=(), requires=())
    return parts


Known: TypeAlias = tuple[Address, Action, str | None]


def known_as(step: Change | Outcome) -> Known:
    """What tells a step from all others of its plan. One that makes an object has its id only once it is done."""
    return step.address, step.action, None if step.action.makes else step.remote_id


def in_plan_order(changes: Iterable[Change], ended: Iterable[tuple[Change, Outcome]]) -> list[Outcome]:
    """`ended`: the steps in any order, each with how it ended."""
    places = {known_as(change): place for place, change in enumerate(changes)}
    return [outcome for _, outcome in sorted(ended, key=lambda pair: places[known_as(pair[0])])]


def layers(writes: Numbered) -> list[dict[int, Change]]:
    """First the new objects that others will refer to by their ids, so that their races are settled before that."""
    needed = needs(writes)
    early = {
        other
        for number, others in needed.items()
        for other in others
        if writes[other].action.makes and writes[other].address.kind != writes[number].address.kind
    }
    first = closure(early, {number: tuple(others) for number, others in needed.items()})
    parts = [{n: change for n, change in writes.items() if (n in first) is early_one} for early_one in (True, False)]
    return [part for part in parts if part]


def backwards(graph: Graph) -> Graph:
    """The same steps the other way round."""
    result: dict[int, set[int]] = {number: set() for number in graph}
    for number, others in graph.items():
        for other in others:
            result[other].add(number)
    return result
