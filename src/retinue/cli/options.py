"""The flags that commands share, declared once."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


DIRECTORY = click.option("-C", "directory", default=".", metavar="DIR", help="Look for retinue.yaml from here upward.")
ENVIRONMENT = click.option(
    "-e", "--env", "environment", metavar="NAME", help="The environment; default: the only one, or $RETINUE_ENV."
)
NO_COLOR = click.option("--no-color", is_flag=True, help="No colour (NO_COLOR and FORCE_COLOR are read too).")
QUIET = click.option("-q", "--quiet", is_flag=True, help="No progress and no hints.")
VERBOSE = click.option("-v", "--verbose", is_flag=True, help="Log each request (never its content).")
STDOUT = "-"
_OUT_HELP = "Write the result to a file; - is stdout."
OUT = click.option(
    "--out", metavar="FILE", help=_OUT_HELP, callback=lambda _ctx, _option, path: None if path == STDOUT else path
)
OUT_BESIDES = click.option("--out", metavar="FILE", help=_OUT_HELP)
"""For commands that do something else without it; they look at STDOUT themselves."""
LINK = click.option(
    "--link", metavar="URL", help="Where the whole is, for Markdown that is too long. Default: the CI run."
)


def format_option(*choices: str) -> Callable[[F], F]:
    return click.option(
        "--format", "output_format", type=click.Choice(choices), default=None, help=f"Default: {choices[0]}."
    )


def project_options(command: F) -> F:
    """For commands that read the project."""
    return _all(
        DIRECTORY,
        click.option(
            "--project-file", metavar="FILE", help="Take `environments` from this retinue.yaml, of a trusted branch."
        ),
        click.option("--var", "variables", multiple=True, metavar="K=V", help="Set a variable; again for more."),
        click.option("--var-file", "var_files", multiple=True, metavar="FILE", help="Set variables from a YAML file."),
        NO_COLOR,
        QUIET,
        VERBOSE,
    )(command)


def service_options(command: F) -> F:
    """For commands that reach the service of one environment."""
    return _all(ENVIRONMENT)(connection_options(command))


def connection_options(command: F) -> F:
    """For commands that reach the services of environments that they name themselves."""
    return _all(
        click.option(
            "--parallelism",
            type=click.IntRange(1, 100),
            default=10,
            metavar="N",
            show_default=True,
            help="Requests at once.",
        ),
        click.option(
            "--timeout",
            default="15m",
            show_default=True,
            metavar="TIME",
            help="Longest time for the whole run, such as 90s or 15m.",
        ),
    )(project_options(command))


def selection_options(command: F) -> F:
    """They only narrow: what is left out is neither changed nor deleted."""
    return _all(
        click.option(
            "--target",
            "targets",
            multiple=True,
            metavar="ADDRESS",
            help="Only this address or pattern; again for more.",
        ),
        click.option(
            "--exclude",
            "excludes",
            multiple=True,
            metavar="ADDRESS",
            help="All but this address or pattern; again for more.",
        ),
        click.option(
            "--select",
            "labels",
            multiple=True,
            metavar="LABEL=VALUE",
            help="Only manifests with this label; again for more.",
        ),
    )(command)


def apply_options(command: F) -> F:
    return _all(
        click.option("--auto-approve", "--yes", "auto_approve", is_flag=True, help="Do not ask."),
        click.option("--expect-digest", metavar="D", help="Go on only if the plan has this digest."),
        click.option("--fail-fast", is_flag=True, help="Start nothing new after the first failure."),
        click.option("--backup", metavar="DIR", help="Save each object before it is changed or deleted."),
    )(command)


def to_paste(name: str, given: Mapping[str, Any], *words: str) -> str:
    """A command for the same folder and environment, as somebody would type it."""
    flags = (("-C", given.get("directory", ".")), ("-e", given.get("environment") or ""))
    chosen = (part for flag in flags if flag[1] not in ("", ".") for part in flag)
    return shlex.join(["retinue", name, *chosen, *words])
