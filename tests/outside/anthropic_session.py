"""What the SDK of today sees of Managed Agents; `python anthropic_session.py URL…` prints, by URL, all that is wrong.

Runs in an environment of its own, with anthropic 2 and nothing of retinue; once for many URLs, as the SDK loads slowly.
What the documents leave open is right either way. Of each URL: two deployments lie there, `a` of the agent `agent_run`,
`b` of another.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anthropic

MODEL = "claude-opus-5-5"
WIKI: dict[str, Any] = {"type": "url", "name": "wiki", "url": "https://wiki.example.com/mcp"}
ALLOW: dict[str, Any] = {"enabled": True, "permission_policy": {"type": "always_allow"}}
ASK: dict[str, Any] = {"enabled": True, "permission_policy": {"type": "always_ask"}}
LOOK_UP: dict[str, Any] = {
    "type": "custom",
    "name": "look_up",
    "description": "Looks it up.",
    "input_schema": {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]},
}
TOOLS: list[dict[str, Any]] = [
    {
        "type": "agent_toolset_20260401",
        "default_config": {"enabled": False},
        "configs": [{"name": "web_search", "enabled": True, "allowed_domains": ["example.com"]}, {"name": "bash"}],
    },
    {"type": "mcp_toolset", "mcp_server_name": "wiki", "configs": [{"name": "read", **ALLOW}]},
    LOOK_UP,
]
FULL: dict[str, Any] = {
    "model": {"id": MODEL, "effort": "low", "speed": "fast"},
    "name": "Tutor ∑",
    "description": "Helps.",
    "system": "Teach.\n\nBe kind.",
    "metadata": {"team": "x", "retinue.address": "p/e/Assistant/tutor"},
    "tools": TOOLS,
    "mcp_servers": [WIKI],
    "skills": [{"type": "anthropic", "skill_id": "xlsx"}, {"type": "custom", "skill_id": "skill_1", "version": "2"}],
    "execution_identity": {"type": "aws_role", "role_arn": "arn:aws:iam::1:role/T"},
}
ANSWERED: dict[str, Any] = {
    **FULL,
    "model": {"id": MODEL, "effort": {"type": "low"}, "speed": "fast"},
    "tools": [
        {
            **TOOLS[0],
            "default_config": {**ALLOW, "enabled": False},
            "configs": [{**TOOLS[0]["configs"][0], **ALLOW}, {"name": "bash", **ALLOW, "enabled": False}],
        },
        {**TOOLS[1], "default_config": ASK},
        LOOK_UP,
    ],
    "version": 1,
    "archived_at": None,
}
WRONG: list[str] = []


def check(what: str, have: object, want: object) -> None:
    if have != want:
        WRONG.append(f"{what}: {have!r} instead of {want!r}")


@contextmanager
def refused(what: str, *errors: type[Exception]) -> Iterator[None]:
    try:
        yield
        WRONG.append(f"{what} is not refused")
    except errors:
        pass
    except anthropic.AnthropicError as other:
        WRONG.append(f"{what} is refused with {other!r}")


def within(have: Any, want: Any) -> bool:
    """Whether all of `want` is in `have`, which may have more members."""
    if isinstance(want, dict):
        return isinstance(have, dict) and all(name in have and within(have[name], want[name]) for name in want)
    if isinstance(want, list):
        return isinstance(have, list) and len(have) == len(want) and all(map(within, have, want))
    return bool(have == want)


def whole(agent: Any) -> dict[str, Any]:
    found: dict[str, Any] = agent.model_dump(mode="json")
    return found


def life(client: Any) -> None:
    agents = client.beta.agents
    made = agents.create(**FULL)
    if not within(whole(made), ANSWERED):
        WRONG.append(f"a create answers {whole(made)} for {ANSWERED}")
    check("the pin of a skill", [bool(skill.version) for skill in made.skills], [True, True])
    check("an agent read again", whole(agents.retrieve(made.id)), whole(made))

    changed = agents.update(made.id, version=1, name="Coach", metadata={"team": None, "floor": "2"}, tools=TOOLS[1:])
    check("the version after a change", changed.version, 2)
    check("a name", changed.name, "Coach")
    check("metadata after a patch", changed.metadata, {"retinue.address": "p/e/Assistant/tutor", "floor": "2"})
    check("tools, which an update replaces", [tool.type for tool in changed.tools], ["mcp_toolset", "custom"])
    check(
        "what an update leaves out",
        (changed.system, changed.model, changed.skills),
        (made.system, made.model, made.skills),
    )
    check("when it was made", changed.created_at, made.created_at)
    with refused("an update of a version that is gone", anthropic.ConflictError):
        agents.update(made.id, version=1, name="Late")
    check("the name after a conflict", agents.retrieve(made.id).name, "Coach")
    same = agents.update(made.id, version=2, name="Coach", model={"id": MODEL, "speed": "fast"})
    check("an update that changes nothing", (same.version in (2, 3), same.model), (True, changed.model))

    freely = agents.update(made.id, description="", system=None, tools=None, mcp_servers=[], skills=[], multiagent=None)
    have = (freely.description, freely.system, freely.tools, freely.mcp_servers, freely.skills, freely.multiagent)
    check("what is cleared", have, (None, None, [], [], [], None))
    check("the version after that", freely.version, same.version + 1)
    plain = agents.update(made.id, execution_identity=None, model=MODEL)
    check(
        "what null and a text reset",
        (plain.execution_identity.type, plain.model.speed),
        ("service_account", "standard"),
    )
    check("an effort that stays with its model", plain.model.effort.type, "low")


def versions(client: Any) -> None:
    agents = client.beta.agents
    key = agents.create(model=MODEL, name="v1").id
    for number in range(2, 6):
        agents.update(key, name=f"v{number}")
    found = [(agent.version, agent.name) for agent in agents.versions.list(key, limit=2)]
    check("all versions", sorted(found), [(number, f"v{number}") for number in range(1, 6)])
    check("an old version", agents.retrieve(key, version=2).name, "v2")
    with refused("a version to come", anthropic.NotFoundError):
        agents.retrieve(key, version=6)


def listed(client: Any) -> None:
    agents = client.beta.agents
    before = {agent.id for agent in agents.list()}
    ids = [agents.create(model=MODEL, name=f"a{number}").id for number in range(5)]
    found = [agent.id for agent in agents.list(limit=2)]
    check("a list, page by page", sorted({*found} - before), sorted(ids))
    check("how long it is", len(found), len(before) + 5)
    page = agents.list(limit=3)
    check("a page", (len(page.data), page.has_next_page()), (3, True))
    agents.archive(ids[0])
    check("without an archived agent", ids[0] in {agent.id for agent in agents.list(limit=3)}, False)
    check("with it", ids[0] in {agent.id for agent in agents.list(limit=3, include_archived=True)}, True)
    check("before there was any", agents.list(created_at_lte="2001-01-01T00:00:00Z").data, [])
    check("since then", len(agents.list(created_at_gte="2001-01-01T00:00:00Z", limit=100).data), len(before) + 4)


def archive(client: Any) -> None:
    agents, deployments = client.beta.agents, client.beta.deployments
    made = agents.create(model=MODEL, name="Old")
    gone = agents.archive(made.id)
    check("an archived agent", ({**whole(gone), "archived_at": None}, bool(gone.archived_at)), (whole(made), True))
    with refused(
        "an update of it", anthropic.BadRequestError, anthropic.ConflictError, anthropic.PreconditionFailedError
    ):
        agents.update(made.id, version=1, name="New")
    check("what it is then", whole(agents.retrieve(made.id)), whole(gone))
    with refused("the archive of nothing", anthropic.NotFoundError):
        agents.archive("agent_nowhere")

    (mine,) = deployments.list(agent_id="agent_run")
    check("a deployment", (mine.id, mine.agent.id, mine.agent.version, mine.status), ("a", "agent_run", 1, "active"))
    check("all of them", sorted(one.id for one in deployments.list(limit=1)), ["a", "b"])
    agents.archive("agent_run")
    check("its agent's archive", [one.status for one in deployments.list(agent_id="agent_run")], ["paused"])
    check("the other one", [one.status for one in deployments.list() if one.id == "b"], ["active"])


def teams(client: Any) -> None:
    agents = client.beta.agents
    member = agents.create(model=MODEL, name="Member")
    chief = agents.create(
        model=MODEL, name="Chief", multiagent={"type": "coordinator", "agents": [member.id, {"type": "self"}]}
    )
    check("a roster", [(one.id, one.version) for one in chief.multiagent.agents], [(member.id, 1), (chief.id, 1)])
    agents.update(member.id, name="Deputy")
    check("a roster later", agents.retrieve(chief.id).multiagent.agents, chief.multiagent.agents)
    kind: dict[str, Any] = {"type": "multiagent_20261001"}
    led = agents.update(
        chief.id, multiagent={**kind, "subagents": {"type": "enabled", "predefined_agents": [member.id]}}
    )
    check("a team", (led.multiagent.advisor.type, led.multiagent.workflows.type), ("disabled", "enabled"))
    check("who is in it", [one.version for one in led.multiagent.subagents.predefined_agents], [2])
    alone = agents.update(
        chief.id, multiagent={**kind, "subagents": {"type": "disabled"}, "workflows": {"type": "disabled"}}
    )
    check("no team", (alone.multiagent.subagents.type, alone.multiagent.workflows.type), ("disabled", "disabled"))


def refusals(client: Any) -> None:
    agents = client.beta.agents
    plain: dict[str, Any] = {"model": MODEL, "name": "A"}
    refuse: dict[str, Callable[[], Any]] = {
        "an unknown member": lambda: agents.create(**plain, extra_body={"temperature": 0.2}),
        "a name of 257": lambda: agents.create(model=MODEL, name="x" * 257),
        "no name": lambda: agents.create(model=MODEL, name=""),
        "a system of 100,001": lambda: agents.create(**plain, system="x" * 100_001),
        "17 pairs": lambda: agents.create(**plain, metadata={str(number): "" for number in range(17)}),
        "257 tools": lambda: agents.create(**plain, tools=[LOOK_UP] * 257),
        "a tool without description": lambda: agents.create(**plain, tools=[{**LOOK_UP, "description": ""}]),
        "a server without toolset": lambda: agents.create(**plain, mcp_servers=[WIKI]),
        "an effort of none": lambda: agents.create(name="A", model={"id": MODEL, "effort": "none"}),
        "an update to no name": lambda: agents.update("agent_run", name=""),
        "a page of 101": lambda: agents.list(limit=101).data,
        "a page that is none": lambda: agents.list(page="page").data,
        "no beta header": lambda: agents.list(extra_headers={"anthropic-beta": "files-api-2025-04-14"}).data,
    }
    for what, ask in refuse.items():
        with refused(what, anthropic.BadRequestError):
            ask()
    with refused("an agent that is not there", anthropic.NotFoundError):
        agents.retrieve("agent_nowhere")


async def life_async(client: Any) -> None:
    agents = client.beta.agents
    made = await agents.create(**FULL)
    check("an agent, read asynchronously", whole(await agents.retrieve(made.id)), whole(made))
    check("a list, read asynchronously", made.id in [agent.id async for agent in agents.list(limit=2)], True)
    check("an update", (await agents.update(made.id, version=1, name="Coach")).version, 2)
    check("its versions", [agent.version async for agent in agents.versions.list(made.id, limit=1)], [2, 1])
    check("its archive", (await agents.archive(made.id)).archived_at is None, False)
    await client.close()


def session(url: str) -> list[str]:
    WRONG.clear()
    options: dict[str, Any] = {"api_key": "sk-outside", "max_retries": 0, "_strict_response_validation": True}
    with anthropic.Anthropic(base_url=url, **options) as client:
        for part in (life, versions, listed, teams, refusals, archive):
            try:
                part(client)
            except Exception as error:
                WRONG.append(f"{part.__name__}: {error!r}")
    try:
        asyncio.run(life_async(anthropic.AsyncAnthropic(base_url=url, **options)))
    except Exception as error:
        WRONG.append(f"asynchronously: {error!r}")
    return list(WRONG)


if __name__ == "__main__":
    print(json.dumps({url: session(url) for url in sys.argv[1:]}))
