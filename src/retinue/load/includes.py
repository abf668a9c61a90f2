"""Puts `{file: PATH}` and `${var.NAME}` into a parsed document. Never changes the document: it copies what differs."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..core.model import Diagnostic, Place, Severity
from . import jsontext, yaml
from .builder import MAX_DEPTH, MAX_VALUES, Document, Parsed, Stop, shorten
from .files import Files, Found, beside, place_in, read_found, text_of
from .located import Map, Seq, shared
from .uploads import Upload, fingerprint, is_pattern
from .uploads import find as find_uploads
from .variables import Variables

MAX_CHAIN = 8
_PARSERS = {".yaml": yaml.parse, ".yml": yaml.parse, ".json": jsontext.parse}


class _Unasked(NamedTuple):
    """An include that does not say whether its text is a template, and the variables that it then would have."""

    variables: Variables
    include: Place


class _Context(NamedTuple):
    """Where the walk is: the files on the way here, and the variables if this text is a template."""

    variables: Variables | None
    chain: tuple[str, ...]
    unasked: _Unasked | None = None


class Renderer:
    """Renders the documents of one run; an included file is read and parsed once.

    `problems` collects what is wrong; `poisoned` the places of values that could not be had, so that nothing
    complains about the same value twice; `uses` the variables in a value, by its place; `included` the file behind
    the value at a place; `uploads` every file that a rendered document uploads, by path; `uploaded` the kind of these.
    """

    def __init__(self, files: Files, uploaded: str = "") -> None:
        self.files, self.uploaded = files, uploaded
        self.problems: list[Diagnostic] = []
        self.poisoned: set[Place] = set()
        self.uploads: dict[str, Upload] = {}
        self.included: dict[Place, str] = {}
        self.uses: dict[Place, tuple[str, ...]] = {}
        self._parsed: dict[str, Parsed] = {}
        self._texts: dict[str, str | Diagnostic] = {}
        self._found: dict[str, Found] = {}
        self._included: dict[Any, tuple[Any, int]] = {}
        self._cost = 0

    def render(self, document: Map, variables: Variables) -> Map:
        """The document as it is after includes and variables."""
        self._cost = 0
        try:
            rendered = self._walk(document, document.place, _Context(variables, (document.place.file,)), 1)
        except Stop:
            # Unread text in it means nothing.
            self.poisoned.add(document.place)
            return document
        return rendered if type(rendered) is Map else document

    def _walk(self, value: Any, at: Place, context: _Context, depth: int) -> Any:
        kind = type(value)
        self._cost += 1
        if kind is str:
            self._cost += len(value) >> 6
            if "${" in value:
                if context.variables is not None:
                    return self._replace(value, at, context.variables)
                self._mention(value, at, context.unasked)
        elif kind is Map or kind is Seq:
            self._check_size(at, depth)
            if kind is Seq:
                return self._seq(value, context, depth)
            special = self._special(value, context, depth) if len(value) <= 2 else None
            if special is None:
                return self._map(value, context, depth)
            if value.place in self.included:
                # The value may stand at an alias of the place where it was written.
                self.included[at] = self.included[value.place]
            return special[0]
        return value

    def _map(self, value: Map, context: _Context, depth: int) -> Map:
        changed = {}
        for key, item in value.items():
            new = self._walk(item, value.values_at[key], context, depth + 1)
            if new is not item:
                changed[key] = new
        result = value.copy() if changed else value
        for key, new in changed.items():
            # A collection brings its own place along.
            result.put(key, new, value.keys_at[key], getattr(new, "place", value.values_at[key]))
        return result

    def _seq(self, value: Seq, context: _Context, depth: int) -> Seq:
        if any(map(_is_entry, value)):
            # Each upload in it gives way to the files that it names.
            spread = Seq(value.place)
            for item, at in value.pairs():
                for one in (self._uploaded(item, context) or [item]) if _is_entry(item) else [item]:
                    spread.put(one, at)
            value = spread
        items = [self._walk(item, at, context, depth + 1) for item, at in value.pairs()]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        result = Seq(value.place)
        for new, (old, at) in zip(items, value.pairs(), strict=True):
            result.put(new, at if new is old else getattr(new, "place", at))
        return result

    def _replace(self, text: str, at: Place, variables: Variables) -> Any:
        before = len(self.problems)
        result = variables.scalar(text, at, self.problems)
        if len(self.problems) > before:
            self.poisoned.add(at)
        self.uses[at] = variables.names(text)
        return result

    def _mention(self, text: str, at: Place, unasked: _Unasked | None, *, exact: bool = False) -> None:
        """Reports a known variable that stays as text without being escaped."""
        found = unasked.variables.first(text) if unasked else None
        if unasked is None or found is None:
            return
        name, offset = found
        message = f"`${{var.{name}}}` stays as it is here: the file is included without `template: true`"
        way_out = f"Write `template: true` beside `file:` at {unasked.include} to have it replaced"
        remedy = f"{way_out}, or `template: false` if the text is meant so."
        place = place_in(text, offset, at.file) if exact else at
        self.problems.append(Diagnostic("include-literal", message, remedy, place, severity=Severity.WARNING))

    def _check_size(self, at: Place, depth: int) -> None:
        if depth > MAX_DEPTH:
            message = f"with its includes this value is nested deeper than {MAX_DEPTH} levels"
            remedy = "Move inner parts up, or look for a file that includes more than it should."
            self.problems.append(Diagnostic("too-deep", message, remedy, at))
            raise Stop
        if self._cost > MAX_VALUES:
            message = f"with its includes this manifest exceeds {MAX_VALUES:,} values"
            self.problems.append(Diagnostic("too-many-values", message, "Include less, or split the manifest.", at))
            raise Stop

    def _special(self, value: Map, context: _Context, depth: int) -> tuple[Any] | None:
        """The value that an include stands for; None for any other mapping."""
        if type(value.get("file")) is str and (len(value) == 1 or "template" in value):
            return (self._include(value, context, depth),)
        if len(value) != 1 or type(value.get("upload")) is not str:
            return None
        found = self._uploaded(value, context)
        if len(found) > 1 or (found and is_pattern(value["upload"])):
            message = "a pattern is allowed only in a list, because it may name several files"
            remedy = "Write `- {upload: PATTERN}` as an item of the list, with `attributes` beside it if there are any."
            self._poison(value, Diagnostic("upload-pattern", message, remedy, value.place))
            return (value,)
        return (found[0] if found else value,)

    def _uploaded(self, value: Map, context: _Context) -> list[Map]:
        """A reference for each file of `{upload: PATH, attributes: …}`; none if something is wrong."""
        at, path = value.values_at["upload"], value["upload"]
        if at in self.poisoned:
            return []
        if context.variables is not None and "${" in path:
            path = str(self._replace(path, at, context.variables))
        found = find_uploads(self.files, beside(at, path), at)
        if isinstance(found, Diagnostic):
            self._poison(value, found)
            return []
        references = []
        for one in found:
            upload = self.uploads.get(one.name) or fingerprint(one, at)
            if isinstance(upload, Diagnostic):
                self._poison(value, upload)
                return []
            self.uploads[one.name] = upload
            references.append(_reference(value, f"{self.uploaded}/{upload.name}"))
        return references

    def _poison(self, value: Map, *problems: Diagnostic) -> None:
        self.problems.extend(problems)
        self.poisoned.update((value.place, *value.keys_at.values(), *value.values_at.values()))

    def _include(self, value: Map, context: _Context, depth: int) -> Any:
        at, path = value.values_at["file"], value["file"]
        if context.variables is not None and "${" in path:
            path = str(self._replace(path, at, context.variables))
        template = value.get("template", False)
        if type(template) is not bool:
            remedy = "Write true to replace ${var.NAME} in the included text, or remove `template`."
            at, message = value.values_at["template"], "`template` is either true or false"
            self._poison(value, Diagnostic("include-template", message, remedy, at))
            return value
        name = beside(at, path)
        found = self._found.get(name) or self.files.find(name, at)
        if isinstance(found, Diagnostic):
            self._poison(value, found)
            return value
        self._found[name] = found
        unasked = _Unasked(context.variables, at) if context.variables and "template" not in value else None
        inner = _Context(context.variables if template else None, (*context.chain, found.name), unasked)
        is_data = found.name in self._parsed or PurePosixPath(found.name).suffix.lower() in _PARSERS
        result = self._data(value, found, inner, depth) if is_data else self._text(value, found, inner)
        for place in (value.place, getattr(result, "place", value.place)):
            self.included[place] = found.name
        return result

    def _text(self, value: Map, found: Found, inner: _Context) -> Any:
        at = value.values_at["file"]
        text = self._texts.get(found.name)
        if text is None:
            data = read_found(found, at)
            text = data if isinstance(data, Diagnostic) else text_of(data, found.name, at)
            # The last line end is the editor's.
            text = self._texts[found.name] = text.removesuffix("\n") if isinstance(text, str) else text
        if isinstance(text, Diagnostic):
            self._poison(value, text)
            return value
        self._cost += len(text) >> 6
        if "${" not in text:
            return text
        start = Place(found.name, 1, 1)
        if inner.variables is None:
            self._mention(text, start, inner.unasked, exact=True)
            return text
        self.uses[value.place] = inner.variables.names(text)
        return inner.variables.text(text, start, self.problems, exact=True)

    def _data(self, value: Map, found: Found, inner: _Context, depth: int) -> Any:
        at, chain = value.values_at["file"], inner.chain
        if chain[-1] in chain[:-1]:
            circle = f"files include each other: {' → '.join(chain[chain.index(chain[-1]) :])}"
            self._poison(value, Diagnostic("include-cycle", circle, "Remove one of these includes.", at))
            return value
        if len(chain) > MAX_CHAIN + 1:
            message = f"more than {MAX_CHAIN} files include each other in a row"
            self._poison(value, Diagnostic("include-chain", message, "Include the inner files directly.", at))
            return value
        # The rendered file depends on nothing else, unless there is something to report.
        key = (found.name, inner.variables, inner.unasked and inner.unasked.variables, len(inner.chain), depth)
        result, cost = self._included.get(key, (None, MAX_VALUES))
        if self._cost + cost <= MAX_VALUES:
            self._cost += cost
            return result
        document = self._document(found, at)
        if document is None:
            self._poison(value)
            return value
        problems, before = len(self.problems), self._cost
        result = self._walk(document.value, document.place, inner, depth)
        if len(self.problems) == problems:
            self._included[key] = shared(result), self._cost - before
        return result

    def _document(self, found: Found, at: Place) -> Document | None:
        """The one document of an included file. Problems of the file itself are reported the first time."""
        parsed = self._parsed.get(found.name)
        if parsed is None:
            data = read_found(found, at)
            if isinstance(data, Diagnostic):
                self.problems.append(data)
                return None
            parse = _PARSERS[PurePosixPath(found.name).suffix.lower()]
            parsed = self._parsed[found.name] = parse(data, found.name)
            self.problems.extend(parsed.diagnostics)
            self.poisoned.update(problem.place for problem in parsed.diagnostics if problem.place)
        if not parsed.complete:
            return None
        if len(parsed.documents) != 1 or parsed.documents[0].value is None:
            count = len(parsed.documents)
            holds = "is empty" if count <= 1 else f"holds {count} documents"
            message = f"the included file `{shorten(found.name)}` {holds}"
            remedy = "An included file holds exactly one value."
            self.problems.append(Diagnostic("include-not-one", message, remedy, at))
            return None
        return parsed.documents[0]


def _is_entry(value: Any) -> bool:
    """An item of a list may say more about the files that it uploads."""
    return type(value) is Map and type(value.get("upload")) is str and "file_id" not in value


def _reference(value: Map, address: str) -> Map:
    """`{ref: File/NAME}`, or with what stands beside it: `{file_id: {ref: File/NAME}, attributes: …}`."""
    key_at, at = value.keys_at["upload"], value.values_at["upload"]
    inner = Map(value.place)
    inner.put("ref", address, key_at, at)
    if len(value) == 1:
        return inner
    entry = Map(value.place)
    for key, item in value.items():
        if key == "upload":
            entry.put("file_id", inner, key_at, at)
        else:
            entry.put(key, item, value.keys_at[key], value.values_at[key])
    return entry
