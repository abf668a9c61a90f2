"""Differences between two environments, object by object and field by field. Pure; plans nothing."""

from __future__ import annotations

from collections.abc import Mapping

from .canonical import canonical
from .codec import FORMAT_VERSION
from .differences import differing
from .model import Address, FieldChange, Fields, Json, Kind, Resource
from .values import dataclass, field

Side = Mapping[Address, Fields]
"""Of one environment, each object's fields in canonical form."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`changed`: in both, with the fields that differ, from left to right."""

    project: str
    left: str
    right: str
    live: bool
    changed: Mapping[Address, tuple[FieldChange, ...]]
    only_left: tuple[Address, ...]
    only_right: tuple[Address, ...]
    same: int
    kinds: Mapping[str, Kind] = field(default_factory=dict, compare=False, repr=False)

    @property
    def differs(self) -> bool:
        return bool(self.changed or self.only_left or self.only_right)


def comparable(resource: Resource, kind: Kind, *, protected: bool) -> dict[str, Json]:
    """The fields of an object as they are compared; `protect` is one of them."""
    fields = canonical(resource.spec, kind)
    return {**fields, "retinue/protect": True} if protected else fields


def compare(project: str, names: tuple[str, str], sides: tuple[Side, Side], *, live: bool) -> Comparison:
    """From the first environment to the second."""
    left, right = sides
    both = sorted(left.keys() & right.keys())
    changed = {}
    for address in both:
        one, other = left[address], right[address]
        found = differing(dict.fromkeys((*one, *other)), one, other)
        # The block of a provider that holds nothing is missing at the others.
        if fields := tuple(item for item in found if not (item.before in (None, {}) and item.after in (None, {}))):
            changed[address] = fields
    only_left, only_right = (tuple(sorted(one.keys() - other.keys())) for one, other in ((left, right), (right, left)))
    return Comparison(project, *names, live, changed, only_left, only_right, len(both) - len(changed))


def comparison_to_json(found: Comparison, version: str) -> dict[str, Json]:
    """As `diff --format json` prints it; `version` is retinue's own."""
    items = [(address, "changed", fields) for address, fields in found.changed.items()]
    items += [(address, "removed", ()) for address in found.only_left]
    items += [(address, "added", ()) for address in found.only_right]
    return {
        "format_version": FORMAT_VERSION,
        "retinue_version": version,
        "project": found.project,
        "from": found.left,
        "to": found.right,
        "live": found.live,
        "differences": [
            {
                "address": str(address),
                "what": what,
                "fields": [{"path": item.path, "from": item.before, "to": item.after} for item in fields],
            }
            for address, what, fields in sorted(items, key=lambda item: str(item[0]))
        ],
        "summary": {
            "changed": len(found.changed),
            "removed": len(found.only_left),
            "added": len(found.only_right),
            "same": found.same,
        },
        "outcome": "different" if found.differs else "same",
    }
