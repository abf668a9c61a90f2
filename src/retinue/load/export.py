"""Objects as an API or an SDK dumped them to manifest files. Pure: reads no file, writes none, trusts nothing."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple, TypeAlias

from ..core.canonical import canonical, canonical_json, same
from ..core.literals import screened
from ..core.marker import ADDRESS_KEY, APPLIED_KEY
from ..core.model import Address, Desired, Diagnostic, Export, Json, Kind, Severity, Shape
from ..core.pointer import split_pointer
from ..core.problem import shown
from ..core.spelling import snake
from ..core.values import dataclass, replace
from ..schema import Catalogue
from .builder import Parsed
from .dumps import VOLATILE, flat, is_device, label_of, lost, plurals, respelled, slug, unique_name
from .emit import to_yaml, unwritable
from .files import MAX_BYTES
from .validate import validate_extras, validate_manifest
from .variables import escaped
from .yaml import parse_text

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ONE_LINE = 80
_VAULT = "Keep it where the service keeps credentials; it could be read here, so revoke it."
_COMMON = frozenset(("name", "description", "metadata"))
"""Fields that any JSON object may have, a package.json too."""


KindOf: TypeAlias = Callable[[Mapping[str, Json]], Kind | None]
Check: TypeAlias = Callable[[Desired], Iterable[Diagnostic]]


class NewManifest(NamedTuple):
    """One document of a file to write: as it stands there, with no variable in it."""

    path: str
    address: Address
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Exported:
    """Files to write, by path relative to the project folder, and what could not be carried over.

    An error means that an object has no manifest; a warning, that its manifest is there but needs a look.
    `manifests`: what the manifest files among `files` are made of. `provider`: whose objects they were, if the objects
    say so.
    """

    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...] = ()
    manifests: tuple[NewManifest, ...] = ()
    provider: str | None = None

    def with_manifests(self, manifests: Sequence[NewManifest]) -> Exported:
        """With other documents in the same files."""
        changed = {new.path for new, old in zip(manifests, self.manifests, strict=True) if new.data != old.data}
        files = {**self.files, **texts([item for item in manifests if item.path in changed])}
        return replace(self, files=files, manifests=tuple(manifests))


@dataclass(frozen=True, slots=True)
class Destination:
    """The project that manifests go into. `folder`: theirs; `taken`: names that it has already.

    `tools`: those that it has in files, by path; functions that several objects share get such a file too, unless this
    is None. `prompts`: long ones get files of their own.
    `adopt_environment`: each manifest says that in this environment it is the object with the old id.
    """

    folder: str = ""
    taken: Collection[str] = ()
    tools: Mapping[str, Json] | None = None
    adopt_environment: str | None = None
    prompts: bool = True


def manifests_from_objects(
    objects: Sequence[Json],
    known: Catalogue,
    into: Destination | None = None,
    *,
    kinds: Sequence[Kind] = (),
    kind_of: KindOf | None = None,
    wanted: Callable[[Mapping[str, Json]], bool] = lambda _: True,
    read: Callable[[Json], Json] = lambda item: item,
    check: Check = lambda _desired: (),
) -> Exported:
    """One manifest for each of `objects` whose kind can be exported, with its long text in a file of its own.

    What the request would have made with an object stands behind it in the same file. `kinds`: those that may be among
    the objects, with the fields that only their service has; `kind_of`: the kind of one, where what it holds does not
    tell. `wanted` chooses objects, `read` puts each into the words of a manifest, `check` is the provider's own.
    """
    into = into or Destination()
    kinds = kinds or [item for item in known.with_manifests if item.export]
    work = _Work(kinds, known, into, kind_of, check)
    found, problems = flat(objects, kinds)
    found = list(_once(found))
    work.problems.extend(problems)
    entries = [work.entry(read(item)) for item in found if not isinstance(item, dict) or wanted(item)]
    if into.tools is not None:
        work.share(entries, into.tools)
    for entry in entries:
        work.add(entry)
    return Exported(work.files, tuple(work.problems), tuple(work.manifests))


def _once(objects: Sequence[Json]) -> Iterator[Json]:
    """Pages that overlap hold an object twice, by its id and equal in all it says."""
    seen: dict[str, Json] = {}
    for item in objects:
        key = item.get("id") if isinstance(item, dict) else None
        if not isinstance(key, str):
            yield item
        elif key not in seen or not same(seen[key], item):
            seen[key] = item
            yield item


def texts(manifests: Sequence[NewManifest]) -> dict[str, str]:
    """The manifest files, by path."""
    found: dict[str, list[str]] = {}
    for item in manifests:
        found.setdefault(item.path, []).append(to_yaml(item.data))
    return {path: "---\n".join(documents) for path, documents in found.items()}


class _Entry(NamedTuple):
    """An object to export. `kind`: None where it is of none; `bad`: why no file can hold it.

    `secrets`: pointers to what was taken out of it; `whole`: the object with that.
    """

    item: Json
    kind: Kind | None = None
    bad: str | None = None
    secrets: tuple[str, ...] = ()
    whole: Json = None


class _Work:
    """The results that one call collects."""

    def __init__(
        self, kinds: Sequence[Kind], known: Catalogue, into: Destination, told: KindOf | None, check: Check
    ) -> None:
        self.kinds, self.known, self.told, self.check = kinds, known, told, check
        self.environment = into.adopt_environment
        self.taken = set(into.taken)
        folder = (into.folder or kinds[0].plural.replace(" ", "-")).strip("/")
        self.folder = "" if folder == "." else folder
        self.prompts = posixpath.join(posixpath.dirname(self.folder), "prompts") if into.prompts else None
        self.tools: dict[str, str] = {}
        self.files: dict[str, str] = {}
        self.manifests: list[NewManifest] = []
        self.problems: list[Diagnostic] = []

    def entry(self, item: Json) -> _Entry:
        if self.told is None:
            own = {name: one.shape for kind in self.kinds for name, one in kind.fields.items()}
            item = respelled(item, Shape(properties={**dict.fromkeys((*VOLATILE, "file_ids"), Shape()), **own}))
        kind = self.kind_of(item) if isinstance(item, dict) else None
        bad = unwritable(item) if kind else None
        bare, secrets = screened(item, kind, mask=False) if kind and not bad else (item, ())
        return _Entry(bare, kind, bad, secrets, item)

    def share(self, entries: Sequence[_Entry], there: Mapping[str, Json]) -> None:
        """Finds the functions that get a file of their own."""
        for kind in self.kinds:
            export = export_of(kind)
            name, name_of = export.shared
            mine = [entry.item for entry in entries if entry.kind is kind and not entry.bad] if name else []
            lists = [stated(export.upgraded(item)[0], kind).get(name) for item in mine]
            tools, files = shared_items(lists, posixpath.join(posixpath.dirname(self.folder), name), there, name_of)
            self.tools |= tools
            self.files |= files

    def kind_of(self, item: Mapping[str, Json]) -> Kind | None:
        """By what it says of itself, else by the members that only such objects have."""
        if self.told is not None:
            return self.told(item)
        if (named := item.get("object")) is not None:
            return next((kind for kind in self.kinds if export_of(kind).object == named and _holds(item, kind)), None)
        found = max(self.kinds, key=lambda kind: len(item.keys() & _own_members(kind)))
        return found if _holds(item, found) else None

    def add(self, entry: _Entry) -> None:
        """Adds the files of one object, or the reason why it has none."""
        item, kind = entry.item, entry.kind
        if not isinstance(item, dict):
            message = f"{shown(item, 80)} in the export was left out: it is not an object"
            self._note("export-shape", message, "Nothing to do, unless an object should stand there.")
            return
        if kind is None:
            says = item.get("object")
            other = says is not None and all(export_of(one).object != says for one in self.kinds)
            why = f"its `object` is {shown(says)}" if other else f"it has no field of {self.kinds[0].one}"
            message = f"{label_of(item, None)} was left out: {why}"
            remedy = f"Only {plurals(self.kinds, ' and ')} become manifests in this version."
            if not other:
                named = " or ".join(filter(None, (export_of(one).listing for one in self.kinds)))
                remedy = f"If it is one all the same, export it as the API answers it, for example {named}. {remedy}"
            self._note("export-other", message, remedy)
            return
        label = label_of(item, kind)
        if entry.bad is not None:
            self._unwritable(label, entry.bad)
            return
        missing = [key for key in kind.required if item.get(key) in (None, "")]
        if missing and self.environment is not None:
            message = f"{label} has no `{missing[0]}`; it was left out"
            self._note("export-incomplete", message, "Complete it at the service, then run `retinue import`.")
            return
        self._write(entry, kind, label)

    def _write(self, entry: _Entry, kind: Kind, label: str) -> None:
        export = export_of(kind)
        source, notes = export.upgraded(entry.item)
        name = unique_name(source.get(kind.display), source.get("id"), self.taken, kind)
        if isinstance(metadata := source.get("metadata"), dict):
            own = {key: value for key, value in metadata.items() if key not in (ADDRESS_KEY, APPLIED_KEY)}
            source = {**source, "metadata": own}
        source, beside, left_out = export.split(source, name)
        spec = stated(source, kind)
        path, address = posixpath.join(self.folder, f"{name}.yaml"), Address(kind.name, name)
        data, prompts = self._document(name, kind, spec, entry)
        others = [(Address(other.name, name), {other.word: name, **escaped(fields)}) for other, fields in beside]
        manifests = [NewManifest(path, *item) for item in ((address, data), *others)]
        files = {**texts(manifests), **prompts}
        parsed = parse_text(files[path], path)
        reason = _unreadable(files, parsed, [item.data for item in manifests])
        if reason is not None:
            self._unwritable(label, reason)
            return
        problems = self._check(parsed, spec, (kind, *(other for other, _ in beside)), address)
        if wrong := self._wrong(problems):
            message = f"{label} was left out: {wrong.message}"
            self._note("export-refused", message, "Correct it at the service, then run `retinue import`.")
            return
        if (needed := self._needed(entry, spec, kind, address, problems)) is not None:
            message = f"{label} was left out: a secret stands at {shown(needed, 80)}, and the rest needs it"
            self._note("literal-secret", message, f"{_VAULT} Then run `retinue import` again.")
            return
        self.taken.add(name)
        self.files |= files
        self.manifests += manifests
        for pointer in entry.secrets:
            message = f"{label}: a secret stands at {shown(pointer, 80)} and was left out"
            kept = "The manifest leaves that place to the service. " if self.environment else ""
            self._note("literal-secret", message, f"{kept}{_VAULT}", address)
        for message, remedy in notes:
            self._note("export-v1", f"{label}: {message}", remedy, address)
        for pointer in (*lost(source, kind), *left_out):
            message = f"{label}: {shown(pointer, 80)} is not a field of {kind.one} and was left out"
            self._note("export-left-out", message, self._way(kind, pointer, source), address)
        for problem in problems:
            self.problems.append(replace(problem, message=f"{label}: {problem.message}", severity=Severity.WARNING))

    def _wrong(self, problems: Sequence[Diagnostic]) -> Diagnostic | None:
        """What no manifest of a live object may say: one such object would hold up the plan of all the others.

        A missing key may come from the defaults of the project.
        """
        found = (item for item in problems if item.severity is Severity.ERROR and item.code != "missing-key")
        return next(found, None) if self.environment else None

    def _needed(
        self, entry: _Entry, spec: Mapping[str, Json], kind: Kind, address: Address, problems: Sequence[Diagnostic]
    ) -> str | None:
        """The pointer to a secret without which the manifest is refused. `problems`: those of its schema."""
        missing = [item.path for item in problems if item.code == "missing-key"]
        sides = (stated(entry.whole, kind), spec) if entry.secrets else ()
        before, after = [{*self.check(Desired(kind.name, side, address))} for side in sides] or [set(), set()]
        more = any(item.severity is Severity.ERROR for item in after - before)
        return next((pointer for pointer in entry.secrets if more or pointer.rpartition("/")[0] in missing), None)

    def _document(
        self, name: str, kind: Kind, spec: dict[str, Json], entry: _Entry
    ) -> tuple[dict[str, Json], dict[str, str]]:
        """The document of one object, and the file with its prompt if that has one."""
        fields = {key: escaped(value) for key, value in spec.items()}
        shared = export_of(kind).shared[0]
        if isinstance(spec.get(shared), list):
            # An item that others have too is an include.
            files = [(tool, self.tools.get(canonical_json(tool))) for tool in spec[shared]]
            fields[shared] = [
                self._include(path, canonical_json(tool)) if path else escaped(tool) for tool, path in files
            ]
        prompts = {}
        prompt = spec.get(kind.body)
        if self.prompts is not None and isinstance(prompt, str) and _fits_file(prompt):
            target = posixpath.join(self.prompts, f"{name}.md")
            fields[kind.body] = self._include(target, prompt)
            prompts[target] = prompt + "\n"
        document: dict[str, Json] = {kind.word: name, **fields}
        old_id = entry.item.get("id")
        if self.environment is not None and isinstance(old_id, str) and old_id:
            left = {"ignore_changes": list(entry.secrets)} if entry.secrets else {}
            document["retinue"] = {"adopt": {self.environment: old_id}, **left}
        return document, prompts

    def _include(self, path: str, text: str) -> dict[str, Json]:
        """Of a file that says it means what looks like a variable literally."""
        include = {"file": posixpath.relpath(path, self.folder or ".")}
        return {**include, "template": False} if "${var." in text else include

    def _check(
        self, parsed: Parsed, spec: Mapping[str, Json], kinds: Sequence[Kind], address: Address
    ) -> list[Diagnostic]:
        """The diagnostics that validation will give for the new manifests of these kinds, with their places."""
        documents = [document.value for document in parsed.documents]
        kind, data, shared = kinds[0], documents[0], export_of(kinds[0]).shared[0]
        if kind.body in data:
            data[kind.body] = spec[kind.body]
        if isinstance(spec.get(shared), list):
            data[shared][:] = spec[shared]
        problems = validate_extras(kind, data, address, self.known.extras)
        for one, document in zip(kinds, documents, strict=True):
            problems += validate_manifest(self.known.kinds[one.name], document, Address(one.name, address.name))
        return problems

    def _way(self, kind: Kind, pointer: str, source: Mapping[str, Json]) -> str:
        """What to do about a part that was left out: where the schema knows it, else by how much it says."""
        known = kind.schema.get("x-retinue-elsewhere", {})
        name, *below = (str(part) for part in split_pointer(pointer))
        told, value = None if below else known.get(name, known.get(snake(name))), source.get(name)
        remedy: str = told["remedy"] if isinstance(told, dict) else told or ""
        # One about the line itself is for who pasted it into a manifest.
        if remedy and "this line" not in remedy:
            return remedy
        if below or isinstance(value, (dict, list)) or (isinstance(value, str) and _fits_file(value)):
            return "Look at it in the export. What the assistant needs of it, write into the field that it belongs in."
        return "Nothing to do, unless you miss it."

    def _unwritable(self, label: str, reason: str) -> None:
        """An object in a file can be corrected there; one that is live does not hold up the others."""
        if self.environment is None:
            self._refuse("export-unwritable", f"{label} {reason}", "Correct or remove this object in the export.")
        else:
            message = f"{label} {reason}; it was left out"
            self._note("export-unwritable", message, "Correct it at the service, then run `retinue import`.")

    def _refuse(self, code: str, message: str, remedy: str) -> None:
        self.problems.append(Diagnostic(code, message, remedy))

    def _note(self, code: str, message: str, remedy: str, address: Address | None = None) -> None:
        at = None if address is None else str(address)
        self.problems.append(Diagnostic(code, message, remedy, address=at, severity=Severity.WARNING))


def shared_items(
    lists: Iterable[Json], folder: str, there: Mapping[str, Json], name_of: Callable[[Json], str | None]
) -> tuple[dict[str, str], dict[str, str]]:
    """By the canonical JSON of an item the file that stands for it, and the new files with their texts.

    An item with a name that two objects or more have, or that a file of the project (`there`) holds, is shared.
    """
    counts: Counter[str] = Counter()
    items: dict[str, Json] = {}
    for found in lists:
        own = {canonical_json(item): item for item in found} if isinstance(found, list) else {}
        counts.update(key for key, item in own.items() if name_of(item) is not None)
        items |= own
    paths = {canonical_json(value): path for path, value in sorted(there.items(), reverse=True)}
    paths = {key: path for key, path in paths.items() if key in counts}
    files: dict[str, str] = {}
    # Whatever the file system thinks of upper and lower case.
    used = {path.casefold() for path in there}
    for key, times in counts.items():
        if times == 1 or key in paths:
            continue
        text = to_yaml(items[key])
        if _unreadable({"": text}, parse_text(text, ""), [items[key]]) is not None:
            continue
        name = name_of(items[key]) or ""
        name = name if _NAME.fullmatch(name) else slug(name) or posixpath.basename(folder).removesuffix("s")
        stem = posixpath.join(folder, f"tool-{name}" if is_device(name) else name)
        tried = (f"{stem}{f'-{number}' if number > 1 else ''}.yaml" for number in count(1))
        path = next(path for path in tried if path.casefold() not in used)
        used.add(path.casefold())
        paths[key], files[path] = path, text
    return paths, files


def export_of(kind: Kind) -> Export:
    assert kind.export is not None
    return kind.export


def _own_members(kind: Kind) -> frozenset[str]:
    """The members that show what an object is."""
    return export_of(kind).telling | (kind.fields.keys() - _COMMON)


def _holds(item: Mapping[str, Json], kind: Kind) -> bool:
    """True if one of those members has a value: an id alone, or a note of a failed read, is not an object."""
    return any(item.get(name) not in (None, "", [], {}) for name in _own_members(kind))


def stated(source: Mapping[str, Json], kind: Kind) -> dict[str, Json]:
    """The fields that differ from their documented defaults, in canonical form and in the kind's order."""
    shapes = {name: field.shape for name, field in kind.fields.items()}
    return {
        name: _with_stated(value, shapes[name])
        for name, value in canonical(source, kind).items()
        if not same(value, shapes[name].default)
    }


def _with_stated(value: Json, shape: Shape) -> Json:
    """The value with those defaults put back that its schema wants to be written."""
    if isinstance(value, list):
        return [_with_stated(item, shape.items or Shape()) for item in value]
    if not isinstance(value, dict):
        return value
    members = {key: _with_stated(item, shape.member(value, key)) for key, item in value.items()}
    return {**members, **{key: item for key, item in shape.of(value).stated.items() if key not in members}}


def _fits_file(prompt: str) -> bool:
    """Long enough for a file of its own, and the same text when it is read from there."""
    strange = "\r" in prompt or "\0" in prompt or prompt.startswith(("\ufeff", "---"))
    return not strange and ("\n" in prompt or len(prompt) > _ONE_LINE)


def _unreadable(files: Mapping[str, str], parsed: Parsed, documents: Sequence[Mapping[str, Json]]) -> str | None:
    """Why the loader would not take these files back as they are meant."""
    if any(len(text.encode()) > MAX_BYTES for text in files.values()):
        return f"is larger than {MAX_BYTES // 1024 // 1024} MiB"
    if parsed.diagnostics or len(parsed.documents) != len(documents):
        return f"cannot be a manifest: {parsed.diagnostics[0].message if parsed.diagnostics else 'it is empty'}"
    read, meant = [document.value for document in parsed.documents], [dict(document) for document in documents]
    return None if same(read, meant) else "cannot be written as YAML without a change"
