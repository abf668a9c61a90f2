"""The rest of an agent's life: others' pointers, destroy, promotion, saved plans, renames of a project, many agents."""

from __future__ import annotations

import json

import pytest

from retinue_emulator.faults import Behaviour

from .conftest import FoundryWorld
from .test_serving import KIND, STRICT, tutor


def seeded(world: FoundryWorld, name: str, *says: str) -> None:
    for text in says:
        definition = {"kind": "prompt", "model": "gpt-4o", "instructions": text}
        world.emulator.seed({"object": "foundry.agent", "name": name, "definition": definition})


@pytest.mark.parametrize("shares", [{"v1": 100}, {"v1": 80, "v2": 20}, {"v2": 100}, {}])
def test_what_serves_is_adopted_and_not_the_newest(world: FoundryWorld, shares: dict[str, int]) -> None:
    seeded(world, "HR-Bot", "Old.", "New.")
    if shares:
        world.pin("HR-Bot", **shares)
    serves = "Old." if shares.get("v1", 0) > 50 else "New."
    world.project()
    world.assistant("hr", f"instructions: {serves}\nretinue: {{adopt: {{dev: HR-Bot}}}}\n")
    step = world.planned()
    assert (step["action"], step["serving"]["then"]) == ("adopt", "3")
    assert [item["path"] for item in step["fields"]] == (["/providers"] if len(shares) > 1 else [])
    world.apply()
    assert world.pinned("HR-Bot") == {"3": 100} and world.says("HR-Bot") == serves


def test_forget_then_a_create_of_the_name_is_blocked_and_adopt_takes_it_back(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.remove("assistants/tutor.yaml")
    world.project(extra="removed: [{address: Assistant/tutor, forget: true}]\n")
    world.assistant("other")
    assert world.run("apply", "--auto-approve").code == 0
    world.project()
    world.assistant("tutor", KIND)
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 5 and "retinue: {adopt: {dev: tutor}}" in ran.out
    world.assistant("tutor", f"{KIND}retinue: {{adopt: {{dev: tutor}}}}\n")
    world.apply()
    assert world.says("tutor") == "Be kind."


def test_destroy_takes_ours_alone(world: FoundryWorld) -> None:
    seeded(world, "HR-Bot", "Mine.")
    tutor(world, KIND, STRICT)
    assert world.run("destroy", "--auto-approve", "--allow", "brake=1").code == 0
    assert set(world.live()) == {"HR-Bot"}


def test_a_protected_agent_stays_also_when_its_pointer_is_moved(world: FoundryWorld) -> None:
    tutor(world, KIND, f"{STRICT}retinue: {{protect: true}}\n")
    world.remove("assistants/tutor.yaml")
    world.assistant("other")
    ran = world.run("apply", "--auto-approve", "--allow", "brake=1")
    assert ran.code == 5 and "protected" in ran.out and "tutor" in world.live()


def test_promotion_needs_what_serves_in_the_environment_before(world: FoundryWorld) -> None:
    world.project(
        environment='    agent_name: "{name}-dev"\n', others="    promote_from: {environment: dev, verified: true}\n"
    )
    world.assistant("tutor", KIND)
    for text in (KIND, STRICT):
        world.assistant("tutor", text)
        assert world.run("apply", "--auto-approve", "-e", "dev").code == 0
        assert world.run("verify", "-e", "dev", "--", "true").code == 0
    world.pin("tutor-dev", v1=100)
    ran = world.run("promote", "dev", "prod", "--auto-approve")
    assert ran.code == 0 and "held" in ran.out and "tutor" not in world.live()
    assert world.run("verify", "-e", "dev", "--", "true").code == 6
    assert world.run("apply", "--auto-approve", "-e", "dev").code == 0
    ran = world.run("promote", "dev", "prod", "--auto-approve")
    assert ran.code == 0 and world.says("tutor") == "Be strict.", ran.out + ran.err


def test_a_saved_plan_is_applied_and_stale_once_somebody_wrote(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.assistant("tutor", STRICT)
    assert world.run("plan", "--format", "json", "--out", "plan.json").code == 0
    assert world.run("apply", "plan.json", "--auto-approve").code == 0
    assert world.says("tutor") == "Be strict."
    assert world.run("apply", "plan.json", "--auto-approve").code == 0
    world.assistant("tutor", KIND)
    assert world.run("plan", "--format", "json", "--out", "back.json").code == 0
    assert json.loads((world.root / "back.json").read_text())["changes"][0]["serving"] == {"now": "2", "then": "1"}
    shown = world.run("show", "back.json")
    assert "serves           version 2 → version 1" in shown.out
    world.publish("tutor", marked=True, instructions="Edited.")
    world.pin("tutor", v3=100)
    assert world.run("apply", "back.json", "--auto-approve").code == 6
    assert world.run("apply", "back.json", "--auto-approve", "--trust-plan").code == 6


def test_a_renamed_project_finds_its_agents(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.project(extra="formerly: [demo]\n")
    text = (world.root / "retinue.yaml").read_text().replace("project: demo", "project: other")
    world.write("retinue.yaml", text)
    assert world.planned()["action"] == "move"
    world.apply()
    assert set(world.live()) == {"tutor"} and world.says("tutor") == "Be strict."


def test_more_agents_than_a_page_holds(world: FoundryWorld) -> None:
    for number in range(120):
        seeded(world, f"bot-{number}", "Mine.")
    tutor(world, KIND)
    world.emulator.requests.clear()
    world.settled()
    reads = [item.path for item in world.emulator.requests if item.method == "GET"]
    assert len(reads) == 2, "two pages, and nothing for agents whose newest version serves"


def test_one_change_is_one_version_and_few_reads(world: FoundryWorld) -> None:
    tutor(world, KIND, STRICT)
    world.assistant("tutor", "instructions: Be brief.\n")
    world.emulator.requests.clear()
    assert world.run("apply", "--auto-approve").code == 0
    asked = [f"{item.method} {item.path.rpartition('/demo/')[2]}" for item in world.emulator.requests]
    assert asked == [
        "GET agents",
        "GET agents/tutor/versions",
        "GET agents/tutor",
        "POST agents/tutor/versions",
        "GET agents/tutor",
        "PATCH agents/tutor",
    ]


def test_a_disabled_agent_is_compared_and_stays_disabled(world: FoundryWorld) -> None:
    tutor(world, KIND)
    world.call("POST", "agents/tutor:disable")
    world.settled()
    world.assistant("tutor", STRICT)
    world.apply()
    assert world.agent("tutor")["state"] == "disabled"


def test_a_service_that_keeps_other_values_is_noted_once(world: FoundryWorld) -> None:
    world.emulator.behaviour = Behaviour(alterations={"instructions": str.upper})
    world.project()
    for text, said in ((KIND, "BE KIND."), (STRICT, "BE STRICT."), (KIND, "BE KIND.")):
        world.assistant("tutor", text)
        world.apply()
        assert world.says("tutor") == said


def test_a_note_says_the_same_in_a_form_that_the_service_takes(world: FoundryWorld) -> None:
    tutor(world, KIND)
    (first,) = world.versions("tutor")
    tools = [{"type": "function", "name": "f", "parameters": {}, "strict": None}, {"type": "web_search", "filters": {}}]
    definition = {**first["definition"], "temperature": 1.0, "top_p": 1, "tools": tools, "text": {"format": None}}
    world.emulator.seed({**first, "object": "foundry.agent", "definition": definition})
    world.assistant("tutor", f"{KIND}tools: [{{type: function, function: {{name: f}}}}, {{type: web_search}}]\n")
    world.accepted()
    newest = world.agent("tutor")["versions"]["latest"]["definition"]
    assert newest["tools"][1] == {"type": "web_search"} and newest["tools"][0]["strict"] is False
    assert newest["instructions"] == "Be kind."
