"""Order from references: what must exist first, and its exact reverse for deletes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from .model import Address, Change

T = TypeVar("T")


def order(requires: Mapping[T, Set[T]]) -> list[T]:
    """Everything after what it requires, equals in their given order; requirements outside the mapping are ignored.

    Raises `CycleError` whose second argument is the cycle.
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


def closure(wanted: Set[T], requires: Mapping[T, Sequence[T]]) -> set[T]:
    """`wanted` and everything that it needs, however far away."""
    result: set[T] = set()
    waiting = list(wanted)
    while waiting:
        item = waiting.pop()
        if item not in result:
            result.add(item)
            waiting.extend(requires.get(item, ()))
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


__all__ = ["CycleError", "closure", "needs", "order"]
