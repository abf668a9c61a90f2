"""A secret that stands in a live object is written into no file and shown nowhere; what needs it is left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from .conftest import World

CANARY = "c4n4ry-7f3a-91"


def mcp(headers: Mapping[str, str], url: str = "https://mcp.example.com/mcp") -> dict[str, Any]:
    transport = {"type": "http", "server_url": url, "headers": dict(headers)}
    return {"type": "mcp", "server_label": "crm", "transport": transport, "allowed_tools": ["find"]}


def seeded(world: World, *tools: dict[str, Any], name: str = "Clerk") -> str:
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
        f"  dev: {{provider: openai-agents, endpoint: {world.url}/v1, api_key: {{env: DEMO_KEY}}}}\n",
    )
    world.write("assistants/.keep", "")
    return world.emulator.seed({"object": "agent", "name": name, "model": "gpt-5", "tools": list(tools)})


def files(world: World) -> str:
    found = (path for path in sorted(world.root.rglob("*")) if path.is_file() and ".retinue" not in path.parts)
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


OTHER = {"X-Tenant": "7"}
SHAPES: list[tuple[dict[str, Any], str]] = [
    (mcp({**OTHER, "Authorization": f"Bearer {CANARY}"}), "headers/Authorization"),
    (mcp({**OTHER, "AUTHORIZATION": f"Basic {CANARY}"}), "headers/AUTHORIZATION"),
    (mcp({**OTHER, "x-api-key": CANARY}), "headers/x-api-key"),
    (mcp({**OTHER, "Cookie": f"sid={CANARY}"}), "headers/Cookie"),
    (mcp({**OTHER, "X-Mine": f"Bearer {CANARY}"}), "headers/X-Mine"),
    (mcp(OTHER, f"https://user:{CANARY}@mcp.example.com/mcp"), "server_url"),
    (mcp(OTHER, f"https://mcp.example.com/mcp?tenant=1&api_key={CANARY}"), "server_url"),
]


@pytest.mark.parametrize(("tool", "where"), SHAPES, ids=[where for _, where in SHAPES])
def test_an_import_leaves_the_secret_with_the_service_and_the_rest_in_the_file(
    world: World, tool: dict[str, Any], where: str
) -> None:
    key = seeded(world, tool)
    ran = world.run("import", "-e", "dev")
    assert ran.code == 0, ran.err
    assert CANARY not in files(world) + ran.out + ran.err
    assert "wrote assistants/clerk.yaml" in ran.out
    assert f"/providers/openai-agents/tools/0/transport/{where}" in ran.err and "Clerk" in ran.err
    assert "X-Tenant" in files(world)
    # The next plan only adopts: the live tool keeps what it needs.
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert (change["action"], change["fields"]) == ("adopt", []), change
    world.apply()
    assert CANARY in json.dumps(world.emulator.store.everything("agent")[0][1]) and key


@pytest.mark.parametrize("source", ["live", "file", "init"])
def test_what_would_be_refused_without_its_secret_is_left_out_and_the_others_come(world: World, source: str) -> None:
    # Without its only header, the tool would belong among the portable ones: the manifest would be refused.
    seeded(world, mcp({"Authorization": f"Bearer {CANARY}"}))
    seeded(world, name="Porter")
    raws = [raw for _, raw in world.emulator.store.everything("agent")]
    world.monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    if source == "init":
        ran = world.run("init", "-C", "new", "--from", "openai-agents", "--endpoint", f"{world.url}/v1")
    elif source == "file":
        (world.root.parent / "dump.json").write_text(json.dumps({"object": "list", "data": raws}))
        ran = world.run("import", "--from", "../dump.json")
    else:
        ran = world.run("import", "-e", "dev")
    assert ran.code == 0, ran.err
    assert CANARY not in files(world) + ran.out + ran.err
    assert "`Clerk`" in ran.err and "was left out: a secret stands at" in ran.err
    assert "porter.yaml" in ran.out and "clerk.yaml" not in ran.out


def test_a_tool_that_two_agents_share_gets_no_file_with_the_secret(world: World) -> None:
    tool = mcp({**OTHER, "Authorization": f"Bearer {CANARY}"})
    function = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
    seeded(world, tool, function)
    seeded(world, tool, function, name="Porter")
    assert world.run("import", "-e", "dev").code == 0
    assert CANARY not in files(world)
    assert {item["action"] for item in json.loads(world.run("plan", "--format", "json").out)["changes"]} == {"adopt"}


def owned(world: World, *tools: dict[str, Any]) -> None:
    """An agent that retinue made, and to which somebody added these tools."""
    key = seeded(world)
    world.write("assistants/clerk.yaml", f"assistant: clerk\nname: Clerk\nmodel: gpt-5\nretinue: {{adopt: {key}}}\n")
    world.apply()
    (_, raw), *_ = world.emulator.store.everything("agent")
    world.emulator.seed({**raw, "object": "agent", "tools": list(tools)})


@pytest.mark.parametrize("ignored", ["", "/providers/openai-agents/tools/0/transport/headers"])
def test_no_plan_drift_or_page_shows_a_live_secret(world: World, ignored: str) -> None:
    owned(world, mcp({**OTHER, "Authorization": f"Bearer {CANARY}"}, f"https://u:{CANARY}@h/mcp?token={CANARY}"))
    if ignored:
        # The manifest has the tool as well, and leaves its headers to the service: they are sent as they are live.
        tool = "{type: mcp, server_label: crm, required: true, transport: {type: http, server_url: 'https://h/mcp'}}"
        text = (world.root / "assistants/clerk.yaml").read_text().replace("retinue: {", "retinue: {ignore_changes: [")
        text = text.replace("ignore_changes: [", f"ignore_changes: [{ignored}], ")
        world.write("assistants/clerk.yaml", f"{text}providers: {{openai-agents: {{tools: [{tool}]}}}}\n")
    formats = [world.run("plan", "--format", kind) for kind in ("text", "json", "markdown")]
    assert all(ran.code == 0 for ran in formats), formats[0].err
    digests = {json.loads(formats[1].out)["digest"], json.loads(world.run("plan", "--format", "json").out)["digest"]}
    assert len(digests) == 1
    pages = [
        world.run("plan", "--out", "plan.json"),
        world.run("show", "plan.json"),
        world.run("show", "plan.json", "--format", "markdown"),
        world.run("drift"),
        world.run("show", "Assistant/clerk"),
        world.run("show", "Assistant/clerk", "--format", "json"),
        world.run("import", "--update", "--take-live", "Assistant/clerk"),
    ]
    shown = "".join(ran.out + ran.err for ran in (*formats, *pages))
    assert CANARY not in shown + files(world)
    assert "[key]" in shown
    # The saved plan is carried out as it was reviewed, and what is left to the service stays there.
    ran = world.run("apply", "plan.json")
    assert ran.code == 0, ran.err
    assert CANARY not in ran.out + ran.err
    world.settled()
    live = json.dumps(world.emulator.store.everything("agent")[0][1])
    assert "[key]" not in live and (CANARY in live) is bool(ignored)


def test_an_update_of_the_files_refuses_a_field_with_a_secret_and_says_why(world: World) -> None:
    owned(world, mcp({**OTHER, "Authorization": f"Bearer {CANARY}"}))
    ran = world.run("import", "--update")
    assert ran.code == 1 and "a file must not hold one" in ran.out and CANARY not in ran.out + files(world)


def test_a_comparison_of_two_environments_shows_none(world: World) -> None:
    seeded(world, name="Other")
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", f"{text}{text.splitlines()[-1].replace('dev:', 'stage:')}\n")
    world.write("assistants/clerk.yaml", "assistant: clerk\nname: Clerk\nmodel: gpt-5\n")
    for name in ("dev", "stage"):
        assert world.run("apply", "--auto-approve", "-e", name).code == 0
    tool = mcp({**OTHER, "Authorization": f"Bearer {CANARY}"}, f"https://h/mcp?code={CANARY}")
    _, raw = next(pair for pair in world.emulator.store.everything("agent") if pair[1]["name"] == "Clerk")
    world.emulator.seed({**raw, "object": "agent", "tools": [tool]})
    for kind in ("text", "json"):
        ran = world.run("diff", "dev", "stage", "--live", "--format", kind)
        assert ran.code == 0, ran.err
        assert CANARY not in ran.out + ran.err and (kind == "text" or "[key]" in ran.out)


def test_a_plan_that_is_trusted_writes_what_is_live_where_the_manifest_leaves_it(world: World) -> None:
    tool = mcp({**OTHER, "Authorization": f"Bearer {CANARY}"})
    seeded(world, tool)
    assert world.run("import", "-e", "dev").code == 0
    world.apply()
    path = world.root / "assistants/clerk.yaml"
    path.write_text(path.read_text().replace('"7"', '"8"'))
    assert world.run("plan", "--out", "plan.json").code == 0
    assert CANARY not in (world.root / "plan.json").read_text() and "[key]" in (world.root / "plan.json").read_text()
    ran = world.run("apply", "--trust-plan", "plan.json", "--auto-approve")
    assert ran.code == 0, ran.err
    live = json.dumps(world.emulator.store.everything("agent")[0][1])
    assert CANARY in live and '"8"' in live and "[key]" not in live
    world.settled()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://h/mcp?api%5Fkey=[key]", 3),
        ("https://h/mcp?%74oken=[key]&tenant=1", 3),
        ("https://h/mcp?page=[key]", 0),
    ],
)
def test_a_masked_secret_that_was_copied_into_a_manifest_is_not_written(world: World, url: str, code: int) -> None:
    owned(world, mcp(OTHER, f"https://h/mcp?tenant=1&token={CANARY}"))
    transport = {"type": "http", "server_url": url, "headers": OTHER}
    tool = {"type": "mcp", "server_label": "crm", "required": True, "transport": transport}
    text = (world.root / "assistants/clerk.yaml").read_text()
    world.write("assistants/clerk.yaml", f"{text}providers: {{openai-agents: {{tools: [{json.dumps(tool)}]}}}}\n")
    for arguments in (("plan",), ("apply", "--auto-approve")):
        ran = world.run(*arguments)
        assert ran.code == code, ran.out + ran.err
        assert (ran.err.count("literal-secret"), "assistants/clerk.yaml:5:" in ran.err) == (code // 3, code == 3)
    live = json.dumps(world.emulator.store.everything("agent")[0][1])
    assert (CANARY in live) is (code == 3)
    if not code:
        world.settled()
        return
    # What is left to the service stays as it is live, also where the manifest says `[key]`.
    where = "/providers/openai-agents/tools/0/transport/server_url"
    text = (world.root / "assistants/clerk.yaml").read_text()
    world.write("assistants/clerk.yaml", text.replace("retinue: {", f"retinue: {{ignore_changes: [{where}], "))
    assert world.run("apply", "--auto-approve").code == 0
    live = json.dumps(world.emulator.store.everything("agent")[0][1])
    assert CANARY in live and "[key]" not in live
    world.settled()
