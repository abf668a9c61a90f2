"""Which fields of a plan change alike because one line changed that many manifests use. Pure; decides no layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..core.model import Change, Kind
from .fields import Row, changed_rows, field_name, shown_fields
from .safe import clean
from .style import REVIEWED

_MOST = 5
"""So many users of what they share are named; each is a step of the plan besides."""
Places = Mapping[str, Mapping[str, str]]
"""By address and path, where a change is written."""


class Alike(NamedTuple):
    """The objects in which a field changes in the same way, in the order of the plan."""

    users: tuple[str, ...]

    def rows(self, path: str, address: str, place: str) -> Iterator[Row]:
        """What is said of it beside the change itself: of the first of them who else, of the others where it stands."""
        label = field_name(path)
        if address != self.users[0]:
            yield Row(label, note=f"the same change as in {clean(self.users[0])}", remark=place)
            return
        more = f" and {len(self.users) - _MOST} more" if len(self.users) > _MOST else ""
        named = ", ".join(map(clean, self.users[:_MOST]))
        yield Row(label, note=f"changes alike in {len(self.users)} objects: {named}{more}")


def alike(changes: Sequence[Change], kinds: Mapping[str, Kind], places: Places) -> dict[tuple[str, str], Alike]:
    """By address and path. Only of what is written in the same lines, and takes more than one line to show."""
    written: dict[Any, list[tuple[Change, Any]]] = {}
    for change in changes:
        for field in () if change.action.makes else shown_fields(change):
            if place := places.get(str(change.address), {}).get(field.path):
                written.setdefault((field.path, field.cause, place), []).append((change, field))
    found: dict[tuple[str, str], Alike] = {}
    for (path, *_), those in written.items():
        groups: dict[Any, list[str]] = {}
        for change, field in those if len(those) > 1 else ():
            rows = [*changed_rows([field], kinds.get(change.address.kind), REVIEWED)]
            if len(rows) > 1 or rows[0].diff is not None:
                groups.setdefault(tuple(map(_change, rows)), []).append(str(change.address))
        for users in groups.values():
            if len(users) > 1:
                found |= dict.fromkeys(((user, path) for user in users), Alike(tuple(users)))
    return found


def _change(row: Row) -> Any:
    """A row without what tells where in a text it stands."""
    if row.diff is None:
        return row
    changed = tuple(
        (removed, added) for form, _, removed, _, added in row.diff.stretches if form in ("changed", "rewrapped")
    )
    return row.label, row.column, changed
