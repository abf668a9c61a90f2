"""The option `--allow CODE[=N|:ADDRESS]` as a value, and what took its place before. Decides nothing about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from ..core.allowed import FORMS, Allowed, Extent, flag
from ..core.codec import parse_address
from ..core.errors import UsageError
from ..core.spelling import closest

F = TypeVar("F", bound=Callable[..., Any])

FORMER: Mapping[str, str] = {
    "--allow-deletes": "brake",
    "--unprotect": "protected",
    "--allow-twins": "twin",
    "--allow-incomplete": "incomplete",
    "--revert-drift": "drift",
    "--allow-unpromoted": "unpromoted",
}
"""By a flag that there was: the code to write now."""
_AS_PRINTED = "Paste it as the blocked change prints it."


def option(command: F) -> F:
    """`--allow`, read into an `Allowed`; the flags before it end in an error that says what to write."""
    for name, code in FORMER.items():
        several = FORMS[code].sign and not FORMS[code].optional
        settings: dict[str, Any] = {"multiple": True} if several else {"is_flag": True}
        settings |= {"hidden": True, "expose_value": False, "callback": _refused, "help": f"Now {flag(code)}."}
        command = click.option(name, **settings)(command)
    return click.option(
        "--allow",
        multiple=True,
        metavar="CODE[=N|:ADDRESS]",
        callback=lambda _ctx, _option, texts: allowed_of(texts),
        help=f"Allow what is blocked with this code, as the plan prints it: {known()}. Again for more.",
    )(command)


def known() -> str:
    """Every code, as it is written."""
    return ", ".join(form.written(code) for code, form in FORMS.items())


def _refused(_ctx: click.Context, option: click.Parameter, found: Any) -> None:
    """Raises UsageError for a former flag, which tells its new form."""
    if found:
        (name,) = option.opts
        code = FORMER[name]
        flags = " ".join(flag(code, text) for text in ((None,) if found is True else found))
        raise UsageError(f"{name} is called --allow {FORMS[code].written(code)} now", f"Write {flags}.")


def allowed_of(texts: Iterable[str]) -> Allowed:
    """Raises UsageError for an unknown code, another form than the code's, and two different numbers."""
    found: dict[str, Extent] = {}
    for text in texts:
        code, extent = _read(text)
        before = found.get(code, extent)
        if isinstance(before, tuple) and isinstance(extent, tuple):
            extent = (*before, *(item for item in extent if item not in before))
        elif before is True:
            extent = True
        elif type(before) is int and before != extent:
            raise UsageError(f"--allow {text}: {code}={before} was given too", "Give one number.")
        found[code] = extent
    return Allowed({code: tuple(sorted(it)) if isinstance(it, tuple) else it for code, it in found.items()})


def _read(text: str) -> tuple[str, Extent]:
    parts = re.fullmatch(r"([^:=]*)([:=]?)(.*)", text, re.DOTALL)
    assert parts is not None  # every text is of this form
    code, sign, value = parts.groups()
    form = FORMS.get(code)
    if form is None:
        meant = closest(code, FORMS)
        hint = f"Did you mean `{meant}`? " if meant else ""
        raise UsageError(f"--allow {text}: unknown code `{code}`", f"{hint}Known: {known()}.")
    if not sign and form.fits(True):
        return code, True
    if sign == form.sign == ":" and value:
        try:
            return code, (str(parse_address(value)),)
        except ValueError as error:
            raise UsageError(f"--allow {text}: {error}", _AS_PRINTED) from error
    if sign == form.sign == "=" and re.fullmatch(r"[0-9]{1,9}", value, re.ASCII):
        return code, int(value)
    raise UsageError(f"--allow {text}: `{code}` is written {form.written(code)}", _AS_PRINTED)
