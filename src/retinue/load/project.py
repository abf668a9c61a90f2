"""retinue.yaml as a value. Resolves no secret, reads no manifest, reaches no service."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import __version__
from ..core.fleet import Freeze
from ..core.model import Address, Diagnostic, Place, Promotion
from ..core.problem import listed, shown
from ..core.spelling import did_you_mean
from ..core.values import dataclass, field
from ..schema import Catalogue, Known
from .endpoints import endpoint_problems
from .files import Files
from .located import Map, mappings_in, place_of
from .validate import validate_project
from .variables import Declaration, declaration_problems, declarations
from .yaml import parse

FILE = "retinue.yaml"
_REQUIRED = "required_version"
MISMATCH = "version-mismatch"
_COMPARISON = re.compile(r"\s*(==|>=|>|<=|<)\s*([0-9]+(?:\.[0-9]+)*)\s*")
_OWN = re.compile(r"([0-9]+(?:\.[0-9]+)*)[.-]?([a-z]*)")
_REMEDY = f'Write release numbers after ==, >=, >, <= or <, joined by commas and in quotes: `{_REQUIRED}: ">=0.2,<1"`.'


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a key comes from: `env` and a name, `file` and a path, `command` and its words. Never the key."""

    source: str
    value: str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """A named target of the project. `settings`: what only some services have, by its key."""

    name: str
    provider: str
    endpoint: str
    place: Place
    api_key: Secret | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    overlay: tuple[str, ...] = ()
    account: str | None = None
    promote_from: Promotion | None = None
    critical: bool = False
    on_loss: str | Mapping[str, str] = field(default_factory=dict)
    on_drift: str = "revert"
    freeze: Freeze | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """An acknowledged deletion; with `forget`, letting go instead."""

    address: Address
    forget: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder and what its file says. `data` is the whole file, located; `known`: what it may speak of."""

    root: Path
    name: str
    manifests: tuple[str, ...]
    defaults: Map
    environments: Mapping[str, Environment]
    removed: tuple[Removal, ...]
    formerly: tuple[str, ...]
    data: Map
    known: Catalogue
    variables: Mapping[str, Declaration] = field(default_factory=dict)
    file: str = FILE
    lint: Mapping[str, str] = field(default_factory=dict)


def find(start: Path) -> Path | None:
    """The nearest folder from `start` upward that holds a retinue.yaml."""
    # os.path instead of pathlib: a folder that may not be read counts as one without the file.
    return next((folder for folder in (start, *start.parents) if os.path.isfile(folder / FILE)), None)  # noqa: PTH113


def load_project(
    root: Path, known: Known, replaced: Mapping[str, bytes] | None = None
) -> tuple[Project | None, list[Diagnostic]]:
    """The project, or None with every problem of its file. `known` tells of providers; `replaced`: see `Files`."""
    data = Files(root, replaced).read_bytes(FILE)
    return (None, [data]) if isinstance(data, Diagnostic) else parse_project(root, data, FILE, known)


def parse_project(root: Path, data: bytes, file: str, known: Known) -> tuple[Project | None, list[Diagnostic]]:
    """The project in the content of a file that is called `file` in messages, or None with every problem of it."""
    parsed = parse(data, file)
    documents = [document for document in parsed.documents if document.value is not None]
    # Before anything else is judged: a file for another version may hold what this one does not know.
    versions = (requirement_problem(item.value, __version__) for item in documents if type(item.value) is Map)
    required = [item for item in versions if item is not None]
    if any(item.code == MISMATCH for item in required):
        return None, [item for item in required if item.code == MISMATCH]
    if not parsed.complete or len(documents) != 1 or type(documents[0].value) is not Map:
        what = "is not a mapping with keys such as `project:`" if documents else "is empty"
        remedy, place = "`retinue init` in an empty folder shows one.", Place(FILE, 1, 1)
        if len(documents) > 1:
            what, place = "holds more than one YAML document", documents[1].place
            remedy = "Remove the line `---` and what does not belong here."
        return None, parsed.diagnostics or [Diagnostic("project-shape", f"retinue.yaml {what}", remedy, place)]
    value = documents[0].value
    # The reader repeats what it doubts, which must not happen to a key; its other complaints need no second one.
    secrets = set(_secret_places(value))
    # `off` is a level here, and no boolean that YAML 1.1 would make of it.
    lint = value.get("lint")
    off = {lint.values_at[key] for key, level in lint.items() if level == "off"} if type(lint) is Map else set()
    problems = [problem for problem in parsed.diagnostics if problem.place not in secrets | off]
    problems = required + [problem for problem in problems if problem.place not in {item.place for item in required}]
    told = {problem.place for problem in problems}
    named = mappings_in(value, "environments").values()
    catalogue = known({str(item["provider"]) for item in named if "provider" in item})
    if wrong := validate_project(value, catalogue):
        # A setting of another provider gets a different message from an unknown one.
        catalogue = known(None)
        wrong = validate_project(value, catalogue)
    found = [
        *endpoint_problems(value),
        *_scope_problems(value, catalogue),
        *declaration_problems(value),
        *_promotion_problems(value),
        *_freeze_problems(value),
    ]
    # A value of the wrong shape needs no further message.
    shapeless = {problem.place for problem in wrong}
    found = [*wrong, *(problem for problem in found if problem.place not in shapeless)]
    problems += [problem for problem in found if problem.place not in told]
    problems.sort(key=lambda problem: problem.place or Place("", 0, 0))
    return (None, problems) if problems else (_project(root, value, catalogue), [])


def _secret_places(data: Map) -> Iterator[Place]:
    for item in mappings_in(data, "environments").values():
        if "api_key" in item:
            yield item.values_at["api_key"]
            if type(item["api_key"]) is Map:
                yield from (*item["api_key"].keys_at.values(), *item["api_key"].values_at.values())


def _scope_problems(data: Map, catalogue: Catalogue) -> Iterator[Diagnostic]:
    """Addresses in `removed` of a kind that there is not, or that stand twice; a project that was formerly itself."""
    seen: dict[str, int] = {}
    removed = data.get("removed")
    for index, item in enumerate(removed if isinstance(removed, list) else ()):
        text = item.get("address") if isinstance(item, dict) else item
        if not isinstance(text, str) or "/" not in text:
            continue
        place = place_of(data, ["removed", index])
        kind = text.partition("/")[0]
        known = [known.name for known in catalogue.with_manifests]
        if kind not in known:
            message, remedy = f"{shown(text)} names a kind that has no manifests", f"Kinds: {listed(known)}."
            yield Diagnostic("unknown-kind", message, remedy, place, path=f"/removed/{index}")
        elif text in seen:
            message = f"{shown(text)} is listed in `removed` twice"
            yield Diagnostic("removed-twice", message, "Keep one of the two.", place, path=f"/removed/{index}")
        seen[text] = index
    formerly = data.get("formerly")
    for index, item in enumerate(formerly if isinstance(formerly, list) else ()):
        if isinstance(item, str) and item == data.get("project"):
            message, remedy = "`formerly` names the project's own name", "Remove it: this is the name now."
            place = place_of(data, ["formerly", index])
            yield Diagnostic("formerly-itself", message, remedy, place, path=f"/formerly/{index}")


def _project(root: Path, data: Map, known: Catalogue) -> Project:
    defaults = data.get("defaults")
    removed = []
    for index, item in enumerate(data.get("removed") or ()):
        text, forget = (item, False) if isinstance(item, str) else (item["address"], item.get("forget", False))
        kind, _, name = text.partition("/")
        removed.append(Removal(Address(kind, name), forget, data["removed"].items_at[index]))
    return Project(
        root=root,
        name=data["project"],
        manifests=tuple(data["manifests"]),
        defaults=defaults if type(defaults) is Map else Map(Place(FILE, 1, 1)),
        environments={name: _environment(name, item, data, known) for name, item in data["environments"].items()},
        removed=tuple(removed),
        formerly=tuple(data.get("formerly") or ()),
        data=data,
        known=known,
        variables=declarations(data),
        lint=data.get("lint") or {},
    )


def _environment(name: str, data: Map, root: Map, known: Catalogue) -> Environment:
    place = place_of(root, ["environments", name], key=True)
    assert place is not None
    keys = [
        Secret(key, item if isinstance(item, str) else tuple(item)) for key, item in (data.get("api_key") or {}).items()
    ]
    return Environment(
        name=name,
        provider=data["provider"],
        endpoint=data["endpoint"].rstrip("/"),
        place=place,
        api_key=keys[0] if keys else None,
        settings={key: data[key] for key in known.settings if key in data},
        variables=data.get("variables") or {},
        overlay=(*([stated] if isinstance(stated := data.get("overlay") or [], str) else stated),),
        account=data.get("account"),
        promote_from=_promotion(data),
        critical=data.get("critical", False),
        on_loss=data.get("on_loss") or {},
        on_drift=data.get("on_drift", "revert"),
        freeze=_freeze(data["freeze"]) if "freeze" in data else None,
    )


def _promotion(data: Map) -> Promotion | None:
    """Of a valid environment."""
    stated = data.get("promote_from")
    if isinstance(stated, dict):
        return Promotion(stated["environment"], stated.get("verified", False))
    return None if stated is None else Promotion(stated)


def _promotion_problems(data: Map) -> Iterator[Diagnostic]:
    """An environment that there is not, and environments that wait for each other."""
    environments = data.get("environments")
    if not isinstance(environments, dict):
        return
    sources = {name: source for name, item in environments.items() if (source := _source(item)) is not None}
    for name, source in sources.items():
        at, path = place_of(data, ("environments", name, "promote_from")), f"/environments/{name}/promote_from"
        if source not in environments:
            remedy = did_you_mean(source, environments, f"There are: {listed(list(environments))}.")
            message = f"there is no environment {shown(source)} to promote from"
            yield Diagnostic("environment-unknown", message, remedy, at, path=path)
            continue
        # The environments from there back, until one has no source or comes a second time.
        way = [source]
        while way[-1] in sources and sources[way[-1]] not in way:
            way.append(sources[way[-1]])
        if name in way:
            message = f"{shown(name)} would be promoted from itself: {' ← '.join((name, *way))}"
            remedy = "Remove `promote_from` from the first environment."
            yield Diagnostic("promotion-cycle", message, remedy, at, path=path)


def _freeze(data: Map) -> Freeze:
    return Freeze(data["until"], data["reason"], moment(data["until"]))


def moment(text: str) -> float:
    """A date (its first second in UTC) or a time with its zone, in seconds since 1970. Raises ValueError."""
    from datetime import UTC, datetime

    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _freeze_problems(data: Map) -> Iterator[Diagnostic]:
    """A day or a time that no calendar has. The form is the schema's business."""
    for name, item in mappings_in(data, "environments").items():
        until = item["freeze"].get("until") if type(item.get("freeze")) is Map else None
        if isinstance(until, str):
            try:
                moment(until)
            except (ValueError, OverflowError):
                steps = ("environments", name, "freeze", "until")
                message = f"{shown(until)} is not a date or time that exists"
                remedy = 'Write "2026-12-24", or with a time and its zone "2026-12-24T18:00:00Z".'
                yield Diagnostic("freeze-until", message, remedy, place_of(data, steps), path=f"/{'/'.join(steps)}")


def _source(item: Any) -> str | None:
    """Of an environment that may be wrong in other ways."""
    stated = item.get("promote_from") if isinstance(item, dict) else None
    name = stated.get("environment") if isinstance(stated, dict) else stated
    return name if isinstance(name, str) else None


def requirement_problem(data: Map, running: str) -> Diagnostic | None:
    """Why the version `running` may not work on this project, or why its requirement cannot be read; else None."""
    if _REQUIRED not in data:
        return None
    value, at = data[_REQUIRED], data.values_at[_REQUIRED]
    if not isinstance(value, str):
        return Diagnostic("version-requirement", f"`{_REQUIRED}` is not text", _REMEDY, at)
    comparisons = []
    for part in value.split(","):
        found = _COMPARISON.fullmatch(part)
        if found is None:
            what = f"{shown(part.strip())} in `{_REQUIRED}` is not" if part.strip() else f"`{_REQUIRED}` lacks"
            return Diagnostic("version-requirement", f"{what} a comparison with a release number", _REMEDY, at)
        comparisons.append((found[1], found[2]))
    if all(_holds(operator, wanted, running) for operator, wanted in comparisons):
        return None
    required = ",".join(map("".join, comparisons))
    remedy = f"Use a version of retinue that fits. If this one will do, change `{_REQUIRED}`."
    return Diagnostic(MISMATCH, f"this project requires retinue {required}, this is {running}", remedy, at)


def _holds(operator: str, wanted: str, running: str) -> bool:
    """As pip compares: a pre-release comes before its release and is not below it, a post-release after it."""
    own = _OWN.match(running)
    assert own is not None
    ours, theirs = _release(own[1]), _release(wanted)
    order = (ours > theirs) - (ours < theirs)
    # The rest of our version counts only where the release numbers are equal.
    rank = order or (1 if own[2] == "post" else -1 if own[2] else 0)
    return {"==": rank == 0, ">=": rank >= 0, "<=": rank <= 0, ">": order > 0, "<": order < 0}[operator]


def _release(text: str) -> list[tuple[int, str]]:
    """The numbers by length and digits, which may be longer than Python converts; no zeros at the end."""
    numbers = [part.lstrip("0") for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return [(len(number), number) for number in numbers]
