"""A model that lacks a field: what the manifest leaves at its default never stands in the way of an apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.app import Emulator

from ..serving import served
from .conftest import World, enter
from .reasoning import ERRORS, Reasoning, named, of_the_model, sent

Opened = Callable[..., World]
PROVIDERS = {
    "openai-assistants": "    provider: openai-assistants\n    endpoint: {url}/v1\n",
    "azure": "    provider: azure-openai\n    endpoint: {url}\n",
    "azure-first": "    provider: azure-openai\n    endpoint: {url}\n    api_version: 2024-02-15-preview\n",
}


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    with ExitStack() as stack:

        def world(service: Any, provider: str = "openai-assistants") -> World:
            url = stack.enter_context(served(service))
            enter(tmp_path / "demo", monkeypatch)
            found = World(tmp_path / "demo", stack.enter_context(_Closing()).emulator, url, monkeypatch)
            lines = PROVIDERS[provider].format(url=url)
            head = "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n  dev:\n"
            found.write("retinue.yaml", f"{head}{lines}    api_key: {{env: DEMO_KEY}}\n")
            return found

        yield world


class _Closing:
    """An emulator that nothing is sent to: a World has one."""

    def __enter__(self) -> _Closing:
        self.emulator = Emulator(":memory:")
        return self

    def __exit__(self, *_: object) -> None:
        self.emulator.close()


def apply(world: World, *arguments: str) -> None:
    ran = world.run("apply", "--auto-approve", *arguments)
    assert ran.code == 0, ran.out + ran.err
    settled(world)


def settled(world: World) -> None:
    ran = world.run("plan", "--detailed-exitcode")
    assert ran.code == 0, ran.out + ran.err
    ran = world.run("drift", "--detailed-exitcode")
    assert ran.code == 0, ran.out + ran.err


TEXTS = {
    "nothing stated": "",
    "nulls": "temperature: null\ntop_p: null\n",
    "defaults": "temperature: 1\ntop_p: 1.0\n",
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("answers", ["null", "nothing"])
@pytest.mark.parametrize("after", TEXTS)
def test_a_model_may_lack_what_the_manifest_leaves_at_its_default(
    at: Opened, error: Callable[[str], Any], answers: str, after: str
) -> None:
    service = Reasoning(error, answers)
    world = at(service)
    world.assistant("planner", "temperature: 0.2\n", model="gpt-4o-mini")
    apply(world)
    world.assistant("planner", TEXTS[after], model="o3-mini")
    apply(world)
    assert service.bodies[-1]["model"] == "o3-mini"
    assert (service.bodies[-1]["temperature"], service.bodies[-1]["top_p"]) == (None, None)
    assert "retinue.applied" in service.bodies[-1]["metadata"]
    world.assistant("planner", "temperature: 0.7\n", model="gpt-4o-mini")
    apply(world)
    assert len(service.rows) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("before", ["", "temperature: 0.2\ntop_p: 0.5\n"])
def test_every_service_of_the_family_does(at: Opened, provider: str, before: str) -> None:
    service = Reasoning(of_the_model)
    world = at(service, provider)
    world.assistant("planner", before, model="gpt-4o-mini")
    apply(world)
    world.assistant("planner", "", model="o3-mini")
    apply(world)


def test_a_saved_plan_is_carried_out_alike(at: Opened) -> None:
    service = Reasoning(of_the_model)
    world = at(service)
    world.assistant("planner", "", model="gpt-4o-mini")
    apply(world)
    world.assistant("planner", "", model="o3-mini")
    assert world.run("plan", "--format", "json", "--out", "p.json").code == 0
    apply(world, "p.json")
    world.assistant("planner", "name: P\n", model="gpt-4o-mini")
    apply(world)
    assert world.run("plan", "--format", "json", "--out", "p.json").code == 0
    apply(world, "p.json")


@pytest.mark.parametrize("before", ["", "reasoning_effort: high\n"])
@pytest.mark.parametrize("error", ERRORS)
def test_the_other_way_round_the_effort_goes(at: Opened, before: str, error: Callable[[str], Any]) -> None:
    service = Reasoning(error)
    world = at(service)
    world.assistant("planner", before, model="o3-mini")
    apply(world)
    world.assistant("planner", "temperature: 0.2\n", model="gpt-4o")
    apply(world)
    assert service.bodies[-1]["reasoning_effort"] is None


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("counts", [None, sent])
def test_a_create_leaves_out_a_default_that_the_model_lacks(at: Opened, provider: str, counts: Any) -> None:
    service = Reasoning(of_the_model, **({"counts": counts} if counts else {}))
    world = at(service, provider)
    world.assistant("planner", "temperature: 1\ntop_p: 1\n", model="o3-mini")
    apply(world)
    assert len(service.rows) == 1
    assert not {"temperature", "top_p"} & service.bodies[-1].keys()


def test_a_field_that_may_not_even_be_null_is_left_out(at: Opened) -> None:
    service = Reasoning(named, counts=sent)
    world = at(service)
    world.assistant("planner", "temperature: 0.2\nreasoning_effort: null\n", model="gpt-4o")
    apply(world)
    world.assistant("planner", "", model="o3-mini")
    apply(world)


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("more", ["", "retinue: {ignore_changes: [/temperature]}\n"])
def test_a_stated_value_is_never_sent_away_and_the_refusal_says_what_helps(
    at: Opened, error: Callable[[str], Any], more: str
) -> None:
    service, text = Reasoning(error), f"temperature: 0.2\n{more}"
    world = at(service)
    world.assistant("planner", text, model="gpt-4o")
    apply(world)
    world.assistant("planner", text, model="o3-mini")
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 1
    said = " ".join((ran.out + ran.err).split())
    assert "Take `temperature` out of the manifest" in said
    assert [row["model"] for row in service.rows.values()] == ["gpt-4o"]
    assert all(body.get("temperature", 0.2) == 0.2 for body in service.refused)
    world.assistant("planner", "", model="o3-mini")
    apply(world)


def test_a_service_that_refuses_whatever_is_sent_is_asked_a_bounded_number_of_times(at: Opened) -> None:
    def always(request: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
        return {"temperature": 1, "top_p": 1}

    service = Reasoning(named)
    world = at(service)
    world.assistant("planner", "", model="gpt-4o")
    apply(world)
    service.counts = always
    world.assistant("planner", "", model="o3-mini")
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 1
    assert "another model" in ran.out + ran.err
    assert len(service.refused) <= 4
