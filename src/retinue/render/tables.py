"""Addresses and live ids in the form that applications read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from .safe import clean


def env_text(ids: Mapping[str, str]) -> str:
    """`RETINUE_ASSISTANT_MATH_TUTOR=asst_…` for every address, sorted; an id can start no line and no command."""
    return "".join(f"{_variable(address)}={shlex.quote(clean(ids[address]))}\n" for address in sorted(ids))


def _variable(address: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", address)
    return "RETINUE_" + re.sub(r"[^A-Z0-9]+", "_", words.upper())
