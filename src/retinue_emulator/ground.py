"""What every part of the emulator stands on: its store, how it behaves just now, its time, its ids."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import NamedTuple

from .faults import Behaviour
from .store import Store

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    """Such as `asst_` and 24 letters and digits."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(24))


class Ground(NamedTuple):
    """`behaviour`: as it is at this moment. `now`: seconds since 1970. `new_id`: an id with a prefix."""

    store: Store
    behaviour: Callable[[], Behaviour]
    now: Callable[[], float]
    new_id: Callable[[str], str] = new_id
