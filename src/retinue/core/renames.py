"""Which deletes and creates of one plan look like one rename: the same kind and nearly the same spec. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from .canonical import canonical, canonical_json, same
from .model import Address, Diagnostic, Json, Kind, Place, Resource, Severity

_ALIKE = 0.75
_MOST_PAIRS = 10_000
"""Above it only equal specs are looked for."""
_Spec = dict[str, Json]


def renames(
    gone: Mapping[Address, Resource], new: Mapping[Address, Resource], kind: Kind, hidden: Collection[str]
) -> dict[Address, Address]:
    """By new address the old one, where each is for the other the only one, or the one most alike."""
    before = {address: _stated(resource, kind, hidden) for address, resource in gone.items()}
    after = {address: _stated(resource, kind, hidden) for address, resource in new.items()}
    if len(before) * len(after) > _MOST_PAIRS:
        return _equal(before, after)
    scores = {
        (old, new): score
        for old, left in before.items()
        for new, right in after.items()
        if (score := _likeness(left, right, kind.display)) >= _ALIKE
    }
    return {new: old for (old, new), score in scores.items() if _is_best(old, new, score, scores)}


def _equal(before: Mapping[Address, _Spec], after: Mapping[Address, _Spec]) -> dict[Address, Address]:
    """The pairs with the same spec, where one delete and one create alone have it."""
    holders: dict[str, tuple[list[Address], list[Address]]] = {}
    for side, specs in enumerate((before, after)):
        for address, spec in specs.items():
            holders.setdefault(canonical_json(spec), ([], []))[side].append(address)
    return {new[0]: old[0] for old, new in holders.values() if len(old) == len(new) == 1}


def _is_best(old: Address, new: Address, score: float, scores: Mapping[tuple[Address, Address], float]) -> bool:
    """Whether no other pair with one of the two is as much alike."""
    rivals = (other for pair, other in scores.items() if (pair[0] == old) != (pair[1] == new))
    return all(other < score for other in rivals)


def _stated(resource: Resource, kind: Kind, hidden: Collection[str]) -> _Spec:
    """The readable fields that are not at their default."""
    return {
        name: value
        for name, value in canonical(resource.spec, kind).items()
        if name not in hidden and not same(value, kind.fields[name].shape.default)
    }


def _likeness(left: _Spec, right: _Spec, display: str) -> float:
    """2 for the same in all, else the share of fields alike; what people see it called may have changed with it."""
    if same(left, right):
        return 2.0
    names = (left.keys() | right.keys()) - {display}
    if len(names) < 2:
        return 0.0
    return sum(_field(left.get(name), right.get(name)) for name in names) / len(names)


def _field(left: Json, right: Json) -> float:
    """Of two texts the share of lines that both have; of anything else whether it is the same."""
    if same(left, right):
        return 1.0
    if not (isinstance(left, str) and isinstance(right, str)):
        return 0.0
    lines, others = Counter(left.splitlines()), Counter(right.splitlines())
    return (lines & others).total() / max(lines.total(), others.total(), 1)


def suggestion(new: Address, old: Address, place: Place | None) -> Diagnostic:
    """What to write if it was a rename."""
    return Diagnostic(
        code="looks-renamed",
        severity=Severity.WARNING,
        address=str(new),
        place=place,
        message=f"the manifest of {old} is gone and {new} is new, and they are alike: this looks like a rename",
        remedy=f"To keep the live id, write in its manifest: {line(old)}",
    )


def line(old: Address) -> str:
    """The line for the new manifest."""
    return f"retinue: {{moved_from: {old.name}}}"
