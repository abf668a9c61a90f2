"""The plan of a session for what was read live, with the command's selection and permissions. Prints nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.allowed import Allowed, flag
from ..core.errors import InvalidManifests, RetinueError, UsageError
from ..core.model import Address, Change, Diagnostic, FieldChange, Inputs, Plan, Promotion, Resource, Severity
from ..core.plan import Intent, make_plan
from ..core.policy import counts_as_delete
from ..core.promotion import Proof, proof_of
from ..core.selection import select
from ..core.spelling import closest
from ..core.verification import spec_digests, verified
from ..load.manifests import PASSED_OVER
from ..load.reach import shared_file_notes
from ..providers.base import Adviser, Provider
from ..providers.losses import LOSS
from . import console
from .connecting import connect
from .given import parse_pairs
from .plans import request_log
from .reading import observe
from .session import Session, open_session, placed


def plan_for(session: Session, live: Sequence[Resource], options: Mapping[str, Any], *, destroy: bool = False) -> Plan:
    """The plan for what was read, with the command's selection and permissions.

    Where the environment is promoted from another one, that one is read and planned too: what it has not proven is
    held. Nothing has to be proven to destroy.
    """
    promotion, exceptions = session.environment.promote_from, _allowed(options).named("unpromoted")
    if promotion is not None and not destroy:
        _check_exceptions(session, live, exceptions)
        session = replace(session, proof=_proof(session, promotion, options))
    elif exceptions:
        name = session.environment.name
        why = "a destroy holds nothing back" if destroy else f"{name} is promoted from no other environment"
        raise UsageError(f"{flag('unpromoted', exceptions[0])}: {why}", "Leave it out: nothing is held here.")
    return own_plan(session, live, options, destroy=destroy)


def _check_exceptions(session: Session, live: Sequence[Resource], exceptions: Sequence[str]) -> None:
    """Raises UsageError for an exception that names nothing."""
    owned = session.world(live).owned if exceptions else {}
    known = sorted({str(address) for address in (*owned, *(item.address for item in session.desired))})
    for name in exceptions:
        if name not in known:
            meant = closest(name, known)
            remedy = f"Did you mean {meant}?" if meant else f"Known: {', '.join(known) or 'none'}."
            raise UsageError(f"{flag('unpromoted', name)}: there is no such object", remedy)


def _proof(session: Session, promotion: Promotion, options: Mapping[str, Any]) -> Proof:
    """What the environment before says, by its own plan from the same files and the same variables."""
    given = {**options, "environment": promotion.environment}
    try:
        source = open_session(given)
        with connect(source, given, request_log(options)) as service:
            source, live = observe(source, service)
        allowed = {"incomplete": True} if _allowed(options).covers("incomplete") else {}
        plan = own_plan(source, live, {"allow": Allowed(allowed)})
    except RetinueError as error:
        name = session.environment.name
        error.message = f"{name} is promoted from {promotion.environment}, which is read too: {error.message}"
        raise
    passed = frozenset[Address]()
    if promotion.verified:
        passed = verified(spec_digests(source.desired, source.kinds), source.world(live).owned)
    return proof_of(promotion, plan, passed)


def own_plan(session: Session, live: Sequence[Resource], options: Mapping[str, Any], *, destroy: bool = False) -> Plan:
    """As `plan_for`, for the environment by itself: no other one is read."""
    narrowing = [options.get(name, ()) for name in ("targets", "excludes", "labels")]
    owned: Mapping[Address, object] = {}
    if any(narrowing) or session.loaded.empty_sources:
        owned = session.world(live).owned
    selection = select(
        session.desired, narrowing[0], narrowing[1], parse_pairs(narrowing[2], "--select"), orphans=owned
    )
    _check_sources(session, owned, options)
    intent = Intent(_allowed(options), selection, destroy, options.get("only"))
    plan = make_plan(session.target, session.desired, live, intent)
    by_id = {resource.remote_id: resource for resource in live}
    changes = tuple(_with_obstacle(change, by_id.get(change.remote_id), session.provider) for change in plan.changes)
    advice = [*_advice(session.provider, changes, by_id), *shared_file_notes(session.loaded, changes)]
    # An empty source that is allowed is still worth a word.
    empty = (replace(item, severity=Severity.WARNING) for item in session.loaded.empty_sources)
    said = (*session.loaded.diagnostics, *empty)
    # What is lost is said however lightly the environment takes it.
    warnings = tuple(item for item in said if item.severity is Severity.WARNING or item.code in (LOSS, PASSED_OVER))
    inputs = _inputs(session, options)
    said = (*warnings, *plan.diagnostics, *advice)
    return without_keys(replace(plan, changes=changes, inputs=inputs, diagnostics=said), session)


def _allowed(options: Mapping[str, Any]) -> Allowed:
    return options.get("allow") or Allowed()


def without_keys(plan: Plan, session: Session) -> Plan:
    """The plan as it may be shown and saved: without the key of this run in what is live.

    Raises InvalidManifests where a manifest holds the key: apply would write it.
    """
    hide = console.SECRETS
    found = [
        placed(_holds_key(change, item), session.written[str(change.address)])
        for change in plan.changes
        for item in change.fields
        if str(change.address) in session.written and hide.masked_json(item.after) != item.after
    ]
    if found:
        raise InvalidManifests(found)

    def shown(change: Change) -> Change:
        fields = tuple(replace(item, before=hide.masked_json(item.before)) for item in change.fields)
        blocked = change.blocked and replace(change.blocked, message=hide.masked(change.blocked.message))
        return replace(change, fields=fields, blocked=blocked)

    said = (replace(item, message=hide.masked(item.message)) for item in plan.diagnostics)
    return replace(plan, changes=tuple(map(shown, plan.changes)), diagnostics=tuple(said)) if hide else plan


def _holds_key(change: Change, item: FieldChange) -> Diagnostic:
    message = f"{item.path} of {change.address} holds the key of this environment"
    remedy = "Take it out of the manifest, and revoke the key: it stands in a file."
    return Diagnostic("literal-secret", message, remedy, path=item.path, address=str(change.address))


def _inputs(session: Session, options: Mapping[str, Any]) -> Inputs:
    """What stood on the command line: what a variables file said has its place there, and is recorded by its value."""
    files = session.overrides.keys_at
    return Inputs(
        var={name: value for name, value in session.overrides.items() if name not in files},
        var_file={name: value for name, value in session.overrides.items() if name in files},
        target=tuple(options.get("targets", ())),
        exclude=tuple(options.get("excludes", ())),
        select=tuple(options.get("labels", ())),
    )


def recorded(plan: Plan) -> dict[str, Any]:
    """The options by which the manifests of a saved plan are read again as they were read for it.

    It is narrowed by what it lists, not by the flags that led there: these may name what is done already.
    """
    inputs = plan.inputs
    return {
        "variables": tuple(f"{name}={text}" for name, text in inputs.var.items()),
        "recorded": inputs.var_file,
    }


def planned_again(
    plan: Plan, done: Collection[Change], session: Session, live: Sequence[Resource], options: Mapping[str, Any]
) -> Plan:
    """The steps that the manifests ask for now at the addresses of a saved plan, with what was allowed for it.

    `done`: its steps that are in place already, and no longer to be counted. `options`: with those of `recorded`.
    """
    promotion, codes = session.environment.promote_from, plan.allowed.codes
    if promotion is not None:
        session = replace(session, proof=_proof(session, promotion, options))
    acknowledged = frozenset(session.target.removed)
    if (brake := plan.allowed.number("brake")) is not None:
        gone = sum(counts_as_delete(change, acknowledged) for change in done)
        codes = {**codes, "brake": max(0, brake - gone)}
    again = {"only": {change.address for change in plan.changes}, "allow": Allowed(codes)}
    return own_plan(session, live, {**options, **again})


def _with_obstacle(change: Change, live: Resource | None, provider: Provider) -> Change:
    """Blocked where the service is known to refuse the step."""
    if change.blocked or change.held:
        return change
    return replace(change, blocked=provider.obstacle(change, live))


def _advice(provider: Provider, changes: Sequence[Change], live: Mapping[str | None, Resource]) -> Iterator[Diagnostic]:
    if not isinstance(provider, Adviser):
        return
    for change in changes:
        found = live.get(change.remote_id)
        if found is not None and not (change.blocked or change.held) and (said := provider.advice(change, found)):
            yield said


def _check_sources(session: Session, owned: Mapping[Address, object], options: Mapping[str, Any]) -> None:
    """A missing folder or an empty glob must not look like "everything was removed" (DESIGN 2)."""
    removed = {item.address for item in session.project.removed}
    empty = session.loaded.empty_sources
    if empty and not _allowed(options).covers("incomplete") and not owned.keys() <= removed:
        way = f" Or go on without it: {flag('incomplete')}" if "allow" in options else ""
        raise InvalidManifests([replace(item, remedy=f"{item.remedy}{way}") for item in empty])
