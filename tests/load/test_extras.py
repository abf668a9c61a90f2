"""`providers`: what only one service has, checked for all of them and kept for the one of the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from retinue.core.model import Json
from retinue.load.located import place_of

from .test_manifests import GREETER, World

SHELF = {"type": "object", "additionalProperties": False, "properties": {"size": {"type": "integer"}}}


def extras(provider: str, kind: str) -> Json:
    return {"openai-assistants": SHELF, "shelf": SHELF}.get(provider)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "project")


def loaded(world: World, text: str, environment: str = "dev") -> tuple[dict[str, Any], list[str]]:
    world.write("assistants/greeter.yaml", GREETER + text)
    found = world.load(environment, extras=extras)
    return dict(found.resources[0].spec), [f"{item.place}: {item.code}" for item in found.diagnostics]


def test_the_environment_gets_its_own_providers_part_with_its_places(world: World) -> None:
    world.write("assistants/greeter.yaml", GREETER + "providers:\n  shelf: {size: 1}\n  openai-assistants: {size: 2}\n")
    (resource,) = world.load("dev", extras=extras).resources
    assert resource.spec["providers"] == {"openai-assistants": {"size": 2}}
    assert str(place_of(resource.spec, ["providers", "openai-assistants", "size"])) == "assistants/greeter.yaml:6:29"


def test_parts_for_other_providers_change_nothing(world: World) -> None:
    spec, problems = loaded(world, "providers: {shelf: {size: 1}}\n")
    assert "providers" not in spec and problems == []


def test_an_overlay_and_variables_reach_into_it(world: World) -> None:
    world.write("overlays/prod.yaml", "assistant: greeter\nproviders: {openai-assistants: {size: 7}}\n")
    assert loaded(world, "providers: {openai-assistants: {size: 2}}\n", "prod")[0]["providers"] == {
        "openai-assistants": {"size": 7}
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("providers: {shelf: {siz: 1}}", ["assistants/greeter.yaml:4:21: unknown-key"]),
        ("providers: {shelf: {size: big}}", ["assistants/greeter.yaml:4:27: wrong-type"]),
        ("providers: {shelv: {}}", ["assistants/greeter.yaml:4:13: unknown-provider"]),
        ("providers: {shelf: 1}", ["assistants/greeter.yaml:4:20: wrong-type"]),
        ("providers: []", ["assistants/greeter.yaml:4:12: wrong-type"]),
    ],
)
def test_every_fault_has_its_place_in_whatever_environment(world: World, text: str, expected: list[str]) -> None:
    assert loaded(world, f"{text}\n")[1][: len(expected)] == expected
