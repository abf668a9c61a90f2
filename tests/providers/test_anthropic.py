"""What is a managed agent's own: losses by value, tools here and there, the lock, patches, dialects of the family."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.canonical import canonical, same
from retinue.core.errors import AuthError, Conflict, NotFound, ServiceError, StaleError
from retinue.core.model import Action, Address, Change, Desired, Json, Live, Obstacle
from retinue.load.validate import validate_extras
from retinue.load.yaml import parse_text
from retinue.providers.anthropic import PROVIDER, AnthropicProvider, Family
from retinue.providers.anthropic.forms import Form
from retinue.providers.anthropic.toolsets import read_tools, write_tools
from retinue.providers.base import Marker, Service, Settings
from retinue.providers.http import in_process
from retinue.providers.wire import Connection
from retinue.schema import with_extras
from retinue_emulator.anthropic import DEPLOYMENT, KIND
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault

MARKER = Marker("p/e/Assistant/one", "1 abcdefgh")
MARKED = {"retinue.address": MARKER.address, "retinue.applied": MARKER.applied}
KINDS = with_extras(PROVIDER.capabilities.kinds, PROVIDER.name, PROVIDER.capabilities.extras)
FORM = Form("anthropic", whole=False)
MODEL = {"id": "claude-opus-5-5", "effort": {"type": "high"}, "speed": "standard", "inference_geo": None}
ALLOW, ASK = {"type": "always_allow"}, {"type": "always_ask"}


def live(**raw: Json) -> Live:
    plain = {"id": "agent_1", "type": "agent", "created_at": "2026-11-30T10:00:00Z", "version": 7, "model": MODEL}
    return FORM.read({**plain, **raw})


def manifest(**spec: Json) -> Desired:
    return Desired("Assistant", {"model": "claude-opus-5-5", **spec}, Address("Assistant", "one"))


def said(**spec: Json) -> list[tuple[str, str | None]]:
    return [(item.code, item.path) for item in PROVIDER.check(manifest(**spec))]


def function(**about: Json) -> Json:
    return {"type": "function", "function": {"name": "f", **about}}


# --- what an agent cannot hold


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"instructions": "x" * 100_000}, []),
        ({"instructions": "x" * 100_001}, [("capability", "/instructions")]),
        *(({"reasoning_effort": level}, []) for level in ("low", "medium", "high", "xhigh", "max")),
        *(({"reasoning_effort": level}, [("capability", "/reasoning_effort")]) for level in ("none", "minimal")),
        ({"tools": [{"type": "web_search"}, {"type": "file_search"}]}, [("capability", "/tools/1")]),
        ({"tools": [{"type": "code_interpreter"}]}, [("approximated", "/tools/0")]),
        ({"tools": [function(description="d")]}, []),
        ({"tools": [function()]}, [("agents-function", "/tools/0/function")]),
        ({"tools": [function(description="d", strict=True)]}, [("capability", "/tools/0/function/strict")]),
        ({"tools": [{"type": "web_search", "search_context_size": "medium"}]}, []),
        (
            {"tools": [{"type": "web_search", "search_context_size": "high"}]},
            [("capability", "/tools/0/search_context_size")],
        ),
        (
            {
                "tools": [function(description="d"), {"type": "mcp", "server_label": "a", "server_url": "https://a.x"}],
                "providers": {
                    "anthropic": {
                        "mcp_servers": [{"name": "b", "url": "https://b.x"}, {"name": "a", "url": "https://c.x"}],
                        "tools": [
                            {"type": "mcp_toolset", "mcp_server_name": "a"},
                            {"type": "agent_toolset_20260401"},
                            {"type": "agent_toolset_20260401"},
                            {"type": "custom", "name": "f", "description": "d", "input_schema": {"type": "object"}},
                        ],
                    }
                },
            },
            [("agents-tool", f"/providers/anthropic/{part}") for part in ("tools/2", "tools/3", "mcp_servers/1")],
        ),
    ],
)
def test_what_an_agent_cannot_hold_is_told_at_its_value(spec: dict[str, Json], expected: list[Any]) -> None:
    assert said(**spec) == expected


# --- tools


@pytest.mark.parametrize(
    ("stated", "sent"),
    [
        (
            [{"type": "web_search"}],
            [{"default_config": {"enabled": False}, "configs": [{"name": "web_search", "enabled": True}]}],
        ),
        (
            [{"type": "code_interpreter"}],
            [
                {
                    "default_config": {"enabled": False},
                    "configs": [
                        {"name": name, "enabled": True} for name in ("bash", "edit", "glob", "grep", "read", "write")
                    ],
                }
            ],
        ),
    ],
)
def test_a_built_in_tool_turns_on_itself_alone(stated: Json, sent: Json) -> None:
    tools, servers = write_tools(stated, None, None)
    assert ([{key: tool[key] for key in ("default_config", "configs")} for tool in tools], servers) == (sent, [])


def test_a_server_and_its_toolset_go_together() -> None:
    tool = {"type": "mcp", "server_label": "wiki", "server_url": "https://w.example.com", "allowed_tools": ["read"]}
    tools, servers = write_tools([tool], None, None)
    assert servers == [{"type": "url", "name": "wiki", "url": "https://w.example.com"}]
    assert tools == [
        {
            "type": "mcp_toolset",
            "mcp_server_name": "wiki",
            "default_config": {"enabled": False},
            "configs": [{"name": "read", "enabled": True}],
        }
    ]


def test_what_only_this_service_has_of_a_tool_is_laid_over_what_the_manifest_says() -> None:
    own = [
        {"type": "agent_toolset_20260401", "default_config": {"enabled": False, "permission_policy": ASK}},
        {"type": "mcp_toolset", "mcp_server_name": "wiki", "default_config": {"permission_policy": ALLOW}},
    ]
    stated = [{"type": "web_search"}, {"type": "mcp", "server_label": "wiki", "server_url": "https://w.example.com"}]
    tools, servers = write_tools(stated, own, None)
    assert [tool["type"] for tool in tools] == ["agent_toolset_20260401", "mcp_toolset"]
    assert tools[0]["default_config"]["permission_policy"] == ASK
    assert tools[0]["configs"] == [{"name": "web_search", "enabled": True}]
    assert (tools[1]["default_config"], len(servers)) == ({"permission_policy": ALLOW}, 1)


NAMES = ("bash", "edit", "glob", "grep", "read", "web_fetch", "web_search", "write")
policies = st.sampled_from([ALLOW, ASK, {"type": "auto"}])
settings = st.fixed_dictionaries({}, optional={"enabled": st.booleans(), "permission_policy": policies})


def _configs(names: Iterable[str]) -> st.SearchStrategy[list[Json]]:
    some = st.fixed_dictionaries({}, optional=dict.fromkeys(names, settings))
    return some.map(lambda by: [{"name": key, **by[key]} for key in by])


def _toolset(names: Iterable[str], **about: Json) -> st.SearchStrategy[Json]:
    stated = {key: st.just(value) for key, value in about.items()}
    return st.fixed_dictionaries(stated, optional={"default_config": settings, "configs": _configs(names)})


def _some(*items: st.SearchStrategy[Json]) -> st.SearchStrategy[list[Json]]:
    """Some of these, each at most once, in any order."""
    return (
        st.tuples(*(st.none() | item for item in items))
        .map(lambda found: [item for item in found if item is not None])
        .flatmap(st.permutations)
    )


own_tools = st.fixed_dictionaries(
    {
        "tools": _some(
            _toolset(NAMES, type="agent_toolset_20260401"),
            *(_toolset(["x", "y"], type="mcp_toolset", mcp_server_name=name) for name in ("a", "b")),
        )
    },
    optional={"mcp_servers": st.just([{"name": "b", "url": "https://b.example.com"}])},
)
portable_tools = _some(
    st.just({"type": "code_interpreter"}),
    st.just({"type": "web_search", "filters": {"allowed_domains": ["b.example", "a.example"]}}),
    st.just({"type": "mcp", "server_label": "a", "server_url": "https://a.example.com"}),
    st.just(
        {"type": "mcp", "server_label": "c", "server_url": "https://c.example.com", "allowed_tools": ["y", "x"]},
    ),
    st.just(function(description="d", parameters={"type": "object", "additionalProperties": False})),
)


@given(portable_tools, own_tools)
def test_what_is_understood_is_what_is_read_back(portable: list[Json], own: dict[str, Json]) -> None:
    """Whatever the manifest says in which of the two places: a plan after its apply would be empty."""
    wanted = FORM.understood(manifest(tools=portable, providers={"anthropic": own}))
    with_defaults = FORM.read({"id": "agent_1", "model": MODEL, **_answered(FORM.create(wanted.spec, MARKER))})
    kind = KINDS["Assistant"]
    want, have = canonical(wanted.spec, kind), canonical(with_defaults.spec, kind)
    assert same(want["tools"], have["tools"])
    assert same(want["providers"], have["providers"])
    again = FORM.understood(Desired("Assistant", wanted.spec, Address("Assistant", "one")))
    assert same(canonical(again.spec, kind), want)


@pytest.mark.parametrize("providers", [{}, {"providers": {"anthropic": {"speed": "fast"}}}], ids=str)
def test_a_manifest_is_understood_to_say_nothing_of_what_it_leaves_out(providers: dict[str, Json]) -> None:
    tool = function(description="d", parameters={"type": "object", "properties": {}})
    spec = {"name": "bot", "model": MODEL["id"], "tools": [tool], **providers}
    assert FORM.understood(manifest(**spec)).spec == spec


def _answered(body: Mapping[str, Any]) -> dict[str, Any]:
    """With each toolset resolved, as the service answers it."""

    def resolved(tool: dict[str, Any]) -> dict[str, Any]:
        if tool["type"] == "custom":
            return tool
        usual = {"enabled": True, "permission_policy": ASK if tool["type"] == "mcp_toolset" else ALLOW}
        usual |= tool.get("default_config") or {}
        return {**tool, "default_config": usual, "configs": [{**usual, **item} for item in tool["configs"]]}

    return {**body, "tools": [resolved(tool) for tool in body.get("tools", ())]}


STRANGE = [
    {"type": "browser_20270101", "mode": "headless"},
    {"type": "agent_toolset_20260401", "configs": [{"name": "paint", "enabled": True}, {"name": "bash", "cpu": 2}]},
    {"type": "custom", "name": "f", "description": "d", "input_schema": {"type": "object"}, "cache": True},
    {"type": 7},
    "text",
]


def test_unknown_tools_and_members_break_no_list_and_stay_through_an_update() -> None:
    servers = [{"type": "stdio", "command": "serve"}, {"type": "url", "name": "a", "url": "https://a", "proxy": "p"}]
    before = live(
        tools=STRANGE, mcp_servers=servers, skills=[{"type": "gist", "url": "u"}], multiagent={"type": "hive"}
    )
    wanted = {"tools": [*before.spec["tools"], {"type": "web_search"}], "providers": {"anthropic": {"speed": "fast"}}}
    assert canonical(before.spec, KINDS["Assistant"])["providers"].keys() <= {"anthropic"}
    body = FORM.update(
        before, {**wanted, "providers": {"anthropic": {**before.spec["providers"]["anthropic"]}}}, MARKER
    )
    by_type = {str(tool["type"]): tool for tool in body["tools"]}
    assert by_type["browser_20270101"]["mode"] == "headless"
    assert {"name": "paint", "enabled": True} in by_type["agent_toolset_20260401"]["configs"]
    assert by_type["custom"]["cache"] is True
    assert "multiagent" not in body and "skills" not in body and "mcp_servers" not in body


# --- requests


def test_an_update_sends_what_differs_a_patch_of_the_metadata_and_the_version() -> None:
    before = live(name="A", system="S", metadata={"team": "x", "old": "y", **MARKED})
    assert FORM.update(before, {"name": "B", "metadata": {"team": "z"}}, MARKER) == {
        "name": "B",
        "metadata": {"team": "z", "old": None},
        "version": 7,
    }
    assert FORM.update(before, {}, None)["metadata"] == dict.fromkeys(MARKED)


@pytest.mark.parametrize(
    ("fields", "at_default", "model"),
    [
        ({"model": "claude-sonnet-5"}, (), {"id": "claude-sonnet-5", "effort": "high"}),
        ({"model": "claude-sonnet-5"}, ("reasoning_effort",), {"id": "claude-sonnet-5"}),
        ({"model": "claude-sonnet-5", "reasoning_effort": "max"}, (), {"id": "claude-sonnet-5", "effort": "max"}),
        ({"reasoning_effort": "low"}, (), {"id": "claude-opus-5-5", "effort": "low"}),
        ({"reasoning_effort": None}, ("reasoning_effort",), {"id": "claude-opus-5-5", "effort": None}),
        ({"providers": {"anthropic": {"speed": "fast"}}}, (), {"id": "claude-opus-5-5", "speed": "fast"}),
    ],
)
def test_a_model_goes_with_all_that_would_be_lost_otherwise(fields: Any, at_default: Any, model: Any) -> None:
    assert FORM.update(live(), fields, MARKER, at_default)["model"] == model
    assert FORM.update(live(model={**MODEL, "tier": "x"}), fields, MARKER, at_default)["model"] == {
        "tier": "x",
        **model,
    }


def test_without_a_version_there_is_no_write() -> None:
    with pytest.raises(ServiceError, match="without its version"):
        FORM.update(live(version=None), {"name": "B"}, MARKER)


def test_abilities_are_sent_whole_because_the_service_merges_them() -> None:
    stated = {"anthropic": {"multiagent": {"type": "multiagent_20261001", "advisor": None}}}
    enabled = {"type": "enabled", "inline_agents": {"type": "enabled"}, "predefined_agents": []}
    assert FORM.create({"model": "m", "providers": stated}, MARKER)["multiagent"] == {
        "type": "multiagent_20261001",
        "advisor": {"type": "disabled"},
        "subagents": enabled,
        "workflows": enabled,
    }


def test_an_agent_in_its_own_roster_is_read_as_itself() -> None:
    roster = [{"type": "agent", "id": "agent_1", "version": 7}, {"type": "agent", "id": "agent_2", "version": 1}]
    held = live(multiagent={"type": "coordinator", "agents": roster}).spec["providers"]["anthropic"]["multiagent"]
    assert held["agents"] == [{"type": "self"}, roster[1]]


@pytest.mark.parametrize(
    "model", ["claude-opus-5-5", {"id": "claude-opus-5-5"}, {"id": "claude-opus-5-5", "effort": "max"}]
)
def test_a_model_is_read_in_each_form(model: Json) -> None:
    effort = model.get("effort") if isinstance(model, dict) else None
    assert (live(model=model).spec["model"], live(model=model).spec["reasoning_effort"]) == ("claude-opus-5-5", effort)


def test_the_workspace_travels_as_a_header() -> None:
    bound = PROVIDER.configured(Settings("https://api.anthropic.com", {"workspace": "wrkspc_1"})).provider
    seen: dict[str, str] = {}

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.update({key: str(value) for key, value in environ.items()})
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"data": [], "next_page": null}']

    key = PROVIDER.capabilities.auth.headers("env", "k")
    service = bound.connect(Connection("http://x", key, transport=in_process(app)))
    assert list(service.list("Assistant")) == []
    service.close()
    names = ("ANTHROPIC_WORKSPACE_ID", "X_API_KEY", "ANTHROPIC_VERSION", "ANTHROPIC_BETA")
    sent = [seen[f"HTTP_{name}"] for name in names]
    assert sent == ["wrkspc_1", "k", "2023-06-01", "managed-agents-2026-04-01"]
    assert PROVIDER.capabilities.auth.headers("command", "t") == {"Authorization": "Bearer t"}


def test_a_list_that_does_not_say_if_it_goes_on_is_no_list() -> None:
    def app(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"data": [{"id": f"agent_{n}"} for n in range(100)]}).encode()]

    service = PROVIDER.connect(Connection("http://x", transport=in_process(app)))
    with pytest.raises(ServiceError, match="shape"):
        list(service.list("Assistant"))
    service.close()


# --- deployments


class Agents:
    """An emulator with an agent of ours that a deployment may run."""

    def __init__(self, emulator: Emulator, service: Service) -> None:
        self.emulator, self.service = emulator, service
        self.made = service.create("Assistant", {"name": "one", "model": "claude-opus-5-5"}, MARKER)

    def deployed(self, **members: Json) -> str:
        agent = {"id": self.made.remote_id}
        return self.emulator.seed({"object": DEPLOYMENT, "name": "Nightly", "agent": agent, **members})

    def listed(self) -> Live:
        (found,) = (item for item in self.service.list("Assistant") if item.remote_id == self.made.remote_id)
        return found

    def requests(self) -> list[str]:
        return [item for item in map(str, self.emulator.requests) if "/deployments" in item]


@pytest.fixture
def agents() -> Iterator[Agents]:
    emulator = Emulator(":memory:")
    key = PROVIDER.capabilities.auth.headers("env", "k")
    service = PROVIDER.connect(Connection("http://emulator/anthropic", key, transport=in_process(emulator)))
    yield Agents(emulator, service)
    service.close()
    emulator.close()


def removing(found: Live, *, orphan: bool = True) -> Obstacle | None:
    change = Change(Address("Assistant", "one"), Action.DELETE, "orphan", found.remote_id, orphan=orphan)
    return PROVIDER.obstacle(change, found)


def test_what_a_deployment_runs_is_said_and_not_removed(agents: Agents) -> None:
    key = agents.deployed()
    agents.deployed(name="Archived", archived_at="2026-11-01T00:00:00Z")
    agents.deployed(name="Paused", status="paused")
    found = agents.listed()
    assert found.users == (
        f"deployment “Nightly” {key}, which stays on version 1",
        found.users[1] if found.users else "",
    )
    assert "Paused" in found.users[1] and "(paused)" in found.users[1]
    for orphan in (True, False):
        blocked = removing(found, orphan=orphan)
        assert blocked is not None and blocked.code == "in-use" and "Nightly" in blocked.message
        assert blocked.message == f"it is run by {', '.join(found.users)}"
    with pytest.raises(StaleError, match=f"{found.remote_id} is run by deployment .Nightly.*Paused"):
        agents.service.delete("Assistant", found.remote_id)
    assert agents.emulator.store.get(KIND, found.remote_id) and agents.listed()


def test_deployments_are_listed_once_and_only_for_agents_of_ours(agents: Agents) -> None:
    for _ in range(3):
        agents.listed()
    assert len(agents.requests()) == 1
    emulator = agents.emulator
    emulator.store.clear()
    emulator.requests.clear()
    emulator.seed({"object": KIND, "name": "theirs"})
    key = PROVIDER.capabilities.auth.headers("env", "k")
    other = PROVIDER.connect(
        Connection("http://emulator/anthropic", key, transport=in_process(emulator), ours=("q/e/",))
    )
    assert len(list(other.list("Assistant"))) == 1
    other.close()
    assert agents.requests() == []


@pytest.mark.parametrize("status", [400, 403, 404])
def test_where_deployments_cannot_be_read_only_what_nobody_asked_for_is_blocked(agents: Agents, status: int) -> None:
    agents.emulator.faults.on("/deployments", Fault("status", status), times=None)
    found = agents.listed()
    assert found.users is None
    blocked = removing(found)
    assert blocked is not None and any("removed: [Assistant/one]" in way for way in blocked.remedies)
    assert removing(found, orphan=False) is None
    (note,) = agents.service.resolve([]).diagnostics  # type: ignore[attr-defined]
    assert (note.code, note.severity) == ("deployments-unread", "warning")
    agents.service.delete("Assistant", found.remote_id)
    assert agents.service.get("Assistant", found.remote_id) is None


# --- a dialect of the family: all is replaced, a version is a must, a delete deletes


class Whole:
    """A small service of that kind."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/api/v1/cloud/agents").strip("/")
        text = environ["wsgi.input"].read()
        status, body = self._answer(method, path, json.loads(text) if text else {})
        if environ.get("HTTP_AUTHORIZATION") != "Bearer k" or environ.get("HTTP_X_DIALECT") != "1":
            status, body = 401, {}
        start_response(f"{status} X", [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    def _answer(self, method: str, key: str, sent: dict[str, Any]) -> tuple[int, Any]:
        if not key and method == "GET":
            return 200, {"data": list(self.held.values()), "next_page": None}
        if not key:
            key = f"agent_{len(self.held)}"
            self.held[key] = {"id": key, "created_at": "2026-11-30T10:00:00Z", "version": 1, **sent}
            return 200, self.held[key]
        if key not in self.held:
            return 404, {}
        if method == "DELETE":
            return 200, self.held.pop(key)
        before = self.held[key]
        if method == "POST":
            if "version" not in sent:
                return 400, {"error": {"message": "version is needed"}}
            if sent["version"] != before["version"]:
                return 409, {}
            kept = {name: before[name] for name in ("id", "created_at")}
            self.held[key] = {**sent, **kept, "version": before["version"] + 1}
        return 200, self.held[key]


DIALECT = AnthropicProvider(
    Family(
        name="dialect",
        title="A dialect",
        endpoint="https://dialect.example.com",
        agents="api/v1/cloud/agents",
        deployments="",
        headers={"x-dialect": "1"},
        key_variable="DIALECT_KEY",
        auth=type(PROVIDER.capabilities.auth)(),
        whole=True,
        removal="",
    )
)


def test_a_dialect_that_replaces_all_is_a_record() -> None:
    world = Whole()
    service = DIALECT.connect(
        Connection("http://x", DIALECT.capabilities.auth.headers("env", "k"), transport=in_process(world))
    )
    spec = {
        "name": "one",
        "model": "m",
        "reasoning_effort": "low",
        "instructions": "Be kind.",
        "tools": [{"type": "web_search"}],
        "metadata": {"team": "x"},
        "providers": {"dialect": {"speed": "fast"}},
    }
    made = service.create("Assistant", spec, MARKER)
    assert (made.spec["providers"]["dialect"]["speed"], made.users) == ("fast", ())
    world.held[made.remote_id]["theirs"] = {"a": 1}
    read = service.get("Assistant", made.remote_id)
    assert read is not None
    after = service.update(read, {"instructions": None, "metadata": {"team": "y"}}, MARKER)
    raw = world.held[made.remote_id]
    assert (raw["theirs"], raw["model"]) == ({"a": 1}, {"id": "m", "effort": "low", "speed": "fast"})
    assert (raw["metadata"], "system" in raw) == ({"team": "y", **MARKED}, False)
    assert after.spec["tools"] == [{"type": "web_search"}]
    with pytest.raises(Conflict):
        service.update(read, {"name": "two"}, MARKER)
    assert [item.remote_id for item in service.list("Assistant")] == [made.remote_id]
    service.delete("Assistant", made.remote_id)
    assert (service.get("Assistant", made.remote_id), world.held) == (None, {})
    with pytest.raises(NotFound):
        service.update(read, {"name": "two"}, MARKER)
    service.close()
    wrong = DIALECT.connect(Connection("http://x", {"Authorization": "Bearer other"}, transport=in_process(world)))
    with pytest.raises(AuthError):
        list(wrong.list("Assistant"))
    wrong.close()


# --- the block


@pytest.mark.parametrize(
    ("block", "path"),
    [
        ("{speed: fast}", None),
        ("{sped: fast}", "/sped"),
        ("{tools: [{type: browser}]}", "/tools/0/type"),
        (
            "{tools: [{type: agent_toolset_20260401, configs: [{name: bash, for: me}]}]}",
            "/tools/0/configs/0/for",
        ),
        ("{mcp_servers: [{name: a, url: 'https://me:pw@a.example'}]}", "/mcp_servers/0/url"),
        ("{skills: [{type: anthropic}]}", "/skills/0"),
        ("{multiagent: {type: coordinator, agents: []}}", "/multiagent/agents"),
        ("{multiagent: {type: coordinator, agents: [agent_1, {type: self}, {type: advisor, model: m}]}}", None),
        ("{execution_identity: {type: aws_role}}", "/execution_identity"),
    ],
)
def test_the_block_is_checked_by_its_schema_at_its_line(block: str, path: str | None) -> None:
    (document,) = parse_text(f"assistant: one\nmodel: m\nproviders: {{anthropic: {block}}}\n", "a.yaml").documents
    extras = lambda _name, kind: PROVIDER.capabilities.extras[kind]  # noqa: E731
    found = validate_extras(KINDS["Assistant"], document.value, Address("Assistant", "one"), extras)
    assert [item.path for item in found] == ([] if path is None else [f"/providers/anthropic{path}"])
    assert all(item.place is not None and item.place.line == 3 for item in found)


ANYTHING: tuple[Any, ...] = (None, {}, "x", [None, 1, {"type": "mcp_toolset"}], [{"type": "custom", "name": {"a": 1}}])


def test_tools_read_from_anything_are_lists() -> None:
    for raw in ANYTHING:
        assert all(isinstance(part, list) for part in read_tools(raw, raw))
