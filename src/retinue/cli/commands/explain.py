"""`retinue explain`: what is behind the code of a message, from the page of all messages, offline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import click

from ...core.errors import UsageError
from ...core.spelling import did_you_mean
from .. import console, helping


@helping.command("explain", None, "variable-undefined")
@click.argument(
    "code", shell_complete=lambda _ctx, _parameter, typed: [it for it in explained() if it.startswith(typed)]
)
def command(*, code: str) -> int:
    """Explain the code of a message, such as `too-long` or `brake`."""
    known = explained()
    if code not in known:
        raise UsageError(f"there is no code {code}", did_you_mean(code, known, "Copy it as a message prints it."))
    console.result("\n".join(known[code]))
    return 0


def explained() -> Mapping[str, tuple[str, str]]:
    """By code: the code, its section, and its explanation there."""
    packed = resources.files("retinue") / "messages.md"
    # A checkout has the page where people read it.
    page = packed if packed.is_file() else Path(__file__).parents[4] / "docs" / "messages.md"
    found, section = {}, ""
    for line in page.read_text(encoding="utf-8").splitlines():
        section = line.removeprefix("## ") if line.startswith("## ") else section
        if line.startswith("| `"):
            _, codes, text, *_ = re.split(r"(?<!\\)\|", line)
            about = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text.strip()).replace("\\|", "|")
            for code in re.findall("`([a-z0-9-]+)`", codes):
                found[code] = (f"{code} ({section})", f"  {about[:1].upper()}{about[1:]}.")
    return found
