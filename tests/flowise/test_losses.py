"""`on_loss` in whole commands: what the service cannot hold is refused, or said and left out, for good."""

from __future__ import annotations

import json

from .conftest import FlowiseWorld

TEXT = "response_format: {type: json_object}\nreasoning_effort: high\n"


def test_a_loss_that_matters_is_an_error_and_the_others_are_warnings(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("tutor", "", TEXT)
    ran = world.run("validate", "-e", "dev")
    assert ran.code == 3
    assert "assistants/tutor.yaml:4:18: capability: `response_format` cannot be held" in ran.err
    assert "on_loss: {response_format: warn}" in ran.err
    assert "assistants/tutor.yaml:5:19: capability: `reasoning_effort` cannot be held" in ran.err
    assert "1 error, 2 warnings, 1 note" in ran.err


def test_an_accepted_loss_is_listed_in_the_plan_and_converges(world: FlowiseWorld) -> None:
    world.project(environment="    on_loss: {response_format: warn, reasoning_effort: allow}\n")
    world.flowise("tutor", "", TEXT)
    world.flowise("plain")
    plan = json.loads(world.run("plan", "--format", "json").out)
    lost = {(item["path"], item["severity"]) for item in plan["diagnostics"] if item["code"] == "capability"}
    assert lost == {("/response_format", "warning"), ("/reasoning_effort", "info")}
    assert {item["path"] for change in plan["changes"] for item in change["fields"]} == {"/name", "/model"}
    world.apply()
    assert "response_format" not in world.run("render").out


def test_one_word_is_for_every_field(world: FlowiseWorld) -> None:
    world.project(environment="    on_loss: error\n")
    world.flowise("tutor", "", "reasoning_effort: high\n")
    assert world.run("validate").code == 3
    world.project(environment="    on_loss: allow\n")
    world.flowise("tutor", "", TEXT)
    assert world.run("validate").code == 0
    world.apply()


def test_a_word_or_a_field_that_there_is_not_is_an_error(world: FlowiseWorld) -> None:
    world.flowise("tutor")
    world.project(environment="    on_loss: ignore\n")
    assert (ran := world.run("validate")).code == 3 and "retinue.yaml:9:14" in ran.err
    world.project(environment="    on_loss: {tool: warn}\n")
    assert (ran := world.run("validate")).code == 3 and "Did you mean `tools`?" in ran.err
    world.project(environment="    on_loss: {tools: never}\n")
    assert (ran := world.run("validate")).code == 3 and "retinue.yaml:9:22" in ran.err
