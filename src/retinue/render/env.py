"""Addresses and live ids in the form that applications read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from .safe import clean


def env_text(ids: Mapping[str, str]) -> str:
    """`RETINUE_ASSISTANT_MATH_TUTOR=asst_…` for every address, sorted; an id can start no line and no command."""
    return "".join(f"{_variable(address)}={shlex.quote(clean(ids[address]))}\n" for address in sorted(ids))


def clash(addresses: Iterable[str]) -> tuple[str, list[str]] | None:
    """The first variable that stands for more than one address, with these; None if there is none."""
    found: dict[str, list[str]] = {}
    for address in sorted(addresses):
        found.setdefault(_variable(address), []).append(address)
    return next(((name, same) for name, same in found.items() if len(same) > 1), None)


def _variable(address: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", address)
    return "RETINUE_" + re.sub(r"[^A-Z0-9]+", "_", words.upper())
