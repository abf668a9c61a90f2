"""Reads the live world for a command, and no more of it than the project can have a part in. Prints nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.errors import ApiGone
from ..core.model import Action, Diagnostic, Resource
from ..core.plan import make_plan
from ..core.reach import hints_at_more, to_read_whole
from ..engine.read import read_for_plan, read_ours, read_whole, rewound
from ..providers.base import Resolver, Rewindable, Service
from ..providers.losses import held, weighed
from .projects import refuse
from .session import Session, placed


def read_world(session: Session, service: Service, *, everything: bool = False, ours: bool = False) -> list[Resource]:
    """The live objects of every kind that concerns this project.

    The service's first kind is always read; the others if a manifest or `removed` names one of them, if something of
    ours refers to more than the manifests state, or if there are no manifests that could name anything (`everything`,
    for commands that read none). A list that is not there is an error only if a manifest needs it. `ours`: no more is
    needed than what the project owns.
    """
    first, *others = session.provider.capabilities.kinds
    named = {address.kind for address in session.loaded.rendered} | {item.kind for item in session.desired}
    named |= {item.address.kind for item in session.project.removed}

    def read(kind: str, *, needed: bool) -> list[Resource]:
        try:
            if ours:
                return read_ours(service, session.target, [kind])
            return read_for_plan(service, session.target, session.desired, [kind])
        except ApiGone:
            if needed:
                raise
            return []

    live = read(first, needed=first in named or not named)
    if not others:
        return live
    unnamed = not everything and session.loaded.rendered and named.isdisjoint(others)
    if unnamed and not hints_at_more(session.world(live), session.desired, session.kinds):
        return live
    live += [item for kind in others for item in read(kind, needed=kind in named)]
    if ours:
        return live
    desired = () if everything else session.desired
    parts = to_read_whole(session.target, desired, live, session.provider.capabilities.compound)
    return read_whole(service, live, parts)


def observe(session: Session, service: Service) -> tuple[Session, list[Resource]]:
    """The live objects, and the session with the manifests as the service understands the names in them.

    Raises InvalidManifests for a name that means nothing there.
    """
    live = read_world(session, service)
    session = understood(session, service)
    return session, checked(session, service, live)


def checked(session: Session, service: Service, live: Sequence[Resource]) -> list[Resource]:
    """`live`, with what went back to an earlier version told apart among what would change: its marker is of then."""
    if not isinstance(service, Rewindable):
        return list(live)
    changes = make_plan(session.target, session.desired, live).changes
    return rewound(service, live, {item.remote_id for item in changes if item.action in (Action.UPDATE, Action.MOVE)})


def understood(session: Session, service: Service) -> Session:
    """The session with the manifests as the service understands the names in them, after its objects were listed.

    Raises InvalidManifests for a name that means nothing there.
    """
    if not isinstance(service, Resolver):
        return session
    found = service.resolve(session.desired)
    notes = [_settled(item, session) for item in found.diagnostics]
    refuse(notes)
    resources = tuple(held(item, notes) for item in found.resources)
    loaded = replace(session.loaded, resources=resources, diagnostics=(*session.loaded.diagnostics, *notes))
    return replace(session, loaded=loaded)


def _settled(item: Diagnostic, session: Session) -> Diagnostic:
    """What a service says of a manifest, at its line and with the weight that the environment gives it."""
    if item.address is None:
        return item
    resource = session.written[item.address]
    return placed(weighed(item, session.kinds[resource.kind], session.environment.on_loss), resource)
