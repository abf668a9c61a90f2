"""Files and vector stores on their way dev → prod: verified with what uses them, and never taken from what is held."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from .conftest import World
from .knowledge import ASSISTANT, STORE

PROJECT = """\
version: 1
project: demo
manifests: [assistants]
environments:
  dev: {provider: openai-assistants, endpoint: URL, api_key: {env: DEMO_KEY}}
  prod:
    provider: openai-assistants
    endpoint: URL
    api_key: {env: DEMO_KEY}
    promote_from: {environment: dev, verified: true}
"""
SAVE = "import os; open('seen', 'w').write(open(os.environ['RETINUE_OUTPUT_FILE']).read())"


@pytest.fixture
def known(world: World) -> World:
    """Applied in dev."""
    world.write("retinue.yaml", PROJECT.replace("URL", f"{world.url}/v1"))
    world.write("assistants/handbook.yaml", STORE)
    world.write("assistants/support.yaml", ASSISTANT)
    world.write("handbook/returns.md", "# Returns\n")
    world.write("data/prices.csv", "item,price\n")
    apply(world, "dev")
    return world


def apply(world: World, environment: str) -> None:
    ran = world.run("apply", "-e", environment, "--auto-approve")
    assert ran.code == 0, ran.out + ran.err


def verify(world: World, *options: str) -> None:
    ran = world.run("verify", "-e", "dev", *options, "--", sys.executable, "-c", SAVE)
    assert ran.code == 0, ran.err


def plan(world: World) -> dict[str, str | None]:
    """By address, why a step of prod is held."""
    changes: list[dict[str, Any]] = json.loads(world.run("plan", "-e", "prod", "--format", "json").out)["changes"]
    return {item["address"]: item["held"] and item["held"]["code"] for item in changes}


def table(world: World) -> bytes:
    """What prod's assistant computes with."""
    (raw,) = (raw for raw in world.live().values() if "/prod/" in raw["metadata"]["retinue.address"])
    (remote_id,) = raw["tool_resources"]["code_interpreter"]["file_ids"]
    found: bytes = world.emulator.files.content(remote_id)
    return found


def test_what_verify_shows_are_the_objects_that_output_names(known: World) -> None:
    verify(known)
    seen = json.loads((known.root / "seen").read_text())
    assert list(seen) == ["Assistant/support", "VectorStore/handbook"]
    assert seen == json.loads(known.run("output", "-e", "dev").out)
    assert set(plan(known).values()) == {None}
    apply(known, "prod")
    known.settled("-e", "prod")


def test_a_file_stays_until_what_uses_it_goes_on(known: World) -> None:
    verify(known)
    apply(known, "prod")
    known.write("data/prices.csv", "item,price\nbell,9\n")
    assert set(plan(known).values()) == {"not-applied"}
    apply(known, "prod")
    apply(known, "dev")
    waiting = plan(known)
    assert waiting.pop("Assistant/support") == "not-verified"
    assert waiting.pop("File/data/prices.csv") is None
    assert list(waiting.values()) == ["in-use"]
    apply(known, "prod")
    assert table(known) == b"item,price\n"
    verify(known)
    apply(known, "prod")
    assert table(known) == b"item,price\nbell,9\n"
    known.settled("-e", "prod")
