"""Large plans: no decision compares each step with each other one. Counted, not timed."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.core.drift import drift_of
from retinue.core.model import Action, Address, Change, Desired, FieldChange, Plan, Promotion, Reason
from retinue.core.ownership import decide
from retinue.core.policy import Facts, block_brake
from retinue.core.promotion import Proof, hold
from retinue.core.waves import in_plan_order
from retinue.providers.assistants_v2 import KINDS

from .test_waves import ended
from .worlds import at, desired, managed, target
from .worlds import plan as make

MANY = 100


class Compared(Change):
    """Counts how often one is compared with another."""

    times = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]


class Read(FieldChange):
    """Counts how often the value before is looked at."""

    times = 0

    def __getattribute__(self, name: str) -> Any:
        Read.times += name == "before"
        return super().__getattribute__(name)


def plan(*changes: Change) -> Plan:
    return Plan("demo", "dev", "openai-assistants", "http://127.0.0.1/v1", changes=changes)


def compared(action: Action, reason: Reason) -> list[Change]:
    Compared.times = 0
    return [Compared(at(f"a{number}"), action, reason, f"asst_{number}") for number in range(MANY)]


def test_the_order_of_outcomes() -> None:
    steps = compared(Action.UPDATE, Reason.MANIFEST)
    in_plan_order(steps, map(ended, reversed(steps)))
    assert Compared.times <= MANY


def test_the_brake() -> None:
    steps = compared(Action.DELETE, Reason.ORPHAN)
    world = decide([managed(desired(step.address.name)) for step in steps], "demo", "dev", KINDS)
    made = block_brake(plan(*steps), Facts(target(), world))
    assert all(step.blocked for step in made.changes)
    assert Compared.times <= MANY


@pytest.mark.parametrize("wanted", [[], [desired(f"b{number}", {"model": f"m{number}"}) for number in range(MANY)]])
def test_what_the_brake_says_at_each_step_does_not_grow_with_the_plan(wanted: list[Desired]) -> None:
    """Gone without a word, or so much like what is new that it looks renamed."""
    live = [managed(desired(f"a{number}", {"model": f"m{number}"})) for number in range(MANY)]
    blocked = [change.blocked for change in make(wanted, live).changes if change.blocked]
    assert len(blocked) == MANY * (2 if wanted else 1)
    assert max(len("".join(item.remedies)) for item in blocked) < 1500


def test_what_is_held_by_a_promotion() -> None:
    Read.times = 0
    held = [
        Change(at(f"a{number}"), Action.UPDATE, Reason.MANIFEST, f"asst_{number}", (Read("/name", "x", "y"),))
        for number in range(MANY)
    ]
    gone = [Change(at(f"b{number}"), Action.DELETE, Reason.ORPHAN, f"asst_b{number}") for number in range(MANY)]
    made = hold(plan(*held, *gone), Proof(Promotion("dev"), {step.address: step for step in held}, frozenset()))
    assert sum(step.held is not None for step in made.changes) == MANY
    assert Read.times <= 2 * MANY


class Equalled(str):
    """A name that counts how often it is compared."""

    times = 0

    def __eq__(self, other: object) -> bool:
        Equalled.times += 1
        return super().__eq__(other)

    __hash__ = str.__hash__


def test_what_is_no_drift() -> None:
    steps = [
        Change(Address("Assistant", Equalled(f"a{number}")), Action.UPDATE, Reason.MANIFEST, f"asst_{number}",
               (FieldChange("/name", "x", "y"),))
        for number in range(MANY)
    ]  # fmt: skip
    assert len(drift_of(plan(*steps)).pending) == MANY
    assert Equalled.times <= 2 * MANY
