"""A project's files to its desired objects: finds, reads, layers, renders and validates every manifest."""

from __future__ import annotations

import gc
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from ..core.model import Address, Desired, Diagnostic, Kind, Obstacle, Place, Severity
from ..core.pointer import split_pointer
from ..core.problem import shown
from ..core.spelling import did_you_mean
from ..core.values import dataclass, field
from ..schema import EXTRAS, Catalogue, with_extras
from .composing import composed
from .documents import Manifest, described, environments_of, identify, policy_of, read, unknown_environments
from .files import Files, Found, first_bytes, slashes
from .includes import Renderer
from .knowledge import described_twice, folded, spelled_out, unknown_references, with_uploads
from .layers import merge, over_defaults, without_nulls
from .located import Map, Seq, place_of
from .project import Project
from .sources import Source, around, covering, expand, nothing
from .unread import MOST_BYTES, UnreadManifest, unread_manifest
from .validate import validate_extras, validate_manifest, validate_parts
from .variables import REQUIRED, Variables, file_place, unknown_override, values_in

PASSED_OVER: Final = "passed-over"
UNMATCHED: Final = "overlay-unmatched"
"""The code of a problem that a manifest which is still to be written may solve."""
CONSEQUENCES: Final = frozenset((UNMATCHED, "reference-missing"))
"""Codes of what follows from manifests that were not found."""
_MOST_NAMED = 3
_OURS = frozenset(("retinue", EXTRAS))
# After one of these the value is a stand-in: validation must not report it again.
_VALUE_PROBLEMS = frozenset(
    ("manifest-name", "yaml-ambiguous", "yaml-alias", "yaml-tag", "yaml-key", "yaml-merge-key", "duplicate-key")
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The objects that one environment's manifests ask for. Nothing may be planned while `diagnostics` holds an error.

    `rendered` has every valid or invalid document after all layers, also of manifests for other environments, whose
    addresses are `elsewhere`. `empty_sources`: entries of `manifests` that name nothing; whether that is an error, only
    a caller can say who knows what the environment owns. `uses`: the variables in a
    value, by its place; `sources`: where each variable has its value from, as text; `included`: the file behind a
    value that an include put at a place; `read`: the manifests and uploads, by name.
    """

    resources: tuple[Desired, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    rendered: Mapping[Address, Map] = field(default_factory=dict)
    elsewhere: frozenset[Address] = frozenset()
    uses: Mapping[Place, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    empty_sources: tuple[Diagnostic, ...] = ()
    included: Mapping[Place, str] = field(default_factory=dict)
    read: frozenset[str] = frozenset()


def load(
    project: Project,
    environment: str | None,
    variables: Mapping[str, Any] | None = None,
    *,
    replaced: Mapping[str, bytes] | None = None,
) -> Loaded:
    """Every manifest of the project as it is in `environment`, with all problems at once.

    `variables` override those of the environment. `replaced`: see `Files`.
    """
    run = _Run(project, environment, variables or {}, Files(project.root, replaced))
    # Loading makes hundreds of values per manifest and no cycles; searching them for cycles triples its cost.
    collected = gc.isenabled()
    gc.disable()
    try:
        manifests = _unique(run, _manifests(run))
        overlays = _overlays(run, manifests)
        compiled = [_compile(run, manifest, overlays.get(manifest.address, ())) for manifest in manifests.values()]
    finally:
        if collected:
            gc.enable()
    elsewhere = frozenset(resource.address for resource, here in compiled if not here and resource.address)
    if not run.project.variables and run.complete:
        # Where nothing is declared, a variable is known if an environment defines it or a manifest asks for it.
        known = {*run.variables.values.keys() - run.overrides.keys(), *run.lenient.elsewhere}
        known |= run.variables.used | run.lenient.used
        run.problems += [unknown_override(name, run.overrides, known) for name in run.overrides if name not in known]
    inside = [resource for resource, here in compiled if here]
    kinds = run.known.kinds
    uploads = {Address(run.known.uploaded, name): item for name, item in run.renderer.uploads.items()}
    if here := project.environments.get(environment or ""):
        own = {name: schema for name in kinds if (schema := run.known.extras(here.provider, name)) is not None}
        kinds = with_extras(kinds, here.provider, own)
    run.problems.extend(unknown_references(inside, uploads, elsewhere, environment, kinds))
    run.problems.extend(described_twice(inside, uploads, kinds))
    inside = with_uploads(inside, uploads, kinds)
    problems = [*run.problems, *run.renderer.problems, *_passed_over(run)]
    return Loaded(
        resources=tuple(sorted(inside, key=lambda resource: str(resource.address))),
        diagnostics=in_order(problems),
        rendered=dict(sorted(run.rendered.items(), key=lambda item: str(item[0]))),
        elsewhere=elsewhere,
        uses=run.renderer.uses,
        sources={name: _source(run, name) for name in run.variables.values},
        empty_sources=tuple(run.empty),
        included=run.renderer.included,
        read=frozenset((*run.read, *run.renderer.uploads)),
    )


def in_order(problems: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sorted by place; a problem in a shared file is reported once, not once per manifest."""
    unique = {
        (problem.code, problem.place, problem.message if problem.place else problem): problem for problem in problems
    }
    nowhere = Place("", 0, 0)
    return tuple(sorted(unique.values(), key=lambda problem: (problem.place or nowhere, problem.code)))


class _Run:
    """The state of one call of `load`."""

    def __init__(self, project: Project, environment: str | None, overrides: Mapping[str, Any], files: Files) -> None:
        self.target = target = project.environments.get(environment) if environment is not None else None
        self.known: Catalogue = project.known.of(target.provider) if target else project.known
        self.project = project
        self.environment = environment
        self.files = files
        self.renderer = Renderer(files, self.known.uploaded)
        self.problems: list[Diagnostic] = []
        self.empty: list[Diagnostic] = []
        self.passed: dict[str, tuple[UnreadManifest, list[Manifest]] | None] = {}
        self.beside: list[str] = []
        self.read: set[str] = set()
        self.rendered: dict[Address, Map] = {}
        self.complete = True
        own = target.variables if target else {}
        defined, wrong = values_in(environment, own, project.variables, overrides)
        self.problems.extend(wrong)
        self.overrides = overrides
        elsewhere = {key: value for other in project.environments.values() for key, value in other.variables.items()}
        missing = {split_pointer(item.path or "")[-1]: item for item in wrong if item.code == REQUIRED}
        self.variables = Variables(defined, environment, missing=missing)
        self.lenient = Variables(defined, environment, elsewhere, missing=missing)
        self._defaults: dict[tuple[str, bool], Map] = {}

    def defaults(self, word: str, here: bool) -> Map:
        """The defaults of a kind, rendered once."""
        key = (word, here)
        if key not in self._defaults:
            raw = self.project.defaults.get(word)
            self._defaults[key] = self.render(raw, here) if type(raw) is Map else Map(Place("", 1, 1))
        return self._defaults[key]

    def render(self, document: Map, here: bool) -> Map:
        return self.renderer.render(document, self.variables if here else self.lenient)

    def at(self, *path: Any) -> Place:
        return place_of(self.project.data, path) or Place(self.project.file, 1, 1)


def _source(run: _Run, name: str) -> str:
    """`retinue.yaml:9`, or the flag."""
    if name in run.overrides:
        at = file_place(run.overrides, name)
    elif run.target is not None and name in run.target.variables:
        at = run.at("environments", run.environment, "variables", name)
    else:
        at = run.at("variables", name, "default")
    return f"{at.file}:{at.line}" if at else "--var"


def _manifests(run: _Run) -> list[Manifest]:
    """Every document of every file that `manifests` names; a file that is named twice is read once."""
    stated = (entry for item in run.project.environments.values() for entry in item.overlay)
    # Of all environments: files that are not manifests, wherever they lie.
    overlays = [item.name for entry in stated if isinstance(item := run.files.find(entry), Found)]

    def is_overlay(name: str) -> bool:
        return any(name == folder or name.startswith(folder + "/") for folder in overlays)

    manifests: list[Manifest] = []
    for index, entry in enumerate(run.project.manifests):
        source = expand(run.files, entry, run.at("manifests", index), run.problems)
        found = source.what == "unusable"
        run.passed.update(dict.fromkeys(name for name in source.unread if not is_overlay(name)))
        run.beside += [name for name in source.beside if not is_overlay(name)]
        for name in source.names:
            if source.what != "file" and (name == run.project.file or is_overlay(name)):
                continue
            if name not in run.read and (name not in run.passed or source.what == "file" or source.names[name]):
                _read_file(run, source, name, manifests)
            found = found or name in run.read
        if not found and (problem := nothing(source)) is not None:
            run.empty.append(problem)
    covers = covering(run.project.manifests)
    for name in run.files.new():
        if name not in run.read and covers(name):
            source = Source(name, "file", Place(name, 1, 1))
            source.add(name, name)
            _read_file(run, source, name, manifests)
    return manifests


def _read_file(run: _Run, source: Source, name: str, into: list[Manifest]) -> bool:
    """Adds the file's manifests. False if it is passed over."""
    parsed = read(run.files, name, source.names[name], source.at, run.known, listed=source.what == "file")
    if parsed is None or isinstance(parsed, UnreadManifest):
        run.passed[name] = parsed and (parsed, into)
        return False
    run.passed.pop(name, None)
    run.read.add(name)
    problems = [*parsed.diagnostics]
    manifests = [identify(document, run.known, problems) for document in parsed.documents]
    run.complete = run.complete and parsed.complete and None not in manifests
    for manifest in manifests:
        if manifest is not None:
            _keep_once(manifest.kind, manifest.data)
            into.append(manifest)
    run.renderer.poisoned.update(
        problem.place for problem in problems if problem.place and problem.code in _VALUE_PROBLEMS
    )
    run.problems.extend(problems)
    return True


def _passed_over(run: _Run) -> Iterator[Diagnostic]:
    """Files that were meant as manifests but are not, and the number of the others.

    What a manifest includes or uploads is neither, and a file of another name beside the manifest that it would be is
    its copy.
    """
    used = {*run.renderer.included.values(), *run.renderer.uploads}
    others = []
    for name, found in run.passed.items():
        if found is None or any(manifest.address == found[0].address for manifest in found[1]):
            others.append(name)
        elif name not in used:
            yield found[0].problem
    # Files where a pattern finds manifests that seem to be manifests too, but are not among them.
    known = {run.project.file, *run.read, *run.passed}
    beside = (run.files.find(name) for name in dict.fromkeys(run.beside))
    files = {item.name: item for item in beside if isinstance(item, Found) and item.name not in known}
    texts = {name: first_bytes(item, MOST_BYTES) for name, item in files.items()}
    left_out = [name for name, text in texts.items() if unread_manifest(text, name, run.known, markdown=False)]
    for names, one, several in (
        (others, "1 file that is not a manifest was passed over", "{} files that are not manifests were passed over"),
        (left_out, "1 manifest is left out by the patterns", "{} manifests are left out by the patterns"),
    ):
        named = [shown(name, 80) for name in sorted(names) if name not in used]
        if named:
            more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
            count = one if len(named) == 1 else several.format(len(named))
            message = f"{count}: {', '.join(named[:_MOST_NAMED])}{more}"
            yield Diagnostic(PASSED_OVER, message, severity=Severity.INFO)


def left_behind(project: Project, wanted: Collection[Address]) -> dict[Address, Obstacle]:
    """Why the objects of some addresses may not go: the manifest lies, or may lie, where `manifests` does not find it.

    Searches all that is below the folders that `manifests` is about, so ask only for what would be deleted.
    """
    files = Files(project.root)
    problems: list[Diagnostic] = []
    found: dict[Address, str] = {}
    for name, suffix in sorted(around(files, project.manifests, problems).items()):
        for address in described(files, name, suffix, wanted, project.known):
            found.setdefault(
                address, f"its manifest, or a file that may be it, is still in {shown(name)} and is not read"
            )
    if problems:
        found = dict.fromkeys(wanted, f"{problems[0].message}, so its manifest may be there") | found
    keep = "to keep it, give the file a name and a place that `manifests` reads, or name it there"
    return {
        address: Obstacle("manifest-unread", why, (keep, f"to delete it anyway, removed: [{address}]"))
        for address, why in found.items()
    }


def _unique(run: _Run, manifests: list[Manifest]) -> dict[Address, Manifest]:
    unique: dict[Address, Manifest] = {}
    for manifest in manifests:
        first = unique.setdefault(manifest.address, manifest)
        if first is not manifest:
            message = f"`{manifest.address}` is described twice: here and in {first.place}"
            remedy = "Give one of the two another name, or delete it."
            run.problems.append(Diagnostic("address-twice", message, remedy, manifest.place, str(manifest.address)))
    return unique


def _overlays(run: _Run, manifests: Mapping[Address, Manifest]) -> dict[Address, list[Map]]:
    """The partial manifests of the environment's overlays, by address; later ones win."""
    result: dict[Address, list[Map]] = {}
    for entry in run.target.overlay if run.target else ():
        for address, overlay in _overlay(run, entry, manifests).items():
            result.setdefault(address, []).append(overlay.data.without({overlay.kind.word}))
    return result


def _overlay(run: _Run, entry: str, manifests: Mapping[Address, Manifest]) -> dict[Address, Manifest]:
    """The partial manifests of one file or folder."""
    partial: list[Manifest] = []
    at = run.at("environments", run.environment, "overlay")
    source = expand(run.files, entry, at, run.problems)
    run.passed.update(dict.fromkeys(source.unread))
    run.beside += source.beside
    read_any = [_read_file(run, source, name, partial) for name in source.names]
    if not any(read_any) and source.what != "unusable":
        message = f"the overlay `{entry}` of environment `{run.environment}` names no file with a partial manifest"
        remedy = slashes(entry) or "Correct the path or remove the line."
        run.problems.append(Diagnostic("overlay-missing", message, remedy, at))
    found = _unique(run, partial)
    for address, overlay in found.items():
        if address not in manifests and run.complete:
            names = [known.name for known in manifests if known.kind == address.kind]
            otherwise = "Correct the name or remove this document."
            remedy = did_you_mean(address.name, names, otherwise, f"{overlay.kind.word}: {{}}")
            message = f"this overlay hits nothing: there is no manifest `{address}`"
            run.problems.append(Diagnostic(UNMATCHED, message, remedy, overlay.place, str(address)))
    return found


def _compile(run: _Run, manifest: Manifest, overlays: Sequence[Map]) -> tuple[Desired, bool]:
    """The desired object of a manifest, and whether it belongs to this environment. Validated in any case."""
    names = tuple(run.project.environments)
    here = _belongs(run, manifest, overlays)
    data = over_defaults(run.defaults(manifest.kind.word, here), run.render(manifest.data, here))
    for overlay in overlays:
        data = merge(data, run.render(overlay, here), run.problems)
    data = composed(manifest.kind, without_nulls(manifest.kind, spelled_out(manifest.kind, data)))
    # Limits count what is sent.
    _keep_once(manifest.kind, data)
    block = data.get("retinue")
    run.problems.extend(unknown_environments(block, names))
    found = validate_manifest(manifest.kind, data, manifest.address)
    if type(data.get(manifest.kind.body)) is Seq:
        # Not joined: problems are reported for its parts, not for the whole.
        found = [item for item in found if item.path != f"/{manifest.kind.body}"]
        found += validate_parts(manifest.kind, data, manifest.address)
    found += validate_extras(manifest.kind, data, manifest.address, run.known.extras)
    if manifest.data.place not in run.renderer.poisoned:
        run.problems += [item for item in found if item.place is None or item.place not in run.renderer.poisoned]
    run.rendered[manifest.address] = data
    spec, policy = _spec_of(run, manifest.kind, data), policy_of(block, names)
    return Desired(manifest.kind.name, spec, manifest.address, policy, manifest.place), here


def _spec_of(run: _Run, kind: Kind, data: Map) -> Map:
    """The fields of a kind, and what `providers` has for the environment's own one; the places are those of `data`."""
    spec = Map(data.place)
    spec.keys_at, spec.values_at = data.keys_at, data.values_at
    for name, value in data.items():
        if name not in _OURS and name != kind.word:
            spec[name] = value
    spec, extras = folded(kind, spec), data.get(EXTRAS)
    if run.target is not None and type(extras) is Map and type(extras.get(run.target.provider)) is Map:
        own = extras.without(extras.keys() - {run.target.provider})
        spec.put(EXTRAS, own, data.keys_at[EXTRAS], data.values_at[EXTRAS])
    return spec


def _keep_once(kind: Kind, data: Map) -> None:
    """Texts as they are compared, and equal ones once in a process: a service mostly answers what a manifest says."""
    for name, value in data.items():
        if type(value) is str:
            field = kind.fields.get(name)
            trimmed = field is not None and field.shape.trim_final_newline
            data[name] = sys.intern(value.rstrip("\r\n") if trimmed and value[-1:] == "\n" else value)


def _belongs(run: _Run, manifest: Manifest, overlays: Sequence[Map]) -> bool:
    """Known before rendering, because a manifest for other environments may use variables that only they have."""
    for layer in (*reversed(overlays), manifest.data, run.project.defaults.get(manifest.kind.word)):
        names = environments_of(layer.get("retinue")) if type(layer) is Map else None
        if names is not None:
            return run.environment is None or run.environment in names
    return True
