"""Teams of managed agents: a manifest names the other agents by their addresses, and the service knows their ids."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import World
from .test_anthropic import agents, begin

COORDINATOR = "{type: coordinator, agents: [%s]}"
TEAM = "{type: multiagent_20261001, subagents: {type: enabled, predefined_agents: [%s]}}"
BEE, CAT = "{type: agent, id: {ref: Assistant/bee}}", "{type: agent, id: {ref: Assistant/cat}, version: 1}"


def assistant(world: World, name: str, team: str = "", extra: str = "") -> None:
    block = f"providers: {{anthropic: {{multiagent: {team}}}}}\n" if team else ""
    world.assistant(name, f"instructions: Be kind.\n{block}{extra}", model="claude-opus-5-5")


def roster(world: World, name: str) -> list[dict[str, Any]]:
    held = agents(world)[name]["multiagent"]
    found: list[dict[str, Any]] = held.get("agents") or held["subagents"]["predefined_agents"]
    return found


@pytest.fixture
def team(world: World) -> World:
    begin(world)
    return world


@pytest.mark.parametrize("form", [COORDINATOR, TEAM])
def test_members_are_made_first_and_named_by_their_addresses(team: World, form: str) -> None:
    assistant(team, "ant", form % f"{BEE}, {CAT}, {{type: self}}")
    assistant(team, "bee")
    assistant(team, "cat")
    changes = {item["address"]: item for item in json.loads(team.run("plan", "--format", "json").out)["changes"]}
    assert changes["Assistant/ant"]["requires"] == ["Assistant/bee", "Assistant/cat"]
    team.apply()
    held = agents(team)
    assert [item["id"] for item in roster(team, "ant")] == [held[name]["id"] for name in ("bee", "cat", "ant")]
    assistant(team, "ant", form % BEE)
    assert "Assistant/cat" in team.run("plan").out
    team.apply()
    assert [item["id"] for item in roster(team, "ant")] == [held["bee"]["id"]]


def test_a_member_that_is_made_again_has_the_coordinator_updated(team: World) -> None:
    assistant(team, "ant", COORDINATOR % BEE)
    assistant(team, "bee")
    team.apply()
    before = agents(team)["bee"]
    team.emulator.seed({**before, "archived_at": "2026-11-30T00:00:00Z", "object": "anthropic.agent"})
    team.apply()
    assert roster(team, "ant")[0]["id"] == agents(team)["bee"]["id"] != before["id"]


def test_a_member_goes_only_with_its_place_in_the_team(team: World) -> None:
    assistant(team, "ant", COORDINATOR % f"{BEE}, {CAT}")
    for name in ("bee", "cat", "dog"):
        assistant(team, name)
    team.apply()
    team.remove("assistants/bee.yaml")
    ran = team.run("plan")
    assert ran.code == 3 and "there is no manifest Assistant/bee" in ran.err
    assistant(team, "ant", COORDINATOR % CAT)
    team.apply()
    assert agents(team).keys() == {"ant", "cat", "dog"}


def test_a_renamed_member_keeps_its_place(team: World) -> None:
    assistant(team, "ant", COORDINATOR % BEE)
    assistant(team, "bee")
    team.apply()
    key = agents(team)["bee"]["id"]
    team.remove("assistants/bee.yaml")
    assistant(team, "wasp", extra="name: bee\nretinue: {moved_from: bee}\n")
    assistant(team, "ant", COORDINATOR % BEE.replace("bee", "wasp"))
    team.apply()
    assert roster(team, "ant")[0]["id"] == key


def test_a_member_that_nobody_manages_stands_by_its_id(team: World) -> None:
    key = team.emulator.seed({"object": "anthropic.agent", "name": "theirs"})
    assistant(team, "ant", COORDINATOR % f"{{type: agent, id: {key}}}, {BEE}")
    assistant(team, "bee")
    team.apply()
    assert [item["id"] for item in roster(team, "ant")] == [key, agents(team)["bee"]["id"]]


def test_an_import_names_the_members(team: World) -> None:
    bee = team.emulator.seed({"object": "anthropic.agent", "name": "bee"})
    member = {"type": "agent", "id": bee, "version": 1}
    team.emulator.seed(
        {"object": "anthropic.agent", "name": "ant", "multiagent": {"type": "coordinator", "agents": [member]}}
    )
    assert team.run("import").code == 0
    assert "ref: Assistant/bee" in (team.root / "assistants/ant.yaml").read_text(encoding="utf-8")
    team.apply()


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ("{type: agent, id: {ref: Assistant/wasp}}", "reference-missing: there is no manifest Assistant/wasp"),
        ("{type: agent, id: {ref: Assistant/ants}}", "Did you mean `Assistant/ant`?"),
        ("{type: agent, id: {ref: Assistant/ant}}", "reference-cycle: Assistant/ant refers to itself"),
        ("{type: agent, id: {ref: Assistant/bee}}", "refers to itself, by way of Assistant/"),
        ("{type: agent, id: {ref: VectorStore/x}}", "An address looks like `Assistant/helper`."),
        ("{type: agent, id: {reff: Assistant/bee}}", "reff"),
        ("{type: agent, id: 7}", "id"),
    ],
)
def test_a_wrong_member_is_told_at_its_line(team: World, member: str, told: str) -> None:
    assistant(team, "ant", COORDINATOR % member)
    assistant(team, "bee", COORDINATOR % "{type: agent, id: {ref: Assistant/ant}}")
    for command in ("validate", "plan"):
        ran = team.run(command)
        assert ran.code == 3 and told in ran.err and ".yaml:" in ran.err, ran.err


def test_a_roster_is_inert_where_another_provider_is_asked(team: World) -> None:
    text = (team.root / "retinue.yaml").read_text(encoding="utf-8")
    team.write("retinue.yaml", text.replace("anthropic", "openai-agents").replace("/openai-agents\n", "/v1\n"))
    assistant(team, "ant", COORDINATOR % "{type: agent, id: {ref: Assistant/nobody}}")
    team.apply()
