"""`retinue verify`: runs a team's evaluation, and notes on the live objects that just these specs passed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import click

from ...core.errors import StaleError, UsageError
from ...core.model import Change, Plan, Status
from ...core.observation import Observation
from ...core.verification import verify_steps
from ...engine.apply import apply_changes
from ...render.text import still_to_do
from .. import console, exits, helping, interrupts, options
from ..applying import Stopping, run_of
from ..connecting import connect
from ..evaluate import evaluate
from ..options import ApplyOptions
from ..planning import own_plan
from ..reading import opened
from ..session import Session


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
        plan = own_plan(session, service, seen, options)
    # What was not applied, or changed outside, is not what its manifest says.
    unready = [change for change in plan.changes if not change.action.gives_up]
    if unready:
        listed = "\n  ".join(f"{change.address}: {still_to_do(change)}" for change in unready)
        remedy = f"Apply first (retinue apply -e {plan.environment}), or choose others with --target or --exclude."
        raise StaleError(f"not live as the manifests want it, so there is nothing to verify:\n  {listed}", remedy)
    if not plan.unchanged_addresses:
        raise UsageError("there is no object to verify", "Write a manifest and apply it first.")
    steps = _steps(session, plan, seen)
    ids = {str(step.address): step.remote_id for step in steps}
    ended = evaluate(words, console.json_text(ids), session.environment.name)
    if ended.interrupted:
        console.note("interrupted: nothing is noted as verified")
        return 128 + ended.interrupted
    if ended.code:
        console.note(f"Nothing is noted as verified: the command ended with code {ended.code}.")
        return ended.code
    return _record(steps, plan, session, options)


def _steps(session: Session, plan: Plan, seen: Observation) -> list[Change]:
    """Raises StaleError for an object whose marker cannot be read: nothing can be noted there."""
    owned = seen.world.owned
    steps = verify_steps(session.desired, plan.unchanged_addresses, owned, session.kinds, seen.target.unreadable)
    damaged = [str(step.address) for step in steps if owned[step.address].applied is None]
    if damaged:
        remedy = "The next change to it rewrites the marker; or take its `retinue.` metadata away and adopt it."
        raise StaleError(f"the marker of {', '.join(damaged)} cannot be read", remedy)
    return steps


def _record(steps: Sequence[Change], plan: Plan, session: Session, options: ApplyOptions) -> int:
    """Note on each object what passed, unless it has been changed meanwhile."""
    # A new connection: the command may have run for longer than --timeout.
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
