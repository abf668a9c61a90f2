"""Desired and live to a plan: each action with its reason, and nothing that depends on the order of the input."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core import differences
from retinue.core.allowed import Allowed
from retinue.core.codec import dump, plan_to_json
from retinue.core.marker import Owner
from retinue.core.marks import asked_entries, fields_to_send, next_applied
from retinue.core.model import Action, Cause, Change, Desired, FieldChange, Live, MarkChange, Obstacle, Plan, Reason

from .worlds import KIND, as_answered, at, desired, foreign, managed, plan, steps

BOT = desired("bot")


def only(made: Plan) -> Change:
    (change,) = made.changes
    return change


def codes(made: Plan) -> list[str]:
    return [diagnostic.code for diagnostic in made.diagnostics]


# --- each action and its reason


def test_nothing_wanted_and_nothing_there_is_no_plan() -> None:
    made = plan([], [])
    assert (made.changes, made.unchanged, made.diagnostics) == ((), 0, ())


def test_what_is_not_there_is_created_with_every_stated_field() -> None:
    made = only(plan([desired("bot", {"model": "m", "temperature": 0.5, "reasoning_effort": "low"})], []))
    assert (made.action, made.reason, made.remote_id, made.expect) == (Action.CREATE, Reason.NEW, None, None)
    assert made.fields == (
        FieldChange("/model", None, "m", Cause.MANIFEST),
        FieldChange("/temperature", None, 0.5, Cause.MANIFEST),
        FieldChange("/reasoning_effort", None, "low", Cause.MANIFEST),
    )


def test_what_matches_is_left_out_and_counted() -> None:
    made = plan([desired("b"), desired("a")], [managed(desired("a")), managed(desired("b"))])
    assert (made.changes, made.unchanged) == ((), 2)
    assert made.unchanged_addresses == (at("a"), at("b"))


REASONS = {
    "manifest": ({"temperature": 0.5}, {}, Reason.MANIFEST),
    "drift": ({}, {"temperature": 0.9}, Reason.DRIFT),
    "both, in two fields": ({"temperature": 0.5}, {"top_p": 0.9}, Reason.BOTH),
    "both, in one field": ({"temperature": 0.5}, {"temperature": 0.9}, Reason.BOTH),
}


@pytest.mark.parametrize(("now", "drifted", "reason"), REASONS.values(), ids=REASONS.keys())
def test_an_update_says_why(now: dict[str, Any], drifted: dict[str, Any], reason: Reason) -> None:
    spec = {"model": "m"}
    live = managed(desired("bot", spec), spec=as_answered(spec) | drifted)
    made = only(plan([desired("bot", spec | now)], [live]))
    assert (made.action, made.reason, made.remote_id) == (Action.UPDATE, reason, "asst_bot")
    assert made.expect == differences.expect_digest(live, KIND, ())


def test_an_object_whose_manifest_is_gone_is_an_orphan_to_delete() -> None:
    made = plan([desired("a"), desired("b")], [managed(desired(name)) for name in ("a", "b", "old")])
    assert steps(made) == [("old", "delete", "orphan")]
    assert only(made).expect is not None


def test_a_removed_line_acknowledges_the_delete() -> None:
    made = plan([], [managed(BOT)], target={"removed": {at("bot"): False}})
    assert steps(made) == [("bot", "delete", "removed")]


def test_a_removed_line_may_let_go_without_deleting() -> None:
    made = plan([], [managed(BOT)], target={"removed": {at("bot"): True}})
    assert steps(made) == [("bot", "forget", "removed")]
    assert only(made).expect is not None


@pytest.mark.parametrize("forget", [True, False])
def test_a_removed_line_does_nothing_while_the_manifest_is_there(forget: bool) -> None:
    made = plan([BOT], [managed(BOT)], target={"removed": {at("bot"): forget}})
    assert (steps(made), made.unchanged) == ([], 1)


def test_a_removed_line_that_names_nothing_live_is_said() -> None:
    made = plan([], [], target={"removed": {at("bot"): False}})
    assert codes(made) == ["removed-stale"]


def test_our_own_double_create_is_deleted_and_a_copy_is_not() -> None:
    live = [
        managed(BOT, created=1, nonce="a" * 8),
        managed(BOT, id="second", created=2, nonce="b" * 8),
        managed(BOT, id="copy", created=3, nonce="a" * 8),
    ]
    made = plan([BOT], live)
    assert [(change.remote_id, change.reason) for change in made.changes] == [("second", Reason.DUPLICATE)]
    assert (made.unchanged, codes(made)) == (1, ["copy"])


def test_a_double_create_without_a_manifest_goes_with_the_orphan() -> None:
    live = [managed(BOT, nonce="a" * 8), managed(BOT, id="second", created=2, nonce="b" * 8)]
    made = plan([], live)
    assert steps(made) == [("bot", "delete", "orphan"), ("bot", "delete", "duplicate")]


def test_others_are_counted_and_never_touched() -> None:
    live = [foreign("a"), managed(BOT, id="b", project="other"), managed(BOT, id="c", environment="prod")]
    made = plan([], live)
    assert made.changes == ()
    assert [diagnostic.message for diagnostic in made.diagnostics] == ["3 objects not managed here, left alone"]


# --- adopt


def test_an_adopt_line_takes_over_the_object_that_it_names() -> None:
    live = foreign("asst_1", temperature=0.9)
    made = only(plan([desired("bot", {"model": "gpt-4o"}, adopt={"dev": "asst_1"})], [live]))
    assert (made.action, made.reason, made.remote_id) == (Action.ADOPT, Reason.ADOPTED, "asst_1")
    assert made.fields == (FieldChange("/temperature", 0.9, 1, Cause.MANIFEST),)
    assert made.expect == differences.expect_digest(live, KIND, ())


def test_an_adopt_without_a_difference_is_still_a_step() -> None:
    made = only(plan([desired("bot", {"model": "gpt-4o"}, adopt={"dev": "asst_1"})], [foreign("asst_1")]))
    assert (made.action, made.fields) == (Action.ADOPT, ())


def test_an_adopt_line_is_for_its_environment_alone() -> None:
    made = plan([desired("bot", {"model": "gpt-4o"}, adopt={"prod": "asst_1"})], [foreign("asst_1")])
    assert steps(made) == [("bot", "create", "new")]


def test_an_adopt_line_is_inert_once_the_address_is_owned() -> None:
    wanted = desired("bot", adopt={"dev": "asst_1"})
    made = plan([wanted], [managed(wanted, id="asst_1")])
    assert (steps(made), made.unchanged) == ([], 1)
    assert steps(plan([wanted], [managed(wanted, id="other"), foreign("asst_1")])) == []


def test_an_object_with_an_unreadable_address_can_be_adopted() -> None:
    live = replace(managed(BOT), marker_address="rubbish")
    assert steps(plan([desired("bot", adopt={"dev": "asst_bot"})], [live])) == [("bot", "adopt", "adopted")]


def test_an_adopt_line_that_names_nothing_live_is_blocked() -> None:
    made = only(plan([desired("bot", adopt={"dev": "asst_9"})], []))
    assert made.blocked is not None
    assert (made.action, made.blocked.code) == (Action.CREATE, "adopt-missing")


OWNED_BY = {
    "another address of ours": managed(desired("other"), id="asst_1"),
    "another project": managed(BOT, id="asst_1", project="other"),
    "another environment": managed(BOT, id="asst_1", environment="prod"),
}


@pytest.mark.parametrize("live", OWNED_BY.values(), ids=OWNED_BY.keys())
def test_an_object_that_somebody_owns_is_not_adopted(live: Live) -> None:
    made = plan([desired("bot", adopt={"dev": "asst_1"}), desired("other")], [live])
    (refused,) = [change.blocked for change in made.changes if change.address == at("bot")]
    assert refused is not None and refused.code == "adopt-owned"


# --- move


def test_a_rename_keeps_the_live_id() -> None:
    made = only(plan([desired("new", BOT.spec, moved_from="bot")], [managed(BOT)]))
    assert (made.action, made.reason, made.remote_id) == (Action.MOVE, Reason.MOVED, "asst_bot")
    assert (made.moved_from, made.fields) == (Owner("demo", "dev", at("bot")), ())


def test_a_rename_carries_the_other_changes_with_it() -> None:
    made = only(plan([desired("new", {**BOT.spec, "temperature": 0.5}, moved_from="bot")], [managed(BOT)]))
    assert (made.action, [change.path for change in made.fields]) == (Action.MOVE, ["/temperature"])


def test_a_rename_is_inert_once_it_is_done() -> None:
    wanted = desired("new", moved_from="bot")
    made = plan([wanted], [managed(wanted)])
    assert (steps(made), made.unchanged) == ([], 1)


def test_a_rename_from_what_is_not_there_is_a_create() -> None:
    assert steps(plan([desired("new", moved_from="bot")], [])) == [("new", "create", "new")]


def test_a_rename_from_a_name_that_is_still_wanted_is_a_create() -> None:
    made = plan([BOT, desired("new", moved_from="bot")], [managed(BOT)])
    assert steps(made) == [("new", "create", "new")]


def test_what_stands_at_the_old_name_of_a_done_rename_is_an_orphan() -> None:
    wanted = desired("new", moved_from="bot")
    assert steps(plan([wanted, desired("x")], [managed(wanted), managed(BOT), managed(desired("x"))])) == [
        ("bot", "delete", "orphan")
    ]


def test_a_protected_object_can_be_renamed() -> None:
    wanted = desired("new", BOT.spec, moved_from="bot", protect=True)
    made = only(plan([wanted], [managed(BOT, protected=True)]))
    assert (made.action, made.blocked, made.protected) == (Action.MOVE, None, True)


def test_a_renamed_project_keeps_its_objects() -> None:
    live = managed(BOT, project="old")
    made = only(plan([BOT], [live], target={"formerly": ("old",)}))
    assert (made.action, made.reason, made.remote_id) == (Action.MOVE, Reason.FORMERLY, "asst_bot")
    assert made.moved_from == Owner("old", "dev", at("bot"))


def test_an_orphan_of_a_renamed_project_is_an_orphan() -> None:
    live = [managed(BOT, project="old"), managed(desired("gone"), project="old")]
    assert steps(plan([BOT], live, target={"formerly": ("old",)})) == [
        ("bot", "move", "formerly"),
        ("gone", "delete", "orphan"),
    ]


# --- protect


@pytest.mark.parametrize(("before", "now"), [(False, True), (True, False)])
def test_protect_is_a_change_of_its_own(before: bool, now: bool) -> None:
    made = only(plan([desired("bot", protect=now)], [managed(BOT, protected=before)]))
    assert (made.action, made.reason, made.protected) == (Action.UPDATE, Reason.MANIFEST, now)
    assert (made.fields, made.mark) == ((), MarkChange(was_protected=before))


def test_drift_and_a_manifest_that_changed_protect_are_both() -> None:
    drifted = managed(BOT, spec=as_answered({**BOT.spec, "temperature": 0.5}))
    made = only(plan([desired("bot", protect=True)], [drifted]))
    assert ([item.cause for item in made.fields], made.mark.was_protected) == ([Cause.DRIFT], False)
    assert made.reason is Reason.BOTH


def test_protect_that_is_applied_is_no_change() -> None:
    wanted = desired("bot", protect=True)
    assert plan([wanted], [managed(wanted)]).changes == ()


def test_a_delete_remembers_that_its_object_is_protected() -> None:
    assert only(plan([], [managed(BOT, protected=True)])).protected


# --- what is live as desired although the marker says that something else was asked


def test_drift_that_the_manifest_took_is_noted_by_a_step_that_is_shown_and_sends_no_field() -> None:
    asked, now = desired("bot", {"model": "m", "temperature": 0.2}), desired("bot", {"model": "m", "temperature": 0.9})
    live = managed(asked, spec=as_answered(now.spec))
    made = only(plan([now], [live], target={"deny_drift": True}))
    assert (made.action, made.reason, made.blocked) == (Action.UPDATE, Reason.ACCEPTED, None)
    assert (made.fields, made.mark) == ((), MarkChange(accepted=("temperature",)))
    assert fields_to_send(made, KIND) == {}
    noted = replace(live, marker_applied=str(next_applied(made, live, KIND, str)))
    assert plan([now], [noted]).changes == ()
    after = only(plan([desired("bot", {"model": "m", "temperature": 0.5})], [noted], target={"deny_drift": True}))
    assert (after.reason, after.blocked) == (Reason.MANIFEST, None)


def test_the_note_goes_with_any_other_change_of_the_object() -> None:
    asked, now = desired("bot", {"model": "m"}), desired("bot", {"model": "n", "temperature": 0.9}, protect=True)
    made = only(plan([now], [managed(asked, spec=as_answered({"model": "m", "temperature": 0.9}))]))
    assert ([item.path for item in made.fields], made.mark) == (["/model"], MarkChange(was_protected=False))
    now = desired("bot", {"model": "m", "temperature": 0.9}, protect=True)
    made = only(plan([now], [managed(asked, spec=as_answered(now.spec))]))
    assert (made.fields, made.mark) == ((), MarkChange(was_protected=False))


# --- destroy


def test_destroy_deletes_all_that_is_ours_and_nothing_else() -> None:
    live = [
        managed(BOT, nonce="a" * 8),
        managed(BOT, id="second", created=2, nonce="b" * 8),
        managed(BOT, id="copy", created=3, nonce="a" * 8),
        managed(desired("old")),
        managed(desired("prod-bot"), environment="prod"),
        foreign("asst_1"),
    ]
    made = plan([BOT, desired("new")], live, destroy=True, allowed=Allowed({"brake": 2}))
    assert [(change.remote_id, change.reason) for change in made.changes] == [
        ("asst_bot", "destroy"),
        ("second", "duplicate"),
        ("asst_old", "destroy"),
    ]


def test_double_creates_are_listed_by_id_and_not_by_age() -> None:
    live = [managed(BOT, id=name, created=age, nonce=name * 8) for age, name in enumerate("cba")]
    assert [change.remote_id for change in plan([BOT], live).changes] == ["a", "b"]


# --- what a step carries for apply


def test_a_step_says_what_the_marker_will_say() -> None:
    wanted = desired("bot", {"model": "m", "temperature": 0.5}, protect=True)
    for live in ([], [managed(BOT)]):
        made = only(plan([wanted], live))
        assert made.asked == asked_entries(wanted.spec, KIND)
        assert made.protected


def test_a_step_carries_what_it_needs_and_what_it_ignores() -> None:
    wanted = desired("bot", {"model": "m", "top_p": 0.5}, ["store"], ignore_changes=("/temperature",))
    live = managed(BOT, spec=as_answered({"model": "m", "temperature": 0.9}))
    made = only(plan([wanted], [live]))
    assert (made.requires, made.ignored) == ((at("store"),), ("/temperature",))
    assert [change.path for change in made.fields] == ["/top_p"]
    assert made.expect == differences.expect_digest(live, KIND, ("/temperature",))


def test_a_damaged_marker_is_healed_by_the_next_change_and_not_before() -> None:
    damaged = managed(BOT, damaged=True)
    made = plan([BOT], [damaged])
    assert (made.changes, codes(made)) == ((), ["marker-damaged"])
    made = plan([desired("bot", {**BOT.spec, "temperature": 0.5})], [damaged])
    assert (steps(made), only(made).remote_id) == ([("bot", "update", "marker damaged")], "asst_bot")


# --- order

_NAMES = ("a", "b", "c", "d")
_one = st.tuples(
    st.sampled_from(_NAMES),
    st.sampled_from(["demo", "demo", "old", "other"]),
    st.sampled_from(["dev", "prod"]),
    st.integers(0, 2),
    st.sampled_from(["n" * 8, "m" * 8]),
    st.booleans(),
    st.sampled_from([1, 0.5]),
)


def _live(rows: list[Any]) -> list[Live]:
    result = []
    for number, (name, project, environment, created, nonce, damaged, temperature) in enumerate(rows):
        made = managed(
            desired(name),
            id=f"id{number}",
            project=project,
            environment=environment,
            created=created,
            nonce=nonce,
            damaged=damaged,
            spec=as_answered({"model": "gpt-4o", "name": name, "temperature": temperature}),
        )
        result.append(replace(made, marker_address=None, marker_applied=None) if project == "other" else made)
    return result


_wanted = st.lists(st.sampled_from(_NAMES), unique=True).map(lambda found: [desired(name) for name in found])


@given(_wanted, st.lists(_one, max_size=7).map(_live), st.randoms(use_true_random=False), st.booleans())
def test_a_plan_does_not_depend_on_the_order_of_its_input(
    wanted: list[Desired], live: list[Live], shuffle: random.Random, destroy: bool
) -> None:
    options = {"formerly": ("old",), "removed": {at("a"): False, at("b"): True}}
    made = plan(wanted, live, target=options, destroy=destroy)
    wanted, live = list(wanted), list(live)
    shuffle.shuffle(wanted)
    shuffle.shuffle(live)
    again = plan(wanted, live, target=dict(reversed(options.items())), destroy=destroy)
    assert again == made
    assert dump(plan_to_json(again, "0")) == dump(plan_to_json(made, "0"))


@given(_wanted, st.lists(_one, max_size=7).map(_live))
def test_a_plan_is_sorted_with_deletes_last(wanted: list[Desired], live: list[Live]) -> None:
    made = plan(wanted, live).changes
    deletes = [change.action is Action.DELETE for change in made]
    assert deletes == sorted(deletes)
    for group in (True, False):
        keys = [
            (change.address, change.remote_id or "") for change in made if (change.action is Action.DELETE) is group
        ]
        assert keys == sorted(keys)


@given(_wanted, st.lists(_one, max_size=7).map(_live))
def test_no_live_object_is_named_by_two_steps_and_none_of_others_is(wanted: list[Desired], live: list[Live]) -> None:
    made = plan(wanted, live)
    touched = [change.remote_id for change in made.changes if change.remote_id]
    assert len(touched) == len(set(touched))
    ours = {one.remote_id for one in live if (one.marker_address or "").startswith("demo/dev/")}
    assert set(touched) <= ours


def test_two_manifests_never_take_the_same_live_object_by_moved_from() -> None:
    wanted = [desired("x", BOT.spec, moved_from="bot"), desired("y", BOT.spec, moved_from="bot")]
    made = plan(wanted, [managed(BOT)])
    assert [change.blocked and change.blocked.code for change in made.changes] == ["claimed-twice", "claimed-twice"]
    assert "Assistant/x and Assistant/y" in (made.changes[0].blocked or Obstacle("", "")).message
    assert plan(wanted[::-1], [managed(BOT)]) == made


def test_two_manifests_never_adopt_the_same_live_object() -> None:
    wanted = [desired("x", adopt={"dev": "asst_1"}), desired("y", adopt={"dev": "asst_1"})]
    made = plan(wanted, [foreign("asst_1")])
    assert [change.blocked and change.blocked.code for change in made.changes] == ["claimed-twice", "claimed-twice"]
    assert plan(wanted[::-1], [foreign("asst_1")]) == made


def test_a_moved_from_that_finds_nothing_is_said_while_something_is_left_over() -> None:
    live = [managed(desired("old")), managed(desired("kept"))]
    for name, why in (("odl", "nothing that is live here"), ("kept", "another manifest")):
        made = plan([desired("new", moved_from=name), desired("kept")], live)
        (note,) = [item for item in made.diagnostics if item.code == "moved-from-nothing"]
        assert note.message == f"`moved_from: {name}` is the name of {why}"
    settled = plan([desired("new", moved_from="old"), desired("kept")], live)
    fresh = plan([desired("new", moved_from="old"), desired("kept")], [])
    assert [item.code for made in (settled, fresh) for item in made.diagnostics] == []
