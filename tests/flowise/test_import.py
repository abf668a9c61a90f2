"""Rows of Flowise become short manifests, and the next plan changes nothing but their owner."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable

import pytest

from .conftest import FlowiseWorld

Golden = Callable[[str, str], None]


def test_an_import_is_short_and_the_next_plan_adopts_without_a_field(world: FlowiseWorld, golden: Golden) -> None:
    world.project()
    world.credential()
    world.flowise(
        "tutor",
        "{credential: main, chatModel: {inputs: {streaming: false}}, tools: [{name: calculator}]}",
        "instructions: |\n  You teach.\n  Be kind.\ntemperature: 0.2\n",
    )
    world.flowise("greeter", "{type: OPENAI, credential: main}", "tools: [{type: file_search}]\n")
    world.apply()
    for name in ("Tutor", "Greeter"):
        world.edit(name, metadata=None, tool_resources=None)
    inputs = world.rows()["Tutor"]["parsed"]["chatModel"]
    world.edit("Tutor", chatModel={**inputs, "inputs": {**inputs["inputs"], "temperature": "0.2"}})
    behind = world.emulator.assistants.seed({"name": "Typeless"})
    details = {"id": behind, "name": "Typeless", "model": "gpt-4o"}
    world.emulator.seed({"object": "flowise.assistant", "details": details, "credential": world.credential("old")})
    world.monkeypatch.setenv("FLOWISE_API_KEY", "sk-canary-0123456789")
    assert world.run("init", "-C", "taken", "--from", "flowise", "--endpoint", world.url).code == 0
    assert world.run("plan", "-C", "taken").code == 0
    files = [path for path in sorted((world.root / "taken").rglob("*")) if path.suffix in (".yaml", ".md")]
    world.transcript += [
        f"{path.relative_to(world.root)}\n{path.read_text()}" for path in files if path.stem != "retinue"
    ]
    # Rows of one second come in any order.
    lines = re.sub("taken-....", "taken-<tail>", world.normal(world.seen())).splitlines()
    wrote = sorted(line for line in lines if line.startswith("wrote "))
    golden("import", "\n".join([*wrote, *(line for line in lines if line not in wrote)]) + "\n")
    applied = world.run("apply", "-C", "taken", "--auto-approve")
    assert applied.code == 0 and "Applied: 3 adopted." in applied.out
    assert world.run("plan", "-C", "taken", "--detailed-exitcode").code == 0


def test_an_import_into_a_project_leaves_only_adopts(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("greeter", text="instructions: |\n  One.\n  Two.\n")
    world.apply()
    world.edit("Greeter", metadata=None)
    world.remove("assistants/greeter.yaml")
    assert world.run("import", "-e", "dev").code == 0
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    world.apply()


def test_what_a_row_leaves_open_is_imported_from_the_upstream(world: FlowiseWorld) -> None:
    tools = [{"type": "code_interpreter"}, {"type": "function", "function": {"name": "f", "parameters": {}}}]
    bare = {"name": "Bare", "model": "gpt-4o", "temperature": 0.3, "instructions": "Hi.", "tools": tools}
    key = world.emulator.assistants.seed(bare)
    details = {"id": key, "name": "Bare", "model": "gpt-4o"}
    row = {"object": "flowise.assistant", "details": details, "credential": world.credential()}
    world.emulator.seed(row)
    world.monkeypatch.setenv("FLOWISE_API_KEY", "sk-canary-0123456789")
    assert world.run("init", "-C", "taken", "--from", "flowise", "--endpoint", world.url).code == 0
    manifest = (world.root / "taken" / "assistants" / "bare.yaml").read_text()
    assert "temperature: 0.3\n" in manifest and "instructions: Hi.\n" in manifest
    (change,) = json.loads(world.run("plan", "-C", "taken", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    assert world.run("apply", "-C", "taken", "--auto-approve").code == 0
    assert world.run("plan", "-C", "taken", "--detailed-exitcode").code == 0
    held = world.live()[key]
    assert held["instructions"] == "Hi."
    assert sorted(tool["type"] for tool in held["tools"]) == ["code_interpreter", "function"]


def test_a_row_that_has_no_model_yet_is_left_out(world: FlowiseWorld) -> None:
    """The page makes a row with nothing but a name; one of them must not stop the plan of all the others."""
    for details in (
        {"name": "Fresh"},
        {"name": "Ready", "chatModel": {"name": "chatOpenAI", "inputs": {"modelName": "m"}}},
    ):
        world.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": details})
    world.monkeypatch.setenv("FLOWISE_API_KEY", "sk-canary-0123456789")
    ran = world.run("init", "-C", "taken", "--from", "flowise", "--endpoint", world.url)
    assert ran.code == 0 and "`Fresh` (" in ran.err and "has no `model`; it was left out (warning)" in ran.err
    assert "Applied: 1 adopted." in world.run("apply", "-C", "taken", "--auto-approve").out
    again = world.run("import", "-C", "taken", "-e", "flowise")
    assert again.code == 0 and "Nothing to import" in again.out
    node = {"name": "chatOpenAI", "inputs": {"modelName": "m"}}
    world.edit("Fresh", chatModel=node)
    completed = world.run("import", "-C", "taken", "-e", "flowise")
    assert completed.out == "wrote assistants/fresh.yaml\n\nNext: retinue plan -C taken -e flowise\n"


def test_an_empty_service_makes_a_project_to_fill(world: FlowiseWorld) -> None:
    world.monkeypatch.setenv("FLOWISE_API_KEY", "sk-canary-0123456789")
    ran = world.run("init", "-C", "taken", "--from", "flowise", "--endpoint", world.url)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith(
        "\nNothing is live there that could be taken over: write a manifest into taken/assistants,"
        " or make an assistant at the service and run this again.\n"
    )


def test_what_the_page_keeps_of_an_upstream_assistant_imports_without_a_word(world: FlowiseWorld) -> None:
    """Functions that Flowise cannot define, and the files and stores that its page keeps beside their ids."""
    credential = world.credential()
    functions = [{"type": "code_interpreter"}, {"type": "function", "function": {"name": "f", "parameters": {}}}]
    key = world.emulator.assistants.seed({"name": "Tutor", "model": "gpt-4o", "tools": functions})
    resources = {
        "code_interpreter": {"file_ids": ["file-1"], "files": [{"id": "file-1", "filename": "a.csv"}]},
        "file_search": {"vector_store_ids": ["vs_1"], "vector_store_object": {"id": "vs_1", "name": "x"}},
    }
    details = {
        "id": key, "name": "Tutor", "description": "", "instructions": "", "model": "gpt-4o", "temperature": 1,
        "top_p": 1, "tools": ["code_interpreter", "function"], "tool_resources": resources,
    }  # fmt: skip
    row = {"object": "flowise.assistant", "type": "OPENAI", "credential": credential, "details": details}
    world.emulator.seed(row)
    world.emulator.assistants.seed({**world.live()[key], "tool_resources": {
        "code_interpreter": {"file_ids": ["file-1"]}, "file_search": {"vector_store_ids": ["vs_1"]}}})  # fmt: skip
    world.monkeypatch.setenv("FLOWISE_API_KEY", "sk-canary-0123456789")
    ran = world.run("init", "-C", "taken", "--from", "flowise", "--endpoint", world.url)
    assert ran.code == 0 and ran.err == "", ran.err
    (change,) = json.loads(world.run("plan", "-C", "taken", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    assert world.run("apply", "-C", "taken", "--auto-approve").code == 0
    assert len(world.live()[key]["tools"]) == 2
    held = world.rows()["Tutor"]["parsed"]["tool_resources"]
    assert held["code_interpreter"].pop("retinue")["retinue.address"].endswith("Assistant/tutor")
    assert held == resources


@pytest.mark.parametrize("place", ["FLOWISE_CREDENTIAL_ID", "credential", None])
@pytest.mark.parametrize("deleted", [False, True])
def test_a_credential_is_found_in_each_of_its_places(world: FlowiseWorld, place: str | None, deleted: bool) -> None:
    world.project()
    keys = [str(uuid.UUID(int=1))] * 2 if deleted else [world.credential(), world.credential("search", "serpApi")]
    model, tool = (
        {
            "name": name,
            "id": f"{name}_0",
            "inputs": {"modelName": "gpt-4o", **({place: key} if place else {})},
            "credential": key,
        }
        for name, key in zip(("chatOpenAI", "serpAPI"), keys, strict=True)
    )
    if place:
        model["credential"] = tool["credential"] = ""
    details = json.dumps({"name": "Old", "chatModel": model, "tools": [tool]})
    world.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": details})
    world.save_page("Old")
    ran = world.run("import")
    assert ran.code == 0
    if deleted:
        assert "`Old` (" in ran.err and f"was left out: this Flowise has no credential `{keys[0]}`" in ran.err
        assert not (world.root / "assistants" / "old.yaml").exists()
        return
    written = (world.root / "assistants" / "old.yaml").read_text()
    assert re.findall("credential: (.*)", written) == ["main", "search"]
    assert "inputs" not in written
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    world.apply()
    world.write("assistants/old.yaml", written.replace("model: gpt-4o", "model: gpt-4o-mini"))
    world.apply()
    assert world.rows()["Old"]["parsed"]["chatModel"]["credential"] == keys[0]


def test_an_input_that_the_catalogue_lacks_stays_in_its_row_and_out_of_the_manifest(world: FlowiseWorld) -> None:
    world.project()
    model = {"name": "chatOpenAI", "inputs": {"modelName": "gpt-4o", "oldOption": True}}
    tools = [{"name": "calculator", "id": "calculator_0", "inputs": {"gone": 1}}]
    details = json.dumps({"name": "Old", "chatModel": model, "tools": tools})
    world.emulator.seed({"object": "flowise.assistant", "type": "CUSTOM", "details": details})
    world.save_page("Old")
    assert world.run("import").code == 0
    written = (world.root / "assistants" / "old.yaml").read_text()
    assert "oldOption" not in written and "gone" not in written
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    world.apply()
    world.write("assistants/old.yaml", written.replace("model: gpt-4o", "model: gpt-4o-mini"))
    world.apply()
    parsed = world.rows()["Old"]["parsed"]
    assert parsed["chatModel"]["inputs"]["modelName"] == "gpt-4o-mini"
    assert parsed["chatModel"]["inputs"]["oldOption"] is True and parsed["tools"][0]["inputs"]["gone"] == 1


def test_a_secret_in_an_input_that_flowise_does_not_call_one_is_left_out(world: FlowiseWorld) -> None:
    world.project()
    world.flowise("greeter", text="instructions: Hi.\n")
    world.apply()
    node = world.rows()["Greeter"]["parsed"]["chatModel"]
    inputs = {**node["inputs"], "basepath": "https://u:c4n4ry-7f3a@proxy/v1", "timeout": "9"}
    world.save_page("Greeter", chatModel={**node, "inputs": inputs})
    world.edit("Greeter", metadata=None)
    world.remove("assistants/greeter.yaml")
    ran = world.run("import", "-e", "dev")
    text = (world.root / "assistants/greeter.yaml").read_text()
    assert ran.code == 0 and "c4n4ry" not in text + ran.out + ran.err
    assert "basepath: https://proxy/v1" in text and "/providers/flowise/chatModel/inputs/basepath" in ran.err
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", [])
    world.apply()
    assert "c4n4ry" in json.dumps(world.rows()["Greeter"])
