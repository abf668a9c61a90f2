"""New manifests for a project that has layers of its own: what a layer would fill in is written out in them.

The loader itself says what a layer fills in. Writes no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..core.canonical import canonical, canonical_value, same
from ..core.model import MISSING, Address, Desired, Diagnostic, Json, Kind, Place, Severity, Shape
from ..core.pointer import join_pointer
from ..core.problem import shown
from ..core.values import dataclass, replace
from .export import Exported, NewManifest
from .located import Map, place_of
from .manifests import Loaded, load
from .project import Project


@dataclass(frozen=True, slots=True)
class Beside:
    """The project that new manifests become part of, and the environments in which each must be what its object is."""

    project: Project
    environments: Sequence[str]
    variables: Mapping[str, Any]
    kinds: Mapping[str, Kind]


def fitted(exported: Exported, beside: Beside) -> Exported:
    """The same manifests, each rendering to its object; `diagnostics` say where a layer has the last word."""
    meant = _alone(exported, beside)
    rendered: dict[str, tuple[Mapping[str, str], Loaded]] = {}
    for environment in beside.environments:
        loaded = _loaded(exported, beside, environment)
        rendered[environment] = exported.files, loaded
        manifests = [_spelled_out(item, loaded, environment, beside.kinds) for item in exported.manifests]
        exported = exported.with_manifests(manifests)
    found: list[Diagnostic] = []
    for environment, (files, loaded) in rendered.items():
        loaded = loaded if files == exported.files else _loaded(exported, beside, environment)
        resources = {resource.address: resource for resource in loaded.resources}
        for item in exported.manifests:
            if item.address in resources:
                kind = beside.kinds[item.address.kind]
                overlay = place_of(beside.project.data, ["environments", environment, "overlay"])
                notes = _overruled(meant[item.address], resources[item.address], environment, kind)
                found += (replace(note, place=note.place or overlay) for note in notes)
            else:
                found += _unread(item, loaded, environment)
    return replace(exported, diagnostics=tuple(dict.fromkeys(found)))


def _alone(exported: Exported, beside: Beside) -> dict[Address | None, Mapping[str, Json]]:
    """The manifests as rendered without any layer."""
    environments = {name: replace(item, overlay=()) for name, item in beside.project.environments.items()}
    paths = tuple(dict.fromkeys(item.path for item in exported.manifests))
    bare = replace(beside.project, manifests=paths, defaults=Map(Place("", 1, 1)), environments=environments)
    loaded = _loaded(exported, replace(beside, project=bare), beside.environments[0])
    return {item.address: item.spec for item in loaded.resources}


def _loaded(exported: Exported, beside: Beside, environment: str) -> Loaded:
    files = {name: text.encode() for name, text in exported.files.items()}
    return load(beside.project, environment, beside.variables, replaced=files)


def _spelled_out(item: NewManifest, loaded: Loaded, environment: str, kinds: Mapping[str, Kind]) -> NewManifest:
    """With a line for each field that a layer has put into the rendered manifest and its object does not have."""
    kind, data = kinds[item.address.kind], dict(item.data)
    rendered: Mapping[str, Json] = loaded.rendered.get(item.address, {})
    for name, value in rendered.items():
        field = kind.fields.get(name)
        shape = field.shape if field else Shape()
        if name in data:
            data[name] = _without_more(data[name], value, shape) if field else data[name]
        elif (field or name in kind.shared) and name not in kind.required:
            default = None if shape.default is MISSING else shape.default
            short = canonical_value(value, shape)
            if short is not MISSING and not same(short, shape.default):
                data[name] = _without_more({}, value, shape) if default == {} else default
    if item.address in loaded.elsewhere and environment in _adopted(item):
        data["retinue"] = {"environments": [environment], **data["retinue"]}
    order = [kind.word, *kind.fields, *kind.shared, "retinue"]
    return item._replace(data={name: data[name] for name in sorted(data, key=order.index)})


def _adopted(item: NewManifest) -> Mapping[str, str]:
    adopted: Mapping[str, str] = item.data.get("retinue", {}).get("adopt", {})
    return adopted


def _without_more(own: Json, rendered: Json, shape: Shape) -> Json:
    """A mapping as it stands in a manifest, with null for each key that only the rendered one has."""
    if not isinstance(own, dict) or not isinstance(rendered, dict):
        return own
    result = dict(own)
    for key, value in rendered.items():
        if key in own:
            result[key] = _without_more(own[key], value, shape.member(rendered, key))
        elif value is not None and (shape.properties is None or key in shape.properties):
            result[key] = None
    return result


def _unread(item: NewManifest, loaded: Loaded, environment: str) -> Iterator[Diagnostic]:
    """A manifest that the project does not read, or that a layer keeps out of the environment of its object."""
    at = str(item.address)
    if item.address not in loaded.rendered:
        message = f"`manifests` in retinue.yaml has no entry for {item.path}; nothing was written"
        yield Diagnostic("import-unread", message, "Add its folder to `manifests`.", address=at)
    elif environment in _adopted(item):
        message = f"{at} is live in `{environment}`, but a layer above its manifest keeps it out of there"
        place = place_of(loaded.rendered[item.address], ["retinue", "environments"])
        remedy = "Take the line out of the layer."
        yield Diagnostic("import-overruled", message, remedy, place, at, severity=Severity.WARNING)


def _overruled(meant: Mapping[str, Json], resource: Desired, environment: str, kind: Kind) -> Iterator[Diagnostic]:
    """Values that the manifest cannot undo, because a layer above it sets them."""
    want, have, at = canonical(meant, kind), canonical(resource.spec, kind), str(resource.address)
    for name in kind.fields:
        path, object_has, layer_has = _first_difference([name], want.get(name, MISSING), have.get(name, MISSING))
        if not path or (name in kind.required and name not in want):
            continue
        was = "not there" if object_has is MISSING else shown(object_has)
        makes = "takes it away" if layer_has is MISSING else f"makes it {shown(layer_has)}"
        message = f"`{'.'.join(path)}` of {at} is {was}, but a layer above its manifest {makes} in `{environment}`"
        remedy = "Change the layer to keep what was imported: otherwise the first apply there changes it."
        place = place_of(resource.spec, path) if layer_has is not MISSING and name in resource.spec else None
        yield Diagnostic("import-overruled", message, remedy, place, at, join_pointer(path), Severity.WARNING)


def _first_difference(path: list[str], left: Json, right: Json) -> tuple[list[str], Json, Json]:
    """Where two canonical values differ first, and what each is there; an empty path if they do not."""
    if same(left, right):
        return [], left, right
    if isinstance(left, dict) and isinstance(right, dict):
        keys = (key for key in (*left, *right) if not same(left.get(key, MISSING), right.get(key, MISSING)))
        key = next(keys)
        return _first_difference([*path, key], left.get(key, MISSING), right.get(key, MISSING))
    return path, left, right
