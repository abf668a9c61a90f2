"""The lints: findings whose severity a project chooses, `lint: {CODE: error|warn|off}`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .model import Diagnostic, Severity
from .values import replace

UNUSED_FILE: Final = "unused-file"
KEY_LIKE: Final = "key-like-text"
LINTS = frozenset((UNUSED_FILE, KEY_LIKE, "json-mode-prompt", "temperature-and-top-p", "retired", "retiring"))
_SEVERITIES = {"error": Severity.ERROR, "warn": Severity.WARNING}


def linted(found: Iterable[Diagnostic], levels: Mapping[str, str]) -> Iterator[Diagnostic]:
    """With the severity that the project gives a lint, and without those at `off`; others keep their own."""
    for item in found:
        level = levels.get(item.code) if item.code in LINTS else None
        if level is None:
            yield item
        elif level != "off":
            yield replace(item, severity=_SEVERITIES[level])
