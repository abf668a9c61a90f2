"""`retinue apply`: a fresh plan, or a saved one, carried out after approval."""

from __future__ import annotations

from dataclasses import replace

import click

from ...core.allowed import Allowed
from ...core.codec import outcome, plan_from_json
from ...core.errors import InvalidManifests, StaleError, UsageError
from ...core.model import Diagnostic, Plan, Severity
from ...core.observation import Observation
from ...core.policy import guard_trusted, less_done
from ...core.saved_plan import confirmed, faults
from ...core.strictjson import loads
from ...engine.preflight import Checked, preflight, read_for_trusted
from ...providers import registry
from ...providers.base import Service
from .. import helping, options
from ..applying import carry_out, check_digest, review_and_apply, run_of
from ..connecting import connect
from ..named_files import read_named
from ..options import ApplyOptions, ProjectOptions
from ..planning import as_recorded, block_refused, plan_for, planned_again
from ..reading import observed, opened
from ..report import nothing_to_do, report_blocked, show_plan, shows_plan
from ..session import Session, open_without_manifests, with_manifests

_MOST_BYTES = 512 * 1024 * 1024


@helping.command("apply", ApplyOptions, "-e dev", "plan.json", "-e prod --auto-approve --backup before")
@click.argument("planfile", required=False)
@click.option(
    "--trust-plan", is_flag=True, help="Apply PLANFILE although its manifests are not here to check it against."
)
@options.service_options
@options.selection_options
@options.allow_option
@options.apply_options
@options.format_option("text", "json", "markdown")
@options.LINK
def command(options: ApplyOptions, *, planfile: str | None, trust_plan: bool) -> int:
    """Do what the plan says: plan afresh and ask, or carry out PLANFILE exactly as it was reviewed.

    PLANFILE is planned again from the manifests, with the variables that it was made with: what they no longer ask for
    is not done. Nothing but objects of this project and environment is ever changed, whatever a plan file says. With
    --trust-plan, `--allow brake=N` and `--allow protected:ADDRESS` must be given here again.
    """
    if planfile:
        return _apply_saved(planfile, options, trust_plan=trust_plan)
    if trust_plan:
        raise UsageError("--trust-plan is about a saved plan", "Name it: retinue apply plan.json --trust-plan.")
    with opened(options) as (session, service, seen):
        return review_and_apply(plan_for(session, service, seen, options), session, service, options)


def read_plan(path: str) -> Plan:
    """The plan in a file. Raises UsageError if there is none."""
    remedy = "Make one with `retinue plan --out FILE`."
    data = read_named(path, _MOST_BYTES, "the plan file", remedy)
    try:
        value = loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not JSON, so it is not a plan", remedy) from error
    plan = plan_from_json(value)
    return replace(plan, kinds=registry.catalogue((registry.current(plan.provider),)).kinds)


def _apply_saved(path: str, options: ApplyOptions, *, trust_plan: bool) -> int:
    plan = read_plan(path)
    narrowing = (options.targets, options.excludes, options.labels, options.variables, options.var_files)
    # A plan without its manifests is not trusted to lift a protection or the brake.
    more = options.allowed.codes.keys() - ({"protected", "brake"} if trust_plan else set())
    if any(narrowing) or more:
        message = "a saved plan is applied as it is; it cannot be narrowed, changed or allowed more"
        raise UsageError(message, "Plan again with these flags and apply that plan.")
    session = open_without_manifests(replace(options, environment=options.environment or plan.environment))
    _check_target(plan, session)
    if shows_plan(options):
        show_plan(plan, ProjectOptions())
    check_digest(plan, options.expect_digest)
    if outcome(plan) == "no-changes":
        return nothing_to_do(plan, options)
    if any(change.blocked for change in plan.changes):
        return report_blocked(plan, options)
    if not trust_plan:
        recorded = as_recorded(plan, path, options)
        with observed(with_manifests(session, recorded), recorded) as (session, service, seen):
            return carry_out(plan, session, service, recorded, _confirmed(plan, session, service, seen, recorded))
    with connect(session, options) as service:
        run = run_of(session, service, options)
        seen = read_for_trusted(plan, run)
        checked = _unmoved(preflight(plan, run, seen))
        # A digest given by a person vouches for the plan's allowances; the file alone does not.
        given = Allowed({**(plan.allowed.codes if options.expect_digest else {}), **options.allowed.codes})
        allowed = less_done(given, (change for change, _ in checked.done), session.target.removed)
        guarded = guard_trusted(replace(plan, changes=checked.todo, allowed=allowed), seen)
        guarded = block_refused(guarded, session, service, seen)
        session = replace(session, before={item.remote_id for item in seen.live})
        return carry_out(plan, session, service, options, replace(checked, todo=guarded.changes))


def _confirmed(plan: Plan, session: Session, service: Service, seen: Observation, options: ApplyOptions) -> Checked:
    """Steps left to do, if the manifests still ask for just those. Raises StaleError if they or the world differ."""
    found = preflight(plan, run_of(session, service, options), seen)
    done = [change for change, _ in found.done]
    try:
        fresh = planned_again(plan, done, session, service, seen, options)
    except InvalidManifests as error:
        noted = [_WITHOUT] if session.loaded.empty_sources else []
        raise InvalidManifests([*error.diagnostics, *noted]) from error
    now = confirmed(found.todo, done, fresh.changes, session.kinds)
    without = (
        "" if session.loaded.rendered else " There are no manifests here: --trust-plan applies the plan without them."
    )
    found = replace(found, todo=now.steps, moved=(*found.moved, *now.otherwise))
    return _unmoved(found, f"Plan again and review.{without}")


def _unmoved(checked: Checked, remedy: str = "Plan again and review.") -> Checked:
    """Raises StaleError if something moved."""
    if checked.moved:
        raise StaleError("the plan is stale:\n  " + "\n  ".join(checked.moved), remedy)
    return checked


_WITHOUT = Diagnostic(
    "plan-without-manifests",
    "a saved plan is checked against the manifests that it was made from",
    "Apply it in a checkout of them, or add --trust-plan where there can be none.",
    severity=Severity.INFO,
)


def _check_target(plan: Plan, session: Session) -> None:
    target = session.target
    for what in ("project", "environment", "provider", "endpoint"):
        planned, here = getattr(plan, what), getattr(target, what)
        if planned != here and not (what == "provider" and registry.current(planned) == here):
            message = f"this plan is for the {what} `{planned}`, here it is `{here}`"
            raise UsageError(message, "Apply it in the project and environment it was made for.")
    gate = session.environment.promote_from
    if gate is not None and plan.promotion != gate:
        raise UsageError(
            f"`promote_from` of {plan.environment} asks what {gate.environment} has proven, and this plan does not",
            "Plan again: retinue.yaml was changed since.",
        )
    found = faults(plan, session.kinds)
    if found:
        raise UsageError("this plan cannot be carried out:\n  " + "\n  ".join(found), "Plan again with this retinue.")
