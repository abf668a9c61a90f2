"""A move to another service: the report is what validation says, and what it writes plans, applies and settles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from retinue.cli import emulators
from retinue.schema.bundle import output_schemas

from ..schema.closing import closed, faults
from .conftest import World

PROVIDERS = sorted(emulators.entries().keys() - {emulators.SERVER})
SCHEMA = Draft7Validator(closed(output_schemas()["migrate"]))
PROJECT = """\
version: 1
project: demo   # ours
manifests: [assistants, stores]
environments:
  # where they are now
  old:
    provider: openai-assistants
    endpoint: emulator
    variables: {model: gpt-4o}

# the end of the file
formerly: [demo-before]
"""
TUTOR = """\
assistant: tutor
name: Tutor
model: ${var.model}
instructions: Be kind.
tools:
  - type: code_interpreter
  - {type: file_search, file_search: {max_num_results: 8}}
  - {type: function, function: {name: look, description: Looks up., parameters: {type: object, properties: {}}}}
tool_resources:
  code_interpreter: {file_ids: [{upload: ../data/a.csv}]}
  file_search: {vector_store_ids: [{ref: VectorStore/handbook}]}
temperature: 1.4
"""
PLAIN = "assistant: plain\nmodel: gpt-4.1\nmetadata: {owner: cx}\n"


@pytest.fixture
def shop(world: World) -> World:
    world.write("retinue.yaml", PROJECT)
    world.write("assistants/tutor.yaml", TUTOR)
    world.write("assistants/plain.yaml", PLAIN)
    world.write("stores/handbook.yaml", "vector_store: handbook\nname: Handbook\nfiles: [{upload: ../data/h.md}]\n")
    world.write("data/a.csv", "a,b\n")
    world.write("data/h.md", "hello\n")
    return world


def report(world: World, *arguments: str, code: int = 0) -> dict[str, Any]:
    ran = world.run("migrate", "--from", "old", "--to", "new", "--format", "json", *arguments)
    assert ran.code == code, ran.err + ran.out
    found: dict[str, Any] = json.loads(ran.out)
    assert faults(SCHEMA, found) == []
    assert found["exit_code"] == code
    return found


def rows(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["address"] + row["path"]: row for item in found["objects"] for row in item["fields"]}


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


MAPPED = ("--model", "gpt-4o=one", "--model", "gpt-4.1=two")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_written_validates_applies_and_settles(shop: World, provider: str) -> None:
    asked = ("--provider", provider, "--endpoint", "emulator", *MAPPED, "--accept", "all")
    as_if = report(shop, *asked)
    assert not as_if["written"]
    assert yaml.safe_load((shop.root / "retinue.yaml").read_text())["environments"].keys() == {"old"}
    found = report(shop, *asked, "--write")
    assert found == {**as_if, "written": True}
    written = (shop.root / "retinue.yaml").read_text()
    head, _, tail = PROJECT.partition("\n# the end")
    assert written.startswith(head)
    assert written.endswith(tail)
    # The same command once more changes nothing and reports the same.
    before = snapshot(shop.root)
    again = report(shop, *asked, "--write")
    assert again["objects"] == found["objects"]
    assert (again["files"], again["written"]) == ([], False)
    assert snapshot(shop.root) == before
    assert report(shop)["objects"] == found["objects"]
    # The verdicts are those of validate.
    ran = shop.run("validate", "-e", "new", "--format", "json")
    assert ran.code == 0
    said = {(it["address"], it["path"]) for it in json.loads(ran.out)["diagnostics"] if it["code"] == "capability"}
    told = {(it["address"], row["path"]) for it in found["objects"] for row in it["fields"] if row["verdict"] == "lost"}
    assert said <= told
    assert shop.run("apply", "-e", "new", "--auto-approve").code == 0
    ran = shop.run("plan", "-e", "new", "--detailed-exitcode")
    assert ran.code == 0, ran.out


@pytest.mark.parametrize("provider", ["anthropic", "openai-agents", "flowise"])
def test_nothing_is_written_while_a_loss_is_not_accepted(shop: World, provider: str) -> None:
    before = snapshot(shop.root)
    found = report(shop, "--provider", provider, "--endpoint", "emulator", "--write", code=3)
    assert snapshot(shop.root) == before
    assert {row["accepted"] for row in rows(found).values() if row["verdict"] == "lost"} == {True, False} or (
        provider == "flowise"
    )
    ran = shop.run("migrate", "--from", "old", "--to", "new", "--provider", provider, "--endpoint", "emulator")
    assert ran.code == 3
    assert "--accept tools" in ran.err
    assert "--accept tool_resources" in ran.err
    report(
        shop,
        "--provider",
        provider,
        "--endpoint",
        "emulator",
        "--write",
        "--accept",
        "tools",
        "--accept",
        "tool_resources",
    )
