"""Which fields of a plan change alike because a line changed that several manifests use. Pure; decides no layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..core.model import Change, Kind
from .fields import Row, changed_rows, field_name, shown_fields
from .safe import clean
from .style import REVIEWED

_MOST = 5
"""So many users of what is shared are named; each is a step of the plan besides."""
Users = tuple[str, ...]
"""The addresses of objects in which a field changes alike, in the order of the plan."""


def alike(
    changes: Sequence[Change], kinds: Mapping[str, Kind], places: Mapping[str, Mapping[str, str]]
) -> dict[tuple[str, str], Users]:
    """By address and path. Only what is written in the same lines (`places`), and takes more than one line to show."""
    written: dict[Any, list[tuple[Change, Any]]] = {}
    for change in changes:
        for field in () if change.action.makes else shown_fields(change):
            if place := places.get(str(change.address), {}).get(field.path):
                written.setdefault((field.path, field.cause, place), []).append((change, field))
    found: dict[tuple[str, str], Users] = {}
    for (path, *_), those in written.items():
        groups: dict[Any, list[str]] = {}
        for change, field in those if len(those) > 1 else ():
            rows = [*changed_rows([field], kinds.get(change.address.kind), REVIEWED)]
            if len(rows) > 1 or rows[0].diff is not None:
                groups.setdefault(tuple(map(_anywhere, rows)), []).append(str(change.address))
        for users in groups.values():
            found |= dict.fromkeys(((user, path) for user in users if len(users) > 1), tuple(users))
    return found


def _anywhere(row: Row) -> Any:
    """A row without what tells where in a text it stands."""
    if row.diff is None:
        return row
    from .textdiff import Form  # loaded already, where there is a diff

    changed = (it for it in row.diff.stretches if it.form in (Form.CHANGED, Form.REWRAPPED))
    return row.label, row.column, tuple((it.removed, it.added) for it in changed)


def word_row(users: Users, path: str, address: str, place: str) -> Row:
    """The word beside a change that stands there once: which others have it, or where it is shown."""
    if address != users[0]:
        return Row(field_name(path), note=f"the same change as in {clean(users[0])}", remark=place)
    more = f" and {len(users) - _MOST} more" if len(users) > _MOST else ""
    named = ", ".join(map(clean, users[:_MOST]))
    return Row(field_name(path), note=f"changes alike in {len(users)} objects: {named}{more}")
