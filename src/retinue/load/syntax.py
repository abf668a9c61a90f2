"""The messages of the YAML scanner and parser in words for people who do not know YAML's grammar."""

from __future__ import annotations

from typing import Any

from ..core.model import Diagnostic, Place

_INDENT = "Check the indentation: keys of one mapping, and the `-` of one list, start in the same column."
_REMEDIES = (
    (
        "mapping values are not allowed",
        'A value that contains ": " goes in quotes; a new key goes on a line of its own.',
    ),
    (
        "could not find expected ':'",
        "A key is followed by a colon and a space; long text goes below `key: |`, indented.",
    ),
    ("expected chomping or indentation", "Text that starts with > or | goes in quotes."),
    ("expected comment or line break", "Text that starts with > or | goes in quotes."),
    ("cannot start any token", "Text that starts with @, `, % or & goes in quotes."),
    ("unexpected end of stream", "The closing quote is missing."),
    ("unknown escape character", "In double quotes a backslash is written twice; in single quotes once."),
    ("unexpected document indicator", "The closing quote or bracket is missing."),
    ("invalid Unicode character escape", "Write the character itself instead of its \\u escape."),
    ("invalid Unicode", "Write the character itself instead of its \\u escape."),
    ("escape sequence", "In double quotes a backslash is written twice; in single quotes once."),
    ("expected ',' or", "A bracket is not closed, a comma is missing, or text with special characters needs quotes."),
    ("did not find expected key", _INDENT),
    ("expected <block end>", _INDENT),
    ("did not find expected '-' indicator", _INDENT),
    ("block sequence entries are not allowed", _INDENT),
    ("did not find expected node content", "A value is missing here."),
    ("did not find expected alphabetic or numeric", "Text that starts with * or & goes in quotes."),
    ("expected alphabetic or numeric", "Text that starts with * or & goes in quotes."),
    ("directive", "Lines that start with % are not needed here: remove the line, or put the text in quotes."),
    ("incompatible YAML document", "Remove the %YAML line."),
    ("undefined tag handle", "Text that starts with ! goes in quotes."),
    ("tag", "Text that starts with ! goes in quotes."),
)


def syntax_problem(error: Exception, text: str, file: str) -> Diagnostic:
    """What is wrong, where, and what to do about an exception of a yaml loader."""
    lines = text.splitlines() or [""]
    place = _place(error, lines, file)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    tab = _tab(line)
    if tab is not None and place.column <= tab + 2:
        remedy = "Indent with spaces; most editors can convert tabs to spaces."
        return Diagnostic("yaml-tab", "a tab is used for indentation", remedy, Place(file, place.line, tab + 1))
    problem = str(getattr(error, "problem", None) or "it cannot be read")
    return Diagnostic("yaml-syntax", f"this is not valid YAML: {_words(error, problem)}", _remedy(problem, line), place)


def _words(error: Exception, problem: str) -> str:
    context, mark = getattr(error, "context", None), getattr(error, "context_mark", None)
    return f"{problem} ({context}, line {mark.line + 1})" if context and mark else problem


def _place(error: Exception, lines: list[str], file: str) -> Place:
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if mark is None or (opened is not None and _at_end(mark, lines)):
        # At the end of the file only the place where the unfinished thing began is of use.
        mark = opened or mark
    if mark is None:
        return Place(file, 1, 1)
    if mark.line >= len(lines):
        return Place(file, len(lines), len(lines[-1]) + 1)
    return Place(file, mark.line + 1, mark.column + 1)


def _at_end(mark: Any, lines: list[str]) -> bool:
    last = len(lines) - 1
    return bool(mark.line > last or (mark.line == last and mark.column >= len(lines[last])))


def _tab(line: str) -> int | None:
    """The column of a tab in the indentation of the line, from 0."""
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return indent.index("\t") if "\t" in indent else None


def _remedy(problem: str, line: str) -> str:
    if "${" in line and ("expected ','" in problem or "flow" in problem):
        return 'Inside { } and [ ] put text with ${…} in quotes: {model: "${var.model}"}.'
    found = (remedy for part, remedy in _REMEDIES if part in problem)
    return next(found, "Check this line and the one above it; text with special characters goes in quotes.")
