"""Puts a command's parts together: project, environment, manifests, service. Prints nothing."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..core.errors import InvalidManifests, UsageError
from ..core.model import Diagnostic, Json, Kind, Place, Resource, Severity
from ..core.ownership import World
from ..core.pointer import split_pointer
from ..core.promotion import Proof
from ..core.target import Target
from ..load.files import MAX_BYTES
from ..load.located import Map, place_of
from ..load.manifests import Loaded, load
from ..load.project import Environment, Project, find, load_project, parse_project
from ..load.yaml import parse
from ..providers import registry
from ..providers.base import Configurable, Identity, Provider, Resolver, Service, Settings, bearer
from ..providers.losses import held, losses, weighed
from ..providers.wire import Connection
from ..schema import kinds, with_extras
from . import console
from .accounts import account_problems, check_account, in_project
from .files import read_named
from .reading import read_world
from .secrets import resolve

EMULATOR = "emulator"
_LONGEST = 1000 * 3600
EMULATOR_FOLDER = ".retinue-emulator"


@dataclass(frozen=True)
class Session:
    """One environment of one project, with its manifests loaded and valid.

    `loaded.resources` lack what the service cannot hold; `written` has them by address as they stand in the files.
    `proof`: of the environment that this one is promoted from.
    """

    project: Project
    environment: Environment
    provider: Provider
    loaded: Loaded
    written: Mapping[str, Resource] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    proof: Proof | None = None

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
            deny_drift=self.environment.on_drift == "deny",
            recognised_by=self.provider.capabilities.recognised_by,
            proof=self.proof,
        )

    def world(self, live: Iterable[Resource]) -> World:
        """Live objects by whose they are; what is known by its bytes is not among them."""
        return self.target.world(live)

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Every kind, with the fields that only this environment's service has."""
        return with_extras(kinds(), self.provider.name, self.provider.capabilities.extras)


def open_project(
    directory: str, replaced: Mapping[str, bytes] | None = None, project_file: str | None = None
) -> Project:
    """The project around a folder. Raises UsageError if there is none, InvalidManifests if its file is wrong.

    `replaced`: by name, what to take for the content of some of its files. `project_file`: where `environments` are
    taken from instead, because whoever edits them chooses where keys go.
    """
    start = Path(directory)
    if not start.is_dir():
        raise UsageError(f"there is no folder {directory}", "Name an existing folder with -C DIR.")
    root = find(start.resolve())
    if root is None:
        raise UsageError(
            f"there is no retinue.yaml in {start.resolve()} or in a folder above it",
            "Start a project with `retinue init`, or name its folder with -C DIR.",
        )
    project, diagnostics = load_project(root, replaced)
    _refuse(diagnostics)
    assert project is not None
    return project if project_file is None else _with_environments_of(project, project_file)


def _with_environments_of(project: Project, file: str) -> Project:
    data = read_named(file, MAX_BYTES, "the project file", "Name a retinue.yaml with --project-file.")
    trusted, diagnostics = parse_project(project.root, data, file)
    _refuse(diagnostics)
    assert trusted is not None
    if trusted.name != project.name:
        raise UsageError(
            f"{file} is of the project `{trusted.name}`, the manifests are of `{project.name}`",
            "Name the retinue.yaml of the same project, from a branch that is trusted.",
        )
    return replace(project, environments=trusted.environments)


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
        origin = "" if name else ", which $RETINUE_ENV names"
        raise UsageError(f"there is no environment `{wanted}`{origin}", f"This project has: {listed}.")
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


def open_session(
    options: Mapping[str, Any], *, need_manifests: bool = True, replaced: Mapping[str, bytes] | None = None
) -> Session:
    """Project, environment, provider and manifests for a command's options; `replaced` as in `open_project`.

    With `need_manifests=False` faulty manifests are no error and none are read (a saved plan needs none).
    """
    project = open_project(options["directory"], replaced, options.get("project_file"))
    environment = choose_environment(project, options.get("environment"))
    provider, said = _provider(project, environment)
    if not need_manifests:
        _refuse(said)
        return Session(project, environment, provider, Loaded((), said))
    loaded = load(project, environment.name, _variables(options), allow_empty=True, extras=extras_of, replaced=replaced)
    session = Session(project, environment, provider, loaded, {str(item.address): item for item in loaded.resources})
    found = [item for resource in loaded.resources for item in _checked(resource, session)]
    problems = [*said, *loaded.diagnostics, *found, *_contradictions(project, loaded.resources)]
    _refuse(problems)
    resources = tuple(held(item, found) for item in loaded.resources)
    return replace(session, loaded=replace(loaded, resources=resources, diagnostics=tuple(problems)))


def _checked(resource: Resource, session: Session) -> Iterator[Diagnostic]:
    """What the service cannot hold of a manifest, and what else its provider has to say of it."""
    if resource.kind not in session.provider.capabilities.kinds:
        yield _not_held(resource, session.provider)
        return
    kind = session.kinds[resource.kind]
    found = (*losses(resource, kind, session.provider.capabilities), *session.provider.check(resource))
    for item in found:
        yield placed(weighed(item, kind, session.environment.on_loss), resource)


def _not_held(resource: Resource, provider: Provider) -> Diagnostic:
    what = "files" if resource.kind == "File" else "vector stores"
    held = ", ".join(provider.capabilities.kinds)
    return Diagnostic(
        code="capability",
        message=f"{provider.name} holds no {what}, so {resource.address} cannot go there (it holds {held})",
        remedy="Take it out for this environment in an overlay or with `retinue: {environments: […]}`.",
        place=resource.place,
        address=str(resource.address),
    )


def _provider(project: Project, environment: Environment) -> tuple[Provider, tuple[Diagnostic, ...]]:
    """The provider bound to the environment, and what is to be said of that. Raises InvalidManifests for none."""
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
    provider = registry.load(environment.provider)
    taken = {key: value for key, value in environment.settings.items() if key in provider.capabilities.settings}
    said = [_no_setting(key, provider) for key in environment.settings if key not in taken]
    if environment.endpoint == EMULATOR and provider.capabilities.emulator_path is None:
        said.append(_no_emulator(provider))
    said += account_problems(environment, provider)
    if isinstance(provider, Configurable):
        bound = provider.configured(Settings(environment.endpoint, taken, environment.api_key is not None))
        provider = bound.provider
        said += bound.diagnostics
    return provider, tuple(in_project(item, project, environment) for item in said)


def _no_emulator(provider: Provider) -> Diagnostic:
    message = f"the emulator does not speak the API of the provider `{provider.name}`"
    return Diagnostic("emulator-dialect", message, "Name the address of a server of it.", path="/endpoint")


def _no_setting(key: str, provider: Provider) -> Diagnostic:
    takes = ", ".join(sorted(provider.capabilities.settings))
    remedy = f"Remove it. {provider.name} takes: {takes}." if takes else "Remove it."
    return Diagnostic(
        "unused-setting", f"`{key}` means nothing to the provider `{provider.name}`", remedy, path=f"/{key}"
    )


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
    live = read_world(session, service)
    return understood(session, service), live


def understood(session: Session, service: Service) -> Session:
    """The session with the manifests as the service understands the names in them, after its objects were listed.

    Raises InvalidManifests for a name that means nothing there.
    """
    if not isinstance(service, Resolver):
        return session
    found = service.resolve(session.desired)
    notes = [_settled(item, session) for item in found.diagnostics]
    _refuse(notes)
    resources = tuple(held(item, notes) for item in found.resources)
    loaded = replace(session.loaded, resources=resources, diagnostics=(*session.loaded.diagnostics, *notes))
    return replace(session, loaded=loaded)


def _settled(item: Diagnostic, session: Session) -> Diagnostic:
    """What a service says of a manifest, at its line and with the weight that the environment gives it."""
    if item.address is None:
        return item
    resource = session.written[item.address]
    return placed(weighed(item, session.kinds[resource.kind], session.environment.on_loss), resource)


def _variables(options: Mapping[str, Any]) -> Map:
    """`--var-file` before `--var`; later ones win. What a file says has its place there."""
    result = Map(Place("", 1, 1))
    for path in options.get("var_files", ()):
        given = read_variables(path)
        for name, value in given.items():
            result.put(name, value, given.keys_at[name], given.values_at[name])
    for name, text in parse_pairs(options.get("variables", ()), "--var").items():
        result[name] = text
        result.keys_at.pop(name, None)
    return result


def read_variables(path: str) -> Map:
    """A YAML file with one mapping of names to values. Raises UsageError or InvalidManifests."""
    data = read_named(path, MAX_BYTES, "the variables file", "Name a YAML file with --var-file.")
    parsed = parse(data, path)
    _refuse(parsed.diagnostics)
    values = [document.value for document in parsed.documents]
    if len(values) != 1 or type(values[0]) is not Map:
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
            headers=session.provider.capabilities.auth.headers("env", EMULATOR) if emulator else _headers(session),
            transport=stack.enter_context(_emulator(session)) if emulator else None,
            parallelism=options.get("parallelism") or 10,
            budget=parse_timeout(options.get("timeout") or "15m"),
            stop=session.stop,
            log=log,
            ours=tuple(f"{name}/{environment.name}/" for name in (session.project.name, *session.project.formerly)),
            progress=None if options.get("quiet") or options.get("output_format") == "json" else console.note,
        )
        service = session.provider.connect(connection)
        stack.callback(service.close)
        check_account(session.project, environment, service)
        yield service


def _headers(session: Session) -> dict[str, str]:
    """The key, in the header in which this service wants it."""
    secret, provider = session.environment.api_key, session.provider
    if secret is not None:
        key = resolve(secret.source, secret.value, session.project.root)
        return provider.capabilities.auth.headers(secret.source, key)
    token = provider.token() if isinstance(provider, Identity) else None
    return bearer(token) if token else {}


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
