"""JSON pointers (RFC 6901) into plain values: what `ignore_changes` leaves to others. Changes nothing in place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from .model import MISSING, Fields, Json


def with_ignored(spec: Fields, live: Fields, ignored: Collection[str]) -> dict[str, Json]:
    """`spec` with the live value at every ignored JSON pointer."""
    result = dict(spec)
    # Later items of a list first: taking one away must not move the others.
    pointers = map(split_pointer, ignored)
    for steps in sorted(pointers, key=lambda steps: [(len(step), step) for step in steps], reverse=True):
        result = _put(result, live, steps)
    return result


def without(fields: dict[str, Json], ignored: Collection[str]) -> dict[str, Json]:
    """`fields` with nothing at any of the ignored JSON pointers."""
    return with_ignored(fields, {}, ignored) if ignored else fields


def value_at(value: Json, pointer: str) -> Json:
    """The value that a pointer names, or MISSING."""
    for step in split_pointer(pointer):
        value = _step(value, step)
    return value


def split_pointer(pointer: str) -> list[str]:
    """`/metadata/a~1b` as its steps (RFC 6901)."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def join_pointer(steps: Iterable[str | int]) -> str:
    """The steps as `/metadata/a~1b`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _put(value: Any, live: Json, steps: list[str]) -> Any:
    """A copy of `value` with what `live` holds at `steps`, or with nothing there where live holds nothing.

    Unchanged where the way there is missing, but for objects that live has and `value` lacks.
    """
    head, rest = steps[0], steps[1:]
    there = _step(live, head)
    if isinstance(value, list):
        if _step(value, head) is MISSING:
            return value
        index = int(head)
        new = _put(value[index], there, rest) if rest else there
        return [*value[:index], *([] if new is MISSING else [new]), *value[index + 1 :]]
    if not isinstance(value, dict):
        return value
    if rest:
        inner = value.get(head)
        if inner is None and not isinstance(there, dict):
            return value
        return {**value, head: _put({} if inner is None else inner, there, rest)}
    kept = {key: item for key, item in value.items() if key != head}
    return kept if there is MISSING else {**kept, head: there}


def _step(value: Json, step: str) -> Json:
    """The member or item that one step of a pointer names, or MISSING."""
    if isinstance(value, dict):
        return value.get(step, MISSING)
    found = isinstance(value, list) and step.isdecimal() and int(step) < len(value)
    return value[int(step)] if found else MISSING
