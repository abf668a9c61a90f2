"""The identity of an object that authors see. Knows nothing of kinds, markers or live ids."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """The only identity that authors see, written `Assistant/math-tutor`."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"
