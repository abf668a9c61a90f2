"""JSON bytes to located values, with the limits and the checks of the YAML reader. Reads no files."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import NoReturn

from ..core.model import Place
from ..core.patterns import pattern
from ..core.strictjson import is_unicode
from .builder import Builder, Parsed, Stop, shorten
from .files import decode
from .located import Map, Seq, spelled

_SPACE = pattern(r"[ \t\n\r]*")
_STRING = pattern(r'"[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*"')
_NUMBER = pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD = pattern(r"[A-Za-z0-9_$.+-]+")
_WORDS = {"true": True, "false": False, "null": None}
_LONGEST_NUMBER = 100


def parse(data: bytes, file: str) -> Parsed:
    """The one document of a JSON file, located, with every problem that was found."""
    text, problems = decode(data, file)
    if text is None:
        return Parsed([], problems, False)
    builder = Builder(file)
    builder.problems = problems
    try:
        _Reader(text, builder).read()
    except Stop:
        return builder.result(complete=False)
    return builder.result(complete=True)


class _Reader:
    """Goes once through the text, token by token, and tells the builder."""

    def __init__(self, text: str, builder: Builder) -> None:
        self.text = text
        self.builder = builder
        self.position = 0
        self.lines = [0, *(match.end() for match in re.finditer("\n", text))]

    def read(self) -> None:
        builder = self.builder
        self._value()
        # Inside the innermost collection: its end, or a comma if one is due and a member.
        while builder.stack:
            end = "}" if type(builder.top) is Map else "]"
            if self._take(end):
                builder.close()
                continue
            if builder.top and not self._take(","):
                self._fail(f"a comma or `{end}` is missing")
            if type(builder.top) is Map:
                self._peek()
                at = self._at()
                builder.add_key(self._string(), at)
                if not self._take(":"):
                    self._fail("a colon is missing after the key")
            self._value()
        if self._peek():
            self._fail("there is something after the end of the value")

    def _value(self) -> None:
        char, at = self._peek(), self._at()
        if char in ("{", "["):
            self.position += 1
            self.builder.open(Map(at) if char == "{" else Seq(at))
        elif char == '"':
            text = self._string()
            self.builder.add_scalar(text, len(text), at)
        else:
            found = _WORD.match(self.text, self.position)
            if found is None:
                self._fail("a value is missing" if char else "the file ends too early")
            word = found[0]
            if word not in _WORDS and not (_NUMBER.fullmatch(word) and len(word) <= _LONGEST_NUMBER):
                self._fail(f"`{shorten(word)}` is not a JSON value (text needs double quotes)")
            value = _WORDS[word] if word in _WORDS else json.loads(word)
            if value in (float("inf"), float("-inf")):
                self._fail(f"`{shorten(word)}` is too large a number")
            self.position = found.end()
            self.builder.add_scalar(value, 0, spelled(at, word, value))

    def _string(self) -> str:
        if self._peek() != '"':
            self._fail('text in double quotes is missing ("…")')
        found = _STRING.match(self.text, self.position)
        if found is None:
            self._fail("this text has no closing quote, or a line break or tab inside (write \\n, \\t)")
        try:
            text = str(json.loads(found[0]))
        except ValueError:
            self._fail("this text holds an unknown backslash escape")
        if not is_unicode(text):
            self._fail("this text holds half of a \\u pair")
        self.position = found.end()
        return text

    def _peek(self) -> str:
        space = _SPACE.match(self.text, self.position)
        assert space is not None
        self.position = space.end()
        return self.text[self.position : self.position + 1]

    def _take(self, char: str) -> bool:
        taken = self._peek() == char
        self.position += taken
        return taken

    def _at(self) -> Place:
        line = bisect_right(self.lines, self.position)
        return Place(self.builder.file, line, self.position - self.lines[line - 1] + 1)

    def _fail(self, message: str) -> NoReturn:
        remedy = "Compare with a JSON file that works, or write this file as YAML."
        self.builder.report("json-syntax", f"this is not valid JSON: {message}", remedy, self._at())
        raise Stop
