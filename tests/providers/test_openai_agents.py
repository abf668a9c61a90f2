"""What is an agent's own: losses by value, one block for what only OpenAI has, parts of an update, exports."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from retinue.core.model import Address, Desired, Json, Live, Severity, Status
from retinue.engine.apply import apply_changes
from retinue.load.validate import validate_extras
from retinue.load.yaml import parse_text
from retinue.providers import registry
from retinue.providers.base import Marker, Settings
from retinue.providers.openai_agents import PROVIDER
from retinue.providers.openai_agents.forms import create_body, to_live, update_body
from retinue.schema import with_extras
from retinue_conformance.bench import Bench
from retinue_conformance.test_engine import Engine
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour

from ..conformance.agents_subjects import AGENT, AgentsSubject
from ..emulator.choices import AGENT_ROWS, label
from ..serving import served

MARKER = Marker("p/e/Assistant/one", "1 abcdefgh")
KINDS = with_extras(PROVIDER.capabilities.kinds, PROVIDER.name, PROVIDER.capabilities.extras)


def live(**raw: Json) -> Live:
    return to_live({"id": "agent_1", "object": "agent", "created_at": 1, "model": "gpt-5", **raw})


def said(**spec: Json) -> list[tuple[str, str | None]]:
    desired = Desired("Assistant", {"model": "gpt-5", **spec}, Address("Assistant", "one"))
    return [(item.code, item.path) for item in PROVIDER.check(desired)]


CLOSED = {"type": "object", "additionalProperties": False}


def function(**about: Json) -> Json:
    return {"type": "function", "function": {"name": "f", **about}}


# --- what an agent cannot hold


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"name": "x" * 128}, []),
        ({"name": "x" * 129}, [("capability", "/name")]),
        ({"description": "d", "metadata": {str(n): "x" for n in range(13)}}, []),
        ({"description": "d", "metadata": {str(n): "x" for n in range(14)}}, [("capability", "/description")]),
        ({"metadata": {str(n): "x" for n in range(14)}}, []),
        ({"tools": [{"type": "web_search"}, {"type": "file_search"}]}, [("capability", "/tools/1")]),
        ({"tools": [{"type": "code_interpreter"}]}, [("capability", "/tools/0")]),
        ({"tools": [function(description="d")]}, []),
        ({"tools": [function()]}, [("agents-function", "/tools/0/function")]),
        ({"tools": [function(description="d", strict=True)]}, [("capability", "/tools/0/function/strict")]),
        ({"tools": [function(description="x" * 3_145_728)]}, [("capability", "/tools")]),
        ({"response_format": {"type": "text"}}, [("approximated", "/response_format")]),
        ({"response_format": "auto"}, []),
        ({"response_format": {"type": "json_object"}}, [("capability", "/response_format")]),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}},
            [("capability", "/response_format")],
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "schema": CLOSED, "strict": True},
                }
            },
            [("approximated", "/response_format/json_schema")],
        ),
        (
            {"providers": {"openai-agents": {"tools": [{"type": "tool_search"}, {"type": "web_search"}]}}},
            [("agents-tool", "/providers/openai-agents/tools/1")],
        ),
    ],
)
def test_what_an_agent_cannot_hold_is_told_at_its_value(spec: dict[str, Json], expected: list[Any]) -> None:
    assert said(**spec) == expected


def test_that_instructions_are_appended_is_told_once_for_an_environment() -> None:
    bound = PROVIDER.configured(Settings("https://api.openai.com/v1", {"organization": "org_1"}))
    assert [(item.code, item.severity, item.path) for item in bound.diagnostics] == [
        ("approximated", Severity.INFO, "/provider")
    ]
    assert said(instructions="Be kind.") == []


@pytest.mark.parametrize("name", ["openai-assistants", "azure-openai", "flowise"])
@pytest.mark.parametrize("kind", ["mcp", "web_search"])
def test_where_a_service_lacks_a_portable_tool_that_is_a_loss_at_its_line(name: str, kind: str) -> None:
    tool = {"type": kind, **({"server_label": "a", "server_url": "https://x.example"} if kind == "mcp" else {})}
    block = {"flowise": {"type": "OPENAI", "credential": "c"}} if name == "flowise" else {}
    spec = {"model": "gpt-4o", "tools": [{"type": "code_interpreter"}, tool], "providers": block}
    found = registry.load(name).check(Desired("Assistant", spec, Address("Assistant", "one")))
    assert [(item.code, item.path) for item in found] == [("capability", "/tools/1")]


# --- updates


def test_an_update_sends_what_differs_and_all_metadata() -> None:
    before = live(name="A", metadata={"team": "x", "retinue.description": "d", "retinue.address": "a"})
    body = update_body(before, {"name": "B"}, MARKER)
    assert body == {
        "name": "B",
        "metadata": {
            "team": "x",
            "retinue.description": "d",
            "retinue.address": MARKER.address,
            "retinue.applied": MARKER.applied,
        },
    }
    assert update_body(before, {"description": None, "metadata": {}}, None) == {"metadata": {}}


@pytest.mark.parametrize(
    ("held", "fields", "sent"),
    [
        ({}, {"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}}),
        (
            {"reasoning": {"effort": "low", "summary": "auto"}},
            {"reasoning_effort": None},
            {"reasoning": {"effort": None, "summary": "auto"}},
        ),
        (
            {"reasoning": {"effort": "medium", "summary": None}},
            {"providers": {"openai-agents": {"reasoning": {"summary": "auto"}}}},
            {"reasoning": {"effort": "medium", "summary": "auto"}},
        ),
        (
            {"text": {"format": {"type": "json_schema", "schema": {}}, "verbosity": "low"}},
            {"response_format": "auto"},
            {"text": {"format": {"type": "text"}, "verbosity": "low"}},
        ),
        (
            {"experimental": {"time_awareness": True}, "service_tier": "flex"},
            {"providers": {}},
            {"experimental": {"time_awareness": False}, "service_tier": "auto"},
        ),
        (
            {"multi_agent": {"enabled": True, "max_concurrent_subagents": 2}},
            {"providers": {}},
            {"multi_agent": {"enabled": False}},
        ),
    ],
)
def test_a_part_of_which_nobody_knows_how_it_is_updated_is_sent_whole(held: Json, fields: Json, sent: Json) -> None:
    assert update_body(live(**held), fields, MARKER) == {**sent, "metadata": {**vars_of(MARKER)}}


def vars_of(marker: Marker) -> dict[str, str]:
    return {"retinue.address": marker.address, "retinue.applied": marker.applied}


def test_tools_and_members_that_nobody_knows_yet_stay_with_the_agent() -> None:
    flat = {"type": "function", "name": "f", "description": "d", "parameters": {}, "new": 1}
    before = live(tools=[flat, {"type": "brand_new", "x": 1}, {"type": "web_search", "mode": "cached"}, "no tool"])
    assert [tool["type"] for tool in before.spec["tools"]] == ["function"]
    assert before.spec["providers"]["openai-agents"]["tools"] == [{"type": "web_search", "mode": "cached"}]
    body = update_body(before, {"tools": [function(description="e", parameters={"type": "object"})]}, MARKER)
    assert body["tools"] == [
        {"new": 1, "type": "function", "name": "f", "description": "e", "parameters": {"type": "object"}},
        {"type": "web_search", "mode": "cached"},
        {"type": "brand_new", "x": 1},
    ]


def test_a_create_sends_no_default() -> None:
    spec = {"model": "gpt-5", "response_format": {"type": "text"}, "providers": {"openai-agents": {"compaction": {}}}}
    assert create_body(spec, MARKER) == {"model": "gpt-5", "metadata": vars_of(MARKER)}


# --- the block


def test_the_sample_is_valid_and_a_slip_in_it_is_told_at_its_line() -> None:
    block = AGENT.full["providers"]
    text = f"assistant: one\nmodel: x\nproviders: {json.dumps(block)}\n"
    extras = lambda provider, kind: PROVIDER.capabilities.extras[kind] if provider == PROVIDER.name else None  # noqa: E731
    (good,) = parse_text(text, "a.yaml").documents
    address = Address("Assistant", "one")
    assert validate_extras(KINDS["Assistant"], good.value, address, extras) == []
    for wrong, path in (
        ("service_tier: fasst", "/providers/openai-agents/service_tier"),
        ("multi_agent: {}", "/providers/openai-agents/multi_agent"),
        ("tools: [{type: mcp, server_label: a}]", "/providers/openai-agents/tools/0"),
        (
            "tools: [{type: computer_use, include_screenshot: true}]",
            "/providers/openai-agents/tools/0/include_screenshot",
        ),
    ):
        (bad,) = parse_text(
            f"assistant: one\nmodel: x\nproviders: {{openai-agents: {{{wrong}}}}}\n", "a.yaml"
        ).documents
        found = validate_extras(KINDS["Assistant"], bad.value, address, extras)
        assert [item.path for item in found] == [path], wrong


# --- the engine, whatever the service answers


@pytest.fixture(params=AGENT_ROWS, ids=label)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with AgentsSubject("openai-agents", behaviour=Behaviour(**request.param)) as subject:
        service = subject.provider.connect(subject.connection())
        yield Engine(Bench(subject, service, KINDS["Assistant"]))
        service.close()


def test_whatever_defaults_are_answered_each_apply_leaves_nothing_to_do(engine: Engine) -> None:
    least, full, changed = (
        engine.bench.desired("one", spec) for spec in (AGENT.minimal, AGENT.full, {**AGENT.minimal, **AGENT.changed})
    )
    for wanted in (least, full, changed, least, full):
        outcomes = apply_changes(engine.plan([wanted]).changes, engine.run)
        assert [outcome.status for outcome in outcomes] == [Status.DONE]
        # A field that is cleared may get the model's default, which is told once.
        assert {note.path for outcome in outcomes for note in outcome.notes} <= {"/reasoning_effort", "/providers"}
        engine.settled([wanted])


def test_an_edit_outside_is_still_seen_where_the_service_has_defaults_of_its_own() -> None:
    with AgentsSubject("openai-agents", behaviour=Behaviour(agents_defaults="model")) as subject:
        service = subject.provider.connect(subject.connection())
        engine = Engine(Bench(subject, service, KINDS["Assistant"]))
        least = engine.bench.desired("one", AGENT.minimal)
        engine.apply([least])
        engine.settled([least])
        (key,) = subject.live("Assistant")
        subject.emulator.seed({**subject.live("Assistant")[key], "service_tier": "priority"})
        (change,) = engine.plan([least]).changes
        assert [(item.path, item.cause.value) for item in change.fields] == [("/providers", "drift")]
        service.close()


# --- whole commands


def invoke(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "retinue", *words], capture_output=True, text=True, timeout=300)


EXPORT = {
    "object": "list",
    "has_more": False,
    "data": [
        {
            "id": "agent_1",
            "object": "agent",
            "created_at": 1,
            "updated_at": 2,
            "model": "gpt-5",
            "name": "Bot One",
            "instructions": "Be kind.",
            "metadata": {"retinue.description": "d", "retinue.address": "a/b/Assistant/c", "x": "y"},
            "tools": [
                {"type": "web_search", "context_size": "low", "mode": "live", "location": None},
                {"type": "brand_new"},
                {"type": "computer_use", "include_screenshots": True},
            ],
            "text": {"format": {"type": "json_schema", "schema": {"type": "object"}}, "verbosity": "low"},
            "reasoning": {"effort": "low", "summary": None},
        }
    ],
}


def test_an_export_of_agents_becomes_manifests_that_apply(tmp_path: Path) -> None:
    (tmp_path / "agents.json").write_text(json.dumps(EXPORT))
    made = invoke("init", "-C", str(tmp_path), "--from", str(tmp_path / "agents.json"))
    assert made.returncode == 0, made.stderr
    assert "left out: a manifest cannot express it: brand_new" in made.stderr and "stays on the agent" in made.stderr
    manifest = tmp_path / "assistants" / "bot-one.yaml"
    text = manifest.read_text()
    assert "search_context_size: low" in text
    assert "verbosity: low" in text
    assert "description: d" in text
    assert "brand_new" not in text
    assert "provider: openai-agents" in (tmp_path / "retinue.yaml").read_text()
    assert invoke("apply", "-C", str(tmp_path), "--auto-approve").returncode == 0
    assert "No changes. 1 object matches its manifest." in invoke("plan", "-C", str(tmp_path)).stdout


def test_what_is_live_becomes_a_project_that_has_nothing_to_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-agents")
    service = Emulator(":memory:")
    service.seed({**EXPORT["data"][0], "metadata": {"retinue.description": "d"}, "tools": []})  # type: ignore[index]
    with served(service) as url:
        made = invoke("init", "-C", str(tmp_path), "--from", "openai-agents", "--endpoint", f"{url}/v1")
        assert made.returncode == 0, made.stderr
        assert invoke("apply", "-C", str(tmp_path), "--auto-approve").returncode == 0
        assert "No changes. 1 object matches its manifest." in invoke("plan", "-C", str(tmp_path)).stdout
        assert invoke("destroy", "-C", str(tmp_path), "--auto-approve", "--allow", "brake=1").returncode == 0
    assert list(service.store.everything("agent")) == []
    service.close()


def test_without_an_endpoint_the_service_is_where_it_always_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    made = invoke("init", "-C", str(tmp_path), "--from", "openai-agents")
    assert (made.returncode, "OPENAI_API_KEY is not set" in made.stderr) == (4, True)
    assert PROVIDER.capabilities.endpoint == "https://api.openai.com/v1"


@pytest.mark.parametrize("wrong", [5, {"x": 1}, [], None, "", True])
def test_an_object_of_an_export_whose_id_is_no_text_is_not_taken_for_an_answer(wrong: Json) -> None:
    assert PROVIDER.recognised({"object": "agent", "id": wrong, "model": "m"}) is None
