"""Replaces `${var.NAME}` in text that has already been parsed. Reads no environment: the values are handed in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.model import Diagnostic, Place
from ..core.spelling import closest
from .builder import MAX_PROBLEMS
from .files import MAX_BYTES, place_in

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_WHOLE = re.compile(rf"\$\{{var\.({_NAME})\}}")
_PART = re.compile(rf"(?P<escape>\$\$\{{)|\$\{{var\.(?P<name>{_NAME})\}}|\$\{{(?P<other>[^{{}}\n]*)(?P<end>\}}?)")


@dataclass(frozen=True, slots=True)
class Variables:
    """The variables of one environment. `elsewhere`: those of the others, for manifests that are not in this one.

    `used` collects the names that were asked for.
    """

    values: Mapping[str, Any]
    environment: str | None = None
    elsewhere: Mapping[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def scalar(self, text: str, at: Place, problems: list[Diagnostic]) -> Any:
        """A manifest's scalar. One that is a variable as a whole keeps that variable's type."""
        whole = _WHOLE.fullmatch(text)
        if whole is None:
            return self.text(text, at, problems)
        known, value = self._get(whole[1])
        if not known:
            problems.append(self._undefined(whole[1], at))
        return value if known else text

    def text(self, text: str, at: Place, problems: list[Diagnostic], *, exact: bool = False) -> str:
        """`text` with every variable replaced. `exact`: it is a whole file, so offsets in it are places."""

        enough = len(problems) + MAX_PROBLEMS

        def replacement(found: re.Match[str]) -> str:
            if found["escape"]:
                return "${"
            known, value = self._get(found["name"] or "")
            if known:
                return _as_text(value)
            if len(problems) < enough:
                place = place_in(text, found.start(), at.file) if exact else at
                problems.append(self._undefined(found["name"], place) if found["name"] else _no_variable(found, place))
            return found[0]

        if self._too_large(text):
            problems.append(_exploding(at))
            return text
        return _PART.sub(replacement, text)

    def names(self, text: str) -> tuple[str, ...]:
        """The variables that a text asks for."""
        return tuple(dict.fromkeys(found["name"] for found in _PART.finditer(text) if found["name"]))

    def first(self, text: str) -> tuple[str, int] | None:
        """The first variable that a text asks for and that there is, and its offset."""
        for found in _PART.finditer(text):
            if found["name"] in self.values or found["name"] in self.elsewhere:
                return found["name"], found.start()
        return None

    def _get(self, name: str) -> tuple[bool, Any]:
        self.used.add(name)
        for values in (self.values, self.elsewhere):
            if name in values:
                return True, values[name]
        return False, None

    def _all(self) -> list[Any]:
        return [*self.values.values(), *self.elsewhere.values()]

    def _too_large(self, text: str) -> bool:
        longest = max((len(value) for value in self._all() if isinstance(value, str)), default=0)
        return longest > 1000 and len(text) + text.count("${") * longest > MAX_BYTES

    def _undefined(self, name: str, at: Place) -> Diagnostic:
        where = "no environment was chosen" if self.environment is None else f"environment `{self.environment}`"
        meant = closest(name, self.values)
        known = ", ".join(sorted(self.values)) or "none"
        remedy = f"Did you mean `${{var.{meant}}}`?" if meant else f"Variables that are defined: {known}."
        remedy += f" Define it with `variables: {{{name}: …}}` in retinue.yaml or with --var {name}=…."
        return Diagnostic("variable-undefined", f"the variable `{name}` is not defined ({where})", remedy, at)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _no_variable(found: re.Match[str], at: Place) -> Diagnostic:
    shown = found[0] if len(found[0]) <= 40 else found[0][:39] + "…"
    message = f"`{shown}` is not a variable" if found["end"] else f"`{shown}` is a variable that never ends"
    return Diagnostic(
        "variable-syntax",
        message,
        "Only ${var.NAME} is replaced. Write $${ where the text itself shall contain ${.",
        at,
    )


def _exploding(at: Place) -> Diagnostic:
    message = f"with its variables replaced this text is larger than {MAX_BYTES // 1024 // 1024} MiB"
    return Diagnostic("variable-too-large", message, "Use fewer or shorter variables here.", at)


def escaped(value: Any) -> Any:
    """A JSON value as a manifest says it: what looks like a variable is meant literally."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return {key: escaped(item) for key, item in value.items()} if isinstance(value, dict) else value
