"""A plan as its one plain JSON value and back; the digest by which people approve it. No files, no printing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .allowed import FORMS, Allowed, Extent
from .canonical import canonical_json, digest, plain, plain_shared
from .errors import UsageError
from .marker import format_entries, parse_entries, parse_owner
from .model import (
    Action,
    Address,
    Cause,
    Change,
    Diagnostic,
    FieldChange,
    Inputs,
    Json,
    MarkChange,
    Obstacle,
    Place,
    Plan,
    Promotion,
    Reason,
    Serving,
    Severity,
)
from .strictjson import escaped

FORMAT_VERSION = "2.0"
"""The lowest that the content of a plan needs: a key that a reader has to know would ask for a higher second number."""
_READ = ("1", "2")
_CODES_IN_1 = {
    "deletes": "brake",
    "twins": "twin",
    "unprotected": "protected",
    "reverted": "drift",
    "unpromoted": "unpromoted",
    "renamed": "renamed",
}
"""Their names in format 1."""
_PROTECT, ACCEPTED = "/retinue/protect", "/retinue/accepted"
_SELECTION = ("target", "exclude", "select")
_NOT_IN_DIGEST = ("digest", "retinue_version", "diagnostics")


def outcome(plan: Plan) -> str:
    """`blocked` if any step is, else `changes` or `no-changes`."""
    if any(change.blocked for change in plan.changes):
        return "blocked"
    return "changes" if plan.changes else "no-changes"


def summary(plan: Plan) -> dict[str, int]:
    """How many of each action, how many objects match, and how many steps are blocked or held."""
    counts = dict.fromkeys((action.value for action in Action), 0)
    for change in plan.changes:
        counts[change.action] += 1
    counts["no-op"] = plan.unchanged
    counts["blocked"] = sum(change.blocked is not None for change in plan.changes)
    counts["held"] = sum(change.held is not None for change in plan.changes)
    return counts


def plan_to_json(plan: Plan, version: str) -> dict[str, Json]:
    """The plan as docs/plan-format.md publishes it; `version` is retinue's own. A saved one as it is in its file."""
    if plan.document is not None:
        return dict(plan.document)
    value: dict[str, Json] = {
        **scope_to_json(plan, version),
        "allowed": {code: list(it) if isinstance(it, tuple) else it for code, it in plan.allowed.codes.items()},
        "summary": summary(plan),
        "changes": [_change_to_json(change) for change in plan.changes],
        "diagnostics": [diagnostic_to_json(diagnostic) for diagnostic in plan.diagnostics],
        "outcome": outcome(plan),
    }
    if plan.promotion is not None:
        value["promotion"] = {"environment": plan.promotion.environment, "verified": plan.promotion.verified}
    inputs = {
        "var": dict(plan.inputs.var),
        "var_file": plain(dict(plan.inputs.var_file)),
        **{name: sorted(set(getattr(plan.inputs, name))) for name in _SELECTION},
    }
    if given := {key: item for key, item in inputs.items() if item}:
        value["inputs"] = given
    value["digest"] = plan_digest(value)
    return value


def scope_to_json(plan: Plan, version: str) -> dict[str, Json]:
    """How everything begins that is published of a plan: its format, and what the plan is for."""
    return {
        "format_version": FORMAT_VERSION,
        "retinue_version": version,
        "project": plan.project,
        "environment": plan.environment,
        "provider": plan.provider,
        "endpoint": plan.endpoint,
        "complete": plan.complete,
    }


def plan_digest(value: Mapping[str, Json]) -> str:
    """sha256 of the plan's JSON without its digest, retinue's version and the diagnostics."""
    return digest({key: item for key, item in value.items() if key not in _NOT_IN_DIGEST})


def dump(value: Json) -> str:
    """Canonical JSON text with a final newline, as `--out` writes it; lone surrogates, which no file holds, escaped."""
    return escaped(canonical_json(value)) + "\n"


def published_fields(change: Change) -> tuple[FieldChange, ...]:
    """A step's fields as a plan shows them, followed by what changes in the marker alone, below `/retinue/`."""
    mark, found = change.mark, change.fields
    if mark.was_protected is not None:
        found = (*found, FieldChange(_PROTECT, mark.was_protected, change.protected))
    if mark.accepted:
        found = (*found, FieldChange(ACCEPTED, None, list(mark.accepted)))
    return found


def _change_to_json(change: Change) -> dict[str, Json]:
    value: dict[str, Json] = {
        "address": str(change.address),
        "action": change.action.value,
        "reason": str(change.reason),
        "remote_id": change.remote_id,
        "fields": [
            {
                "path": item.path,
                "before": plain_shared(item.before),
                "after": plain_shared(item.after),
                "cause": item.cause.value,
            }
            for item in published_fields(change)
        ],
        "expect": change.expect,
        "requires": [str(address) for address in change.requires],
        "blocked": _obstacle_to_json(change.blocked),
        "held": _obstacle_to_json(change.held),
        "marker": {"asked": format_entries(change.asked), "protected": change.protected},
    }
    optional = {
        "ignored": list(change.ignored) or None,
        "moved_from": None if change.moved_from is None else str(change.moved_from),
        "display_name": change.display_name,
        "serving": change.serving and change.serving._asdict(),
        "removal": change.removal or None,
        "resolved": {str(address): key for address, key in change.resolved.items()} or None,
    }
    return value | {key: item for key, item in optional.items() if item is not None}


def _obstacle_to_json(obstacle: Obstacle | None) -> Json:
    if obstacle is None:
        return None
    return {"code": obstacle.code, "message": obstacle.message, "remedies": list(obstacle.remedies)}


def diagnostic_to_json(diagnostic: Diagnostic) -> dict[str, Json]:
    return {
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "remedy": diagnostic.remedy,
        **(diagnostic.place._asdict() if diagnostic.place else dict.fromkeys(Place._fields)),
        "address": diagnostic.address,
        "path": diagnostic.path,
    }


def plan_from_json(value: Json) -> Plan:
    """The plan in a saved file. Raises UsageError if it is not one, is of an unknown major version or was edited."""
    if not isinstance(value, dict) or not isinstance(value.get("format_version"), str):
        raise UsageError(
            "this file does not hold a retinue plan", "Make one with `retinue plan --format json --out FILE`."
        )
    if value["format_version"].partition(".")[0] not in _READ:
        message = f"this plan has format {value['format_version']}, this retinue reads formats {' and '.join(_READ)}"
        raise UsageError(message, "Plan again with the retinue version that will apply it.")
    if value.get("outcome") == "error":
        raise UsageError(
            "this file holds a plan that failed", "Fix the problems that its diagnostics report and plan again."
        )
    try:
        if plan_digest(value) != value["digest"]:
            raise UsageError("this plan was changed after it was made: its digest does not match", "Plan again.")
        return _plan(value)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise UsageError(f"this plan cannot be read ({type(error).__name__}: {error})", "Plan again.") from error


def _plan(value: Mapping[str, Any]) -> Plan:
    inputs, proof = value.get("inputs", {}), value.get("promotion")
    allowed = value["allowed"]
    if value["format_version"].partition(".")[0] == "1":
        # A key of its own for each flag; nothing for what was not allowed.
        found = {code: allowed.get(word) for word, code in _CODES_IN_1.items()}
        found["incomplete"] = inputs.get("incomplete")
        allowed = {code: item for code, item in found.items() if item}
    return Plan(
        project=_text(value["project"]),
        environment=_text(value["environment"]),
        provider=_text(value["provider"]),
        endpoint=_text(value["endpoint"]),
        complete=value["complete"] is True,
        allowed=Allowed({_text(code): _extent(code, item) for code, item in allowed.items()}),
        changes=tuple(_change(item) for item in value["changes"]),
        unchanged=_count(value["summary"]["no-op"]),
        diagnostics=tuple(diagnostic_from_json(item) for item in value["diagnostics"]),
        promotion=None if proof is None else Promotion(_text(proof["environment"]), proof["verified"] is True),
        inputs=Inputs(
            var={_text(name): _text(item) for name, item in inputs.get("var", {}).items()},
            var_file={_text(name): item for name, item in inputs.get("var_file", {}).items()},
            **{name: tuple(map(_text, inputs.get(name, ()))) for name in _SELECTION},
        ),
        document=value,
    )


def _extent(code: str, value: Json) -> Extent:
    """The form of the text after a code in `allowed`; a code that is not known yet may be of any form."""
    extent: Extent = tuple(map(_text, value)) if isinstance(value, list) else value
    if not any(form.fits(extent) for form in ([FORMS[code]] if code in FORMS else FORMS.values())):
        raise ValueError(f"`{code}` cannot be allowed so")
    return extent


def diagnostic_from_json(value: Mapping[str, Any]) -> Diagnostic:
    file = _optional(value["file"])
    return Diagnostic(
        code=_text(value["code"]),
        message=_text(value["message"]),
        remedy=_optional(value["remedy"]),
        place=None if file is None else Place(file, _count(value["line"]), _count(value["column"])),
        address=_optional(value["address"]),
        path=_optional(value["path"]),
        severity=Severity(value["severity"]),
    )


def _change(value: Mapping[str, Any]) -> Change:
    action, reason, serving = Action(value["action"]), _text(value["reason"]), value.get("serving")
    fields = [
        FieldChange(_text(item["path"]), item["before"], item["after"], Cause(item["cause"]))
        for item in value["fields"]
    ]
    entries, protected = parse_entries(_text(value["marker"]["asked"]).split()), value["marker"]["protected"] is True
    if entries is None or format_entries(entries) != value["marker"]["asked"]:
        raise ValueError(f"the marker cannot be read: {value['marker']['asked']}")
    moved_from = parse_owner(_optional(value.get("moved_from")) or "")
    if moved_from is None and value.get("moved_from") is not None:
        raise ValueError(f"`{value['moved_from']}` is not a marker address")
    return Change(
        address=parse_address(value["address"]),
        action=action,
        reason=reason,
        remote_id=_optional(value["remote_id"]),
        fields=tuple(item for item in fields if item.path not in (_PROTECT, ACCEPTED)),
        expect=_optional(value["expect"]),
        requires=tuple(map(parse_address, value["requires"])),
        blocked=_obstacle(value["blocked"]),
        held=_obstacle(value["held"]),
        asked=entries,
        protected=protected,
        ignored=tuple(map(_pointer, value.get("ignored", ()))),
        moved_from=moved_from,
        display_name=_optional(value.get("display_name")),
        removal=_text(value.get("removal", "")),
        resolved={parse_address(key): _text(item) for key, item in value.get("resolved", {}).items()},
        serving=None if serving is None else Serving(_text(serving["now"]), _text(serving["then"])),
        mark=_mark_change({item.path: item for item in fields}, protected),
        # Facts that the format states by its reason alone; each step is checked against the world all the same.
        orphan=action is Action.DELETE and reason == Reason.ORPHAN,
        extra=action is Action.DELETE and reason == Reason.DUPLICATE,
        unused=action is Action.DELETE and reason == Reason.UNUSED,
        recognised=action is Action.ADOPT and reason == Reason.MARKER_LOST,
    )


def _mark_change(fields: Mapping[str, FieldChange], protected: bool) -> MarkChange:
    protect, accepted = fields.get(_PROTECT), fields.get(ACCEPTED)
    if protect is not None and (type(protect.before) is not bool or protect.after is not protected):
        raise ValueError(f"`{_PROTECT}` is not what the marker will say")
    if accepted is not None and not isinstance(accepted.after, list):
        raise TypeError(f"`{ACCEPTED}` is not a list of fields")
    return MarkChange(
        was_protected=None if protect is None else protect.before,
        accepted=() if accepted is None else tuple(map(_text, accepted.after)),
    )


def parse_address(text: str) -> Address:
    """`Assistant/math-tutor`. Raises ValueError."""
    kind, slash, name = _text(text).partition("/")
    if not (slash and kind and name):
        raise ValueError(f"`{text}` is not an address; one looks like Assistant/math-tutor")
    return Address(kind, name)


def _obstacle(value: Any) -> Obstacle | None:
    if value is None:
        return None
    return Obstacle(_text(value["code"]), _text(value["message"]), tuple(map(_text, value["remedies"])))


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(f"expected a count, found {type(value).__name__}")
    return value


def _pointer(value: Any) -> str:
    if not _text(value).startswith("/"):
        raise ValueError("a JSON pointer starts with /")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, found {type(value).__name__}")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _text(value)
