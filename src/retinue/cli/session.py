"""Puts a command's parts together: project, environment, provider, manifests. Prints nothing, reaches no service."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import urlsplit

from ..core.lint import KEY_LIKE, linted
from ..core.literals import key_like
from ..core.model import Desired, Diagnostic, Kind, Place, Severity
from ..core.observation import Target
from ..core.pointer import join_pointer, split_pointer, value_at
from ..core.retirement import ending
from ..core.values import dataclass, field, replace
from ..load.composing import Composed
from ..load.endpoints import EMULATOR
from ..load.files import place_in
from ..load.located import Map, place_of
from ..load.manifests import CONSEQUENCES, UNMATCHED, Loaded, load
from ..load.project import Environment, Project
from ..providers.base import Provider, kinds_at
from ..providers.gate import Clock, Lanes
from ..providers.losses import held, losses, weighed
from .binding import bound_provider, in_project
from .options import ProjectOptions, today
from .projects import choose_environment, open_project, refuse, variables_of


@dataclass(frozen=True)
class Session:
    """One environment of one project, with its manifests loaded and valid.

    `kinds`: every kind, with the fields that only this environment's service has. `loaded.resources` lack what the
    service cannot hold; `written` has them by address as they stand in the files. `overrides`: the variables of the
    command line. `before`: the ids of all that was live when that was read, or None.
    `clock`: by which a freeze is judged. `lanes`: see `Connection`.
    """

    project: Project
    environment: Environment
    provider: Provider
    kinds: Mapping[str, Kind]
    loaded: Loaded
    written: Mapping[str, Desired] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    overrides: Map = field(default_factory=lambda: Map(Place("", 1, 1)))
    before: Collection[str | None] | None = None
    clock: Clock = field(default_factory=Clock)
    lanes: Lanes | None = None

    @property
    def desired(self) -> tuple[Desired, ...]:
        return self.loaded.resources

    @cached_property
    def target(self) -> Target:
        return Target(
            project=self.project.name,
            environment=self.environment.name,
            provider=self.environment.provider,
            endpoint=self.environment.endpoint,
            kinds=self.kinds,
            environments=tuple(self.project.environments),
            formerly=self.project.formerly,
            removed={item.address: item.forget for item in self.project.removed},
            critical=self.environment.critical,
            deny_drift=self.environment.on_drift == "deny",
            removal=self.provider.capabilities.removal,
        )


def open_session(
    options: ProjectOptions, *, complete: bool = True, replaced: Mapping[str, bytes] | None = None
) -> Session:
    """Project, environment, provider and manifests for a command's options; `replaced` as in `open_project`.

    With `complete=False` an overlay may be about a manifest that is still to be written.
    """
    return with_manifests(bare_session(options, replaced), options, complete=complete, replaced=replaced)


def open_without_manifests(options: ProjectOptions) -> Session:
    """As `open_session`, but reads no manifest, so a faulty one is not an error."""
    session = bare_session(options)
    refuse(session.loaded.diagnostics)
    return session


def bare_session(options: ProjectOptions, replaced: Mapping[str, bytes] | None = None) -> Session:
    """Project, environment and provider; `loaded` has only their diagnostics."""
    project = open_project(options.directory, replaced, options.project_file)
    environment = choose_environment(project, options.environment)
    provider, diagnostics = bound_provider(project, environment)
    kinds = kinds_at(provider, project.known.of(provider.name).kinds)
    return Session(project, environment, provider, kinds, Loaded((), diagnostics))


def with_manifests(
    session: Session,
    options: ProjectOptions,
    *,
    complete: bool = True,
    replaced: Mapping[str, bytes] | None = None,
    strict: bool = True,
) -> Session:
    """The session with its manifests; the arguments as for `open_session`. With `strict=False` the caller tells what is
    wrong, from `loaded.diagnostics`."""
    project = session.project
    overrides = variables_of(options)
    loaded = load(project, session.environment.name, overrides, replaced=replaced)
    written = {str(item.address): item for item in loaded.resources}
    found = [item for resource in loaded.resources for item in _checked(resource, session)]
    found += _key_like(loaded, session)
    contradictions = [
        Diagnostic(
            "removed-exists",
            f"`removed` names {item.address}, which still has a manifest",
            "Delete the manifest, or take the line out of `removed`.",
            item.place,
            str(item.address),
        )
        for item in project.removed
        if str(item.address) in written
    ]
    found += _ends(loaded.resources, session, options)
    problems = [*session.loaded.diagnostics, *loaded.diagnostics, *found, *contradictions]
    problems = list(linted(problems, project.lint))
    wrong = problems if complete else [item for item in problems if item.code != UNMATCHED]
    if any(item.code in CONSEQUENCES for item in wrong) and loaded.empty_sources:
        # Where a source is empty, what others say of its manifests comes from that.
        wrong = [*loaded.empty_sources, *(item for item in wrong if item.code not in CONSEQUENCES)]
    refuse(wrong if strict else ())
    resources = tuple(held(item, found) for item in loaded.resources)
    loaded = replace(loaded, resources=resources, diagnostics=tuple(problems))
    return replace(session, loaded=loaded, written=written, overrides=overrides)


def _checked(resource: Desired, session: Session) -> Iterator[Diagnostic]:
    """The parts of a manifest that the service cannot hold, and the provider's other checks."""
    if resource.kind not in session.provider.capabilities.kinds:
        provider, what = session.provider, session.kinds[resource.kind].plural
        held_there = ", ".join(provider.capabilities.kinds)
        message = f"{provider.name} holds no {what}, so {resource.address} cannot go there (it holds {held_there})"
        remedy = "Take it out for this environment in an overlay or with `retinue: {environments: […]}`."
        yield Diagnostic("capability", message, remedy, resource.place, str(resource.address))
        return
    kind = session.kinds[resource.kind]
    for problem in kind.lints(resource.spec):
        path = join_pointer(problem.steps)
        lint = Diagnostic(problem.code, problem.message, problem.remedy, path=path, severity=Severity.WARNING)
        yield placed(lint, resource)
    found = (*losses(resource, kind, session.provider.capabilities), *session.provider.check(resource))
    for item in found:
        yield placed(weighed(item, kind, session.environment.on_loss), resource)


def _key_like(loaded: Loaded, session: Session) -> Iterator[Diagnostic]:
    """Texts that look like keys; in a file that is included as it is at their own line."""
    for resource in loaded.resources:
        for steps, offset in key_like(resource.spec, session.kinds[resource.kind]):
            message = "this text looks like a key, and everyone who reads the repository or the assistant has it"
            remedy = "Take it out of the file and revoke it. If it is not a key: `lint: {key-like-text: off}`."
            path = join_pointer(steps)
            found = placed(Diagnostic(KEY_LIKE, message, remedy, path=path, severity=Severity.WARNING), resource)
            within = place_in(value_at(resource.spec, path), offset, "")
            at, line = found.place, within.line
            if isinstance(at, Composed):
                at, line = at.part_at(line)
            file = loaded.included.get(at) if at else None
            yield replace(found, place=Place(file, line, within.column) if file else at)


def _ends(resources: Sequence[Desired], session: Session, options: ProjectOptions) -> Iterator[Diagnostic]:
    """Announced ends of the environment's service, and of what its manifests use there."""
    environment, day = session.environment, (options.as_of or today()).isoformat()
    ends = session.provider.capabilities.ends
    if not ends or environment.endpoint == EMULATOR:
        return
    host = urlsplit(environment.endpoint).hostname or ""
    for found, user in ending(ends, host, resources, environment.name, day):
        yield placed(found, user) if user else in_project(found, session.project, environment)


def placed(problem: Diagnostic, resource: Desired) -> Diagnostic:
    """With the line that a provider's finding is about: what a provider is handed has no places that it knows of."""
    if problem.place is not None or problem.path is None:
        return problem
    steps = [int(step) if step.isdecimal() else step for step in split_pointer(problem.path)]
    place = place_of(resource.spec, steps) if steps and steps[0] in resource.spec else resource.place
    address = problem.address or (str(resource.address) if resource.address else None)
    return replace(problem, place=place or resource.place, address=address)
