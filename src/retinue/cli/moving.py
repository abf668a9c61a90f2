"""What a move to another service needs in the files, and what it keeps and loses: by validation, of files alone."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..core.errors import UsageError
from ..core.migrate import End, Migration, Row, Verdict
from ..core.model import Address, Desired, Diagnostic, Json, Severity
from ..core.pointer import split_pointer
from ..core.problem import listed
from ..core.references import addresses_in
from ..core.spelling import known_or_meant
from ..core.values import dataclass, field, replace
from ..load.endpoints import EMULATOR, endpoint_problem
from ..load.environments import with_environment
from ..providers import registry
from ..providers.base import Capabilities
from ..providers.losses import LOSS, losses, verdicts
from ..schema import EXTRAS
from . import console, emulators
from .options import ProjectOptions
from .session import Session, bare_session, with_manifests

EVERYTHING = "all"


@dataclass(frozen=True)
class Move:
    """Where assistants are to go. `models`: their new names by the old ones; `accepted`: fields that may be lost, and
    kinds that may stay behind."""

    environment: str
    provider: str
    endpoint: str
    models: Mapping[str, str] = field(default_factory=dict)
    accepted: Collection[str] = ()
    allow_http: bool = False

    def accepts(self, name: str) -> bool:
        return name in self.accepted or EVERYTHING in self.accepted


def endpoint_for(provider: str, stated: str | None, *, allow_http: bool = False) -> str:
    """Raises UsageError for a provider or an endpoint that there is not."""
    record = registry.load(provider).capabilities
    endpoint = stated or record.endpoint or (EMULATOR if provider in emulators.entries() else None)
    if endpoint is None:
        raise UsageError(f"where is this {provider}?", "Name its address with --endpoint.")
    check_endpoint(endpoint, allow_http=allow_http)
    return endpoint


def check_endpoint(endpoint: str, *, allow_http: bool) -> None:
    """Raises UsageError for a URL that no environment could have, or only with the option that it names."""
    if wrong := endpoint_problem(endpoint, allow_http):
        plain = wrong.code == "endpoint-plain-http"
        remedy = "Write https://, or add --allow-http if this network is safe." if plain else wrong.remedy
        raise UsageError(f"--endpoint: {wrong.message}", remedy)


def judged(options: ProjectOptions, name: str, replaced: Mapping[str, bytes] | None = None) -> Session:
    """The session of an environment with all that is wrong in `loaded.diagnostics`."""
    options = replace(options, environment=name)
    return with_manifests(bare_session(options, replaced), options, replaced=replaced, strict=False)


class Moved(NamedTuple):
    """`settings`: those of the new environment; `partial`: what its overlay says; `files`: by path, the content of what
    is new or other for it; `session`: the environment as it is with these."""

    settings: dict[str, Json]
    partial: dict[Address, dict[str, Json]]
    files: dict[str, bytes]
    session: Session


def moved(old: Session, options: ProjectOptions, move: Move) -> Moved:
    """The least that has to be said so that the manifests can go there. Writes nothing."""
    settings, partial = _settings(old, move), dict[Address, dict[str, Json]]()
    while True:
        files = with_environment(old.project, move.environment, settings, partial, registry.catalogue)
        new = judged(options, move.environment, files)
        more = {at: fields for at, fields in _differing(old, new, move) if fields.keys() - partial.get(at, {}).keys()}
        # What an overlay takes out needs no setting for all.
        before = settings.get("on_loss", {})
        on_loss = before if more else before | {name: "warn" for name in sorted(_in_the_way(new)) if move.accepts(name)}
        if not more and on_loss == before:
            return Moved(settings, partial, files, new)
        settings |= {"on_loss": on_loss} if on_loss else {}
        partial |= {at: fields | partial.get(at, {}) for at, fields in more.items()}


def _in_the_way(new: Session) -> set[str]:
    """The fields that hold a loss which nobody has accepted."""
    found = (item for item in new.loaded.diagnostics if item.code == LOSS and item.severity is Severity.ERROR)
    return {split_pointer(item.path)[0] for item in found if item.path}


def _settings(old: Session, move: Move) -> dict[str, Json]:
    """What the new environment says; what the old one says of values, and what both services take, is taken over."""
    record, environment, project = registry.load(move.provider).capabilities, old.environment, old.project
    found: dict[str, Json] = {"provider": move.provider, "endpoint": move.endpoint}
    found |= {"allow_http": True} if move.allow_http else {}
    shared = {key: value for key, value in environment.settings.items() if key in record.settings}
    signs_in = shared and environment.api_key is None and environment.endpoint != EMULATOR
    if record.key_variable and move.endpoint != EMULATOR and not signs_in:
        found["api_key"] = {"env": record.key_variable}
    ends = {(other.provider, other.endpoint) for other in project.environments.values()}
    if move.endpoint != EMULATOR and (move.provider, move.endpoint) in ends:
        # Settings that keep the objects of two environments of one service apart.
        apart = {name: schema.get("x-retinue-apart", "") for name, schema in record.settings.items()}
        shared |= {name: form.replace("ENVIRONMENT", move.environment) for name, form in apart.items() if form}
    declared = {name: item.default for name, item in project.variables.items() if item.default in [*move.models]}
    stated = {**declared, **environment.variables}
    variables = {name: move.models[value] if value in [*move.models] else value for name, value in stated.items()}
    more = {"variables": variables, "overlay": environment.overlay}
    return found | shared | {name: value for name, value in more.items() if value}


def _differing(old: Session, new: Session, move: Move) -> Iterator[tuple[Address, dict[str, Json]]]:
    """What a manifest must say otherwise in the new environment."""
    held = new.provider.capabilities.kinds
    for at, item in old.written.items():
        here, kind = new.written.get(at), new.kinds[item.kind]
        found: dict[str, Json] = {}
        if item.kind not in held and not kind.by_content:
            found |= {"retinue": {"environments": [old.environment.name]}} if _may_stay(item, old, move) else {}
        elif here is None and not kind.by_content:
            found["retinue"] = {"environments": [move.environment]}
        elif here is not None:
            model = move.models.get(str(item.spec.get("model")))
            found |= {} if model in (None, here.spec.get("model")) else {"model": model}
            fields = (name for name in kind.referring if move.accepts(name))
            found |= {name: None for name in fields if _kinds_in(here, name, new) - held.keys()}
        yield item.address, found


def _may_stay(item: Desired, old: Session, move: Move) -> bool:
    """True if the user accepts that an object stays behind: by its kind, or by all fields that refer to such a one."""
    by = [
        name
        for other in old.written.values()
        for name in old.kinds[other.kind].referring
        if item.address in addresses_in({name: other.spec.get(name)}, old.kinds[other.kind])
    ]
    return move.accepts(item.kind) or (bool(by) and all(map(move.accepts, by)))


def _kinds_in(item: Desired, name: str, session: Session) -> set[str]:
    return {address.kind for address in addresses_in({name: item.spec.get(name)}, session.kinds[item.kind])}


def migration(old: Session, new: Session) -> Migration:
    """What becomes of every object of the old environment in the new one."""
    there, objects, same = new.loaded.diagnostics, dict[Address, tuple[Row, ...]](), _same_models(old, new)
    by_address: dict[str, list[Diagnostic]] = {}
    for found in there:
        by_address.setdefault(found.address or "", []).append(found)
    for item in old.desired:
        at = str(item.address)
        objects[item.address] = tuple(_rows(item, old, new, same, by_address.get(at, ())))
    source, target = (End(side.environment.name, side.environment.provider) for side in (old, new))
    return Migration(old.project.name, source, target, objects, (*there, *_models(same, new)))


def _rows(
    item: Desired, old: Session, new: Session, same: Collection[str], found: Sequence[Diagnostic]
) -> Iterator[Row]:
    here, kind, provider = new.written.get(str(item.address)), new.kinds[item.kind], new.provider
    record: Capabilities = provider.capabilities
    if item.kind not in record.kinds:
        yield Row("", Verdict.LOST, f"{provider.name} holds no {kind.plural}", accepted=not found)
    elif here is None:
        yield Row("", Verdict.LOST, f"its manifest is not for {new.environment.name}", accepted=True)
    elif kind.by_content:
        yield Row("", Verdict.AGAIN, "uploaded again from this project")
    else:
        stated = old.written[str(item.address)]
        unheld = [*losses(stated, kind, record), *provider.check(stated)]
        unsure = stated.spec.get("model") in same
        for row in verdicts(item.spec, here, kind, record, found, unheld):
            kept = row.path == "/model" and row.verdict is Verdict.KEPT and unsure
            note = f"`model` keeps its name; check that {provider.name} knows it"
            yield row._replace(verdict=Verdict.APPROXIMATED, note=note) if kept else row
        block = (item.spec.get(EXTRAS) or {}).get(old.provider.name)
        if block and provider.name != old.provider.name:
            names = listed([*block])
            yield Row(f"/{EXTRAS}/{old.provider.name}", Verdict.LOST, f"only {old.provider.name} has {names}")


def _same_models(old: Session, new: Session) -> list[str]:
    """Models that keep their names at a service of another vendor, perhaps."""
    here, there = old.environment, new.environment
    if here.provider == there.provider or here.endpoint == there.endpoint != EMULATOR:
        return []
    named = [[item.spec.get("model") for item in side.written.values()] for side in (old, new)]
    return sorted({name for name in named[0] if isinstance(name, str)} & {*named[1]})


def _models(same: Sequence[str], new: Session) -> Iterator[Diagnostic]:
    if same:
        message = f"models keep their names: {listed(same)}; check that {new.provider.name} knows them"
        remedy = f"Give a model another name there: --model {same[0]}=NAME."
        yield Diagnostic("model-name", message, remedy, severity=Severity.WARNING)


def check_accepted(accepted: Collection[str], old: Session) -> None:
    """Raises UsageError for what is neither a field nor a kind."""
    known = {
        EVERYTHING,
        *old.project.known.kinds,
        *(name for kind in old.project.known.kinds.values() for name in kind.fields),
    }
    for name in accepted:
        if name not in known:
            raise UsageError(f"--accept {name}: there is no such field", known_or_meant(name, known))


def migration_shown(found: Migration, to_file: bool) -> str:
    """The report for a terminal, or for a file."""
    from ..render.moves import migration_text

    style, width = console.canvas(None if to_file else sys.stdout)
    return migration_text(found, style=style, width=width)


def tell_open(found: Migration, *, is_new: bool) -> None:
    """What a person has to decide, with the flags, or the line of retinue.yaml, that accept it."""
    lost = [(at.kind, row.path) for at, row in found.rows if row.verdict is Verdict.LOST and not row.accepted]
    fields = dict.fromkeys(split_pointer(path)[0] for _, path in lost if path)
    # What only such a field refers to stays behind with it.
    names = [*(fields or dict.fromkeys(kind for kind, _ in lost))]
    way = f"write `on_loss: {{{', '.join(f'{name}: warn' for name in names)}}}` in this environment"
    if not fields:
        way = f"write `retinue: {{environments: [{found.source.environment}]}}` for each in its overlay"
    if is_new:
        way = f"add {' '.join(f'--accept {name}' for name in names)}"
    console.note(f"Error: this move is not ready{'; nothing was written' if is_new else ''}.")
    console.note(f"  Change what is marked{f', or accept the losses: {way}' if names else ''}.")
