"""What a service cannot hold of a manifest: found in its record, weighed by `on_loss`, left out of what is compared.

The one place that decides it, for every provider. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from ..core.canonical import canonical_value, same
from ..core.model import MISSING, Desired, Diagnostic, Json, Kind, Severity
from ..core.pointer import split_pointer, without
from .base import Capabilities, Support
from .lenient import numbered

LOSS = "capability"
"""The code of a diagnostic that says what is lost. A provider's `check` and `resolve` may add such ones, by path."""

OnLoss: TypeAlias = str | Mapping[str, str]
"""`error`, `warn` or `allow`: for every field, or by field; what is not named has its default."""

_LATER_TOOLS = ("mcp", "web_search")
"""The portable tools that the Assistants v2 protocol does not have."""
OVERLAY = "Take it out here, or leave it out for this environment in an overlay."
_SEVERITIES = {"error": Severity.ERROR, "warn": Severity.WARNING, "allow": Severity.INFO}


def losses(desired: Desired, kind: Kind, record: Capabilities) -> Iterator[Diagnostic]:
    """One for each field that a manifest states and the record calls unsupported."""
    for name, (support, note) in record.fields.get(kind.name, {}).items():
        field = kind.fields.get(name)
        if support is not Support.UNSUPPORTED or field is None:
            continue
        value = canonical_value(desired.spec.get(name), field.shape)
        if value is not MISSING and not same(value, field.shape.default):
            yield Diagnostic(LOSS, f"`{name}` cannot be held: {note}", OVERLAY, path=f"/{name}")


def lost_tools(desired: Desired, where: str) -> Iterator[Diagnostic]:
    """One for each tool of a manifest that the Assistants v2 protocol does not have; `where` is what lacks it."""
    for index, tool in numbered(desired.spec.get("tools")):
        kind = tool.get("type")
        if kind in _LATER_TOOLS:
            message = f"the tool {kind} cannot be held: {where} has no such tool"
            remedy = f"{OVERLAY} A function of your application can stand for it."
            yield Diagnostic(LOSS, message, remedy, path=f"/tools/{index}")


def function_problems(tool: Mapping[str, Json], path: str) -> Iterator[Diagnostic]:
    """Of a function tool, where the service takes it with a description, and without `strict`."""
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict) or not function:
        return
    if not function.get("description"):
        message = "a function needs its `description` here: the service requires one"
        yield Diagnostic("agents-function", message, "Add `description: …`.", path=f"{path}/function")
    if function.get("strict"):
        message = "`strict` cannot be held: an agent does not promise arguments that follow the schema"
        remedy = "Take it out, and check the arguments in your application."
        yield Diagnostic(LOSS, message, remedy, path=f"{path}/function/strict")


def weighed(found: Diagnostic, kind: Kind, on_loss: OnLoss) -> Diagnostic:
    """A loss with the severity that the environment gives it; anything else as it is."""
    field = kind.fields.get(split_pointer(found.path or "/")[0])
    if found.code != LOSS or field is None:
        return found
    level = on_loss if isinstance(on_loss, str) else on_loss.get(field.name, "error" if field.essential else "warn")
    if level == "error":
        remedy = f"{found.remedy or OVERLAY} Or accept it: `on_loss: {{{field.name}: warn}}` in the environment."
        return replace(found, severity=Severity.ERROR, remedy=remedy)
    return replace(found, severity=_SEVERITIES[level], message=f"{found.message}; it is left out")


def held(resource: Desired, found: Iterable[Diagnostic]) -> Desired:
    """A manifest without what is lost: the rest can be compared, sent and remembered."""
    at = str(resource.address)
    lost = [item.path for item in found if item.code == LOSS and item.path and item.address in (None, at)]
    if not lost:
        return resource
    spec: dict[str, Json] = without(dict(resource.spec), lost)
    return replace(resource, spec=spec)
