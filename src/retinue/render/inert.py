"""Puts texts from outside into Markdown so that nothing in them is markup, a mention, a link or a command.

Everything foreign stands in a code span, in a fence or in a `<code>` element: the three places where GitHub and GitLab
neither read markup nor notify anybody.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from .safe import clean, defuse

_TICKS = re.compile("`+")
# A line `/close` of a note is an order to GitLab: no line of ours is one, whatever GitLab takes for code.
_QUICK = re.compile(r"^([^\S\n]*)/", re.MULTILINE)
_LINK_SAFE = "%/:?#@!$&'*+,;=~"


def units(text: str) -> int:
    """Its length as the stricter of the hosts counts: characters beyond the basic plane are two."""
    return len(text) + sum(char > "\uffff" for char in text)


def code(text: str) -> str:
    """A code span of one line."""
    line = defuse(clean(text)) or " "
    ticks = "`" * (max((len(run) for run in _TICKS.findall(line)), default=0) + 1)
    pad = " " if line.strip(" ") and (line[0] in "` " or line[-1] in "` ") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def html_code(text: str) -> str:
    """The same for inside an HTML block, where Markdown is not read."""
    import html  # with its tables of names: only where something is shown

    return f"<code>{html.escape(defuse(clean(text)))}</code>"


def fence(text: str, language: str = "") -> str:
    """A fenced block. Its lines are clean already; no run of backticks in it is as long as the fence."""
    body = _QUICK.sub(r"\1\\/", defuse(text))
    ticks = "`" * max(3, max((len(run) for run in _TICKS.findall(body)), default=0) + 1)
    return f"{ticks}{language}\n{body}\n{ticks}"


def folded(summary: str, body: str, *, is_open: bool = False) -> str:
    """A section that opens and closes on a click. `summary` is HTML, `body` Markdown."""
    return f"<details{' open' if is_open else ''}><summary>{summary}</summary>\n\n{body}\n\n</details>"


def link(text: str, url: str | None) -> str:
    """`[text](url)`; the text alone where there is no URL that a reader could follow."""
    return f"[{text}]({quote(url, safe=_LINK_SAFE)})" if url and is_web_address(url) else text


def is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url
