"""The plan of a session for what was read live, with the command's selection and permissions. Prints nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from ..core.allowed import Allowed, flag
from ..core.content import scope_of
from ..core.errors import InvalidManifests, RetinueError, UsageError
from ..core.literals import screened
from ..core.masking import MASK
from ..core.model import Action, Address, Change, Diagnostic, Inputs, Kind, Obstacle, Place, Plan, Promotion, Severity
from ..core.observation import Observation
from ..core.plan import Intent, make_plan, select
from ..core.pointer import value_at, with_ignored
from ..core.policy import block, less_done
from ..core.promotion import Proof, proof_of, spec_digests, verified
from ..core.retirement import RETIRING
from ..core.spelling import known_or_meant
from ..engine.read import KEEPING, rewound, with_serving
from ..load.located import Map
from ..load.manifests import PASSED_OVER, left_behind
from ..load.uploads import line_ends_note
from ..providers.base import Adviser, Pointed, Rewindable, Service, Watchful
from ..providers.losses import LOSS
from . import console
from .options import ApplyOptions, PlanOptions, parse_pairs
from .reading import opened
from .session import Session, placed


def plan_for(session: Session, service: Service, seen: Observation, options: PlanOptions) -> Plan:
    """The plan for what was read, with the command's selection and permissions.

    Where the environment is promoted from another one, that one is read and planned too: what it has not proven is
    held. Nothing has to be proven to destroy. Raises UsageError for an exception that names nothing.
    """
    name, exceptions = session.environment.name, options.allowed.named("unpromoted")
    promotion = None if options.destroy else session.environment.promote_from
    if exceptions and promotion is None:
        why = "a destroy holds nothing back" if options.destroy else f"{name} is promoted from no other environment"
        raise UsageError(f"{flag('unpromoted', exceptions[0])}: {why}", "Leave it out: nothing is held here.")
    owned = seen.world.owned if exceptions else {}
    known = {str(address) for address in (*owned, *(item.address for item in session.desired))}
    for address in exceptions:
        if address not in known:
            raise UsageError(f"{flag('unpromoted', address)}: there is no such object", known_or_meant(address, known))
    proof = None if promotion is None else _proof(promotion, name, options)
    return own_plan(session, service, seen, options, proof)


def _proof(promotion: Promotion, name: str, options: PlanOptions) -> Proof:
    """The state of the environment before `name`, by its own plan from the same files and the same variables."""
    try:
        with opened(replace(options, environment=promotion.environment)) as (source, service, seen):
            allowed = {"incomplete": True} if options.allowed.covers("incomplete") else {}
            return proof_by(
                promotion, source, seen, own_plan(source, service, seen, PlanOptions(allow=Allowed(allowed)))
            )
    except RetinueError as error:
        error.message = f"{name} is promoted from {promotion.environment}, which is read too: {error.message}"
        raise


def proof_by(promotion: Promotion, source: Session, seen: Observation, plan: Plan) -> Proof:
    """What the environment before one says, by its own plan and by what is live there."""
    passed = frozenset[Address]()
    if promotion.verified:
        passed = verified(spec_digests(source.desired, source.kinds), seen.world.owned)
    return proof_of(promotion, plan, passed)


def own_plan(
    session: Session, service: Service, seen: Observation, options: PlanOptions, proof: Proof | None = None
) -> Plan:
    """As `plan_for`, for the environment by itself: no other one is read."""
    owned = seen.world.owned
    labels = parse_pairs(options.labels, "--select")
    selection = select(session.desired, options.targets, options.excludes, labels, orphans=owned)
    # A missing folder or an empty glob must not look like "everything was removed".
    removed, empty_sources = {item.address for item in session.project.removed}, session.loaded.empty_sources
    if empty_sources and not options.allowed.covers("incomplete") and not owned.keys() <= removed:
        # A saved plan takes no more flags.
        may = options.allow is not None and options.only is None
        way = f" Or go on without it: {flag('incomplete')}" if may else ""
        raise InvalidManifests([replace(item, remedy=f"{item.remedy}{way}") for item in empty_sources])
    intent = Intent(options.allowed, selection, options.destroy, options.only, proof)
    seen, plan = _planned(session, service, seen, intent)
    lost = {item.address for item in plan.changes if item.orphan and item.address not in session.loaded.rendered}
    behind = left_behind(session.project, lost) if lost else {}
    # A manifest that exists but is not read does not mean a delete.
    plan = block_refused(block(plan, lambda change: behind.get(change.address)), session, service, seen)
    going = [item for item in plan.changes if not (item.blocked or item.held) and item.object_key in seen.by_key]
    adviser = session.provider if isinstance(session.provider, Adviser) else None
    advice = [adviser.advice(change, seen.by_key[change.object_key]) for change in going] if adviser else []
    notes = _line_ends(plan.changes, session, seen)
    if plan.changes:
        from ..load.written import places

        notes += places(plan.changes, session.written, session.loaded, session.kinds, session.project.root)
    # An empty source that is allowed is still worth a word.
    empty = (replace(item, severity=Severity.WARNING) for item in session.loaded.empty_sources)
    found = (*session.loaded.diagnostics, *empty)
    warnings = tuple(filter(_is_told, found))
    # A value from a variables file has its place there, and is recorded by its value.
    files = session.overrides.keys_at
    inputs = Inputs(
        var={name: value for name, value in session.overrides.items() if name not in files},
        var_file={name: value for name, value in session.overrides.items() if name in files},
        target=options.targets,
        exclude=options.excludes,
        select=options.labels,
    )
    diagnostics = (*warnings, *plan.diagnostics, *filter(None, advice), *notes)
    plan = replace(plan, inputs=inputs, diagnostics=diagnostics)
    _refuse_keys(plan, session)
    return _without_secrets(plan, session.kinds)


def block_refused(plan: Plan, session: Session, service: Service, seen: Observation) -> Plan:
    """The plan with every step blocked that the service is known to refuse."""

    def rule(change: Change) -> Obstacle | None:
        found = session.provider.obstacle(change, seen.by_key.get(change.object_key))
        return found or (service.obstacle(change) if isinstance(service, Watchful) else None)

    return block(plan, rule)


def _line_ends(changes: Iterable[Change], session: Session, seen: Observation) -> list[Diagnostic]:
    """Files to upload that are live already with other line ends."""
    known = {name for name, kind in session.kinds.items() if kind.by_content}
    names = [item.address.name for item in changes if item.action is Action.CREATE and item.address.kind in known]
    scope = scope_of(session.project.name, session.environment.name)
    ours = (item for item in seen.live if item.kind in known and item.mark.owner_text == scope)
    stored = {str(item.spec["sha256"]) for item in ours}
    note = line_ends_note(session.project.root, names, stored) if names and stored else None
    return [note] if note else []


def _is_told(item: Diagnostic) -> bool:
    """Losses are, however lightly the environment takes it, and what a service says of itself."""
    lost = item.code in (LOSS, PASSED_OVER, RETIRING) or not (item.address or item.place)
    return lost or item.severity is Severity.WARNING


def _planned(session: Session, service: Service, seen: Observation, intent: Intent) -> tuple[Observation, Plan]:
    """The plan and what it was made from: with `set_back` on what would change and went back to an earlier version."""
    plan = make_plan(seen, session.desired, intent)
    if isinstance(service, Pointed):
        return seen, with_serving(service, plan, seen)
    if not isinstance(service, Rewindable):
        return seen, plan
    corrected = rewound(service, seen, {item.object_key for item in plan.changes if item.action in KEEPING})
    return corrected, plan if corrected is seen else make_plan(corrected, session.desired, intent)


def _refuse_keys(plan: Plan, session: Session) -> None:
    """Raises InvalidManifests where a manifest holds the key of this run, or `[key]` in place of a secret."""
    found = []
    for change in plan.changes:
        if (written := session.written.get(str(change.address))) is None:
            continue
        fields = change.values
        wrong = {
            (f"/{name}", f"/{name} of {change.address} holds the key of this environment", _REVOKE)
            for name, value in fields.items()
            if console.SECRETS.masked_json(value) != value
        }
        for pointer in screened(fields, session.kinds[change.address.kind], mask=False)[1]:
            if all(MASK in str(value_at(spec, pointer)) for spec in (fields, dict(written.spec))):
                wrong.add((pointer, f"`{MASK}` stands here for a hidden secret, and would be written literally", _LEFT))
        for path, message, remedy in sorted(wrong):
            problem = Diagnostic("literal-secret", message, remedy, path=path, address=str(change.address))
            found.append(placed(problem, written))
    if found:
        raise InvalidManifests(found)


_REVOKE = "Take it out of the manifest, and revoke the key: it stands in a file."
_LEFT = "Take it out of the manifest; with `ignore_changes` the service keeps the secret that it has."


def _without_secrets(plan: Plan, kinds: Mapping[str, Kind]) -> Plan:
    """The plan as it may be shown and saved: without the key of this run, and other secrets, in what is live."""
    hide = console.SECRETS

    def shown(change: Change) -> Change:
        kind = kinds[change.address.kind]
        before = console.hidden({item.name: item.before for item in change.fields}, kind)
        after = {item.name: item.after for item in change.fields}
        if change.action is not Action.REPLACE:
            # A field left to the service is written as live has it then, whatever the plan says.
            after = with_ignored(after, console.hidden(after, kind), change.ignored)
        fields = tuple(replace(item, before=before[item.name], after=after.get(item.name)) for item in change.fields)
        blocked = change.blocked and replace(change.blocked, message=hide.masked(change.blocked.message))
        name = change.display_name and hide.masked(change.display_name)
        return replace(change, fields=fields, blocked=blocked, display_name=name)

    diagnostics = (replace(item, message=hide.masked(item.message)) for item in plan.diagnostics)
    return replace(plan, changes=tuple(map(shown, plan.changes)), diagnostics=tuple(diagnostics))


def as_recorded(plan: Plan, path: str, options: ApplyOptions) -> ApplyOptions:
    """The options by which the manifests of a saved plan are read again as they were read for it.

    It is narrowed by what it lists, not by the flags that led there: these may name what is done already.
    """
    place = Place(path, 1, 1)
    variables = Map(place)
    for name, value in plan.inputs.var_file.items():
        variables.put(name, value, place, place)
    texts = tuple(f"{name}={text}" for name, text in plan.inputs.var.items())
    only = frozenset(change.address for change in plan.changes)
    return replace(options, variables=texts, recorded=variables, only=only)


def planned_again(
    plan: Plan, done: Collection[Change], session: Session, service: Service, seen: Observation, options: PlanOptions
) -> Plan:
    """The steps that the manifests ask for now at the addresses of a saved plan, with what was allowed for it.

    `done`: its steps that are in place already, and no longer to be counted. `options`: those of `as_recorded`.
    """
    promotion = session.environment.promote_from
    options = replace(options, allow=less_done(plan.allowed, done, seen.target.removed))
    proof = None if promotion is None else _proof(promotion, plan.environment, options)
    return own_plan(session, service, seen, options, proof)
