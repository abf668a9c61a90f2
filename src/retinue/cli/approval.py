"""Asks whether a plan may be carried out: by its digest, by a flag, or at the terminal. Writes nothing."""

from __future__ import annotations

from .. import __version__
from ..core.codec import outcome, plan_to_json
from ..core.errors import RetinueError, StaleError, UsageError
from ..core.model import Action, Plan
from . import console
from .options import ApplyOptions


def check_digest(plan: Plan, expected: str | None) -> None:
    """Raises StaleError unless the plan is the one whose digest was approved, or there is nothing to do."""
    if expected is None or expected == (digest := plan_to_json(plan, __version__)["digest"]):
        return
    if outcome(plan) != "no-changes":
        message = f"the plan is not the one that was approved: its digest is {digest}"
        raise StaleError(message, "Review the plan above and approve its digest.")
    # What was approved is done, by this job's first run for instance.
    console.note(f"Nothing is left to do, so the expected digest does not matter. That of this plan is {digest}.")


def approve(plan: Plan, options: ApplyOptions) -> None:
    """Ask on a terminal. Raises UsageError without one, RetinueError if the answer is not yes."""
    if is_approved(options):
        return
    if not console.is_interactive():
        remedy = "Pass --auto-approve, or --expect-digest with the digest of a reviewed plan."
        raise UsageError("this plan needs an approval, and there is no terminal to ask at", remedy)
    going = [change for change in plan.changes if not change.held]
    deletes = sum(change.action is Action.DELETE for change in going)
    loss = f", of which {deletes} delete" if deletes else ""
    these = "this change" if len(going) == 1 else f"these {len(going)} changes"
    if console.ask(f"\nApply {these}{loss} to {plan.environment}? Only `yes` is accepted: ") != "yes":
        raise RetinueError("not approved; nothing was changed", "Answer `yes` to go on.")


def is_approved(options: ApplyOptions) -> bool:
    return options.auto_approve or options.expect_digest is not None
