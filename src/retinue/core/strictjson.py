"""JSON as RFC 8259 has it: Python's own reader also takes NaN and Infinity, and lets 1e999 become one. Pure."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from .model import Json


def _number(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text} is too large a number")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_number)


def loads(text: str) -> Json:
    """The value of a JSON text. Raises ValueError, and RecursionError for what is nested too deep."""
    return DECODER.decode(text)
