"""What the Assistants v2 API refuses in a body, in its words. Its own reading of the reference, on purpose.

Source: OpenAI API reference, Create and Modify assistant; the published OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import ApiError

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_TOOLS = ("code_interpreter", "file_search", "function")
_FORMATS = ("text", "json_object", "json_schema")
_NAMES = {str: "string", bool: "boolean", int: "integer", float: "decimal", list: "array", dict: "object"}


def _an(name: str) -> str:
    return f"an {name}" if name[0] in "aio" else f"a {name}"


def wrong_type(path: str, expected: str, value: Any) -> ApiError:
    found = "null" if value is None else _an(_NAMES[type(value)])
    return ApiError(
        400,
        f"Invalid type for '{path}': expected {expected}, but got {found} instead.",
        code="invalid_type",
        param=path,
    )


def wrong_value(path: str, value: Any, supported: tuple[str, ...]) -> ApiError:
    listed = ", ".join(f"'{item}'" for item in supported)
    message = f"Invalid value: '{value}'. Supported values are: {listed}."
    return ApiError(400, message, code="invalid_value", param=path)


def missing(path: str) -> ApiError:
    return ApiError(400, f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path)


def unknown(path: str) -> ApiError:
    return ApiError(400, f"Unknown parameter: '{path}'.", code="unknown_parameter", param=path)


def too_long(path: str, length: int, most: int, what: str) -> ApiError:
    kind = {"string": "string", "array": "array", "object": "an object"}[what]
    noun = "length" if what == "string" else "number of properties" if what == "object" else "length"
    code = (
        {"string": "string", "array": "array", "object": "object"}[what]
        + "_above_max_"
        + ("properties" if what == "object" else "length")
    )
    message = (
        f"Invalid '{path}': {kind} too {'long' if what != 'object' else 'large'}."
        f" Expected {_an(what)} with maximum {noun} {most}, but got {_an(what)} with {noun} {length} instead."
    )
    return ApiError(400, message, code=code, param=path)


def text(path: str, value: Any, most: int | None = None) -> None:
    if not isinstance(value, str):
        raise wrong_type(path, "a string", value)
    if most is not None and len(value) > most:
        raise too_long(path, len(value), most, "string")


def members(
    path: str, value: Any, known: Mapping[str, Callable[[str, Any], None]], required: tuple[str, ...] = ()
) -> None:
    """An object with these members and no other; null stands for an absent member."""
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)
    for key in required:
        if value.get(key) is None:
            raise missing(f"{path}.{key}")
    for key, item in value.items():
        if key not in known:
            raise unknown(f"{path}.{key}")
        if item is not None:
            known[key](f"{path}.{key}", item)


def number(low: float, high: float, *, whole: bool = False) -> Callable[[str, Any], None]:
    def check(path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise wrong_type(path, "an integer" if whole else "a decimal", value)
        if not low <= value <= high:
            side, code = ("below minimum", "below_min") if value < low else ("above maximum", "above_max")
            bound = low if value < low else high
            raise ApiError(
                400,
                f"Invalid '{path}': {'integer' if whole else 'decimal'} {side} value. Expected a value"
                f" {'>=' if value < low else '<='} {bound}, but got {value} instead.",
                code=f"{'integer' if whole else 'decimal'}_{code}_value",
                param=path,
            )

    return check


def listed(most: int, item: Callable[[str, Any], None]) -> Callable[[str, Any], None]:
    def check(path: str, value: Any) -> None:
        if not isinstance(value, list):
            raise wrong_type(path, "an array", value)
        if len(value) > most:
            raise too_long(path, len(value), most, "array")
        for index, entry in enumerate(value):
            item(f"{path}[{index}]", entry)

    return check


def one_of(*values: str) -> Callable[[str, Any], None]:
    def check(path: str, value: Any) -> None:
        text(path, value)
        if value not in values:
            raise wrong_value(path, value, values)

    return check


def boolean(path: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise wrong_type(path, "a boolean", value)


def anything(path: str, value: Any) -> None:
    """A free-form object, such as a JSON Schema."""
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)


def limited(most: int) -> Callable[[str, Any], None]:
    return lambda path, value: text(path, value, most)


def identifier(path: str, value: Any) -> None:
    text(path, value, 64)
    if not value or not all(char.isascii() and (char.isalnum() or char in "_-") for char in value):
        message = f"Invalid '{path}': string does not match pattern. Expected a string that matches '^[a-zA-Z0-9_-]+$'."
        raise ApiError(400, message, code="invalid_value", param=path)


def metadata(path: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)
    if len(value) > 16:
        raise too_long(path, len(value), 16, "object")
    for key, item in value.items():
        if len(key) > 64:
            raise too_long(f"{path} key", len(key), 64, "string")
        text(f"{path}.{key}", item, 512)


def _ranking(path: str, value: Any) -> None:
    known = {"ranker": one_of("auto", "default_2024_08_21"), "score_threshold": number(0, 1)}
    members(path, value, known, ("score_threshold",))


def _search(path: str, value: Any) -> None:
    members(path, value, {"max_num_results": number(1, 50, whole=True), "ranking_options": _ranking})


def _function(path: str, value: Any) -> None:
    known = {"name": identifier, "description": limited(1024), "parameters": anything, "strict": boolean}
    members(path, value, known, ("name",))


def tool(path: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)
    kind = value.get("type")
    if kind is None:
        raise missing(f"{path}.type")
    one_of(*_TOOLS)(f"{path}.type", kind)
    known: dict[str, Callable[[str, Any], None]] = {"type": text}
    if kind == "file_search":
        known["file_search"] = _search
    if kind == "function":
        known["function"] = _function
    members(path, value, known, ("function",) if kind == "function" else ())


def response_format(path: str, value: Any) -> None:
    if value == "auto":
        return
    if not isinstance(value, dict):
        raise wrong_type(path, "one of 'auto' or an object", value)
    if value.get("type") is None:
        raise missing(f"{path}.type")
    one_of(*_FORMATS)(f"{path}.type", value["type"])
    if value["type"] != "json_schema":
        members(path, value, {"type": text})
        return

    def schema(inner: str, body: Any) -> None:
        known = {"name": identifier, "description": text, "schema": anything, "strict": boolean}
        members(inner, body, known, ("name",))

    members(path, value, {"type": text, "json_schema": schema}, ("json_schema",))


def tool_resources(path: str, value: Any) -> None:
    files = {"file_ids": listed(20, text)}
    stores = {"vector_store_ids": listed(1, text)}
    members(
        path,
        value,
        {
            "code_interpreter": lambda inner, body: members(inner, body, files),
            "file_search": lambda inner, body: members(inner, body, stores),
        },
    )


FIELDS: dict[str, Callable[[str, Any], None]] = {
    "model": text,
    "name": limited(256),
    "description": limited(512),
    "instructions": limited(256_000),
    "tools": listed(128, tool),
    "tool_resources": tool_resources,
    "metadata": metadata,
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "response_format": response_format,
    "reasoning_effort": one_of(*_EFFORTS),
}
