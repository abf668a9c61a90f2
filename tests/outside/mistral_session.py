"""What the SDK of today sees of Mistral's Agents; `python mistral_session.py ACT URL…` prints as JSON what is wrong.

Runs in an environment of its own, with mistralai 3 and nothing of retinue. The acts: `life`, of agents that the SDK
makes; `made`, which leaves one for retinue; `seen`, which prints all agents as the SDK's models read them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from mistralai.client import Mistral, errors

ARGUMENTS = {
    "temperature": 0.4,
    "top_p": 0.9,
    "max_tokens": 700,
    "random_seed": 7,
    "stop": ["END"],
    "presence_penalty": -1.5,
    "frequency_penalty": 0.5,
    "tool_choice": "any",
    "reasoning_effort": "high",
    "prediction": {"type": "content", "content": "Dear"},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True},
    },
}
TOOLS = [
    {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}, "strict": True}},
    {"type": "web_search"},
    {"type": "web_search_premium", "tool_configuration": {"include": ["a"]}},
    {"type": "code_interpreter"},
    {"type": "image_generation"},
    {"type": "document_library", "library_ids": ["lib_1"]},
    {"type": "connector", "connector_id": "gmail"},
]
FULL: dict[str, Any] = {
    "name": "Tutor ∑",
    "model": "mistral-large-latest",
    "description": "Helps.",
    "instructions": "Be kind.",
    "tools": TOOLS,
    "completion_args": ARGUMENTS,
    "handoffs": ["ag_1"],
    "guardrails": [{"block_on_error": True}],
    "metadata": {"owner": "hr", "deep": {"a": [1]}},
    "version_message": "first",
}


class Check:
    def __init__(self, wrong: list[str]) -> None:
        self.wrong = wrong

    def __call__(self, what: str, found: object, wanted: object) -> None:
        if found != wanted:
            self.wrong.append(f"{what}: {found!r}, not {wanted!r}")


@contextmanager
def refusal(wrong: list[str], what: str, status: int) -> Iterator[None]:
    check = Check(wrong)
    try:
        yield
    except errors.HTTPValidationError as error:
        check(what, 422, status)
        check(f"{what}, detail", all(it.loc and it.msg and it.type for it in error.data.detail), True)
    except errors.SDKError as error:
        check(what, error.status_code, status)
    else:
        wrong.append(f"{what}: not refused")


def life(client: Mistral, wrong: list[str]) -> None:
    agents = client.beta.agents

    check, refused = Check(wrong), partial(refusal, wrong)
    made = agents.create(**FULL)
    whole = made.model_dump(mode="json", by_alias=True, exclude_none=True)
    for name, value in FULL.items():
        check(f"create, {name}", _plain(whole.get(name)), _plain(value))
    check("first version", (made.version, made.versions, made.object, made.deployment_chat), (1, [1], "agent", False))
    least = agents.create(name="Least", model="m")
    check("least", (least.tools, least.instructions, least.metadata), ([], None, None))
    second = agents.update(agent_id=made.id, instructions="Be brief.", deployment_chat=True, description=None)
    check("update", (second.version, second.versions, second.instructions), (2, [1, 2], "Be brief."))
    check("cleared", (second.description, second.deployment_chat, second.name), (None, True, FULL["name"]))
    check("kept", second.completion_args.max_tokens, 700)
    check("cleared tools", agents.update(agent_id=made.id, tools=[]).tools, [])
    check("get", agents.get(agent_id=made.id).version, 3)
    check("get of a version", agents.get(agent_id=made.id, agent_version=1).instructions, "Be kind.")
    check("one version", agents.get_version(agent_id=made.id, version="2").description, None)
    numbers = [it.version for it in agents.list_versions(agent_id=made.id, page=0, page_size=2)]
    numbers += [it.version for it in agents.list_versions(agent_id=made.id, page=1, page_size=2)]
    check("versions", sorted(numbers), [1, 2, 3])
    check("no alias", agents.list_version_aliases(agent_id=made.id), [])
    check("alias", agents.create_version_alias(agent_id=made.id, alias="prod", version=2).version, 2)
    check("alias moved", agents.create_version_alias(agent_id=made.id, alias="prod", version=1).version, 1)
    check("aliases", [(it.alias, it.version) for it in agents.list_version_aliases(agent_id=made.id)], [("prod", 1)])
    check("get of an alias", agents.get(agent_id=made.id, agent_version="prod").version, 1)
    agents.delete_version_alias(agent_id=made.id, alias="prod")
    check("alias gone", agents.list_version_aliases(agent_id=made.id), [])
    check("moved back", agents.update_version(agent_id=made.id, version=1).version, 1)
    check("current", (agents.get(agent_id=made.id).version, agents.get(agent_id=made.id).versions), (1, [1, 2, 3]))
    check("after that", agents.update(agent_id=made.id, name="Again").version, 4)
    names = {agents.create(name=f"n{number}", model="m").id for number in range(5)} | {made.id, least.id}
    check("list", names - set(listed(client, 2)), set())
    check("by name", [it.id for it in agents.list_pages(name="Again").result.data], [made.id])
    refusals(client, made.id, refused)
    for remote_id in names:
        agents.delete(agent_id=remote_id)
    with refused("a deleted agent", 404):
        agents.get(agent_id=made.id)
    check("left", names & set(listed(client, 1000)), set())


def refusals(client: Mistral, remote_id: str, refused: Callable[[str, int], Any]) -> None:
    agents = client.beta.agents
    raw: Callable[..., Any] = agents.update
    with refused("temperature 1.4", 422):
        raw(agent_id=remote_id, completion_args={"temperature": 1.4})
    with refused("page_size 1001", 422):
        agents.list_pages(page_size=1001)
    with refused("alias Prod", 422):
        agents.create_version_alias(agent_id=remote_id, alias="Prod", version=1)
    with refused("alias of no version", 404):
        agents.create_version_alias(agent_id=remote_id, alias="prod", version=99)
    with refused("a long version_message", 422):
        raw(agent_id=remote_id, version_message="x" * 501)
    with refused("empty handoffs", 422):
        raw(agent_id=remote_id, handoffs=[])
    with refused("101 versions", 422):
        agents.list_versions(agent_id=remote_id, page_size=101)


def listed(client: Mistral, size: int) -> Iterator[str]:
    page = client.beta.agents.list_pages(page_size=size)
    while page is not None:
        yield from (agent.id for agent in page.result.data)
        page = page.next()


def _plain(value: Any) -> Any:
    """Without what is null or at a default that the models fill in."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def main(act: str, *urls: str) -> None:
    found: dict[str, Any] = {}
    for url in urls:
        with Mistral(api_key="key-outside", server_url=url) as client:
            if act == "life":
                wrong: list[str] = []
                try:
                    life(client, wrong)
                except Exception as error:  # whatever the models do not take, or the client cannot read
                    wrong.append(f"{type(error).__name__}: {str(error)[:300]}")
                found[url] = wrong
            elif act == "made":
                found[url] = client.beta.agents.create(**{**FULL, "handoffs": None}).id
            else:
                ids = [*listed(client, 100)]
                agents = (client.beta.agents.get(agent_id=key) for key in ids)
                found[url] = [agent.model_dump(mode="json", by_alias=True, exclude_none=True) for agent in agents]
    print(json.dumps(found))


main(*sys.argv[1:])
