"""Printing: the result to stdout, everything else to stderr, in colour where that is wanted. Decides nothing else."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, TextIO

import click

from ..core.errors import InvalidManifests, RetinueError, UsageError
from ..core.model import Diagnostic, Json
from ..render.style import REVIEWED, Style
from .exits import Exit, of_error, word

_APPLYING = ("apply", "promote", "destroy", "adopt", "forget")


def style_for(stream: TextIO, no_color: bool | None = None) -> Style:
    """Flag before NO_COLOR before FORCE_COLOR before whether the stream is a terminal. A file never has colours."""
    if no_color is None:
        context = click.get_current_context(silent=True)
        no_color = bool(context and context.params.get("no_color"))
    if no_color or os.environ.get("NO_COLOR") or _is_file(stream):
        return Style(color=False)
    return Style(color=bool(os.environ.get("FORCE_COLOR")) or stream.isatty())


def canvas(stream: TextIO | None) -> tuple[Style, int]:
    """Colours and columns of a text for this stream; None: it goes into a file.

    A terminal has its own columns, within reason; everything else those that a plan has in a review.
    """
    if stream is None:
        return Style(color=False), REVIEWED
    if _is_file(stream) or not stream.isatty():
        return style_for(stream), REVIEWED
    return style_for(stream), max(60, min(shutil.get_terminal_size((REVIEWED, 24)).columns, 160))


def _is_file(stream: TextIO) -> bool:
    """FORCE_COLOR means the log of a CI runner, which is a pipe."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


class OutputLost(OSError):
    """stdout is a file on a full disk, for instance."""


def result(text: str) -> None:
    """What was asked for, on stdout. Raises OutputLost."""
    try:
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(error.errno, error.strerror) from error


def result_json(text: str) -> None:
    """As `result`, for a text that must stay JSON where stdout is not UTF-8."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if not encoding.lower().replace("-", "").startswith("utf"):
        from ..render.safe import ascii_json

        text = ascii_json(text)
    result(text)


def note(text: str) -> None:
    """Progress and hints, on stderr."""
    sys.stderr.write(text if text.endswith("\n") or not text else text + "\n")
    sys.stderr.flush()


def harmless(text: str) -> str:
    """What a service, a manifest or a plan file says, fit for a terminal and for the log of a CI runner."""
    from ..render.safe import clean_lines, defuse

    return defuse(clean_lines(text))


def diagnostics(items: Sequence[Diagnostic]) -> None:
    if items:
        from ..render.diagnostics import diagnostics_text

        note(diagnostics_text(items, style_for(sys.stderr)))


def write_file(path: str, text: str) -> None:
    """Raises UsageError if the file cannot be written."""
    try:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no file can have this name"
        raise UsageError(f"{path} cannot be written: {why}", "Name another file.") from error


def deliver(text: str, given: Mapping[str, Any]) -> None:
    """A result to `--out`, else to stdout; JSON that was asked for by name is on stdout in any case."""
    if given["out"]:
        write_file(given["out"], text)
        note(f"Wrote {given['out']}.")
    if given["output_format"] == "json":
        result_json(text)
    elif not given["out"]:
        result(text)


def json_text(value: Json) -> str:
    """JSON for people and pipes: indented, sorted, nothing hidden in it, one final newline."""
    import json

    from ..render.safe import escape_json

    return escape_json(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)) + "\n"


def is_interactive() -> bool:
    """Whether somebody is there to answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """The answer of somebody at the terminal."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def usage_error(error: click.ClickException, arguments: Sequence[str]) -> int:
    """Report what click refused, as `failed` does."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        note(error.format_message())
        return Exit.USAGE
    context = error.ctx if isinstance(error, click.UsageError) else None
    # Of an option without its value click tells no context; a first word that is no command has one.
    known = " ".join(["retinue", *(word for word in arguments[:1] if not word.startswith("-"))])
    message, remedy = error.format_message(), f"Try `{context.command_path if context else known} --help`."
    _report([Diagnostic(code="usage", message=message, remedy=remedy)], Exit.USAGE, arguments)
    note(f"Error: {harmless(message)}\n  {remedy}")
    return Exit.USAGE


def failed(error: RetinueError, arguments: Sequence[str]) -> int:
    """Report a failure: for people on stderr, and as one JSON value on stdout where JSON was asked for."""
    code = of_error(error)
    _report(_as_diagnostics(error), code, arguments)
    if isinstance(error, InvalidManifests):
        diagnostics(error.diagnostics)
    else:
        style = style_for(sys.stderr, "--no-color" in arguments)
        remedy = f"\n  {error.remedy}" if error.remedy else ""
        note(f"{style.error('Error:')} " + harmless(error.message + remedy))
    return code


def interrupted(arguments: Sequence[str], code: Exit = Exit.INTERRUPTED) -> int:
    """Somebody pressed Ctrl-C or sent SIGTERM where no apply was under way to end in order, or once more."""
    _report([Diagnostic(code="interrupted", message="interrupted")], code, arguments)
    note("interrupted")
    return code


def _report(problems: Sequence[Diagnostic], code: Exit, arguments: Sequence[str]) -> None:
    """What stands on stdout of a command that has no result, where a format for machines was asked for."""
    wanted = wanted_format(arguments)
    if wanted in MACHINES:
        folders = [after for one, after in pairwise(arguments) if one == "-C"]
        for_machines(problems, wanted, folders[-1] if folders else ".")
    elif wanted == "json":
        from ..render.results import error_json

        outcome = word(code) if arguments[0] in _APPLYING else "error"
        result_json(json_text(error_json(problems, int(code), outcome)))


def for_machines(problems: Sequence[Diagnostic], wanted: str, directory: str) -> None:
    """Diagnostics on stdout as SARIF or as annotations, with places from the root of the repository."""
    from .. import __version__
    from ..render.machines import github, sarif
    from .ci import folder_in_repository

    folder = folder_in_repository(directory)
    if wanted == "sarif":
        result_json(json_text(sarif(problems, __version__, folder)))
    else:
        result(github(problems, folder))


MACHINES = ("sarif", "github")


def wanted_format(arguments: Sequence[str]) -> str | None:
    """As the command line would say, also where it could not be understood: the last `--format`, else the default.

    What follows `--` is for another command.
    """
    arguments = list(takewhile(lambda word: word != "--", arguments))
    pairs = zip(arguments, [*arguments[1:], ""], strict=True)
    formats = [
        two if one == "--format" else one.partition("=")[2]
        for one, two in pairs
        if one == "--format" or one.startswith("--format=")
    ]
    return formats[-1] if formats else "json" if list(arguments[:1]) == ["output"] else None


def _as_diagnostics(error: RetinueError) -> Sequence[Diagnostic]:
    if isinstance(error, InvalidManifests):
        return error.diagnostics
    return [Diagnostic(code=error_code(type(error)), message=error.message, remedy=error.remedy)]


def error_code(kind: type[RetinueError]) -> str:
    """`StaleError` is `stale`, `ApiGone` is `api-gone`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__.removesuffix("Error")).lower()


def bug(error: Exception, arguments: Sequence[str]) -> int:
    """An unforeseen exception: a short report without values, never a traceback."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}retinue{os.sep}" in frame.filename] or frames
    last = ours[-1] if ours else None
    where = f"{Path(last.filename).name}:{last.lineno} in {last.name}" if last else "an unknown place"
    message = f"This is a bug in retinue: {type(error).__name__} at {where}"
    remedy = "Nothing more was done. Please report it with the command you ran; `retinue --version` tells the version."
    _report([Diagnostic(code="bug", message=message, remedy=remedy)], Exit.BUG, arguments)
    note(f"{message}\n  {remedy}")
    return Exit.BUG
