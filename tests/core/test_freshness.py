"""A step meets the object as it is now: it may go, is done already, or is stale. Above all: whether a delete may go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.canonical import canonical, same
from retinue.core.model import Action, Change, Desired, Live
from retinue.core.observation import Observation
from retinue.core.plan import forget_plan

from .carrying import carried_out, holder, verdict, world_after
from .worlds import KIND, as_answered, at, desired, foreign, managed, plan, specs, target

SPEC = {"model": "m", "name": "Bot", "temperature": 0.5, "reasoning_effort": "low"}
BOT = desired("bot", SPEC)


def only(wanted: list[Desired], live: list[Live], **options: Any) -> Change:
    (change,) = plan(wanted, live, **options).changes
    return change


def edited(live: Live, **fields: Any) -> Live:
    """The object after somebody changed it in the service."""
    return replace(live, spec={**live.spec, **fields})


# --- what holds of every step


@given(specs, specs, specs, st.booleans(), st.booleans())
def test_a_planned_update_may_go_and_once_it_went_it_is_done(
    asked: dict[str, Any], now: dict[str, Any], wanted: dict[str, Any], was: bool, protect: bool
) -> None:
    live = managed(desired("bot", asked), spec=as_answered(now), protected=was)
    resource = desired("bot", wanted, protect=protect)
    for change in plan([resource], [live]).changes:
        assert verdict(change, live, holder(change, [live])) == "go"
        after = carried_out(change, live)
        assert verdict(change, after, holder(change, [after])) == "done asst_bot"
        assert plan([resource], [after]).changes == ()


@given(specs, st.booleans())
def test_a_planned_create_may_go_and_once_it_went_it_is_done(wanted: dict[str, Any], protect: bool) -> None:
    resource = desired("bot", wanted, protect=protect)
    change = only([resource], [])
    assert verdict(change, None) == "go"
    after = carried_out(change)
    assert verdict(change, None, holder(change, [after])) == "done new_bot"
    assert plan([resource], [after]).changes == ()


ADOPTED = desired("bot", SPEC, adopt={"dev": "asst_1"})
EXPIRED = replace(managed(BOT), expired=True)
STEPS: dict[str, tuple[list[Desired], list[Live], Action]] = {
    "create": ([BOT], [], Action.CREATE),
    "update": ([BOT], [edited(managed(BOT), temperature=0.7)], Action.UPDATE),
    "adopt": ([ADOPTED], [foreign("asst_1", name="Bot")], Action.ADOPT),
    "move": ([desired("bot", SPEC, moved_from="old")], [managed(desired("old", SPEC))], Action.MOVE),
    "replace": ([BOT], [EXPIRED], Action.REPLACE),
    "delete": ([], [managed(BOT)], Action.DELETE),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_kind_of_step_goes_once_and_leaves_nothing_to_do(name: str) -> None:
    wanted, live, action = STEPS[name]
    made = plan(wanted, live)
    (change,) = made.changes
    before: dict[str | None, Live] = {item.remote_id: item for item in live}
    assert change.action is action
    assert verdict(change, before.get(change.remote_id), holder(change, live)) == "go"
    after = world_after(made, live)
    there: dict[str | None, Live] = {item.remote_id: item for item in after}
    assert verdict(change, there.get(change.remote_id), holder(change, after)).startswith("done ")
    assert plan(wanted, after).changes == ()


@pytest.mark.parametrize("name", ["update", "adopt", "move", "replace"])
def test_nothing_is_written_to_what_is_gone(name: str) -> None:
    wanted, live, _ = STEPS[name]
    change = only(wanted, live)
    assert verdict(change, None) == f"{change.remote_id} is gone"


@pytest.mark.parametrize("name", sorted(STEPS.keys() - {"create"}))
def test_what_a_newer_retinue_wrote_is_left_alone(name: str) -> None:
    wanted, live, _ = STEPS[name]
    newer = replace(live[0], marker_address="demo/dev/Assistant/bot", marker_applied="2 whatever it says")
    assert "written by a newer retinue" in verdict(only(wanted, live), newer)


# --- whether a delete may go

OLD = managed(BOT)
PROTECTED = managed(BOT, protected=True)


def delete(live: Live = OLD, **options: Any) -> Change:
    return only([], [live], **options)


MEANWHILE: dict[str, tuple[Callable[[Live], Live | None], str]] = {
    "nothing": (lambda live: live, "go"),
    "it went": (lambda live: None, "done asst_bot"),
    "a field was edited": (lambda live: edited(live, temperature=0.7), "was changed after the plan was made"),
    "a text was edited": (lambda live: edited(live, instructions="Stay!"), "was changed after the plan was made"),
    "an unknown member": (lambda live: edited(live, colour="red"), "go"),
    "it was protected": (lambda live: managed(BOT, protected=True), "asst_bot is now protected"),
    "the marker went": (lambda live: replace(live, marker_address=None, marker_applied=None), "no usable marker"),
    "unreadable owner": (lambda live: replace(live, marker_address="demo/dev/Assi"), "no usable marker"),
    "another project": (lambda live: managed(BOT, project="other"), "belongs to other/dev/Assistant/bot"),
    "another environment": (lambda live: managed(BOT, environment="prod"), "belongs to demo/prod/Assistant/bot"),
    "a new name": (lambda live: managed(desired("new", SPEC), id="asst_bot"), "asst_bot is demo/dev/Assistant/new"),
    "another create": (lambda live: managed(BOT, nonce="n0000009"), "go"),
}


@pytest.mark.parametrize("happened", MEANWHILE)
def test_a_delete_goes_only_if_the_object_is_still_the_one_of_the_plan(happened: str) -> None:
    change, meanwhile = delete(), MEANWHILE[happened]
    live = meanwhile[0](OLD)
    found = verdict(change, live, holder(change, [live] if live else []))
    assert meanwhile[1] in found
    assert (found == "go") is (meanwhile[1] == "go")


@given(specs, specs)
def test_a_delete_is_stale_as_soon_as_a_field_that_can_be_read_differs(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    wanted = desired("bot", before)
    change, moved = delete(managed(wanted)), managed(wanted, spec=as_answered(after))
    differs = not same(canonical(as_answered(before), KIND), canonical(as_answered(after), KIND))
    assert (verdict(change, moved, holder(change, [moved])) != "go") is differs


def test_a_delete_that_was_allowed_although_it_is_protected_minds_only_a_new_protection() -> None:
    change = delete(PROTECTED)
    assert change.protected
    assert verdict(change, PROTECTED, holder(change, [PROTECTED])) == "go"
    assert verdict(change, OLD, holder(change, [OLD])) == "go"


def test_a_delete_of_what_no_longer_has_its_address_is_stale() -> None:
    change, other = delete(), managed(BOT, id="asst_2", nonce="n0000002")
    claim = holder(change, [other])
    assert verdict(change, OLD, claim) == "asst_2 now has this address"


def test_a_delete_of_an_earlier_name_of_the_project_goes_under_that_name_only() -> None:
    past = managed(BOT, project="past")
    change = only([], [past], target={"formerly": ("past",)})
    assert verdict(change, past, formerly=("past",)) == "go"
    assert verdict(change, past) == "asst_bot belongs to past/dev/Assistant/bot"


def test_a_double_create_goes_only_as_long_as_there_is_the_other() -> None:
    first, second = managed(BOT, nonce="n0000001"), managed(BOT, id="asst_2", created=2, nonce="n0000002")
    change = only([BOT], [first, second])
    assert (change.action, change.remote_id) == (Action.DELETE, "asst_2")
    assert verdict(change, second, holder(change, [first, second])) == "go"
    assert verdict(change, second, holder(change, [second])) == "asst_2 is no longer a duplicate"
    assert verdict(change, None, holder(change, [first])) == "done asst_2"
    assert "was changed" in verdict(change, edited(second, model="n"), holder(change, [first, second]))


# --- creates


NOT_AS_PLANNED: dict[str, Live] = {
    "another model": managed(desired("bot", SPEC | {"model": "n"})),
    "its marker asks for the same, it holds something else": managed(BOT, spec=as_answered({**SPEC, "model": "n"})),
    "what the manifest leaves out": managed(BOT, spec=as_answered({**SPEC, "top_p": 0.3})),
    "what cannot be read was asked otherwise": managed(desired("bot", SPEC | {"reasoning_effort": "high"})),
    "what cannot be read was never asked": managed(desired("bot", {**SPEC, "reasoning_effort": None})),
    "protection": managed(BOT, protected=True),
    "a damaged marker": managed(BOT, damaged=True),
}


@pytest.mark.parametrize("name", NOT_AS_PLANNED)
def test_a_create_is_stale_if_its_address_is_taken_by_something_else(name: str) -> None:
    change = only([BOT], [])
    claim = holder(change, [NOT_AS_PLANNED[name]])
    assert claim is not None
    assert verdict(change, None, claim) == "it was created since, and not as planned"
    assert verdict(change, None, holder(change, [managed(BOT)])) == "done asst_bot"


# --- updates

ASKED = desired("bot", SPEC | {"temperature": 0.9})


def test_a_stale_update_names_the_field_and_what_it_was_and_is() -> None:
    change, live = only([ASKED], [managed(BOT)]), managed(BOT)
    assert verdict(change, edited(live, temperature=0.7)) == (
        "/temperature was 0.5 when the plan was made and is 0.7 now"
    )
    assert verdict(change, edited(live, temperature=None)) == (
        "/temperature was 0.5 when the plan was made and is 1 now"
    )
    assert "asst_bot was changed after the plan was made, in a field" in verdict(change, edited(live, model="n"))


def test_a_long_value_is_cut_in_the_message() -> None:
    change = only([desired("bot", SPEC | {"instructions": "x" * 300})], [managed(BOT)])
    found = verdict(change, edited(managed(BOT), instructions="y" * 300))
    assert found.startswith('/instructions was null when the plan was made and is "yyy') and len(found) < 130


def test_an_update_minds_a_protection_that_was_set_or_lifted_since() -> None:
    change = only([ASKED], [OLD])
    assert verdict(change, PROTECTED) == "asst_bot is now protected"
    change = only([desired("bot", ASKED.spec, protect=True)], [PROTECTED])
    assert verdict(change, OLD) == "asst_bot is no longer protected"
    assert verdict(change, PROTECTED) == "go"


def test_a_field_without_a_default_that_is_given_up_is_stale_if_it_was_edited_since() -> None:
    """Only once the marker says that nothing is asked of it is it left to the service."""
    change = only([desired("bot", {name: value for name, value in SPEC.items() if name != "model"})], [OLD])
    assert [(item.path, item.after) for item in change.fields] == [("/model", None)]
    assert verdict(change, OLD) == "go"
    assert verdict(change, edited(OLD, model=None)) == "go", "somebody did the same, which is to be noted"
    assert verdict(change, edited(OLD, model="n")) == '/model was "m" when the plan was made and is "n" now'
    assert "in a field that the plan does not touch" in verdict(change, edited(OLD, temperature=0.9))
    after = carried_out(change, OLD)
    for model in (None, "m", "chosen by the service"):
        assert verdict(change, edited(after, model=model)) == "done asst_bot"


def test_a_value_that_chance_put_there_is_still_noted() -> None:
    change = only([ASKED], [OLD])
    there = edited(OLD, temperature=0.9)
    assert verdict(change, there, holder(change, [there])) == "go"
    after = carried_out(change, there)
    assert verdict(change, after, holder(change, [after])) == "done asst_bot"


def test_what_is_left_to_others_makes_no_step_stale() -> None:
    wanted = desired("bot", SPEC | {"model": "n"}, ignore_changes=("/temperature",))
    change = only([wanted], [OLD])
    for live in (OLD, edited(OLD, temperature=0.1)):
        assert verdict(change, live) == "go"
        after = carried_out(change, live)
        assert after.spec["temperature"] == live.spec["temperature"]
        assert verdict(change, after) == "done asst_bot"


def test_a_field_that_cannot_be_read_is_done_when_the_marker_says_so() -> None:
    change = only([desired("bot", SPEC | {"reasoning_effort": "high"})], [OLD])
    assert [item.path for item in change.fields] == ["/reasoning_effort"]
    assert verdict(change, OLD) == "go"
    assert verdict(change, carried_out(change, OLD)) == "done asst_bot"


def test_a_value_that_the_service_alters_is_done_as_it_altered_it_before() -> None:
    change = only([desired("bot", SPEC | {"instructions": "Hello"})], [OLD])
    altered = managed(
        desired("bot", SPEC | {"instructions": "Hello"}),
        spec=as_answered({**SPEC, "instructions": "HELLO"}),
        observed={"instructions": "HELLO"},
    )
    assert verdict(change, altered) == "done asst_bot"
    assert verdict(change, edited(altered, instructions="hello!")).startswith("/instructions was null")


def test_what_the_manifest_took_over_is_noted_unless_it_moved_again() -> None:
    live = managed(BOT, spec=as_answered({**SPEC, "temperature": 0.9}))
    change = only([ASKED], [live])
    assert verdict(change, live) == "go"
    assert verdict(change, edited(live, temperature=0.7)) == (
        "/temperature was as its manifest says when the plan was made and is 0.7 now"
    )
    assert verdict(change, edited(live, top_p=0.7)).endswith("in a field that the plan does not touch")
    assert verdict(change, carried_out(change, live)) == "done asst_bot"


def test_a_damaged_marker_is_repaired() -> None:
    damaged = managed(BOT, damaged=True)
    change = only([ASKED], [damaged])
    assert verdict(change, damaged) == "go"
    after = carried_out(change, damaged)
    assert verdict(change, after) == "done asst_bot"
    assert plan([ASKED], [after]).changes == ()


# --- adopt, move, replace, forget


def test_an_adopt_takes_nothing_that_somebody_took_meanwhile() -> None:
    wanted, live, _ = STEPS["adopt"]
    change = only(wanted, live)
    theirs = managed(desired("theirs", SPEC), id="asst_1", project="other")
    assert verdict(change, theirs) == "asst_1 belongs to other/dev/Assistant/theirs"
    assert verdict(change, edited(live[0], model="n")).startswith('/model was "gpt-4o"')
    rival = managed(BOT, id="asst_2")
    assert verdict(change, live[0], holder(change, [rival])) == "asst_2 now has this address"


def test_a_move_needs_the_old_name_on_the_object_and_the_new_one_free() -> None:
    wanted, live, _ = STEPS["move"]
    change = only(wanted, live)
    other = managed(desired("third", SPEC), id="asst_old")
    assert verdict(change, other) == "asst_old is demo/dev/Assistant/third, not demo/dev/Assistant/old"
    assert verdict(change, live[0], holder(change, [managed(BOT)])) == "asst_bot now has this address"


def test_a_replace_is_done_once_the_new_object_is_there_and_the_old_one_gone() -> None:
    change, new = only([BOT], [EXPIRED]), carried_out(only([BOT], []))
    claim = holder(change, [new])
    assert verdict(change, None, claim) == "done new_bot"
    assert verdict(change, EXPIRED, claim) == "new_bot now has this address"
    assert verdict(change, None, holder(change, [edited(new, model="n")])) == "new_bot now has this address"


def test_a_forget_takes_off_the_marker_of_ours_whatever_else_moved() -> None:
    (change,) = forget_plan(Observation(target(), [PROTECTED]), [], at("bot"), []).changes
    assert verdict(change, PROTECTED) == "go"
    assert verdict(change, OLD) == "go"
    assert verdict(change, None) == "done asst_bot"
    assert verdict(change, carried_out(change, PROTECTED)) == "done asst_bot"
    assert verdict(change, managed(BOT, project="other")) == "asst_bot belongs to other/dev/Assistant/bot"
