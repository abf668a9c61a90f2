"""How the OpenAI API refuses a value: types, lengths, numbers, choices, in its words. Knows no kind of object.

Source: OpenAI API reference, errors, and recorded answers. Its own reading, so that it can disagree with retinue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import ApiError
from .limits import FUNCTION, LONGEST_KEY, LONGEST_VALUE, MOST_PAIRS

Check = Callable[[str, Any], None]
"""Takes a path such as `tools[0].type` and the value there; raises ApiError 400."""

_NAMES = {str: "string", bool: "boolean", int: "integer", float: "decimal", list: "array", dict: "object"}


def _an(name: str) -> str:
    return f"an {name}" if name[0] in "aio" else f"a {name}"


def wrong_type(path: str, expected: str, value: Any) -> ApiError:
    found = "null" if value is None else _an(_NAMES[type(value)])
    message = f"Invalid type for '{path}': expected {expected}, but got {found} instead."
    return ApiError(400, message, code="invalid_type", param=path)


def wrong_value(path: str, value: Any, supported: tuple[str, ...]) -> ApiError:
    *most, last = [f"'{item}'" for item in supported]
    listed = f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}" if most else last
    message = f"Invalid value: '{value}'. Supported values are: {listed}."
    return ApiError(400, message, code="invalid_value", param=path)


def missing(path: str) -> ApiError:
    return ApiError(400, f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path)


def unknown(path: str) -> ApiError:
    return ApiError(400, f"Unknown parameter: '{path}'.", code="unknown_parameter", param=path)


def too_long(path: str, length: int, most: int, what: str) -> ApiError:
    """`what` is `string` or `array`."""
    message = (
        f"Invalid '{path}': {what} too long. Expected {_an(what)} with maximum length {most},"
        f" but got {_an(what)} with length {length} instead."
    )
    return ApiError(400, message, code=f"{what}_above_max_length", param=path)


def text(path: str, value: Any, most: int | None = None) -> None:
    if not isinstance(value, str):
        raise wrong_type(path, "a string", value)
    if most is not None and len(value) > most:
        raise too_long(path, len(value), most, "string")


def limited(most: int, least: int = 0) -> Check:
    def check(path: str, value: Any) -> None:
        text(path, value, most)
        if len(value) < least:
            message = f"Invalid '{path}': string too short. Expected a string with minimum length {least}."
            raise ApiError(400, message, code="string_below_min_length", param=path)

    return check


def stated(value: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without what is null."""
    return {name: item for name, item in (value or {}).items() if item is not None}


def body(value: Any, known: Mapping[str, Check], never_null: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body of a request with these members and no other; some of them may not be null. Raises ApiError 400."""
    if not isinstance(value, dict):
        raise ApiError(400, "We could not parse the JSON body of your request.")
    for name, item in value.items():
        if name not in known:
            raise unknown(name)
        if item is not None or name in never_null:
            known[name](name, item)
    return value


def members(path: str, value: Any, known: Mapping[str, Check], required: tuple[str, ...] = ()) -> None:
    """An object with these members and no other; null stands for an absent member."""
    anything(path, value)
    for key in required:
        if value.get(key) is None:
            raise missing(f"{path}.{key}")
    for key, item in value.items():
        if key not in known:
            raise unknown(f"{path}.{key}")
        if item is not None:
            known[key](f"{path}.{key}", item)


def closed(known: Mapping[str, Check], *required: str) -> Check:
    return lambda path, value: members(path, value, known, required)


def number(low: float, high: float, *, whole: bool = False) -> Check:
    kind = "integer" if whole else "decimal"

    def check(path: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise wrong_type(path, _an(kind), value)
        if low <= value <= high:
            return
        side, sign, bound = ("below min", ">=", low) if value < low else ("above max", "<=", high)
        message = (
            f"Invalid '{path}': {kind} {side}imum value. Expected a value {sign} {bound}, but got {value} instead."
        )
        raise ApiError(400, message, code=f"{kind}_{side.replace(' ', '_')}_value", param=path)

    return check


def within(schema: Mapping[str, Any]) -> Check:
    """A number between the bounds that a JSON Schema states."""
    return number(schema["minimum"], schema["maximum"], whole="integer" in schema["type"])


def listed(most: int, item: Check) -> Check:
    def check(path: str, value: Any) -> None:
        if not isinstance(value, list):
            raise wrong_type(path, "an array", value)
        if len(value) > most:
            raise too_long(path, len(value), most, "array")
        for index, entry in enumerate(value):
            item(f"{path}[{index}]", entry)

    return check


def one_of(*values: str) -> Check:
    def check(path: str, value: Any) -> None:
        text(path, value)
        if value not in values:
            raise wrong_value(path, value, values)

    return check


def or_text(words: Check, otherwise: Check) -> Check:
    return lambda path, value: (words if isinstance(value, str) else otherwise)(path, value)


def variant(
    known: Mapping[str, Mapping[str, Check] | None], required: Mapping[str, tuple[str, ...]] = {}, tag: str = "type"
) -> Check:
    """An object whose `tag` says which other members it has; None: any."""

    def check(path: str, value: Any) -> None:
        anything(path, value)
        if value.get(tag) is None:
            raise missing(f"{path}.{tag}")
        one_of(*known)(f"{path}.{tag}", value[tag])
        if (those := known[value[tag]]) is not None:
            members(path, value, {tag: text, **those}, required.get(value[tag], ()))

    return check


def texts(path: str, value: Any) -> None:
    if not isinstance(value, list):
        raise wrong_type(path, "an array of strings", value)
    for index, item in enumerate(value):
        text(f"{path}[{index}]", item)


def boolean(path: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise wrong_type(path, "a boolean", value)


def anything(path: str, value: Any) -> None:
    """A free-form object, such as a JSON Schema."""
    if not isinstance(value, dict):
        raise wrong_type(path, "an object", value)


def identifier(path: str, value: Any) -> None:
    """a-z, A-Z, 0-9, _ and -."""
    text(path, value, FUNCTION["name"]["maxLength"])
    if not value or not all(char.isascii() and (char.isalnum() or char in "_-") for char in value):
        message = (
            f"Invalid '{path}': string does not match pattern."
            " Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        )
        raise ApiError(400, message, code="invalid_value", param=path)


def metadata(path: str, value: Any) -> None:
    """A few pairs of short strings."""
    anything(path, value)
    if len(value) > MOST_PAIRS:
        message = (
            f"Invalid '{path}': too many properties. Expected an object with at most {MOST_PAIRS} properties,"
            f" but got an object with {len(value)} properties instead."
        )
        raise ApiError(400, message, code="object_above_max_properties", param=path)
    for key, item in value.items():
        if len(key) > LONGEST_KEY:
            message = (
                f"Invalid '{path}': key too long. Expected keys with maximum length {LONGEST_KEY},"
                f" but got a key with length {len(key)} instead."
            )
            raise ApiError(400, message, code="string_above_max_length", param=path)
        text(f"{path}.{key}", item, LONGEST_VALUE)
