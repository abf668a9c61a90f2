"""The variables that retinue.yaml declares, their values in one environment, and their replacement in parsed text.

Pure: reads no environment; the values are handed in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..core.model import MISSING, Diagnostic, Place
from ..core.pointer import join_pointer
from ..core.problem import listed, shown
from ..core.spelling import did_you_mean
from ..core.values import dataclass, field
from .builder import MAX_PROBLEMS
from .files import MAX_BYTES, place_in
from .located import Map, mappings_in, place_of
from .scalars import plain

REQUIRED = "variable-required"
_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_WHOLE = re.compile(rf"\$\{{var\.({_NAME})\}}")
_PART = re.compile(
    rf"(?P<escape>\$\$\{{)|\$\{{var\.(?P<name>{_NAME})\}}"
    r"|\$\{(?P<other>\{[^{}\n]*\}(?=\})|[^{}\n]*)(?P<end>\}?)"
)
_MEANT = re.compile(rf"[{{\s.]*(?:{_NAME}\.)*({_NAME})")


@dataclass(frozen=True, slots=True, eq=False)
class Variables:
    """The variables of one environment. `elsewhere`: those of the others, for manifests that are not in this one.

    `used` collects the names that were asked for. `missing`: what is said already of those that have to have a value.
    """

    values: Mapping[str, Any]
    environment: str | None = None
    elsewhere: Mapping[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    missing: Mapping[str, Diagnostic] = field(default_factory=dict)

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
        if name in self.missing:
            return self.missing[name]
        where = "no environment was chosen" if self.environment is None else f"environment `{self.environment}`"
        known = f"Variables that are defined: {', '.join(sorted(self.values)) or 'none'}."
        remedy = did_you_mean(name, self.values, known, "${{var.{}}}")
        remedy += f" Define it with `variables: {{{name}: …}}` in retinue.yaml or with --var {name}=…."
        return Diagnostic("variable-undefined", f"the variable `{name}` is not defined ({where})", remedy, at)


TEMPLATE = re.compile(r"\$?\{[{%](.*?)[%}]\}|<%=?(.*?)%>|\$\(?(\w+)\)?|%\{?(\w+)[%}]")
"""How other tools write a variable."""


def meant_variable(text: str) -> str:
    """`${var.x}` for what stands between the signs of another tool's template: `x`, ` .Values.x `, `env.x`."""
    found = _MEANT.match(text)
    return f"${{var.{found[1] if found else 'NAME'}}}"


def _no_variable(found: re.Match[str], at: Place) -> Diagnostic:
    shown = found[0] if len(found[0]) <= 40 else found[0][:39] + "…"
    message = f"`{shown}` is not a variable" if found["end"] else f"`{shown}` is a variable that never ends"
    remedy = f"For a variable write `{meant_variable(found['other'])}`; for a literal ${{ write $${{."
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
    """A variable as the project declares it. `type` None: any scalar. `default` is MISSING where there is none."""

    name: str
    type: str | None = None
    default: Any = MISSING
    required: bool = False
    description: str | None = None
    place: Place | None = None

    def holds(self, value: Any) -> bool:
        """True if a value is of the declared type; null is of none, and no value where one is required."""
        if value is None or self.type is None:
            return value is not None or not (self.type or self.required)
        return isinstance(value, _TYPES[self.type]) and (self.type == "boolean" or not isinstance(value, bool))


def declarations(data: Map) -> dict[str, Declaration]:
    """The `variables` of a valid project file."""
    known = ("type", "default", "required", "description")
    return {
        name: Declaration(
            name, place=data["variables"].keys_at[name], **{key: item[key] for key in known if key in item}
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
            yield _wrong(item, f"its default is {_found(item.default)}", data, ("variables", name, "default"))
    # By variable and value, the environments that have it: a mistake shared by several is reported once, at the first.
    wrong: dict[str, dict[str, list[str]]] = {}
    for environment, target in mappings_in(data, "environments").items():
        values = target.get("variables")
        for name, value in values.items() if isinstance(values, dict) and declared else ():
            # The schema complains about values that are not scalars.
            if not isinstance(value, dict | list) and not (name in declared and declared[name].holds(value)):
                wrong.setdefault(name, {}).setdefault(_found(value), []).append(environment)
    for name, by_value in wrong.items():
        found = [environment for those in by_value.values() for environment in those]
        path = ("environments", found[0], "variables", name)
        if name in declared:
            values = ", ".join(f"in {listed(by_value[value])} it is {value}" for value in by_value)
            yield _wrong(declared[name], values, data, path)
        else:
            message, remedy = _unknown(name, declared)
            message += f" (environments {listed(found)})" if len(found) > 1 else ""
            at, pointer = place_of(data, path, key=True), join_pointer(path)
            yield Diagnostic("variable-unknown", message, remedy, at, path=pointer)


def _wrong(item: Declaration, found: str, data: Map, path: tuple[str, ...]) -> Diagnostic:
    """`found`: where, and what is there."""
    message, remedy = _mismatch(item, found)
    return Diagnostic("variable-type", message, remedy, place_of(data, path), path=join_pointer(path))


def _found(value: Any) -> str:
    """A value of a file, in which the text `0.5` is not the number."""
    if value is None:
        return "nothing"
    return f"the text {shown(value)}" if isinstance(value, str) else shown(value)


def _mismatch(item: Declaration, found: str) -> tuple[str, str]:
    """Message and remedy."""
    wanted = _WORDS[item.type] if item.type else "a value"
    remedy = f"Write {wanted} for `{item.name}`{_about(item)}"
    end = ", in quotes." if item.type == "string" and not found.endswith("nothing") else "."
    return f"the variable `{item.name}` is {wanted}, but {found}", remedy + end


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
) -> tuple[dict[str, Any], list[Diagnostic]]:
    """Each variable's value: declared default, then the environment's, then the command line's; and what is wrong.

    A text of the command line takes the declared type, else that of the value it replaces.
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
            message, remedy = _mismatch(item, found)
            problems.append(Diagnostic("variable-type", message, remedy, place))
    if environment is not None:
        for name in (item.name for item in declared.values() if item.required and item.name not in values):
            about = _about(declared[name])
            message = f"the variable `{name}`{about} is required and has no value (environment `{environment}`)"
            remedy = f"Add `variables: {{{name}: …}}` to the environment, a `default` here, or --var {name}=…."
            pointer = join_pointer(("variables", name))
            problems.append(Diagnostic(REQUIRED, message, remedy, declared[name].place, path=pointer))
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
