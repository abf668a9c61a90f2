"""One manifest file to its documents, and a document to its kind and address. Knows no layers.

A file that is not read as a manifest but seems meant as one is reported: unread, it would look like a deletion.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..core.model import Address, Diagnostic, Kind, Place
from ..core.spelling import closest
from ..schema import EXTRAS, kind_by_word, manifest_kinds
from . import frontmatter, jsontext, yaml
from .builder import Document, Parsed, shorten
from .files import Files, first_bytes
from .located import Map
from .names import slug
from .problems import shown

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Manifest(NamedTuple):
    """One document that says what it describes. `place` is that of the line that says so."""

    kind: Kind
    address: Address
    data: Map
    place: Place


def read(files: Files, name: str, suffix: str, at: Place, *, listed: bool) -> Parsed | UnreadManifest | None:
    """The documents of a file whose name ends in `suffix`, or "" if in none of a manifest.

    A file that is not a manifest is passed over (None) unless it was `listed` by name or seems to be meant as one.
    """
    if not suffix:
        if listed:
            return _no_manifest(name, at)
        found = files.find(name, at)
        start = b"" if isinstance(found, Diagnostic) else first_bytes(found, MOST_BYTES)
        return unread_manifest(start, name, markdown=False)
    data = files.read_bytes(name, None if not listed else at)
    if isinstance(data, Diagnostic):
        return Parsed([], [data], False)
    if suffix in (".yaml", ".yml"):
        return _filled(yaml.parse(data, name), name)
    if suffix == ".json":
        return _filled(jsontext.parse(data, name), name)
    if frontmatter.has_front_matter(data):
        return _filled(frontmatter.parse(data, name), name)
    unread = UnreadManifest(_empty(name)) if is_blank(data) else unread_manifest(data, name, markdown=True)
    if not listed:
        return unread
    return Parsed([], [unread.problem], False) if unread else _no_manifest(name, at)


def _filled(parsed: Parsed, name: str) -> Parsed:
    """Empty documents between others mean nothing, but a file of nothing else would look like a deletion."""
    filled = [document for document in parsed.documents if document.value is not None]
    problems = parsed.diagnostics
    if not filled and parsed.complete:
        problems = [*problems, _empty(name)]
    return Parsed(filled, problems, parsed.complete)


def _empty(name: str) -> Diagnostic:
    remedy = "Write the manifest, or delete the file."
    return Diagnostic("manifest-empty", "this file is empty", remedy, Place(name, 1, 1))


def _no_manifest(name: str, at: Place) -> Parsed:
    message = f"`{name}` is not a manifest"
    remedy = "A manifest is a .yaml, .yml or .json file, or an .md file that starts with --- and its fields."
    return Parsed([], [Diagnostic("manifest-type", message, remedy, at)], False)


def identify(document: Document, problems: list[Diagnostic]) -> Manifest | None:
    """The kind and the address of a document. With an unusable name it still goes on, to collect more problems."""
    data, place = document
    if type(data) is not Map:
        remedy = f"Start with a line like `{_words()[0]}: my-name`, then one line per field."
        problems.append(Diagnostic("manifest-not-mapping", "a manifest is a mapping of fields", remedy, place))
        return None
    word = next((key for key in data if kind_by_word(key)), None)
    kind = kind_by_word(word) if word else None
    if word is None or kind is None:
        problems.append(_no_kind(data, place))
        return None
    name = data[word]
    if not (type(name) is str and _NAME.fullmatch(name)):
        problems.append(_bad_name(word, name, data.values_at[word]))
        name = name if type(name) is str and name else str(place)
    return Manifest(kind, Address(kind.name, name), data, data.keys_at[word])


def _words() -> list[str]:
    return [kind.word for kind in manifest_kinds()]


def _no_kind(data: Map, place: Place) -> Diagnostic:
    fields = {field for kind in manifest_kinds() for field in kind.fields}
    for key in data:
        meant = closest(key.lower(), _words(), 0.7)
        if meant and key not in fields:
            message = f"unknown key `{shorten(key)}`, and no line says what this document describes"
            return Diagnostic("kind-unknown", message, f"Did you mean `{meant}`?", data.keys_at[key])
    line = f"{_words()[0]}: {slug(data.get('name')) or 'my-name'}"
    return Diagnostic(
        "kind-missing",
        "this document has no kind line: nothing says what it describes",
        f"Add a first line like `{line}`. If it is a part that manifests "
        "include with {file: PATH}, move it to a folder that `manifests` in retinue.yaml does not name.",
        place,
    )


def _bad_name(word: str, name: Any, at: Place) -> Diagnostic:
    rule = (
        "a name has lower-case letters, digits and hyphens, starts with a letter or digit, and has at most 63 of them"
    )
    if type(name) is not str:
        message = f"`{word}` needs a name as text"
        return Diagnostic("manifest-name", message, f'Write `{word}: my-name` (a number in quotes: "7").', at)
    if "${" in name:
        remedy = "Write the name out: it is the identity of the object, the same in every environment."
        return Diagnostic("manifest-name", "a name cannot contain variables", remedy, at)
    usable = slug(name)
    remedy = f"Write `{word}: {usable}`; what people see goes into `name`." if usable else f"Write `{word}: my-name`."
    return Diagnostic("manifest-name", f"`{shorten(name)}` is not a usable name: {rule}", remedy, at)


FIRST_LINES = 10
MOST_BYTES = 64 * 1024
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_KIND_LINE = re.compile(
    r"(?:[^\w\s]*-{2,}\s*|(?P<flow>\{)\s*)?[\"']?(?P<word>[A-Za-z][A-Za-z _-]{3,19})[\"']?\s*:\s*(?:[&!]\S+\s+)?[\"']?"
    r"(?P<name>[a-z0-9][a-z0-9-]{0,62}|\{\{.*\}\}|\$\{.*\}|[>|][+-]?)[\"']?\s*(?(flow)[,}].*|,?\s*(?:#.*)?)"
)
_KEY = re.compile(r"[\"']?([A-Za-z_][^\"':]{0,40}?)[\"']?\s*:(?:\s|$)")
_RULE = re.compile(r"[\W_]+|\W?---.*")
_BESIDE = ("retinue", EXTRAS, "id", "object", "created_at")


class UnreadManifest(NamedTuple):
    """A file that seems to be meant as a manifest and cannot be read as one, and what to say of it.

    `address`: of the manifest that it may be a copy of, by its own name.
    """

    problem: Diagnostic
    address: Address | None = None


class _Line(NamedTuple):
    number: int
    text: str
    column: int

    @property
    def key(self) -> str | None:
        """Of a line that begins at the margin."""
        found = _KEY.match(self.text) if self.column == 1 else None
        return found[1] if found else None


def is_blank(data: bytes) -> bool:
    """True for a file in which there is nothing to see."""
    return not any(line.text for line in _lines(data))


def unread_manifest(data: bytes, name: str, *, markdown: bool) -> UnreadManifest | None:
    """The manifest that a file of these first bytes seems to be; None for any other text. `markdown`: by its name."""
    for segment in _segments(_lines(data)):
        found = _kind_line(segment.lines)
        if found is None:
            continue
        line, kind, word = found
        nth = segment.before + segment.lines.index(line) + 1
        if nth <= FIRST_LINES or segment.closed:
            place = Place(name, line.number, line.column)
            problem = _unread(data, name, place, markdown=markdown)
            return UnreadManifest(problem, None if markdown else Address(kind.name, word))
    return None


class _Segment(NamedTuple):
    """The lines between two rules that are neither empty nor in a fence; `before`: how many such lines came earlier."""

    lines: Sequence[_Line]
    before: int
    closed: bool


def _lines(data: bytes) -> list[_Line]:
    """In whatever encoding they are; kind lines are ASCII, so UTF-16 is read by leaving its zeros out."""
    text = data[:MOST_BYTES].replace(b"\0", b"").decode("utf-8", "replace")
    found = []
    for number, raw in enumerate(_LINE_END.split(text), 1):
        seen = "".join(char for char in raw if char == "\t" or unicodedata.category(char) not in ("Cc", "Cf", "So"))
        stripped = seen.strip()
        found.append(_Line(number, stripped, len(seen) - len(seen.lstrip()) + 1))
    return found


def _segments(lines: Sequence[_Line]) -> Iterator[_Segment]:
    inside: list[_Line] = []
    before, fence = 0, ""
    for line in lines:
        mark = line.text[:3] if line.text[:3] in ("```", "~~~") else ""
        # A fence around the whole file is a slip as well; what a text shows in a fence further down is not.
        if mark and (fence or before or inside) and fence in ("", mark):
            fence = "" if fence else mark
        elif line.text and not fence and (mark or _RULE.fullmatch(line.text)) and not _KIND_LINE.fullmatch(line.text):
            yield _Segment(inside, before, True)
            before, inside = before + len(inside) + 1, []
        elif line.text and not fence:
            inside.append(line)
    yield _Segment(inside, before, False)


def _kind_line(lines: Sequence[_Line]) -> tuple[_Line, Kind, str] | None:
    """The only kind line of a segment, if no text stands above it and no key beside it that no manifest has."""
    found = [
        (line, kind, match["name"])
        for line in lines
        if (match := _KIND_LINE.fullmatch(line.text)) and (kind := _kind(match["word"]))
    ]
    if len(found) != 1:
        return None
    line, kind, _ = found[0]
    known = [*kind.fields, *kind.shared, *_BESIDE]
    others = [key for other in lines if other is not line and (key := other.key) is not None]
    if any(closest(key.lower(), known, 0.7) is None for key in others):
        return None
    above = lines[: lines.index(line)]
    if any(other.column == 1 and other.key is None and other.text[0].isalnum() for other in above):
        return None
    return found[0]


def _kind(word: str) -> Kind | None:
    near = closest(word.lower().replace("-", "_").replace(" ", "_"), [kind.word for kind in manifest_kinds()], 0.8)
    return kind_by_word(near) if near else None


def _unread(data: bytes, name: str, place: Place, *, markdown: bool) -> Diagnostic:
    what = "Or, if it is not a manifest, take this line away, or move the file out of this folder."
    if not markdown:
        message = f"`{name}` has a kind line, but not the name of a manifest"
        return Diagnostic("manifest-type", message, f"Let its name end in .yaml, .yml, .json or .md. {what}", place)
    if b"\0" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        message, remedy = f"`{name}` is not UTF-8 text", "Save it as UTF-8 without a byte order mark."
        return Diagnostic("text-not-utf8", message, remedy, Place(name, 1, 1))
    first = _LINE_END.split(data[:200].decode("utf-8", "replace"))[0]
    if b"\n" not in data and b"\r" in data:
        how = "Its lines end in CR alone; save it with LF or CRLF."
    elif not first.strip():
        how = "Its first line is empty; begin with a line that is just ---."
    else:
        how = f"Its first line is {shown(first)}; begin with a line that is just ---."
    return Diagnostic("front-matter-start", f"`{name}` has a kind line, but no front matter", f"{how} {what}", place)
