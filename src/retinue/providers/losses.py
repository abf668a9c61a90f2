"""What a service cannot hold of a manifest: found in its record, weighed by `on_loss`, left out of what is compared.

The one place that decides it, for every provider. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from ..core.canonical import canonical, canonical_value, same
from ..core.migrate import Row, Verdict
from ..core.model import MISSING, Desired, Diagnostic, Fields, Json, Kind, Severity
from ..core.pointer import split_pointer, without
from ..core.problem import listed, shown
from ..core.references import addresses_in, ids_in
from ..schema import EXTRAS
from .base import Capabilities, Support
from .lenient import numbered

LOSS = "capability"
"""The code of a diagnostic that says what is lost. A provider's `check` and `resolve` may add such ones, by path."""
ALIKE = "approximated"
"""The code of one that says how something is held that the service does not have in that form."""

OnLoss: TypeAlias = str | Mapping[str, str]
"""`error`, `warn` or `allow`: for every field, or by field; what is not named has its default."""

_LATER_TOOLS = ("mcp", "web_search")
"""The portable tools that the Assistants v2 protocol does not have."""
OVERLAY = "Take it out here, or leave it out for this environment in an overlay."
_ACCEPT = " Or accept it:"
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
        remedy = f"{found.remedy or OVERLAY}{_ACCEPT} `on_loss: {{{field.name}: warn}}` in the environment."
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


def verdicts(
    before: Fields,
    after: Desired,
    kind: Kind,
    record: Capabilities,
    found: Iterable[Diagnostic],
    unheld: Iterable[Diagnostic],
) -> Iterator[Row]:
    """What becomes of each field of a manifest at another service.

    `before`: as the service that it comes from holds it. `found`: what was found, and weighed, of it at the new one;
    `unheld`: what would be of all that it says there, also where a layer leaves that out here.
    """
    mine, why = [*found], {item.path: item.message for item in unheld if item.code == LOSS}
    yield from (row for item in mine if _field(item) not in kind.fields and (row := _told(item)))
    old, new, rest = (canonical(spec, kind) for spec in (before, after.spec, held(after, mine).spec))
    for name, field in kind.fields.items():
        told = [row for item in mine if _field(item) == name and (row := _told(item))]
        yield from told
        was, now, whole = (
            old.get(name, MISSING),
            new.get(name, MISSING),
            {it.verdict for it in told if it.path == f"/{name}"},
        )
        if same(now, field.shape.default) and not told and not same(was, field.shape.default):
            yield Row(f"/{name}", Verdict.LOST, why.get(f"/{name}", f"`{name}` is taken out for this environment"))
        elif not same(left := rest.get(name, MISSING), field.shape.default) and Verdict.REFUSED not in whole:
            rows = [*_otherwise(name, was, now, left, kind, record)]
            yield from (row for row in rows if row.verdict not in whole)
            parts, items = {row.path for row in told}, after.spec.get(name)
            everything = isinstance(items, list) and all(f"/{name}/{index}" in parts for index in range(len(items)))
            if not (rows or whole or everything):
                yield Row(f"/{name}", Verdict.KEPT, "the rest of it" if told else "")


def _field(item: Diagnostic) -> str:
    return split_pointer(item.path)[0] if item.path else ""


def _told(item: Diagnostic) -> Row | None:
    """What a finding says of the move."""
    is_error, path = item.severity is Severity.ERROR, item.path or ""
    if item.code == LOSS:
        # What can be done about every loss is said once.
        remedy = (item.remedy or "").partition(_ACCEPT)[0].removeprefix(OVERLAY).strip()
        return Row(path, Verdict.LOST, item.message, remedy or None, item.place, not is_error)
    if is_error or item.code == ALIKE:
        verdict = Verdict.REFUSED if is_error else Verdict.APPROXIMATED
        return Row(path, verdict, item.message, item.remedy, item.place, not is_error)
    return None


def _otherwise(name: str, was: Json, now: Json, left: Json, kind: Kind, record: Capabilities) -> Iterator[Row]:
    """Why a field that is held is not simply kept; `left`: what of it is held."""
    path, (support, note) = f"/{name}", record.fields.get(kind.name, {}).get(name, (Support.NATIVE, ""))
    if support is Support.EMULATED:
        yield Row(path, Verdict.APPROXIMATED, f"`{name}` is {note}")
    if name != EXTRAS and was is not MISSING and not same(was, now):
        yield Row(path, Verdict.APPROXIMATED, f"`{name}`: {shown(was)} becomes {shown(now)}")
    if made := addresses_in({name: left}, kind):
        names = ", ".join(map(str, made[:3])) + (f" and {len(made) - 3} more" if len(made) > 3 else "")
        yield Row(path, Verdict.AGAIN, f"{names}: made again from this project, with a new id")
    if ids := sorted(value for _, value in ids_in({name: left}, kind)):
        note = f"{listed(ids[:3])}: live ids, which only the account that they are from knows"
        yield Row(path, Verdict.AGAIN, note, "Bring what they stand for into Git, or write the ids that it has here.")
