"""Runs a team's own command with the live ids at hand. Decides nothing about them; prints nothing itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..core.errors import UsageError
from . import interrupts

OUTPUT, OUTPUT_FILE, ENVIRONMENT = "RETINUE_OUTPUT", "RETINUE_OUTPUT_FILE", "RETINUE_ENV"
_MOST_BYTES = 96 * 1024
"""Linux takes at most 128 KiB for one variable."""


class Ended(NamedTuple):
    """`code` as a shell tells it; `interrupted`: the signal by which this process was asked to end, or 0."""

    code: int
    interrupted: int


def evaluate(words: Sequence[str], output: str, environment: str) -> Ended:
    """Run a command, without a shell, that finds `output` in a file and, where it fits, in a variable.

    SIGINT and SIGTERM are handed on to it, and a second one ends it at once. Raises UsageError if it cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="retinue-") as folder:
        path = str(Path(folder) / "output.json")
        Path(path).write_text(output, encoding="utf-8")
        surroundings = {key: value for key, value in os.environ.items() if key != OUTPUT}
        surroundings |= {OUTPUT_FILE: path, ENVIRONMENT: environment}
        if len(output.encode()) <= _MOST_BYTES:
            surroundings[OUTPUT] = output
        return _run(words, surroundings)


def _run(words: Sequence[str], surroundings: Mapping[str, str]) -> Ended:
    received: list[int] = []
    running: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int) -> None:
        received.append(number)
        for process in running:
            _send(process, number, again=len(received) > 1)

    sys.stdout.flush()
    with interrupts.handed_to(hand_on):
        try:
            process = subprocess.Popen(words, env=dict(surroundings))  # noqa: S603 - the user's own command, no shell
            running.append(process)
            for number in received[:1]:
                process.send_signal(number)
            code = process.wait()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no command can have this name"
            remedy = "Name a command: retinue verify -- COMMAND."
            if isinstance(error, PermissionError):
                remedy = "Make it executable, or begin with what runs it: retinue verify -- python3 SCRIPT."
            raise UsageError(f"{words[0]} cannot be run: {why}", remedy) from error
    return Ended(128 - code if code < 0 else code, received[0] if received else 0)


def _send(process: subprocess.Popen[bytes], number: int, *, again: bool) -> None:
    if again:
        process.kill()
    elif number != signal.SIGINT or sys.stdin is None or not sys.stdin.isatty():
        # A terminal sends Ctrl-C to the command as well.
        process.send_signal(number)
