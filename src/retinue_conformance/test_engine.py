"""The whole engine on top: a plan is carried out, the next one is empty, and what is not ours stays as it was."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from retinue.core.canonical import canonical_json
from retinue.core.errors import NewerMarker
from retinue.core.model import Action, Address, Cause, Desired, Json, Outcome, Plan, Policy, Reason, Status
from retinue.core.observation import Observation, Target
from retinue.core.plan import make_plan
from retinue.engine.apply import apply_changes
from retinue.engine.preflight import preflight
from retinue.engine.read import read_live
from retinue.engine.run import Run
from retinue.providers.base import Marker, kinds_at

from .bench import ENVIRONMENT, PROJECT, Bench


class Engine:
    """Plans and applies as the command line does."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        name = bench.subject.provider.name
        kinds = kinds_at(bench.subject.provider, bench.record.kinds)
        self.target = Target(PROJECT, ENVIRONMENT, name, "", kinds)
        self.run = Run(bench.service, bench.record, self.target)

    def plan(self, desired: Sequence[Desired], removed: dict[Address, bool] | None = None) -> Plan:
        live = read_live(self.run.service, [self.bench.kind.name])
        plan = make_plan(Observation(replace(self.target, removed=removed or {}), live), desired)
        if blocked := [change for change in plan.changes if change.blocked]:
            self.bench.fail(f"the plan is blocked: {blocked}")
        return plan

    def carry_out(self, plan: Plan) -> list[Outcome]:
        checked = preflight(plan, self.run)
        if checked.moved or checked.done:
            self.bench.fail(f"a fresh plan holds no more when it is checked: {checked.moved or checked.done}")
        outcomes = apply_changes(checked.todo, self.run)
        if bad := [outcome for outcome in outcomes if outcome.status is not Status.DONE]:
            self.bench.fail(f"steps did not succeed: {[(str(o.address), str(o.action), o.error) for o in bad]}")
        if altered := [note for outcome in outcomes for note in outcome.notes]:
            self.bench.fail(f"the service seems to alter what it was sent: {altered}")
        return outcomes

    def apply(self, desired: Sequence[Desired], removed: dict[Address, bool] | None = None) -> Plan:
        """Apply; then the next plan is empty, and so is a check of the old one."""
        plan = self.plan(desired, removed)
        outcomes = self.carry_out(plan)
        self.bench.listed(*(o.remote_id for o in outcomes if o.action is not Action.DELETE))
        self.settled(desired)
        self.seen_as_done(plan, self.bench.kind.hidden)
        return plan

    def seen_as_done(self, plan: Plan, but: Collection[str] = ()) -> None:
        """Whoever applies a plan again has nothing to write. Steps with no field outside `but` do not count."""
        paths = {f"/{name}" for name in but}
        for change in preflight(plan, self.run).todo:
            if change.action is not Action.DELETE and not all(item.path in paths for item in change.fields):
                self.bench.fail(f"what was applied is not seen as done: {change}")

    def settled(self, desired: Sequence[Desired]) -> None:
        before = canonical_json(self.bench.subject.live(self.bench.kind.name))
        again = self.plan(desired)
        if again.changes:
            steps = [
                f"    {change.action} {change.address}: {item.path} {item.before!r} → {item.after!r} ({item.cause})"
                for change in again.changes
                for item in change.fields or ()
            ] or [f"    {change.action} {change.address}" for change in again.changes]
            self.bench.fail("the next plan is not empty; it would be so for ever:\n" + "\n".join(steps))
        if canonical_json(self.bench.subject.live(self.bench.kind.name)) != before:
            self.bench.fail("making a plan changed the service")


@pytest.fixture
def engine(bench: Bench) -> Engine:
    return Engine(bench)


def _actions(plan: Plan) -> list[tuple[str, str]]:
    return [(str(change.action), change.address.name) for change in plan.changes]


def _named(bench: Bench, spec: dict[str, Json], name: str) -> Desired:
    """With a display name of its own, so that no plan takes two for twins."""
    own = {**spec, bench.kind.display: f"Display {name}"} if bench.kind.display in bench.sample.full else spec
    return bench.desired(name, own)


def test_a_first_apply_leaves_nothing_to_do(engine: Engine) -> None:
    full, minimal = dict(engine.bench.sample.full), dict(engine.bench.sample.minimal)
    plan = engine.apply([_named(engine.bench, full, "one"), engine.bench.desired("two", minimal)])
    assert _actions(plan) == [("create", "one"), ("create", "two")]


def test_create_update_and_delete_in_one_apply_leave_nothing_to_do(engine: Engine) -> None:
    bench = engine.bench
    full, changed = dict(bench.sample.full), {**bench.sample.full, **bench.sample.changed}
    foreign = bench.subject.seed(bench.kind.name, bench.sample.full)
    names = ("changed", "cleared", "gone", "same")
    engine.apply([_named(bench, full, name) for name in names])
    after = [
        _named(bench, changed, "changed"),
        bench.desired("cleared", bench.sample.minimal),
        _named(bench, full, "new"),
        _named(bench, full, "same"),
    ]
    with bench.untouched(foreign):
        plan = engine.apply(after)
    assert sorted(_actions(plan)) == [
        ("create", "new"),
        ("delete", "gone"),
        ("update", "changed"),
        ("update", "cleared"),
    ]
    if len(bench.subject.live(bench.kind.name)) != 5:
        bench.fail(f"four of ours and one foreign should be left, not {sorted(bench.subject.live(bench.kind.name))}")


def test_an_edit_outside_is_seen_as_drift_and_repaired(engine: Engine) -> None:
    bench = engine.bench
    desired = [bench.desired("one", bench.sample.full)]
    engine.apply(desired)
    key = bench.listed()[0].remote_id
    for name, value in bench.sample.changed.items():
        if name in bench.kind.hidden or name == "metadata":
            continue
        bench.subject.edit(bench.kind.name, key, {name: value})
        (change,) = engine.plan(desired).changes
        if [(item.path, item.cause) for item in change.fields] != [(f"/{name}", Cause.DRIFT)]:
            bench.fail(f"an edit of `{name}` outside is planned as {change.fields}, not as drift of `{name}` alone")
        engine.apply(desired)
        bench.holds(bench.sample.full, bench.got(key), f"after drift of `{name}` was repaired")


def test_an_edit_outside_that_the_manifest_takes_is_noted_once(engine: Engine) -> None:
    """Only the marker is written: every field stays as it was edited."""
    bench = engine.bench
    spec = dict(bench.sample.full)
    engine.apply([bench.desired("one", spec)])
    key = bench.listed()[0].remote_id
    for name, value in bench.sample.changed.items():
        if name in bench.kind.hidden or name == "metadata":
            continue
        bench.subject.edit(bench.kind.name, key, {name: value})
        spec[name] = value
        plan = engine.apply([bench.desired("one", spec)])
        noted = [(change.reason, change.fields, change.mark.accepted) for change in plan.changes]
        if noted != [(Reason.ACCEPTED, (), (name,))]:
            bench.fail(f"an edit of `{name}` outside that the manifest took is planned as {noted}, not as accepted")
        bench.holds(spec, bench.got(key), f"after the edit of `{name}` was accepted")


def test_a_field_that_cannot_be_read_back_is_still_updated_and_cleared(engine: Engine) -> None:
    bench = engine.bench
    if not bench.kind.hidden:
        pytest.skip("every field can be read back")
    full = dict(bench.sample.full)
    engine.apply([bench.desired("one", full)])
    for name in sorted(bench.kind.hidden):
        for spec in ({**full, name: bench.sample.changed[name]}, {key: full[key] for key in full if key != name}, full):
            plan = engine.apply([bench.desired("one", spec)])
            if [item.path for change in plan.changes for item in change.fields] != [f"/{name}"]:
                bench.fail(f"a change of `{name}`, which cannot be read back, is planned as {plan.changes}")


def test_a_change_of_what_cannot_be_read_back_is_seen_as_done(engine: Engine) -> None:
    bench = engine.bench
    if not bench.kind.hidden:
        pytest.skip("every field can be read back")
    engine.apply([bench.desired("one", bench.sample.full)])
    changed = {name: bench.sample.changed[name] for name in bench.kind.hidden}
    engine.seen_as_done(engine.apply([bench.desired("one", {**bench.sample.full, **changed})]))


def test_adopt_then_forget_leaves_an_object_as_it_was(engine: Engine) -> None:
    bench = engine.bench
    key = bench.subject.seed(bench.kind.name, bench.sample.full)
    strange = bench.subject.plant(bench.kind.name, key)
    adopting = bench.desired("one", bench.sample.full, Policy(adopt={ENVIRONMENT: key}))
    if _actions(engine.apply([adopting])) != [("adopt", "one")]:
        bench.fail("an object that a manifest adopts is not planned as adopt")
    if bench.got(key).marker_address is None:
        bench.fail("an adopted object has no marker")
    plan = engine.plan([], {Address(bench.kind.name, "one"): True})
    engine.carry_out(plan)
    found = bench.got(key)
    bench.holds(bench.sample.full, found, "after adopt and forget")
    if found.marker_address is not None or any(bench.raw(key).get(name) != strange[name] for name in strange):
        bench.fail(f"adopt and forget left the marker {found.marker_address!r} or lost one of {sorted(strange)}")


def test_a_renamed_object_keeps_its_id(engine: Engine) -> None:
    bench = engine.bench
    engine.apply([bench.desired("before", bench.sample.full)])
    key = bench.listed()[0].remote_id
    plan = engine.apply([bench.desired("after", bench.sample.full, Policy(moved_from="before"))])
    assert _actions(plan) == [("move", "after")]
    if [live.remote_id for live in bench.listed()] != [key]:
        bench.fail(f"a rename did not keep the live id {key}")


def test_a_plan_that_the_world_has_left_behind_is_noticed(engine: Engine) -> None:
    bench = engine.bench
    engine.apply([bench.desired("one", bench.sample.full)])
    plan = engine.plan([bench.desired("one", {**bench.sample.full, **bench.sample.changed})])
    fixed = {*bench.kind.hidden, *bench.sample.minimal}
    name = next(name for name in bench.sample.full if name not in fixed)
    key = bench.listed()[0].remote_id
    bench.subject.edit(bench.kind.name, key, {name: "Edited outside" if name == bench.kind.display else "x"})
    if not preflight(plan, engine.run).moved:
        bench.fail(f"`{name}` was edited outside after the plan was made, and a check of the plan does not see it")
    (outcome,) = apply_changes(plan.changes, engine.run)
    if (outcome.status, outcome.failure) != (Status.FAILED, "stale"):
        bench.fail(f"an update of an object that moved ended as {outcome}")


def test_a_marker_that_became_newer_since_the_plan_stops_every_step(engine: Engine) -> None:
    bench = engine.bench
    engine.apply([bench.desired("one", bench.sample.full)])
    (live,) = bench.listed()
    changed = [bench.desired("one", {**bench.sample.full, **bench.sample.changed})]
    forgotten = {Address(bench.kind.name, "one"): True}
    plans = [
        engine.plan(changed),
        engine.plan([bench.desired("two", bench.sample.full, Policy(moved_from="one"))]),
        engine.plan([], forgotten),
    ]
    plans.append(replace(plans[2], changes=tuple(replace(it, action=Action.DELETE) for it in plans[2].changes)))
    bench.service.update(bench.got(live.remote_id), {}, Marker(live.marker_address or "", "2 k8sJ2mQx ?future"))
    with bench.untouched(live.remote_id):
        for plan in plans:
            with pytest.raises(NewerMarker):
                preflight(plan, engine.run)
            (outcome,) = apply_changes(plan.changes, engine.run)
            if (outcome.status, outcome.failure) != (Status.FAILED, "stale") or "newer" not in (outcome.error or ""):
                bench.fail(f"a {outcome.action} of what a newer retinue wrote ended as {outcome}")
        with pytest.raises(NewerMarker):
            engine.plan(changed)
