"""The variables that retinue.yaml declares, their values in one environment, and their replacement in parsed text.

Pure: reads no environment; the values are handed in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.model import MISSING, Diagnostic, Place
from ..core.pointer import join_pointer
from ..core.problem import listed, shown
from ..core.spelling import closest, did_you_mean
from .builder import MAX_PROBLEMS
from .files import MAX_BYTES, place_in
from .located import Map, mappings_in, place_of
from .scalars import plain

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_WHOLE = re.compile(rf"\$\{{var\.({_NAME})\}}")
_PART = re.compile(rf"(?P<escape>\$\$\{{)|\$\{{var\.(?P<name>{_NAME})\}}|\$\{{(?P<other>[^{{}}\n]*)(?P<end>\}}?)")


@dataclass(frozen=True, slots=True, eq=False)
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
        value = self._get(whole[1])
        if value is MISSING:
            problems.append(self._undefined(whole[1], at))
        return text if value is MISSING else value

    def text(self, text: str, at: Place, problems: list[Diagnostic], *, exact: bool = False) -> str:
        """`text` with every variable replaced. `exact`: it is a whole file, so offsets in it are places."""

        enough = len(problems) + MAX_PROBLEMS

        def replacement(found: re.Match[str]) -> str:
            if found["escape"]:
                return "${"
            value = self._get(found["name"] or "")
            if value is not MISSING:
                return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            if len(problems) < enough:
                place = place_in(text, found.start(), at.file) if exact else at
                problems.append(self._undefined(found["name"], place) if found["name"] else _no_variable(found, place))
            return found[0]

        texts = (value for value in (*self.values.values(), *self.elsewhere.values()) if isinstance(value, str))
        longest = max(map(len, texts), default=0)
        if longest > 1000 and len(text) + text.count("${") * longest > MAX_BYTES:
            message = f"with its variables replaced this text is larger than {MAX_BYTES // 1024 // 1024} MiB"
            problems.append(Diagnostic("variable-too-large", message, "Use fewer or shorter variables here.", at))
            return text
        return _PART.sub(replacement, text)

    def names(self, text: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(found["name"] for found in _PART.finditer(text) if found["name"]))

    def first(self, text: str) -> tuple[str, int] | None:
        """The first variable that a text asks for and that there is, and its offset."""
        for found in _PART.finditer(text):
            if found["name"] in self.values or found["name"] in self.elsewhere:
                return found["name"], found.start()
        return None

    def _get(self, name: str) -> Any:
        self.used.add(name)
        return self.values.get(name, self.elsewhere.get(name, MISSING))

    def _undefined(self, name: str, at: Place) -> Diagnostic:
        where = "no environment was chosen" if self.environment is None else f"environment `{self.environment}`"
        meant = closest(name, self.values)
        known = ", ".join(sorted(self.values)) or "none"
        remedy = f"Did you mean `${{var.{meant}}}`?" if meant else f"Variables that are defined: {known}."
        remedy += f" Define it with `variables: {{{name}: …}}` in retinue.yaml or with --var {name}=…."
        return Diagnostic("variable-undefined", f"the variable `{name}` is not defined ({where})", remedy, at)


def _no_variable(found: re.Match[str], at: Place) -> Diagnostic:
    shown = found[0] if len(found[0]) <= 40 else found[0][:39] + "…"
    message = f"`{shown}` is not a variable" if found["end"] else f"`{shown}` is a variable that never ends"
    remedy = "Only ${var.NAME} is replaced. Write $${ for a literal ${."
    return Diagnostic("variable-syntax", message, remedy, at)


def escaped(value: Any) -> Any:
    """A JSON value as a manifest says it: what looks like a variable is meant literally."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, list):
        return [escaped(item) for item in value]
    return {key: escaped(item) for key, item in value.items()} if isinstance(value, dict) else value


_WORDS = {"string": "text", "number": "a number", "integer": "a whole number", "boolean": "true or false"}
_TYPES: Mapping[str, type | tuple[type, ...]] = {"string": str, "number": (int, float), "integer": int, "boolean": bool}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the project says of a variable. `type` None: any scalar. `default` is MISSING where there is none."""

    name: str
    type: str | None = None
    default: Any = MISSING
    required: bool = False
    description: str | None = None

    def holds(self, value: Any) -> bool:
        """Whether a value is of the declared type; null is of none, and no value where one is required."""
        if value is None or self.type is None:
            return value is not None or not (self.type or self.required)
        return isinstance(value, _TYPES[self.type]) and (self.type == "boolean" or not isinstance(value, bool))


def declarations(data: Map) -> dict[str, Declaration]:
    """The `variables` of a valid project file."""
    return {
        name: Declaration(
            name, item.get("type"), item.get("default", MISSING), item.get("required", False), item.get("description")
        )
        for name, item in (data.get("variables") or {}).items()
    }


def declaration_problems(data: Map) -> Iterator[Diagnostic]:
    """Defaults and values of environments that are not of the declared type, and undeclared names."""
    block = data.get("variables")
    if not isinstance(block, dict) or not all(
        isinstance(item, dict) and item.get("type") in (*_WORDS, None) and type(item.get("required", False)) is bool
        for item in block.values()
    ):
        return  # the schema complains
    declared = declarations(data)
    for name, item in declared.items():
        if item.default is not MISSING and not item.holds(item.default):
            found, steps = f"its default is {_found(item.default)}", ("variables", name, "default")
            yield _wrong(item, item.default, found, place_of(data, steps), join_pointer(steps))
    for environment, target in mappings_in(data, "environments").items():
        values = target.get("variables")
        for name, value in values.items() if isinstance(values, dict) and declared else ():
            path = ("environments", environment, "variables", name)
            if name not in declared:
                message, remedy = _unknown(name, declared)
                at, pointer = place_of(data, path, key=True), join_pointer(path)
                yield Diagnostic("variable-unknown", message, remedy, at, path=pointer)
            elif not declared[name].holds(value):
                found = f"in `{environment}` it is {_found(value)}"
                yield _wrong(declared[name], value, found, place_of(data, path), join_pointer(path))


def _found(value: Any) -> str:
    """A value of a file, in which the text `0.5` is not the number."""
    if value is None:
        return "nothing"
    return f"the text {shown(value)}" if isinstance(value, str) else shown(value)


def _wrong(item: Declaration, value: Any, found: str, place: Place | None, path: str | None = None) -> Diagnostic:
    """`found`: where, and what is there."""
    wanted = _WORDS[item.type] if item.type else "a value"
    end = ", in quotes." if item.type == "string" and value is not None else "."
    message, remedy = f"the variable `{item.name}` is {wanted}, but {found}", f"Write {wanted} for `{item.name}`"
    return Diagnostic("variable-type", message, f"{remedy}{_about(item)}{end}", place, path=path)


def _about(item: Declaration) -> str:
    return f" ({item.description})" if item.description else ""


def _unknown(name: str, known: Iterable[str]) -> tuple[str, str]:
    """Message and remedy."""
    names = sorted(known)
    there_are = f"There are: {listed(names)}." if names else "No manifest uses one and none is declared."
    return f"there is no variable {shown(name)}", did_you_mean(name, names, there_are)


def values_in(
    environment: str | None,
    defined: Mapping[str, Any],
    declared: Mapping[str, Declaration],
    overrides: Mapping[str, Any],
    at: Place | None,
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Each variable's value: declared default, then the environment's, then the command line's; and what is wrong.

    A text of the command line takes the declared type, else that of the value it replaces. `at`: the environment.
    """
    values = {name: item.default for name, item in declared.items() if item.default is not MISSING} | dict(defined)
    problems = []
    for name, override in overrides.items():
        item, place = declared.get(name), file_place(overrides, name)
        is_text = item.type == "string" if item and item.type else isinstance(values.get(name), str)
        value = override
        if place is None and isinstance(override, str) and not is_text:
            value = plain(override).value
        if item is None or item.holds(value):
            values[name] = value
        if declared and item is None:
            problems.append(unknown_override(name, overrides, declared))
        elif item is not None and not item.holds(value):
            found = f"here it is {_found(override)}" if place else f"on the command line it is {shown(override)}"
            problems.append(_wrong(item, override, found, place))
    if environment is not None:
        for name in (item.name for item in declared.values() if item.required and item.name not in values):
            about = _about(declared[name])
            message = f"environment `{environment}` has no value for the variable `{name}`{about}, which is required"
            remedy = f"Add `variables: {{{name}: …}}` to it, a `default` to its declaration, or --var {name}=…."
            problems.append(Diagnostic("variable-required", message, remedy, at))
    return values, problems


def unknown_override(name: str, overrides: Mapping[str, Any], known: Iterable[str]) -> Diagnostic:
    """A name on the command line, or in a variables file, that no manifest and no declaration knows."""
    message, remedy = _unknown(name, known)
    place = file_place(overrides, name)
    flag = "" if place else f"--var {name}: "
    return Diagnostic("variable-unknown", flag + message, remedy, place)


def file_place(overrides: Mapping[str, Any], name: str) -> Place | None:
    """The line of a variables file; None for what a flag says."""
    return overrides.keys_at.get(name) if isinstance(overrides, Map) else None
