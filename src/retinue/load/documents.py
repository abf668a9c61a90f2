"""One manifest file to its documents; a document to its kind, its address and its `retinue` block. Knows no layers.

Wrong types in a block are left to validation; here they count as absent.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..core.model import Address, Diagnostic, Kind, Place, Policy
from ..core.spelling import closest, did_you_mean
from ..schema import Catalogue
from . import frontmatter, jsontext, yaml
from .builder import Document, Parsed, shorten
from .dumps import slug
from .files import Files, first_bytes
from .located import Map, Seq
from .unread import MOST_BYTES, UnreadManifest, is_blank, is_locked, kind_lines, unread_manifest

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Manifest(NamedTuple):
    """One document that says what it describes. `place` is that of the line that says so."""

    kind: Kind
    address: Address
    data: Map
    place: Place


def read(
    files: Files, name: str, suffix: str, at: Place, known: Catalogue, *, listed: bool
) -> Parsed | UnreadManifest | None:
    """The documents of a file whose name ends in `suffix`, or "" if in none of a manifest.

    A file that is not a manifest is passed over (None) unless it was `listed` by name or seems to be meant as one.
    """
    if not suffix:
        if listed:
            return _no_manifest(name, at)
        found = files.find(name, at)
        start = b"" if isinstance(found, Diagnostic) else first_bytes(found, MOST_BYTES)
        return unread_manifest(start, name, known, markdown=False)
    data = files.read_bytes(name, None if not listed else at)
    if isinstance(data, Diagnostic):
        return Parsed([], [data], False)
    if suffix != ".md" or frontmatter.has_front_matter(data):
        parsed = _parsed(data, name, suffix, known)
        # Empty documents between others mean nothing, but a file of nothing else would look like a deletion.
        filled = [document for document in parsed.documents if document.value is not None]
        empty = [_empty(name)] if parsed.complete and not filled else []
        return Parsed(filled, [*parsed.diagnostics, *empty], parsed.complete)
    unread = UnreadManifest(_empty(name)) if is_blank(data) else unread_manifest(data, name, known, markdown=True)
    if not listed:
        return unread
    return Parsed([], [unread.problem], False) if unread else _no_manifest(name, at)


def described(
    files: Files, name: str, suffix: str, wanted: Collection[Address], known: Catalogue
) -> Collection[Address]:
    """Those of the wanted addresses that a file describes, or may describe, whatever it is called.

    Where its content does not tell, its own name does: a locked or broken `tutor.yml` may be about the tutor.
    """
    stem = PurePosixPath(name).name.lstrip(".").split(".")[0].lower()
    same_name = {address for address in wanted if address.name == stem}
    data = files.read_bytes(name)
    if isinstance(data, Diagnostic):
        return same_name if suffix else ()
    names = b"|".join(re.escape(address.name.encode()) for address in wanted)
    value = rb"[:=\x9a](?:[\s>|+-]|#[^\n]*\n|[&!]\S+\s)*[\"']?(?:%b)(?![\w-])" % names
    if not (same_name or re.search(value, data.replace(b"\0", b""))):
        return ()
    found = {Address(kind.name, word) for _, kind, word in kind_lines(data, known)}
    unsure = bool(suffix) and (is_locked(data) or is_blank(data))
    if frontmatter.has_front_matter(data) if suffix == ".md" else suffix or found:
        documents = [item for item in _parsed(data, name, suffix, known).documents if item.value is not None]
        found |= {manifest.address for item in documents if (manifest := identify(item, known, []))}
        unsure = unsure or bool(suffix and not documents) or any(not _NAME.fullmatch(item.name) for item in found)
    return found.intersection(wanted) or (same_name if unsure else ())


def _parsed(data: bytes, name: str, suffix: str, known: Catalogue) -> Parsed:
    if suffix == ".json":
        return jsontext.parse(data, name)
    return frontmatter.parse(data, name, known) if suffix == ".md" else yaml.parse(data, name)


def _empty(name: str) -> Diagnostic:
    remedy = "Write the manifest, or delete the file."
    return Diagnostic("manifest-empty", "this file is empty", remedy, Place(name, 1, 1))


def _no_manifest(name: str, at: Place) -> Parsed:
    message = f"`{name}` is not a manifest"
    remedy = "A manifest is a .yaml, .yml or .json file, or an .md file that starts with --- and its fields."
    return Parsed([], [Diagnostic("manifest-type", message, remedy, at)], False)


def identify(document: Document, known: Catalogue, problems: list[Diagnostic]) -> Manifest | None:
    """The kind and the address of a document. With an unusable name it still goes on, to collect more problems."""
    data, place = document
    if type(data) is not Map:
        remedy = f"Start with a line like `{next(iter(known.words))}: my-name`, then one line per field."
        problems.append(Diagnostic("manifest-not-mapping", "a manifest is a mapping of fields", remedy, place))
        return None
    word = next((key for key in data if key in known.words), None)
    if word is None:
        problems.append(_no_kind(data, known, place))
        return None
    kind, name = known.words[word], data[word]
    if not (type(name) is str and _NAME.fullmatch(name)):
        problems.append(_bad_name(word, name, data.values_at[word]))
        name = name if type(name) is str and name else str(place)
    return Manifest(kind, Address(kind.name, name), data, data.keys_at[word])


def _no_kind(data: Map, known: Catalogue, place: Place) -> Diagnostic:
    fields = {field for kind in known.with_manifests for field in kind.fields}
    for key in data:
        meant = closest(key.lower(), known.words, 0.7)
        if meant and key not in fields:
            message = f"unknown key `{shorten(key)}`, and no line says what this document describes"
            return Diagnostic("kind-unknown", message, f"Did you mean `{meant}`?", data.keys_at[key])
    line = f"{next(iter(known.words))}: {slug(data.get('name')) or 'my-name'}"
    otherwise = "move it to a folder that `manifests` in retinue.yaml does not name"
    remedy = f"Add a first line like `{line}`. If it is a part that manifests include with {{file: PATH}}, {otherwise}."
    return Diagnostic("kind-missing", "this document has no kind line: nothing says what it describes", remedy, place)


def _bad_name(word: str, name: Any, at: Place) -> Diagnostic:
    if type(name) is not str:
        message = f"`{word}` needs a name as text"
        return Diagnostic("manifest-name", message, f'Write `{word}: my-name` (a number in quotes: "7").', at)
    if "${" in name:
        remedy = "Write the name out: it is the identity of the object, the same in every environment."
        return Diagnostic("manifest-name", "a name cannot contain variables", remedy, at)
    rule = (
        "a name has lower-case letters, digits and hyphens, starts with a letter or digit, and has at most 63 of them"
    )
    usable = slug(name)
    remedy = f"Write `{word}: {usable}`; what people see goes into `name`." if usable else f"Write `{word}: my-name`."
    return Diagnostic("manifest-name", f"`{shorten(name)}` is not a usable name: {rule}", remedy, at)


def policy_of(block: Any, environments: Collection[str]) -> Policy:
    """The block as a Policy. `adopt` with a plain id means that id in every environment."""
    if type(block) is not Map:
        return Policy()
    adopt = block.get("adopt")
    if type(adopt) is str:
        adopt = dict.fromkeys(environments, adopt)
    moved_from = block.get("moved_from")
    return Policy(
        labels=_texts(block.get("labels")),
        environments=environments_of(block),
        protect=block.get("protect") is True,
        moved_from=moved_from if type(moved_from) is str else None,
        adopt=_texts(adopt),
        ignore_changes=tuple(_items(block.get("ignore_changes"))),
    )


def environments_of(block: Any) -> tuple[str, ...] | None:
    """The environments that the manifest is for; None for all."""
    names = block.get("environments") if type(block) is Map else None
    return tuple(_items(names)) if type(names) is Seq else None


def unknown_environments(block: Any, environments: Collection[str]) -> list[Diagnostic]:
    """Names of environments that the project does not have: such a line would silently do nothing."""
    known = ", ".join(f"`{known}`" for known in environments) or "none"
    known = f"The environments of retinue.yaml are: {known}."
    names, adopt = (block.get(key) if type(block) is Map else None for key in ("environments", "adopt"))
    named = [item for item in names.pairs() if type(item[0]) is str] if type(names) is Seq else []
    named += adopt.keys_at.items() if type(adopt) is Map else ()
    found = []
    for name, place in (item for item in named if item[0] not in environments):
        message, remedy = f"retinue.yaml has no environment `{name}`", did_you_mean(name, environments, known)
        found.append(Diagnostic("environment-unknown", message, remedy, place))
    return found


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {key: text for key, text in value.items() if type(text) is str}


def _items(value: Any) -> list[str]:
    return [text for text in value if type(text) is str] if type(value) is Seq else []
