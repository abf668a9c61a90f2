"""Tells whether a file that is not read as a manifest was meant as one: by a kind line near its beginning. Pure.

Errs on the side of saying so: a manifest that is not read looks like one that was deleted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from itertools import islice, zip_longest
from typing import NamedTuple

from ..core.model import Address, Diagnostic, Kind, Place
from ..core.patterns import pattern
from ..core.problem import shown
from ..core.spelling import closest
from ..schema import EXTRAS, Catalogue
from .files import LINE_END

FIRST_LINES = 10
_INDENTED = 4
MOST_BYTES = 64 * 1024
_KIND_LINE = pattern(
    r"(?:[^\w\s]*-{2,}\s*)?[\"'`*]*(?P<word>[A-Za-z][A-Za-z _-]{3,19})[\"'`*]*\s*(?P<sign>[:=\uff1a])\s*"
    r"(?P<value>[^\s,}].*?|)[\s,}\]]*(?:#.*)?"
)
_NAME = pattern(r"(?:[&!]\S+\s+)?[\"']?([a-z0-9][a-z0-9-]{0,62}|\{\{.*|\$\{.*|[>|][+-]?)[\"']?")
_OPEN = pattern(r"([^#:]*:(?:\s+[&!]\S+)?)\s*(?:#.*)?")
_KEY = pattern(r"[\"']?([A-Za-z_][^\"':=]{0,40}?)[\"']?\s*[:=\uff1a](?:\s|$)")
_RULE = pattern(r"[\W_]+|\W?---.*|\w{1,3}-{2,}")
_LED = pattern(r"((?:>\s?|[-*+]\s+|\d{1,3}[.)]\s+|#+\s+)+)(?=\S)")
_INNER = pattern(r"\{[^{}]*\}|\[[^\[\]]*\]")
_LONGEST_LINE = 400
_BESIDE = ("retinue", EXTRAS, "id", "object", "created_at")
_STAND_IN = pattern(
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
    """A line, or a part of one in flow style. `led`: by what marks it as a quote, an item or a heading in Markdown."""

    number: int
    text: str
    column: int
    led: str = ""

    @property
    def key(self) -> str | None:
        found = _KEY.match(self.text)
        return found[1] if found else None


def is_blank(data: bytes) -> bool:
    """True for a file in which there is nothing to see."""
    return not any(line.text for line in _lines(data))


def is_locked(data: bytes) -> bool:
    """True for what an encryption, or Git LFS, has put in the place of a file."""
    return _STAND_IN.match(data) is not None


def unread_manifest(data: bytes, name: str, known: Catalogue, *, markdown: bool) -> UnreadManifest | None:
    """The manifest that a file of these first bytes seems to be; None for any other text. `markdown`: by its name."""
    if markdown and is_locked(data):
        message = f"`{name}` is encrypted, or only points to its content"
        remedy = "Unlock or fetch it first (`git-crypt unlock`, `git lfs pull`), or move it out of this folder."
        return UnreadManifest(Diagnostic("manifest-locked", message, remedy, Place(name, 1, 1)))
    for line, kind, word in kind_lines(data, known):
        found = _told(data, name, Place(name, line.number, line.column), markdown=markdown)
        return UnreadManifest(found, None if markdown else Address(kind.name, word))
    return None


def kind_lines(data: bytes, known: Catalogue) -> Iterator[tuple[_Line, Kind, str]]:
    """Those of the manifests that a text seems to hold, each with its kind and its name."""
    for segment in _segments(_lines(data)):
        found = _kind_line(segment, known)
        if found is not None:
            above = {line.number for line in segment.lines if line.number <= found[0].number}
            if segment.before + len(above) <= FIRST_LINES or segment.closed:
                yield found


def another(text: str, known: Catalogue) -> int | None:
    """The line in which a text holds a second manifest: a kind line between lines of dashes, with a field beside it."""
    if not any(f"\n{kind.word}:" in text for kind in known.with_manifests):
        return None
    for segment in islice(_segments(_lines(text.encode("utf-8", "replace"))), 1, None):
        found = _kind_line(segment, known) if segment.closed else None
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
    found: list[_Line] = []
    flow = False
    for number, raw in enumerate(LINE_END.split(text), 1):
        plain = raw.isascii() and raw.isprintable()
        seen = raw if plain else "".join(char for char in raw if char == "\t" or not _is_invisible(char))
        led = _LED.match(seen.lstrip())
        stripped = seen.strip()[led.end() if led else 0 :]
        column = len(seen) - len(seen.lstrip()) + 1 + (led.end() if led else 0)
        flow = flow or re.match(r"\{(?![{%#])", stripped) is not None
        parts = _parts(stripped) if flow else [stripped[:_LONGEST_LINE]]
        found += [_Line(number, part, column, led[1] if led else "") for part in parts]
        flow = flow and not stripped.endswith("}")
    return found


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "So") or char in "\u115f\u1160\u3164\uffa0"


def _parts(text: str) -> list[str]:
    """The pairs of a line in flow style, without what is nested in them."""
    text = text.lstrip("{ ").removesuffix("}")
    for _ in range(16):
        text, nested = _INNER.subn("", text)
        if not nested:
            break
    return [part.strip()[:_LONGEST_LINE] for part in text.split(",")]


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
            before, inside = before + len({item.number for item in inside}) + 1, []
        elif line.text and not fence:
            inside.append(line)
    yield _Segment(inside, before, False)


def _kind_line(segment: _Segment, known: Catalogue) -> tuple[_Line, Kind, str] | None:
    """The kind line of a segment. Without a field beside it, it counts only if it is the only one, no text stands above
    it, and no key beside it that no manifest has. With a value that cannot be a name, or after a mark of Markdown, it
    needs both.
    """
    lines = segment.lines
    found = [
        (line, kind, match)
        for line, after in zip_longest(lines, lines[1:])
        if (match := _KIND_LINE.fullmatch(_whole(line, after))) and (kind := _kind(match["word"], known))
    ]
    # A deeper line stands in a text or a mapping of the manifest.
    margin = min((line.column for line, _, _ in found), default=1)
    found = [item for item in found if item[0].column == margin]
    if not found:
        return None
    line, kind, match = found[0]
    name = _NAME.fullmatch(match["value"])
    best = (line, kind, name[1] if name else match["value"])
    # Indented by more, it is code in Markdown.
    margins = (1, line.column if line.column <= _INDENTED else 1)
    others = {key for other in lines if other is not line and other.column in margins and (key := other.key)}
    told = not _telling(kind).isdisjoint(others)
    if told and name:
        return best
    may = [*kind.fields, *kind.shared, *_BESIDE]
    if len(found) > 1 or any(closest(key.lower(), may, 0.7) is None for key in others):
        return None
    plain = match["sign"] == ":" and (not line.led or (">" in line.led and segment.closed))
    above = lines[: lines.index(line)]
    if any(other.column == 1 and other.key is None and other.text[0].isalnum() for other in above):
        return None
    return best if told or (name and plain) else None


def _whole(line: _Line, after: _Line | None) -> str:
    """A line, and where its value stands on the next one, that too."""
    following = after.text if after else ""
    if line.text.startswith("? "):
        return line.text[1:].strip() + (following if following.startswith(":") else f": {following}")
    found = _OPEN.fullmatch(line.text)
    return f"{found[1]} {following}" if found and after and not after.key else line.text


def _telling(kind: Kind) -> Set[str]:
    """The fields that stand in nothing but a manifest: other texts have a name and a description too."""
    return kind.fields.keys() - {kind.display, "description"}


@lru_cache(1024)
def _kind(word: str, known: Catalogue) -> Kind | None:
    near = closest(word.lower().replace("-", "_").replace(" ", "_"), known.words, 0.8)
    return known.words[near] if near else None


def _told(data: bytes, name: str, place: Place, *, markdown: bool) -> Diagnostic:
    what = "Or, if it is not a manifest, take this line away, or move the file out of this folder."
    if not markdown:
        message = f"`{name}` has a kind line, but not the name of a manifest"
        return Diagnostic(
            "manifest-type", message, f"Give it a name that ends in .yaml, .yml, .json or .md. {what}", place
        )
    if b"\0" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        message, remedy = f"`{name}` is not UTF-8 text", "Save it as UTF-8 without a byte order mark."
        return Diagnostic("text-not-utf8", message, remedy, Place(name, 1, 1))
    first = LINE_END.split(data[:200].decode("utf-8", "replace"))[0]
    if b"\n" not in data and b"\r" in data:
        how = "Its lines end in CR alone; save it with LF or CRLF."
    elif not first.strip():
        how = "Its first line is empty; begin with a line that is just ---."
    elif first.strip() == "---":
        how = "Its first line has white space before the ---; remove it."
    else:
        how = f"Its first line is {shown(first)}; begin with a line that is just ---."
    return Diagnostic("front-matter-start", f"`{name}` has a kind line, but no front matter", f"{how} {what}", place)
