"""Turns the objects of an export, or live ones, into manifest files; shared by init and import."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from ..core.errors import InvalidManifests, UsageError
from ..core.model import Address, Desired, Diagnostic, Json, Kind, Live, Severity
from ..core.observation import Observation
from ..core.references import Names, to_names
from ..core.values import dataclass, replace
from ..engine.read import read_live
from ..load.dumps import expected, flat, label_of, objects_from_text
from ..load.export import Destination, Exported, manifests_from_objects
from ..load.files import Files
from ..load.fitting import Beside, fitted
from ..load.located import Map
from ..load.manifests import UNMATCHED, Loaded, load
from ..load.project import Project
from ..load.sources import covering, fixed
from ..load.yaml import parse
from ..providers import registry
from ..providers.base import Exporter, Keeper, Opener, Recogniser, Resolver, Service
from ..providers.losses import weighed
from ..providers.registry import catalogue
from ..schema import Catalogue, with_extras
from . import console
from .connecting import connect
from .named_files import read_named, read_stdin
from .options import ServiceOptions
from .projects import refuse
from .session import Session, open_without_manifests

_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Choice:
    """Which objects become manifests: those with one of the ids, or with a display name like one of the patterns."""

    ids: Collection[str] = ()
    names: Sequence[str] = ()

    def takes(self, item: Mapping[str, Json]) -> bool:
        return not (self.ids or self.names) or self._matches(item, (*self.ids, *self.names))

    def _matches(self, item: Mapping[str, Json], wanted: Collection[str]) -> bool:
        name = str(item.get("name") or "")
        return any(item.get("id") == one if one in self.ids else fnmatchcase(name, one) for one in wanted)

    def missed(self, objects: Sequence[Mapping[str, Json]]) -> str | None:
        """An id or a pattern that no object answers to."""
        wanted = (*self.ids, *self.names)
        return next((one for one in wanted if not any(self._matches(item, (one,)) for item in objects)), None)


EVERY = Choice()


def read_export(
    path: str, choice: Choice = EVERY, project: Project | None = None, variables: Map | None = None
) -> Exported:
    """The manifests for the objects in a file (`-` is standard input), beside those that a project has already.

    Raises UsageError or InvalidManifests.
    """
    remedy = "Name an exported JSON file."
    data = read_stdin(_MOST_BYTES) if path == "-" else read_named(path, _MOST_BYTES, "the export", remedy)
    known = project.known if project else catalogue(None)
    kinds = exportable(known)
    objects, problems = objects_from_text(data, path, kinds)
    if problems:
        raise InvalidManifests(problems)
    providers = [provider for provider in registry.loadable()[0] if isinstance(provider, Recogniser)]
    whole = [_opened(item, [it for it in providers if isinstance(it, Opener)]) for item in objects]
    objects = [item for items, _ in whole for item in items]
    found = [item for item in flat(objects, kinds)[0] if isinstance(item, dict)]
    # One export is of one service: that of the first object which says so.
    origin = next((provider for item in found for provider in providers if provider.recognised(item)), None)
    if origin is not None:
        known = known.of(origin.name)
        known = replace(known, kinds=with_extras(known.kinds, origin.name, origin.capabilities.extras))
    into = None if project is None else _into(project, kinds[0])

    seen: list[Live] = []

    def words(item: Mapping[str, Json]) -> Mapping[str, Json]:
        live = origin.recognised(item) if origin else None
        return origin.exported(live) if origin and live else item

    def read(item: Json) -> Json:
        live = origin.recognised(item) if origin and isinstance(item, dict) else None
        seen.extend([live] if live else [])
        return origin.exported(live) if origin and live else item

    if (missed := choice.missed([words(item) for item in found])) is not None:
        raise UsageError(f"no object of the export is {missed}", "Look into the file for its `id` and `name`.")
    check = origin.check if origin else lambda _desired: []
    wanted = (lambda item: choice.takes(words(item))) if origin else choice.takes
    exported = manifests_from_objects(objects, known, into, wanted=wanted, read=read, check=check)
    notes = tuple(note for _, found in whole for note in found)
    exported = checked(replace(exported, diagnostics=(*notes, *exported.diagnostics)))
    exported = replace(exported, provider=origin.name if origin else None)
    console.diagnostics(_kept(origin, seen))
    if not exported.files:
        raise UsageError(f"nothing in {path} can become a manifest", expected(kinds))
    if project is None:
        return exported
    beside = Beside(project, tuple(project.environments), variables or {}, known.kinds)
    _refuse_taken(exported, beside)
    return checked(fitted(exported, beside))


def _opened(item: Json, openers: Sequence[Opener]) -> tuple[list[Json], list[Diagnostic]]:
    """The objects in an export of a whole service; anything else as it is."""
    if isinstance(item, list):
        parts = [_opened(one, openers) for one in item]
        return [one for items, _ in parts for one in items], [note for _, notes in parts for note in notes]
    found = (opener.opened(item) for opener in openers) if isinstance(item, dict) else ()
    return next((parts for parts in found if parts is not None), ([item], []))


def exportable(known: Catalogue) -> list[Kind]:
    """The kinds whose objects can become manifests."""
    return [kind for kind in known.with_manifests if kind.export]


def _refuse_taken(exported: Exported, beside: Beside) -> None:
    """Raises UsageError for a name that a manifest has which stands in another file."""
    project = beside.project
    loaded = load(project, beside.environments[0], beside.variables)
    # A faulty manifest does not tell which name it takes.
    refuse([item for item in loaded.diagnostics if item.code != UNMATCHED])
    taken = _addresses(loaded)
    for file, address in sorted((item.path, item.address) for item in exported.manifests):
        if address in taken and not (project.root / file).exists():
            of = beside.kinds[address.kind]
            # A manifest made along with another object goes with that one.
            noun, stem = exportable(project.known)[0].one.split(" ", 1)[1], PurePosixPath(file).stem
            origin = f"that {of.one.split(' ', 1)[1]}" if of.export else f"the {noun} {stem}"
            message = f"this project has a manifest {address} already, in another file; nothing was written"
            raise UsageError(message, f"Take {origin} out of the export, or rename the manifest.")


def _addresses(loaded: Loaded) -> set[Address]:
    """The names of all manifests, also of those not meant for this environment."""
    return {address for address in (*loaded.elsewhere, *(item.address for item in loaded.resources)) if address}


def checked(exported: Exported) -> Exported:
    """Say what could not be carried over; raise InvalidManifests if a manifest could not be written at all."""
    if any(item.severity is Severity.ERROR for item in exported.diagnostics):
        raise InvalidManifests(exported.diagnostics)
    console.diagnostics(exported.diagnostics)
    return exported


def from_live(session: Session, options: ServiceOptions, choice: Choice = EVERY) -> Exported:
    """The manifests for the unmanaged live objects, or for the chosen ones of them. Raises UsageError."""
    kinds = [kind for name in session.provider.capabilities.kinds if (kind := session.kinds[name]).export]
    with connect(session, options) as service:
        seen = Observation(session.target, read_live(service, [kind.name for kind in kinds]))
        exporter = session.provider if isinstance(session.provider, Exporter) else None
        raws = [exporter.exported(live) if exporter else dict(live.raw) for live in seen.world.foreign]
        unclear = _unclear(session, service, raws, seen.world.foreign)
    objects = [_without_keys(raw) for raw in raws]
    if (missed := choice.missed(objects)) is not None:
        raise UsageError(f"there is no unmanaged live object {missed}", "`retinue output` lists the managed ones.")
    here = session.environment.name
    names = {(address.kind, live.remote_id): address for address, live in seen.world.owned.items()}
    adopting = [(item.address, item.policy.adopt.values()) for item in session.desired if item.address]
    names |= {(address.kind, value): address for address, values in adopting for value in values}
    taken = {address.name for address in _addresses(session.loaded)}
    of = {id(item): session.kinds[live.kind] for item, live in zip(objects, seen.world.foreign, strict=True)}
    exported = manifests_from_objects(
        [item for item in objects if (of[id(item)].name, item["id"]) not in names and item["id"] not in unclear],
        session.project.known.of(session.provider.name),
        replace(_into(session.project, kinds[0]), taken=taken, adopt_environment=here),
        kinds=kinds,
        kind_of=lambda item: of[id(item)],
        wanted=choice.takes,
        check=session.provider.check,
    )
    made = [(item, item.data.get("retinue", {}).get("adopt", {})) for item in exported.manifests]
    names |= {(item.address.kind, adopted[here]): item.address for item, adopted in made if adopted}
    exported = _with_names(exported, names, session)
    left_out = tuple(
        Diagnostic(
            "export-refused",
            f"{label_of(item, of[id(item)])} was left out: {why.message}",
            f"Correct it at the service, then run `retinue import`. {why.remedy}",
            severity=Severity.WARNING,
        )
        for item in objects
        if (why := unclear.get(item["id"])) and (of[id(item)].name, item["id"]) not in names and choice.takes(item)
    )
    exported = replace(exported, diagnostics=(*exported.diagnostics, *left_out))
    beside = Beside(session.project, (here,), session.overrides, session.kinds)
    adopted_ids = {adopted[here] for _, adopted in made if adopted}
    console.diagnostics(_kept(session.provider, [live for live in seen.world.foreign if live.remote_id in adopted_ids]))
    return checked(fitted(checked(exported), beside))


def _unclear(
    session: Session, service: Service, raws: Sequence[Mapping[str, Json]], lives: Sequence[Live]
) -> dict[str, Diagnostic]:
    """By id the objects whose manifest this service's next plan would refuse, each with the first reason."""
    if not isinstance(service, Resolver):
        return {}
    kinds, loss = session.kinds, session.environment.on_loss
    desired = [
        Desired(
            live.kind,
            {key: raw[key] for key in raw if key in kinds[live.kind].fields},
            Address(live.kind, live.remote_id),
        )
        for raw, live in zip(raws, lives, strict=True)
    ]
    owners = {str(item.address): item for item in desired}
    found: dict[str, Diagnostic] = {}
    for note in service.resolve(desired).diagnostics if desired else ():
        item = owners.get(note.address or "")
        if item and item.address and weighed(note, kinds[item.kind], loss).severity is Severity.ERROR:
            found.setdefault(item.address.name, note)
    return found


def _kept(provider: object, lives: Sequence[Live]) -> list[Diagnostic]:
    """The parts of these objects that no manifest can state and that stay on them."""
    named = [(live, provider.kept(live)) for live in lives] if isinstance(provider, Keeper) else []
    return [
        Diagnostic(
            "export-kept",
            f"{live.spec.get('name') or live.remote_id}: left out: a manifest cannot express it: {', '.join(names)}",
            "Nothing to do: it stays on the agent as it is, and every write keeps it.",
            severity=Severity.INFO,
        )
        for live, names in named
        if names
    ]


def _with_names(exported: Exported, names: Names, session: Session) -> Exported:
    """With addresses in the place of live ids that have one, in this project or now."""
    return exported.with_manifests(
        [
            item._replace(data=to_names(item.data, session.kinds[item.address.kind], names))
            for item in exported.manifests
        ]
    )


def _into(project: Project, kind: Kind) -> Destination:
    # The first manifest folder of the project, or the fixed part of a pattern that names new manifests there.
    taken = ((entry, fixed(entry)) for entry in project.manifests)
    folders = (
        posixpath.normpath(name)
        for entry, name in taken
        if not PurePosixPath(name).suffix and covering([entry])(f"{name}/a.yaml")
    )
    folder = next(folders, kind.plural.replace(" ", "-"))
    parent = PurePosixPath(folder).parent
    prompts = not covering(project.manifests)(f"{parent}/prompts/a.md")
    shared = kind.export.shared[0] if kind.export else ""
    tools = _tools(project, str(parent / shared)) if shared else None
    return Destination(folder, tools=tools, prompts=prompts)


def _tools(project: Project, folder: str) -> dict[str, Json] | None:
    """The tools that the project has in files of their own, by path; None where such files would be manifests."""
    if covering(project.manifests)(f"{folder}/a.yaml"):
        return None
    files, found = Files(project.root), {}
    for path in sorted((project.root / folder).glob("*.yaml")):
        name = f"{folder}/{path.name}"
        data = files.read_bytes(name)
        documents = parse(data, name).documents if isinstance(data, bytes) else []
        found[name] = documents[0].value if len(documents) == 1 else None
    return found


def from_new_project(project: str) -> Exported:
    """As `from_live`, for a project that is still nothing but the text of its file."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "retinue.yaml").write_text(project, encoding="utf-8")
        options = ServiceOptions(directory=folder)
        return from_live(open_without_manifests(options), options)


def _without_keys(fields: dict[str, Json]) -> dict[str, Json]:
    """A live object without the key of this run, which does not go into a file; a warning tells where it was."""
    shown: dict[str, Json] = console.SECRETS.masked_json(fields)
    if shown != fields:
        message = f"{shown['id']} holds the key of this environment; its manifest says [key] in that place"
        remedy = "Take the key out of the object, and revoke it; then correct the manifest."
        console.diagnostics([Diagnostic("key-masked", message, remedy, severity=Severity.WARNING)])
    return shown
