"""What one environment must have proven before another one gets it, and what goes ahead all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.allowed import Allowed
from retinue.core.codec import plan_from_json, plan_to_json
from retinue.core.model import Action, Change, Desired, Live, Plan, Promotion, Reason
from retinue.core.observation import Observation
from retinue.core.plan import Intent, make_plan
from retinue.core.promotion import Proof, hold, proof_of

from .worlds import as_answered, at, desired, managed, target

DEV = Promotion("dev")


def proof(
    wanted: Iterable[Desired], live: Iterable[Live], verified: Iterable[str] = (), promotion: Promotion = DEV
) -> Proof:
    """What dev's own plan says."""
    return proof_of(promotion, make_plan(Observation(target(), list(live)), list(wanted)), frozenset(map(at, verified)))


def prod(wanted: Iterable[Desired], live: Iterable[Live], proven: Proof, **allowed: Any) -> Plan:
    seen = Observation(target(environment="prod"), list(live))
    return make_plan(seen, list(wanted), Intent(Allowed(allowed), proof=proven))


def held(made: Plan) -> dict[str, str]:
    """The code of each held step, by name."""
    return {change.address.name: change.held.code for change in made.changes if change.held}


def in_prod(resource: Desired) -> Live:
    return managed(resource, environment="prod")


ANT, BEE = desired("ant"), desired("bee")
NEW = desired("ant", {"model": "gpt-5", "name": "ant"})


def test_what_is_applied_and_unchanged_in_dev_goes_on_and_the_rest_is_held() -> None:
    made = prod([ANT, BEE], [], proof([ANT, BEE], [managed(ANT)]))
    assert held(made) == {"bee": "not-applied"}
    assert [change.address.name for change in made.changes] == ["ant", "bee"]


LIVE_IN_DEV = {
    "never applied": ([], "not-applied"),
    "an older spec": ([managed(ANT)], "not-applied"),
    "taken from live": ([managed(ANT, spec=as_answered(NEW.spec))], "not-applied"),
    "changed outside": ([managed(NEW, spec={"model": "other", "name": "ant"})], "drifted"),
}


@pytest.mark.parametrize(("live", "code"), LIVE_IN_DEV.values(), ids=LIVE_IN_DEV.keys())
def test_why_it_is_held(live: list[Live], code: str) -> None:
    made = prod([NEW], [in_prod(ANT)], proof([NEW], live))
    assert held(made) == {"ant": code}
    assert made.changes[0].action is Action.UPDATE
    assert made.changes[0].held is not None
    undo: tuple[str, ...] = ("retinue apply -e dev",)
    if code == "drifted":
        undo = ("to keep that: retinue import --update -e dev", "to undo it: retinue apply -e dev")
    assert made.changes[0].held.remedies == (*undo, "--allow unpromoted:Assistant/ant")


def test_what_dev_took_from_live_waits_for_an_apply_there_in_words_that_hold() -> None:
    made = prod([NEW], [in_prod(ANT)], proof([NEW], [managed(ANT, spec=as_answered(NEW.spec))]))
    assert made.changes[0].held is not None
    assert made.changes[0].held.message == "dev has it as the manifests want it, and no apply has noted that yet"


def test_what_dev_has_no_manifest_of_is_not_proven_there() -> None:
    assert held(prod([ANT, BEE], [], proof([BEE], [managed(BEE)]))) == {"ant": "not-there"}


def test_where_it_is_asked_for_only_a_verified_spec_goes_on() -> None:
    strict = proof([ANT, BEE], [managed(ANT), managed(BEE)], ["bee"], Promotion("dev", verified=True))
    made = prod([ANT, BEE], [], strict)
    assert held(made) == {"ant": "not-verified"}
    assert made.changes[0].held is not None
    assert made.changes[0].held.remedies[0] == "retinue verify -e dev -- COMMAND"
    assert held(prod([ANT, BEE], [], replace(strict, promotion=DEV))) == {}


def test_an_exception_is_named_said_and_kept() -> None:
    made = prod([ANT, BEE], [], proof([ANT, BEE], []), unpromoted=("Assistant/ant",))
    assert held(made) == {"bee": "not-applied"}
    (said,) = [item for item in made.diagnostics if item.code == "unpromoted"]
    assert said.address == "Assistant/ant"
    value = plan_to_json(made, "x")
    assert value["allowed"] == {"unpromoted": ["Assistant/ant"]}
    assert value["promotion"] == {"environment": "dev", "verified": False}
    again = plan_from_json(value)
    assert (again.allowed, again.promotion, held(again)) == (made.allowed, made.promotion, held(made))


def test_an_exception_that_is_not_needed_is_silent() -> None:
    made = prod([ANT], [], proof([ANT], [managed(ANT)]), unpromoted=("Assistant/ant",))
    assert (held(made), [item.code for item in made.diagnostics]) == ({}, [])


def test_a_delete_goes_on_once_dev_has_nothing_left_to_do_about_it() -> None:
    both = [in_prod(ANT), in_prod(BEE)]
    assert held(prod([ANT], both, proof([ANT], [managed(ANT), managed(BEE)]))) == {"bee": "not-applied"}
    assert held(prod([ANT], both, proof([ANT], [managed(ANT)]))) == {}
    # The manifest is for dev alone from now on: dev is settled.
    assert held(prod([ANT], both, proof([ANT, BEE], [managed(ANT), managed(BEE)]))) == {}


def test_a_delete_needs_no_verification() -> None:
    strict = proof([ANT], [managed(ANT)], [], Promotion("dev", verified=True))
    assert held(prod([ANT], [in_prod(ANT), in_prod(BEE)], strict)) == {}


def test_a_move_goes_on_once_dev_has_moved() -> None:
    moved = desired("ant", moved_from="emmet")
    live = [in_prod(desired("emmet", moved.spec))]
    waiting = prod([moved], live, proof([moved], [managed(desired("emmet", moved.spec))]))
    assert (waiting.changes[0].action, held(waiting)) == (Action.MOVE, {"ant": "not-applied"})
    assert held(prod([moved], live, proof([moved], [managed(moved)]))) == {}


def test_our_own_double_create_is_cleared_away_whatever_dev_says() -> None:
    first, second = in_prod(ANT), managed(ANT, environment="prod", id="asst_z", created=99, nonce="zzzzzzzz")
    made = prod([ANT], [first, second], proof([ANT], []))
    assert [(change.reason, change.held) for change in made.changes] == [(Reason.DUPLICATE, None)]


def test_a_double_create_in_dev_leaves_its_object_proven() -> None:
    twice = [managed(ANT), managed(ANT, id="asst_z", created=99, nonce="zzzzzzzz")]
    assert held(prod([ANT], [], proof([ANT], twice))) == {}


def test_what_needs_a_held_object_is_held_however_far_away() -> None:
    wanted = [desired("base"), desired("middle", requires=["base"]), desired("top", requires=["middle"]), ANT]
    live = [managed(item) for item in wanted if item.address != at("base")]
    made = prod(wanted, [], proof(wanted, live))
    assert held(made) == {"base": "not-applied", "middle": "needs-held", "top": "needs-held"}


@pytest.mark.parametrize("named", ["asst_bee", "Assistant/bee"])
def test_nothing_is_taken_away_that_a_held_step_leaves_in_use(named: str) -> None:
    before = in_prod(desired("ant", {"model": "gpt-4o", "name": "ant", "metadata": {"next": named}}))
    made = prod([ANT], [before, managed(BEE, environment="prod", id="asst_bee")], proof([ANT], []))
    assert held(made) == {"ant": "not-applied", "bee": "in-use"}


def test_nothing_is_taken_away_that_an_object_uses_whose_own_deletion_is_held() -> None:
    user = Change(at("ant"), Action.DELETE, Reason.ORPHAN, orphan=True, requires=(at("bee"),))
    used = Change(at("bee"), Action.DELETE, Reason.ORPHAN, orphan=True)
    plan = Plan("demo", "prod", "openai-assistants", "http://x/v1", changes=(user, used))
    assert held(hold(plan, proof([], [managed(ANT)]))) == {"ant": "not-applied", "bee": "in-use"}
    assert held(hold(plan, proof([], []))) == {}


def test_a_double_create_is_cleared_away_although_a_held_step_uses_its_address() -> None:
    used = managed(BEE, environment="prod", id="asst_bee")
    second = managed(BEE, environment="prod", id="asst_z", created=99, nonce="zzzzzzzz")
    before = in_prod(desired("ant", {"model": "gpt-4o", "name": "ant", "metadata": {"next": "Assistant/bee"}}))
    made = prod([ANT, BEE], [before, used, second], proof([ANT, BEE], [managed(BEE)]))
    assert held(made) == {"ant": "not-applied"}


def test_a_held_step_is_neither_blocked_nor_counted_by_the_brake() -> None:
    everything = [desired(f"a{number}") for number in range(10)]
    gone = everything[:5]
    live = [in_prod(item) for item in everything]
    still_in_dev = proof(everything[5:], map(managed, everything))
    made = prod(everything[5:], live, still_in_dev)
    assert set(held(made).values()) == {"not-applied"}
    assert [change.blocked for change in made.changes] == [None] * len(gone)


def test_destroy_asks_for_no_proof() -> None:
    seen = Observation(target(environment="prod"), [in_prod(ANT)])
    made = make_plan(seen, [], Intent(destroy=True, proof=proof([ANT], [])))
    assert (held(made), made.promotion) == ({}, None)


NAMES = ("ant", "bee", "cat", "dog")


@given(
    st.lists(st.sampled_from(NAMES), unique=True),
    st.lists(st.sampled_from(NAMES), unique=True),
    st.lists(st.sampled_from(NAMES), unique=True),
    st.booleans(),
)
def test_a_step_goes_ahead_just_if_dev_holds_the_same_manifest_unchanged(
    wanted: list[str], in_dev: list[str], verified: list[str], strict: bool
) -> None:
    resources = [desired(name) for name in wanted]
    proven = proof(resources, [managed(desired(name)) for name in in_dev], verified, Promotion("dev", strict))
    made = prod(resources, [], proven)
    free = {change.address.name for change in made.changes if not change.held}
    assert free == {name for name in wanted if name in in_dev and (name in verified or not strict)}


def test_holding_changes_no_step_but_its_held() -> None:
    changes = (
        Change(at("ant"), Action.CREATE, Reason.NEW),
        Change(at("bee"), Action.DELETE, Reason.ORPHAN, orphan=True),
    )
    made = hold(Plan("demo", "prod", "openai-assistants", "http://x/v1", changes=changes), proof([ANT, BEE], []))
    assert tuple(replace(change, held=None) for change in made.changes) == changes
