"""retinue.yaml as a value. Resolves no secret, reads no manifest, reaches no service."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..core.model import Address, Diagnostic, Place
from .files import read_bytes
from .located import Map, place_of
from .validate import validate_project
from .yaml import parse

FILE = "retinue.yaml"
EMULATOR = "emulator"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a key comes from: `env` and a name, `file` and a path, `command` and its words. Never the key."""

    source: str
    value: str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """A named target of the project."""

    name: str
    provider: str
    endpoint: str
    place: Place
    api_key: Secret | None = None
    organization: str | None = None
    openai_project: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    overlay: str | None = None
    critical: bool = False
    allow_http: bool = False


@dataclass(frozen=True, slots=True)
class Removal:
    """An acknowledged deletion; with `forget`, letting go instead."""

    address: Address
    forget: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder and what its file says. `data` is the whole file, located."""

    root: Path
    name: str
    manifests: tuple[str, ...]
    defaults: Map
    environments: Mapping[str, Environment]
    removed: tuple[Removal, ...]
    formerly: tuple[str, ...]
    data: Map
    file: str = FILE


def find(start: Path) -> Path | None:
    """The nearest folder from `start` upward that holds a retinue.yaml."""
    return next((folder for folder in (start, *start.parents) if (folder / FILE).is_file()), None)


def load_project(root: Path) -> tuple[Project | None, list[Diagnostic]]:
    """The project, or None with every problem of its file."""
    data = read_bytes(root, FILE)
    if isinstance(data, Diagnostic):
        return None, [data]
    parsed = parse(data, FILE)
    if parsed.diagnostics:
        return None, list(parsed.diagnostics)
    values = [document.value for document in parsed.documents]
    if len(values) != 1 or type(values[0]) is not Map:
        return None, [_no_project(len(values))]
    problems = validate_project(values[0])
    problems += _endpoints(values[0])
    return (None, problems) if problems else (_project(root, values[0]), [])


def _no_project(documents: int) -> Diagnostic:
    what = "is empty" if not documents else "must be one YAML document with keys such as `project:`"
    return Diagnostic(
        "project-shape", f"retinue.yaml {what}", "`retinue init` in an empty folder shows one.", Place(FILE, 1, 1)
    )


def _project(root: Path, data: Map) -> Project:
    defaults = data.get("defaults")
    return Project(
        root=root,
        name=data["project"],
        manifests=tuple(data["manifests"]),
        defaults=defaults if type(defaults) is Map else Map(Place(FILE, 1, 1)),
        environments={name: _environment(name, item, data) for name, item in data["environments"].items()},
        removed=tuple(_removals(data)),
        formerly=tuple(data.get("formerly") or ()),
        data=data,
    )


def _environment(name: str, data: Map, root: Map) -> Environment:
    place = place_of(root, ["environments", name], key=True)
    assert place is not None
    return Environment(
        name=name,
        provider=data["provider"],
        endpoint=data["endpoint"].rstrip("/"),
        place=place,
        api_key=_secret(data.get("api_key")),
        organization=data.get("organization"),
        openai_project=data.get("openai_project"),
        variables=data.get("variables") or {},
        overlay=data.get("overlay"),
        critical=data.get("critical", False),
        allow_http=data.get("allow_http", False),
    )


def _secret(data: Any) -> Secret | None:
    if not data:
        return None
    source, value = next(iter(data.items()))
    return Secret(source, value if isinstance(value, str) else tuple(value))


def _removals(data: Map) -> Iterator[Removal]:
    for index, item in enumerate(data.get("removed") or ()):
        text, forget = (item, False) if isinstance(item, str) else (item["address"], item.get("forget", False))
        kind, _, name = text.partition("/")
        place = place_of(data, ["removed", index])
        assert place is not None
        yield Removal(Address(kind, name), forget, place)


def _endpoints(data: Map) -> list[Diagnostic]:
    environments = data.get("environments")
    if type(environments) is not Map:
        return []
    problems = []
    for name, item in environments.items():
        endpoint = item.get("endpoint") if type(item) is Map else None
        problem = _endpoint_problem(endpoint, item) if isinstance(endpoint, str) else None
        if problem is not None:
            code, message, remedy = problem
            place = place_of(data, ["environments", name, "endpoint"])
            problems.append(Diagnostic(code, message, remedy, place, path=f"/environments/{name}/endpoint"))
    return problems


def _endpoint_problem(endpoint: str, environment: Map) -> tuple[str, str, str] | None:
    """What is wrong with an endpoint, as (code, message, remedy); its user info is never repeated."""
    if endpoint == EMULATOR:
        return None
    shape = ("endpoint-shape", "`endpoint` is no base URL", "Write https://host/v1, or `emulator`.")
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return shape
    if "@" in parts.netloc:
        return ("endpoint-secret", "`endpoint` carries user info", "Take it out and use `api_key: {env: NAME}`.")
    if parts.scheme not in ("http", "https") or not host:
        return shape
    if parts.query or parts.fragment:
        return ("endpoint-secret", "`endpoint` carries a query or a fragment", "End it after the path.")
    if parts.scheme == "http" and not _is_loopback(host) and environment.get("allow_http") is not True:
        return (
            "endpoint-plain-http",
            f"plain http to {host} would send the key unprotected",
            "Use https, or write `allow_http: true` in this environment.",
        )
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
