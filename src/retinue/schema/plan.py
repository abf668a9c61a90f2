"""The JSON Schemas of a plan and of an apply's result, for scripts. Pure; follows the enumerations of the model.

Open on purpose: keys, reasons and codes may be added under the same first number of `format_version`.
"""

from __future__ import annotations

from typing import Any

from ..core.allowed import FORMS, Form
from ..core.model import Action, Cause, Json, Reason, Severity, Status

_TEXT: Json = {"type": "string"}
_MAYBE: Json = {"type": ["string", "null"]}
_COUNT: Json = {"type": "integer", "minimum": 0}
_ADDRESS: Json = {"type": "string", "pattern": "^[^/]+/.+$"}
_POINTER: Json = {"type": "string", "pattern": "^/"}
_DIGEST: Json = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}


def plan_schema() -> dict[str, Json]:
    """Of what `plan --format json` prints and `apply` takes, and of what it prints instead where it failed."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A retinue plan",
        "description": "Format 2. Ignore keys that you do not know; refuse another first number of format_version.",
        "oneOf": [{"$ref": "#/definitions/plan"}, {"$ref": "#/definitions/failure"}],
        "definitions": {
            "plan": _plan(),
            "change": _change(),
            "field": _object(
                {
                    "path": {**_POINTER, "description": "A JSON pointer into the object."},
                    "before": {"description": "null in a create."},
                    "after": {},
                    "cause": {"enum": [cause.value for cause in Cause], "description": "Who moved it."},
                }
            ),
            "obstacle": _object({"code": _TEXT, "message": _TEXT, "remedies": _list(_TEXT)}),
            "diagnostic": _diagnostic(),
            "failure": _object(
                {
                    "format_version": _version(),
                    "outcome": {"enum": ["error"]},
                    "exit_code": {"type": "integer", "minimum": 1},
                    "diagnostics": _list({"$ref": "#/definitions/diagnostic"}),
                }
            ),
        },
    }


def result_schema() -> dict[str, Json]:
    """Of what `apply --format json` prints, and destroy, promote, adopt and forget, however they end."""
    counts = [action.value for action in Action] + [status.value for status in Status]
    step = {
        "address": _ADDRESS,
        "action": {"enum": [action.value for action in Action if action is not Action.NO_OP]},
        "status": {"enum": [status.value for status in Status]},
        "remote_id": _MAYBE,
        "error": _MAYBE,
        "remedy": _MAYBE,
    }
    result = _object(
        {
            "outcome": {
                "enum": ["applied", "held", "no-changes", "partial", "blocked", "stale", "interrupted", "error"]
            },
            "exit_code": {"type": "integer", "minimum": 0},
            "results": _list(_object(step)),
            "summary": _object(dict.fromkeys(counts, _COUNT)),
            "diagnostics": _list({"$ref": "#/definitions/diagnostic"}),
            "project": {**_TEXT, "description": "Left out, as `environment` is, where there is no plan."},
            "environment": _TEXT,
            "format_version": {**_version(), "description": "Only where there is no plan."},
        },
        optional=("project", "environment", "format_version"),
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The result of an apply",
        "description": "Ignore keys that you do not know.",
        **result,
        "definitions": {"diagnostic": _diagnostic()},
    }


def _plan() -> dict[str, Json]:
    counts = {action.value: _COUNT for action in Action} | {"blocked": _COUNT, "held": _COUNT}
    allowed = {code: {**_said(form), "description": f"--allow {form.written(code)}"} for code, form in FORMS.items()}
    inputs: dict[str, Json] = {
        "var": {"type": "object", "additionalProperties": _TEXT, "description": "The texts of --var."},
        "var_file": {"type": "object", "description": "The values of variables files."},
        "target": _list(_TEXT),
        "exclude": _list(_TEXT),
        "select": _list(_TEXT),
    }
    return _object(
        {
            "format_version": _version(),
            "retinue_version": _TEXT,
            "project": _TEXT,
            "environment": _TEXT,
            "provider": _TEXT,
            "endpoint": _TEXT,
            "promotion": _object({"environment": _TEXT, "verified": {"type": "boolean"}}),
            "complete": {"type": "boolean", "description": "false if the plan was narrowed."},
            "allowed": _object(allowed, optional=tuple(allowed)),
            "inputs": _object(inputs, optional=tuple(inputs)),
            "summary": _object(counts),
            "changes": _list({"$ref": "#/definitions/change"}),
            "diagnostics": _list({"$ref": "#/definitions/diagnostic"}),
            "outcome": {"enum": ["no-changes", "changes", "blocked"]},
            "digest": _DIGEST,
        },
        optional=("promotion", "inputs"),
    )


def _said(form: Form) -> dict[str, Json]:
    """What stands in `allowed` after a code."""
    if form.sign == "=":
        return dict(_COUNT)
    forms = [{"enum": [True]}] * form.fits(True) + [_list(_ADDRESS)] * (form.sign == ":")
    return forms[0] if len(forms) == 1 else {"oneOf": forms}


def _change() -> dict[str, Json]:
    obstacle: Json = {"oneOf": [{"type": "null"}, {"$ref": "#/definitions/obstacle"}]}
    return _object(
        {
            "address": _ADDRESS,
            "action": {"enum": [action.value for action in Action if action is not Action.NO_OP]},
            "reason": {**_TEXT, "examples": [reason.value for reason in Reason]},
            "remote_id": _MAYBE,
            "fields": _list({"$ref": "#/definitions/field"}),
            "expect": {"oneOf": [{"type": "null"}, _DIGEST]},
            "requires": _list(_ADDRESS),
            "blocked": obstacle,
            "held": obstacle,
            "marker": _object({"asked": _TEXT, "protected": {"type": "boolean"}}),
            "ignored": _list(_POINTER),
            "moved_from": _TEXT,
            "display_name": _TEXT,
            "resolved": {"type": "object", "additionalProperties": _TEXT, "description": "Live ids by address."},
        },
        optional=("ignored", "moved_from", "display_name", "resolved"),
    )


def _diagnostic() -> dict[str, Json]:
    return _object(
        {
            "severity": {"enum": [severity.value for severity in Severity]},
            "code": _TEXT,
            "message": _TEXT,
            "remedy": _MAYBE,
            "file": {**_MAYBE, "description": "Relative to the project folder."},
            "line": {"type": ["integer", "null"]},
            "column": {"type": ["integer", "null"]},
            "address": _MAYBE,
            "path": _MAYBE,
        }
    )


def _version() -> dict[str, Json]:
    return {"type": "string", "pattern": r"^2\.[0-9]+$"}


def _object(properties: dict[str, Json], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }


def _list(items: Json) -> dict[str, Json]:
    return {"type": "array", "items": items}
