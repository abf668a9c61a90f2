"""What the SDK of today sees of the Agents API at a URL; `python agents_session.py URL` prints all that is wrong.

Runs in an environment of its own, with openai 3 and nothing of retinue.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai

LOOK_UP: dict[str, Any] = {
    "type": "function",
    "name": "look_up",
    "description": "Looks it up.",
    "parameters": {"type": "object", "properties": {}},
    "defer_loading": True,
}
SEARCH: dict[str, Any] = {"type": "web_search", "context_size": "low", "location": {"city": "Bern"}}
WIKI: dict[str, Any] = {
    "type": "mcp",
    "server_label": "wiki",
    "transport": {"type": "http", "server_url": "https://wiki.example.com/mcp"},
}
FULL: dict[str, Any] = {
    "model": "gpt-5",
    "name": "Tutor ∑",
    "instructions": "Teach.\n\nBe kind.",
    "metadata": {"team": "x", "retinue.address": "p/e/Assistant/tutor"},
    "tools": [LOOK_UP, SEARCH, WIKI, {"type": "tool_search"}],
    "reasoning": {"effort": "low", "summary": "concise"},
    "text": {"format": {"type": "json_schema", "schema": {"type": "object"}}, "verbosity": "high"},
    "service_tier": "flex",
    "multi_agent": {"enabled": True, "max_concurrent_subagents": 2},
    "compaction": {"async_": True},
    "experimental": {"time_awareness": True},
}
WRONG: list[str] = []


def check(what: str, have: object, want: object) -> None:
    if have != want:
        WRONG.append(f"{what}: {have!r} instead of {want!r}")


@contextmanager
def refused(what: str, error: type[Exception]) -> Iterator[None]:
    try:
        yield
        WRONG.append(f"{what} is not refused")
    except error:
        pass
    except openai.OpenAIError as other:
        WRONG.append(f"{what} is refused with {other!r}")


def within(have: Any, want: Any) -> bool:
    """Whether all of `want` is in `have`, which may have more members."""
    if isinstance(want, dict):
        return isinstance(have, dict) and all(name in have and within(have[name], want[name]) for name in want)
    if isinstance(want, list):
        return isinstance(have, list) and len(have) == len(want) and all(map(within, have, want))
    return bool(have == want)


def whole(agent: Any) -> dict[str, Any]:
    found: dict[str, Any] = agent.model_dump(by_alias=True)
    return found


def life(agents: Any) -> None:
    made = agents.create(**FULL)
    stated = {**FULL, "compaction": {"async": True}}
    if not within(whole(made), stated):
        WRONG.append(f"a create answers {whole(made)} for {stated}")
    check("an agent read again", whole(agents.retrieve(made.id)), whole(made))

    changed = agents.update(made.id, name="Coach", metadata={"floor": "2"}, tools=[SEARCH], experimental={})
    check("a name", changed.name, "Coach")
    check("metadata, which an update replaces", changed.metadata, {"floor": "2"})
    check("tools, which an update replaces", [tool.type for tool in changed.tools], ["web_search"])
    check("experimental, which an update merges", changed.experimental.time_awareness, True)
    check("what an update leaves out", (changed.model, changed.service_tier), ("gpt-5", "flex"))
    check("when it was made", changed.created_at, made.created_at)

    cleared = agents.update(made.id, name=None, instructions=None, metadata=None, tools=None, compaction=None)
    compaction = cleared.compaction.async_ if cleared.compaction else False
    have = (cleared.name, cleared.instructions, cleared.metadata, cleared.tools, compaction)
    check("what null clears", have, (None, None, {}, [], False))
    check("the deletion", agents.delete(made.id).deleted, True)
    with refused("an agent that is gone", openai.NotFoundError):
        agents.retrieve(made.id)


def listed(agents: Any) -> None:
    ids = [agents.create(model="gpt-5", name=f"a{number}").id for number in range(5)]
    check("all, newest first", [agent.id for agent in agents.list(limit=2)], ids[::-1])
    check("all, oldest first", [agent.id for agent in agents.list(limit=2, order="asc")], ids)
    page = agents.list(limit=3, order="asc")
    check("a page", ([agent.id for agent in page.data], page.has_more), (ids[:3], True))
    with refused("a page of 101", openai.BadRequestError):
        agents.list(limit=101)
    for key in ids:
        agents.delete(key)
    check("what is left", list(agents.list()), [])


def refusals(agents: Any) -> None:
    refuse: dict[str, Callable[[], Any]] = {
        "an unknown member": lambda: agents.create(model="gpt-5", extra_body={"temperature": 0.2}),
        "a name of 129": lambda: agents.create(model="gpt-5", name="x" * 129),
        "17 pairs": lambda: agents.create(model="gpt-5", metadata={str(number): "" for number in range(17)}),
        "a function without description": lambda: agents.create(
            model="gpt-5", tools=[{"type": "function", "name": "f", "parameters": {}}]
        ),
        "tools of 3 MiB": lambda: agents.create(model="gpt-5", tools=[{**LOOK_UP, "description": "x" * 3_145_728}]),
        "experimental null": lambda: agents.create(model="gpt-5", experimental=None),
        "no beta header": lambda: agents.list(extra_headers={"OpenAI-Beta": "assistants=v2"}).data,
    }
    for what, ask in refuse.items():
        with refused(what, openai.BadRequestError):
            ask()


async def life_async(client: Any) -> None:
    agents = client.beta.agents
    made = await agents.create(**FULL)
    check("an agent, read asynchronously", whole(await agents.retrieve(made.id)), whole(made))
    check("a list, read asynchronously", [agent.id async for agent in agents.list(limit=1)], [made.id])
    check("an update", (await agents.update(made.id, name="Coach")).name, "Coach")
    check("the deletion", (await agents.delete(made.id)).id, made.id)
    await client.close()


def main(url: str) -> int:
    options: dict[str, Any] = {"api_key": "sk-outside", "max_retries": 0, "_strict_response_validation": True}
    with openai.OpenAI(base_url=url, **options) as client:
        for part in (life, listed, refusals):
            try:
                part(client.beta.agents)
            except Exception as error:
                WRONG.append(f"{part.__name__}: {error!r}")
    try:
        asyncio.run(life_async(openai.AsyncOpenAI(base_url=url, **options)))
    except Exception as error:
        WRONG.append(f"asynchronously: {error!r}")
    print(*WRONG, sep="\n")
    return 1 if WRONG else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
