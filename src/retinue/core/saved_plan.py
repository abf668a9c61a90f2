"""Holds the steps of a saved plan against those that its manifests ask for now. Pure.

A saved plan says what was approved; what is carried out is always a step that was just planned from the manifests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .canonical import same
from .codec import published_fields
from .freshness import shortened
from .model import MISSING, Address, Change, Kind
from .waves import known_as


class Confirmed(NamedTuple):
    """The steps to carry out, as they are planned now, and in words what the manifests say otherwise."""

    steps: tuple[Change, ...]
    otherwise: tuple[str, ...]


def confirmed(
    todo: Sequence[Change], done: Iterable[Change], fresh: Sequence[Change], kinds: Mapping[str, Kind]
) -> Confirmed:
    """`todo` and `done`: the steps of the saved plan; `fresh`: those planned again for the same addresses."""
    planned = {known_as(step): step for step in fresh}
    at: dict[Address, list[Change]] = defaultdict(list)
    for step in fresh:
        at[step.address].append(step)
    steps: list[Change] = []
    otherwise: list[str] = []
    for saved in todo:
        now = planned.get(known_as(saved))
        why = None if saved.held else _difference(saved, now, at[saved.address], kinds[saved.address.kind])
        steps.append(saved if saved.held or now is None else now)
        if why:
            otherwise.append(f"{saved.address}: {why}")
    for saved in done:
        if saved.action.gives_up:
            continue
        for now in at[saved.address]:
            if now.action.gives_up:
                why = None if saved.action.makes or now.remote_id != saved.remote_id else "its manifest is gone"
            else:
                # Another drift since is none of its business.
                why = _asked_otherwise(saved, now, kinds[saved.address.kind])
            if why:
                otherwise.append(f"{saved.address}: {why}")
    return Confirmed(tuple(steps), tuple(otherwise))


def _difference(saved: Change, now: Change | None, others: Sequence[Change], kind: Kind) -> str | None:
    if now is None:
        wanted = f", but for its `{others[0].action}`" if others else ""
        return f"the manifests no longer ask for its `{saved.action}`{wanted}"
    if now.held is not None:
        return now.held.message
    before = {item.path: item.after for item in published_fields(saved)}
    after = {item.path: item.after for item in published_fields(now)}
    # Where all of it was put in place outside meanwhile, it is only noted.
    if not now.mark.accepted or saved.mark.accepted:
        for path in sorted(before.keys() | after.keys()):
            there, here = before.get(path, MISSING), after.get(path, MISSING)
            if MISSING in (there, here) or not same(there, here):
                return f"{path} is {shortened(there)} in the plan and {shortened(here)} in its manifest"
    return _asked_otherwise(saved, now, kind)


def _asked_otherwise(saved: Change, now: Change, kind: Kind) -> str | None:
    """What the manifest asks otherwise, seen by what the marker would say."""
    for field in kind.fields.values():
        if saved.asked.get(field.code) != now.asked.get(field.code):
            return f"its manifest now asks for another /{field.name}"
    for what, planned, wanted in (
        ("/retinue/protect", saved.protected, now.protected),
        ("/retinue/ignore_changes", sorted(saved.ignored), sorted(now.ignored)),
        ("/retinue/moved_from", *(step.moved_from and str(step.moved_from) for step in (saved, now))),
    ):
        if planned != wanted:
            return f"{what} is {shortened(planned)} in the plan and {shortened(wanted)} now"
    return None
