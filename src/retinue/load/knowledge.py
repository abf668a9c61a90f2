"""From rendered manifests to the objects behind them: uploads become objects of their own, references are checked.

Knows no service; which extensions or sizes one takes is the provider's business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from ..core.canonical import canonical_json
from ..core.content import Key, key_of
from ..core.model import Address, Desired, Diagnostic, Kind, Place
from ..core.references import addresses_in, reference, renamed, target_of
from ..core.spelling import did_you_mean
from ..core.waves import order
from .located import Map, Seq, children
from .uploads import Upload

Kinds: TypeAlias = Mapping[str, Kind]
Uploads: TypeAlias = Mapping[Address, Upload]
"""Every file that any manifest uploads."""


def spelled_out(kind: Kind, data: Map) -> Map:
    """Lists whose items name something else, with each bare name written out: `x` as `{file_id: x}`."""
    lists = [*_naming_lists(kind, data)]
    result = data.copy() if lists else data
    for name, items, member in lists:
        result[name] = Seq(items.place)
        for item, at in items.pairs():
            if type(item) is str or target_of(item) is not None:
                whole = Map(at)
                whole.put(member, item, at, at)
                item = whole
            result[name].put(item, at)
    return result


def folded(kind: Kind, spec: Map) -> Map:
    """Copies what a manifest states once for all items of a list to each item without its own."""
    names = {name: into for name, into in kind.shared.items() if name in spec}
    if not names:
        return spec
    result = spec.without(names)
    for name, into in names.items():
        items = result.get(into)
        if type(items) is not Seq or spec[name] is None:
            continue
        result[into] = Seq(items.place)
        for item, at in items.pairs():
            if type(item) is Map and item.get(name) is None:
                item = item.copy()
                item.put(name, spec[name], spec.keys_at[name], spec.values_at[name])
            result[into].put(item, at)
    return result


def _naming_lists(kind: Kind, data: Mapping[str, Any]) -> Iterator[tuple[str, Seq, str]]:
    """The lists in which items name other objects: the field, its value, and the member that is the name."""
    for name, items in data.items():
        shape = kind.fields[name].shape.items if type(items) is Seq and name in kind.fields else None
        for member, inner in ((shape and shape.properties) or {}).items():
            if inner.refers is not None:
                yield name, items, member
                break


def with_uploads(resources: Sequence[Desired], uploads: Uploads, kinds: Kinds) -> list[Desired]:
    """The resources with what they require, and the files that they upload. Equal bytes are one file.

    Only those of the uploads to which `resources` refer become objects.
    """
    places: dict[Address, Place] = {}
    for resource in resources:
        for address, at in mentions(resource, kinds):
            if address in uploads:
                places.setdefault(address, at)
    files = {address: _file(address, uploads[address], places[address]) for address in sorted(places)}
    first: dict[Key, Address] = {}
    same = {address: first.setdefault(key_of(file), address) for address, file in files.items()}
    again = {address: one for address, one in same.items() if one != address}
    names = {address: reference(one) for address, one in again.items()}
    users = []
    for resource in resources:
        kind, spec = kinds[resource.kind], resource.spec
        found = addresses_in(spec, kind)
        if again.keys() & set(found):
            # The first of several equal files stands in the place of each of them.
            spec = renamed(spec, kind, names)
            found = addresses_in(spec, kind)
        users.append(replace(resource, spec=spec, requires=found) if found else resource)
    return [*users, *(files[address] for address in files if address not in again)]


def _file(address: Address, upload: Upload, place: Place) -> Desired:
    spec = {"name": PurePosixPath(upload.name).name, "sha256": upload.sha256, "bytes": upload.size}
    return Desired(address.kind, spec, address, place=place)


def mentions(resource: Desired, kinds: Kinds) -> Iterator[tuple[Address, Place]]:
    """Every reference of a resource, with its place."""
    known = set(addresses_in(resource.spec, kinds[resource.kind]))
    if not known:
        return
    waiting: list[tuple[Any, Place | None]] = [(resource.spec, resource.place)]
    while waiting:
        value, at = waiting.pop()
        address = target_of(value)
        if address in known and address is not None:
            yield address, at or Place("", 1, 1)
        else:
            waiting.extend((item, place) for _, item, place in reversed(children(value)))


def described_twice(resources: Sequence[Desired], uploads: Uploads, kinds: Kinds) -> Iterator[Diagnostic]:
    """Items of one list that upload equal bytes, which are one file, and say different things about it."""
    for resource in resources:
        for _, items, member in _naming_lists(kinds[resource.kind], resource.spec):
            first: dict[Key, tuple[Address, str]] = {}
            for item, at in items.pairs():
                address = target_of(item.get(member)) if type(item) is Map else None
                if address is None or address not in uploads:
                    continue
                described = canonical_json({key: value for key, value in item.items() if key != member})
                key = key_of(_file(address, uploads[address], at))
                other, before = first.setdefault(key, (address, described))
                if other != address and before != described:
                    same = f"{address} has the same bytes as {other}, so they are one file"
                    remedy, user = "Describe both alike, or upload one of them only.", str(resource.address)
                    yield Diagnostic("file-twice", f"{same}, and this describes it differently", remedy, at, user)


def unknown_references(
    resources: Sequence[Desired],
    uploads: Uploads,
    elsewhere: Collection[Address],
    environment: str | None,
    kinds: Kinds,
) -> Iterator[Diagnostic]:
    """References to what no manifest describes, or none of this environment."""
    known = {resource.address for resource in resources if resource.address}
    for resource in resources:
        for address, at in mentions(resource, kinds):
            if address in known or address in uploads:
                continue
            if address in elsewhere:
                message = f"{address} is not there, so nothing can refer to it (environment `{environment}`)"
                remedy = "Add this environment to `retinue: {environments: […]}` of that manifest, or remove it here."
            elif address.kind in kinds and kinds[address.kind].by_content:
                message = f"no manifest uploads {address}"
                remedy = "Write {upload: PATH} here, with the path relative to this file."
            else:
                names = [item.name for item in known if item.kind == address.kind]
                message = f"there is no manifest {address}"
                otherwise = "Write that manifest, or correct the address."
                remedy = did_you_mean(address.name, names, otherwise, f"{address.kind}/{{}}")
            yield Diagnostic("reference-missing", message, remedy, at, str(resource.address))
    named = {item.address: item for item in resources}
    try:
        order({address: {*addresses_in(item.spec, kinds[item.kind])} for address, item in named.items()})
    except CycleError as error:
        first, *others = error.args[1]
        message = f"{first} refers to itself" + (
            f", by way of {' and '.join(map(str, others[:-1]))}" if others[1:] else ""
        )
        remedy = "Take one of these references out: the first of two objects could not be made before the other."
        yield Diagnostic("reference-cycle", message, remedy, named[first].place, str(first))
