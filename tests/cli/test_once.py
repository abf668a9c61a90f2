"""What follows from manifests and from what is live is worked out once in a run, whatever the command needs it for."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from retinue.core import ownership
from retinue.providers import base

from .conftest import World

COUNTED = {ownership.decide.__code__: "ownership", base.kinds_at.__code__: "kinds"}


def counted(world: World, *arguments: str) -> Counter[str]:
    """How often each was worked out in the thread of a command, which must succeed."""
    found: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code in COUNTED:
            found[COUNTED[frame.f_code]] += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        ran = world.run(*arguments)
    finally:
        sys.setprofile(before)
    assert ran.code == 0, ran.out + ran.err
    return found


@pytest.fixture
def store(world: World) -> World:
    """An applied assistant with a vector store and a file, and a change to it."""
    settings = f"provider: openai-assistants, endpoint: {world.url}/v1, api_key: {{env: DEMO_KEY}}"
    world.project(environment=f"  prod: {{{settings}, promote_from: dev}}\n")
    world.write("assistants/notes.txt", "Read me.")
    world.write("assistants/book.yaml", "vector_store: book\nname: Book\nfiles: [{upload: notes.txt}]\n")
    resources = "tool_resources: {file_search: {vector_store_ids: [{ref: VectorStore/book}]}}\n"
    world.assistant("ant", f"tools: [{{type: file_search}}]\n{resources}")
    assert world.run("apply", "-e", "dev", "--auto-approve").code == 0
    world.assistant("bee")
    return world


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan",),
        ("plan", "--target", "Assistant/bee"),
        ("plan", "--out", "plan.json"),
        ("drift",),
        ("import", "--update"),
        ("output",),
        ("validate",),
        ("verify", "--target", "Assistant/ant", "--", "true"),
        ("destroy", "--allow", "brake=2", "--auto-approve"),
    ],
    ids=" ".join,
)
def test_ownership_and_kinds_are_worked_out_once(store: World, arguments: tuple[str, ...]) -> None:
    name, *rest = arguments
    offline = name == "validate"
    assert counted(store, name, "-e", "dev", *rest) == {"kinds": 1, **({} if offline else {"ownership": 1})}


def test_a_saved_plan_is_checked_against_what_it_was_planned_from_again(store: World) -> None:
    assert store.run("plan", "-e", "dev", "--out", "plan.json").code == 0
    assert counted(store, "apply", "plan.json", "--auto-approve") == {"kinds": 1, "ownership": 1}


def test_each_environment_of_a_promotion_is_observed_once(store: World) -> None:
    assert counted(store, "plan", "-e", "prod") == {"kinds": 2, "ownership": 2}
