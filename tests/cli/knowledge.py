"""A project with files and a vector store, and ways to look at what the service holds of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from .conftest import World

STORE = """\
vector_store: handbook
name: Handbook
files:
  - {upload: ../handbook/*.md}
"""
ASSISTANT = """\
assistant: support
name: Support
model: gpt-4o
tools: [{type: code_interpreter}, {type: file_search}]
tool_resources:
  code_interpreter: {file_ids: [{upload: ../data/prices.csv}]}
  file_search: {vector_store_ids: [{ref: VectorStore/handbook}]}
"""


def write_knowledge(world: World) -> None:
    """An assistant with a handbook of two files and a table."""
    world.write("assistants/handbook.yaml", STORE)
    world.write("assistants/support.yaml", ASSISTANT)
    world.write("handbook/returns.md", "# Returns\n")
    world.write("handbook/shipping.md", "# Shipping\n")
    world.write("data/prices.csv", "item,price\n")


@pytest.fixture
def known(world: World) -> World:
    """The assistant and its knowledge, not applied yet."""
    world.project()
    write_knowledge(world)
    return world


def held(world: World, kind: str) -> dict[str, dict[str, Any]]:
    """Everything of a kind that the service holds, by id."""
    return dict(world.emulator.store.everything(kind))


def stores(world: World) -> list[dict[str, Any]]:
    return [world.emulator.vector_stores.shown(raw) for raw in held(world, "vector_store").values()]


def names_in(world: World, store: str) -> list[str]:
    """The plain names of the files in a store."""
    entries = held(world, f"vector_store.file/{store}").values()
    return sorted(entry["attributes"]["retinue.name"] for entry in entries)


def file_names(world: World) -> list[str]:
    return sorted(raw["filename"] for raw in held(world, "file").values())


def plain_names(world: World) -> list[str]:
    return [re.sub(r"\.rt-[a-z2-7]{8}-[0-9a-f]{16}", "", name) for name in file_names(world)]


def uploads(world: World) -> int:
    return sum((request.method, request.path) == ("POST", "/v1/files") for request in world.emulator.requests)


def changes(world: World, *options: str) -> list[dict[str, Any]]:
    ran = world.run("plan", "--format", "json", *options)
    found: list[dict[str, Any]] = json.loads(ran.out)["changes"]
    return found


def steps(world: World) -> set[tuple[str, str, str]]:
    return {(change["address"], change["action"], change["reason"]) for change in changes(world)}
