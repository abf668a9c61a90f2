"""Makes texts from outside harmless to show: no terminal escapes, no hidden characters, no commands to a CI runner.

Everything that a manifest, a service or a saved plan says goes through `clean` before it is laid out.
"""

from __future__ import annotations

import re
import unicodedata

# Controls (C0, DEL, C1), line separators, lone surrogates, and what is invisible or reorders text: bidi controls,
# zero-width and tag characters. The two joiners stay: emoji and several scripts need them.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e01ef]"
)
# A runner trims a line before it looks for `::command`; the older forms count anywhere in a line.
_COMMAND = re.compile(r"^((?:\s|\x1b\[[0-9;]*m)*)::|(##(?:vso)?)(?=\[)", re.MULTILINE)


def clean(text: str) -> str:
    """`text` as one line in which everything that cannot be seen is written out: `\\n`, `\\x1b`, `\\u202e`."""
    return _HIDDEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def clean_lines(text: str, indent: str = "") -> str:
    """`text` with its line breaks kept, the later lines indented, and everything else as in `clean`."""
    return f"\n{indent}".join(clean(line) for line in text.replace("\r\n", "\n").split("\n"))


def defuse(text: str) -> str:
    """Whole output in which no line is a workflow command (`::…`, `##[…]`, `##vso[…]`) to a CI runner."""
    return _COMMAND.sub(lambda match: match[2] + "\\" if match[2] else match[1] + "\\::", text)


def cells(text: str) -> int:
    """How many columns a terminal gives to a clean text."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, width: int) -> str:
    """A clean text in at most `width` columns; `…` says that something is missing."""
    if len(text) <= width and cells(text) <= width:
        return text
    used = 1
    for index, char in enumerate(text):
        used += _cells(char)
        if used > width:
            return text[:index] + "…"
    return text


def pad(text: str, width: int, gap: int = 2) -> str:
    """The spaces that follow a clean text to reach column `width`; `gap` of them where it is that wide already."""
    missing = width - cells(text)
    return " " * (missing if missing > 0 else gap)
