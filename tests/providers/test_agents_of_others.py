"""What an agent holds that a manifest has no word for stays; what cannot be read is never taken for absent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from retinue.core.errors import AuthError, Rejected, ServiceError
from retinue.core.model import Action, Address, Change, Desired, Json, Live, Obstacle
from retinue.core.problem import shown
from retinue.load.validate import validate_extras, validate_manifest
from retinue.load.yaml import parse_text
from retinue.providers.anthropic import PROVIDER as ANTHROPIC
from retinue.providers.anthropic.forms import Form
from retinue.providers.base import Marker, Provider, Service
from retinue.providers.foundry import PROVIDER as FOUNDRY
from retinue.providers.http import in_process
from retinue.providers.openai_agents import PROVIDER as OPENAI
from retinue.providers.openai_agents.forms import to_live, update_body
from retinue.providers.wire import Connection
from retinue.schema import with_extras
from retinue_emulator.anthropic import KIND
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Fault

MARKER = Marker("p/e/Assistant/one", "1 abcdefgh")
FORM = Form("anthropic", whole=False)
MODEL = {"id": "claude-opus-5-5", "effort": {"type": "high"}, "speed": "standard", "inference_geo": None}


def managed(**raw: Json) -> Live:
    plain = {"id": "agent_1", "type": "agent", "created_at": "2026-11-30T10:00:00Z", "version": 7, "model": MODEL}
    return FORM.read({**plain, **raw})


def agent(**raw: Json) -> Live:
    return to_live({"id": "agent_1", "object": "agent", "created_at": 1, "model": "gpt-5", **raw})


def own(live: Live, name: str, **members: Json) -> dict[str, Json]:
    return {"providers": {name: {**live.spec["providers"][name], **members}}}


# --- members that nobody knows yet


@pytest.mark.parametrize(
    ("part", "held", "fields"),
    [
        ("reasoning", {"effort": "low", "context": "all"}, {"reasoning_effort": "high"}),
        ("text", {"format": {"type": "text"}, "tone": "dry"}, {"text": {"verbosity": "low"}}),
        ("multi_agent", {"enabled": False, "style": "calm"}, {"multi_agent": {"enabled": True}}),
        ("compaction", {"async": False, "threshold": 7}, {"compaction": {"async": True}}),
    ],
)
def test_openai_may_replace_a_part_so_its_unknown_members_go_along(part: str, held: Any, fields: Any) -> None:
    before = agent(**{part: held})
    (strange,) = held.keys() - {"effort", "format", "enabled", "async"}
    wanted = fields if "reasoning_effort" in fields else own(before, "openai-agents", **fields)
    sent = update_body(before, wanted, MARKER)[part]
    assert sent[strange] == held[strange] and sent.keys() - {strange}
    assert part not in update_body(before, {"name": "B"}, MARKER)


def test_the_unknown_members_of_a_format_stay_as_long_as_it_is_of_that_type() -> None:
    before = agent(text={"format": {"type": "json_schema", "schema": {}, "grammar": "g"}, "verbosity": "medium"})
    stated = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    found = update_body(before, {"response_format": stated}, MARKER)["text"]["format"]
    assert found == {"type": "json_schema", "schema": {"type": "object"}, "grammar": "g"}
    assert update_body(before, {"response_format": "auto"}, MARKER)["text"]["format"] == {"type": "text"}


def test_anthropic_replaces_parts_so_their_unknown_members_go_along() -> None:
    before = managed(
        skills=[
            {"type": "anthropic", "skill_id": "xlsx", "version": "1", "hint": "h"},
            {"type": "gist", "url": "u"},
            {"type": "gist", "url": "v"},
        ],
        execution_identity={"type": "aws_role", "role_arn": "a", "external_id": "e"},
        multiagent={"type": "coordinator", "agents": [{"type": "self"}], "budget": 3},
        tools=[{"type": "agent_toolset_20260401", "default_config": {"enabled": False, "hush": True}, "configs": []}],
    )
    assert before.spec["providers"]["anthropic"]["skills"] == [
        {"type": "anthropic", "skill_id": "xlsx", "version": "1"}
    ]
    block = own(
        before,
        "anthropic",
        skills=[{"type": "anthropic", "skill_id": "xlsx", "version": "2"}],
        execution_identity={"type": "aws_role", "role_arn": "b"},
        multiagent={"type": "coordinator", "agents": ["agent_2"]},
    )
    body = FORM.update(before, {**block, "tools": [*before.spec["tools"], {"type": "web_search"}]}, MARKER)
    assert body["skills"] == [
        {"type": "anthropic", "skill_id": "xlsx", "version": "2", "hint": "h"},
        {"type": "gist", "url": "u"},
        {"type": "gist", "url": "v"},
    ]
    assert body["execution_identity"] == {"type": "aws_role", "role_arn": "b", "external_id": "e"}
    assert body["multiagent"] == {"type": "coordinator", "agents": ["agent_2"], "budget": 3}
    assert body["tools"][0]["default_config"]["hush"] is True
    other = own(before, "anthropic", execution_identity=None, multiagent=None, skills=[])
    body = FORM.update(before, other, MARKER)
    assert body["execution_identity"] == {"type": "service_account"} and body["multiagent"] is None
    assert [item["type"] for item in body["skills"]] == ["gist", "gist"]


# --- metadata


def test_an_empty_pair_of_others_stays() -> None:
    pairs = {"empty": "", "team": "a"}
    assert FORM.update(managed(metadata=pairs), {"name": "B"}, MARKER)["metadata"].keys() == {
        "retinue.address",
        "retinue.applied",
    }
    assert FORM.update(managed(metadata=pairs), {"metadata": {}}, None)["metadata"] == {"team": None}
    assert update_body(agent(metadata=pairs), {"name": "B"}, None)["metadata"] == pairs
    assert update_body(agent(metadata=pairs), {"metadata": {}}, None)["metadata"] == {"empty": ""}


@pytest.mark.parametrize(("provider", "read"), [(ANTHROPIC, managed), (OPENAI, agent)], ids=["anthropic", "openai"])
@pytest.mark.parametrize("value", ["x", ""])
def test_pairs_of_others_that_leave_no_room_for_the_marker_block(provider: Provider, read: Any, value: str) -> None:
    def blocked(count: int, action: Action = Action.ADOPT) -> Obstacle | None:
        change = Change(Address("Assistant", "one"), action, "adopt", "agent_1")
        return provider.obstacle(change, read(metadata={str(number): value for number in range(count)}))

    found = blocked(15)
    assert found is not None and (found.code, found.remedies != ()) == ("metadata-full", True)
    assert "17 metadata pairs" in found.message
    assert blocked(14) is None


# --- lists of managed agents


def service_on(app: Any) -> Service:
    key = ANTHROPIC.capabilities.auth.headers("env", "k")
    return ANTHROPIC.connect(Connection("http://emulator/anthropic", key, transport=in_process(app)))


@pytest.mark.parametrize("place", [7, True, False, {"page": "a"}, ["a"]])
def test_a_next_page_of_the_wrong_type_is_no_end(place: Json) -> None:
    def app(_: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"data": [managed().raw], "next_page": place}).encode()]

    service = service_on(app)
    with pytest.raises(ServiceError, match="shape"):
        list(service.list("Assistant"))
    service.close()


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    found = Emulator(":memory:")
    yield found
    found.close()


@pytest.mark.parametrize(("status", "error"), [(400, Rejected), (403, AuthError), (404, ServiceError)])
def test_deployments_that_could_be_read_must_be_readable_before_the_archive(
    emulator: Emulator, status: int, error: type[Exception]
) -> None:
    service = service_on(emulator)
    made = service.create("Assistant", {"name": "one", "model": "claude-opus-5-5"}, MARKER)
    assert [item.users for item in service.list("Assistant")] == [()]
    emulator.faults.on("/deployments", Fault("status", status))
    with pytest.raises(error):
        service.delete("Assistant", made.remote_id)
    raw = json.loads(emulator.store.get(KIND, made.remote_id) or "")
    assert raw["archived_at"] is None
    service.delete("Assistant", made.remote_id)
    service.close()


# --- a manifest


def test_a_manifest_without_a_block_has_none_in_its_plan() -> None:
    wanted = Desired("Assistant", {"model": "m", "tools": [{"type": "web_search"}]}, Address("Assistant", "one"))
    assert "providers" not in FORM.understood(wanted).spec


SECRET = "https://me:hunter2/3@a.example/mcp"
ASIDE = "It stands beside `providers`"


@pytest.mark.parametrize(
    ("provider", "block", "told"),
    [
        (OPENAI, "{reasoning: {effort: low}}", "`reasoning_effort: …`"),
        (OPENAI, "{text: {format: {type: text}}}", "`response_format: …`"),
        (OPENAI, "{instructions: x}", "`instructions: …`"),
        (ANTHROPIC, "{effort: low}", "`reasoning_effort: …`"),
        (ANTHROPIC, "{system: x}", "`instructions: …`"),
        (ANTHROPIC, "{model: x}", "`model: …`"),
    ],
)
def test_what_a_manifest_has_a_field_for_is_told_that_in_the_block(provider: Provider, block: str, told: str) -> None:
    (found,) = checked(provider, block)
    assert told in (found.remedy or "") and ASIDE in (found.remedy or "")


def test_a_url_with_a_password_is_refused_and_not_repeated() -> None:
    transport = f"{{type: http, server_url: '{SECRET}'}}"
    blocks = [
        (OPENAI, f"{{tools: [{{type: mcp, server_label: a, required: true, transport: {transport}}}]}}"),
        (ANTHROPIC, f"{{mcp_servers: [{{name: a, url: '{SECRET}'}}]}}"),
        (FOUNDRY, f"{{tools: [{{type: mcp, server_label: a, require_approval: never, server_url: '{SECRET}'}}]}}"),
    ]
    for provider, block in blocks:
        (found,) = checked(provider, block)
        assert found.code == "bad-name" and "password" in (found.remedy or "")
        assert "hunter2" not in found.message
    assert shown(f"see {'x' * 20} https://u:{'p' * 90}@h/x and more") == f"`see {'x' * 20} https://…@h/x …`"


def checked(provider: Provider, block: str) -> list[Any]:
    record = provider.capabilities
    kinds = with_extras(record.kinds, provider.name, record.extras)
    text = f"assistant: one\nmodel: m\nproviders: {{{provider.name}: {block}}}\n"
    (document,) = parse_text(text, "a.yaml").documents
    extras = lambda name, kind: record.extras[kind] if name == provider.name else None  # noqa: E731
    return validate_extras(kinds["Assistant"], document.value, Address("Assistant", "one"), extras)


# --- secrets that a tool would send

SECRET_HEADERS = [
    "Authorization",
    "authorization",
    "Proxy-Authorization",
    "X-Api-Key",
    "x_api_key",
    "Cookie",
    "X-Auth-Token",
    "Ocp-Apim-Subscription-Key",
    "X-Functions-Key",
    "X-Auth",
    "client-secret",
    "X-Mine",  # by its value
    "password",
]


@pytest.mark.parametrize("header", SECRET_HEADERS)
@pytest.mark.parametrize("provider", [OPENAI, FOUNDRY], ids=lambda provider: provider.name)
def test_a_header_with_a_secret_is_refused_at_its_place_and_not_repeated(provider: Provider, header: str) -> None:
    headers: Json = {"Accept": "text/plain", header: "Bearer canary" if header == "X-Mine" else "canary"}
    if provider is OPENAI:
        tool = {
            "type": "mcp",
            "server_label": "a",
            "transport": {"type": "http", "server_url": "https://a.x", "headers": headers},
        }
    else:
        tool = {"type": "mcp", "server_label": "a", "server_url": "https://a.x", "headers": headers}
    spec: dict[str, Json] = {"model": "m", "providers": {provider.name: {"tools": [7, tool]}}}
    below = "/transport" if provider is OPENAI else ""
    [found] = [
        it
        for it in provider.check(Desired("Assistant", spec, Address("Assistant", "a")))
        if it.code == "literal-secret"
    ]
    assert found.path == f"/providers/{provider.name}/tools/1{below}/headers"
    assert "canary" not in f"{found}"


@pytest.mark.parametrize("provider", [OPENAI, FOUNDRY], ids=lambda provider: provider.name)
def test_a_header_without_a_secret_is_taken(provider: Provider) -> None:
    headers = {"Accept": "text/plain", "X-Tenant": "7", "User-Agent": "bot", "X-Monkey": "yes", "X-Keyboard": "no"}
    tool = {"type": "mcp", "server_label": "a", "headers": headers, "transport": {"type": "http", "headers": headers}}
    spec: dict[str, Json] = {"model": "m", "providers": {provider.name: {"tools": [tool]}}}
    found = provider.check(Desired("Assistant", spec, Address("Assistant", "a")))
    assert [it for it in found if it.code == "literal-secret"] == []


SECRET_URLS = [
    "https://me:canary@h/mcp",
    "https://h/mcp?token=canary",
    "https://h/mcp?tenant=1&access_token=canary",
    "https://h/mcp?apiKey=canary",
    "https://h/mcp?x-api-key=canary#top",
    "https://h/api/mcp?code=canary",
    "https://h/mcp?sig=canary&se=2027",
    "https://h/mcp?key=canary",
    "https://h/?client_secret=canary",
    "https://h?PASSWORD=canary",
]
PLAIN_URLS = [
    "https://h/mcp",
    "http://h:8080/mcp?page=2&monkey=3&encode=x",
    "https://h/mcp?tokens=3&token=",
    "https://h/mcp#token=1",
    "https://[::1]:80/token=x?tenant=7",
]
URL_AT = {
    "portable": ("tools: [{type: mcp, server_label: a, server_url: URL}]", "/tools/0/server_url"),
    "openai-agents": (
        "providers: {openai-agents: {tools: [{type: mcp, server_label: a, transport: {type: http, server_url: URL}}]}}",
        "/providers/openai-agents/tools/0/transport/server_url",
    ),
    "anthropic": (
        "providers: {anthropic: {mcp_servers: [{name: a, url: URL}]}}",
        "/providers/anthropic/mcp_servers/0/url",
    ),
    "foundry": (
        "providers: {foundry: {tools: [{type: mcp, server_label: a, server_url: URL}]}}",
        "/providers/foundry/tools/0/server_url",
    ),
}


@pytest.mark.parametrize("where", URL_AT)
@pytest.mark.parametrize("url", [*SECRET_URLS, *PLAIN_URLS])
def test_a_url_with_a_secret_is_refused_at_its_place_and_not_repeated(url: str, where: str) -> None:
    text, path = URL_AT[where]
    source = "assistant: a\nmodel: m\n" + text.replace("URL", json.dumps(url)) + "\n"
    (document,) = parse_text(source, "a.yaml").documents
    address, kind = Address("Assistant", "a"), OPENAI.capabilities.kinds["Assistant"]
    by_name = {provider.name: provider for provider in (OPENAI, ANTHROPIC, FOUNDRY)}
    found = [
        *validate_manifest(kind, document.value, address),
        *validate_extras(kind, document.value, address, lambda name, of: by_name[name].capabilities.extras[of]),
    ]
    assert [item.path for item in found if item.path == path] == [path] * (url in SECRET_URLS)
    assert "canary" not in f"{found}"
