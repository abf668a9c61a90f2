"""Puts a command's parts together: project, environment, manifests, service, plan. Prints nothing."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import InvalidManifests, UsageError
from ..core.model import Address, Allowed, Change, Diagnostic, Json, Kind, Plan, Resource, Severity
from ..core.ownership import decide
from ..core.plan import Target, make_plan
from ..core.pointer import split_pointer
from ..core.selection import select
from ..engine.read import read_live
from ..load.files import MAX_BYTES
from ..load.located import place_of
from ..load.manifests import Loaded, load
from ..load.project import Environment, Project, find, load_project
from ..load.shared import shared_file_notes
from ..load.yaml import parse
from ..providers import registry
from ..providers.base import Adviser, Provider, Resolver, Service
from ..providers.wire import Connection
from ..schema import kinds, with_extras
from .files import read_named
from .secrets import resolve

EMULATOR = "emulator"
_LONGEST = 1000 * 3600
EMULATOR_FOLDER = ".retinue-emulator"


@dataclass(frozen=True)
class Session:
    """One environment of one project, with its manifests loaded and valid."""

    project: Project
    environment: Environment
    provider: Provider
    loaded: Loaded
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def desired(self) -> tuple[Resource, ...]:
        return self.loaded.resources

    @property
    def target(self) -> Target:
        return Target(
            project=self.project.name,
            environment=self.environment.name,
            provider=self.environment.provider,
            endpoint=self.environment.endpoint,
            kinds=self.kinds,
            unreadable=self.provider.capabilities.unreadable,
            environments=tuple(self.project.environments),
            formerly=self.project.formerly,
            removed={item.address: item.forget for item in self.project.removed},
            critical=self.environment.critical,
            recognised_by=self.provider.capabilities.recognised_by,
        )

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Every kind, with the fields that only this environment's service has."""
        return with_extras(kinds(), self.provider.name, self.provider.capabilities.extras)


def open_project(directory: str) -> Project:
    """The project around a folder. Raises UsageError if there is none, InvalidManifests if its file is wrong."""
    start = Path(directory)
    if not start.is_dir():
        raise UsageError(f"there is no folder {directory}", "Name an existing folder with -C DIR.")
    root = find(start.resolve())
    if root is None:
        raise UsageError(
            f"there is no retinue.yaml in {start.resolve()} or in a folder above it",
            "Start a project with `retinue init`, or name its folder with -C DIR.",
        )
    project, diagnostics = load_project(root)
    _refuse(diagnostics)
    assert project is not None
    return project


def _refuse(diagnostics: Sequence[Diagnostic]) -> None:
    if any(item.severity is Severity.ERROR for item in diagnostics):
        raise InvalidManifests(diagnostics)


def choose_environment(project: Project, name: str | None) -> Environment:
    """The named environment; else $RETINUE_ENV; else the only one. Raises UsageError with the list."""
    listed = ", ".join(project.environments)
    wanted = name or os.environ.get("RETINUE_ENV") or None
    if wanted is None and len(project.environments) == 1:
        return next(iter(project.environments.values()))
    if wanted is None:
        raise UsageError(f"which environment? This project has: {listed}", "Name one with -e NAME or $RETINUE_ENV.")
    if wanted not in project.environments:
        raise UsageError(f"there is no environment `{wanted}`", f"This project has: {listed}.")
    return project.environments[wanted]


def parse_pairs(pairs: Sequence[str], flag: str) -> dict[str, str]:
    """`K=V` texts as a mapping. Raises UsageError for a text without `=`."""
    result = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise UsageError(f"{flag} {pair} is not NAME=VALUE", f"For example {flag} model=gpt-4o.")
        if not pair.isprintable() and any("\ud800" <= char <= "\udfff" for char in pair):
            raise UsageError(f"{flag} {key} is not UTF-8", "Set the locale of this shell to UTF-8, or use --var-file.")
        result[key] = value
    return result


def parse_timeout(text: str) -> float:
    """`90`, `90s`, `15m` or `2h` in seconds. Raises UsageError."""
    match = re.fullmatch(r"0*([1-9][0-9]{0,8})(s|m|h|)", text)
    seconds = int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST:
        shown = text if len(text) <= 20 else text[:19] + "…"
        raise UsageError(f"--timeout {shown} is no time", "Write for example 90s or 15m, at most 1000h.")
    return float(seconds)


def open_session(options: Mapping[str, Any], *, need_manifests: bool = True) -> Session:
    """Project, environment, provider and manifests for a command's options.

    With `need_manifests=False` faulty manifests are no error and none are read (a saved plan needs none).
    """
    project = open_project(options["directory"])
    environment = choose_environment(project, options.get("environment"))
    provider = _provider(project, environment)
    if not need_manifests:
        return Session(project, environment, provider, Loaded((), ()))
    loaded = load(project, environment.name, _variables(options), allow_empty=True, extras=extras_of)
    problems = [*loaded.diagnostics]
    for resource in loaded.resources:
        problems.extend(placed(item, resource) for item in provider.check(resource))
    problems.extend(_contradictions(project, loaded.resources))
    _refuse(problems)
    return Session(project, environment, provider, replace(loaded, diagnostics=tuple(problems)))


def _provider(project: Project, environment: Environment) -> Provider:
    """Raises InvalidManifests for one that there is not."""
    known = registry.names()
    if environment.provider not in known:
        close = get_close_matches(environment.provider, known, 1)
        problem = Diagnostic(
            code="unknown-provider",
            message=f"there is no provider `{environment.provider}`",
            remedy=f"Did you mean `{close[0]}`?" if close else f"Known providers: {', '.join(known)}.",
            place=place_of(project.data, ["environments", environment.name, "provider"]) or environment.place,
            path=f"/environments/{environment.name}/provider",
        )
        raise InvalidManifests([problem])
    return registry.load(environment.provider)


def extras_of(provider: str, kind: str) -> Json:
    """The schema of what a manifest may say below `providers.NAME`; None if there is no such provider."""
    if provider not in registry.names():
        return None
    return registry.load(provider).capabilities.extras.get(kind, _NOTHING)


_NOTHING: Json = {"type": "object", "additionalProperties": False, "properties": {}}


def placed(problem: Diagnostic, resource: Resource) -> Diagnostic:
    """With the line that a provider's finding is about: what a provider is handed has no places that it knows of."""
    if problem.place is not None or problem.path is None:
        return problem
    steps = [int(step) if step.isdecimal() else step for step in split_pointer(problem.path)]
    place = place_of(resource.spec, steps) if steps and steps[0] in resource.spec else resource.place
    address = problem.address or (str(resource.address) if resource.address else None)
    return replace(problem, place=place or resource.place, address=address)


def observe(session: Session, service: Service) -> tuple[Session, list[Resource]]:
    """The live objects, and the session with the manifests as the service understands the names in them.

    Raises InvalidManifests for a name that means nothing there.
    """
    live = read_live(service, session.kinds)
    if not isinstance(service, Resolver):
        return session, live
    found = service.resolve(session.desired)
    by_address = {str(resource.address): resource for resource in session.desired}
    notes = [placed(item, by_address[item.address]) if item.address else item for item in found.diagnostics]
    _refuse(notes)
    loaded = replace(session.loaded, resources=found.resources, diagnostics=(*session.loaded.diagnostics, *notes))
    return replace(session, loaded=loaded), live


def _variables(options: Mapping[str, Any]) -> dict[str, str]:
    """`--var-file` before `--var`; later ones win."""
    result: dict[str, Any] = {}
    for path in options.get("var_files", ()):
        result |= read_variables(path)
    return result | parse_pairs(options.get("variables", ()), "--var")


def read_variables(path: str) -> Mapping[str, Any]:
    """A YAML file with one mapping of names to values. Raises UsageError or InvalidManifests."""
    data = read_named(path, MAX_BYTES, "the variables file", "Name a YAML file with --var-file.")
    parsed = parse(data, path)
    _refuse(parsed.diagnostics)
    values = [document.value for document in parsed.documents]
    if len(values) != 1 or not isinstance(values[0], dict):
        raise UsageError(f"{path} is no mapping of names to values", "Write lines such as `model: gpt-4o`.")
    return values[0]


def _contradictions(project: Project, desired: Sequence[Resource]) -> list[Diagnostic]:
    """`removed` names something that still has a manifest."""
    addresses = {resource.address for resource in desired}
    return [
        Diagnostic(
            code="removed-exists",
            message=f"`removed` names {item.address}, which still has a manifest",
            remedy="Delete the manifest, or take the line out of `removed`.",
            place=item.place,
            address=str(item.address),
        )
        for item in project.removed
        if item.address in addresses
    ]


@contextmanager
def connect(
    session: Session, options: Mapping[str, Any], log: Callable[[str], None] | None = None
) -> Iterator[Service]:
    """The connected service of the session's environment, closed at the end."""
    environment = session.environment
    _check_host(environment)
    with ExitStack() as stack:
        emulator, path = environment.endpoint == EMULATOR, session.provider.capabilities.emulator_path
        connection = Connection(
            base_url=f"http://emulator{path}" if emulator else environment.endpoint,
            headers={"Authorization": "Bearer emulator"} if emulator else _headers(session),
            transport=stack.enter_context(_emulator(session)) if emulator else None,
            parallelism=options.get("parallelism") or 10,
            budget=parse_timeout(options.get("timeout") or "15m"),
            stop=session.stop,
            log=log,
        )
        service = session.provider.connect(connection)
        stack.callback(service.close)
        yield service


def _headers(session: Session) -> dict[str, str]:
    environment = session.environment
    found = {
        "OpenAI-Organization": _header("organization", environment.organization, environment),
        "OpenAI-Project": _header("openai_project", environment.openai_project, environment),
    }
    found = {key: value for key, value in found.items() if value}
    if environment.api_key is not None:
        key = resolve(environment.api_key.source, environment.api_key.value, session.project.root)
        found["Authorization"] = f"Bearer {key}"
    return found


def _header(field: str, value: str | None, environment: Environment) -> str:
    """A value that goes into a header. Raises UsageError for one that no header can hold."""
    if value and not (value.isascii() and value.isprintable()):
        raise UsageError(
            f"`{field}` of the environment {environment.name} holds more than plain ASCII",
            f"Correct it in retinue.yaml: it is an id such as {'org' if field == 'organization' else 'proj'}_abc123.",
        )
    return value or ""


def _check_host(environment: Environment) -> None:
    """$RETINUE_ALLOWED_HOSTS restricts from outside where a key may be sent."""
    allowed = os.environ.get("RETINUE_ALLOWED_HOSTS")
    if not allowed or environment.endpoint == EMULATOR:
        return
    host = (urlsplit(environment.endpoint).hostname or "").lower()
    if host not in {item.strip().lower() for item in allowed.split(",")}:
        raise UsageError(
            f"the endpoint's host {host} is not among $RETINUE_ALLOWED_HOSTS",
            "Correct `endpoint` in retinue.yaml, or let the pipeline's owner allow the host.",
        )


@contextmanager
def _emulator(session: Session) -> Iterator[Any]:
    """The in-process emulator as a transport; its database is this environment's world."""
    import sqlite3

    from ..emulator.app import Emulator
    from ..providers.http import in_process

    folder = session.project.root / EMULATOR_FOLDER
    path = folder / f"{session.environment.name}.sqlite"
    try:
        folder.mkdir(exist_ok=True)
        if not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")
        emulator = Emulator(str(path))
    except (OSError, sqlite3.Error) as error:
        raise UsageError(
            f"the emulator's database {EMULATOR_FOLDER}/{path.name} cannot be opened: {error}",
            "Make the project folder writable; if the file is damaged, delete it: only the emulator's world is lost.",
        ) from error
    try:
        yield in_process(emulator)
    finally:
        emulator.close()


def plan_for(session: Session, live: Sequence[Resource], options: Mapping[str, Any], *, destroy: bool = False) -> Plan:
    """The plan for what was read, with the command's selection and permissions."""
    target = session.target
    narrowing = [options.get(name, ()) for name in ("targets", "excludes", "labels")]
    owned: Mapping[Address, object] = {}
    if any(narrowing) or session.loaded.empty_sources:
        owned = decide(live, target.project, target.environment, target.formerly).owned
    selection = select(
        session.desired, narrowing[0], narrowing[1], parse_pairs(narrowing[2], "--select"), orphans=owned
    )
    _check_sources(session, owned, options)
    allowed = Allowed(
        deletes=options.get("allow_deletes") or 0,
        twins=bool(options.get("allow_twins")),
        unprotected=tuple(options.get("unprotect", ())),
    )
    plan = make_plan(target, session.desired, live, allowed=allowed, selection=selection, destroy=destroy)
    by_id = {resource.remote_id: resource for resource in live}
    changes = tuple(
        change
        if change.blocked or not (obstacle := session.provider.obstacle(change, by_id.get(change.remote_id)))
        else replace(change, blocked=obstacle)
        for change in plan.changes
    )
    advice = [*_advice(session.provider, changes, by_id), *shared_file_notes(session.loaded, changes)]
    # An empty source that is allowed is still worth a word.
    empty = (replace(item, severity=Severity.WARNING) for item in session.loaded.empty_sources)
    warnings = tuple(item for item in (*session.loaded.diagnostics, *empty) if item.severity is Severity.WARNING)
    return replace(plan, changes=changes, diagnostics=(*warnings, *plan.diagnostics, *advice))


def _advice(provider: Provider, changes: Sequence[Change], live: Mapping[str | None, Resource]) -> Iterator[Diagnostic]:
    if not isinstance(provider, Adviser):
        return
    for change in changes:
        found = live.get(change.remote_id)
        if found is not None and not change.blocked and (said := provider.advice(change, found)):
            yield said


def _check_sources(session: Session, owned: Mapping[Address, object], options: Mapping[str, Any]) -> None:
    """A missing folder or an empty glob must not look like "everything was removed" (DESIGN 2)."""
    removed = {item.address for item in session.project.removed}
    if session.loaded.empty_sources and not options.get("allow_incomplete") and not owned.keys() <= removed:
        raise InvalidManifests(session.loaded.empty_sources)
