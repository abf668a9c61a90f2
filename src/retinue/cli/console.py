"""Printing: the result to stdout, everything else to stderr, in colour where that is wanted. Decides nothing else."""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import pairwise, takewhile
from pathlib import Path
from typing import TextIO

import click

from ..core.errors import InvalidManifests, RetinueError, UsageError
from ..core.literals import screened
from ..core.model import Diagnostic, Json, Kind
from ..core.values import dataclass
from ..providers.credentials import Secrets
from ..render.style import REVIEWED, Style
from . import interrupts, named_files
from .exits import Exit, of_error, word
from .options import STDOUT, OutputOptions
from .streams import OutputLost, report

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
    import shutil  # with its compressions: only where there is a terminal

    return style_for(stream), max(60, min(shutil.get_terminal_size((REVIEWED, 24)).columns, 160))


def _is_file(stream: TextIO) -> bool:
    """FORCE_COLOR means the log of a CI runner, which is a pipe."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


SECRETS = Secrets()
"""The keys of this run: nothing that is printed or written holds one."""


def result(text: str) -> None:
    """Prints the result on stdout, without keys. Raises OutputLost."""
    with interrupts.held():
        _write(sys.stdout, SECRETS.masked(text))


def _write(stream: TextIO, text: str) -> None:
    with _Status.lock:
        _wipe()
        stream.write(text if text.endswith("\n") or not text else text + "\n")
        stream.flush()


class _Status:
    """The line at the end of a terminal that tells what is going on: if there is one, and when elsewhere one is due.

    `lock`: threads tell it too. A signal's handler may do so while its own thread writes.
    """

    lock = threading.RLock()
    shown, due = False, 0.0


_SELDOM = 30.0
"""Seconds between two lines of status in a log."""


def begin() -> None:
    """A command starts: an earlier one of this process had keys and a status of its own."""
    SECRETS.clear()
    _Status.shown, _Status.due = False, time.monotonic() + _SELDOM


def status(text: str) -> None:
    """Shows progress: on a terminal one line that the next output replaces, in a log a line now and then."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        import shutil

        from ..render.safe import clean, cut

        with _Status.lock:
            _wipe()
            sys.stderr.write(cut(clean(SECRETS.masked(text)), shutil.get_terminal_size().columns - 1))
            sys.stderr.flush()
            _Status.shown = True
    elif time.monotonic() >= _Status.due:
        _Status.due = time.monotonic() + _SELDOM
        line(text)


def _wipe() -> None:
    if _Status.shown:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()
        _Status.shown = False


def result_json(text: str) -> None:
    """As `result`, for a text that must stay JSON where stdout is not UTF-8, and the only one."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    if not encoding.lower().replace("-", "").startswith("utf"):
        from ..render.safe import ascii_json

        text = ascii_json(text)
    with interrupts.held():
        _write(sys.stdout, text)
        interrupts.settle()


def note(text: str) -> None:
    """Progress and hints, on stderr, without keys."""
    _write(sys.stderr, SECRETS.masked(text))


def harmless(text: str) -> str:
    """Text of a service, a manifest or a plan file, made safe for a terminal and the log of a CI runner."""
    from ..render.safe import clean_lines, defuse

    return defuse(clean_lines(text))


def line(text: str) -> None:
    """A note of one line, whatever a service puts into it: its ids, its headers."""
    from ..render.safe import clean, defuse

    note(defuse(clean(text)))


def diagnostics(items: Sequence[Diagnostic]) -> None:
    if items:
        from ..render.diagnostics import diagnostics_text

        note(diagnostics_text(items, style_for(sys.stderr)))


def write_file(path: str, text: str, *, private: bool = False, mode: int | None = None) -> None:
    """As `files.write`, without keys. Raises UsageError."""
    named_files.write(path, SECRETS.masked(text).encode("utf-8", "backslashreplace"), private=private, mode=mode)


def deliver(text: str, options: OutputOptions, *, private: bool = False) -> None:
    """A result to `--out`, else to stdout; JSON that was asked for by name is on stdout in any case."""
    if options.out:
        write_file(options.out, text, private=private)
        note(f"Wrote {options.out}.")
    if options.output_format == "json":
        result_json(text)
    elif not options.out:
        result(text)


def json_text(value: Json) -> str:
    """JSON for people and pipes: indented, sorted, without keys, nothing hidden in it, one final newline."""
    import json

    from ..render.safe import escape_json

    def dump(value: Json) -> str:
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)

    text = dump(value)
    return escape_json(dump(SECRETS.masked_json(value)) if SECRETS.in_text(text) else text) + "\n"


def hidden(fields: Mapping[str, Json], kind: Kind) -> dict[str, Json]:
    """Fields of a live object as they may be shown: without keys of this run, and without secrets of their own."""
    shown: dict[str, Json] = SECRETS.masked_json(screened(fields, kind)[0])
    return shown


def is_interactive() -> bool:
    """True if a person can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, what: str, remedy: str) -> None:
    """Ask at the terminal. Raises UsageError about `what` without one, RetinueError if the answer is not yes."""
    if not is_interactive():
        raise UsageError(f"{what}, and there is no terminal to ask on", remedy)
    with _Status.lock:
        _wipe()
        sys.stderr.write(f"{question} Only `yes` is accepted: ")
        sys.stderr.flush()
    answer = ""
    with suppress(OSError):  # the terminal is gone
        answer = sys.stdin.readline().strip()
    if answer != "yes":
        raise RetinueError("not approved; nothing was changed", "Answer `yes` to go on.")


@dataclass(frozen=True)
class Asked:
    """The parts of the command line that the report of a failure needs."""

    command: str | None
    output_format: str | None
    directory: str
    no_color: bool


def parsed(context: click.Context) -> Asked:
    """Of a command line that click has understood."""
    values, command = context.params, context.info_name
    wanted = values.get("output_format") or _default_format(command, values.get("out"))
    return Asked(command, wanted, values.get("directory", "."), bool(values.get("no_color")))


def spelled(arguments: Sequence[str]) -> Asked:
    """Of one that click could not understand, or not yet; what follows `--` is for another command."""
    words = list(takewhile(lambda one: one != "--", arguments))
    last: dict[str, str] = {}
    for one, after in pairwise([*words, ""]):
        flag, equals, value = one.partition("=")
        last[flag] = value if equals else after
    command = words[0] if words else None
    wanted = last.get("--format") or _default_format(command, last.get("--out"))
    return Asked(command, wanted, last.get("-C", "."), "--no-color" in words)


def _default_format(command: str | None, out: str | None) -> str | None:
    """Which commands print JSON where no format is named."""
    return "json" if command == "output" or (command == "plan" and out == STDOUT) else None


def failed(error: Exception, asked: Asked) -> int:
    """Report a failure: for people on stderr, and as one JSON value on stdout where JSON was asked for. Its code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        note(error.format_message())
        return Exit.USAGE
    if isinstance(error, InvalidManifests):
        _report(error.diagnostics, Exit.USAGE, asked)
        diagnostics(error.diagnostics)
        return Exit.USAGE
    if isinstance(error, click.ClickException):
        context = error.ctx if isinstance(error, click.UsageError) else None
        # For an option without its value click gives no context; for a first word that is not a command it does.
        known = f"retinue {asked.command}" if asked.command and not asked.command.startswith("-") else "retinue"
        remedy = f"Try `{context.command_path if context else known} --help`."
        problem, code = Diagnostic("usage", error.format_message().replace("\n\t", " "), remedy), Exit.USAGE
        text = f"Error: {harmless(problem.message)}\n  {remedy}"
    elif isinstance(error, RetinueError):
        problem, code = Diagnostic(error_code(type(error)), error.message, error.remedy), of_error(error)
        remedy = f"\n  {error.remedy}" if error.remedy else ""
        text = f"{style_for(sys.stderr, asked.no_color).error('Error:')} {harmless(error.message + remedy)}"
    else:
        # Never a traceback: it holds values.
        problem, code = bug_in(error), Exit.BUG
        text = f"{problem.message}\n  {problem.remedy}"
    _report([problem], code, asked)
    note(text)
    return code


def interrupted(asked: Asked) -> int:
    """Report Ctrl-C or SIGTERM where no apply was under way to end in order, or a second one. Its code."""
    code = Exit(interrupts.code())
    _report([Diagnostic(code="interrupted", message="interrupted")], code, asked)
    note("interrupted")
    return code


def _report(problems: Sequence[Diagnostic], code: Exit, asked: Asked) -> None:
    """The stdout of a command that has no result, where a format for machines was asked for."""
    try:
        if asked.output_format in MACHINES:
            for_machines(problems, asked.output_format, asked.directory)
        elif asked.output_format == "json":
            from ..render.results import error_json

            outcome = word(code) if asked.command in _APPLYING else None
            result_json(json_text(error_json(problems, int(code), outcome)))
    except OutputLost as lost:
        # The failure itself is what the exit code tells.
        report(lost)


def for_machines(problems: Sequence[Diagnostic], wanted: str, directory: str) -> None:
    """Diagnostics on stdout as SARIF or as annotations, with places from the root of the repository."""
    from .. import __version__
    from ..render.machines import github, sarif

    # The prefix of places in annotations: the project's folder, relative to the root of its repository.
    project = _around(Path(directory).resolve(), "retinue.yaml")
    workspace = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    root = Path(workspace).resolve() if workspace else _around(project, ".git")
    folder = project.relative_to(root).as_posix() if project.is_relative_to(root) else "."
    if wanted == "sarif":
        from .commands.explain import explained

        about = {code: (head.partition(" (")[2][:-1], text.strip()) for code, (head, text) in explained().items()}
        result_json(json_text(sarif(problems, __version__, folder, about)))
    else:
        result(github(problems, folder))


def _around(start: Path, name: str) -> Path:
    """The nearest folder from `start` upward that holds `name`; `start` if none does."""
    return next((folder for folder in (start, *start.parents) if os.path.lexists(folder / name)), start)


MACHINES = ("sarif", "github")


def error_code(kind: type[RetinueError]) -> str:
    """`StaleError` is `stale`, `ApiGone` is `api-gone`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__.removesuffix("Error")).lower()


def bug_in(error: Exception) -> Diagnostic:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{os.sep}retinue{os.sep}" in frame.filename]
    last = (ours or frames)[-1]
    where = f"{Path(last.filename).name}:{last.lineno} in {last.name}"
    message = f"This is a bug in retinue: {type(error).__name__} at {where}"
    remedy = "Nothing more was done. Please report it with the command you ran; `retinue --version` prints the version."
    return Diagnostic(code="bug", message=message, remedy=remedy)
