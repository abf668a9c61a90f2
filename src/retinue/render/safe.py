"""Makes texts from outside harmless to show: no terminal escapes, no hidden characters, no commands to a CI runner.

Everything that a manifest, a service or a saved plan says goes through `clean` before it is laid out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

from ..core.model import Json
from ..core.patterns import pattern

# All of the categories Cc, Cf, Co, Cs, Zl and Zp, and what is drawn as nothing although it counts as a letter or a
# mark: fillers, and the variation selectors. A joiner stays where it joins (emoji, and the scripts that need it), a
# variation selector where it makes an emoji.
# A pattern is compiled where it is needed first: this one takes longer than some plans, and most texts are plain.
_HIDDEN = (
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ud800-\uf8ff\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
    "|(?<![\u0620-\u1fff\u2190-\U0001ffff])[\u200c\u200d]|[\u200c\u200d](?![\u0620-\u1fff\u2190-\U0001ffff])"
    "|(?<![#*0-9\xa9\xae\u203c\u2049\u2100-\u32ff\U0001f000-\U0001faff])[\ufe0e\ufe0f]|(?<=[#*0-9])[\ufe0e\ufe0f](?!\u20e3)"
)
# A runner trims a line before it looks for `::command`; the older forms count anywhere in a line. Some strip colours.
_PAINT = r"(?:\x1b\[[0-9;]*m)*"
_COMMAND = pattern(rf"^((?:\s|\x1b\[[0-9;]*m)*)(?=:{_PAINT}:)|(##{_PAINT}(?:vso)?)(?={_PAINT}\[)", re.MULTILINE)
_NOT_ASCII = pattern("[^\x00-\x7f]")
# In JSON the older forms end in a character that has an escape; no line of it starts with `::`.
_BRACKET = pattern(r"(?:(?<=##)|(?<=##vso))\[")


def _json_escape(char: str) -> str:
    return json.dumps(char)[1:-1]


def _yaml_escape(char: str) -> str:
    """YAML knows no pairs of escapes for one character."""
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def clean(text: str) -> str:
    """`text` as one line in which everything that cannot be seen is written out: `\\n`, `\\x1b`, `\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_HIDDEN, lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def hides(text: str) -> bool:
    """True if `text` has anything, besides line breaks, that is not what it looks like, or commands a CI runner."""
    return clean_lines(text) != text or defuse(text) != text


def escape_json(text: str, escape: Callable[[str], str] = _json_escape) -> str:
    """The same JSON value with everything that cannot be seen as an escape, and with no command to a CI runner."""
    shown = re.sub(_HIDDEN, lambda match: match[0] if match[0] == "\n" else escape(match[0]), text)
    return _BRACKET.sub(r"\\u005b", shown)


def ascii_json(text: str) -> str:
    """The same JSON value for a stream that holds nothing but ASCII."""
    return _NOT_ASCII.sub(lambda match: _json_escape(match[0]), text)


def quoted_yaml(value: Json) -> str:
    """YAML in which every text is quoted, so that what cannot be seen stands there as an escape."""
    return escape_json(json.dumps(value, indent=2, ensure_ascii=False), _yaml_escape) + "\n"


def clean_lines(text: str, indent: str = "") -> str:
    """`text` with its line breaks kept, the later lines indented, and everything else as in `clean`."""
    return f"\n{indent}".join(clean(line) for line in text.replace("\r\n", "\n").split("\n"))


def defuse(text: str) -> str:
    """Whole output in which no line is a workflow command (`::…`, `##[…]`, `##vso[…]`) to a CI runner."""
    return _COMMAND.sub(r"\g<0>\\", text)


def cells(text: str) -> int:
    """How many columns a terminal gives to a clean text."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def fitting(text: str, start: int, width: int) -> int:
    """Where the part of a clean text ends that begins at `start` and takes at most `width` columns."""
    if text.isascii():
        return min(len(text), start + width)
    used = 0
    for index in range(start, len(text)):
        used += _cells(text[index])
        if used > width:
            return index
    return len(text)


def cut(text: str, width: int) -> str:
    """A clean text in at most `width` columns; `…` says that something is missing."""
    if len(text) <= width and cells(text) <= width:
        return text
    return text[: fitting(text, 0, width - 1)] + "…"


def pad(text: str, width: int, gap: int = 2) -> str:
    """The spaces that follow a clean text to reach column `width`; `gap` of them where it is that wide already."""
    missing = width - cells(text)
    return " " * (missing if missing > 0 else gap)
