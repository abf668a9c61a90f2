"""The schemas for editors: rebuilt and compared, and right about what authors may write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from retinue.providers.registry import catalogue
from retinue.schema.bundle import editor_schemas, manifest_schema, output_schemas, project_schema

REPOSITORY = Path(__file__).parents[2]
KNOWN = catalogue(None)
EDITOR = editor_schemas(KNOWN)


def faults(name: str, text: str) -> list[list[Any]]:
    return sorted(
        [list(error.absolute_path) for error in Draft7Validator(EDITOR[name]).iter_errors(yaml.safe_load(text))],
        key=str,
    )


def manifest_faults(text: str) -> list[list[Any]]:
    return faults("manifest.schema.json", "assistant: a\n" + text)


def test_the_committed_schemas_are_those_of_their_source(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "retinue", "schema", "--out", str(tmp_path / "new")], check=True)
    new = {path.name: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    committed = {path.name: path.read_bytes() for path in (REPOSITORY / "schemas").iterdir()}
    assert new == committed, "run `retinue schema --out schemas` and commit"
    assert set(new) == {*EDITOR, *(f"{name}.schema.json" for name in output_schemas())}


@pytest.mark.parametrize(
    "schema",
    [*EDITOR.values(), *output_schemas().values(), manifest_schema(KNOWN.kinds["Assistant"]), project_schema(KNOWN)],
)
def test_every_schema_is_a_draft_07_schema(schema: Any) -> None:
    Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_schema_has_an_id_of_its_own() -> None:
    found = {**EDITOR, **{f"{name}.schema.json": schema for name, schema in output_schemas().items()}}
    assert all(schema["$id"] == f"urn:retinue:schema:{name.split('.')[0]}" for name, schema in found.items())


def test_editors_know_the_providers_by_name() -> None:
    made = editor_schemas(KNOWN, {"shelf": {}, "anthropic": {}})["retinue.schema.json"]
    head = "{version: 1, project: p, manifests: [a], environments: {d: {endpoint: emulator, provider: "
    found = [
        list(Draft7Validator(made).iter_errors(yaml.safe_load(f"{head}{name}}}}}}}"))) for name in ("shelf", "shlf")
    ]
    assert [len(errors) for errors in found] == [0, 1]


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("tool", "{type: code_interpreter}", []),
        ("tool", "{type: function, function: {name: f, description: {file: d.md}}}", []),
        ("tool", "{type: functin}", [["type"]]),
        ("tool", "{type: function, function: {name: a b}}", [["function", "name"]]),
        ("tool", "{type: function, function: {name: f, descriptio: x}}", [["function"]]),
        ("format", "{type: json_object}", []),
        ("format", "{type: json_schema, json_schema: {name: x, schema: {file: s.json}}}", []),
        ("format", "{type: json_schema, json_schema: {nam: x}}", [["json_schema"], ["json_schema"]]),
    ],
)
def test_files_that_manifests_include_have_a_schema(name: str, text: str, wrong: list[Any]) -> None:
    assert faults(f"{name}.schema.json", text) == wrong


def test_instructions_are_a_text_an_include_or_a_list_of_these() -> None:
    for text in ("a", "{file: a.md}", "[a, {file: a.md, template: true}]", "null"):
        assert manifest_faults(f"instructions: {text}") == []
        assert faults("retinue.schema.json", f"defaults: {{assistant: {{instructions: {text}}}}}") == faults(
            "retinue.schema.json", "{}"
        )
    for text, steps in (("[a, 3]", [1]), ("[]", []), ("[{fil: a}]", [0]), ("3", [])):
        assert manifest_faults(f"instructions: {text}") == [["instructions", *steps]]


def test_editors_get_no_annotations_of_ours() -> None:
    assert "x-retinue" not in json.dumps(EDITOR)


def undescribed(schema: Any, path: str) -> list[str]:
    if isinstance(schema, list):
        return [name for index, part in enumerate(schema) for name in undescribed(part, f"{path}[{index}]")]
    if not isinstance(schema, dict):
        return []
    members = schema.get("properties", {}) if "if" not in path.split(".") else {}
    found = [f"{path}.{key}" for key, sub in members.items() if "description" not in sub and "$ref" not in sub]
    return found + [name for key, sub in schema.items() for name in undescribed(sub, f"{path}.{key}")]


@pytest.mark.parametrize("name", EDITOR)
def test_every_field_has_a_description_for_editors(name: str) -> None:
    assert undescribed(EDITOR[name], "") == []


def test_every_kind_can_be_written() -> None:
    for kind in KNOWN.with_manifests:
        assert kind.word in EDITOR["manifest.schema.json"]["properties"]
        assert kind.word in EDITOR["retinue.schema.json"]["properties"]["defaults"]["properties"]


@pytest.mark.parametrize("path", sorted((REPOSITORY / "examples").rglob("*.yaml")), ids=str)
def test_the_examples_are_right_to_an_editor(path: Path) -> None:
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        name = "retinue.schema.json" if path.name == "retinue.yaml" else "manifest.schema.json"
        if path.parent.name not in ("tools", "formats"):
            assert faults(name, json.dumps(document)) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "temperature: ${var.t}",
        "temperature: null",
        "model: null",
        "model: ${var.model}",
        "instructions: {file: a.md, template: true}",
        "response_format: {file: a.yaml}",
        "response_format: auto",
        "metadata: {a: null, b: '${var.b}', c: {file: c.txt}}",
        "tools: {file: all.yaml}",
        "tools: [{file: a.yaml}, {type: code_interpreter}]",
        "tools: [{type: function, function: {name: '${var.name}', parameters: {file: p.json}}}]",
        "tools: [{type: file_search, file_search: {max_num_results: '${var.n}'}}]",
        "reasoning_effort: ${var.effort}",
        "retinue: {adopt: asst_1, protect: true}",
    ],
)
def test_includes_variables_and_overlays_are_no_faults(text: str) -> None:
    assert manifest_faults(text) == []


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("temprature: 1", [[]]),
        ("temperature: hot", [["temperature"]]),
        ("temperature: 3", [["temperature"]]),
        ("tools: [{type: code-interpreter}]", [["tools", 0, "type"]]),
        (
            "tools: [{type: file_search, file_search: {max_num_results: 99}}]",
            [["tools", 0, "file_search", "max_num_results"]],
        ),
        ("instructions: {file: a, templat: true}", [["instructions"]]),
        ("response_format: {type: jsn}", [["response_format", "type"]]),
        ("retinue: {protct: true}", [["retinue"]]),
    ],
)
def test_an_editor_shows_a_fault_in_its_place(text: str, paths: list[list[Any]]) -> None:
    assert manifest_faults(text) == paths


def test_defaults_are_partial_manifests_without_what_means_one_object() -> None:
    head = "{version: 1, project: a, manifests: [a],"
    head += " environments: {b: {provider: openai-assistants, endpoint: emulator}}, defaults: "
    assert faults("retinue.schema.json", head + "{assistant: {temperature: '${var.t}'}}}") == []
    assert faults("retinue.schema.json", head + "{assistant: {retinue: {labels: {a: b}}}}}") == []
    assert faults("retinue.schema.json", head + "{assistant: {temperature: 5, retinue: {adopt: a}}}}") == [
        ["defaults", "assistant", "retinue"],
        ["defaults", "assistant", "temperature"],
    ]


def test_editors_know_what_only_one_service_has() -> None:
    schema = {"type": "object", "additionalProperties": False, "properties": {"size": {"type": "integer"}}}
    made = editor_schemas(KNOWN, {"shelf": {"Assistant": schema}})
    validator = Draft7Validator(made["manifest.schema.json"])
    for text, count in (("{size: 1}", 0), ("{size: '${var.n}'}", 0), ("{siz: 1}", 1), ("{size: x}", 1)):
        manifest = yaml.safe_load(f"assistant: a\nproviders: {{shelf: {text}}}")
        assert len(list(validator.iter_errors(manifest))) == count, text
    project = Draft7Validator(made["retinue.schema.json"])
    text = (
        "{version: 1, project: a, manifests: [a], environments: {dev: {provider: shelf, endpoint: emulator}},"
        " defaults: {assistant: {providers: {shelf: {siz: 1}}}}}"
    )
    assert len(list(project.iter_errors(yaml.safe_load(text)))) == 1
