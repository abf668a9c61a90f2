"""The command line: the only place that prints, reads the environment and picks exit codes."""

import gc
import sys


def main() -> None:
    """The console script. Answers `--version` before anything else is loaded."""
    early = False
    try:
        from . import interrupts
    except KeyboardInterrupt:
        from . import interrupts

        early = True
    interrupts.begin(early)
    from . import streams

    # A command makes many values that live until its end and hardly a cycle. The search for cycles at Python's own
    # pace takes a tenth of a start, and far more of a large plan.
    gc.set_threshold(200_000, 50, 100)
    streams.prepare()
    code = 0
    if sys.argv[1:] in (["--version"], ["-V"]):
        from .. import __version__

        try:
            sys.stdout.write(f"retinue {__version__}\n")
            sys.stdout.flush()
        except streams.OutputLost as lost:
            code = streams.report(lost)
    else:
        from .app import run

        code = run(sys.argv[1:])
    interrupts.end()
    sys.exit(code)
