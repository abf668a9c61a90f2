"""What a run has to read: whether ours are enough, and which kinds and whose objects it must see besides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from retinue.core.content import scope_of
from retinue.core.model import Address, Policy, Resource
from retinue.core.reach import covers, hints_at_more, of_others, to_read_whole

from .carrying import KINDS, world_after
from .worlds import desired, foreign, managed, plan, target

BOT = desired("bot")


def test_ours_are_enough_only_where_every_manifest_has_its_object_and_none_is_left_over() -> None:
    live = [managed(BOT), managed(desired("ant")), foreign("asst_9")]
    assert covers(target(), [BOT, desired("ant")], live)
    assert not covers(target(), [BOT], live)
    assert not covers(target(), [BOT, desired("ant"), desired("new")], live)
    assert not covers(target(project="other"), [BOT, desired("ant")], live)
    assert covers(target(project="other", formerly=("demo",)), [BOT, desired("ant")], live)


def searching(*stores: Any) -> dict[str, Any]:
    return {"model": "m", "tool_resources": {"file_search": {"vector_store_ids": list(stores)}}}


STORE = Resource("VectorStore", {"name": "Handbook"}, Address("VectorStore", "handbook"))
REF = {"ref": "VectorStore/handbook"}


def test_a_kind_that_no_manifest_names_is_read_while_something_of_ours_may_refer_to_it() -> None:
    plain, raw, named = (desired("bot", spec) for spec in ({"model": "m"}, searching("vs_1"), searching(REF)))
    both = world_after(plan([named, STORE], []), [])
    bot = [item for item in both if item.kind == "Assistant"]
    assert not hints_at_more(target().world([managed(plain)]), [plain], KINDS)
    assert not hints_at_more(target().world([managed(raw)]), [raw], KINDS)
    assert hints_at_more(target().world([managed(raw)]), [plain], KINDS)
    assert hints_at_more(target().world(bot), [named], KINDS)
    # The reference is gone, but a run may have been stopped before the store was.
    released = [item for item in world_after(plan([plain, STORE], both), both) if item.kind == "Assistant"]
    assert released[0].spec["tool_resources"] == {}
    assert hints_at_more(target().world(released), [plain], KINDS)
    assert not hints_at_more(target().world([managed(plain, damaged=True)]), [plain], KINDS)


def file(scope: str, sha: str = "a" * 64, name: str = "a.md") -> Resource:
    spec = {"name": name, "sha256": sha[:16], "bytes": 1}
    return Resource("File", spec, remote_id=f"file_{scope}_{sha[0]}", marker_address=scope_of(*scope.split("/")))


THEIRS = [foreign("asst_1"), managed(desired("bot"), project="other", id="asst_2")]
OURS = managed(desired("bot"))


@pytest.mark.parametrize(
    ("stored", "whole"),
    [([], False), ([file("demo/prod")], False), ([file("demo/dev")], True)],
    ids=["no file", "a file of others", "a file of ours"],
)
def test_others_are_read_whole_while_a_file_of_ours_may_be_unused(stored: list[Resource], whole: bool) -> None:
    found = to_read_whole(target(), [desired("bot")], [*THEIRS, OURS, *stored], {"Assistant"})
    assert found == (THEIRS if whole else [])
    assert to_read_whole(target(), [desired("bot")], [*THEIRS, OURS, *stored], ()) == []


def test_what_is_to_be_adopted_is_read_whole() -> None:
    adopting = replace(desired("bot"), policy=Policy(adopt={"dev": "asst_1"}))
    assert to_read_whole(target(), [adopting], [*THEIRS, OURS], {"Assistant"}) == [THEIRS[0]]


def test_of_others_is_what_has_no_marker_of_ours() -> None:
    world = target().world([*THEIRS, OURS])
    assert of_others(world, {"Assistant"}) == THEIRS
    assert of_others(world, {"VectorStore"}) == []
