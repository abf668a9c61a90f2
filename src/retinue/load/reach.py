"""Says how far a change of one file reaches: which included files stand behind what changes, and who else uses them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.model import Action, Address, Cause, Change, Diagnostic, Place, Severity
from ..core.pointer import split_pointer
from ..schema import kinds
from .located import Map, Seq
from .manifests import Loaded

_CHANGING = (Action.UPDATE, Action.REPLACE, Action.ADOPT, Action.MOVE)


def shared_file_notes(loaded: Loaded, changes: Sequence[Change]) -> list[Diagnostic]:
    """`prompts/common.md is used by 7 assistants, 2 of which change here`, for each such file behind a change."""
    changing = _changed_files(loaded, changes)
    if not changing:
        return []
    users: dict[str, list[Address]] = {}
    for address, data in loaded.rendered.items():
        if address not in loaded.elsewhere:
            for name in {name for key in data for name in _files_of(data, key, loaded.included)}:
                users.setdefault(name, []).append(address)
    return [_note(name, users[name], len(changing[name])) for name in sorted(changing) if len(users[name]) > 1]


def _changed_files(loaded: Loaded, changes: Sequence[Change]) -> dict[str, set[Address]]:
    """The files behind the fields that manifests change in objects that are there already."""
    found: dict[str, set[Address]] = {}
    for change in changes:
        data = loaded.rendered.get(change.address)
        if data is None or change.action not in _CHANGING:
            continue
        keys = {split_pointer(item.path)[0] for item in change.fields if item.cause is not Cause.DRIFT}
        for key in keys & data.keys():
            for name in _files_of(data, key, loaded.included):
                found.setdefault(name, set()).add(change.address)
    return found


def _files_of(data: Map, key: str, included: Mapping[Place, str]) -> Iterator[str]:
    return _walk(data[key], data.values_at[key], included) if included else iter(())


def _walk(value: Any, at: Place, included: Mapping[Place, str]) -> Iterator[str]:
    if at in included:
        yield included[at]
    if type(value) is Map:
        for key, item in value.items():
            yield from _walk(item, value.values_at[key], included)
    elif type(value) is Seq:
        for item, place in zip(value, value.items_at, strict=True):
            yield from _walk(item, place, included)


def _note(name: str, users: Sequence[Address], changing: int) -> Diagnostic:
    words = {kinds()[address.kind].plural for address in users}
    what = words.pop() if len(words) == 1 else "objects"
    some = "" if changing == len(users) else f", {changing} of which change{'s' if changing == 1 else ''} here"
    message = f"{name} is used by {len(users)} {what}{some}"
    return Diagnostic("shared-file", message, place=Place(name, 1, 1), severity=Severity.INFO)
