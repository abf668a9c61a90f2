"""Whole commands against the emulator's Azure dialects: keys, versions, places, retirements, what is kept."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from retinue_emulator.faults import Behaviour, Fault

from ..cli.conftest import KEY, World
from .conftest import FIRST, LATER, SECOND, Wire, environment

PROJECT = "/api/projects/demo"
_CLOSED = "{type: object, additionalProperties: false}"
FUNCTION = f"{{type: function, function: {{name: f, description: d, parameters: {_CLOSED}}}}}"
AI_SEARCH = {"indexes": [{"index_connection_id": "c-1", "index_name": "faq"}]}


def version(name: str) -> str:
    return f"    api_key: {{env: DEMO_KEY}}\n    api_version: {name}"


def settled(world: World) -> None:
    ran = world.run("plan", "--detailed-exitcode")
    assert ran.code == 0, ran.out


# --- signing in


@pytest.mark.parametrize(
    ("path", "key", "carried", "route", "stated"),
    [
        ("", "{env: DEMO_KEY}", f"api-key {KEY}", "/openai", SECOND),
        ("/openai/", "{env: DEMO_KEY}", f"api-key {KEY}", "/openai", SECOND),
        ("", "{command: [echo, eyJ0b2tlbg]}", "Bearer eyJ0b2tlbg", "/openai", FIRST),
        (PROJECT, "{env: DEMO_KEY}", f"Bearer {KEY}", PROJECT, "v1"),
        (PROJECT, "{command: [echo, eyJ0b2tlbg]}", "Bearer eyJ0b2tlbg", PROJECT, "2025-05-15-preview"),
    ],
)
def test_every_call_carries_the_version_and_the_key_as_this_route_wants_it(
    wired: tuple[World, Wire], path: str, key: str, carried: str, route: str, stated: str
) -> None:
    world, wire = wired
    world.monkeypatch.delenv("CI", raising=False)
    environment(world, path=path, more=f"    api_key: {key}\n    api_version: {stated}")
    world.assistant("ant")
    assert world.run("apply", "--auto-approve").code == 0
    world.assistant("ant", "name: Ant\n")
    assert world.run("apply", "--auto-approve").code == 0
    assert world.run("destroy", "--auto-approve", "--allow", "brake=1").code == 0
    assert len(wire.seen) > 6
    assert {(query["api-version"], signed) for _, query, signed in wire.seen} == {(stated, carried)}
    assert {seen.startswith(f"{route}/") for seen, _, _ in wire.seen} == {True}


@pytest.mark.parametrize(("path", "stated"), [("", SECOND), (PROJECT, "v1")])
def test_the_version_has_a_default(wired: tuple[World, Wire], path: str, stated: str) -> None:
    world, wire = wired
    environment(world, path=path)
    world.assistant("ant")
    assert world.run("plan").code == 0
    assert {query["api-version"] for _, query, _ in wire.seen} == {stated}


def test_a_refused_key_is_an_error_of_its_own_that_does_not_show_it(prod: World) -> None:
    prod.emulator.behaviour = Behaviour(api_key="another")
    prod.assistant("ant")
    ran = prod.run("plan")
    assert (ran.code, "401: Access denied due to invalid subscription key" in ran.err) == (4, True)
    assert KEY not in ran.err


def test_entra_without_its_package_says_what_to_install(world: World) -> None:
    environment(world, more="    entra: default")
    world.assistant("ant")
    world.monkeypatch.setitem(sys.modules, "azure.core.exceptions", None)
    ran = world.run("plan")
    assert (ran.code, ran.out) == (3, "")
    assert "`entra: default` needs the package azure-identity" in ran.err
    assert "Install azure-identity into the environment that retinue runs in" in ran.err


def test_entra_is_not_asked_for_a_command_that_needs_no_service(world: World) -> None:
    environment(world, more="    entra: default")
    world.assistant("ant")
    world.monkeypatch.setitem(sys.modules, "azure.core.exceptions", None)
    assert world.run("validate").code == 0


# --- what is said before anything is sent

LACKING = [
    (FIRST, "response_format: {type: json_object}", "`response_format`", SECOND),
    (FIRST, "tools: [{type: file_search}]", "the tool file_search", SECOND),
    (FIRST, "tool_resources: {file_search: {vector_store_ids: [vs_1]}}", "tool_resources.file_search", SECOND),
    (SECOND, "response_format: {type: json_schema, json_schema: {name: a}}", "type json_schema", LATER),
    (SECOND, "tools: [{type: file_search, file_search: {max_num_results: 8}}]", "max_num_results", LATER),
    (SECOND, f"tools: [{FUNCTION.replace('name: f', 'name: f, strict: true')}]", "strict", LATER),
    (LATER, "tools: [{type: file_search, file_search: {ranking_options: {score_threshold: 0.5}}}]", "ranking", None),
]
"""Version, what it cannot hold, how that is called, and the version that can."""
SAMPLING = [
    (FIRST, "temperature: 0.2", "`temperature`", SECOND),
    (FIRST, "top_p: 0.2", "`top_p`", SECOND),
    (LATER, "reasoning_effort: low", "`reasoning_effort`", None),
]
"""What an assistant can do without: a warning, and left out."""


def why(stated: str, since: str | None) -> str:
    return f"it comes with `api_version: {since}`, this is {stated}" if since else "no version of Azure's API has it"


@pytest.mark.parametrize(("stated", "line", "part", "since"), LACKING, ids=lambda value: str(value)[:40])
def test_what_a_version_lacks_is_said_at_its_line_with_the_version_that_has_it(
    world: World, stated: str, line: str, part: str, since: str | None
) -> None:
    environment(world, more=version(stated))
    world.assistant("ant", f"{line}\n")
    ran = world.run("validate")
    assert ran.code == 3
    assert f"assistants/ant.yaml:3:{ran.err.split(':')[2]}: capability: " in ran.err
    assert f"{part} cannot be held: {why(stated, since)}" in ran.err.replace("_options cannot", " cannot")
    assert world.emulator.requests == []


@pytest.mark.parametrize(("stated", "line", "part", "since"), SAMPLING, ids=lambda value: str(value)[:40])
def test_sampling_that_a_version_lacks_is_a_warning_and_left_out(
    world: World, stated: str, line: str, part: str, since: str | None
) -> None:
    environment(world, more=version(stated))
    world.assistant("ant", f"{line}\n")
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, f"{part} cannot be held: {why(stated, since)}; it is left out" in ran.out) == (0, True)
    settled(world)


@pytest.mark.parametrize(("stated", "line", "part", "since"), LACKING, ids=lambda value: str(value)[:40])
def test_what_a_version_lacks_can_be_given_up(
    world: World, stated: str, line: str, part: str, since: str | None
) -> None:
    environment(world, more=f"{version(stated)}\n    on_loss: warn")
    world.assistant("ant", f"{line}\n")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)


@pytest.mark.parametrize(("stated", "line", "part", "since"), [*LACKING, *SAMPLING], ids=lambda value: str(value)[:40])
def test_the_version_that_has_it_takes_it(world: World, stated: str, line: str, part: str, since: str | None) -> None:
    if since is None:
        since, line = stated, "name: Ant"
    environment(world, more=version(since))
    world.assistant("ant", f"{line}\n")
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, "cannot be held" in ran.out) == (0, False)
    settled(world)


def test_a_default_that_is_written_out_is_no_reason_to_refuse_it(world: World) -> None:
    environment(world, more=version(FIRST))
    function = FUNCTION.replace("name: f", "name: f, strict: false")
    world.assistant("ant", f"temperature: 1\ntop_p: 1.0\nresponse_format: auto\ntools: [{function}]\n")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)


def test_an_option_at_its_default_is_no_reason_to_refuse_it(prod: World) -> None:
    prod.assistant("ant", "tools: [{type: file_search, file_search: {max_num_results: 20}}]\n")
    assert prod.run("apply", "--auto-approve").code == 0
    settled(prod)


@pytest.mark.parametrize("stated", [FIRST, SECOND, LATER])
def test_instructions_that_could_never_be_changed_again_are_an_error_of_validate(world: World, stated: str) -> None:
    environment(world, more=version(stated))
    world.write("long.md", "n" * 32_769)
    world.assistant("ant", "instructions: {file: ../long.md}\n")
    ran = world.run("validate")
    assert ran.code == 3
    assert (
        "azure-instructions: the instructions have 32,769 characters; here they could never be changed again" in ran.err
    )
    world.write("long.md", "n" * 32_768)
    assert world.run("apply", "--auto-approve").code == 0
    world.write("long.md", "m" * 32_768)
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)


def test_a_foundry_project_takes_longer_ones(world: World) -> None:
    environment(world, path=PROJECT)
    world.assistant("ant", f"instructions: {'n' * 32_769}\n")
    assert world.run("validate").code == 0


def test_a_function_needs_its_description_at_its_line(prod: World) -> None:
    prod.assistant("ant", "tools:\n  - type: function\n    function: {name: f}\n")
    ran = prod.run("validate")
    assert ran.code == 3
    assert "assistants/ant.yaml:5:15: azure-function: a function needs its `description` here" in ran.err


@pytest.mark.parametrize("parameters", ["", ", parameters: null", ", parameters: {}"])
def test_a_function_without_arguments_is_sent_with_an_empty_schema(prod: World, parameters: str) -> None:
    function = f"tools: [{{type: function, function: {{name: f, description: d{parameters}}}}}]\n"
    prod.assistant("ant", function)
    assert prod.run("apply", "--auto-approve").code == 0
    settled(prod)
    prod.assistant("ant", function.replace("name: f", "name: g"))
    assert prod.run("apply", "--auto-approve").code == 0
    assert prod.only()["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {}}
    settled(prod)


@pytest.mark.parametrize(
    ("path", "more", "column", "said"),
    [
        ("", 'api_version: "2024-10-21"', 18, "`2024-10-21` has no assistants: only previews do"),
        ("", "api_version: 2023-12-01-preview", 18, "`2023-12-01-preview` has no assistants yet"),
        ("", "api_version: latest", 18, "`latest` is not a version of this API"),
        ("", "api_version: v1", 18, "`v1` is a version of Foundry projects, and this endpoint is not one"),
        (PROJECT, f"api_version: {SECOND}", 18, f"a Foundry project has no version `{SECOND}`"),
        ("", "entra: default", 12, "`api_key` and `entra` are two ways to sign in"),
        ("", "organization: org_1", 19, "`organization` means nothing to the provider `azure-openai`"),
    ],
)
def test_a_setting_that_cannot_be_is_said_at_its_line(
    world: World, path: str, more: str, column: int, said: str
) -> None:
    environment(world, path=path, more=f"    api_key: {{env: DEMO_KEY}}\n    {more}")
    world.assistant("ant")
    ran = world.run("validate")
    assert ran.code == 3
    assert f"retinue.yaml:9:{column}: " in ran.err
    assert said in ran.err


@pytest.mark.parametrize("path", ["/openai/deployments/gpt-4", "/openai/v1"])
def test_an_endpoint_that_goes_on_is_said_at_its_line(world: World, path: str) -> None:
    environment(world, path=path)
    world.assistant("ant")
    ran = world.run("plan")
    assert (ran.code, "retinue.yaml:7:15: azure-endpoint: the endpoint goes on with /openai/" in ran.err) == (3, True)


@pytest.mark.parametrize("path", ["/api/projects", "/api/projects/"])
def test_an_endpoint_without_a_project_is_said_at_its_line(world: World, path: str) -> None:
    environment(world, path=path)
    world.assistant("ant")
    ran = world.run("plan")
    assert ran.code == 3
    assert "retinue.yaml:7:15: azure-endpoint: the endpoint names no project" in ran.err


def test_the_sheet_says_since_when_a_field_can_be_held(world: World) -> None:
    out = world.run("providers", "azure-openai").out
    assert re.search(r"top_p +native +since `api_version: 2024-05-01-preview`", out)
    assert "retinue.name" not in out, "Azure's vector stores have no attributes"


# --- retirements


def test_the_retired_endpoint_is_named_where_the_api_is_gone(prod: World) -> None:
    prod.emulator.behaviour = Behaviour(gone=True)
    prod.assistant("ant")
    ran = prod.run("plan")
    assert (ran.code, ran.out) == (9, "")
    assert "this API is gone at the service: GET assistants answered 404: Resource not found" in ran.err
    assert "Azure retired the Assistants API of its OpenAI resources on 2026-08-26." in ran.err


def test_the_end_of_foundrys_classic_agents_is_a_warning_of_every_look(world: World) -> None:
    environment(world, path=PROJECT)
    world.assistant("ant")
    said = "retinue.yaml:7:15: retiring: Foundry's service for classic agents, which this environment uses, ends on"
    said += " 2027-03-31"
    assert said in world.run("validate").err
    assert said in world.run("plan").out
    document = json.loads(world.run("plan", "--format", "json").out)
    assert [item["code"] for item in document["diagnostics"] if item["severity"] != "info"] == ["retiring"]


def test_an_object_is_not_absent_because_the_gateway_knows_no_route(prod: World) -> None:
    prod.assistant("ant")
    assert prod.run("apply", "--auto-approve").code == 0
    prod.assistant("ant", "name: Ant\n")
    body = json.dumps({"error": {"code": "404", "message": "Resource not found"}})
    prod.emulator.faults.on(r"GET /openai/assistants/asst_", Fault("status", 404, body=body))
    ran = prod.run("apply", "--auto-approve")
    assert ran.code == 9
    assert [asst["name"] for asst in prod.live().values()] == [None]


# --- being told to wait


def test_a_day_to_wait_is_more_than_the_time_budget_and_ends_at_once(prod: World) -> None:
    prod.assistant("ant")
    prod.emulator.faults.on("GET", Fault("status", 429, retry_after="86400"))
    ran = prod.run("plan", "--timeout", "23h")
    assert ran.code == 9
    assert re.search(r"the next try in 8640[01] s is more than is left of --timeout", ran.err)
    assert len(prod.emulator.requests) == 1


def test_a_wait_in_milliseconds_is_kept(prod: World) -> None:
    prod.assistant("ant")
    prod.emulator.faults.on("GET", Fault("status", 429, retry_after="86400", retry_after_ms="300"))
    assert prod.run("plan").code == 0
    refused, good = prod.emulator.requests
    assert (refused.status, good.status) == (429, 200)
    assert good.at - refused.at >= 0.3


# --- one manifest, two vendors

MANIFEST = f"""\
name: Tutor
description: Helps with homework.
instructions: Answer in one sentence.
temperature: 0.2
response_format: {{type: json_object}}
tools: [{{type: code_interpreter}}, {{type: file_search}}, {FUNCTION}]
tool_resources: {{code_interpreter: {{file_ids: [f-2, f-1]}}, file_search: {{vector_store_ids: [vs_1]}}}}
metadata: {{owner: edu@example.com}}
"""


def test_the_same_manifest_applies_to_both_with_only_the_environment_changed(world: World) -> None:
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
        f"  plain: {{provider: openai-assistants, endpoint: '{world.url}/v1', api_key: {{env: DEMO_KEY}}}}\n"
        f"  azure: {{provider: azure-openai, endpoint: '{world.url}', api_key: {{env: DEMO_KEY}}}}\n",
    )
    world.assistant("tutor", MANIFEST)
    for name in ("plain", "azure"):
        assert world.run("apply", "-e", name, "--auto-approve").code == 0
        assert world.run("plan", "-e", name, "--detailed-exitcode").code == 0
    plain, azure = (
        {key: value for key, value in raw.items() if key not in ("id", "created_at", "metadata")}
        for raw in world.live().values()
    )
    assert plain == azure


# --- files on the assistant itself


@pytest.mark.parametrize("files", ["told", "apart"])
def test_the_files_of_the_first_version_are_those_of_code_interpreter(world: World, files: str) -> None:
    world.emulator.behaviour = Behaviour(assistant_files=files)
    environment(world, more=version(FIRST))

    def state(*names: str) -> None:
        world.assistant("ant", f"tool_resources: {{code_interpreter: {{file_ids: [{', '.join(names)}]}}}}\n")

    def attached() -> set[str]:
        return set((world.only()["tool_resources"].get("code_interpreter") or {}).get("file_ids", ()))

    state("assistant-b", "assistant-a")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    state("assistant-a", "assistant-b")
    settled(world)
    assert attached() == {"assistant-a", "assistant-b"}
    state("assistant-c", "assistant-b")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert attached() == {"assistant-b", "assistant-c"}
    world.assistant("ant")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert attached() == set()


ANT = "tool_resources: {code_interpreter: {file_ids: [assistant-a, assistant-b]}}\n"


@pytest.mark.parametrize(
    ("at", "fault", "code"),
    [
        ("POST .*/assistants$", Fault("reset", after_commit=True), 0),
        ("POST .*/files", Fault("status", 429, hint="ms", wait=0.01), 0),
        ("POST .*/files", Fault("reset", after_commit=True), 0),
        ("POST .*/files", Fault("status", 400), 8),
        ("POST .*/files", Fault("reset"), 8),
        ("GET .*/assistants/[^/]*/files", Fault("status", 403), 8),
    ],
)
def test_an_assistant_whose_files_hang_apart_is_made_once_and_never_taken_for_whole(
    world: World, at: str, fault: Fault, code: int
) -> None:
    world.emulator.behaviour = Behaviour(assistant_files="apart")
    environment(world, more=version(FIRST))
    world.assistant("ant", ANT)
    world.emulator.faults.on(at, fault)
    ran = world.run("apply", "--auto-approve")
    assert ran.code == code, ran.out + ran.err
    made = world.only()
    if code:
        assert made["id"] in ran.out + ran.err
        assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert world.only()["id"] == made["id"]
    assert set(world.only()["tool_resources"]["code_interpreter"]["file_ids"]) == {"assistant-a", "assistant-b"}
    assert (
        len([line for line in world.emulator.requests if line.method == "POST" and line.path.endswith("assistants")])
        == 1
    )


def test_a_file_that_somebody_attached_is_drift(world: World) -> None:
    environment(world, more=version(FIRST))
    world.assistant("ant")
    assert world.run("apply", "--auto-approve").code == 0
    raw = world.only()
    world.emulator.seed({**raw, "tool_resources": {"code_interpreter": {"file_ids": ["assistant-x"]}}})
    ran = world.run("plan")
    assert "tool_resources" in ran.out
    assert "drift" in ran.out


def test_import_from_the_first_version_writes_the_files_at_their_tool(world: World) -> None:
    environment(world, more=version(FIRST))
    world.emulator.seed(
        {
            "name": "HR Helper",
            "tools": [{"type": "code_interpreter"}],
            "tool_resources": {"code_interpreter": {"file_ids": ["assistant-abc123"]}},
        }
    )
    ran = world.run("import")
    assert (ran.code, ran.err) == (0, "")
    text = (world.root / "assistants/hr-helper.yaml").read_text(encoding="utf-8")
    assert "file_ids:" in text
    assert "assistant-abc123" in text
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)


# --- Foundry's own tools


def foundry_agent(world: World) -> dict[str, Any]:
    """As somebody made it in the portal: with a tool that only Foundry has, before one that all have."""
    tools = [
        {"type": "azure_ai_search"},
        {"type": "code_interpreter"},
        {"type": "bing_grounding", "bing_grounding": {}},
    ]
    key = world.emulator.seed({"name": "Faq", "tools": tools, "tool_resources": {"azure_ai_search": AI_SEARCH}})
    return world.live()[key]


def test_tools_that_only_foundry_has_stay_whatever_is_changed(world: World) -> None:
    environment(world, path=PROJECT)
    made = foundry_agent(world)
    adopt = f"retinue: {{adopt: {{prod: {made['id']}}}}}\n"
    world.assistant("faq", f"name: Faq\ntools: [{{type: code_interpreter}}]\n{adopt}")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert world.only()["tools"] == made["tools"]
    assert world.only()["tool_resources"]["azure_ai_search"] == AI_SEARCH
    more = "tools: [{type: file_search}]\ntool_resources: {file_search: {vector_store_ids: [vs_1]}}\n"
    world.assistant("faq", f"name: Faq\n{more}{adopt}")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    after = world.only()
    assert sorted(tool["type"] for tool in after["tools"]) == ["azure_ai_search", "bing_grounding", "file_search"]
    assert after["tool_resources"]["azure_ai_search"] == AI_SEARCH
    assert after["tool_resources"]["file_search"] == {"vector_store_ids": ["vs_1"]}


def test_import_from_foundry_leaves_those_tools_where_they_are(world: World) -> None:
    environment(world, path=PROJECT)
    made = foundry_agent(world)
    ran = world.run("import")
    assert ran.code == 0 and "a manifest cannot express it: azure_ai_search, bing_grounding" in ran.err
    assert "azure_ai_search" not in (world.root / "assistants/faq.yaml").read_text(encoding="utf-8")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert world.only()["tools"] == made["tools"]
    assert world.only()["tool_resources"]["azure_ai_search"] == AI_SEARCH
