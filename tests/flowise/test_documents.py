"""Rows and exports in files: what a newcomer pastes from Flowise's API reference, and what Flowise's page exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import FlowiseWorld

DOCUMENTS = Path(__file__).parent / "documents"
ROW = json.loads((DOCUMENTS / "row.json").read_text(encoding="utf-8"))


def manifests(world: FlowiseWorld, folder: str = "taken") -> dict[str, Any]:
    paths = sorted((world.root / folder / "assistants").glob("*.yaml"))
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in paths}


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: [row], lambda row: {"data": [row], "total": 1}])
def test_the_row_of_the_reference_arrives_whole(world: FlowiseWorld, as_text: bool, wrap: Any) -> None:
    row = {**ROW, "details": json.dumps(ROW["details"])} if as_text else ROW
    world.write("export.json", json.dumps(wrap(row)))
    ran = world.run("init", "-C", "taken", "--from", "export.json")
    assert ran.code == 0, ran.err
    block = {"type": "OPENAI", "credential": ROW["credential"], "iconSrc": ROW["iconSrc"]}
    assert manifests(world) == {
        "assistant": {
            "assistant": "assistant",
            **{key: ROW["details"][key] for key in ("name", "description", "model", "instructions")},
            "tools": [{"type": "code_interpreter"}, {"type": "file_search"}],
            "providers": {"flowise": block},
        }
    }
    assert "/details/tools/function" in ran.err and "/details/tool_resources/ANY_ADDITIONAL_PROPERTY" in ran.err
    assert ran.err.count("export-left-out") == 2
    assert world.run("validate", "-C", "taken").code == 0


@pytest.mark.parametrize("version", ["2", "3"])
def test_an_export_of_the_whole_server_gives_its_assistants(world: FlowiseWorld, version: str) -> None:
    world.project()
    path = str(DOCUMENTS / f"export-{version}.json")
    ran = world.run("import", "--from", path)
    assert ran.code == 0, ran.err
    found = manifests(world, ".")
    assert found["made-by-hand"]["temperature"] == 0.3 and found["made-by-hand"]["model"] == "gpt-4o-mini"
    assert found["made-by-hand"]["providers"]["flowise"]["tools"] == [{"name": "calculator"}]
    assert found["made-by-hand"]["providers"]["flowise"]["iconSrc"] == "https://example.com/a.png"
    assert found["upstream"]["providers"]["flowise"]["type"] == "OPENAI"
    assert found["upstream"]["tools"] == [{"type": "code_interpreter"}]
    others = {"2": "1 chatflows, 1 tools", "3": "1 tools, 1 variables"}[version]
    assert f"the export has more than assistants, which was left out: {others} (warning)" in ran.err
    assert ("/type AZURE" in ran.err) == (version == "3")
    assert world.run("validate").code == 0


def test_rows_of_an_export_are_chosen_by_their_names(world: FlowiseWorld) -> None:
    world.project()
    ran = world.run("import", "--from", str(DOCUMENTS / "export-3.json"), "--name", "Made *")
    assert ran.code == 0 and list(manifests(world, ".")) == ["made-by-hand"]
    ran = world.run("import", "--from", str(DOCUMENTS / "export-3.json"), "--name", "Nothing *")
    assert ran.code == 3 and "no object of the export is Nothing *" in ran.err


def test_a_key_typed_into_a_node_is_named_and_not_written(world: FlowiseWorld) -> None:
    node = {
        "name": "chatOpenAI",
        "inputs": {"modelName": "m", "apiKey": "c4n4ry-7f3a"},
        "inputParams": [{"name": "modelName", "type": "string"}, {"name": "apiKey", "type": "password"}],
    }
    details = {"name": "Typed", "chatModel": node, "tools": ["calculator"], "extra": {"a": 1}}
    world.write("export.json", json.dumps({"type": "CUSTOM", "details": details}))
    ran = world.run("init", "-C", "taken", "--from", "export.json")
    assert ran.code == 0 and "c4n4ry" not in (world.root / "taken/assistants/typed.yaml").read_text() + ran.err
    for pointer in ("chatModel/inputs/apiKey", "tools/0", "extra"):
        assert f"`/details/{pointer}` is not a field" in ran.err


def test_a_pasted_row_is_told_where_each_key_goes(world: FlowiseWorld) -> None:
    world.project()
    world.write("assistants/pasted.json", json.dumps({"assistant": "pasted", **ROW}, indent=1))
    said = world.run("validate").err
    assert "missing-key" not in said and "What may stand here" not in said and "If `" not in said
    assert said.count("The service sets it: remove this line.") == 2
    assert "`retinue import --from FILE` makes a manifest of the whole row" in said
    assert "providers: {flowise: {credential: …}}" in said and "providers: {flowise: {iconSrc: …}}" in said
    assert "6 errors" in said


BAD: dict[str, dict[str, Any]] = {
    "this Flowise has no chat model `chatGone`": {"chatModel": {"name": "chatGone", "inputs": {"modelName": "m"}}},
    "this Flowise has no tool `toolGone`": {"tools": [{"name": "toolGone", "inputs": {}}]},
    "this Flowise has no document store with content named `8d9c0b6e-0000-4000-8000-000000000001`": {
        "documentStores": [{"id": "8d9c0b6e-0000-4000-8000-000000000001", "name": "Gone"}]
    },
    "this Flowise has no credential `8d9c0b6e-0000-4000-8000-000000000002`": {
        "chatModel": {
            "name": "chatOpenAI",
            "inputs": {"modelName": "m", "credential": "8d9c0b6e-0000-4000-8000-000000000002"},
        }
    },
}


@pytest.mark.parametrize("why", [*BAD, "of type AZURE"])
def test_a_row_that_the_next_plan_would_refuse_is_left_out_alone(world: FlowiseWorld, why: str) -> None:
    key = world.credential()
    model = {"name": "chatOpenAI", "inputs": {"modelName": "m", "credential": key, "oldOption": True}}
    good = {"name": "Good", "chatModel": model, "instruction": "Answer."}
    azure = {"name": "Bad", "model": "m", "tools": []}
    for kind, details in (
        ("CUSTOM", good),
        ("CUSTOM" if why in BAD else "AZURE", {**good, "name": "Bad", **BAD[why]} if why in BAD else azure),
    ):
        row = {"object": "flowise.assistant", "type": kind, "credential": key, "details": json.dumps(details)}
        world.emulator.seed(row)
    world.save_page("Good")
    world.monkeypatch.setenv("FLOWISE_API_KEY", "sk-canary-0123456789")
    ran = world.run("init", "-C", "taken", "--from", "flowise", "--endpoint", world.url)
    assert ran.code == 0 and "`Bad` (" in ran.err and why in ran.err and "export-refused" in ran.err
    assert "the input `oldOption` of `chatOpenAI`, which this Flowise does not know" in ran.err
    assert manifests(world)["good"]["providers"]["flowise"] == {"credential": "main"}
    plan = world.run("plan", "-C", "taken", "--format", "json")
    (change,) = json.loads(plan.out)["changes"]
    assert plan.code == 0 and (change["action"], change["fields"]) == ("adopt", [])
    assert world.run("apply", "-C", "taken", "--auto-approve").code == 0
    assert world.run("plan", "-C", "taken", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("details", [None, [], {}, "", "{}", "broken{", "[]", 3])
def test_a_row_whose_details_say_nothing_never_becomes_a_manifest(world: FlowiseWorld, details: Any) -> None:
    row = {"id": ROW["id"], "type": "CUSTOM", "credential": "x", "details": details}
    world.write("rows.json", json.dumps([row, {"id": "asst_1", "name": "Box", "model": "gpt-4o"}]))
    ran = world.run("init", "-C", "taken", "--from", "rows.json")
    assert (ran.code, ran.err.count("was left out")) == (0, 1), ran.err
    assert [*manifests(world)] == ["box"]


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ({"tools": '[{"name": "calculator"}]'}, []),
        ({"tools": {"name": "calculator"}}, ["tools"]),
        ({"chatModel": '{"name": "chatOpenAI", "inputs": {"modelName": "gpt-4o"}}'}, []),
        ({"documentStores": "handbook"}, ["documentStores"]),
        ({"metadata": {"n": 1, "t": ""}}, ["metadata/n"]),
    ],
)
def test_a_member_of_another_type_is_read_or_named(
    world: FlowiseWorld, details: dict[str, Any], told: list[str]
) -> None:
    model = {"name": "chatOpenAI", "inputs": {"modelName": "gpt-4o"}}
    row = {"id": ROW["id"], "type": "CUSTOM", "details": {"name": "Box", "chatModel": model, **details}}
    world.write("rows.json", json.dumps([row]))
    ran = world.run("init", "-C", "taken", "--from", "rows.json")
    assert ran.code == 0, ran.err
    assert ran.err.count("export-left-out") == len(told)
    assert all(f"`/details/{path}`" in ran.err for path in told)
    assert manifests(world)["box"]["model"] == "gpt-4o"
    assert ("calculator" in str(manifests(world))) == (details.get("tools") == '[{"name": "calculator"}]')
