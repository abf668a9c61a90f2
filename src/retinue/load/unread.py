"""Tells whether a file that is not read as a manifest was meant as one: by a kind line near its beginning. Pure.

Errs on the side of saying so: a manifest that nobody reads looks like one that was deleted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence, Set
from itertools import islice
from typing import NamedTuple

from ..core.model import Address, Diagnostic, Kind, Place
from ..core.problem import shown
from ..core.spelling import closest
from ..schema import EXTRAS, Catalogue

FIRST_LINES = 10
MOST_BYTES = 64 * 1024
_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_KIND_LINE = re.compile(
    r"(?:[^\w\s]*-{2,}\s*|(?P<flow>\{)\s*)?[\"']?(?P<word>[A-Za-z][A-Za-z _-]{3,19})[\"']?\s*:\s*(?:[&!]\S+\s+)?[\"']?"
    r"(?P<name>[a-z0-9][a-z0-9-]{0,62}|\{\{.*\}\}|\$\{.*\}|[>|][+-]?)[\"']?\s*(?(flow)[,}].*|,?\s*(?:#.*)?)"
)
_KEY = re.compile(r"[\"']?([A-Za-z_][^\"':]{0,40}?)[\"']?\s*:(?:\s|$)")
_RULE = re.compile(r"[\W_]+|\W?---.*|\w{1,3}-{2,}")
_BESIDE = ("retinue", EXTRAS, "id", "object", "created_at")
_STAND_IN = re.compile(
    rb"\0GITCRYPT\0|version https://git-lfs\.|\$ANSIBLE_VAULT;|age-encryption\.org/|-----BEGIN (AGE|PGP)"
    rb"|\{\s*\"data\": \"ENC\["
)
"""How a file begins that an encryption, or Git LFS, has put in the place of the real one."""


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


def unread_manifest(data: bytes, name: str, known: Catalogue, *, markdown: bool) -> UnreadManifest | None:
    """The manifest that a file of these first bytes seems to be; None for any other text. `markdown`: by its name."""
    if markdown and _STAND_IN.match(data):
        message = f"`{name}` is encrypted, or only points to its content"
        remedy = "Unlock or fetch it first (`git-crypt unlock`, `git lfs pull`), or move it out of this folder."
        return UnreadManifest(Diagnostic("manifest-locked", message, remedy, Place(name, 1, 1)))
    for segment in _segments(_lines(data)):
        found = _kind_line(segment.lines, known)
        if found is None:
            continue
        line, kind, word = found
        nth = segment.before + segment.lines.index(line) + 1
        if nth <= FIRST_LINES or segment.closed:
            place = Place(name, line.number, line.column)
            said = _said(data, name, place, markdown=markdown)
            return UnreadManifest(said, None if markdown else Address(kind.name, word))
    return None


def another(text: str, known: Catalogue) -> int | None:
    """The line in which a text holds a second manifest: a kind line between lines of dashes, with a field beside it."""
    if not any(f"\n{kind.word}:" in text for kind in known.with_manifests):
        return None
    for segment in islice(_segments(_lines(text.encode("utf-8", "replace"))), 1, None):
        found = _kind_line(segment.lines, known) if segment.closed else None
        if found and any(line.key in _telling(found[1]) for line in segment.lines):
            return found[0].number
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


def _kind_line(lines: Sequence[_Line], known: Catalogue) -> tuple[_Line, Kind, str] | None:
    """The kind line of a segment. Without a field beside it, it counts only if it is the only one, no text stands above
    it, and no key beside it that no manifest has.
    """
    found = [
        (line, kind, match["name"])
        for line in lines
        if (match := _KIND_LINE.fullmatch(line.text)) and (kind := _kind(match["word"], known))
    ]
    # What is further in stands in a text or a mapping of the manifest.
    found = [item for item in found if item[0].column == min(line.column for line, _, _ in found)]
    if not found:
        return None
    line, kind, _ = found[0]
    others = [key for other in lines if other is not line and (key := other.key) is not None]
    if not _telling(kind).isdisjoint(others):
        return found[0]
    may = [*kind.fields, *kind.shared, *_BESIDE]
    if len(found) > 1 or any(closest(key.lower(), may, 0.7) is None for key in others):
        return None
    above = lines[: lines.index(line)]
    if any(other.column == 1 and other.key is None and other.text[0].isalnum() for other in above):
        return None
    return found[0]


def _telling(kind: Kind) -> Set[str]:
    """The fields that stand in nothing but a manifest: other texts have a name and a description too."""
    return kind.fields.keys() - {kind.display, "description"}


def _kind(word: str, known: Catalogue) -> Kind | None:
    near = closest(word.lower().replace("-", "_").replace(" ", "_"), known.words, 0.8)
    return known.words[near] if near else None


def _said(data: bytes, name: str, place: Place, *, markdown: bool) -> Diagnostic:
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
