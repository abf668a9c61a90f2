"""The order of steps: in which they go, and in which they are reported."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from retinue.core.model import Action, Address, Change, Outcome, Status
from retinue.core.waves import backwards, in_plan_order, layers, waves

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
    assert [list(wave) for wave in found] == [[0, 2], [1, 2], [3], [4]]
    assert found.deletes[2].action is Action.DELETE


def test_outcomes_come_in_the_order_of_the_plan_also_of_duplicates() -> None:
    steps = [step("a"), step("a", Action.DELETE, "asst_x"), step("b"), step("c", Action.CREATE)]
    found = in_plan_order(steps, map(ended, reversed(steps)))
    assert [(item.address, item.remote_id) for item in found] == [(item.address, item.remote_id) for item in steps]


def of(kind: str, name: str, *needs: Address, action: Action = Action.CREATE) -> Change:
    return Change(Address(kind, name), action, "some reason", requires=needs)


def test_new_objects_that_others_refer_to_by_id_come_first_with_all_that_they_need() -> None:
    bot, store, file = Address("Assistant", "bot"), Address("VectorStore", "book"), Address("File", "a.md")
    steps = [of("Assistant", "bot", store), of("VectorStore", "book", file), of("File", "a.md"), of("File", "b.md")]
    assert [list(layer) for layer in layers(dict(enumerate(steps)))] == [[1, 2], [0, 3]]
    # Of one kind, the order within a layer is enough; what is there already needs no layer of its own.
    assert [list(layer) for layer in layers({0: of("Assistant", "ant", bot), 1: of("Assistant", "bot")})] == [[0, 1]]
    there = replace(of("VectorStore", "book"), action=Action.UPDATE)
    assert [list(layer) for layer in layers({0: of("Assistant", "bot", store), 1: there})] == [[0, 1]]
    assert layers({}) == []


graphs = st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 5))).map(
    lambda found: {number: {other for other in others if other in found} for number, others in found.items()}
)


@given(graphs)
def test_backwards_turns_every_arrow_and_twice_is_the_same(graph: dict[int, set[int]]) -> None:
    turned = backwards(graph)
    assert {(a, b) for a, others in turned.items() for b in others} == {
        (b, a) for a, others in graph.items() for b in others
    }
    assert backwards(turned) == graph
