"""`retinue apply`: a fresh plan, or a saved one, carried out after approval."""

from __future__ import annotations

from typing import Any

import click

from ...core.codec import plan_from_json
from ...core.errors import UsageError
from ...core.model import Plan
from ...core.soundness import faults
from ...core.strictjson import loads
from .. import helping, options
from ..connecting import connect
from ..files import read_named
from ..planning import plan_for
from ..plans import (
    carry_out,
    check_digest,
    is_empty,
    nothing_to_do,
    request_log,
    review_and_apply,
    show_plan,
    shows_plan,
)
from ..reading import observe
from ..session import Session, open_session

_MOST_BYTES = 512 * 1024 * 1024


@helping.command(
    "apply",
    "retinue apply -e dev",
    "retinue apply plan.json",
    "retinue apply -e prod --auto-approve --backup before",
)
@click.argument("planfile", required=False)
@options.service_options
@options.selection_options
@options.guard_options
@options.promotion_options
@options.apply_options
@options.format_option("text", "json", "markdown")
@options.LINK
def command(**given: Any) -> int:
    """Do what the plan says: plan afresh and ask, or carry out PLANFILE exactly as it was reviewed."""
    if given["planfile"]:
        return _apply_saved(read_plan(given["planfile"]), given)
    session = open_session(given)
    with connect(session, given, request_log(given)) as service:
        session, live = observe(session, service)
        plan = plan_for(session, live, given)
        return review_and_apply(plan, session, service, given)


def read_plan(path: str) -> Plan:
    """The plan in a file. Raises UsageError if there is none."""
    remedy = "Make one with `retinue plan --out FILE`."
    data = read_named(path, _MOST_BYTES, "the plan file", remedy)
    try:
        value = loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON, so it is no plan", remedy) from error
    return plan_from_json(value)


def _apply_saved(plan: Plan, given: dict[str, Any]) -> int:
    _refuse_narrowing(given)
    session = open_session({**given, "environment": given["environment"] or plan.environment}, need_manifests=False)
    _check_target(plan, session)
    if shows_plan(given):
        show_plan(plan, {})
    check_digest(plan, given)
    if is_empty(plan):
        return nothing_to_do(plan, given)
    with connect(session, given, request_log(given)) as service:
        return carry_out(plan, session, service, given, saved=True)


def _refuse_narrowing(given: dict[str, Any]) -> None:
    narrowing = ("targets", "excludes", "labels", "variables", "var_files")
    guards = ("allow_deletes", "unprotect", "revert_drift", "allow_twins", "allow_incomplete", "allow_unpromoted")
    if any(given[name] for name in (*narrowing, *guards)):
        raise UsageError(
            "a saved plan is applied as it is; it cannot be narrowed, changed or allowed more",
            "Plan again with these flags and apply that plan.",
        )


def _check_target(plan: Plan, session: Session) -> None:
    target = session.target
    for what in ("project", "environment", "provider", "endpoint"):
        planned, here = getattr(plan, what), getattr(target, what)
        if planned != here:
            raise UsageError(
                f"this plan is for the {what} `{planned}`, here it is `{here}`",
                "Apply it in the project and environment it was made for.",
            )
    gate = session.environment.promote_from
    if gate is not None and plan.promotion != gate:
        raise UsageError(
            f"this plan does not ask what {gate.environment} has proven, as `promote_from` of {plan.environment} does",
            "Plan again: retinue.yaml was changed since.",
        )
    found = faults(plan, session.kinds)
    if found:
        raise UsageError("this plan cannot be carried out:\n  " + "\n  ".join(found), "Plan again with this retinue.")
