"""Explicit allowances, by the code that a block prints, and its one spelling: `CODE[=N|:ADDRESS]`. Pure.

Which block a code lifts, core/policy.py and core/promotion.py decide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from .values import dataclass, field

Extent: TypeAlias = Literal[True] | int | tuple[str, ...]
"""How far a code is allowed: as such (True), for a number, or for addresses."""


class Form(NamedTuple):
    """How a code is written: what follows it after which sign, and if that may be left out."""

    sign: Literal["", "=", ":"] = ""
    what: str = ""
    optional: bool = False

    def written(self, code: str) -> str:
        rest = f"{self.sign}{self.what}"
        return f"{code}[{rest}]" if self.optional else f"{code}{rest}"

    def fits(self, extent: object) -> bool:
        if extent is True:
            return self.optional or not self.sign
        if self.sign == "=":
            return type(extent) is int and extent >= 0
        return self.sign == ":" and isinstance(extent, tuple)


_NAMED: Final = Form(":", "ADDRESS")
FORMS: Mapping[str, Form] = {
    "brake": Form("=", "N"),
    "protected": _NAMED,
    "twin": Form(":", "ADDRESS", optional=True),
    "incomplete": Form(),
    "drift": _NAMED,
    "unpromoted": _NAMED,
    "renamed": _NAMED,
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """The allowances given when a plan was made; kept under the plan's digest. False if nothing was."""

    codes: Mapping[str, Extent] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.codes)

    def covers(self, code: str, address: object = None) -> bool:
        """Tells if a code was allowed for an address; without one, as such."""
        extent = self.codes.get(code, ())
        return extent is True or (isinstance(extent, tuple) and str(address) in extent)

    def number(self, code: str) -> int | None:
        extent = self.codes.get(code)
        return extent if type(extent) is int else None

    def named(self, code: str) -> tuple[str, ...]:
        extent = self.codes.get(code)
        return extent if isinstance(extent, tuple) else ()

    def without(self, code: str) -> Allowed:
        return Allowed({other: extent for other, extent in self.codes.items() if other != code})

    def flags(self) -> list[str]:
        """As one would type it: each a flag of its own."""
        found = []
        for code, extent in sorted(self.codes.items()):
            rest = ("",) if extent is True else extent if isinstance(extent, tuple) else (extent,)
            sign = "" if extent is True else ":" if isinstance(extent, tuple) else "="
            found += [f"--allow {code}{sign}{item}" for item in rest]
        return found


def flag(code: str, about: object = None) -> str:
    """The ready-made flag that a block prints. `about`: the number or the address."""
    return f"--allow {code}" if about is None else f"--allow {code}{FORMS[code].sign}{about}"
