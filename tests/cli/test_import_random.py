"""Random defaults, random live objects, every provider: after an import the plan only adopts."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from retinue.load.emit import to_yaml
from retinue.load.variables import escaped

from ..flowise.conftest import FlowiseWorld
from ..langgraph.conftest import LangGraphWorld
from ..langgraph.fake import FakeLangGraph
from .conftest import World, opened

TEXTS = st.sampled_from(["one", "${var.a} $${b}", "---\nx", "One.\n\nTwo.", "null", "{file: x}"])
NUMBERS = st.sampled_from([0, 0.2, 1, 2])
PAIRS = st.dictionaries(st.sampled_from(["owner", "team", "a.b"]), TEXTS, max_size=2)
SCHEMAS = st.sampled_from(
    [
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "object", "properties": {"b": {"type": "object", "properties": {"c": {}}}}, "required": ["b"]},
    ]
)
FORMATS = st.one_of(
    st.sampled_from(["auto", {"type": "json_object"}, {"type": "text"}]),
    st.builds(
        lambda schema, more: {"type": "json_schema", "json_schema": {"name": "s", "schema": schema, **more}},
        SCHEMAS,
        st.sampled_from([{}, {"strict": False}, {"description": "d"}]),
    ),
)
SOME = {"type": "object", "properties": {"x": {}}}
TOOLS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.sampled_from(
        [
            {"type": "code_interpreter"},
            {"type": "file_search", "file_search": {"max_num_results": 3}},
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": "d",
                    "parameters": {"type": "object", "properties": {"x": {}}},
                },
            },
        ]
    ),
    unique_by=lambda tool: tool["type"],
    max_size=2,
)
SAMPLED = {"temperature": NUMBERS, "top_p": st.sampled_from([0.5, 1])}
TOLD = {"name": st.sampled_from(["Poet", "yes"]), "description": TEXTS, "instructions": TEXTS, "metadata": PAIRS}
OPENAI = {
    **TOLD,
    **SAMPLED,
    "response_format": FORMATS,
    "tools": TOOLS,
    "tool_resources": st.sampled_from([{}, {"code_interpreter": {"file_ids": ["file-1"]}}]),
}
CONTEXTS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["tone", "deep"]), TEXTS | st.just({"a": 1}) | st.just({"b": []})
)
INPUTS = {"chatOpenAI": ["streaming", "basepath"], "chatAnthropic": ["streaming", "topK"]}
NODES: st.SearchStrategy[dict[str, Any]] = st.one_of(
    *(
        st.fixed_dictionaries(
            {"name": st.just(node)},
            optional={"inputs": st.dictionaries(st.sampled_from(names), st.sampled_from([False, "7"]))},
        )
        for node, names in INPUTS.items()
    )
)
GENERATED = settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))


def some(fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


DEFAULTS = some({**OPENAI, "reasoning_effort": st.just("low")})


def project(world: World, provider: str, endpoint: str, defaults: dict[str, Any]) -> None:
    environment = {"provider": provider, "endpoint": endpoint, "api_key": {"env": "DEMO_KEY"}, "variables": {"a": "no"}}
    if provider == "azure-openai":
        environment["api_version"] = "2024-08-01-preview"
    data = {"version": 1, "project": "demo", "manifests": ["assistants"], "environments": {"dev": environment}}
    if defaults:
        data["defaults"] = {"assistant": escaped(defaults)}
    world.write("retinue.yaml", to_yaml(data))


def unlike(field: dict[str, Any]) -> bool:
    """Whether a field differs in more than this: an adopted row of Flowise gets the chatflow that it did not have."""
    before, after = (dict((field[side] or {}).get("flowise") or {}) for side in ("before", "after"))
    return before.pop("chatflow", None) != {"state": "missing"} or before != after


def taken_over(world: World) -> None:
    """Import, look at the plan, apply, and look again."""
    ran = world.run("import", "-e", "dev")
    assert ran.code == 0, ran.err
    written = "".join(path.read_text() for path in sorted((world.root / "assistants").iterdir()))
    ran = world.run("plan", "--format", "json")
    assert ran.code == 0, ran.err + ran.out + written
    changes = json.loads(ran.out)["changes"]
    assert changes, written
    found = [(item["action"], [*filter(unlike, item["fields"])]) for item in changes]
    assert found == [("adopt", [])] * len(changes), ran.out + written
    world.apply()


@pytest.mark.parametrize(("provider", "path"), [("openai-assistants", "/v1"), ("azure-openai", "/openai")])
def test_assistants_protocol(provider: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @GENERATED
    @given(DEFAULTS, st.lists(some(OPENAI), min_size=1, max_size=2))
    def holds(defaults: dict[str, Any], objects: list[dict[str, Any]]) -> None:
        with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "demo", monkeypatch) as world:
            project(world, provider, world.url + path.removesuffix("/openai"), defaults)
            for fields in objects:
                world.emulator.seed({"model": "gpt-4o", **fields})
            taken_over(world)

    holds()


@GENERATED
@given(
    some({**TOLD, **SAMPLED, "reasoning_effort": st.just("low")}),
    some({"context": CONTEXTS, "context_keys": st.just({"temperature": "heat"})}),
    st.lists(st.tuples(some({key: TOLD[key] for key in ("name", "description", "metadata")}), CONTEXTS, some(SAMPLED))),
)
def test_langgraph(defaults: dict[str, Any], block: dict[str, Any], objects: list[tuple[dict[str, Any], ...]]) -> None:
    fake = FakeLangGraph({"agent": None})
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        opened(Path(folder) / "demo", patch, lambda _emulator: fake) as plain,
    ):
        world = LangGraphWorld(plain.root, plain.emulator, plain.url, patch, fake=fake)
        project(world, "langgraph", world.url, {**defaults, "providers": {"langgraph": block}} if block else defaults)
        for fields, more, sampled in [({}, {}, {}), *objects]:
            context = {"model": "m", **more, **sampled}
            fake.create({"graph_id": "agent", "name": "Poet", **fields, "context": context})
        taken_over(world)


@GENERATED
@given(
    some({**TOLD, **SAMPLED}),
    some(
        {
            "credential": st.just("main"),
            "iconSrc": st.just("https://a/b.png"),
            "chatModel": NODES,
            "tools": st.just([{"name": "calculator"}]),
        }
    ),
    st.lists(
        st.tuples(
            some({**TOLD, "iconSrc": st.just("https://a/c.png")}),
            NODES,
        ),
        min_size=1,
        max_size=2,
    ),
)
def test_flowise(defaults: dict[str, Any], block: dict[str, Any], objects: list[tuple[Any, ...]]) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        opened(Path(folder) / "demo", patch) as plain,
    ):
        world = FlowiseWorld(plain.root, plain.emulator, plain.url, patch)
        world.credential()
        project(world, "flowise", world.url, {**defaults, "providers": {"flowise": block}} if block else defaults)
        for number, (fields, node) in enumerate(objects):
            row = {"object": "flowise.assistant", "type": "CUSTOM", "iconSrc": fields.pop("iconSrc", None)}
            details = {"name": f"Poet {number}", **fields, "instruction": fields.pop("instructions", "")}
            model = {**node, "inputs": {"modelName": "m", **node.get("inputs", {})}}
            key = world.emulator.seed({**row, "details": {**details, "chatModel": model}})
            world.emulator.flowise.rows.save_as_page(key, {})
        taken_over(world)
