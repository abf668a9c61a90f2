"""A saved plan is held against what its manifests ask for now: only what both say is carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from retinue.core.marker import Owner
from retinue.core.model import Change, Desired, Live, Obstacle
from retinue.core.saved_plan import Confirmed, confirmed

from .carrying import KINDS, world_after
from .worlds import as_answered, at, desired, managed, plan, specs

SPEC = {"model": "m", "name": "Bot"}
BOT = desired("bot", SPEC)
LIVE = managed(BOT, spec=as_answered({**SPEC, "temperature": 0.7}))
HELD = Obstacle("unpromoted", "it is not proven yet", ())


def steps(wanted: Sequence[Desired], live: Sequence[Live] = (LIVE,)) -> tuple[Change, ...]:
    return plan(wanted, live).changes


def again(
    saved: Sequence[Change], wanted: Sequence[Desired], live: Sequence[Live] = (LIVE,), done: Sequence[Change] = ()
) -> Confirmed:
    """The saved steps, against the manifests and the world as they are now."""
    return confirmed(saved, done, steps(wanted, live), KINDS)


@given(specs, specs)
def test_equal_manifests_confirm_every_step(asked: dict[str, Any], wanted: dict[str, Any]) -> None:
    live = [managed(desired("bot", asked)), managed(desired("old"))]
    saved = steps([desired("bot", wanted), desired("new")], live)
    assert again(saved, [desired("bot", wanted), desired("new")], live) == (saved, ())


OTHERWISE: dict[str, tuple[list[Desired], str]] = {
    "another value": (
        [desired("bot", {**SPEC, "temperature": 0.3})],
        "/temperature is 1 in the plan and 0.3 in its manifest",
    ),
    "another field besides": (
        [desired("bot", {**SPEC, "top_p": 0.3})],
        "/top_p is unset in the plan and 0.3 in its manifest",
    ),
    "a field that is live as it is now asked for": (
        [desired("bot", {**SPEC, "temperature": 0.7})],
        "its manifest now asks for another /temperature",
    ),
    "left to others": (
        [desired("bot", SPEC, ignore_changes=("/temperature",))],
        "the manifests no longer ask for its `update`",
    ),
    "left to others in part": (
        [desired("bot", SPEC, ignore_changes=("/metadata/x",))],
        '/retinue/ignore_changes is [] in the plan and ["/metadata/x"] now',
    ),
    "protected": ([desired("bot", SPEC, protect=True)], "/retinue/protect is "),
    "its manifest went": ([], "the manifests no longer ask for its `update`, but for its `delete`"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_manifest_that_says_otherwise_is_told(name: str) -> None:
    wanted, words = OTHERWISE[name]
    (told,) = again(steps([BOT]), wanted).otherwise
    assert told.startswith(f"Assistant/bot: {words}")


def test_what_is_carried_out_is_the_step_as_it_is_planned_now() -> None:
    forged = replace(steps([BOT])[0], protected=True, display_name="forged")
    found = again([forged], [BOT])
    assert (found.steps, found.otherwise) == (
        steps([BOT]),
        ("Assistant/bot: /retinue/protect is true in the plan and false now",),
    )


def test_a_rename_that_is_written_another_way_is_told() -> None:
    live = [managed(desired("one", SPEC)), managed(desired("two", SPEC))]
    saved = [item for item in steps([desired("bot", SPEC, moved_from="one")], live) if item.remote_id == "asst_one"]
    renamed = replace(saved[0], moved_from=Owner("demo", "dev", at("three")))
    (told,) = again([renamed], [desired("bot", SPEC, moved_from="one")], live).otherwise
    assert told.startswith("Assistant/bot: /retinue/moved_from is ")


def test_what_somebody_else_put_in_place_meanwhile_is_only_noted() -> None:
    wanted = [desired("bot", {**SPEC, "temperature": 0.3})]
    there = managed(BOT, spec=as_answered({**SPEC, "temperature": 0.3}))
    found = again(steps(wanted, [managed(BOT)]), wanted, [there])
    assert (found.steps, found.otherwise) == (steps(wanted, [there]), ())
    (told,) = again(steps([BOT], [LIVE]), wanted, [there]).otherwise
    assert told == "Assistant/bot: its manifest now asks for another /temperature"


def test_a_held_step_stays_as_it_was_approved_and_one_that_is_held_now_is_told() -> None:
    saved = replace(steps([BOT])[0], held=HELD)
    assert again([saved], []) == ((saved,), ())
    now = [replace(step, held=HELD) for step in steps([BOT])]
    assert confirmed(steps([BOT]), (), now, KINDS).otherwise == ("Assistant/bot: it is not proven yet",)


def test_a_step_that_is_done_is_told_if_its_manifest_says_otherwise_now() -> None:
    done = steps([BOT])
    after = world_after(plan([BOT], [LIVE]), [LIVE])
    assert again([], [BOT], after, done) == ((), ())
    drifted = [replace(after[0], spec={**after[0].spec, "temperature": 0.1})]
    assert again([], [BOT], drifted, done) == ((), ())
    (told,) = again([], [desired("bot", {**SPEC, "temperature": 0.3})], after, done).otherwise
    assert told == "Assistant/bot: its manifest now asks for another /temperature"
    assert again([], [], after, done).otherwise == ("Assistant/bot: its manifest is gone",)


def test_a_delete_that_is_done_and_a_double_that_goes_by_now_are_nothing_to_tell() -> None:
    live = [managed(BOT), managed(desired("old"))]
    deleted = steps([BOT], live)
    assert again([], [BOT, desired("old")], [managed(BOT)], deleted) == ((), ())
    double = [managed(BOT), managed(BOT, id="asst_2", created=2, nonce="n0000002")]
    assert again([], [BOT], double, steps([BOT])) == ((), ())
