"""The meaning of a plain (unquoted) YAML scalar: the YAML 1.2 core schema, less what YAML readers disagree on."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from ..core.patterns import pattern

_WORDS: dict[str, Any] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SWITCHES = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_NUMERIC_START = frozenset("+-.0123456789")

_INTEGER = pattern(r"[-+]?(?:0|[1-9][0-9]*)")
_HEXADECIMAL = pattern(r"0x[0-9a-fA-F]+")
_FLOAT = pattern(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = pattern(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_ZERO_LED = pattern(
    r"[-+]?(?:0[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|0o[0-7_]+|0b[01_]+|0x[0-9a-fA-F]*_[0-9a-fA-F_]*)"
)
_GROUPED = pattern(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?|[-+]?[0-9]+\.[0-9]*_[0-9_]*")
_SEXAGESIMAL = pattern(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE = pattern(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]*)?)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?)?"
)
_LONGEST_NUMBER = 100


class Plain(NamedTuple):
    """The scalar's value to us. `doubt` says what else others take it for, `remedy` what to write instead."""

    value: Any
    doubt: str | None = None
    remedy: str = ""


@lru_cache(maxsize=4096)
def plain(text: str) -> Plain:
    """The meaning of `text`, written without quotes. Where there is a doubt, the value is the text itself."""
    if text in _WORDS:
        return Plain(_WORDS[text])
    if text[0] in _NUMERIC_START:
        return _numeric(text)
    switch = _SWITCHES.get(text.lower()) if len(text) <= 3 else None
    if switch is None:
        return Plain(text)
    remedy = f'Write {switch} for the boolean, or put the text in quotes: "{text}".'
    return Plain(text, "is text to some YAML readers and a boolean to others", remedy)


def _numeric(text: str) -> Plain:
    if len(text) > _LONGEST_NUMBER:
        if _FLOAT.fullmatch(text) or _HEXADECIMAL.fullmatch(text) or _ZERO_LED.fullmatch(text):
            doubt = f"is a number of more than {_LONGEST_NUMBER} digits"
            return Plain(text, doubt, "Put it in quotes if it is text.")
        return Plain(text)
    if _INTEGER.fullmatch(text):
        return Plain(int(text))
    if _HEXADECIMAL.fullmatch(text):
        return Plain(int(text, 16))
    if _FLOAT.fullmatch(text):
        number = float(text)
        return Plain(number) if abs(number) != float("inf") else _no_number(text)
    if _NOT_FINITE.fullmatch(text):
        return _no_number(text)
    for form, doubt in _DOUBTS:
        if form.fullmatch(text):
            return Plain(text, doubt, f'Put it in quotes if it is text: "{text}". A number is written in plain digits.')
    return Plain(text)


_DOUBTS = (
    (_ZERO_LED, "is a different number, or text, to different YAML readers (leading zero)"),
    (_DATE, "is text to some YAML readers and a date to others"),
    (_SEXAGESIMAL, "is text to some YAML readers and a number in base 60 to others"),
    (_GROUPED, "is text to some YAML readers and a number to others (underscore)"),
)


def _no_number(text: str) -> Plain:
    return Plain(text, "is not a finite number, and JSON has no other", f'Put it in quotes if it is text: "{text}".')
