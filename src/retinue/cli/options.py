"""The flags that commands share, declared once, and the values that they become. Decides nothing about them."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, TypeVar

import click

from ..core.allowed import FORMS, Allowed, Extent, flag
from ..core.codec import parse_address
from ..core.errors import UsageError
from ..core.model import Address
from ..core.spelling import closest
from ..core.values import dataclass
from ..load.located import Map
from . import completing

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """How a result is shown. `out_mode`: of the plan that was in the file of `--out` before; `whole`: new texts too."""

    output_format: str | None = None
    out: str | None = None
    out_mode: int | None = None
    link: str | None = None
    show_unchanged: bool = False
    whole: bool = False
    quiet: bool = False
    verbose: bool = False
    no_color: bool = False


@dataclass(frozen=True, kw_only=True)
class ProjectOptions(OutputOptions):
    """Which project and environment, and its variables; `recorded`: those of variables files that a plan recorded.

    `as_of`: the day by which announced ends are judged; None: today.
    """

    directory: str = "."
    environment: str | None = None
    project_file: str | None = None
    variables: tuple[str, ...] = ()
    var_files: tuple[str, ...] = ()
    recorded: Map | None = None
    as_of: date | None = None


@dataclass(frozen=True, kw_only=True)
class ServiceOptions(ProjectOptions):
    """How the service is asked."""

    parallelism: int = 10
    timeout: str = "15m"


@dataclass(frozen=True, kw_only=True)
class PlanOptions(ServiceOptions):
    """Options for what to plan and what to allow. `allow`: None for a command without the flag.

    `only`, `destroy`: as in `Intent`.
    """

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    allow: Allowed | None = None
    only: Collection[Address] | None = None
    destroy: bool = False

    @property
    def allowed(self) -> Allowed:
        return self.allow or Allowed()


@dataclass(frozen=True, kw_only=True)
class ApplyOptions(PlanOptions):
    """How a plan is approved and carried out."""

    auto_approve: bool = False
    expect_digest: str | None = None
    fail_fast: bool = False
    backup: str | None = None
    detailed_exitcode: bool = False

    @property
    def approved(self) -> bool:
        return self.auto_approve or self.expect_digest is not None


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_several = partial(click.option, multiple=True)
_defaulted = partial(click.option, show_default=True)
DIRECTORY = click.option("-C", "directory", default=".", metavar="DIR", help="Look for retinue.yaml from here upward.")
ENVIRONMENT = click.option(
    "-e",
    "--env",
    "environment",
    metavar="NAME",
    shell_complete=completing.environments,
    help="The environment; default: the only one, or $RETINUE_ENV.",
)
NO_COLOR = click.option("--no-color", is_flag=True, help="No colour (NO_COLOR and FORCE_COLOR are read too).")
QUIET = click.option("-q", "--quiet", is_flag=True, help="No progress and no hints.")
VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Log each request (never its content).")
METRICS_FILE = click.option(
    "--metrics-file", metavar="FILE", help="Write the numbers for Prometheus's textfile collector, too."
)
STDOUT = "-"
_OUT_HELP = "Write the result to a file; - is stdout."
OUT = click.option(
    "--out", metavar="FILE", help=_OUT_HELP, callback=lambda _ctx, _option, path: None if path == STDOUT else path
)
OUT_BESIDES = click.option("--out", metavar="FILE", help=_OUT_HELP)
"""For commands that do something else without it; they look at STDOUT themselves."""
LINK = click.option(
    "--link",
    metavar="URL",
    help="The full text, for Markdown to link to. Default, if it was shortened: the CI run.",
)


def format_option(*choices: str) -> Callable[[F], F]:
    return click.option(
        "--format", "output_format", type=click.Choice(choices), default=None, help=f"Default: {choices[0]}."
    )


AUTO_APPROVE = click.option("--auto-approve", "--yes", "auto_approve", is_flag=True, help="Do not ask.")
_FROM = "Take `environments` from this retinue.yaml, of a trusted branch."


def _day(_ctx: click.Context, _option: click.Parameter, text: str | None) -> date | None:
    return parse_day(text, "--as-of") if text else None


def parse_day(text: str, origin: str) -> date:
    """Raises UsageError."""
    try:
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError as error:
        shown = text if len(text) <= 20 else text[:19] + "…"
        raise UsageError(f"{origin} {shown} is not a date", "Write one such as 2027-03-31.") from error


def today() -> date:
    """`$RETINUE_AS_OF`, else the day in UTC, so that a pipeline and a laptop agree."""
    stated = os.environ.get("RETINUE_AS_OF")
    return parse_day(stated, "$RETINUE_AS_OF") if stated else datetime.now(UTC).date()


AS_OF = click.option(
    "--as-of",
    metavar="DATE",
    callback=_day,
    help="Judge announced ends of services and models by this day; default: $RETINUE_AS_OF, else today.",
)
project_options = _all(
    DIRECTORY,
    click.option("--project-file", metavar="FILE", help=_FROM),
    _several("--var", "variables", metavar="K=V", help="Set a variable; repeatable."),
    _several("--var-file", "var_files", metavar="FILE", help="Set variables from a YAML file."),
    NO_COLOR,
    QUIET,
    VERBOSE,
)
"""For commands that read the project."""
_LONGEST = "Longest time for the whole run, such as 90s or 15m."
_PARALLELISM = _defaulted(
    "--parallelism", type=click.IntRange(1, 100), default=10, metavar="N", help="Requests at once."
)


def timed_options(timeout: str, about: str = _LONGEST) -> Callable[[F], F]:
    """As `connection_options`, with another time."""
    return _all(_PARALLELISM, _defaulted("--timeout", default=timeout, metavar="TIME", help=about), project_options)


connection_options = timed_options("15m")
"""For commands that reach the services of environments that they name themselves."""
service_options = _all(ENVIRONMENT, connection_options)
"""For commands that reach the service of one environment."""
_address = partial(_several, metavar="ADDRESS", shell_complete=completing.addresses)
selection_options = _all(
    _address("--target", "targets", help="Only this address or pattern; repeatable."),
    _address("--exclude", "excludes", help="All but this address or pattern; repeatable."),
    _several("--select", "labels", metavar="LABEL=VALUE", help="Only manifests with this label; repeatable."),
)
"""They only narrow: what is left out is neither changed nor deleted."""
apply_options = _all(
    AUTO_APPROVE,
    click.option("--expect-digest", metavar="D", help="Go on only if the plan has this digest."),
    click.option("--fail-fast", is_flag=True, help="Start nothing new after the first failure."),
    click.option("--backup", metavar="DIR", help="Save each object before it is changed or deleted."),
)


def to_paste(name: str, options: ProjectOptions, *words: str) -> str:
    """A command for the same folder and environment, as one would type it."""
    flags = (("-C", options.directory), ("-e", options.environment or ""))
    chosen = (part for flag in flags if flag[1] not in ("", ".") for part in flag)
    return shlex.join(["retinue", name, *chosen, *words])


move_options = _all(
    click.option("--allow-http", is_flag=True, help="Let that URL be plain http to a host that is not this machine."),
    click.option("--provider", metavar="P", shell_complete=completing.providers, help="The service to go to."),
    _several(
        "--model",
        "models",
        metavar="OLD=NEW",
        callback=lambda _ctx, _option, pairs: parse_pairs(pairs, "--model"),
        help="What a model is called there; repeatable.",
    ),
    _several(
        "--accept",
        "accepted",
        metavar="FIELD",
        shell_complete=completing.losable,
        help="A field whose loss is accepted, or `all`; repeatable.",
    ),
)
"""For commands that bring assistants to another service."""
_LIKE = {
    "--var": ("NAME=VALUE", "model=gpt-4o"),
    "--select": ("LABEL=VALUE", "team=support"),
    "--model": ("OLD=NEW", "gpt-4o=gpt-5-mini"),
}


def parse_pairs(pairs: Sequence[str], flag: str) -> dict[str, str]:
    """`K=V` texts as a mapping. Raises UsageError for a text without `=`."""
    result = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            like, example = _LIKE[flag]
            raise UsageError(f"{flag} {pair} is not {like}", f"For example {flag} {example}.")
        if not pair.isprintable() and any("\ud800" <= char <= "\udfff" for char in pair):
            raise UsageError(f"{flag} {key} is not UTF-8", "Set the locale of this shell to UTF-8, or use --var-file.")
        result[key] = value
    return result


def parse_timeout(text: str) -> float:
    """`90`, `90s`, `15m` or `2h` in seconds. Raises UsageError."""
    match = re.fullmatch(r"0*([1-9][0-9]{0,8})(s|m|h|)", text)
    seconds = int(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0
    if not 0 < seconds <= 1000 * 3600:
        shown = text if len(text) <= 20 else text[:19] + "…"
        raise UsageError(f"--timeout {shown} is not a duration", "Write for example 90s or 15m, at most 1000h.")
    return float(seconds)


# --- `--allow CODE[=N|:ADDRESS]`, and what took its place before

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


def allow_option(command: F) -> F:
    """`--allow`, read into an `Allowed`; the flags before it end in an error that says what to write."""
    for name, code in FORMER.items():
        several = FORMS[code].sign and not FORMS[code].optional
        settings: dict[str, Any] = {"multiple": True} if several else {"is_flag": True}
        settings |= {"hidden": True, "expose_value": False, "callback": _refuse_former, "help": f"Now {flag(code)}."}
        command = click.option(name, **settings)(command)
    return click.option(
        "--allow",
        multiple=True,
        metavar="CODE[=N|:ADDRESS]",
        callback=lambda _ctx, _option, texts: allowed_of(texts),
        help=f"Allow what is blocked with this code, as the plan prints it: {_known_codes()}. Repeatable.",
    )(command)


def _known_codes() -> str:
    """Every code, as it is written."""
    return ", ".join(form.written(code) for code, form in FORMS.items())


def _refuse_former(_ctx: click.Context, option: click.Parameter, found: Any) -> None:
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
        code, extent = _allowance(text)
        before = found.get(code, extent)
        if isinstance(before, tuple) and isinstance(extent, tuple):
            extent = (*before, *(item for item in extent if item not in before))
        elif before is True:
            extent = True
        elif type(before) is int and before != extent:
            raise UsageError(f"--allow {text}: {code}={before} was given too", "Give one number.")
        found[code] = extent
    return Allowed({code: tuple(sorted(it)) if isinstance(it, tuple) else it for code, it in found.items()})


def _allowance(text: str) -> tuple[str, Extent]:
    parts = re.fullmatch(r"([^:=]*)([:=]?)(.*)", text, re.DOTALL)
    assert parts is not None  # every text is of this form
    code, sign, value = parts.groups()
    form = FORMS.get(code)
    if form is None:
        meant = closest(code, FORMS)
        hint = f"Did you mean `{meant}`? " if meant else ""
        raise UsageError(f"--allow {text}: unknown code `{code}`", f"{hint}Known: {_known_codes()}.")
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
