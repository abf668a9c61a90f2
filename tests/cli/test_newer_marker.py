"""What a newer retinue wrote is an error in every command that reads the environment, and is never written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import World

NEWER = "2 k8sJ2mQx ?future"
COMMANDS = {
    "plan": ("plan",),
    "plan of another object": ("plan", "--target", "Assistant/cow"),
    "apply": ("apply", "--auto-approve"),
    "destroy": ("destroy", "--auto-approve", "--allow", "brake=2"),
    "drift": ("drift",),
    "forget": ("forget", "--auto-approve", "--id", "{id}"),
    "forget by address": ("forget", "--auto-approve", "Assistant/old"),
    "adopt": ("adopt", "--auto-approve", "Assistant/ant", "{id}"),
    "import": ("import",),
    "import --update": ("import", "--update"),
    "verify": ("verify", "--", "true"),
    "promote to": ("promote", "next", "dev", "--auto-approve"),
    "promote from": ("promote", "dev", "next", "--auto-approve"),
    "output": ("output",),
    "show": ("show", "Assistant/ant"),
    "diff --live": ("diff", "dev", "next", "--live"),
}


@pytest.fixture
def upgraded(world: World) -> World:
    """Two live assistants; a newer retinue wrote the marker of one, and its manifest has changed since."""
    settings = f"    provider: openai-assistants\n    endpoint: {world.url}/v1\n    api_key: {{env: DEMO_KEY}}\n"
    world.project(environment=f"  next:\n{settings}")
    world.assistant("ant")
    world.assistant("cow")
    world.run("apply", "--auto-approve", "-e", "dev")
    mark(world, {"retinue.applied": NEWER})
    world.assistant("ant", "temperature: 0.5\n")
    world.monkeypatch.setenv("RETINUE_ENV", "dev")
    return world


def ant(world: World) -> dict[str, Any]:
    return next(item for item in world.live().values() if item["metadata"]["retinue.address"].endswith("ant"))


def mark(world: World, metadata: dict[str, str]) -> None:
    raw = ant(world)
    world.emulator.assistants.seed({**raw, "metadata": {**raw["metadata"], **metadata}})


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
def test_every_command_says_so_and_writes_nothing(upgraded: World, command: tuple[str, ...]) -> None:
    before, writes = ant(upgraded), upgraded.writes()
    ran = upgraded.run(*(word.format(id=before["id"]) for word in command))
    assert ran.code == 1, ran.out + ran.err
    assert f"Assistant/ant ({before['id']}) was written by a newer retinue" in ran.err
    assert "Upgrade retinue" in ran.err
    assert (ant(upgraded), upgraded.writes()) == (before, writes)


def test_json_says_it_with_a_code(upgraded: World) -> None:
    for command in (("plan",), ("apply", "--auto-approve"), ("drift",), ("output",)):
        body = json.loads(upgraded.run(*command, "--format", "json").out)
        assert (body["outcome"], body["exit_code"], body["diagnostics"][0]["code"]) == ("error", 1, "newer-marker")


def test_a_manifest_that_is_gone_deletes_nothing(upgraded: World) -> None:
    upgraded.remove("assistants/ant.yaml")
    before = ant(upgraded)
    for options in ((), ("--allow", "protected:Assistant/ant"), ("--allow", "brake=1")):
        assert upgraded.run("apply", "--auto-approve", *options).code == 1
    assert ant(upgraded) == before


def test_a_saved_plan_stops_before_its_first_write(upgraded: World) -> None:
    mark(upgraded, {"retinue.applied": "1 k8sJ2mQx mV6IDLy"})
    upgraded.assistant("cow", "temperature: 0.7\n")
    assert upgraded.run("plan", "--out", "plan.json").code == 0
    mark(upgraded, {"retinue.applied": NEWER})
    before, writes = ant(upgraded), upgraded.writes()
    assert upgraded.run("apply", "plan.json").code == 1
    assert (ant(upgraded), upgraded.writes()) == (before, writes)


def test_what_a_newer_retinue_manages_elsewhere_is_left_alone_and_cannot_be_adopted(upgraded: World) -> None:
    mark(upgraded, {"retinue.address": "2 rival/dev/Assistant/ant"})
    before = ant(upgraded)
    upgraded.assistant("ant", f"retinue: {{adopt: {{dev: {before['id']}}}}}\n")
    ran = upgraded.run("plan")
    assert (ran.code, "carries a marker written by a newer retinue" in ran.out) == (0, True), ran.out
    assert upgraded.run("apply", "--auto-approve").code == 5
    upgraded.assistant("bee", "name: bee\n")
    assert upgraded.run("adopt", "Assistant/bee", before["id"], "--auto-approve").code != 0
    assert upgraded.run("forget", "--id", before["id"], "--auto-approve").code == 3
    assert ant(upgraded) == before
