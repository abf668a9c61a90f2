"""Anthropic's Managed Agents: versions and their lock, patches, defaults, the archive, lists, refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from retinue_emulator.anthropic import PINNED
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour, Fault

from .client import Clock, good

HEADERS = {"x-api-key": "k", "anthropic-version": "2023-06-01", "anthropic-beta": "managed-agents-2026-04-01"}
MODEL = "claude-opus-5-5"
WIKI = {"type": "url", "name": "wiki", "url": "https://wiki.example.com/mcp"}
TOOLSET = {"type": "mcp_toolset", "mcp_server_name": "wiki"}
LOOK_UP = {"type": "custom", "name": "look_up", "description": "Looks it up.", "input_schema": {"type": "object"}}


class Api:
    """A client of an emulator in process; every answer as it came."""

    def __init__(self, emulator: Emulator, client: httpx.Client) -> None:
        self.emulator, self.client = emulator, client

    def post(self, path: str = "", **body: Any) -> httpx.Response:
        return self.client.post(f"agents{path}", json=body)

    def get(self, path: str = "", **query: Any) -> httpx.Response:
        return self.client.get(f"agents{path}", params=query)

    def made(self, **body: Any) -> dict[str, Any]:
        return good(self.post(**{"name": "A", "model": MODEL, **body}))

    def updated(self, agent: dict[str, Any], **body: Any) -> dict[str, Any]:
        return good(self.post(f"/{agent['id']}", **body))

    def ids(self, path: str = "", **query: Any) -> list[str]:
        """Of all pages."""
        found, page = [], None
        while True:
            answer = good(self.get(path, **query, **({"page": page} if page else {})))
            found += [agent["id"] for agent in answer["data"]]
            page = answer["next_page"]
            if page is None:
                return found


Make = Callable[..., Api]


@pytest.fixture
def managed(clock: Clock) -> Iterator[Make]:
    with ExitStack() as stack:

        def build(**behaviour: Any) -> Api:
            emulator = Emulator(":memory:", Behaviour(**behaviour), now=clock.now, sleep=clock.sleep)
            stack.callback(emulator.close)
            transport = httpx.WSGITransport(app=emulator)
            base = "http://emulator/anthropic/v1/"
            return Api(emulator, stack.enter_context(httpx.Client(transport=transport, base_url=base, headers=HEADERS)))

        yield build


@pytest.fixture
def api(managed: Make) -> Api:
    return managed()


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and type; the envelope has the number of the request."""
    document = response.json()
    assert document.keys() == {"type", "error", "request_id"} and document["type"] == "error"
    assert document["error"].keys() == {"type", "message"} and document["error"]["message"]
    assert document["request_id"] == response.headers["request-id"] != ""
    return response.status_code, document["error"]["type"]


INVALID = (400, "invalid_request_error")


# --- versions


def test_a_create_answers_defaults_and_version_1(api: Api, clock: Clock) -> None:
    agent = api.made(
        tools=[{"type": "agent_toolset_20260401", "configs": [{"name": "bash", "enabled": False}]}, TOOLSET],
        mcp_servers=[WIKI],
        skills=[{"type": "anthropic", "skill_id": "xlsx"}],
    )
    allow, ask = ({"enabled": True, "permission_policy": {"type": kind}} for kind in ("always_allow", "always_ask"))
    bash = {"name": "bash", "type": "bash", "enabled": False, "permission_policy": {"type": "always_allow"}}
    assert agent == {
        "id": agent["id"],
        "type": "agent",
        "version": 1,
        "name": "A",
        "description": None,
        "system": None,
        "model": {"id": MODEL, "effort": {"type": "high"}, "speed": "standard", "inference_geo": None},
        "tools": [
            {"type": "agent_toolset_20260401", "default_config": allow, "configs": [bash]},
            {**TOOLSET, "default_config": ask, "configs": []},
        ],
        "mcp_servers": [WIKI],
        "skills": [{"type": "anthropic", "skill_id": "xlsx", "version": PINNED}],
        "metadata": {},
        "multiagent": None,
        "execution_identity": {"type": "service_account"},
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:20Z",
        "archived_at": None,
    }
    assert good(api.get(f"/{agent['id']}", beta="true")) == agent


def test_each_change_raises_the_version_and_every_version_can_be_read(api: Api) -> None:
    first = api.made(system="Teach.")
    second = api.updated(first, version=1, system="Coach.")
    third = api.updated(second, version=2, name="B")
    assert (second["version"], third["version"], third["system"]) == (2, 3, "Coach.")
    path = f"/{first['id']}"
    assert [good(api.get(path, version=number)) for number in (1, 2, 3)] == [first, second, third]
    assert refusal(api.get(path, version=4)) == (404, "not_found_error")
    assert [refusal(api.get(path, version=text)) for text in ("0", "-1", "x", "")] == [INVALID] * 4
    versions = good(api.get(f"{path}/versions", limit=2))
    assert [agent["version"] for agent in versions["data"]] == [3, 2]
    rest = good(api.get(f"{path}/versions", limit=2, page=versions["next_page"]))
    assert ([agent["version"] for agent in rest["data"]], rest["next_page"]) == ([1], None)


def test_a_version_that_is_sent_locks_and_one_that_is_not_sent_does_not(api: Api) -> None:
    agent = api.made()
    api.updated(agent, name="B")
    assert refusal(api.post(f"/{agent['id']}", version=1, name="C")) == (409, "invalid_request_error")
    assert good(api.get(f"/{agent['id']}"))["name"] == "B"
    assert api.updated(agent, version=2, name="C")["version"] == 3
    for wrong in (None, 0, "2", 2.0, True):
        assert refusal(api.post(f"/{agent['id']}", version=wrong, name="D")) == INVALID


@pytest.mark.parametrize(("noop", "version"), [("same", 1), ("version", 2)])
def test_an_update_that_changes_nothing(managed: Make, clock: Clock, noop: str, version: int) -> None:
    api = managed(managed_noop=noop)
    agent = api.made(metadata={"a": "1"}, tools=[LOOK_UP], skills=[{"type": "custom", "skill_id": "s"}])
    clock.sleep(5)
    again = api.updated(agent, version=1, metadata={"a": "1", "b": None}, tools=[LOOK_UP], model=MODEL, system="")
    assert again["version"] == version
    assert (again["updated_at"] == agent["updated_at"]) == (version == 1)


# --- what an update does


def test_an_update_keeps_what_it_omits_and_null_or_nothing_clears(api: Api) -> None:
    full = {"system": "S", "description": "D", "tools": [LOOK_UP], "skills": [{"type": "custom", "skill_id": "s"}]}
    for clear in (
        {"system": None, "description": None, "tools": None, "skills": None, "execution_identity": None},
        {"system": "", "description": "", "tools": [], "skills": []},
    ):
        agent = api.made(**full, execution_identity={"type": "aws_role", "role_arn": "arn"})
        assert api.updated(agent, name="B") == {**agent, "name": "B", "version": 2}
        cleared = api.updated(agent, **clear)
        assert [cleared[name] for name in full] == [None, None, [], []]
    assert cleared["execution_identity"]["type"] == "aws_role"


def test_metadata_is_a_patch_and_null_deletes_a_key(api: Api) -> None:
    agent = api.made(metadata={"a": "1", "b": "2"})
    assert api.updated(agent, metadata={"b": None, "c": ""})["metadata"] == {"a": "1", "c": ""}
    assert api.updated(agent, metadata=None)["metadata"] == {"a": "1", "c": ""}
    assert refusal(api.post(f"/{agent['id']}", metadata={str(number): "" for number in range(15)})) == INVALID
    swapped = {**{str(number): "" for number in range(15)}, "a": None}
    assert len(api.updated(agent, metadata=swapped)["metadata"]) == 16


@pytest.mark.parametrize(("rule", "moved"), [("reset", "high"), ("kept", "low")])
def test_an_effort_that_is_left_out_stays_with_its_model(managed: Make, rule: str, moved: str) -> None:
    api = managed(managed_effort=rule)
    agent = api.made(model={"id": MODEL, "effort": "low", "speed": "fast", "inference_geo": "eu"})
    same = api.updated(agent, model=MODEL)["model"]
    assert same == {"id": MODEL, "effort": {"type": "low"}, "speed": "standard", "inference_geo": None}
    assert api.updated(agent, model={"id": "claude-haiku-5-5"})["model"]["effort"] == {"type": moved}
    assert api.updated(agent, model={"id": MODEL, "effort": {"type": "max"}})["model"]["effort"] == {"type": "max"}


def test_unknown_members_and_tools_that_lie_there_stay(api: Api) -> None:
    odd = {"type": "browser_toolset", "x": 1}
    key = api.emulator.seed({"object": "anthropic.agent", "tools": [odd], "colour": "red", "version": 7})
    agent = good(api.post(f"/{key}", version=7, name="B"))
    assert (agent["tools"], agent["colour"], agent["version"]) == ([odd], "red", 8)


# --- agents that name agents


def test_a_roster_pins_versions_and_does_not_follow_its_members(api: Api) -> None:
    member = api.made()
    chief = api.made(multiagent={"type": "coordinator", "agents": [member["id"], {"type": "self"}]})
    pins = [{"type": "agent", "id": agent["id"], "version": 1} for agent in (member, chief)]
    assert chief["multiagent"] == {"type": "coordinator", "agents": pins}
    api.updated(member, name="B")
    assert api.updated(chief, name="C")["multiagent"]["agents"] == pins
    assert api.updated(chief, multiagent={"type": "coordinator", "agents": [member["id"]]})["multiagent"]["agents"] == [
        {**pins[0], "version": 2}
    ]
    api.post(f"/{member['id']}/archive")
    assert good(api.get(f"/{chief['id']}"))["multiagent"]["agents"][0]["id"] == member["id"]
    for entry in (member["id"], "agent_nowhere", {"type": "agent", "id": "agent_nowhere", "version": 1}):
        assert refusal(api.post(f"/{chief['id']}", multiagent={"type": "coordinator", "agents": [entry]})) == INVALID
    assert api.updated(chief, multiagent=None)["multiagent"] is None


@pytest.mark.parametrize(("rule", "advisor"), [("merged", "enabled"), ("replaced", "disabled")])
def test_a_multiagent_of_the_stored_type_is_merged_level_by_level(managed: Make, rule: str, advisor: str) -> None:
    api = managed(managed_multiagent=rule)
    kind = {"type": "multiagent_20261001"}
    off = {"type": "disabled"}
    agent = api.made(multiagent={**kind, "advisor": {"type": "enabled", "model": MODEL}, "workflows": off})
    enabled = {"type": "enabled", "inline_agents": {"type": "enabled"}, "predefined_agents": []}
    assert (agent["multiagent"]["subagents"], agent["multiagent"]["workflows"]) == (enabled, off)
    changed = api.updated(agent, multiagent={**kind, "workflows": None, "subagents": off})["multiagent"]
    assert (changed["advisor"]["type"], changed["workflows"], changed["subagents"]) == (advisor, enabled, off)


# --- the archive


@pytest.mark.parametrize("status", [400, 409, 412])
def test_an_archived_agent_is_read_only_for_good(managed: Make, clock: Clock, status: int) -> None:
    api = managed(managed_archived=status)
    agent, other = api.made(), api.made()
    clock.sleep(1)
    archived = good(api.post(f"/{agent['id']}/archive"))
    assert archived == {**agent, "archived_at": "2023-11-14T22:13:21Z"}
    assert refusal(api.post(f"/{agent['id']}", name="B"))[0] == status
    assert refusal(api.post(f"/{agent['id']}", version=1, archived_at=None))[0] == 400
    clock.sleep(1)
    assert good(api.post(f"/{agent['id']}/archive")) == archived == good(api.get(f"/{agent['id']}"))
    assert api.ids() == [other["id"]]
    assert api.ids(include_archived="true") == [other["id"], agent["id"]]
    assert api.client.delete(f"agents/{agent['id']}").status_code == 405


def test_a_second_archive_may_be_refused_and_one_of_nothing_is(managed: Make) -> None:
    api = managed(managed_rearchive="refused")
    path = f"/{api.made()['id']}/archive"
    good(api.post(path))
    assert refusal(api.post(path)) == INVALID
    assert refusal(api.post("/agent_nowhere/archive")) == (404, "not_found_error")


def test_an_archive_pauses_the_deployments_that_run_the_agent(api: Api) -> None:
    agent, other = api.made(), api.made()
    for key, one in {"a": agent, "b": other, "c": agent}.items():
        api.emulator.seed({"object": "anthropic.deployment", "id": key, "agent": {"id": one["id"]}})
    api.emulator.seed(
        {
            "object": "anthropic.deployment",
            "id": "old",
            "agent": {"id": agent["id"]},
            "archived_at": agent["created_at"],
        }
    )

    def of(**query: str) -> dict[str, Any]:
        return {one["id"]: one for one in good(api.client.get("deployments", params=query))["data"]}

    assert (set(of()), set(of(agent_id=agent["id"]))) == ({"a", "b", "c"}, {"a", "c"})
    assert of(agent_id=agent["id"], include_archived="true").keys() == {"a", "c", "old"}
    assert of()["a"]["agent"] == {"type": "agent", "id": agent["id"], "version": 1}
    api.updated(agent, name="B")
    assert of()["a"]["agent"]["version"] == 1
    api.post(f"/{agent['id']}/archive")
    assert {key: one["status"] for key, one in of().items()} == {"a": "paused", "b": "active", "c": "paused"}
    assert of()["a"]["paused_reason"] == {"type": "error", "error": {"type": "agent_archived_error"}}


# --- lists


def test_a_list_is_paged_by_tokens_and_filtered_by_time(api: Api, clock: Clock) -> None:
    made = []
    for _ in range(5):
        made.append(api.made()["id"])
        clock.sleep(10)
    assert api.ids(limit=2) == made[::-1]
    page = good(api.get(limit=2))
    assert page.keys() == {"data", "next_page"} and made[3] not in page["next_page"]
    bounds = {"created_at[gte]": "2023-11-14T22:13:30Z", "created_at[lte]": "2023-11-14T23:13:50+01:00"}
    assert api.ids(limit=2, **bounds) == made[3:0:-1]
    wrong: list[dict[str, Any]] = [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"page": "page"}, {"page": "00ff"}]
    for query in (*wrong, {"created_at[gte]": "yesterday"}, {"page": made[0].encode().hex()[:-2]}):
        assert refusal(api.get(**query)) == INVALID, query


def test_a_list_may_lag_and_may_repeat_or_miss(managed: Make) -> None:
    api = managed(lag_lists=1)
    key = api.made()["id"]
    assert (api.ids(), api.ids()) == ([], [key])
    second = api.made()["id"]
    api.ids()
    api.emulator.faults.on("GET /anthropic", Fault("repeat"), after=1)
    assert api.ids(limit=1) == [second, second, key]


# --- refusals


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x" * 257},
        {"name": None},
        {"model": None},
        {"model": {"effort": "low"}},
        {"model": {"id": MODEL, "effort": "none"}},
        {"model": {"id": MODEL, "temperature": 1}},
        {"system": "x" * 100_001},
        {"description": "x" * 2049},
        {"temperature": 0.2},
        {"metadata": {str(number): "" for number in range(17)}},
        {"metadata": {"k": "v" * 513}},
        {"metadata": {"k" * 65: ""}},
        {"metadata": {"k": None}},
        {"metadata": None},
        {"tools": None},
        {"tools": [LOOK_UP] * 257},
        {"tools": [{"type": "bash"}]},
        {"tools": [{**LOOK_UP, "description": ""}]},
        {"tools": [{**LOOK_UP, "description": "x" * 1025}]},
        {"tools": [{**LOOK_UP, "strict": True}]},
        {"tools": [{**LOOK_UP, "input_schema": {}}]},
        {"tools": [{"type": "agent_toolset_20260401", "configs": [{"name": "sleep"}]}]},
        {"tools": [TOOLSET]},
        {"mcp_servers": [WIKI]},
        {"mcp_servers": [WIKI, WIKI], "tools": [TOOLSET]},
        {"mcp_servers": [{**WIKI, "token": "t"}], "tools": [TOOLSET]},
        {"skills": [{"type": "custom"}]},
        {"skills": [{"type": "custom", "skill_id": "s"}] * 21},
        {"multiagent": {"type": "swarm"}},
        {"multiagent": {"type": "coordinator", "agents": ["agent_nowhere"]}},
        {"multiagent": {"type": "coordinator", "agents": [{"type": "agent"}]}},
        {"multiagent": {"type": "coordinator", "agents": [5]}},
        {"multiagent": {"type": "coordinator", "agents": [{"type": "agent", "id": {}}]}},
        {"multiagent": {"type": "multiagent_20261001", "subagents": {"type": "enabled", "predefined_agents": [None]}}},
        {"execution_identity": {"type": "root"}},
    ],
    ids=str,
)
def test_what_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert refusal(api.post(**{"name": "A", "model": MODEL, **body})) == INVALID
    assert api.ids() == []


def test_limits_hold_for_what_an_update_leaves_together(managed: Make) -> None:
    api = managed(managed_tools=128)
    agent = api.made(tools=[TOOLSET], mcp_servers=[WIKI])
    wrong: list[dict[str, Any]] = [{"tools": []}, {"mcp_servers": None}, {"tools": [TOOLSET, *[LOOK_UP] * 128]}]
    for body in wrong:
        assert refusal(api.post(f"/{agent['id']}", **body)) == INVALID
    assert api.updated(agent, tools=None, mcp_servers=None)["tools"] == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"x-api-key": None}, (401, "authentication_error")),
        ({"x-api-key": None, "Authorization": "Bearer k"}, None),
        ({"x-api-key": "wrong"}, (401, "authentication_error")),
        ({"anthropic-version": None}, INVALID),
        ({"anthropic-version": "2024-01-01"}, INVALID),
        ({"anthropic-version": "2026-10-21"}, None),
        ({"anthropic-beta": None}, INVALID),
        ({"anthropic-beta": "files-api-2025-04-14, managed-agents-2026-04-01"}, None),
        ({"anthropic-workspace-id": "wrkspc_b"}, (403, "permission_error")),
        ({"anthropic-workspace-id": None}, (403, "permission_error")),
    ],
    ids=str,
)
def test_what_each_request_needs(
    managed: Make, change: dict[str, str | None], expected: tuple[int, str] | None
) -> None:
    api = managed(api_key="k", workspace="wrkspc_a")
    headers = {**HEADERS, "anthropic-workspace-id": "wrkspc_a", **change}
    api.client.headers = httpx.Headers({name: value for name, value in headers.items() if value is not None})
    response = api.get()
    assert (refusal(response) if expected else response.status_code) == (expected or 200)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("status", 429, hint="seconds"), (429, "rate_limit_error")),
        (Fault("status", 500), (500, "api_error")),
        (Fault("status", 504), (504, "timeout_error")),
        (Fault("status", 403), (403, "permission_error")),
    ],
)
def test_a_fault_comes_in_the_envelope(api: Api, fault: Fault, expected: tuple[int, str]) -> None:
    api.emulator.faults.on("GET", fault)
    assert refusal(api.get()) == expected
    assert refusal(api.client.get("nowhere")) == (404, "not_found_error")
    assert refusal(api.client.post("agents", content="{")) == INVALID
