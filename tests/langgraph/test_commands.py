"""What a LangGraph user sees: whole commands on the fake. After each apply the next plan is empty."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ..cli.conftest import KEY
from .conftest import BLOCK, LangGraphWorld
from .fake import Refusal

Golden = Callable[[str, str], None]

FIELDS = "instructions: Be kind.\ntemperature: 0.2\nmetadata: {owner: edu}\n"


def test_first_apply_a_change_and_the_history(world: LangGraphWorld, golden: Golden) -> None:
    world.project()
    world.graph("tutor", FIELDS, f"{BLOCK}    context: {{tone: warm}}\n")
    world.apply()
    raw = world.named("Tutor")
    assert raw["context"] == {
        "model": "gpt-4o",
        "system_prompt": "Be kind.",
        "temperature": 0.2,
        "tone": "warm",
    }
    assert raw["metadata"]["retinue.scope"] == "demo/dev" and raw["version"] == 1
    world.graph("tutor", FIELDS.replace("kind", "strict"), f"{BLOCK}    context: {{tone: cool}}\n")
    world.apply()
    assert world.named("Tutor")["version"] == 2
    world.run("show", "Assistant/tutor")
    golden("life", world.seen())


def test_nothing_is_sent_where_nothing_differs(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", FIELDS)
    world.apply()
    before = world.named("Tutor")["version"]
    for _ in range(2):
        assert world.run("apply", "--auto-approve").code == 0
    assert world.named("Tutor")["version"] == before


def test_an_update_sends_only_what_differs_and_the_context_whole(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", FIELDS + "description: Helps.\n")
    world.apply()
    world.edit("Tutor", config={"recursion_limit": 9}, context=world.named("Tutor")["context"])
    world.asked()
    world.graph("tutor", FIELDS.replace("0.2", "0.4") + "description: Helps.\n")
    world.apply()
    (patch,) = (item for item in world.asked() if item.method == "PATCH")
    assert set(patch.body) == {"context", "config", "metadata"}
    assert patch.body["context"] == {"model": "gpt-4o", "system_prompt": "Be kind.", "temperature": 0.4}
    assert patch.body["config"] == {"recursion_limit": 9}
    assert set(patch.body["metadata"]) == {"retinue.applied"}


def test_metadata_that_is_removed_is_null_there_and_absent_here(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", FIELDS + "description: Helps.\n")
    world.apply()
    world.edit("Tutor", metadata={"score": {"of": 3}})
    world.graph("tutor", "instructions: Be kind.\n")
    world.apply()
    raw = world.named("Tutor")
    assert (raw["metadata"]["owner"], raw["metadata"]["score"], raw["description"]) == (None, {"of": 3}, "")
    world.graph("tutor", FIELDS)
    world.apply()
    assert world.named("Tutor")["metadata"]["owner"] == "edu"


def test_drift_is_shown_and_repaired(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", FIELDS)
    world.apply()
    world.edit("Tutor", context={"system_prompt": "Be rude.", "temperature": 0.2, "model": "gpt-4o", "prompt": "x"})
    plan = json.loads(world.run("plan", "--format", "json").out)
    (change,) = plan["changes"]
    assert [(item["path"], item["cause"]) for item in change["fields"]] == [
        ("/instructions", "drift"),
        ("/providers", "drift"),
    ]
    world.apply()
    assert world.named("Tutor")["context"]["system_prompt"] == "Be kind."
    assert "prompt" not in world.named("Tutor")["context"]


def test_other_context_keys_by_a_map(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", FIELDS, f"{BLOCK}    context_keys: {{instructions: prompt}}\n")
    world.apply()
    assert world.named("Tutor")["context"]["prompt"] == "Be kind."
    world.graph("tutor", FIELDS)
    ran = world.run("plan")
    assert "prompt → default" in ran.out or "context_keys" in ran.out
    world.apply()
    raw = world.named("Tutor")
    assert raw["context"]["system_prompt"] == "Be kind." and "prompt" not in raw["context"]
    assert raw["metadata"]["retinue.context_keys"] is None


@pytest.mark.parametrize(
    ("text", "block", "place", "words"),
    [
        ("", "", ":1:1: graph-missing", "needs the graph that answers"),
        ("", f"{BLOCK}    context: {{model: x}}\n", ":7:22: context-key", "written as the field `model`"),
        (
            "",
            f"{BLOCK}    context_keys: {{model: a, top_p: a}}\n",
            ":7:19: context-key",
            "would both be",
        ),
        ("metadata: {created_by: system}\n", BLOCK, ":4:24: metadata-system", "makes by itself"),
        ("tools: [{type: code_interpreter}]\n", BLOCK, ":4:8: capability", "code of the graph"),
        ("response_format: {type: json_object}\n", BLOCK, ":4:18: capability", "code of the graph"),
        ("", BLOCK.replace("graph_id", "graph"), ":6:5", "Did you mean `graph_id`?"),
    ],
)
def test_what_validate_says_at_its_line(world: LangGraphWorld, text: str, block: str, place: str, words: str) -> None:
    world.project()
    world.graph("tutor", text, block)
    ran = world.run("validate", "-e", "dev")
    assert ran.code == 3 and words in ran.err, ran.err
    assert f"assistants/tutor.yaml{place}" in ran.err
    assert not world.asked()


@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "apikey", "db-password", "token", "client/secret"])
def test_a_secret_in_a_context_is_warned_of(world: LangGraphWorld, key: str) -> None:
    world.project()
    world.graph("tutor", "", f"{BLOCK}    context: {{max_tokens: 5, tokens: many, {key}: sk-1}}\n")
    ran = world.run("validate")
    assert ran.code == 0 and ran.err.count("context-secret") == 1
    assert (
        f"assistants/tutor.yaml:7:{46 + len(key)}: context-secret: the context key `{key}` looks like a secret"
        in ran.err
    )
    assert "sk-1" not in ran.err


def test_the_name_of_the_nameless_is_refused(world: LangGraphWorld) -> None:
    world.project()
    world.assistant("tutor", f"name: Untitled\n{BLOCK}")
    assert "assistants/tutor.yaml:3:7: name-unnamed" in world.run("validate").err
    world.assistant("tutor", BLOCK)
    world.apply()
    assert world.only()["name"] == "Untitled"


def test_an_accepted_loss_is_listed_and_converges(world: LangGraphWorld) -> None:
    world.project(environment="    on_loss: {tools: warn}\n")
    world.graph("tutor", "tools: [{type: code_interpreter}]\n")
    ran = world.run("plan")
    assert ran.code == 0 and "`tools` cannot be held" in ran.out
    world.apply()


def test_an_unknown_graph_is_named_with_the_known_ones(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", "", BLOCK.replace("agent", "agents"))
    ran = world.run("plan")
    assert ran.code == 3
    assert "assistants/tutor.yaml:6:15: unknown-graph: this server has no graph `agents`" in ran.err
    assert "Did you mean `agent`?" in ran.err
    world.graph("tutor", "", BLOCK.replace("agent", "zzz"))
    assert "Known: `agent`, `plain`." in world.run("plan").err


def test_context_keys_are_checked_against_the_graph(world: LangGraphWorld) -> None:
    world.fake.graphs["agent"] = {"properties": {"model": {}, "tone": {}, "llm": {}}}
    world.project()
    world.graph("tutor", FIELDS, f"{BLOCK}    context: {{tones: warm}}\n")
    ran = world.run("plan")
    assert ran.code == 3
    assert (
        "assistants/tutor.yaml:4:15: capability: `instructions` cannot be held: the graph `agent` declares" in ran.err
    )
    assert "assistants/tutor.yaml:5:14: capability: `temperature` cannot be held" in ran.err
    assert "assistants/tutor.yaml:10:22: context-key" in ran.err and "Did you mean `tone`?" in ran.err
    world.project(environment="    on_loss: warn\n")
    world.graph("tutor", FIELDS)
    world.apply()
    assert world.named("Tutor")["context"] == {"model": "gpt-4o"}


@pytest.mark.parametrize("status", [422, 404, 403, 500, 503])
def test_a_graph_whose_schema_cannot_be_told_is_a_warning(world: LangGraphWorld, status: int) -> None:
    """The server answers 500 for as long as it runs, so asking again would only be slow."""
    world.fake.refuse = lambda asked: Refusal(status, "no") if asked.path.endswith("/schemas") else None
    world.project()
    world.graph("tutor", FIELDS)
    ran = world.run("plan")
    assert "context-unchecked" in ran.out and "again and again" not in ran.out
    assert len([asked for asked in world.asked() if asked.path.endswith("/schemas")]) == 1
    world.apply()


def test_the_servers_own_assistants_are_no_twins_and_cannot_be_adopted_or_imported(world: LangGraphWorld) -> None:
    system = next(raw for raw in world.fake.objects.values() if raw["name"] == "agent")
    world.project()
    world.assistant("agent", f"name: agent\n{BLOCK}")
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.assistant("agent", f"name: agent\nretinue: {{adopt: {system['assistant_id']}}}\n{BLOCK}")
    assert "there is no live object" in world.run("plan").out
    world.remove("assistants/agent.yaml")
    assert "Nothing to import" in world.run("import", "--env", "dev").out
    assert world.fake.objects[system["assistant_id"]] == system


def test_an_assistant_of_others_is_a_twin_then_adopted_and_forgotten(world: LangGraphWorld) -> None:
    made = world.fake.create(
        {"graph_id": "agent", "name": "Tutor", "context": {"model": "gpt-4o"}, "metadata": {"a": "b"}}
    )
    key = made["assistant_id"]
    world.project()
    world.graph("tutor", "metadata: {a: b}\n")
    ran = world.run("plan")
    assert "blocked" in ran.out and f"adopt: {{dev: {key}}}" in ran.out
    world.graph("tutor", f"metadata: {{a: b}}\nretinue: {{adopt: {{dev: {key}}}}}\n")
    world.apply()
    world.remove("assistants/tutor.yaml")
    world.project("removed: [{address: Assistant/tutor, forget: true}]\n")
    assert world.run("apply", "--auto-approve").code == 0
    left = {name: value for name, value in world.fake.objects[key]["metadata"].items() if value is not None}
    assert left == {"a": "b"}


def test_import_writes_manifests_that_are_adopted_as_they_are(world: LangGraphWorld) -> None:
    context = {"model": "gpt-4o", "system_prompt": "Be kind.", "temperature": 0.3, "tone": "warm"}
    world.fake.create({"graph_id": "agent", "name": "Made by hand", "context": context})
    world.project()
    world.write("assistants/.keep", "")
    ran = world.run("import", "-e", "dev")
    assert ran.code == 0, ran.err
    text = (world.root / "assistants" / "made-by-hand.yaml").read_text(encoding="utf-8")
    assert "temperature: 0.3" in text and "tone: warm" in text and "graph_id: agent" in text
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    world.apply()


def test_a_rename_keeps_the_id_and_the_old_name_gets_another(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    world.apply()
    key = world.named("Tutor")["assistant_id"]
    world.remove("assistants/tutor.yaml")
    world.graph("teacher", "retinue: {moved_from: tutor}\n")
    world.apply()
    assert world.named("Teacher")["assistant_id"] == key
    world.graph("tutor")
    world.graph("teacher")
    world.apply()
    assert world.named("Tutor")["assistant_id"] != key and world.named("Teacher")["assistant_id"] == key


def test_ids_follow_from_the_address(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    world.apply()
    key = world.named("Tutor")["assistant_id"]
    world.fake.reset()
    world.apply()
    assert world.named("Tutor")["assistant_id"] == key
    assert json.loads(world.run("output").out) == {"Assistant/tutor": key}


def test_one_search_finds_what_is_ours(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    world.apply()
    for number in range(5):
        world.fake.create({"graph_id": "agent", "name": f"Other {number}"})
    world.asked()
    assert world.run("plan", "--detailed-exitcode").code == 0
    searches = [item.body for item in world.asked() if item.path == "/assistants/search"]
    assert searches[0]["metadata"] == {"retinue.scope": "demo/dev"} and len(searches) == 2
    assert searches[1]["graph_id"] == "agent"
    # A manifest without an object may be a twin of something, so then everything is read.
    world.graph("other", "", BLOCK)
    world.assistant("other", f"name: Other 3\n{BLOCK}")
    assert "twin" in world.run("plan", "--format", "json").out
    assert any("metadata" not in item.body for item in world.asked() if "sort_by" in (item.body or {}))


def test_orphans_are_found_and_copies_seen_before_anything_is_deleted(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    world.graph("greeter")
    world.apply()
    copied = {name: world.named("Tutor")[name] for name in ("graph_id", "name", "context", "metadata")}
    world.fake.create({**copied, "metadata": {**copied["metadata"], "retinue.scope": None}})
    world.remove("assistants/greeter.yaml")
    plan = json.loads(world.run("plan", "--format", "json").out)
    assert [(item["action"], item["address"]) for item in plan["changes"]] == [("delete", "Assistant/greeter")]
    assert "copy" in [item["code"] for item in plan["diagnostics"]]


def test_a_renamed_project_finds_its_objects(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    world.apply()
    project = (world.root / "retinue.yaml").read_text(encoding="utf-8").replace("project: demo", "project: helpdesk")
    world.write("retinue.yaml", project)
    assert "renamed" in world.run("plan", "--format", "json").out
    world.write("retinue.yaml", project + "formerly: [demo]\n")
    assert "1 to move" in world.run("plan").out
    world.apply()
    assert world.named("Tutor")["metadata"]["retinue.scope"] == "helpdesk/dev"


def test_a_saved_plan_is_checked_and_applied(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    assert world.run("plan", "--out", "plan.json").code == 0
    assert world.run("apply", "plan.json", "--auto-approve").code == 0
    assert "1 done already" in (ran := world.run("apply", "plan.json", "--auto-approve")).out or ran.code == 0
    world.graph("tutor", "instructions: Be kind.\n")
    world.run("plan", "--out", "plan.json")
    world.edit("Tutor", name="Tutor!")
    assert world.run("apply", "plan.json", "--auto-approve").code == 6


def test_a_rollback_is_the_apply_of_the_older_manifest(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor", FIELDS)
    world.apply()
    world.graph("tutor", FIELDS.replace("kind", "strict").replace("0.2", "0.9"))
    world.apply()
    # As `git revert` leaves the file; each way to the old state is a version of its own.
    world.graph("tutor", FIELDS)
    world.apply()
    shown = json.loads(world.run("show", "Assistant/tutor", "--format", "json").out)
    assert (shown["version"], [item["version"] for item in shown["versions"]]) == (3, [3, 2, 1])
    assert shown["fields"]["instructions"] == "Be kind."
    assert {item["path"] for item in shown["versions"][0]["changes"]} == {"/instructions", "/temperature"}


def test_a_version_set_back_at_the_server_is_drift(world: LangGraphWorld) -> None:
    """The in-memory server sets everything back but the context, so only an apply makes it whole again."""
    world.project()
    world.graph("tutor", FIELDS)
    world.apply()
    key = world.named("Tutor")["assistant_id"]
    world.graph("tutor", FIELDS.replace("edu", "cx"))
    world.apply()
    world.fake.latest(key, {"version": 1})
    ran = world.run("show", "Assistant/tutor")
    assert "version 1  " in ran.out and "current" in ran.out.split("version 1  ")[1].splitlines()[0]
    assert world.run("plan", "--detailed-exitcode").code == 2
    world.apply()
    assert world.named("Tutor")["metadata"]["owner"] == "cx"
    assert world.named("Tutor")["version"] == 3


def test_destroy_reads_and_deletes_only_what_is_ours(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    world.apply()
    world.fake.create({"graph_id": "agent", "name": "Other"})
    assert world.run("destroy", "--auto-approve", "--allow", "brake=1").code == 0
    assert [raw["name"] for raw in world.live().values()] == ["Other"]


def test_the_emulator_is_no_langgraph_server(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    text = (world.root / "retinue.yaml").read_text(encoding="utf-8").replace(world.url, "emulator")
    world.write("retinue.yaml", text)
    ran = world.run("validate")
    assert ran.code == 3 and "retinue.yaml:7:15: emulator-dialect" in ran.err


def test_the_key_goes_where_deployments_look_for_it(world: LangGraphWorld) -> None:
    world.project()
    world.graph("tutor")
    world.run("plan")
    assert world.fake.keys == {KEY}


def test_the_example_converges_on_a_server(world: LangGraphWorld, repository: Path) -> None:
    shutil.copytree(repository / "examples" / "langgraph", world.root, dirs_exist_ok=True)
    text = (world.root / "retinue.yaml").read_text(encoding="utf-8")
    world.write("retinue.yaml", text.replace("http://127.0.0.1:2024", world.url))
    world.monkeypatch.setenv("RETINUE_ENV", "dev")
    assert "`tools` cannot be held" in world.run("plan").out
    world.apply()
    assert world.named("Support")["context"]["tone"] == "warm"
