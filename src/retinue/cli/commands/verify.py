"""`retinue verify`: runs a team's evaluation, and notes on the live objects that just these specs passed it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from ...core.errors import StaleError, UsageError
from ...core.model import Status
from ...core.steps import verify_steps
from ...engine.apply import apply_changes
from ...render.text import still_to_do
from .. import console, exits, helping, interrupts, options
from ..applying import Stopping, refuse_frozen, run_of
from ..connecting import connect
from ..options import ApplyOptions
from ..planning import own_plan
from ..reading import ids_to_use, opened

_OUTPUT = "RETINUE_OUTPUT"
_MOST_BYTES = 96 * 1024
"""Linux takes at most 128 KiB for one variable."""


@helping.command(
    "verify", ApplyOptions, "-e dev -- pytest evaluations", context_settings={"allow_interspersed_args": False}
)
@click.argument("words", metavar="-- COMMAND [ARG]...", nargs=-1, type=click.UNPROCESSED)
@options.service_options
@options.selection_options
def command(options: ApplyOptions, *, words: tuple[str, ...]) -> int:
    """Run COMMAND and, if it ends with 0, note on each object that its spec, as it is now, has passed.

    COMMAND finds address → live id as JSON in the file $RETINUE_OUTPUT_FILE and, where it fits, in $RETINUE_OUTPUT.
    Every chosen object must be live just as its manifest wants it. A COMMAND that fails notes nothing, and its code is
    the code of retinue. An environment that is promoted from this one can ask for what was noted.
    """
    if not words:
        raise UsageError("which command?", "Name your evaluation: retinue verify -e dev -- pytest evaluations.")
    with opened(options) as (session, service, seen):
        refuse_frozen(session)
        plan = own_plan(session, service, seen, options)
    # An object that was not applied, or changed outside, does not match its manifest.
    unready = [change for change in plan.changes if not change.action.gives_up]
    if unready:
        listed = "\n  ".join(f"{change.address}: {still_to_do(change)}" for change in unready)
        remedy = f"Apply first (retinue apply -e {plan.environment}), or choose others with --target or --exclude."
        raise StaleError(f"not live as the manifests want it, so there is nothing to verify:\n  {listed}", remedy)
    if not plan.unchanged_addresses:
        raise UsageError("there is no object to verify", "Write a manifest and apply it first.")
    owned = seen.world.owned
    steps = verify_steps(session.desired, plan.unchanged_addresses, seen)
    # Nothing can be noted in a marker that cannot be read.
    if damaged := [str(step.address) for step in steps if owned[step.address].applied is None]:
        remedy = "The next change to it rewrites the marker; or remove its `retinue.` metadata and adopt it."
        raise StaleError(f"the marker of {', '.join(damaged)} cannot be read", remedy)
    ids = ids_to_use(session, {step.address: owned[step.address] for step in steps})
    code, interrupted = evaluate(words, console.json_text(ids), session.environment.name)
    if interrupted:
        console.note("interrupted: nothing is noted as verified")
        return 128 + interrupted
    if code:
        console.note(f"Nothing is noted as verified: the command ended with code {code}.")
        return code
    # A new connection, because the command may have run for longer than --timeout. An object that was changed meanwhile
    # is not noted.
    stopping = Stopping(session.stop)
    with connect(session, options) as service, interrupts.handed_to(stopping.handle):
        outcomes = apply_changes(steps, run_of(session, service, replace(options, quiet=True)))
    for item in outcomes:
        if item.status is not Status.DONE:
            console.note(console.harmless(f"  {item.address}: not noted: {item.error}"))
    done = sum(item.status is Status.DONE for item in outcomes)
    if not options.quiet:
        counted = f"{done} of {len(outcomes)} object{'' if len(outcomes) == 1 else 's'}"
        console.note(f"Verified in {plan.environment}: {counted}.")
    return exits.of_outcomes(outcomes, stopping.first if done < len(outcomes) else 0)


def evaluate(words: Sequence[str], output: str, environment: str) -> tuple[int, int]:
    """Run a command, without a shell, that finds `output` in a file and, where it fits, in a variable.

    Its code as a shell tells it, and the signal by which this process was asked to end, or 0. SIGINT and SIGTERM are
    handed on to it, and a second one ends it at once. Raises UsageError if it cannot be started.
    """
    with tempfile.TemporaryDirectory(prefix="retinue-") as folder:
        path = Path(folder) / "output.json"
        path.write_text(output, encoding="utf-8")
        surroundings = {key: value for key, value in os.environ.items() if key != _OUTPUT}
        surroundings |= {f"{_OUTPUT}_FILE": str(path), "RETINUE_ENV": environment}
        if len(output.encode()) <= _MOST_BYTES:
            surroundings[_OUTPUT] = output
        received: list[int] = []
        running: list[subprocess.Popen[bytes]] = []

        def hand_on(number: int) -> None:
            received.append(number)
            for process in running:
                if len(received) > 1:
                    process.kill()
                elif number != signal.SIGINT or sys.stdin is None or not sys.stdin.isatty():
                    # A terminal sends Ctrl-C to the command as well.
                    process.send_signal(number)

        sys.stdout.flush()
        with interrupts.handed_to(hand_on):
            try:
                process = subprocess.Popen(words, env=surroundings)  # noqa: S603 - the user's own command, no shell
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
    return 128 - code if code < 0 else code, received[0] if received else 0
