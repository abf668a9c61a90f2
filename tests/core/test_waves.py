"""The order of steps: in which they go, and in which they are reported."""

from __future__ import annotations

from retinue.core.model import Action, Change, Outcome, Status
from retinue.core.waves import in_plan_order, waves

from .worlds import at


def step(name: str, action: Action = Action.UPDATE, remote_id: str = "", *, unused: bool = False) -> Change:
    return Change(at(name), action, "some reason", remote_id or f"asst_{name}", unused=unused)


def ended(change: Change) -> tuple[Change, Outcome]:
    return change, Outcome(change.address, change.action, Status.DONE, change.remote_id)


def test_every_step_is_in_one_wave_and_a_replace_is_deleted_too() -> None:
    steps = [
        step("a", Action.CREATE),
        step("b", Action.DELETE),
        step("c", Action.REPLACE),
        step("d", Action.DELETE, unused=True),
        step("e", Action.FORGET),
    ]
    found = waves(dict(enumerate(steps)))
    assert [list(wave) for wave in found] == [[0, 2], [1], [2], [3], [4]]
    assert found.replaced[2].action is Action.DELETE


def test_outcomes_come_in_the_order_of_the_plan_also_of_duplicates() -> None:
    steps = [step("a"), step("a", Action.DELETE, "asst_x"), step("b"), step("c", Action.CREATE)]
    found = in_plan_order(steps, map(ended, reversed(steps)))
    assert [(item.address, item.remote_id) for item in found] == [(item.address, item.remote_id) for item in steps]
