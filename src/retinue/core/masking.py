"""Finds a key in a text, however it is written there, and puts `[key]` in its place. Pure.

Services, proxies and log lines repeat keys as JSON, URLs, HTML or base64 write them, wrapped or cut off.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from .model import Json
from .patterns import pattern

MASK = "[key]"
_SHORTEST, _LONG, _PART = 8, 16, 24
_ROUNDS = 4
_UNSEEN = (
    r"\x1b\[[0-9;]*[a-z]"
    r"|[\x00-\x1f\x7f-\x9f\xad\u034f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]+"
)
_ENTITIES = {
    **{"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'", "sol": "/", "plus": "+", "equals": "="},
    **{"lowbar": "_", "period": ".", "colon": ":"},
}
_NAMED = {**_ENTITIES, "0": "~", "1": "/"}
# A run of backslashes is one: every further pair of quotes doubles them. Keys are ASCII, so no other codes matter.
_ESCAPE = (
    r"\\{1,16}(?:u(?:0000)?00(?P<a>[0-9a-f]{2})|u\{0*(?P<b>[0-9a-f]{2})\}|x(?P<c>[0-9a-f]{2})|(?P<o>[01][0-7]{2})|[nrt]|(?P<p>[^\w\s]|_))"
    r"|%(?:u00)?(?P<d>[0-9a-f]{2})|~(?P<q>[01])|&\#x0*(?P<e>[0-9a-f]{2});|&\#0*(?P<n>[0-9]{2,3});"
    rf"|&(?P<w>{'|'.join(_ENTITIES)});"
)
_WRITTEN = rf"=\r?\n|\s+|{_UNSEEN}|{_ESCAPE}"
_FREQUENT = (("\\n", ""), ("\\r", ""), ("\\t", ""), ('\\"', '"'), ("\\/", "/"))


class Form(NamedTuple):
    """One way in which a key is written, in normal form. A text that holds `head` or `tail` holds too much of it."""

    whole: str
    head: str
    tail: str


class Key(NamedTuple):
    text: str
    forms: tuple[Form, ...]


def key_of(secret: str) -> Key | None:
    """None for what would hide ordinary words too: fewer than eight characters, or one short word in small letters."""
    if len(secret) < _SHORTEST or (len(secret) < _LONG and re.fullmatch("[a-z]+", secret)):
        return None
    return Key(secret, tuple(map(_form, (_normal(secret), *_encoded(secret.encode())))))


def _form(whole: str) -> Form:
    """Half of a long key gives it away, and of a longer one less."""
    part = min((len(whole) + 1) // 2, _PART) if len(whole) >= _LONG else len(whole)
    return Form(whole, whole[:part], whole[-part:])


def _encoded(secret: bytes) -> Iterator[str]:
    """In base64 at each of the three places where it can begin, less what its neighbours decide; and in hexadecimal."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + secret).decode()
        core = whole[(0, 2, 3)[before] : (before + len(secret)) * 8 // 6].lower()
        yield from {core, core.replace("+", "-").replace("/", "_")}
    yield secret.hex()


def masked(text: str, keys: Sequence[Key]) -> str:
    """The text without the keys. Where one can be read but not located, the whole text gives way."""
    for key in keys:
        text = text.replace(key.text, MASK)
    if not holds(text, keys):
        return text
    normal, places = _normal_with_places(text)
    forms = (form for key in keys for form in key.forms)
    spans = sorted((places[start][0], places[end - 1][1]) for form in forms for start, end in _found(normal, form))
    pieces, done = [], 0
    for start, end in spans:
        if end > done:
            pieces += [text[done:start], MASK] if start >= done else []
            done = end
    result = "".join([*pieces, text[done:]])
    return MASK if holds(result, keys) else result


def masked_json(value: Json, keys: Sequence[Key]) -> Json:
    """The value with every text in it, names of members too, as `masked` leaves it."""
    if isinstance(value, str):
        return masked(value, keys)
    if isinstance(value, dict):
        return {masked(name, keys): masked_json(item, keys) for name, item in value.items()}
    return [masked_json(item, keys) for item in value] if isinstance(value, list) else value


def holds(text: str, keys: Sequence[Key]) -> bool:
    """True if one of the keys can be read out of the text."""
    normal = _normal(text) if keys else ""
    return any(form.head in normal or form.tail in normal for key in keys for form in key.forms)


def _found(normal: str, form: Form) -> Iterator[tuple[int, int]]:
    """Where a text in normal form holds that much of a key, as far as it goes on there."""
    whole, head, tail = form
    at = normal.find(head)
    while at >= 0:
        end = at + len(head)
        while end < len(normal) and whole.startswith(normal[at : end + 1]):
            end += 1
        yield at, end
        at = normal.find(head, end)
    at = normal.find(tail)
    while at >= 0:
        start, end = at, at + len(tail)
        while start and whole.endswith(normal[start - 1 : end]):
            start -= 1
        yield start, end
        at = normal.find(tail, end)


def _normal(text: str) -> str:
    """Without escapes, white space and capitals. Large texts come here: the frequent is replaced without a regex."""
    text = text.replace("=\r\n", "").replace("=\n", "")
    for _ in range(_ROUNDS):
        before = text = "".join(text.split())
        if not text.isprintable():
            text = re.sub(_UNSEEN, "", text, flags=re.IGNORECASE)
        while "\\\\" in text:
            text = text.replace("\\\\", "\\")
        for written, meant in _FREQUENT if "\\" in text else ():
            text = text.replace(written, meant)
        if any(first in text for first in "\\%~&"):
            text = re.sub(_ESCAPE, _meant, text, flags=re.IGNORECASE)
        if text == before:
            break
    return text.lower()


def _normal_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """As `_normal`, with the first and the last place in the text of each character that is left.

    Some 45 times slower, so only for a text that holds a key. Where the two differ the whole text gives way.
    """
    places = [(at, at + 1) for at in range(len(text))]
    for _ in range(_ROUNDS + 1):
        left, where, last = [], [], 0
        for found in re.finditer(_WRITTEN, text, re.IGNORECASE):
            meant = _meant(found)
            left += [text[last : found.start()], meant]
            where += places[last : found.start()]
            where += [(places[found.start()][0], places[found.end() - 1][1])] if meant else []
            last = found.end()
        before, text = text, "".join([*left, text[last:]])
        places = where + places[last:]
        if text == before:
            break
    return "".join(char.lower() if char.isascii() else char for char in text), places


def _meant(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind is None:
        return ""
    if kind in "pwq":
        return _NAMED.get(found[kind].lower(), found[kind])
    return chr(int(found[kind], {"n": 10, "o": 8}.get(kind, 16)))


PLAIN = pattern(r"[A-Za-z_][A-Za-z_.-]{0,39}")
"""A name of a member, or a code of the service's own; an id has digits in it."""
_LARGEST = 1_000_000
"""A larger number may be a time or the number of an account."""


def texts_in(value: Json) -> Iterator[str]:
    """Every text in a JSON value, names of members too."""
    if isinstance(value, dict | list):
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from texts_in(item)
    elif isinstance(value, str):
        yield value


def told(value: Json, known: Container[str]) -> Json:
    """The value without a text that is not `known`, a large number, and a member's name that may be an id."""
    if isinstance(value, dict):
        return {
            key if key in known or PLAIN.fullmatch(key) else "(name)": told(item, known) for key, item in value.items()
        }
    if isinstance(value, list):
        return [told(item, known) for item in value]
    if isinstance(value, str):
        return value if not value or value in known else "(text)"
    return "(number)" if isinstance(value, int | float) and abs(value) > _LARGEST else value
