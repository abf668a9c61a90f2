"""The other commands and the ways to say what a run needs: keys, environments, variables, layers."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from retinue.cli import app
from retinue.schema.bundle import output_schemas
from retinue_emulator.faults import Behaviour

from .conftest import KEY, World


def rendered(world: World, *arguments: str) -> list[dict[str, object]]:
    ran = world.run("render", "--format", "json", *arguments)
    assert ran.code == 0, ran.err
    result: list[dict[str, object]] = json.loads(ran.out)
    return result


def test_render_shows_what_is_compared_and_yaml_loads_back(world: World) -> None:
    world.project("defaults: {assistant: {temperature: 0.4}}\n")
    world.assistant("ant", "instructions: |\n  One.\n  Two.\n")
    (document,) = rendered(world)
    assert document == {"assistant": "ant", "model": "gpt-4o", "temperature": 0.4, "instructions": "One.\nTwo."}
    text = world.run("render").out
    world.write("assistants/ant.yaml", text)
    assert rendered(world) == [document]


def test_variables_come_from_the_environment_a_file_and_flags_in_that_order(world: World) -> None:
    world.project(environment="    variables: {model: one, heat: 0.1}\n")
    world.assistant("ant", "temperature: ${var.heat}\n", model="${var.model}")
    assert rendered(world)[0]["model"] == "one"
    world.write("vars.yaml", "model: two\nheat: 0.2\n")
    assert rendered(world, "--var-file", "vars.yaml")[0]["temperature"] == 0.2
    both = rendered(world, "--var-file", "vars.yaml", "--var", "model=three")[0]
    assert (both["model"], both["temperature"]) == ("three", 0.2)
    assert world.run("render", "--var", "model").code == 3


def test_an_overlay_changes_one_environment_only(world: World) -> None:
    world.project(
        environment="  prod:\n    provider: openai-assistants\n    endpoint: emulator\n    overlay: prod.yaml\n"
    )
    world.assistant("ant", "temperature: 0.2\nmetadata: {team: x}\n")
    world.write("prod.yaml", "assistant: ant\ntemperature: 0.1\nmetadata: {team: null, tier: gold}\n")
    assert rendered(world, "-e", "dev")[0]["temperature"] == 0.2
    prod = rendered(world, "-e", "prod")[0]
    assert (prod["temperature"], prod["metadata"]) == (0.1, {"tier": "gold"})


def test_a_manifest_can_be_for_some_environments_only(world: World) -> None:
    world.project(environment="  prod:\n    provider: openai-assistants\n    endpoint: emulator\n")
    world.assistant("ant", "retinue: {environments: [dev]}\n")
    world.assistant("bee")
    assert [item["assistant"] for item in rendered(world, "-e", "prod")] == ["bee"]
    assert [item["assistant"] for item in rendered(world, "-e", "dev")] == ["ant", "bee"]


def test_retinue_env_chooses_the_environment_and_the_flag_wins(world: World) -> None:
    world.project(environment="  prod:\n    provider: openai-assistants\n    endpoint: emulator\n")
    world.assistant("ant")
    world.monkeypatch.setenv("RETINUE_ENV", "prod")
    assert "demo / prod" in world.run("plan").out
    assert "demo / dev" in world.run("plan", "-e", "dev").out


def test_validate_counts_and_speaks_json(world: World) -> None:
    world.project()
    world.assistant("ant")
    assert world.run("validate").out == "1 manifest is valid in dev.\n"
    value = json.loads(world.run("validate", "--format", "json").out)
    assert (value["outcome"], value["objects"], value["diagnostics"]) == ("valid", 1, [])


def test_a_project_is_found_from_a_folder_below_it(world: World) -> None:
    world.project()
    world.assistant("ant")
    assert world.run("validate", "-C", "assistants").code == 0
    assert world.run("validate", "-C", "nowhere").code == 3


def test_import_from_an_export_into_a_project_writes_over_nothing(world: World) -> None:
    world.project()
    world.write("old.json", json.dumps({"id": "asst_1", "model": "gpt-4o", "name": "Ant"}))
    assert world.run("import", "--from", "old.json").code == 0
    assert [item["assistant"] for item in rendered(world)] == ["ant"]
    ran = world.run("import", "--from", "old.json")
    assert ran.code == 3
    assert "assistants/ant.yaml exists already; nothing was written" in ran.err


def test_import_from_an_export_names_nothing_as_a_manifest_of_another_environment_or_file(world: World) -> None:
    world.project(environment="  prod: {provider: openai-assistants, endpoint: emulator}\n")
    world.write("old.json", json.dumps({"id": "asst_1", "model": "gpt-4o", "name": "Ant"}))
    world.write("assistants/deep/er.yaml", "assistant: ant\nmodel: m\nretinue: {environments: [prod]}\n")
    ran = world.run("import", "--from", "old.json")
    assert (ran.code, (world.root / "assistants/ant.yaml").exists()) == (3, False)
    assert "this project has a manifest Assistant/ant already" in ran.err


def test_import_from_an_export_names_the_kind_whose_name_is_taken(world: World) -> None:
    world.project()
    helper = {"file_search": {"vector_stores": [{"file_ids": ["file-1"]}]}}
    item = {"id": "asst_1", "model": "gpt-4o", "name": "Ant", "tools": [{"type": "file_search"}]}
    world.write("old.json", json.dumps(item | {"tool_resources": helper}))
    world.write("assistants/stores.yaml", "vector_store: ant\n")
    ran = world.run("import", "--from", "old.json")
    assert (ran.code, (world.root / "assistants/ant.yaml").exists()) == (3, False)
    assert "this project has a manifest VectorStore/ant already, in another file; nothing was written" in ran.err
    world.write("old.json", json.dumps(item))
    assert world.run("import", "--from", "old.json").code == 0, "an assistant may be called as a store is"
    assert world.run("validate").code == 0


def test_import_from_an_export_writes_where_the_manifests_are(world: World) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace("[assistants]", "[bots]"))
    world.write("old.json", json.dumps({"id": "asst_1", "model": "gpt-4o", "name": "Ant"}))
    assert world.run("import", "--from", "old.json").code == 0
    assert [item["assistant"] for item in rendered(world)] == ["ant"]


def test_import_takes_no_name_that_a_manifest_of_another_environment_has(world: World) -> None:
    world.project(environment="  prod: {provider: openai-assistants, endpoint: emulator}\n")
    world.write("assistants/b.yaml", "assistant: old-b\nmodel: m\nretinue: {environments: [prod]}\n")
    world.emulator.assistants.seed({"id": "asst_" + "B" * 24, "created_at": 1, "name": "Old B"})
    assert world.run("import", "-e", "dev").code == 0
    assert world.run("validate").code == 0
    assert "1 to adopt" in world.run("plan", "-e", "dev").out


def test_import_of_one_id_leaves_the_others(world: World) -> None:
    world.project()
    world.assistant("ant")
    for letter in "BC":
        world.emulator.assistants.seed({"id": f"asst_{letter * 24}", "created_at": 1, "name": f"Old {letter}"})
    assert world.run("import", "--id", "asst_" + "B" * 24).code == 0
    assert world.run("import", "--id", "asst_unknown").code == 3
    assert (world.root / "assistants/old-b.yaml").exists()
    assert not (world.root / "assistants/old-c.yaml").exists()


@pytest.mark.parametrize("source", ["file: key.txt", f"command: [{sys.executable}, -c, \"print('{KEY}')\"]"])
def test_a_key_can_come_from_a_file_or_a_command(world: World, source: str) -> None:
    world.project()
    world.monkeypatch.delenv("CI", raising=False)
    world.emulator.behaviour = Behaviour(api_key=KEY)
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace("env: DEMO_KEY", source))
    world.write("key.txt", KEY + "\n")
    world.assistant("ant")
    assert world.run("plan").code == 0


def test_a_key_command_is_not_run_in_ci_unless_allowed(world: World) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace("env: DEMO_KEY", "command: [touch, was-run]"))
    world.assistant("ant")
    world.monkeypatch.setenv("CI", "true")
    ran = world.run("plan")
    assert ran.code == 4
    assert "RETINUE_ALLOW_COMMAND=1" in ran.err
    assert not (world.root / "was-run").exists()


def test_a_host_that_is_not_allowed_from_outside_gets_no_request(world: World) -> None:
    world.project()
    world.assistant("ant")
    world.monkeypatch.setenv("RETINUE_ALLOWED_HOSTS", "api.example.com")
    assert world.run("plan").code == 3
    assert world.emulator.requests == []
    world.monkeypatch.setenv("RETINUE_ALLOWED_HOSTS", "api.example.com, 127.0.0.1")
    assert world.run("plan").code == 0


def test_nothing_listens_is_nine_and_says_what_to_check(world: World) -> None:
    world.project()
    world.assistant("ant")
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace(world.url, "http://127.0.0.1:9"))
    ran = world.run("plan", "--timeout", "2s")
    assert ran.code == 9
    assert "cannot be reached" in ran.err
    assert "endpoint" in ran.err


def test_an_unknown_provider_names_the_known_ones(world: World) -> None:
    world.project()
    world.assistant("ant")
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace("provider: openai-assistants", "provider: opnai"))
    ran = world.run("validate")
    assert ran.code == 3
    assert "openai-assistants" in ran.err


def test_schema_prints_each_and_writes_a_folder(world: World) -> None:
    assert json.loads(world.run("schema").out)["title"]
    assert json.loads(world.run("schema", "project").out)["properties"]["manifests"]
    assert json.loads(world.run("schema", "plan").out)["definitions"]["change"]
    assert world.run("schema", "--out", "s").code == 0
    written = {path.name for path in (world.root / "s").iterdir()}
    names = ["manifest", "retinue", "tool", "format", *output_schemas()]
    assert written == {f"{name}.schema.json" for name in names}
    assert json.loads(world.run("schema", "drift").out) == output_schemas()["drift"]
    assert json.loads(world.run("schema", "tool").out)["$id"] == "urn:retinue:schema:tool"
    ran = world.run("schema", "formt")
    assert (ran.code, "Did you mean `format`?" in ran.err) == (3, True)


def test_providers_lists_and_describes(world: World) -> None:
    assert "\nopenai-assistants  " in world.run("providers").out
    assert "reasoning_effort" in world.run("providers", "openai-assistants").out
    assert world.run("providers", "nobody").code == 3


def test_verbose_logs_requests_without_their_content(world: World) -> None:
    world.project()
    world.assistant("ant", "instructions: a secret recipe\n")
    ran = world.run("apply", "--auto-approve", "-v")
    assert "POST assistants 200" in ran.err
    assert "recipe" not in ran.err
    assert KEY not in ran.err


LOCAL = (
    "version: 1\nproject: p\nmanifests: [a.yaml]\n"
    "environments: {local: {provider: openai-assistants, endpoint: emulator}}\n"
)


def test_a_database_that_cannot_be_opened_is_an_error_with_a_remedy(world: World) -> None:
    world.write("retinue.yaml", LOCAL)
    world.write("a.yaml", "assistant: a\nmodel: m\n")
    (world.root / ".retinue-emulator" / "local.sqlite").mkdir(parents=True)
    ran = world.run("plan")
    assert ran.code == 3
    assert "cannot be opened" in ran.err


def test_an_unforeseen_exception_is_seventy_and_no_traceback(world: World) -> None:
    # A command whose module is not there: the only way to see one is to break the program itself.
    world.monkeypatch.setitem(app._COMMANDS, "broken", ("no_such_module", "Never works."))
    ran = world.run("broken")
    assert ran.code == 70
    assert "bug in retinue" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_who_is_asked_sees_the_plan_although_stdout_is_json(tmp_path: Path) -> None:
    retinue = [sys.executable, "-m", "retinue"]
    subprocess.run([*retinue, "init"], cwd=tmp_path, check=True, capture_output=True)
    ours, theirs = pty.openpty()
    command = [*retinue, "apply", "--format", "json"]
    process = subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"yes\n")
    out, _ = process.communicate(timeout=30)
    seen = os.read(ours, 65536).decode()
    os.close(ours)
    assert json.loads(out)["outcome"] == "applied"
    assert seen.index("Plan: 1 to create") < seen.index("Only `yes` is accepted")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(("answer", "code", "live"), [("yes", 0, 1), ("y", 1, 0), ("no", 1, 0)])
def test_on_a_terminal_only_yes_is_yes(tmp_path: Path, answer: str, code: int, live: int) -> None:
    retinue = [sys.executable, "-m", "retinue"]
    subprocess.run([*retinue, "init"], cwd=tmp_path, check=True, capture_output=True)
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*retinue, "apply"], cwd=tmp_path, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    os.write(ours, f"{answer}\n".encode())
    process.communicate(timeout=30)
    os.close(ours)
    assert process.returncode == code
    output = subprocess.run([*retinue, "output"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert len(json.loads(output)) == live
