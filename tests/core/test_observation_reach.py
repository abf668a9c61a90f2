"""What a run has to read: whether ours are enough, and which kinds and whose objects it must see besides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from retinue.core.content import scope_of
from retinue.core.model import Address, Desired, Live, Policy
from retinue.core.observation import Observation, covers, hints_at_more, of_others, to_read_whole

from .carrying import KINDS, world_after
from .worlds import KIND, desired, foreign, managed, plan, target

BOT = desired("bot")
HERE = target(kinds={**KINDS, "Assistant": replace(KIND, compound=frozenset({"tool_resources"}))})


def test_ours_are_enough_only_where_every_manifest_has_its_object_and_none_is_left_over() -> None:
    live = [managed(BOT), managed(desired("ant")), foreign("asst_9")]
    assert covers(Observation(target(), live), [BOT, desired("ant")])
    assert not covers(Observation(target(), live), [BOT])
    assert not covers(Observation(target(), live), [BOT, desired("ant"), desired("new")])
    assert not covers(Observation(target(project="other"), live), [BOT, desired("ant")])
    assert covers(Observation(target(project="other", formerly=("demo",)), live), [BOT, desired("ant")])


def searching(*stores: Any) -> dict[str, Any]:
    return {"model": "m", "tool_resources": {"file_search": {"vector_store_ids": list(stores)}}}


STORE = Desired("VectorStore", {"name": "Handbook"}, Address("VectorStore", "handbook"))
REF = {"ref": "VectorStore/handbook"}


def test_a_kind_that_no_manifest_names_is_read_while_something_of_ours_may_refer_to_it() -> None:
    plain, raw, named = (desired("bot", spec) for spec in ({"model": "m"}, searching("vs_1"), searching(REF)))
    both = world_after(plan([named, STORE], []), [])
    bot = [item for item in both if item.kind == "Assistant"]
    assert not hints_at_more(Observation(target(), [managed(plain)]).world, [plain], KINDS)
    assert not hints_at_more(Observation(target(), [managed(raw)]).world, [raw], KINDS)
    assert hints_at_more(Observation(target(), [managed(raw)]).world, [plain], KINDS)
    assert hints_at_more(Observation(target(), bot).world, [named], KINDS)
    # The reference is gone, but a run may have been stopped before the store was.
    released = [item for item in world_after(plan([plain, STORE], both), both) if item.kind == "Assistant"]
    assert released[0].spec["tool_resources"] == {}
    assert hints_at_more(Observation(target(), released).world, [plain], KINDS)
    assert not hints_at_more(Observation(target(), [managed(plain, damaged=True)]).world, [plain], KINDS)


def file(scope: str, sha: str = "a" * 64, name: str = "a.md") -> Live:
    spec = {"name": name, "sha256": sha[:16], "bytes": 1}
    return Live("File", spec, remote_id=f"file_{scope}_{sha[0]}", marker_address=scope_of(*scope.split("/")))


THEIRS = [foreign("asst_1"), managed(desired("bot"), project="other", id="asst_2")]
OURS = managed(desired("bot"))


@pytest.mark.parametrize(
    ("stored", "whole"),
    [([], False), ([file("demo/prod")], False), ([file("demo/dev")], True)],
    ids=["no file", "a file of others", "a file of ours"],
)
def test_others_are_read_whole_while_a_file_of_ours_may_be_unused(stored: list[Live], whole: bool) -> None:
    live = [*THEIRS, OURS, *stored]
    assert to_read_whole(Observation(HERE, live), [desired("bot")]) == (THEIRS if whole else [])
    assert to_read_whole(Observation(target(), live), [desired("bot")]) == []


def test_what_is_to_be_adopted_is_read_whole() -> None:
    adopting = replace(desired("bot"), policy=Policy(adopt={"dev": "asst_1"}))
    assert to_read_whole(Observation(HERE, [*THEIRS, OURS]), [adopting]) == [THEIRS[0]]


def test_of_others_is_what_has_no_marker_of_ours() -> None:
    assert of_others(Observation(HERE, [*THEIRS, OURS])) == THEIRS
    assert of_others(Observation(target(), [*THEIRS, OURS])) == []
