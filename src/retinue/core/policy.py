"""Rules that block a step until someone explicitly allows it. Pure: a plan in, the same plan out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from .allowed import Allowed, flag
from .model import Action, Address, Cause, Change, ObjectKey, Obstacle, Plan
from .observation import Observation, Target
from .ownership import World
from .renames import Pair, moved_from_line
from .values import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that the rules need besides the plan.

    `renamed`: what would be deleted and what would be created that look like one object under two names. `users`: by
    what goes, an object of ours that would still refer to it. `external_references`: an object of others that refers to
    it, for people.
    """

    target: Target
    world: World
    renamed: Sequence[Pair] = ()
    users: Mapping[ObjectKey, Address] = field(default_factory=dict)
    external_references: Mapping[ObjectKey, str] = field(default_factory=dict)


def guard(plan: Plan, facts: Facts) -> Plan:
    """The plan with every step blocked that a rule forbids; the first rule that holds names the reason."""
    for rule in _RULES:
        plan = rule(plan, facts)
    return plan


def block_renamed(plan: Plan, facts: Facts) -> Plan:
    """A delete and a create that are alike are a rename that was not written down: the live id would be lost.

    A narrowed plan may hold one of the two alone, and another one the other.
    """
    held = {change.address for change in plan.changes if change.held}
    pairs: dict[tuple[Action, Address], list[Pair]] = defaultdict(list)
    for pair in facts.renamed:
        if held.isdisjoint(pair):
            pairs[Action.DELETE, pair.old].append(pair)
            pairs[Action.CREATE, pair.new].append(pair)

    def rule(change: Change) -> Obstacle | None:
        mine = pairs.get((change.action, change.address))
        if mine is None:
            return None
        old, new = (_named(dict.fromkeys(addresses)) for addresses in zip(*mine, strict=True))
        lines = [f"{moved_from_line(pair.old)} in the manifest of {pair.new}" for pair in mine[:_MOST_NAMED]]
        gone = [str(address) for address in dict.fromkeys(pair.old for pair in mine)][:_MOST_NAMED]
        message = f"{old} would be deleted and {new} created, and they are much alike: this looks like a rename"
        ways = (*lines, f"removed: [{', '.join(gone)}]", " ".join(flag("renamed", item) for item in gone))
        return Obstacle("renamed", message, ways)

    return block(plan, rule)


def _named(addresses: Collection[Address]) -> str:
    some = [str(address) for address in list(addresses)[:_MOST_NAMED]]
    return " or ".join(some) + (f" or {len(addresses) - len(some)} more" if len(addresses) > len(some) else "")


def block_protected(plan: Plan, facts: Facts) -> Plan:
    """`protect` outlives its manifest, because the marker says it; neither `removed` nor a number lifts it."""
    damaged = {live.remote_id for live in facts.world.owned.values() if live.applied is None}

    def rule(change: Change) -> Obstacle | None:
        if not change.action.destroys:
            return None
        return _protection(change, plan, protected=change.protected, damaged=change.remote_id in damaged)

    return block(plan, rule)


def _protection(change: Change, plan: Plan, *, protected: bool, damaged: bool) -> Obstacle | None:
    allow = flag("protected", change.address)
    if plan.allowed.covers("protected", change.address):
        return None
    if damaged:
        why = "its marker is damaged, so it may be protected"
        return Obstacle("marker-damaged", why, (allow,))
    if not protected or change.extra:
        return None
    way = "or apply `retinue: {protect: false}` in its manifest first"
    return Obstacle("protected", "it is protected (`protect: true` was applied)", (allow, way))


def guard_trusted(plan: Plan, seen: Observation) -> Plan:
    """The plan with every step blocked that protection or the brake forbids, judged by what is live alone.

    What the plan says of both is not believed. To take a protection off counts as well: the next plan could delete.
    """

    def rule(change: Change) -> Obstacle | None:
        live, destroys = seen.by_key.get(change.object_key), change.action.destroys
        if live is None or live.mark.owner is None or change.action is Action.FORGET:
            return None
        if change.protected and not destroys:
            return None
        return _protection(change, plan, protected=live.protected, damaged=destroys and live.applied is None)

    return block_brake(block(plan, rule), Facts(seen.target, seen.world))


def block_shared(plan: Plan, _facts: Facts) -> Plan:
    """Two manifests whose `moved_from` or `adopt` name the same live object: it can only be of one of them."""
    claimed: dict[ObjectKey, list[str]] = defaultdict(list)
    for change in plan.changes:
        if change.action in (Action.ADOPT, Action.MOVE, Action.UPDATE) and change.remote_id:
            claimed[change.object_key].append(str(change.address))

    def rule(change: Change) -> Obstacle | None:
        addresses = claimed.get(change.object_key, [])
        if len(addresses) < 2 or str(change.address) not in addresses:
            return None
        ways = ("Keep its `adopt` or `moved_from` line in one of these manifests.",)
        return Obstacle("claimed-twice", f"{change.remote_id} is claimed by {' and '.join(addresses)}", ways)

    return block(plan, rule)


def block_copied(plan: Plan, facts: Facts) -> Plan:
    """Only the original tells its copies from itself, so it must not go while there are copies."""

    def rule(change: Change) -> Obstacle | None:
        copies = facts.world.indistinguishable_copies(change)
        if not copies:
            return None
        some = ", ".join(copies)
        are = f"{some} {'is a copy' if len(copies) == 1 else 'are copies'} of {change.remote_id}"
        ways = [f"retinue forget -e {plan.environment} --id {copy}" for copy in copies]
        ways = [f"Delete {some} in the service, or take only the marker off:", *ways]
        return Obstacle("copied", f"{are}, marker and all, and would be mistaken for it afterwards", tuple(ways))

    return block(plan, rule)


def block_in_use(plan: Plan, facts: Facts) -> Plan:
    """Nothing goes that an object of ours would still refer to; nor, unacknowledged, what one of others refers to."""

    def rule(change: Change) -> Obstacle | None:
        if not change.action.destroys:
            return None
        key = change.object_key
        if (user := facts.users.get(key)) is not None:
            way = f"take {change.remote_id} out of {user} first" if plan.complete else f"--target {user} too"
            return Obstacle("in-use", f"{user} would still refer to it", (way,))
        other = facts.external_references.get(key)
        if other is None or not is_unasked(change, facts.target.removed):
            return None
        ways = (
            f"take {change.remote_id} out of {other.partition(' ')[0]} first",
            f"to keep it there, removed: [{{address: {change.address}, forget: true}}]",
            f"to delete it anyway, removed: [{change.address}]",
        )
        return Obstacle("in-use", f"{other}, which is not managed here, would still refer to it", ways)

    return block(plan, rule)


def is_unasked(change: Change, acknowledged: Collection[Address]) -> bool:
    """True if an object goes only because its manifest did: neither `removed` nor a command asks for it."""
    return change.orphan and change.address not in acknowledged


def block_twins(plan: Plan, facts: Facts) -> Plan:
    """Blocks a create whose object may be there already: an unmanaged one of its kind with its display name, or one
    whose marker cannot be read."""
    adopted = {change.remote_id for change in plan.changes if change.action is Action.ADOPT}
    named: dict[tuple[str, str], list[str]] = defaultdict(list)
    unreadable: dict[str, list[str]] = defaultdict(list)
    for live in facts.world.foreign:
        name = facts.target.kinds[live.kind].display_name(live.spec)
        if name and live.remote_id not in adopted:
            named[live.kind, name].append(live.remote_id)
    for live in facts.world.unreadable:
        if live.remote_id not in adopted:
            unreadable[live.kind].append(live.remote_id)

    def rule(change: Change) -> Obstacle | None:
        if change.action is not Action.CREATE or plan.allowed.covers("twin", change.address):
            return None
        allow = flag("twin", change.address)
        if twins := named.get((change.address.kind, change.display_name or "")):
            message = f"{', '.join(twins)} is live, is named “{change.display_name}” too, and is not managed"
            adopt = f"retinue: {{adopt: {{{plan.environment}: {twins[0]}}}}}"
            return Obstacle("twin", message, (adopt, f"to create a second one: {allow}"))
        if ids := unreadable.get(change.address.kind):
            message = f"{', '.join(ids)} carries a retinue.address that cannot be read, and may be this one"
            adopt = f"retinue: {{adopt: {{{plan.environment}: {ids[0]}}}}}"
            restore = "or restore its two `retinue.` metadata keys in the service, or remove them"
            return Obstacle("marker-unreadable", message, (adopt, restore, f"to create another one: {allow}"))
        return None

    return block(plan, rule)


def block_renamed_project(plan: Plan, facts: Facts) -> Plan:
    """We own nothing and half of what we would create exists under another name: the project was renamed."""
    creates = [change for change in plan.changes if change.action is Action.CREATE]
    created = {change.address for change in creates}
    others = {live.owner for live in facts.world.elsewhere if live.address in created}
    scopes = Counter(
        (owner.project, owner.environment)
        for owner in others
        if owner.project != plan.project or owner.environment not in facts.target.environments
    )
    if facts.world.owned or not scopes:
        return plan
    (project, environment), count = max(scopes.items(), key=lambda item: (item[1], item[0]))
    if count * 2 < len(creates):
        return plan
    way_out = f"call the environment `{environment}` again in retinue.yaml"
    way_out = f"formerly: [{project}]" if environment == plan.environment else way_out
    some = f"{count} of {len(creates)} objects to create {'exists' if count == 1 else 'exist'}"
    some = "the object to create exists" if len(creates) == 1 else some
    message = f"{some} as {project}/{environment}: was it renamed?"
    obstacle = Obstacle("renamed-project", message, (way_out, f"to create new ones beside them: {flag('twin')}"))

    def rule(change: Change) -> Obstacle | None:
        blocked = change.action is Action.CREATE and not plan.allowed.covers("twin", change.address)
        return obstacle if blocked else None

    return block(plan, rule)


def block_drift(plan: Plan, facts: Facts) -> Plan:
    """Where `on_drift: deny` holds, a change made outside is not undone until a person says which side is right."""

    def rule(change: Change) -> Obstacle | None:
        moved = [item.path for item in change.fields if item.cause in (Cause.DRIFT, Cause.BOTH)]
        if not (facts.target.deny_drift and moved) or plan.allowed.covers("drift", change.address):
            return None
        both = any(item.cause is Cause.BOTH for item in change.fields)
        what = "which side changed is not on record" if change.action is Action.ADOPT else "changed outside"
        message = f"{what}: {', '.join(moved)}; `on_drift: deny` keeps what is live"
        keep = f"to keep the live values: retinue import --update -e {plan.environment} --target {change.address}"
        keep += f" --take-live {change.address}" if both else ""
        undo = f"to {'have the manifest' if both else 'undo them'}: {flag('drift', change.address)}"
        return Obstacle("drift", message, (keep, undo))

    return block(plan, rule)


def block_brake(plan: Plan, facts: Facts) -> Plan:
    """Too many deletes at once, or the last object, or any in a critical environment: docs/ownership.md, Deleting."""
    owned, acknowledged = facts.world.owned, facts.target.removed
    doomed = [change for change in plan.changes if counts_as_delete(change, acknowledged)]
    gone = {change.address for change in plan.changes if change.action is Action.DELETE and _removes(change)}
    limit = min(5, max(1, int(0.3 * len(owned))))
    deletes, given = len(doomed), plan.allowed.number("brake")
    if given is not None and given != deletes:
        why = f"{flag('brake', given)} was given, but this plan deletes {deletes}"
        plan = replace(plan, allowed=plan.allowed.without("brake"))
    elif not deletes or given == deletes:
        return plan
    elif facts.target.critical:
        why = f"{plan.environment} is a critical environment"
    elif gone >= owned.keys():
        why = f"nothing of the {len(owned)} owned would be left"
    elif deletes > limit:
        some = "1 goes" if limit == 1 else f"{limit} go"
        why = f"{deletes} deletes at once, of {len(owned)} owned (at most {some} unacknowledged)"
    else:
        return plan
    # Objects that a destroy deletes have manifests, and `removed` names none that has one.
    named = sorted({str(change.address) for change in doomed if change.orphan or change.action is Action.REPLACE})
    some = ", ".join(named) if len(named) <= _MOST_NAMED else f"all {len(named)} addresses that this plan deletes"
    removed = (f"removed: [{some}]",) if named else ()
    allow = flag("brake", deletes) if deletes else f"leave out {flag('brake', given)}"
    obstacle = Obstacle("brake", why, (*removed, allow))
    return block(plan, lambda change: obstacle if not doomed or counts_as_delete(change, acknowledged) else None)


_MOST_NAMED = 20
"""The brake's message stands at every step that it blocks, so it must not grow with the plan."""


def counts_as_delete(change: Change, acknowledged: Collection[Address]) -> bool:
    """True for unacknowledged deletes and replaces; deleting a duplicate or an unused file takes no address away."""
    return change.action.destroys and _removes(change) and change.address not in acknowledged


def less_done(allowed: Allowed, done: Iterable[Change], acknowledged: Collection[Address]) -> Allowed:
    """The allowances of a whole plan, for the rest of it: the brake does not count deletes that are done."""
    number = allowed.number("brake")
    if number is None:
        return allowed
    left = max(0, number - sum(counts_as_delete(change, acknowledged) for change in done))
    return Allowed({**allowed.codes, "brake": left})


def _removes(change: Change) -> bool:
    return not (change.extra or change.unused or change.held)


def block(plan: Plan, rule: Callable[[Change], Obstacle | None]) -> Plan:
    """The plan with what the rule says of each step that is free to go so far."""
    changes = tuple(
        change if change.blocked or change.held or not (obstacle := rule(change)) else replace(change, blocked=obstacle)
        for change in plan.changes
    )
    return replace(plan, changes=changes)


_RULES = (
    block_renamed,
    block_protected,
    block_shared,
    block_copied,
    block_in_use,
    block_renamed_project,
    block_twins,
    block_drift,
    block_brake,
)
