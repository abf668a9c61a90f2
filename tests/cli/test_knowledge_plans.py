"""Saved plans with files and vector stores: what they need, and when they are stale."""

from __future__ import annotations

import json

import pytest

from .conftest import World
from .knowledge import ASSISTANT, STORE, stores
from .knowledge import known as known


def test_a_trusted_plan_needs_the_files_but_no_manifests(known: World) -> None:
    assert known.run("plan", "--out", "plan.json").code == 0
    for name in ("handbook", "support"):
        known.remove(f"assistants/{name}.yaml")
    assert known.run("apply", "plan.json").code == 6
    ran = known.run("apply", "plan.json", "--trust-plan")
    assert ran.code == 0, ran.err
    known.write("assistants/handbook.yaml", STORE)
    known.write("assistants/support.yaml", ASSISTANT)
    known.settled()
    writes = len(known.emulator.writes())
    assert known.run("apply", "plan.json").code == 0
    assert len(known.emulator.writes()) == writes


@pytest.mark.parametrize("edit", ["changed", "gone"])
def test_a_file_that_is_not_as_planned_makes_the_plan_stale_before_the_first_write(known: World, edit: str) -> None:
    assert known.run("plan", "--out", "plan.json").code == 0
    if edit == "changed":
        known.write("handbook/returns.md", "# Other\n")
    else:
        known.remove("handbook/returns.md")
    ran = known.run("apply", "plan.json")
    assert ran.code == 6
    assert "handbook/returns.md" in ran.err
    assert known.emulator.writes() == []


def test_a_saved_plan_refers_to_what_was_there_and_is_stale_once_that_is_gone(known: World) -> None:
    known.apply()
    (store,) = stores(known)
    known.write("assistants/second.yaml", ASSISTANT.replace("assistant: support", "assistant: second"))
    known.write("assistants/second.yaml", ASSISTANT.replace("support", "second").replace("Support", "Second"))
    assert known.run("plan", "--out", "plan.json").code == 0
    (change,) = json.loads((known.root / "plan.json").read_text())["changes"]
    assert change["requires"] == ["File/data/prices.csv", "VectorStore/handbook"]
    assert change["resolved"]["VectorStore/handbook"] == store["id"]
    known.emulator.store.delete("vector_store", store["id"])
    ran = known.run("apply", "plan.json")
    assert (ran.code, "VectorStore/handbook" in ran.err) == (6, True)
