"""Finds secrets that stand in an object itself, by where they stand: in a header, a URL, a member of a telling name.

A service may hold them; a file, a plan or a page never does. Pure; the keys of a run are another matter (masking.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from operator import is_
from typing import Any
from urllib.parse import unquote_plus

from .canonical import Shared
from .masking import MASK
from .model import MISSING, Json, Kind
from .pointer import join_pointer

SECRET = re.compile(
    r"(?i:(?:^|[^a-z])(?:(?:api|access|private|secret)[_-]?key|password|passwd|secret|token)$)"
    r"|[A-Za-z0-9](?:ApiKey|APIKey|Password|Passwd|Secret|Token)$"
)
"""The name of a value that is most likely a secret."""
_HEADER = re.compile(r"(?i)(?:authorization|cookie|-auth|-key)$")
_SIGNED = re.compile(r"(?i)(?:bearer|basic|digest|token)\s+\S")
"""How the value of a header begins that signs a request."""
_IN_QUERY = frozenset(("key", "sig", "signature", "code", "auth"))
_URL = re.compile(r"([a-z][a-z0-9+.-]*://)([^/?#\s]*@)?([^?#\s]*)(\?[^#\s]*)?(#\S*)?", re.IGNORECASE)


def signs(header: str, value: str = "") -> bool:
    """True if a header of this name, or with this value, is one that signs a request."""
    return bool(_HEADER.search(header) or SECRET.search(header) or _SIGNED.match(value))


def screened(spec: Mapping[str, Json], kind: Kind, *, mask: bool = True) -> tuple[dict[str, Json], tuple[str, ...]]:
    """`spec` with `[key]` in the place of each secret, or with nothing there, and the pointers to these places.

    Plain texts and free maps of texts, such as `metadata`, are the author's own words, and stay.
    """
    found: list[str] = []
    put: Any = MASK if mask else MISSING

    def walk(value: Json, steps: tuple[str | int, ...], name: str, within: str) -> Json:
        """`name`: of the nearest member that this is the value of; `within`: of what holds that."""
        if isinstance(value, dict):
            label = value.get("name", value.get("key"))
            items = [
                # `{name: Authorization, value: …}` is a header too.
                (key, walk(item, (*steps, key), str(label) if key == "value" and label else key, name))
                for key, item in value.items()
            ]
            if all(item is value[key] for key, item in items):
                return value
            return {key: item for key, item in items if item is not MISSING}
        if isinstance(value, list):
            if isinstance(value, Shared) and (screened, name, within) in value.notes:
                return value  # nothing was found in it
            walked = [walk(item, (*steps, index), name, within) for index, item in enumerate(value)]
            if all(map(is_, walked, value)):
                if isinstance(value, Shared):
                    value.notes[screened, name, within] = True
                return value
            return [item for item in walked if item is not MISSING]
        if not isinstance(value, str) or not value:
            return value
        is_header = within.lower().endswith("headers") or name.lower().endswith(("authorization", "cookie"))
        new = put if SECRET.search(name) or (is_header and signs(name, value)) else _without_secrets(value, put)
        if new == value:
            return value
        found.append(join_pointer(steps))
        return new

    fields = {name: field.shape for name, field in kind.fields.items() if name in spec}
    inside = [name for name, shape in fields.items() if shape.values is None and isinstance(spec[name], dict | list)]
    return {**spec, **{name: walk(spec[name], (name,), name, "") for name in inside}}, tuple(found)


_KEY = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(?<![A-Za-z0-9])(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|AKIA|ASIA)(?P<tail>[A-Za-z0-9_-]{16,})"
    r"|(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,2048}\.eyJ[A-Za-z0-9_-]{8,2048}\."
    r"|(?i:(?:api[_-]?key|password|passwd|secret|token))[\"']?\s*[:=]\s*[\"']?(?P<value>[A-Za-z0-9+/_.~-]{12,})"
)
"""How keys of common services begin, and what is called a key and looks like one."""
_USER = re.compile(r"(?i)(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}://[^/?#\s:@]{0,256}:[^/?#\s]{1,256}@")
"""A URL with a password, in a text. All that repeats is bounded: a prompt may have 256,000 characters."""
_VARIED = 8
"""So many different characters a key has at least; a placeholder such as `sk-xxxxxxxxxxxxxxxxxxxx` has fewer."""


@lru_cache(maxsize=4096)
def key_in(text: str) -> int | None:
    """Where in a plain text something begins that is most likely a key; None if there is nothing of the kind."""
    for found in _KEY.finditer(text):
        tail, value = found["tail"], found["value"]
        mixed = value is None or (any(map(str.isdigit, value)) and any(map(str.isalpha, value)))
        if mixed and len(set(tail or value or found[0])) >= _VARIED:
            return found.start()
    with_user = _USER.search(text)
    return with_user.start() if with_user else None


def key_like(spec: Mapping[str, Json], kind: Kind) -> Iterator[tuple[tuple[str, ...], int]]:
    """The plain texts and the values of free maps, such as `metadata`, that hold what looks like a key; and where."""
    for name, field in kind.fields.items():
        value = spec.get(name)
        if isinstance(value, str) and (at := key_in(value)) is not None:
            yield (name,), at
        elif field.shape.values is not None and isinstance(value, dict):
            for key, item in value.items():
                if not isinstance(item, str):
                    continue
                named = SECRET.search(key) and len(item) >= _VARIED and not re.search(r"\s", item)
                found = 0 if named else key_in(item)
                if found is not None:
                    yield (name, key), found


def _without_secrets(text: str, put: Any) -> str:
    """A text that is a URL, without its user info and the secrets of its query."""
    parts = _URL.fullmatch(text)
    if parts is None:
        return text
    scheme, user, rest, query, fragment = (part or "" for part in parts.groups())
    pairs = []
    for pair in query[1:].split("&") if query else ():
        name, _, value = pair.partition("=")
        plain = unquote_plus(name)
        if not value or not (SECRET.search(plain) or plain.lower() in _IN_QUERY):
            pairs.append(pair)
        elif put is not MISSING:
            pairs.append(f"{name}={put}")
    user = f"{put}@" if user and put is not MISSING else ""
    return f"{scheme}{user}{rest}{'?' if pairs else ''}{'&'.join(pairs)}{fragment}"
