"""YAML bytes to located values, for hostile input too: every fault becomes a diagnostic. Reads no files."""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from ..core.model import Diagnostic, Place
from .builder import Builder, Parsed, Stop, shorten
from .files import LINE_END, decode, place_in, slashes
from .located import Map, Seq, spelled
from .scalars import plain
from .variables import meant_variable

# The stock loaders are not used to build values: the C one ends the process on hostile nesting.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNFIT = "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_TEMPLATE = re.compile(r"\{[{%](.*?)[%}]\}")
_TEXT_TAG = "tag:yaml.org,2002:str"


def parse(data: bytes, file: str) -> Parsed:
    """Every document of the file, located, with every problem that was found."""
    text, problems = decode(data, file)
    if text is None:
        return Parsed([], problems, False)
    found = parse_text(text, file)
    return found._replace(diagnostics=[*problems, *found.diagnostics])


def parse_text(text: str, file: str, *, loader: Any = _LOADER) -> Parsed:
    """As `parse`, for text that is already decoded."""
    builder = Builder(file, text)
    # Line ends to YAML 1.1 but to no editor; the loaders find the other unfit characters themselves.
    if any(char in text for char in "\x85\u2028\u2029\ufeff"):
        return _refuse_text(text, builder)
    try:
        _build(loader(text), builder)
    except Stop:
        return builder.result(complete=False)
    # ValueError: a loader decodes and converts escapes itself, and lets that error out as it is.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if re.search(_UNFIT, text) is not None:
            return _refuse_text(text, builder)
        if "nesting depth" in str(error):
            # From libyaml 0.2.6 on the scanner, which reads ahead, gives up first: the other loader says where.
            return parse_text(text, file, loader=yaml.SafeLoader)
        builder.problems.append(syntax_problem(error, text, file))
        return builder.result(complete=False)
    return builder.result(complete=True)


def _build(loader: Any, builder: Builder) -> None:
    next_event = loader.get_event
    while True:
        event = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            _scalar(event, builder)
        elif kind is MappingStartEvent:
            _start(event, builder, Map(_place(event, builder)))
        elif kind is SequenceStartEvent:
            _start(event, builder, Seq(_place(event, builder)))
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            builder.close()
        elif kind is AliasEvent:
            at = _place(event, builder)
            name = event.anchor
            anchor = builder.anchors.get(name)
            if anchor is None or not anchor.closed:
                _refuse_alias(name, anchor is not None, builder, at)
            elif not builder.wants_key():
                builder.repeat(anchor, at)
            elif type(anchor.value) is str:
                builder.add_key(anchor.value, at)
            else:
                _refuse_key(f"the alias `*{shorten(name)}` stands for no text, so it cannot be a key", builder, at)
        elif kind is DocumentEndEvent:
            builder.anchors.clear()
        elif kind is StreamEndEvent:
            return


def _place(event: Any, builder: Builder) -> Place:
    mark = event.start_mark
    # Does what Place(…) does, without the call of its generated __new__: this runs for every value.
    return tuple.__new__(Place, (builder.file, mark.line + 1, mark.column + 1))


def _scalar(event: Any, builder: Builder) -> None:
    at = _place(event, builder)
    text: str = event.value
    if event.tag is not None and event.tag != _TEXT_TAG:
        _refuse_tag(event, builder, at)
    unquoted = event.implicit[0] and event.tag is None
    if builder.key is None and type(builder.top) is Map:
        _key(text, unquoted, builder, at)
        value: Any = text
    else:
        value, doubt, remedy = plain(text) if unquoted else (text, None, "")
        if doubt is not None:
            builder.report("yaml-ambiguous", f"`{shorten(text)}` {doubt}", remedy, at)
        if type(value) is not str and value is not None:
            at = spelled(at, text, value)
        builder.add_scalar(value, len(text), at)
    if event.anchor is not None:
        builder.remember(event.anchor, value, len(text))


def _key(text: str, unquoted: bool, builder: Builder, at: Place) -> None:
    if unquoted:
        if text == "<<":
            where = "goes into `defaults` of retinue.yaml or a {file: PATH}"
            remedy = f"Write the keys out. What all manifests share {where}."
            builder.report("yaml-merge-key", "the merge key `<<` is not supported", remedy, at)
            builder.skip_key()
            return
        value, doubt, _ = plain(text)
        # `on:` and `no:` are ordinary names of keys; numbers and dates in their place are mistakes.
        if type(value) is not str or (doubt is not None and text[0] in "+-.0123456789"):
            _refuse_key(f"the key `{shorten(text)}` is not text", builder, at)
            return
        text = value
    builder.add_key(text, at)


def _refuse_key(message: str, builder: Builder, at: Place) -> None:
    builder.report("yaml-key", message, 'Keys are text: put it in quotes, like "1".', at)
    builder.skip_key()


def _start(event: Any, builder: Builder, collection: Map | Seq) -> None:
    if event.tag is not None:
        _refuse_tag(event, builder, collection.place)
    if builder.wants_key():
        at = collection.place
        line, before = LINE_END.split(builder.text, at.line)[at.line - 1], at.column - 2
        start = before if before >= 0 and line[before : before + 1] == "{" else before + 1
        if template := _TEMPLATE.match(line, start):
            message = f"`{shorten(template[0])}` is a template of another tool"
            remedy = f"Write `{meant_variable(template[1])}`; what is meant as it stands goes in quotes."
            outer = at._replace(column=start + 1)
            if not (builder.problems and builder.problems[-1].place == outer):
                builder.report("yaml-key", message, remedy, outer)
            builder.skip_key()
        else:
            _refuse_key("a mapping or a list stands where a key is expected", builder, at)
        builder.key = None
    builder.open(collection, event.anchor)


def _refuse_tag(event: Any, builder: Builder, at: Place) -> None:
    tag = event.tag.replace("tag:yaml.org,2002:", "!!")
    message = f"the YAML tag `{shorten(tag)}` is not supported"
    builder.report("yaml-tag", message, "Remove it. Text that looks like a number goes in quotes.", at)


def _refuse_alias(name: str, inside_itself: bool, builder: Builder, at: Place) -> None:
    if inside_itself:
        message, remedy = f"the alias `*{shorten(name)}` stands inside its own anchor", "Write the inner value out."
    else:
        message = f"there is no anchor `&{shorten(name)}` before this alias"
        remedy = f'Check the spelling, or put the text in quotes if it is meant literally: "*{shorten(name)}".'
    builder.report("yaml-alias", message, remedy, at)
    if builder.wants_key():
        builder.skip_key()
    else:
        builder.add(None, at)


def _refuse_text(text: str, builder: Builder) -> Parsed:
    found = re.search(_UNFIT, text)
    assert found is not None
    code = f"{ord(found[0]):04X}"
    message = f"the invisible character U+{code} is not allowed in YAML"
    remedy = f'Remove it. In double quotes it can be written as "\\u{code.lower()}".'
    at = place_in(text, found.start(), builder.file)
    builder.problems.append(Diagnostic("text-control-character", message, remedy, at))
    return builder.result(complete=False)


_INDENT = "Check the indentation: keys of one mapping, and the `-` of one list, start in the same column."
_REMEDIES = (
    ("mapping values are not", 'A value that contains ": " goes in quotes; a new key goes on a line of its own.'),
    ("not find expected ':'", "A key is followed by a colon and a space; long text goes below `key: |`, indented."),
    ("expected chomping or indentation", "Text that starts with > or | goes in quotes."),
    ("expected comment or line break", "Text that starts with > or | goes in quotes."),
    ("cannot start any token", "Text that starts with @, `, % or & goes in quotes."),
    ("unexpected end of stream", "The closing quote is missing."),
    ("unknown escape character", "In double quotes a backslash is written twice; in single quotes once."),
    ("unexpected document indicator", "The closing quote or bracket is missing."),
    ("invalid Unicode", "Write the character itself instead of its \\u escape."),
    ("escape sequence", "In double quotes a backslash is written twice; in single quotes once."),
    ("expected ',' or", "A bracket is not closed, a comma is missing, or text with special characters needs quotes."),
    ("did not find expected key", _INDENT),
    ("expected <block end>", _INDENT),
    ("did not find expected '-' indicator", _INDENT),
    ("block sequence entries are not allowed", _INDENT),
    ("did not find expected node content", "A value is missing here."),
    ("expected alphabetic or numeric", "Text that starts with * or & goes in quotes."),
    ("directive", "Lines that start with % are not needed here: remove the line, or put the text in quotes."),
    ("incompatible YAML document", "Remove the %YAML line."),
    ("tag", "Text that starts with ! goes in quotes."),
)


def syntax_problem(error: Exception, text: str, file: str) -> Diagnostic:
    """The diagnostic for an exception of a yaml loader: problem, place and remedy."""
    lines = text.splitlines() or [""]
    place = _error_place(error, lines, file)
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    tab = line[: len(line) - len(line.lstrip(" \t"))].find("\t")
    if tab >= 0 and place.column <= tab + 2:
        remedy = "Indent with spaces; most editors can convert tabs to spaces."
        return Diagnostic("yaml-tab", "a tab is used for indentation", remedy, Place(file, place.line, tab + 1))
    problem = str(getattr(error, "problem", None) or "it cannot be read")
    context, mark = getattr(error, "context", None), getattr(error, "context_mark", None)
    within = f" ({context}, line {mark.line + 1})" if context and mark else ""
    found = (remedy for part, remedy in _REMEDIES if part in problem)
    remedy = next(found, "Check this line and the one above it; text with special characters goes in quotes.")
    if re.search("escape|hexa?decimal", problem) and re.search(r"\b(file|upload)\W*:", line):
        remedy = slashes("\\")
    if template := _TEMPLATE.search(line):
        meant = meant_variable(template[1])
        remedy = f"Text with {template[0][:2]} in it goes in quotes. For a variable write `{meant}`."
    if "${" in line and ("expected ','" in problem or "flow" in problem):
        remedy = 'Inside { } and [ ] put text with ${…} in quotes: {model: "${var.model}"}.'
    return Diagnostic("yaml-syntax", f"this is not valid YAML: {problem}{within}", remedy, place)


def _error_place(error: Exception, lines: list[str], file: str) -> Place:
    mark, opened = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    end = (len(lines) - 1, len(lines[-1]))
    if mark is None or (opened is not None and (mark.line, mark.column) >= end):
        # At the end of the file only the place where the unfinished thing began is of use.
        mark = opened or mark
    if mark is None:
        return Place(file, 1, 1)
    if mark.line >= len(lines):
        return Place(file, len(lines), len(lines[-1]) + 1)
    return Place(file, mark.line + 1, mark.column + 1)
