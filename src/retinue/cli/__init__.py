"""The command line: the only place that prints, reads the environment and picks exit codes."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """The console script. Answers `--version` before anything else is loaded."""
    from .. import __version__

    if sys.argv[1:] in (["--version"], ["-V"]):
        sys.stdout.write(f"retinue {__version__}\n")
        return
    from .app import run

    # What a stream cannot hold is written as an escape. It is no reason to fail once the work is done.
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
