"""JSON values as short YAML that the reader of this package takes back unchanged. Writes no files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from ..core.canonical import plain
from ..core.model import Json
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
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=_style(text))


def _style(text: str) -> str | None:
    if any(mark in text for mark in _HIDDEN):
        return '"'
    if "\n" in text:
        # A block that starts with white space needs an indentation indicator, which nobody can read; one that ends in
        # empty lines depends on what comes after it.
        return '"' if text[0].isspace() or text.endswith("\n\n") else "|"
    # The dumper quotes what YAML 1.1 takes for something else; the reader follows YAML 1.2 and doubts more.
    value, doubt, _ = meaning(text)
    return '"' if doubt is not None or type(value) is not str else None


def _integer(dumper: _Dumper, number: int) -> yaml.ScalarNode:
    if abs(number) >= _LONG and int(float(number)) == number:
        return dumper.represent_float(float(number))
    return dumper.represent_int(number)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(int, _integer)
