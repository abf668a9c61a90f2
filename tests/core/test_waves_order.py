"""Order from references: what is needed comes first, nothing is lost, and equals keep their order."""

from __future__ import annotations

from graphlib import CycleError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.waves import closure, order

_acyclic = st.integers(0, 8).flatmap(
    lambda size: st.tuples(*(st.sets(st.integers(0, item - 1)) if item else st.just(set()) for item in range(size)))
)


def test_what_is_needed_comes_first() -> None:
    assert order({"bot": {"store"}, "store": {"file"}, "file": set()}) == ["file", "store", "bot"]


def test_equals_keep_their_given_order() -> None:
    assert order({"c": set(), "a": set(), "b": {"a"}, "d": {"a"}}) == ["c", "a", "b", "d"]


def test_what_is_not_in_the_mapping_is_no_reason_to_wait() -> None:
    assert order({"bot": {"elsewhere"}}) == ["bot"]


def test_a_cycle_is_named() -> None:
    with pytest.raises(CycleError) as caught:
        order({"a": {"b"}, "b": {"a"}, "c": set()})
    assert set(caught.value.args[1]) == {"a", "b"}


@given(_acyclic, st.randoms(use_true_random=False))
def test_every_item_stands_once_and_after_what_it_needs(needs: tuple[set[int], ...], shuffle: object) -> None:
    items = list(enumerate(needs))
    shuffle.shuffle(items)  # type: ignore[attr-defined]
    result = order(dict(items))
    assert sorted(result) == list(range(len(needs)))
    assert all(result.index(other) < result.index(item) for item, others in enumerate(needs) for other in others)


def test_the_closure_holds_what_is_needed_however_far_and_nothing_else() -> None:
    needs = {"bot": ["store"], "store": ["file"], "other": ["file"]}
    assert closure({"bot"}, needs) == {"bot", "store", "file"}


def test_the_closure_of_a_cycle_ends() -> None:
    assert closure({"a"}, {"a": ["b"], "b": ["a"]}) == {"a", "b"}


@given(_acyclic, st.sets(st.integers(0, 7)))
def test_the_closure_needs_nothing_outside_itself(needs: tuple[set[int], ...], wanted: set[int]) -> None:
    mapping = {item: sorted(others) for item, others in enumerate(needs)}
    found = closure(wanted, mapping)
    assert wanted <= found
    assert all(other in found for item in found for other in mapping.get(item, ()))
