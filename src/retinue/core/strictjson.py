"""JSON as RFC 8259 has it: Python's own reader also takes NaN and Infinity, and lets 1e999 become one. Pure.

`loads` is for what people write; `received` takes any value that a service may hold, and `sendable` writes one.
"""

from __future__ import annotations

import gc
import json
import math
import re
from collections.abc import Callable
from typing import Any, NoReturn

from .model import Json

DEEPEST = 150
"""Levels that are read as such: more than a manifest can have, and few enough for every function that goes down."""
_LIST = DEEPEST + 1
"""Of a list of objects, which does not count itself."""
TOO_DEEP = "(nested too deep)"
_LONG = 300
"""Digits from which on an integer may be more than a double holds."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def _decoder(too_large: Callable[[str], Any]) -> json.JSONDecoder:
    """A reader in which the digits of a number that no double holds become what `too_large` makes of them."""

    def real(text: str) -> Any:
        value = float(text)
        return too_large(text) if math.isinf(value) else value

    def whole(text: str) -> Any:
        return too_large(text) if len(text) >= _LONG and math.isinf(float(text)) else int(text)

    def no_constant(name: str) -> NoReturn:
        raise ValueError(f"{name} is not a JSON value")

    return json.JSONDecoder(parse_constant=no_constant, parse_float=real, parse_int=whole)


def _refused(digits: str) -> NoReturn:
    raise ValueError(f"{digits[:20]} is too large a number")


DECODER, _ANY = _decoder(_refused), _decoder(str)


def loads(text: str) -> Json:
    """The value of a JSON text. Raises ValueError, and RecursionError for what is nested too deep."""
    value = DECODER.decode(text)
    if _is_deep(value):
        raise RecursionError(f"values are nested deeper than {DEEPEST} levels")
    return value


def received(text: str, *, listed: bool = False) -> Json:
    """The value of a JSON text of others; `listed`: a list of objects, or one in an envelope. Raises ValueError.

    What no program can work with becomes text: a number that no computer holds is its digits, and of an object that is
    nested more than DEEPEST levels the rest is TOO_DEEP.
    """
    text = text.removeprefix("\ufeff")
    try:
        value = _ANY.decode(text)
    except RecursionError:
        try:
            value = _ANY.decode(_flattened(text))
        except RecursionError as error:  # only where brackets do not match
            raise ValueError("brackets are never closed") from error
    if not _is_deep(value):
        return value
    if listed and isinstance(value, dict):
        return {key: _bounded(item, _LIST if isinstance(item, list) else DEEPEST) for key, item in value.items()}
    return _bounded(value, _LIST if listed and isinstance(value, list) else DEEPEST)


def _bounded(value: Json, left: int = DEEPEST) -> Json:
    """An object is cut at the same level whether it was asked for by itself or came in a list."""
    if not isinstance(value, dict | list):
        return value
    if not left:
        return TOO_DEEP
    if isinstance(value, list):
        return [_bounded(item, left - 1) for item in value]
    return {key: _bounded(item, left - 1) for key, item in value.items()}


def _is_deep(value: Json) -> bool:
    level = [value]
    for _ in range(DEEPEST - 1):
        # Only what holds a list or a mapping is tracked for certain, and both calls are fast.
        level = [*filter(gc.is_tracked, gc.get_referents(*level))]
        if not level:
            return False
    return any(type(item) in (dict, list) for item in gc.get_referents(*level))


def _flattened(text: str) -> str:
    """The same JSON without what lies far below anything that is looked at, for a parser that goes down itself."""
    parts, depth, done, start = [], 0, 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == 2 * DEEPEST:
                start = token.start()
        elif token[0] in "]}":
            depth -= 1
            if depth == 2 * DEEPEST - 1:
                parts += [text[done:start], f'"{TOO_DEEP}"']
                done = token.end()
    return "".join([*parts, text[done:]])


def sendable(value: Any) -> bytes:
    """The JSON of a value as it goes over the wire; half of a surrogate pair, which UTF-8 cannot hold, as an escape."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return escaped(text).encode("utf-8")


def is_unicode(text: str) -> bool:
    """True if UTF-8 can hold it: JSON may name half of a surrogate pair, which no file and few services take."""
    return text.isascii() or _SURROGATE.search(text) is None


def escaped(text: str) -> str:
    """The same JSON text with each half of a surrogate pair as an escape."""
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
