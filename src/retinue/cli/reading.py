"""Reads the live world for a command, and no more of it than the project can have a part in. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..core.errors import ApiGone
from ..core.model import Resource
from ..core.reach import hints_at_more
from ..engine.read import read_live
from ..providers.base import Service

if TYPE_CHECKING:
    from .session import Session


def read_world(session: Session, service: Service, *, everything: bool = False) -> list[Resource]:
    """The live objects of every kind that concerns this project.

    The service's first kind is always read; the others if a manifest or `removed` names one of them, if something of
    ours refers to more than the manifests state, or if there are no manifests that could name anything (`everything`,
    for commands that read none). A list that is not there is an error only if a manifest needs it.
    """
    first, *others = session.provider.capabilities.kinds
    named = {address.kind for address in session.loaded.rendered} | {item.kind for item in session.desired}
    named |= {item.address.kind for item in session.project.removed}
    live = _read(service, [first], needed=first in named or not named)
    if not others:
        return live
    unnamed = not everything and session.loaded.rendered and named.isdisjoint(others)
    if unnamed and not hints_at_more(session.world(live), session.desired, session.kinds):
        return live
    return live + [item for kind in others for item in _read(service, [kind], needed=kind in named)]


def _read(service: Service, kinds: Iterable[str], *, needed: bool) -> list[Resource]:
    try:
        return read_live(service, kinds)
    except ApiGone:
        if needed:
            raise
        return []
