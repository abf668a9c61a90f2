"""Whole commands on managed agents: removal for good, deployments, versions, projects from what is live or exported."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from retinue.schema.bundle import output_schemas
from retinue_emulator.anthropic import DEPLOYMENT, KIND
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault

from ..schema.closing import closed, faults
from .conftest import World, opened

GOOD = "(archived for good)"


def begin(world: World) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text(encoding="utf-8")
    world.write("retinue.yaml", text.replace("openai-assistants", "anthropic").replace("/v1\n", "/anthropic\n"))


def furnish(world: World) -> None:
    begin(world)
    for name in ("ant", "bee", "cat", "dog"):
        world.assistant(name, "instructions: Be kind.\n", model="claude-opus-5-5")
    world.apply()


@pytest.fixture
def managed(world: World) -> World:
    furnish(world)
    return world


def agents(world: World) -> dict[str, dict[str, Any]]:
    """By name, those that are not archived."""
    found = (raw for _, raw in world.emulator.store.everything(KIND))
    return {raw["name"]: raw for raw in found if raw["archived_at"] is None}


def deployed(world: World, name: str, **members: Any) -> str:
    agent = {"id": agents(world)[name]["id"]}
    return world.emulator.seed({"object": DEPLOYMENT, "name": f"Nightly {name}", "agent": agent, **members})


def test_a_removal_for_good_says_so_everywhere_and_counts_for_the_brake(managed: World) -> None:
    for name in ("ant", "bee"):
        managed.remove(f"assistants/{name}.yaml")
    text, markdown = (managed.run("plan", "--format", form).out for form in ("text", "markdown"))
    assert f"- Assistant/ant {GOOD}" in text and f"- Assistant/ant {GOOD}" in markdown
    managed.run("plan", "--format", "json", "--out", "plan.json")
    plan = json.loads((managed.root / "plan.json").read_text(encoding="utf-8"))
    assert faults(Draft7Validator(closed(output_schemas()["plan"])), plan) == []
    assert {change["address"]: change["removal"] for change in plan["changes"]} == dict.fromkeys(
        ("Assistant/ant", "Assistant/bee"), "archived for good"
    )
    assert "brake=2" in managed.run("apply", "--auto-approve").err + managed.run("plan").out
    applied = managed.apply("--allow", "brake=2").out
    assert "Applied: 2 archived for good." in applied and "deleted" not in applied
    assert agents(managed).keys() == {"cat", "dog"}
    assert f"- Assistant/ant {GOOD}" in managed.run("show", "plan.json").out


def test_a_live_effort_can_be_taken_although_its_line_went_meanwhile(managed: World) -> None:
    managed.assistant("ant", "instructions: Be kind.\nreasoning_effort: low\n", model="claude-opus-5-5")
    managed.apply()
    managed.assistant("ant", "instructions: Be kind.\n", model="claude-opus-5-5")
    raw = agents(managed)["ant"]
    model = {**raw["model"], "effort": {"type": "max"}}
    managed.emulator.seed({**raw, "model": model, "version": raw["version"] + 1, "object": KIND})
    assert "--take-live Assistant/ant" in managed.run("import", "--update").out
    assert managed.run("import", "--update", "--take-live", "Assistant/ant").code == 0
    assert "reasoning_effort: max" in (managed.root / "assistants/ant.yaml").read_text(encoding="utf-8")
    managed.apply()
    assert agents(managed)["ant"]["model"]["effort"] == {"type": "max"}


def test_other_services_say_nothing_of_the_kind(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.assistant("bee")
    world.apply()
    world.remove("assistants/bee.yaml")
    assert "removal" not in world.run("plan", "--format", "json").out
    assert "Applied: 1 deleted." in world.apply().out


def test_a_double_create_is_archived_and_the_plan_says_so(managed: World) -> None:
    twin = dict(agents(managed)["ant"])
    pairs = {**twin["metadata"], "retinue.applied": "1 twicetwi" + twin["metadata"]["retinue.applied"][10:]}
    twin |= {"id": "agent_twice", "metadata": pairs, "created_at": "2099-01-01T00:00:00Z", "object": KIND}
    key = managed.emulator.seed(twin)
    assert f"- Assistant/ant {GOOD}" in managed.run("plan").out
    managed.apply()
    assert managed.emulator.store.get(KIND, key) and len(agents(managed)) == 4


def test_what_a_deployment_runs_is_shown_and_never_archived(managed: World) -> None:
    key = deployed(managed, "ant")
    assert (
        f"Assistant/ant is run by deployment “Nightly ant” {key}, which stays on version 1" in managed.run("plan").out
    )
    shown = managed.run("show", "Assistant/ant")
    assert f"run by deployment “Nightly ant” {key}" in shown.out
    value = json.loads(managed.run("show", "Assistant/ant", "--format", "json").out)
    assert (
        len(value["users"]),
        value["version"],
        faults(Draft7Validator(closed(output_schemas()["show"])), value),
    ) == (1, 1, [])
    managed.remove("assistants/ant.yaml")
    for removed in ("", "removed: [Assistant/ant]\n"):
        text = (managed.root / "retinue.yaml").read_text(encoding="utf-8")
        managed.write("retinue.yaml", text.replace("environments:", f"{removed}environments:"))
        plan = managed.run("plan")
        assert "blocked: it is run by deployment “Nightly ant”" in plan.out and "forget: true" in plan.out
        assert managed.run("apply", "--auto-approve").code == 5
    assert managed.run("destroy", "--auto-approve", "--allow", "brake=4").code == 5
    assert len(agents(managed)) == 4


@pytest.mark.parametrize("trusted", [(), ("--trust-plan",)])
def test_a_deployment_that_came_after_the_plan_stops_the_removal(managed: World, trusted: tuple[str, ...]) -> None:
    managed.remove("assistants/ant.yaml")
    assert managed.run("plan", "--format", "json", "--out", "plan.json").code == 0
    deployed(managed, "ant")
    assert managed.run("apply", "plan.json", "--auto-approve", *trusted).code in (5, 6)
    assert "ant" in agents(managed)


@pytest.mark.parametrize("trusted", [(), ("--trust-plan",)])
def test_what_the_service_cannot_tell_any_more_blocks_a_saved_removal(managed: World, trusted: tuple[str, ...]) -> None:
    managed.assistant("bee", "instructions: Be brief.\n", model="claude-opus-5-5")
    managed.remove("assistants/ant.yaml")
    assert managed.run("plan", "--out", "plan.json").code == 0
    managed.emulator.faults.on("/deployments", Fault("status", 403), times=None)
    managed.emulator.requests.clear()
    ran = managed.run("apply", "plan.json", "--auto-approve", *trusted)
    assert (ran.code, "a deployment may run it" in ran.out) == (5, True), ran.out + ran.err
    assert [request for request in managed.emulator.requests if request.method != "GET"] == []
    assert "ant" in agents(managed)


def test_a_deployment_that_comes_at_the_last_moment_stops_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def around(emulator: Emulator) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            if "agent_id=" in environ.get("QUERY_STRING", "") and not worlds[0].emulator.store.get(
                DEPLOYMENT, "depl_1"
            ):
                deployed(worlds[0], "ant", id="depl_1")
            return emulator(environ, start_response)

        return app

    worlds: list[World] = []
    with opened(tmp_path / "demo", monkeypatch, around) as world:
        worlds.append(world)
        furnish(world)
        world.remove("assistants/ant.yaml")
        ran = world.run("apply", "--auto-approve")
        assert (ran.code, "depl_1" in ran.err + ran.out, "ant" in agents(world)) == (6, True, True), ran.err


@pytest.mark.parametrize("status", [403, 404])
def test_where_deployments_cannot_be_read_a_plan_says_what_that_means(managed: World, status: int) -> None:
    managed.emulator.faults.on("/deployments", Fault("status", status), times=None)
    managed.assistant("ant", "instructions: Be brief.\n", model="claude-opus-5-5")
    plan = managed.run("plan")
    assert (plan.code, "deployments-unread" in plan.out) == (0, True), plan.out
    assert managed.run("apply", "--auto-approve").code == 0
    managed.remove("assistants/ant.yaml")
    assert "blocked: a deployment may run it" in managed.run("plan").out
    assert managed.run("apply", "--auto-approve").code == 5
    text = (managed.root / "retinue.yaml").read_text(encoding="utf-8")
    managed.write("retinue.yaml", text.replace("environments:", "removed: [Assistant/ant]\nenvironments:"))
    assert managed.run("apply", "--auto-approve").code == 0
    assert "ant" not in agents(managed)


def test_what_others_archived_or_deleted_is_made_anew(managed: World) -> None:
    gone, archived = agents(managed)["ant"], agents(managed)["bee"]
    managed.emulator.store.delete(KIND, gone["id"])
    managed.emulator.seed({**archived, "archived_at": "2026-11-30T00:00:00Z", "object": KIND})
    managed.apply()
    assert {raw["id"] for raw in agents(managed).values()}.isdisjoint({gone["id"], archived["id"]})
    assert len(agents(managed)) == 4


def test_a_pasted_agent_is_told_the_portable_names(managed: World) -> None:
    managed.write(
        "assistants/ant.yaml",
        "assistant: ant\nmodel: {id: claude-opus-5-5, speed: fast}\nsystem: Be kind.\nskills: []\nversion: 3\n"
        "mcp_servers: []\ntools: [{type: agent_toolset_20260401}, {type: custom, name: f}]\n",
    )
    ran = managed.run("validate")
    assert ran.code == 3
    for line, word in (
        (2, "reasoning_effort"),
        (3, "instructions"),
        (4, "providers: {anthropic: {skills"),
        (5, "remove this line"),
        (6, "server_label"),
        (7, "code_interpreter"),
    ):
        found = [item for item in ran.err.split("assistants/ant.yaml:") if item.startswith(f"{line}:")]
        assert any(word in item for item in found), (line, word, ran.err)


AGENT = {
    "type": "agent",
    "id": "agent_1",
    "created_at": "2026-11-30T10:00:00Z",
    "updated_at": "2026-11-30T10:00:00Z",
    "archived_at": None,
    "version": 4,
    "name": "Bot One",
    "description": None,
    "system": "Be kind.",
    "model": {"id": "claude-opus-5-5", "effort": {"type": "low"}, "speed": "standard", "inference_geo": None},
    "metadata": {"x": "y", "retinue.address": "a/b/Assistant/c"},
    "mcp_servers": [{"type": "url", "name": "wiki", "url": "https://w.example.com"}],
    "tools": [
        {
            "type": "agent_toolset_20260401",
            "default_config": {"enabled": True, "permission_policy": {"type": "always_allow"}},
            "configs": [{"name": "bash", "type": "bash", "enabled": True, "permission_policy": {"type": "always_ask"}}],
        },
        {
            "type": "mcp_toolset",
            "mcp_server_name": "wiki",
            "default_config": {"enabled": True, "permission_policy": {"type": "always_ask"}},
            "configs": [],
        },
        {"type": "custom", "name": "f", "description": "d", "input_schema": {"type": "object", "properties": {}}},
        {"type": "browser_20270101"},
    ],
    "skills": [{"type": "anthropic", "skill_id": "xlsx", "version": "3"}],
    "multiagent": None,
    "execution_identity": {"type": "service_account"},
}


def test_an_export_of_agents_becomes_manifests_that_apply(world: World) -> None:
    world.write("agents.json", json.dumps({"data": [AGENT], "next_page": None}))
    made = world.run("init", "--from", "agents.json")
    assert (made.code, "browser_20270101" in made.err) == (0, True), made.err
    text = (world.root / "assistants" / "bot-one.yaml").read_text(encoding="utf-8")
    assert "provider: anthropic" in (world.root / "retinue.yaml").read_text(encoding="utf-8")
    for expected in (
        "instructions:",
        "reasoning_effort: low",
        "server_label: wiki",
        "type: function",
        "skill_id: xlsx",
    ):
        assert expected in text, text
    assert "always_allow" not in text and "retinue." not in text
    assert "browser_20270101" not in text
    assert world.run("apply", "--auto-approve").code == 0
    assert "No changes. 1 object matches its manifest." in world.run("plan").out


def test_what_is_live_becomes_a_project_that_has_nothing_to_change(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    world.emulator.seed({**AGENT, "metadata": {}, "object": KIND})
    made = world.run("init", "--from", "anthropic", "--endpoint", f"{world.url}/anthropic")
    assert (made.code, "browser_20270101" in made.err) == (0, True), made.err
    assert "stays on the agent as it is" in made.err
    assert world.run("apply", "--auto-approve").code == 0
    assert "No changes. 1 object matches its manifest." in world.run("plan").out
    (raw,) = agents(world).values()
    kept = {key: raw[key] for key in ("tools", "mcp_servers", "skills", "model", "system", "id")}
    assert kept == {key: AGENT[key] for key in kept}


@pytest.mark.parametrize("offset", [0.0, 0.2])
def test_two_applies_at_once(world: World, offset: float) -> None:
    """Each takes back what it made itself, and what both update is as the manifests say."""
    begin(world)
    names = [f"a{number:02}" for number in range(8)]
    for name in names[:4]:
        world.assistant(name, model="claude-opus-5-5")
    world.apply()
    for name in names:
        world.assistant(name, "instructions: Be kind.\n", model="claude-opus-5-5")
    world.emulator.latency = 0.02
    runs = []
    for pause in (offset, 0.0):
        words = [sys.executable, "-m", "retinue", "apply", "--auto-approve", "--format", "json"]
        runs.append(subprocess.Popen(words, cwd=world.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        time.sleep(pause)
    said = [run.communicate(timeout=120) for run in runs]
    assert sorted(run.returncode for run in runs) in ([0, 0], [0, 6]), said
    addresses = sorted(raw["metadata"]["retinue.address"] for raw in agents(world).values())
    assert addresses == [f"demo/dev/Assistant/{name}" for name in names]
    world.settled()
