"""Writes JSON values as short YAML that our reader takes back unchanged, or tells why it cannot. Writes no files."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from ..core.canonical import plain
from ..core.model import Json
from ..core.strictjson import is_unicode
from .builder import MAX_DEPTH, MAX_VALUES
from .scalars import plain as meaning

_WIDTH = 110
# The reader takes numbers of up to 100 characters; beyond it only a float is exact and short.
_LONG = 10**99
# Line ends and marks that only some readers see: never raw in a file.
_HIDDEN = ("\r", "\x85", "\u2028", "\u2029", "\ufeff")


class _Dumper(yaml.SafeDumper):
    """Block style with indented lists. The C emitter can neither indent lists nor write emoji as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML names it
        super().increase_indent(flow, False)

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def to_yaml(document: Mapping[str, Json], width: int = _WIDTH) -> str:
    """One document in block style; long text as literal blocks. No key order but the given one."""
    text: str = yaml.dump(
        plain(dict(document)),
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=False,
        allow_unicode=True,
        width=width,
    )
    return text


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text:
        # A block that starts with white space needs an indentation indicator, which is hard to read; one that ends in
        # empty lines depends on what comes after it.
        style = '"' if text[0].isspace() or text.endswith("\n\n") else "|"
    # The dumper quotes what YAML 1.1 takes for something else; the reader follows YAML 1.2 and doubts more.
    elif meaning(text).doubt is not None or type(meaning(text).value) is not str:
        style = '"'
    if any(mark in text for mark in _HIDDEN):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _integer(dumper: _Dumper, number: int) -> yaml.ScalarNode:
    exact = abs(number) >= _LONG and int(float(number)) == number
    return dumper.represent_float(float(number)) if exact else dumper.represent_int(number)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(int, _integer)
_Dumper.add_multi_representer(dict, _Dumper.represent_dict)


_ADDRESS = re.compile(r"[A-Z][A-Za-z]*/[a-z0-9-]+")
# A manifest wraps a value in one or two mappings more than the object did.
_DEEPEST = MAX_DEPTH - 4


def unwritable(value: Json) -> str | None:
    """The reason as the end of a sentence, or None."""
    waiting: list[tuple[Json, int]] = [(value, 1)]
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        seen += 1
        if depth > _DEEPEST:
            return f"is nested deeper than {_DEEPEST} levels"
        if seen > MAX_VALUES:
            return f"holds more than {MAX_VALUES:,} values"
        reason = _bad_mapping(item) if isinstance(item, dict) else _bad_scalar(item)
        if reason is not None:
            return reason
        members = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting.extend((member, depth + 1) for member in members)
    return None


def _bad_scalar(value: Json) -> str | None:
    if isinstance(value, str):
        return None if is_unicode(value) else "holds half of a \\u pair"
    if isinstance(value, float) and not math.isfinite(value):
        return "holds a number that is not finite"
    if isinstance(value, int | float) and abs(value) >= _LONG:
        return "holds a number of 100 digits or more"
    if value is None or isinstance(value, (bool, int, float, list)):
        return None
    return f"holds a value that is not JSON ({type(value).__name__})"


def _bad_mapping(value: dict[Json, Json]) -> str | None:
    for key in value:
        if not isinstance(key, str):
            return "has a key that is not text"
        if not is_unicode(key):
            return "holds half of a \\u pair"
    upload, address = value.get("upload"), value.get("ref")
    alone = len(value) == 1 or (len(value) == 2 and "template" in value)
    names = isinstance(upload, str) or (isinstance(address, str) and _ADDRESS.fullmatch(address) is not None)
    # The forms that the loader gives a meaning of their own.
    if (alone and isinstance(value.get("file"), str)) or (len(value) == 1 and names):
        return f"holds `{{{next(iter(value))}: …}}`, which a manifest reads as an include"
    return None
