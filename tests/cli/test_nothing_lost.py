"""Nothing is silently lost: what is live after a move, read back by import, is what the report promised, by field.

Random assistants of the v2 protocol, and each provider that has an emulator.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from retinue.core.canonical import canonical, same
from retinue.core.model import MISSING
from retinue.core.pointer import split_pointer, without
from retinue.load.emit import to_yaml
from retinue.load.variables import escaped
from retinue.providers import registry
from retinue.providers.assistants_v2 import ASSISTANT

from .conftest import World, opened
from .test_migrate import PROVIDERS

PROJECT = """\
version: 1
project: demo
manifests: [assistants, stores]
environments:
  old: {provider: openai-assistants, endpoint: emulator, on_loss: warn}
"""
TEXTS = st.sampled_from(
    [
        "one",
        "yes",
        "null",
        "1.0",
        "${var.a} $${b}",
        "---\nx",
        "One.\n\nTwo.\n\n",
        " edges ",
        "{file: x}",
        "é🙂 \u202e",
        "#",
    ]
)
LONG = st.sampled_from(["long 100000", "long 100001", "long 256000"])
"""A word for a text of so many characters: hypothesis shows what it generates."""
SCHEMAS = st.sampled_from(
    [
        {"type": "object"},
        {"type": "object", "properties": {}},
        {
            "type": "object",
            "properties": {"a": {"type": "string", "default": None}},
            "required": ["a"],
            "additionalProperties": False,
        },
        {"type": "object", "properties": {"b": {"type": "object", "properties": {"c": {"enum": [1, 1.5, None]}}}}},
    ]
)
STRICT = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def some(fields: dict[str, Any], **required: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Any of the fields, besides those that are required."""
    return st.fixed_dictionaries(
        {name: item if isinstance(item, st.SearchStrategy) else st.just(item) for name, item in required.items()},
        optional=fields,
    )


def function(name: str) -> st.SearchStrategy[dict[str, Any]]:
    strict: st.SearchStrategy[dict[str, Any]] = st.just({"strict": True, "parameters": STRICT})
    more = st.one_of(strict, some({"strict": st.just(False), "parameters": SCHEMAS}))
    told: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [{"description": "Looks up."}, {"description": "Looks up."}, {}]
    )
    both = st.tuples(told, more).map(lambda pair: {"name": name, **pair[0], **pair[1]})
    return both.map(lambda inner: {"type": "function", "function": inner})


RANKED = st.sampled_from([{"score_threshold": 0}, {"score_threshold": 0.5, "ranker": "auto"}])
SEARCH = some({"max_num_results": st.sampled_from([1, 20, 50]), "ranking_options": RANKED})
PLACE = some({"city": st.just("Bern"), "country": st.just("CH")}, type="approximate")
# One of each kind at most, and two functions.
TOOLS = st.tuples(
    *(
        st.none() | tool
        for tool in (
            st.just({"type": "code_interpreter"}),
            some({"file_search": SEARCH}, type="file_search"),
            function("look-up"),
            function("note_1"),
            some(
                {"allowed_tools": st.just(["a"])},
                type="mcp",
                server_label="wiki",
                server_url="https://wiki.example/mcp",
            ),
            some(
                {
                    "search_context_size": st.sampled_from(["low", "medium", "high"]),
                    "filters": st.just({"allowed_domains": ["example.com"]}),
                    "user_location": PLACE,
                },
                type="web_search",
            ),
        )
    )
).map(lambda tools: [tool for tool in tools if tool])
OF_FORMAT: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{}, {"strict": False}, {"description": "d"}])
FORMATS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["auto", {"type": "text"}, {"type": "json_object"}]),
    st.tuples(SCHEMAS, OF_FORMAT).map(
        lambda pair: {"type": "json_schema", "json_schema": {"name": "reply", "schema": pair[0], **pair[1]}}
    ),
)
PAIRS = st.one_of(
    st.dictionaries(st.sampled_from(["owner", "team", "a.b", "x" * 64]), TEXTS, max_size=3),
    st.integers(12, 14).map(lambda count: {f"key-{number}": "v" for number in range(count)}),
)
RESOURCES = some(
    {
        "code_interpreter": st.just({"file_ids": [{"upload": "../data/a.csv"}]}),
        "file_search": st.just({"vector_store_ids": [{"ref": "VectorStore/handbook"}]}),
    }
)
MANIFEST = some(
    {
        "name": TEXTS | st.sampled_from(["x" * 128, "x" * 129, "x" * 256]),
        "description": TEXTS | st.just("d" * 512),
        "instructions": TEXTS | LONG,
        "tools": TOOLS,
        "tool_resources": RESOURCES,
        "metadata": PAIRS,
        "temperature": st.sampled_from([0, 0.2, 1, 1.4, 2]),
        "top_p": st.sampled_from([0, 0.5, 1]),
        "response_format": FORMATS,
        "reasoning_effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    },
    model=st.sampled_from(["gpt-4o", "gpt-4.1"]),
)
QUICK = settings(
    max_examples=10, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def lengthened(fields: dict[str, Any]) -> dict[str, Any]:
    text = fields.get("instructions", "")
    return {**fields, "instructions": "y" * int(text.split()[1])} if text.startswith("long ") else fields


def ran(world: World, *arguments: str, code: int = 0) -> Any:
    found = world.run(*arguments, "--format", "json")
    assert found.code == code, found.err + found.out[-2000:]
    return json.loads(found.out)


def moved(world: World, provider: str, manifests: dict[str, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each assistant, after the move is written; what has to change first stays away, and is told."""
    world.write("retinue.yaml", PROJECT)
    world.write("data/a.csv", "a,b\n")
    world.write("data/h.md", "hello\n")
    world.write("stores/handbook.yaml", "vector_store: handbook\nfiles: [{upload: ../data/h.md}]\n")
    for name, fields in manifests.items():
        world.write(f"assistants/{name}.yaml", to_yaml({"assistant": name, **escaped_but_references(fields)}))
    ends = ("--from", "old", "--to", "new", "--provider", provider, "--endpoint", "emulator")
    asked = ("migrate", *ends, "--model", "gpt-4o=one", "--accept", "all")
    looked = world.run(*asked, "--format", "json")
    first = json.loads(looked.out)
    refused = {item["address"] for item in first["objects"] for row in item["fields"] if row["verdict"] == "refused"}
    assert (looked.code, bool(refused)) in ((0, False), (3, True)), looked.err + looked.out[-3000:]
    for address in refused:
        name = address.partition("/")[2]
        world.remove(f"assistants/{name}.yaml")
        del manifests[name]
    found = ran(world, *asked, "--write")
    return {item["address"].partition("/")[2]: item["fields"] for item in found["objects"]}


def escaped_but_references(fields: dict[str, Any]) -> dict[str, Any]:
    """As a manifest has to say it."""
    return {name: value if name == "tool_resources" else escaped(value) for name, value in fields.items()}


def read_back(world: World, ids: dict[str, str]) -> dict[str, dict[str, Any]]:
    """By name, what `import` writes for the objects, once they are nobody's."""
    for path in [*world.root.glob("assistants/*"), *world.root.glob("stores/*"), *world.root.glob("overlays/*")]:
        path.unlink()
    data = yaml.safe_load((world.root / "retinue.yaml").read_text())
    data["environments"]["new"].pop("overlay", None)
    world.write("retinue.yaml", to_yaml(data))
    plan = ran(world, "plan", "-e", "new", "--allow", "incomplete")
    ours = [item["address"] for item in plan["changes"] if not item["address"].startswith("File/")]
    data["removed"] = [{"address": address, "forget": True} for address in ours]
    world.write("retinue.yaml", to_yaml(data))
    assert world.run("apply", "-e", "new", "--auto-approve", "--allow", "incomplete").code == 0
    data.pop("removed")
    world.write("retinue.yaml", to_yaml(data))
    got = world.run("import", "-e", "new")
    assert got.code == 0, got.err
    rendered = world.run("render", "-e", "new", "--format", "json")
    assert rendered.code == 0, rendered.err + got.err
    documents = {item.get("assistant"): item for item in json.loads(rendered.out)}
    found, names = {}, {key: name for name, key in ids.items()}
    for path in world.root.glob("assistants/*.yaml"):
        manifest = yaml.safe_load(path.read_text())
        if (key := manifest["retinue"]["adopt"]["new"]) in names:
            found[names[key]] = documents[manifest["assistant"]]
    return found


def held_to(provider: str, name: str, rows: list[dict[str, Any]], stated: dict[str, Any], live: dict[str, Any]) -> None:
    """What is live is what the rows promise."""
    lost = [row["path"] for row in rows if row["verdict"] == "lost"]
    assert all(row["note"] for row in rows if row["verdict"] != "kept")
    asked, kept = canonical(stated, ASSISTANT), canonical(without(dict(stated), lost), ASSISTANT)
    have = canonical(live, ASSISTANT)
    record = registry.load(provider).capabilities
    hidden = record.unreadable.get(ASSISTANT.name, frozenset())
    for field in ASSISTANT.fields:
        default = ASSISTANT.fields[field].shape.default
        mine = [row for row in rows if split_pointer(row["path"])[0] == field]
        told = {row["verdict"] for row in mine}
        got, want = have.get(field, MISSING), kept.get(field, default)
        where = f"{provider} {name} {field}: {want!r:.300} {got!r:.300} {mine}"
        if not same(asked.get(field, default), default):
            assert told, f"not told: {where}"
        elif default is MISSING:
            continue  # what the service says where nobody asked
        if "made-again" in told:
            assert not same(got, default), where
        elif want is MISSING:
            assert not same(got, asked[field]), where  # the service's own default, or nothing
        elif field not in hidden and "approximated" not in told:
            own_name = field == "name" and same(want, default) and got == name
            assert own_name or same(got, want), where


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_live_is_what_the_report_promised(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    @QUICK
    @given(st.lists(MANIFEST, min_size=5, max_size=8))
    def holds(generated: list[dict[str, Any]]) -> None:
        manifests = {f"a-{number}": fields for number, fields in enumerate(generated)}
        with tempfile.TemporaryDirectory() as folder, opened(Path(folder) / "demo", monkeypatch) as world:
            rows = moved(world, provider, manifests)
            applied = ran(world, "apply", "-e", "new", "--auto-approve")
            assert ran(world, "plan", "-e", "new", "--detailed-exitcode")["outcome"] == "no-changes"
            ids = {
                item["address"].partition("/")[2]: item["remote_id"]
                for item in applied["results"]
                if item["address"].startswith("Assistant/")
            }
            assert ids.keys() == manifests.keys()
            live = read_back(world, ids)
            assert live.keys() == manifests.keys()
            for name, fields in manifests.items():
                stated = {**fields, "model": {"gpt-4o": "one"}.get(fields["model"], fields["model"])}
                held_to(provider, name, rows[name], stated, live[name])

    holds()
