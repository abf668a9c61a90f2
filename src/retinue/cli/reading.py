"""Reads the live world for a command, and no more of it than the project can have a part in. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ..core.errors import ApiGone
from ..core.model import Diagnostic
from ..core.observation import Observation
from ..core.reach import hints_at_more, to_read_whole
from ..engine.read import read_for_plan, read_ours, read_whole
from ..providers.base import Resolver, Service
from ..providers.losses import held, weighed
from .connecting import connect
from .options import ServiceOptions
from .projects import refuse
from .session import Session, placed


def read_world(session: Session, service: Service, *, ours: bool = False) -> Observation:
    """The live objects of every kind that concerns this project.

    The service's first kind is always read; the others if a manifest or `removed` names one of them, if something of
    ours refers to more than the manifests state, or if there are no manifests that could name anything. A list that is
    not there is an error only if a manifest needs it. `ours`: no more is needed than what the project owns.
    """
    first, *others = session.provider.capabilities.kinds
    target, desired = session.target, session.desired
    named = {address.kind for address in session.loaded.rendered} | {item.kind for item in desired}
    named |= {item.address.kind for item in session.project.removed}

    def read(kind: str, *, needed: bool) -> Observation:
        try:
            if ours:
                return Observation(target, read_ours(service, target, [kind]))
            return read_for_plan(service, target, desired, [kind])
        except ApiGone:
            if needed:
                raise
            return Observation(target, ())

    seen = read(first, needed=first in named or not named)
    if not others:
        return seen
    unnamed = session.loaded.rendered and named.isdisjoint(others)
    if unnamed and not hints_at_more(seen.world, desired, session.kinds):
        return seen
    more = [item for kind in others for item in read(kind, needed=kind in named).live]
    if more:
        seen = replace(seen, live=(*seen.live, *more))
    if ours or not (parts := to_read_whole(seen, desired, session.provider.capabilities.compound)):
        return seen
    return replace(seen, live=read_whole(service, seen.live, parts))


@contextmanager
def observed(session: Session, options: ServiceOptions) -> Iterator[tuple[Session, Service, Observation]]:
    """The connected service, what is live there, and the session as `understood`."""
    with connect(session, options) as service:
        seen = read_world(session, service)
        before = frozenset(item.remote_id for item in seen.live)
        yield replace(understood(session, service), before=before), service, seen


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
