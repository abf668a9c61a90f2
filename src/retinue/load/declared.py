"""The variables that retinue.yaml declares, and what each is in one environment. Pure; replaces nothing in texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.model import MISSING, Diagnostic, Place
from ..core.spelling import did_you_mean
from .located import Map, place_of
from .said import listed, shown
from .scalars import plain

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
    """Defaults and values of environments that are not of the declared type, and names that nobody declared."""
    if not _is_valid(data.get("variables")):
        return
    declared = declarations(data)
    for name, item in declared.items():
        if item.default is not MISSING and not item.holds(item.default):
            yield _wrong(item, item.default, "its default is", data, ("variables", name, "default"))
    environments = data.get("environments")
    for environment, target in environments.items() if isinstance(environments, dict) else ():
        values = target.get("variables") if isinstance(target, dict) else None
        for name, value in values.items() if isinstance(values, dict) and declared else ():
            path = ("environments", environment, "variables", name)
            if name not in declared:
                message, remedy = _unknown(name, declared)
                yield Diagnostic("variable-unknown", message, remedy, place_of(data, path, key=True), path=_path(path))
            elif not declared[name].holds(value):
                yield _wrong(declared[name], value, f"in `{environment}` it is", data, path)


def _is_valid(block: Any) -> bool:
    """The schema complains of anything else."""
    return isinstance(block, dict) and all(
        isinstance(item, dict) and item.get("type") in (*_WORDS, None) and type(item.get("required", False)) is bool
        for item in block.values()
    )


def _path(path: Iterable[str]) -> str:
    return "".join(f"/{step}" for step in path)


def _wrong(item: Declaration, value: Any, where: str, data: Map, path: tuple[str, ...]) -> Diagnostic:
    message, remedy = _mismatch(item, value, f"{where} {_found(value)}")
    return Diagnostic("variable-type", message, remedy, place_of(data, path), path=_path(path))


def _found(value: Any) -> str:
    """A value of a file, in which the text `0.5` is not the number."""
    if value is None:
        return "nothing"
    return f"the text {shown(value)}" if isinstance(value, str) else shown(value)


def _mismatch(item: Declaration, value: Any, found: str) -> tuple[str, str]:
    """Message and remedy. `found`: where, and what is there."""
    about = f" ({item.description})" if item.description else ""
    wanted = _WORDS[item.type] if item.type else "a value"
    remedy = f"Write {wanted} for `{item.name}`{about}"
    end = ", in quotes." if item.type == "string" and value is not None else "."
    return f"the variable `{item.name}` is {wanted}, but {found}", remedy + end


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
    for name, given in overrides.items():
        item, place = declared.get(name), written(overrides, name)
        value = _typed(given, item, values.get(name)) if place is None else given
        if item is None or item.holds(value):
            values[name] = value
        if declared and item is None:
            problems.append(unknown_override(name, overrides, declared))
        elif item is not None and not item.holds(value):
            found = f"on the command line it is {shown(given)}" if place is None else f"here it is {_found(given)}"
            message, remedy = _mismatch(item, given, found)
            problems.append(Diagnostic("variable-type", message, remedy, place))
    if environment is not None:
        unset = (item for item in declared.values() if item.required and item.name not in values)
        problems += [_missing(item, environment, at) for item in unset]
    return values, problems


def _typed(given: Any, item: Declaration | None, replaced: Any) -> Any:
    kind = item.type if item else None
    is_text = kind == "string" or (kind is None and isinstance(replaced, str))
    return given if is_text or not isinstance(given, str) else plain(given).value


def unknown_override(name: str, overrides: Mapping[str, Any], known: Iterable[str]) -> Diagnostic:
    """A name on the command line, or in a variables file, that no manifest and no declaration knows."""
    message, remedy = _unknown(name, known)
    place = written(overrides, name)
    flag = "" if place else f"--var {name}: "
    return Diagnostic("variable-unknown", flag + message, remedy, place)


def written(overrides: Mapping[str, Any], name: str) -> Place | None:
    """The line of a variables file; None for what a flag says."""
    return overrides.keys_at.get(name) if isinstance(overrides, Map) else None


def _missing(item: Declaration, environment: str | None, at: Place | None) -> Diagnostic:
    about = f" ({item.description})" if item.description else ""
    message = f"environment `{environment}` has no value for the variable `{item.name}`{about}, which is required"
    remedy = f"Add `variables: {{{item.name}: …}}` to it, a `default` to its declaration, or --var {item.name}=…."
    return Diagnostic("variable-required", message, remedy, at)
