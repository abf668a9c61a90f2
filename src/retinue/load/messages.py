"""jsonschema's findings in words for beginners. Pure; knows neither files nor places."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Said(NamedTuple):
    """A code, a message, a remedy, and where: steps below the error's own path, at the key or at the value."""

    code: str
    message: str
    remedy: str
    steps: tuple[str | int, ...] = ()
    at_key: bool = False


_REMOVE = "Remove this line"
PASTED = {
    "id": ("`id` is the live object's own", f"{_REMOVE}; to keep the live object write `retinue: {{adopt: asst_…}}`."),
    "object": ("`object` comes from a pasted API object", f"{_REMOVE}."),
    "created_at": ("`created_at` is the service's own", f"{_REMOVE}."),
    "file_ids": (
        "`file_ids` belongs to the v1 API",
        "Write `tool_resources: {code_interpreter: {file_ids: […]}}`, or a vector store for file_search.",
    ),
}
LATER = {
    "promote_from": "Leave it out; environments are applied one by one with -e.",
    "on_drift": "Leave it out; drift is shown in every plan.",
    "account": "Leave it out.",
    "entra": "Leave it out; use `api_key: {command: […]}` to get a token.",
    "api_version": "Leave it out; this version has no Azure provider.",
}
_KINDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def shorten(value: Any) -> str:
    """A value as it may stand in a message: JSON, one line, at most 40 characters."""
    text = json.dumps(value, ensure_ascii=True) if not isinstance(value, str) else value
    text = "".join(char if char.isprintable() else "�" for char in text)
    return f"`{text if len(text) <= 40 else text[:39] + '…'}`"


def _found(value: Any) -> str:
    if isinstance(value, bool):
        return f"{shorten(value)}, which is true or false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return (
        "nothing" if value is None else f"the number {shorten(value)}" if not isinstance(value, str) else shorten(value)
    )


def special_value(error: Any) -> Said | None:
    """Values with a story of their own."""
    path = list(error.absolute_path)
    if path == ["api_key"] or (path[-1:] == ["api_key"] and error.validator == "type"):
        remedy = "Write `api_key: {env: NAME}` (or file, or command). If it was a real key, revoke it now."
        return Said("literal-secret", "a key must not stand in this file", remedy)
    if error.validator == "enum" and error.instance == "retrieval":
        remedy = "Write `type: file_search`, and the files as a vector store in `tool_resources`."
        return Said("v1-tool", "the tool `retrieval` belongs to the v1 API", remedy)
    if error.validator == "maxProperties" and path[-1:] == ["metadata"]:
        remedy = (
            f"Remove {len(error.instance) - error.validator_value}; retinue keeps its marker in two of the API's 16."
        )
        return Said("too-many", f"{len(error.instance)} metadata pairs, at most {error.validator_value}", remedy)
    if error.validator == "type" and path[-1:] == ["response_format"]:
        return Said(
            "wrong-type", "`response_format` is `auto` or a mapping", "Write `{type: json_object}`, for example."
        )
    if error.validator == "enum" and path[-1:] == ["response_format"]:
        return Said(
            "not-allowed", f"{shorten(error.instance)} is no response format", "Write `auto`, or a mapping with `type`."
        )
    return None


def describe(error: Any, name: str) -> Said:
    """A finding about one value."""
    say = _SAY.get(error.validator)
    if say is None:
        return Said("invalid", f"{name}: {shorten(error.message)}", "See the manifest reference.")
    return say(error, name)


def _wrong_type(error: Any, name: str) -> Said:
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else error.validator_value
    listed = " or ".join(_KINDS[item] for item in wanted if item != "null")
    remedy = f"Write {listed}."
    if "string" in wanted and isinstance(error.instance, (int, float, bool)):
        remedy = "Put it in quotes to make it text."
    elif isinstance(error.instance, str) and {"number", "integer", "boolean"} & set(wanted):
        remedy = f"Write {listed}, without quotes."
    return Said("wrong-type", f"{name} must be {listed}, not {_found(error.instance)}", remedy)


def _not_allowed(error: Any, name: str) -> Said:
    values = error.validator_value if error.validator == "enum" else [error.validator_value]
    words = [str(value) for value in values if value is not None]
    close = difflib.get_close_matches(str(error.instance).replace("-", "_"), words, 1, 0.6)
    listed = ", ".join(f"`{word}`" for word in words)
    remedy = f"Did you mean `{close[0]}`? Allowed: {listed}." if close else f"Allowed: {listed}."
    return Said("not-allowed", f"{name} cannot be {_found(error.instance)}", remedy)


def _range(error: Any, name: str) -> Said:
    low, high = error.schema.get("minimum"), error.schema.get("maximum")
    return Said(
        "out-of-range", f"{name} is {error.instance}, outside {low} to {high}", f"Write a number from {low} to {high}."
    )


def _too_long(error: Any, name: str) -> Said:
    length, most = len(error.instance), error.validator_value
    remedy = f"Shorten it by {length - most:,} characters."
    return Said("too-long", f"{name} has {length:,} characters, at most {most:,}", remedy)


def _too_many(error: Any, name: str) -> Said:
    count, most = len(error.instance), error.validator_value
    return Said("too-many", f"{name} has {count} entries, at most {most}", f"Remove {count - most}.")


def _too_few(error: Any, name: str) -> Said:
    return Said("too-few", f"{name} must not be empty", "Write at least one.")


def _pattern(error: Any, name: str) -> Said:
    remedies = {
        "^[a-z0-9][a-z0-9-]*$": "Use a-z, 0-9 and -, beginning with a letter or digit.",
        "^[a-zA-Z0-9_-]+$": "Use letters, digits, _ and - only.",
        "^[A-Z][A-Za-z]*/[a-z0-9][a-z0-9-]*$": "An address looks like Assistant/math-tutor.",
        "^/": "A JSON pointer begins with /, for example /temperature.",
    }
    remedy = remedies.get(error.validator_value, f"It must match {error.validator_value}.")
    return Said("bad-name", f"{name} cannot be {shorten(error.instance)}", remedy)


_SAY: dict[str, Callable[[Any, str], Said]] = {
    "type": _wrong_type,
    "enum": _not_allowed,
    "const": _not_allowed,
    "minimum": _range,
    "maximum": _range,
    "maxLength": _too_long,
    "maxItems": _too_many,
    "maxProperties": _too_many,
    "minLength": _too_few,
    "minItems": _too_few,
    "minProperties": _too_few,
    "pattern": _pattern,
}
