"""The plan of a session for what was read live, with the command's selection and permissions. Prints nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..core.errors import InvalidManifests
from ..core.model import Address, Allowed, Change, Diagnostic, Plan, Resource, Severity
from ..core.ownership import decide
from ..core.plan import make_plan
from ..core.selection import select
from ..load.shared import shared_file_notes
from ..providers.base import Adviser, Provider
from ..providers.losses import LOSS
from .session import Session, parse_pairs


def plan_for(session: Session, live: Sequence[Resource], options: Mapping[str, Any], *, destroy: bool = False) -> Plan:
    """The plan for what was read, with the command's selection and permissions."""
    target = session.target
    narrowing = [options.get(name, ()) for name in ("targets", "excludes", "labels")]
    owned: Mapping[Address, object] = {}
    if any(narrowing) or session.loaded.empty_sources:
        owned = decide(live, target.project, target.environment, target.formerly).owned
    selection = select(
        session.desired, narrowing[0], narrowing[1], parse_pairs(narrowing[2], "--select"), orphans=owned
    )
    _check_sources(session, owned, options)
    allowed = Allowed(
        deletes=options.get("allow_deletes") or 0,
        twins=bool(options.get("allow_twins")),
        unprotected=tuple(options.get("unprotect", ())),
        reverted=tuple(options.get("revert_drift", ())),
    )
    plan = make_plan(target, session.desired, live, allowed=allowed, selection=selection, destroy=destroy)
    by_id = {resource.remote_id: resource for resource in live}
    changes = tuple(
        change
        if change.blocked or not (obstacle := session.provider.obstacle(change, by_id.get(change.remote_id)))
        else replace(change, blocked=obstacle)
        for change in plan.changes
    )
    advice = [*_advice(session.provider, changes, by_id), *shared_file_notes(session.loaded, changes)]
    # An empty source that is allowed is still worth a word.
    empty = (replace(item, severity=Severity.WARNING) for item in session.loaded.empty_sources)
    said = (*session.loaded.diagnostics, *empty)
    # What is lost is said however lightly the environment takes it.
    warnings = tuple(item for item in said if item.severity is Severity.WARNING or item.code == LOSS)
    return replace(plan, changes=changes, diagnostics=(*warnings, *plan.diagnostics, *advice))


def _advice(provider: Provider, changes: Sequence[Change], live: Mapping[str | None, Resource]) -> Iterator[Diagnostic]:
    if not isinstance(provider, Adviser):
        return
    for change in changes:
        found = live.get(change.remote_id)
        if found is not None and not change.blocked and (said := provider.advice(change, found)):
            yield said


def _check_sources(session: Session, owned: Mapping[Address, object], options: Mapping[str, Any]) -> None:
    """A missing folder or an empty glob must not look like "everything was removed" (DESIGN 2)."""
    removed = {item.address for item in session.project.removed}
    if session.loaded.empty_sources and not options.get("allow_incomplete") and not owned.keys() <= removed:
        raise InvalidManifests(session.loaded.empty_sources)
