"""What `--allow CODE[=N|:ADDRESS]` says, as values. Decides nothing about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..core.codec import parse_address
from ..core.errors import UsageError
from ..core.spelling import closest


class Form(NamedTuple):
    """How a code is written: what follows it after which sign, and whether that may be left out."""

    sign: str
    what: str
    optional: bool = False

    def written(self, code: str) -> str:
        rest = f"{self.sign}{self.what}"
        return f"{code}[{rest}]" if self.optional else f"{code}{rest}"


FORMS: Mapping[str, Form] = {"renamed": Form(":", "ADDRESS")}
"""By the code that a block prints."""


def allowed_of(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """By code, what was named after it. Raises UsageError for an unknown code and for another form than the code's."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        parts = re.fullmatch(r"([^:=]*)([:=]?)(.*)", text, re.DOTALL)
        assert parts is not None  # every text is of this form
        code, sign, value = parts.groups()
        form = FORMS.get(code)
        if form is None:
            known = ", ".join(form.written(name) for name, form in FORMS.items())
            meant = closest(code, FORMS)
            hint = f"Did you mean `{meant}`? " if meant else ""
            raise UsageError(f"--allow {text}: there is no code `{code}`", f"{hint}Known: {known}.")
        if (sign, bool(value)) != (form.sign, bool(form.sign)) and not (form.optional and not sign):
            raise UsageError(f"--allow {text}: `{code}` is written {form.written(code)}", _AS_PRINTED)
        if form.what == "ADDRESS" and value:
            try:
                parse_address(value)
            except ValueError as error:
                raise UsageError(f"--allow {text}: {error}", _AS_PRINTED) from error
        found[code] = (*found.get(code, ()), value)
    return found


_AS_PRINTED = "Paste it as the blocked change prints it."
