"""Agents that are there already: `init --from foundry`, an export, `import`, `import --update`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..cli.conftest import KEY
from .conftest import PATH, FoundryWorld

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": "lookup",
        "parameters": {"type": "object", "properties": {"a": {}}},
        "strict": True,
    },
    {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 5},
    {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1", "file-2"]}},
    {"type": "code_interpreter", "container": "cntr_1"},
    {"type": "mcp", "server_label": "wiki", "server_url": "https://w.example.com", "require_approval": "never"},
    {"type": "mcp", "server_label": "docs", "server_url": "https://d.example.com"},
    {"type": "azure_ai_search", "azure_ai_search": {"indexes": [{"index_name": "faq"}]}},
    {"type": "toolbox_9", "id": "t"},
]
DEFINITION: dict[str, Any] = {
    "kind": "prompt",
    "model": "gpt-4o-prod",
    "instructions": "Answer in one sentence.",
    "temperature": 0.2,
    "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": True}},
    "tools": TOOLS,
    "tool_choice": "auto",
    "rai_config": {"rai_policy_name": "strict"},
    "x_limits": {"tokens": 9},
}


@pytest.fixture
def seeded(world: FoundryWorld, monkeypatch: pytest.MonkeyPatch) -> FoundryWorld:
    monkeypatch.setenv("AZURE_AI_TOKEN", KEY)
    pairs = {"owner": "hr", "modified_at": "1780000000"}
    world.emulator.seed(
        {
            "object": "foundry.agent",
            "name": "HR-Bot",
            "description": "Of HR.",
            "definition": DEFINITION,
            "metadata": pairs,
        }
    )
    world.emulator.seed({"object": "foundry.agent", "name": "flow", "definition": {"kind": "workflow"}})
    return world


def test_init_from_a_project_writes_manifests_whose_first_plan_shows_only_adopts(seeded: FoundryWorld) -> None:
    world = seeded
    made = world.run("init", "-C", "new", "--from", "foundry", "--endpoint", f"{world.url}{PATH}")
    assert made.code == 0, made.err
    assert "HR-Bot: left out: a manifest cannot express it: x_limits, toolbox_9" in made.err
    assert "it stays on the agent as it is, and every write keeps it" in made.err
    path = world.root / "new/assistants/hr-bot.yaml"
    text = path.read_text()
    assert "foundry: HR-Bot" in text
    assert "modified_at" not in text and "serving" not in text and "x_limits" not in text
    assert "toolbox_9" not in text and world.run("validate", "-C", "new").code == 0
    ran = world.run("plan", "-C", "new", "--format", "json")
    assert ran.code == 0, ran.out + ran.err
    (change,) = json.loads(ran.out)["changes"]
    assert (change["action"], change["fields"], change["serving"]) == ("adopt", [], {"now": "1", "then": "2"}), change
    assert world.run("apply", "-C", "new", "--auto-approve").code == 0
    assert world.run("plan", "-C", "new", "--detailed-exitcode").code == 0
    newest = world.agent("HR-Bot")["versions"]["latest"]
    tools = newest["definition"].pop("tools")
    assert len(tools) == len(TOOLS) and all(tool in tools for tool in TOOLS)
    assert newest["definition"] == {key: item for key, item in DEFINITION.items() if key != "tools"}
    assert newest["version"] == "2" and world.pinned("HR-Bot") == {"2": 100}


def test_an_export_of_agents_is_known_by_itself(seeded: FoundryWorld) -> None:
    world = seeded
    world.write("agents.json", json.dumps(world.call("GET", "agents")))
    made = world.run("init", "-C", "new", "--from", "agents.json")
    assert made.code == 0, made.out + made.err
    assert "provider: foundry" in (world.root / "new/retinue.yaml").read_text()
    (path,) = (world.root / "new/assistants").glob("*.yaml")
    assert "azure_ai_search" in path.read_text() and "type: lookup" not in path.read_text()
    assert "a manifest cannot express it: x_limits, toolbox_9" in made.err


@pytest.mark.parametrize("kind", ["toolbox_9", "quantum"])
@pytest.mark.parametrize("below", ["", "foundry", "openai-agents", "anthropic"])
def test_a_tool_of_an_unknown_type_is_told_how_it_stays_on_the_agent(
    world: FoundryWorld, kind: str, below: str
) -> None:
    world.project()
    tools = f"tools: [{{type: {kind}}}]"
    world.assistant("tutor", f"providers: {{{below}: {{{tools}}}}}\n" if below else f"{tools}\n")
    ran = world.run("plan")
    assert ran.code == 3 and f"tools[0].type` cannot be `{kind}`" in ran.err
    assert "Remove it: on a live agent a tool of a type that retinue does not know stays as it is." in ran.err
    world.assistant("tutor", "tools: [{type: web_serch}]\n")
    ran = world.run("plan")
    assert "Did you mean `web_search`?" in ran.err and "stays as it is" not in ran.err


def test_import_takes_what_changed_in_the_portal_into_the_files(world: FoundryWorld) -> None:
    world.project()
    world.assistant("tutor", "instructions: Be kind.\n")
    world.apply()
    world.publish("tutor", marked=True, instructions="Be rude.", rai_config={"rai_policy_name": "p"})
    ran = world.run("import", "--update")
    assert ran.code == 0, ran.out + ran.err
    text = (world.root / "assistants/tutor.yaml").read_text()
    assert "Be rude." in text and "rai_policy_name: p" in text
    world.accepted()


def test_show_live_tells_the_versions(world: FoundryWorld) -> None:
    world.project()
    for text in ("Be kind.", "Be strict."):
        world.assistant("tutor", f"instructions: {text}\n")
        world.apply()
    ran = world.run("show", "Assistant/tutor")
    assert ran.code == 0 and "Be strict." in ran.out, ran.out + ran.err


def test_a_search_that_may_not_leave_its_index_stays_so(world: FoundryWorld) -> None:
    world.project()
    held = {"type": "web_search", "external_web_access": False}
    definition = {"kind": "prompt", "model": "gpt-4o", "tools": [held]}
    world.call("POST", "agents/tutor/versions", {"definition": definition})
    ran = world.run("import")
    assert ran.code == 0, ran.out + ran.err
    assert "external_web_access: false" in next((world.root / "assistants").iterdir()).read_text()
    world.apply()
    assert world.agent("tutor")["versions"]["latest"]["definition"]["tools"] == [held]
