"""A fault of a document before it has a place, and the words in which all messages show values. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple


class Problem(NamedTuple):
    """A code, a message, a remedy, and where: steps to a value, or to its key.

    `hidden`: the last step is text that must not be repeated.
    """

    code: str
    message: str
    remedy: str
    steps: tuple[str | int, ...] = ()
    at_key: bool = False
    hidden: bool = False


class Fault(NamedTuple):
    """A value that breaks its schema: the keyword it breaks (`enum`), what that wants, and the way to the value."""

    keyword: str
    wanted: Any
    value: Any
    path: tuple[str | int, ...]


class Spelled(float):
    """A number or boolean that is shown as its author wrote it."""

    def __new__(cls, value: float, text: str) -> Spelled:
        made = super().__new__(cls, value)
        made.text = text
        return made

    text: str


def shown(value: Any, limit: int = 40) -> str:
    """A value as it may stand in a message: one printable line, not too long."""
    text = value.text if isinstance(value, Spelled) else value
    text = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    # User info in a URL is a secret, and its query often holds one.
    text = re.sub(r"(://[^\s?]*\?)[^\s\"]+", r"\1…", re.sub(r"://\S*@", "://…@", text))
    line = "".join(char if char.isprintable() else "�" for char in " ".join(text[: 4 * limit].split()))
    return f"`{line if len(line) <= limit else line[: limit - 1] + '…'}`"


def path_name(path: Sequence[str | int]) -> str:
    """A value as a person would name it: `tools[0].type`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return shown(text, 80) if text else "the document"


def listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "nothing"
