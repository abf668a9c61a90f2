"""What may not happen without a person's word: the brake, protection, twins, a renamed project."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.allowed import Allowed
from retinue.core.codec import outcome
from retinue.core.model import Action, Address, Change, Desired, Live, Plan, Reason
from retinue.core.ownership import decide
from retinue.core.policy import Facts, block_brake, block_protected, guard
from retinue.providers.assistants_v2 import KINDS

from .worlds import at, desired, fleet, foreign, managed, plan, target


def blocked(made: Plan) -> dict[str, str]:
    """The code of each blocked step, by name."""
    return {change.address.name: change.blocked.code for change in made.changes if change.blocked}


def remedies(made: Plan) -> tuple[str, ...]:
    """The ways out that the first blocked step shows."""
    return next(change.blocked.remedies for change in made.changes if change.blocked)


def owning(names: Iterable[str]) -> Facts:
    """Where these are ours."""
    return Facts(target(), decide([managed(desired(name)) for name in names], "demo", "dev", KINDS))


def thinned(owned: int, deletes: int, **options: Any) -> Plan:
    """The plan after so many of so many owned objects lost their manifests."""
    everything = fleet(owned)
    return plan(everything[deletes:], map(managed, everything), **options)


# --- the brake: D against min(5, max(1, floor(0.3 * O)))

LIMITS = {1: 0, 2: 1, 3: 1, 6: 1, 7: 2, 9: 2, 10: 3, 13: 3, 14: 4, 16: 4, 17: 5, 20: 5, 40: 5, 100: 5}


@pytest.mark.parametrize(("owned", "limit"), LIMITS.items())
def test_so_many_deletes_go_without_a_word_and_one_more_does_not(owned: int, limit: int) -> None:
    assert blocked(thinned(owned, limit)) == {}
    assert set(blocked(thinned(owned, limit + 1)).values()) == {"brake"}


@given(st.integers(1, 60), st.integers(1, 60))
def test_the_brake_is_the_formula(owned: int, deletes: int) -> None:
    deletes = min(owned, deletes)
    addresses = [Address("Assistant", f"a{number:02}") for number in range(owned)]
    doomed = tuple(Change(address, Action.DELETE, Reason.ORPHAN, orphan=True) for address in addresses[:deletes])
    facts = owning(address.name for address in addresses)
    made = block_brake(Plan("demo", "dev", "p", "e", changes=doomed), facts)
    stopped = deletes > min(5, max(1, owned * 3 // 10)) or deletes == owned
    assert len(blocked(made)) == (deletes if stopped else 0)


def test_the_brake_shows_both_ways_out() -> None:
    assert remedies(thinned(4, 2)) == ("removed: [Assistant/a00, Assistant/a01]", "--allow brake=2")


# --- copies: told from their original by the original alone


COPY = managed(desired("a00"), id="copy", created=9)


@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        ([], {}),
        ([], {"target": {"removed": {at("a00"): False}}}),
        ([], {"target": {"removed": {at("a00"): True}}}),
        ([], {"destroy": True}),
    ],
    ids=["orphan", "removed", "forgotten", "destroy"],
)
def test_what_was_copied_does_not_go_while_the_copy_is_there(wanted: list[Desired], options: dict[str, Any]) -> None:
    first, *others = fleet(4)
    live = [managed(item) for item in (first, *others)]
    options["allowed"] = Allowed({"brake": 4} if "destroy" in options else {})
    assert "a00" not in blocked(plan(others, live, **options))
    made = plan(others, [*live, COPY], **options)
    assert blocked(made) == {"a00": "copied"}
    assert remedies(made)[1:] == ("retinue forget -e dev --id copy",)


def test_a_move_leaves_a_copy_behind_that_its_nonce_tells() -> None:
    moved = desired("b", moved_from="a00")
    assert blocked(plan([moved], [managed(desired("a00")), COPY])) == {}


def test_a_move_is_blocked_while_something_is_there_that_only_its_age_tells() -> None:
    moved = desired("b", moved_from="a00")
    damaged = managed(desired("a00"), damaged=True)
    assert blocked(plan([moved], [damaged, COPY])) == {"b": "copied"}
    assert blocked(plan([moved], [damaged])) == {}


def test_a_double_create_does_not_go_while_its_copy_is_there() -> None:
    twice = managed(desired("a00"), id="twice", created=2, nonce="b" * 8)
    copy = managed(desired("a00"), id="copy", created=3, nonce="b" * 8)
    assert blocked(plan([desired("a00")], [managed(desired("a00")), twice])) == {}
    assert blocked(plan([desired("a00")], [managed(desired("a00")), twice, copy])) == {"a00": "copied"}


# --- what cannot be read may be what is to be created


def test_nothing_is_created_while_a_marker_cannot_be_read_that_may_be_its_own() -> None:
    damaged = replace(managed(desired("bot", {"name": "Old"}), id="asst_d"), marker_address="demo/dev/Assi")
    made = plan([desired("bot"), desired("other")], [damaged, managed(desired("other"))])
    assert blocked(made) == {"bot": "marker-unreadable"}
    assert remedies(made)[0] == "retinue: {adopt: {dev: asst_d}}"
    assert blocked(plan([desired("bot")], [damaged], allowed=Allowed({"twin": True}))) == {}
    assert blocked(plan([desired("bot", adopt={"dev": "asst_d"}), desired("new")], [damaged])) == {}
    elsewhere = replace(damaged, marker_address="demo/prod/Assi")
    assert blocked(plan([desired("bot")], [elsewhere])) == {}


def test_what_a_destroy_takes_has_a_manifest_so_only_the_number_lets_it() -> None:
    made = plan(fleet(2), [managed(item) for item in fleet(2)], destroy=True)
    assert (set(blocked(made).values()), remedies(made)) == ({"brake"}, ("--allow brake=2",))


def test_the_brake_stops_the_deletes_and_no_other_step() -> None:
    everything = fleet(4)
    made = plan([*everything[2:], desired("new")], map(managed, everything))
    assert blocked(made) == {"a00": "brake", "a01": "brake"}
    assert outcome(made) == "blocked"


def test_the_last_object_never_goes_without_a_word() -> None:
    assert blocked(thinned(1, 1)) == {"a00": "brake"}
    made = plan([desired("new")], [managed(desired("old"))])
    assert blocked(made) == {"old": "brake"}


@pytest.mark.parametrize(("owned", "deletes"), [(1, 1), (4, 2), (10, 9), (10, 10)])
def test_the_exact_number_lifts_the_brake(owned: int, deletes: int) -> None:
    assert blocked(thinned(owned, deletes, allowed=Allowed({"brake": deletes}))) == {}
    assert blocked(thinned(owned, deletes, allowed=Allowed({"brake": deletes}), target={"critical": True})) == {}


@pytest.mark.parametrize("number", [1, 2, 4, 100])
def test_any_other_number_blocks(number: int) -> None:
    assert set(blocked(thinned(10, 3, allowed=Allowed({"brake": number}))).values()) == {"brake"}
    assert remedies(thinned(10, 3, allowed=Allowed({"brake": number})))[-1] == "--allow brake=3"


def test_a_number_where_nothing_is_deleted_blocks_the_other_steps() -> None:
    made = plan([desired("new")], [], allowed=Allowed({"brake": 1}))
    assert blocked(made) == {"new": "brake"}
    assert remedies(made) == ("leave out --allow brake=1",)


def test_a_critical_environment_deletes_nothing_without_a_word() -> None:
    assert blocked(thinned(20, 1)) == {}
    assert blocked(thinned(20, 1, target={"critical": True})) == {"a00": "brake"}
    assert blocked(thinned(20, 0, target={"critical": True})) == {}


def test_what_removed_names_does_not_count() -> None:
    removed = {at(f"a{number:02}"): False for number in range(3)}
    assert blocked(thinned(4, 3, target={"removed": removed})) == {}
    assert blocked(thinned(4, 3, target={"removed": removed, "critical": True})) == {}
    assert set(blocked(thinned(6, 5, target={"removed": removed})).values()) == {"brake"}


def test_removed_may_name_everything_but_must_name_all_of_it() -> None:
    removed = {at(f"a{number:02}"): False for number in range(3)}
    assert blocked(thinned(3, 3, target={"removed": removed})) == {}
    del removed[at("a02")]
    assert blocked(thinned(3, 3, target={"removed": removed})) == {"a02": "brake"}


def test_the_number_is_of_what_removed_does_not_name() -> None:
    options = {"target": {"removed": {at("a00"): False}}}
    assert blocked(thinned(10, 5, allowed=Allowed({"brake": 4}), **options)) == {}
    assert set(blocked(thinned(10, 5, allowed=Allowed({"brake": 5}), **options)).values()) == {"brake"}
    assert "--allow brake=4" in remedies(thinned(10, 5, **options))


def test_what_is_forgotten_does_not_count() -> None:
    removed = {at(f"a{number:02}"): True for number in range(4)}
    assert blocked(thinned(4, 4, target={"removed": removed, "critical": True})) == {}


def test_our_own_double_creates_do_not_count() -> None:
    wanted = fleet(1)
    live = [managed(wanted[0], id=f"id{n}", created=n, nonce=str(n) * 8) for n in range(5)]
    made = plan(wanted, live, target={"critical": True})
    assert (len(made.changes), blocked(made)) == (4, {})


def test_replaces_count_as_deletes() -> None:
    addresses = [Address("Assistant", f"a{number}") for number in range(4)]
    changes = (
        Change(addresses[0], Action.REPLACE, Reason.MANIFEST),
        Change(addresses[1], Action.DELETE, Reason.ORPHAN, orphan=True),
    )
    facts = owning(address.name for address in addresses)
    assert blocked(block_brake(Plan("demo", "dev", "p", "e", changes=changes), facts)) == {"a0": "brake", "a1": "brake"}


def test_destroy_needs_the_exact_number() -> None:
    live = [managed(resource) for resource in fleet(3)]
    assert len(blocked(plan([], live, destroy=True))) == 3
    assert len(blocked(plan([], live, destroy=True, allowed=Allowed({"brake": 2})))) == 3
    assert blocked(plan([], live, destroy=True, allowed=Allowed({"brake": 3}))) == {}


# --- protection


def guarded(**options: Any) -> Plan:
    """Ten owned objects of which the protected first one lost its manifest."""
    everything = fleet(10)
    live = [managed(everything[0], protected=True), *map(managed, everything[1:])]
    return plan(everything[1:], live, **options)


def test_protection_outlives_the_manifest() -> None:
    assert blocked(guarded()) == {"a00": "protected"}
    assert "--allow protected:Assistant/a00" in remedies(guarded())


@pytest.mark.parametrize(
    "options",
    [
        {"target": {"removed": {at("a00"): False}}},
        {"allowed": Allowed({"brake": 1})},
        {"allowed": Allowed({"twin": True})},
    ],
    ids=["removed", "brake", "twin"],
)
def test_only_its_own_code_lifts_protection(options: dict[str, Any]) -> None:
    assert blocked(guarded(**options)) == {"a00": "protected"}


def test_allowed_protection_is_lifted_of_just_what_it_names() -> None:
    assert blocked(guarded(allowed=Allowed({"protected": ("Assistant/a00",)}))) == {}
    assert blocked(guarded(allowed=Allowed({"protected": ("Assistant/a01",)}))) == {"a00": "protected"}


def test_allowed_protection_does_not_lift_the_brake() -> None:
    live = [managed(desired("bot"), protected=True)]
    assert blocked(plan([], live, allowed=Allowed({"protected": ("Assistant/bot",)}))) == {"bot": "brake"}


def test_protection_says_nothing_against_updates_moves_and_letting_go() -> None:
    bot = desired("bot")
    live = [managed(bot, protected=True)]
    assert blocked(plan([desired("bot", {"model": "other"}, protect=True)], live)) == {}
    assert blocked(plan([desired("bot", {"model": "other"})], live)) == {}
    assert blocked(plan([desired("new", moved_from="bot", protect=True)], live)) == {}
    assert blocked(plan([], live, target={"removed": {at("bot"): True}})) == {}


def test_protection_stops_a_replace() -> None:
    change = Change(at("bot"), Action.REPLACE, Reason.MANIFEST, protected=True)
    facts = owning(["bot"])
    assert blocked(block_protected(Plan("demo", "dev", "p", "e", changes=(change,)), facts)) == {"bot": "protected"}


def test_destroy_leaves_what_is_protected() -> None:
    live = [managed(desired("a"), protected=True), managed(desired("b"))]
    assert blocked(plan([], live, destroy=True, allowed=Allowed({"brake": 2}))) == {"a": "protected"}


def test_a_double_create_of_a_protected_object_is_not_protected() -> None:
    bot = desired("bot", protect=True)
    live = [managed(bot, nonce="a" * 8), managed(bot, id="second", created=2, nonce="b" * 8)]
    assert blocked(plan([bot], live)) == {}


def test_an_object_whose_protection_cannot_be_read_is_not_deleted() -> None:
    everything = fleet(10)
    live = [managed(everything[0], damaged=True), *map(managed, everything[1:])]
    assert blocked(plan(everything[1:], live)) == {"a00": "marker-damaged"}
    assert blocked(plan(everything[1:], live, allowed=Allowed({"protected": ("Assistant/a00",)}))) == {}


# --- twins

TWIN = foreign("asst_1", name="Math Tutor")


def test_a_create_with_the_name_of_an_unmanaged_object_is_blocked_with_the_line_to_paste() -> None:
    made = plan([desired("tutor", {"model": "m", "name": "Math Tutor"})], [TWIN])
    assert blocked(made) == {"tutor": "twin"}
    assert remedies(made)[0] == "retinue: {adopt: {dev: asst_1}}"


NO_TWINS = {
    "another name": ({"name": "Math tutor"}, TWIN),
    "no name": ({}, foreign("asst_1")),
    "an empty name": ({"name": ""}, foreign("asst_1", name="")),
    "somebody manages it": ({"name": "Math Tutor"}, managed(desired("x", TWIN.spec), project="other")),
}


@pytest.mark.parametrize(("spec", "live"), NO_TWINS.values(), ids=NO_TWINS.keys())
def test_this_is_no_twin(spec: dict[str, Any], live: Live) -> None:
    assert blocked(plan([desired("tutor", {"model": "m"} | spec)], [live])) == {}


def test_only_a_create_has_twins() -> None:
    tutor = desired("tutor", {"model": "m", "name": "Math Tutor"})
    changed = desired("tutor", {"model": "n", "name": "Math Tutor"})
    assert blocked(plan([changed], [managed(tutor), TWIN])) == {}
    adopting = desired("tutor", {"model": "m", "name": "Math Tutor"}, adopt={"dev": "asst_1"})
    assert blocked(plan([adopting], [TWIN])) == {}


def test_twins_are_all_named_the_oldest_first() -> None:
    live = [foreign("asst_2", name="Math Tutor"), TWIN]
    made = plan([desired("tutor", {"model": "m", "name": "Math Tutor"})], live)
    refused = made.changes[0].blocked
    assert refused is not None and refused.message.startswith("asst_1, asst_2 ")


def test_twins_can_be_allowed() -> None:
    wanted = [desired("tutor", {"model": "m", "name": "Math Tutor"})]
    assert blocked(plan(wanted, [TWIN], allowed=Allowed({"twin": True}))) == {}


# --- a renamed project


def renamed(known: int, new: int, **elsewhere: Any) -> Plan:
    """So many creates that exist under another scope, and so many that do not."""
    wanted = fleet(known + new)
    return plan(wanted, [managed(resource, **elsewhere) for resource in wanted[:known]])


def test_if_half_of_the_creates_exist_under_another_project_it_was_renamed() -> None:
    made = renamed(2, 2, project="old")
    assert set(blocked(made).values()) == {"renamed-project"}
    assert len(blocked(made)) == 4
    assert remedies(made)[0] == "formerly: [old]"


def test_if_fewer_exist_under_another_project_it_is_a_new_one() -> None:
    assert blocked(renamed(1, 2, project="old")) == {}


def test_a_renamed_environment_is_told_apart_from_a_renamed_project() -> None:
    made = renamed(2, 0, environment="development")
    assert set(blocked(made).values()) == {"renamed-project"}
    assert remedies(made)[0] == "call the environment `development` again in retinue.yaml"


def test_several_environments_of_one_project_may_stand_side_by_side() -> None:
    assert blocked(renamed(3, 0, environment="prod")) == {}


def test_whoever_owns_something_was_not_renamed() -> None:
    wanted = fleet(4)
    live = [managed(wanted[0]), *(managed(resource, project="old") for resource in wanted[1:])]
    assert blocked(plan(wanted, live)) == {}


def test_a_new_project_beside_others_of_the_same_names_can_be_allowed() -> None:
    wanted = fleet(2)
    live = [managed(resource, project="old") for resource in wanted]
    assert blocked(plan(wanted, live, allowed=Allowed({"twin": True}))) == {}
    assert blocked(plan(wanted, live, target={"formerly": ("old",)})) == {}


def test_the_scope_that_holds_most_is_the_one_that_is_named() -> None:
    wanted = fleet(3)
    live = [managed(wanted[0], id="x", project="few"), *(managed(one, project="most") for one in wanted)]
    assert remedies(plan(wanted, live))[0] == "formerly: [most]"


def test_copies_of_one_object_elsewhere_count_once() -> None:
    wanted = fleet(3)
    live = [managed(wanted[0], id=f"id{number}", project="old") for number in range(3)]
    assert blocked(plan(wanted, live)) == {}


# --- all together


def test_the_first_rule_that_holds_names_the_reason() -> None:
    made = plan([], [managed(desired("bot"), protected=True)])
    assert blocked(made) == {"bot": "protected"}


@given(st.booleans(), st.integers(0, 4), st.booleans())
def test_guarding_twice_is_guarding_once_and_changes_nothing_but_blocked(
    critical: bool, gone: int, twins: bool
) -> None:
    everything = fleet(4)
    live = [*map(managed, everything), TWIN]
    wanted = [*everything[gone:], desired("tutor", {"model": "m", "name": "Math Tutor"})]
    made = plan(wanted, live, target={"critical": critical}, allowed=Allowed({"twin": True} if twins else {}))
    facts = owning(resource.address.name for resource in everything)
    assert guard(made, facts) == made


# --- on_drift: deny


DRIFTED = managed(desired("bot"), spec={"model": "gpt-4o", "name": "bot", "temperature": 0.9, "top_p": 1})
DENY = {"target": {"deny_drift": True}}


def test_where_drift_is_denied_what_moved_outside_is_not_undone() -> None:
    made = plan([desired("bot")], [DRIFTED], **DENY)
    assert blocked(made) == {"bot": "drift"}
    assert remedies(made) == (
        "to keep the live values: retinue import --update -e dev --target Assistant/bot",
        "to undo them: --allow drift:Assistant/bot",
    )
    assert blocked(plan([desired("bot")], [DRIFTED])) == {}


def test_a_field_that_both_sides_changed_is_denied_too() -> None:
    made = plan([desired("bot", {"model": "gpt-4o", "name": "bot", "temperature": 0.5})], [DRIFTED], **DENY)
    assert blocked(made) == {"bot": "drift"}
    assert remedies(made) == (
        "to keep the live values: retinue import --update -e dev --target Assistant/bot --take-live Assistant/bot",
        "to have the manifest: --allow drift:Assistant/bot",
    )


def test_what_only_the_manifest_changed_is_not_denied() -> None:
    made = plan([desired("bot", {"model": "m", "name": "bot"})], [managed(desired("bot"))], **DENY)
    assert (len(made.changes), blocked(made)) == (1, {})


def test_drift_of_a_renamed_object_is_denied_under_its_new_name() -> None:
    assert blocked(plan([desired("new", {"model": "gpt-4o", "name": "bot"}, moved_from="bot")], [DRIFTED], **DENY)) == {
        "new": "drift"
    }


@pytest.mark.parametrize(("name", "codes"), [("bot", {}), ("bo", {"bot": "drift"})])
def test_only_the_exact_address_lifts_it(name: str, codes: dict[str, str]) -> None:
    made = plan([desired("bot")], [DRIFTED], allowed=Allowed({"drift": (f"Assistant/{name}",)}), **DENY)
    assert blocked(made) == codes
