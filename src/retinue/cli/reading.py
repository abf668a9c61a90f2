"""Reads the live world for a command, and no more of it than the project can have a part in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from ..core.errors import ApiGone
from ..core.model import Address, Live, Severity
from ..core.observation import Observation, hints_at_more, to_read_whole
from ..engine.read import read_for_plan, read_ours, read_whole
from ..engine.threads import in_thread
from ..load.endpoints import EMULATOR
from ..providers.base import Answered, Identity, Resolver, Service
from ..providers.losses import held, weighed
from . import console
from .connecting import connect
from .options import ServiceOptions
from .projects import refuse
from .session import Session, bare_session, placed, with_manifests


def read_world(
    session: Session, service: Service, *, ours: bool = False, asked: Callable[[], Sequence[Live]] | None = None
) -> Observation:
    """The live objects of every kind that concerns this project.

    The service's first kind is always read; the others if a manifest or `removed` names one of them, if something of
    ours refers to more than the manifests state, or if there are no manifests that could name anything. A list that is
    not there is an error only if a manifest needs it. `ours`: no more is needed than what the project owns. `asked`:
    what `read_ours` found of the first kind, if that was asked for already.
    """
    first, *others = session.provider.capabilities.kinds
    target, desired = session.target, session.desired
    named = {address.kind for address in session.loaded.rendered} | {item.kind for item in desired}
    named |= {item.address.kind for item in session.project.removed}

    def read(kind: str, *, needed: bool) -> Observation:
        try:
            found = asked() if asked and kind == first else read_ours(service, target, [kind])
            return Observation(target, found) if ours else read_for_plan(service, target, desired, [kind], found)
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
    if ours or not (parts := to_read_whole(seen, desired)):
        return seen
    return replace(seen, live=read_whole(service, seen.live, parts))


def ids_to_use(session: Session, owned: Mapping[Address, Live]) -> dict[str, str]:
    """By address the ids that applications use; what has none yet is left out, with a note."""
    provider, found = session.provider, {}
    for address, live in owned.items():
        key = provider.used_id(live) if isinstance(provider, Answered) else live.remote_id
        if key is None:
            console.note(f"{address} is left out: nothing answers for it yet. `retinue plan` says why.")
        else:
            found[str(address)] = key
    return found


@contextmanager
def observed(session: Session, options: ServiceOptions) -> Iterator[tuple[Session, Service, Observation]]:
    """The connected service, what is live there, and the session as `understood`."""
    with connect(session, options) as service:
        session, seen = understood(session, service, read_world(session, service))
        yield session, service, seen


@contextmanager
def opened(options: ServiceOptions, bare: Session | None = None) -> Iterator[tuple[Session, Service, Observation]]:
    """As `observed`, for the session that the options open, of which `bare` is what needs no manifest.

    The service is asked for its first list while the manifests are read, unless that needs more than a request. A
    problem in the manifests waits for no answer.
    """
    bare = bare or bare_session(options)
    if not _may_be_asked_early(bare):
        with observed(with_manifests(bare, options), options) as found:
            yield found
        return
    first, stack = next(iter(bare.provider.capabilities.kinds)), ExitStack()
    connected = in_thread(lambda: stack.enter_context(connect(bare, options)))
    listed = in_thread(lambda: read_ours(connected.result(), bare.target, [first]))
    try:
        session = with_manifests(bare, options)
        service = connected.result()
        session, seen = understood(session, service, read_world(session, service, asked=listed.result))
        yield session, service, seen
    finally:
        if not listed.done():
            bare.stop.set()
        listed.add_done_callback(lambda _: stack.close())


def _may_be_asked_early(session: Session) -> bool:
    """A command, a sign-in and a database are started for valid manifests only, and an account is asked for first."""
    environment, key = session.environment, session.environment.api_key
    if environment.endpoint == EMULATOR or environment.account is not None:
        return False
    if any(item.severity is Severity.ERROR for item in session.loaded.diagnostics):
        return False
    return key.source != "command" if key else not isinstance(session.provider, Identity)


def understood(session: Session, service: Service, seen: Observation) -> tuple[Session, Observation]:
    """The session with the manifests as the service understands the names in them, after its objects were `seen`.

    With what its list lacked. Raises InvalidManifests for a name that means nothing there.
    """
    session = replace(session, before=frozenset(item.remote_id for item in seen.live))
    if not isinstance(service, Resolver):
        return session, seen
    found = service.resolve(session.desired)
    notes = []
    for item in found.diagnostics:
        if item.address is not None:
            # At the line of its manifest, and with the weight that the environment gives it.
            resource = session.written[item.address]
            item = placed(weighed(item, session.kinds[resource.kind], session.environment.on_loss), resource)
        notes.append(item)
    refuse(notes)
    resources = tuple(held(item, notes) for item in found.resources)
    loaded = replace(session.loaded, resources=resources, diagnostics=(*session.loaded.diagnostics, *notes))
    live = {item.object_key: item for item in (*seen.live, *found.unlisted)}
    return replace(session, loaded=loaded), replace(seen, live=tuple(live.values()))
