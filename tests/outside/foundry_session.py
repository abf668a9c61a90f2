"""What Azure's SDK sees of projects: reads `{URL: choices of the emulator}`, prints `{URL: what is wrong}`.

Runs in an environment of its own, with azure-ai-projects and nothing of retinue.
"""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, get_args

import openai
from azure.ai.projects import AIProjectClient, models
from azure.ai.projects.aio import AIProjectClient as AsyncAIProjectClient
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.policies import HeadersPolicy

PARAMETERS = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
LOOK_UP = models.FunctionTool(name="look_up", description="Looks it up.", parameters=PARAMETERS, strict=False)
FULL = models.PromptAgentDefinition(
    model="gpt-5",
    instructions="Teach ∑.\n\nBe kind.",
    temperature=0.2,
    top_p=0.9,
    reasoning=models.Reasoning(effort="low"),
    text=models.PromptAgentDefinitionTextOptions(
        format=models.TextResponseFormatJsonSchema(name="answer", schema={"type": "object"}, strict=True)
    ),
    tools=[
        LOOK_UP,
        models.FileSearchTool(vector_store_ids=["vs_1"], max_num_results=8),
        models.CodeInterpreterTool(container=models.AutoCodeInterpreterToolParam(file_ids=["file-1"])),
        models.MCPTool(server_label="wiki", server_url="https://wiki.example.com/mcp", allowed_tools=["search"]),
        models.WebSearchTool(search_context_size="low"),
    ],
)
HTTP = openai.DefaultHttpxClient()
"""For every client of OpenAI's: to make one takes long."""
PLAIN = {"authentication_policy": HeadersPolicy({"Authorization": "Bearer token"}), "retry_total": 0}
METADATA = {"team": "x", "retinue.address": "p/e/Assistant/tutor"}
WRONG: list[str] = []


def check(what: str, have: object, want: object) -> None:
    if have != want:
        WRONG.append(f"{what}: {have!r} instead of {want!r}")


def of(text: str) -> Any:
    return models.PromptAgentDefinition(model="gpt-5", instructions=text)


def whole(model: Any) -> Any:
    """A model as JSON, after it has been held against its own class."""
    WRONG.extend(faults(model, type(model).__name__))
    return model.as_dict()


def faults(model: Any, at: str) -> Iterator[str]:
    """What a model must have and has not, members that its class does not know, and constants that are others."""
    if isinstance(model, list):
        for index, item in enumerate(model):
            yield from faults(item, f"{at}[{index}]")
    if not isinstance(model, models.AgentDefinition.__mro__[1]):
        return
    fields = type(model)._attr_to_rest_field
    hints = {
        name: hint for kind in type(model).__mro__[::-1] for name, hint in vars(kind).get("__annotations__", {}).items()
    }
    yield from (f"{at}.{key} is unknown" for key in model.keys() - {field._rest_name for field in fields.values()})
    for name, field in fields.items():
        value, hint = getattr(model, name), str(hints[name])
        if value is None and not (hint.startswith("typing.Optional") or "NoneType" in hint):
            yield f"{at}.{name} is missing"
        if hint.startswith("typing.Literal") and value not in get_args(hints[name]):
            yield f"{at}.{name} is {value!r}"
        yield from faults(value, f"{at}.{field._rest_name}")


@contextmanager
def refused(what: str, status: int, code: str = "") -> Iterator[None]:
    try:
        yield
        WRONG.append(f"{what} is not refused")
    except HttpResponseError as error:
        told = error.error if error.model is None else error.model.error
        said = told.code if told is not None else ""
        if error.status_code != status or (code and said != code):
            WRONG.append(f"{what} is refused with {error.status_code} {said}: {error.message}")
    except openai.APIStatusError as error:
        if error.status_code != status:
            WRONG.append(f"{what} is refused with {error!r}")


def pinned(*shares: tuple[str, int]) -> Any:
    rules = [
        models.FixedRatioVersionSelectionRule(agent_version=number, traffic_percentage=part) for number, part in shares
    ]
    return models.AgentEndpointConfig(
        version_selector=models.VersionSelector(version_selection_rules=rules),
        protocol_configuration=models.ProtocolConfiguration(responses=models.ResponsesProtocolConfiguration()),
    )


class Session:
    """One project, its agents, and what callers of them meet."""

    def __init__(self, project: Any, options: dict[str, str]) -> None:
        self.project, self.agents, self.options = project, project.agents, options
        self.clients: dict[str | None, Any] = {}

    def client(self, agent: str | None = None) -> Any:
        """OpenAI's, of an agent's endpoint or of the project's."""
        if agent not in self.clients:
            strict: dict[str, Any] = {"max_retries": 0, "_strict_response_validation": True, "http_client": HTTP}
            self.clients[agent] = self.project.get_openai_client(agent_name=agent, api_key="token", **strict)
        return self.clients[agent]

    def call(self, agent: str | None, **body: Any) -> str:
        return str(self.client(agent).responses.create(input="Who are you?", extra_body=body).output_text)

    def referred(self, **reference: str) -> str:
        return self.call(None, agent_reference={"type": "agent_reference", "name": "served", **reference})

    def versions(self, agent: str) -> list[str]:
        return [item.version for item in self.agents.list_versions(agent)]

    # --- the parts

    def life(self) -> None:
        with refused("an agent that is not there", 404, "not_found"):
            self.agents.get("tutor")
        made = self.agents.create_version("tutor", definition=FULL, metadata=METADATA, description="Helps.")
        known = {
            "name": "tutor",
            "version": "1",
            "object": "agent.version",
            "metadata": METADATA,
            "description": "Helps.",
        }
        told = whole(made)
        check("a create", {name: told[name] for name in known}, known)
        check("its definition", told["definition"], FULL.as_dict())
        check("its time", isinstance(made.created_at, datetime.datetime), True)
        check("its tools", [type(tool) for tool in made.definition.tools], [type(tool) for tool in FULL.tools])
        check("a version read again", whole(self.agents.get_version("tutor", "1")), told)
        agent = self.agents.get("tutor")
        check("the latest of an agent", whole(agent)["versions"]["latest"], told)
        check("its state", (agent.state, agent.configuration_state), ("enabled", "enabled"))

        body = {"definition": {"kind": "prompt", "model": "gpt-5-mini", "tools": [LOOK_UP.as_dict()]}}
        second = whole(self.agents.create_version("tutor", body=body))
        check("the second", (second["version"], second["definition"]), ("2", body["definition"]))
        check("what it leaves out", (second["metadata"], second.get("description") or ""), ({}, ""))
        check("the first, which stays", whole(self.agents.get_version("tutor", "1")), told)
        check("the latest now", self.agents.get("tutor").versions.latest.version, "2")
        again = self.agents.create_version("tutor", body=body).version
        check("an identical create", again, "3" if self.options.get("foundry_create", "new") == "new" else "2")
        noted = self.agents.create_version("tutor", body={**body, "metadata": {"note": "x"}})
        kept = self.options.get("foundry_create") == "definition"
        check("a note", (noted.version, noted.metadata), ("2", {}) if kept else (str(int(again) + 1), {"note": "x"}))
        numbers = [str(number) for number in range(int(noted.version), 0, -1)]
        check("its versions, newest first", self.versions("tutor"), numbers)

        gone = self.agents.delete_version("tutor", "1")
        check("a version's deletion", (gone.name, gone.version, gone.deleted), ("tutor", "1", True))
        check("what is left", self.versions("tutor"), numbers[:-1])
        with refused("a version that is gone", 404, "not_found"):
            self.agents.get_version("tutor", "1")
        gone = self.agents.delete("tutor")
        check("the deletion", (gone.name, gone.deleted), ("tutor", True))
        with refused("an agent that is gone", 404, "not_found"):
            self.agents.get("tutor")
        first = self.agents.create_version("tutor", body=body).version
        goes_on = self.options.get("foundry_numbers") == "continue"
        check("the number of an agent that is made again", first, str(len(numbers) + 1) if goes_on else "1")
        self.agents.delete("tutor")

    def serving(self) -> None:
        for text in ("A", "B"):
            self.agents.create_version("served", definition=of(text))
        endpoint = self.agents.get("served").agent_endpoint
        rules = [] if endpoint is None else endpoint.version_selector.version_selection_rules
        default = [] if self.options.get("foundry_endpoint") == "null" else ["@latest"]
        check("an endpoint that nobody has set", [rule.agent_version for rule in rules], default)
        check("what answers where nothing is pinned", self.call("served"), "B")
        agent = self.agents.update_details("served", agent_endpoint=pinned(("1", 100)))
        want = pinned(("1", 100)).as_dict()
        check("a pin", whole(agent)["agent_endpoint"], want)
        check("a pin read again", whole(self.agents.get("served"))["agent_endpoint"], want)
        check("what answers where the first is pinned", self.call("served"), "A")
        check("the newest by reference", self.referred(version="2"), "B")
        meant = "A" if self.options.get("foundry_reference") == "pin" else "B"
        check("a reference without a version", self.referred(), meant)
        check("the third", self.agents.create_version("served", definition=of("C")).version, "3")
        check("what answers after a create behind a pin", self.call("served"), "A")
        self.agents.update_details("served", agent_endpoint=pinned(("1", 0), ("3", 100)))
        check("what answers where all of the traffic is moved", self.call("served"), "C")
        card = {"version": "1", "skills": []}
        agent = self.agents.update_details("served", body={"agent_card": card})
        check("a card, which leaves the pin", len(agent.agent_endpoint.version_selector.version_selection_rules), 2)
        check("the card", agent.agent_card.as_dict(), card)

        self.agents.disable("served")
        check("a disabled agent", self.agents.get("served").state, "disabled")
        with refused("a call of a disabled agent", 403):
            self.call("served")
        self.agents.enable("served")
        self.agents.update_details("served", agent_endpoint=pinned(("1", 100)))
        check("what answers after an enable", self.call("served"), "A")
        self.agents.delete_version("served", "1")
        with refused("a call of an agent whose pinned version is deleted", 404):
            self.call("served")
        with refused("a pin on a version that is not there", 404):
            self.agents.update_details("served", agent_endpoint=pinned(("1", 100)))
        self.agents.delete("served")

    def listed(self) -> None:
        names = [f"a{number}" for number in range(5)]
        for name in names:
            self.agents.create_version(name, definition=of(name))
        choice = self.options.get("foundry_list", "whole")
        if choice == "broken":
            with refused("a broken list", 500):
                list(self.agents.list())
        else:
            seen = names[1:] if choice == "lacking" else names
            found = list(self.agents.list(limit=2))
            check("all, newest first", [agent.name for agent in found], seen[::-1])
            check("an agent in a list", whole(found[0]), whole(self.agents.get(found[0].name)))
            check("all, oldest first", [agent.name for agent in self.agents.list(limit=2, order="asc")], seen)
            check("prompts", [agent.name for agent in self.agents.list(kind="prompt", order="asc")], seen)
            check("workflows", list(self.agents.list(kind="workflow")), [])
            with refused("a page of 101", 400):
                list(self.agents.list(limit=101))
        for name in names:
            self.agents.delete(name)
        if choice != "broken":
            check("what is left", list(self.agents.list()), [])

    def refusals(self) -> None:
        def create(name: str = "refused", metadata: Any = None, **definition: Any) -> Callable[[], Any]:
            body = {"definition": {"kind": "prompt", "model": "gpt-5", **definition}, "metadata": metadata or {}}
            return lambda: self.agents.create_version(name, body=body)

        function = LOOK_UP.as_dict()
        wrong = {
            "a name with a hyphen at its end": create("tutor-"),
            "a name of 64": create("x" * 64),
            "a name with a dot": create("a.b"),
            "129 tools": create(tools=[function] * 129),
            "17 pairs": create(metadata={str(number): "" for number in range(17)}),
            "a value of 513": create(metadata={"k": "x" * 513}),
            "temperature 2.1": create(temperature=2.1),
            "no model": create(model=None),
            "an unknown kind": create(kind="assistant"),
            "an unknown format": create(text={"format": {"type": "xml"}}),
            "a search without stores": create(tools=[{"type": "file_search"}]),
            **{
                f"a function without {name}": create(tools=[{key: function[key] for key in function if key != name}])
                for name in ("name", "parameters", "strict")
            },
        }
        for what, ask in wrong.items():
            with refused(what, 400):
                ask()
        workflow = models.WorkflowAgentDefinition(workflow="kind: workflow\n")
        preview = {
            "skills": create(skills=[{"name": "s"}]),
            "a draft": lambda: self.agents.create_version("refused", definition=of("A"), draft=True),
            "a workflow": lambda: self.agents.create_version("refused", definition=workflow),
        }
        for what, ask in preview.items():
            with refused(what, 403, "preview_feature_required"):
                ask()
        with refused("what was refused", 404):
            self.agents.get("refused")

    def knowledge(self) -> None:
        client = self.client()
        file = client.files.create(file=("a.txt", b"hello"), purpose="assistants")
        check("a file", client.files.content(file.id).read(), b"hello")
        store = client.vector_stores.create(name="s", file_ids=[file.id])
        check("a store", client.vector_stores.retrieve(store.id).file_counts.total, 1)
        check("stores", [item.id for item in client.vector_stores.list()], [store.id])
        client.vector_stores.delete(store.id)
        client.files.delete(file.id)
        check("files that are left", list(client.files.list()), [])


async def life_async(project: Any) -> None:
    async with project:
        agents = project.agents
        made = await agents.create_version("later", definition=FULL, metadata=METADATA)
        check("a version, read asynchronously", whole(await agents.get_version("later", "1")), whole(made))
        agent = await agents.update_details("later", agent_endpoint=pinned(("1", 100)))
        check("a pin", whole(await agents.get("later")), whole(agent))
        await agents.disable("later")
        check("versions, read asynchronously", [item.version async for item in agents.list_versions("later")], ["1"])
        check("the deletion", (await agents.delete("later")).deleted, True)
        try:
            await agents.get("later")
            WRONG.append("an agent that is gone is there")
        except ResourceNotFoundError:
            pass


def wrong(url: str, options: dict[str, str]) -> list[str]:
    """What is wrong with one project."""
    WRONG.clear()
    with AIProjectClient(endpoint=url, credential=object(), **PLAIN) as project:
        session = Session(project, options)
        for part in (session.life, session.serving, session.listed, session.refusals, session.knowledge):
            try:
                part()
            except Exception as error:
                WRONG.append(f"{part.__name__}: {error!r}")
    try:
        asyncio.run(life_async(AsyncAIProjectClient(endpoint=url, credential=object(), **PLAIN)))
    except Exception as error:
        WRONG.append(f"asynchronously: {error!r}")
    return [*WRONG]


if __name__ == "__main__":
    with HTTP:
        print(json.dumps({url: wrong(url, options) for url, options in json.load(sys.stdin).items()}))
