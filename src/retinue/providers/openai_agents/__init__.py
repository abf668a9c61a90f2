"""Provider `openai-agents`: agents of OpenAI's Agents API (beta). The record and the pure checks.

Source of the facts: the types and resources of the package openai 3.57.0; docs/providers/openai-agents.md marks what
is not verified.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...core.model import Change, Desired, Diagnostic, Json, Live, Obstacle, Severity
from ...schema import by_name
from ..assistants_v2 import ASSISTANT
from ..assistants_v2.strict import strict_problems
from ..base import ByKind, Capabilities, Configured, Marker, Provider, Resolved, Service, Settings, Support
from ..lenient import mapping, numbered, text
from ..losses import LOSS, OVERLAY, function_problems
from ..metadata import full, no_room
from ..openai_assistants import SETTINGS, AssistantVerbs, Form, classify, headers_of
from ..wire import Connection
from .forms import (
    DESCRIPTION_KEY,
    NAME,
    SCHEMA,
    TOOLS,
    as_understood,
    block_of,
    create_body,
    metadata,
    to_live,
    update_body,
)

if TYPE_CHECKING:
    from ..http import Http

__all__ = ["PROVIDER", "OpenAIAgentsProvider", "classify"]

_GONE = (
    "The Agents API is a beta: check that this account takes part in it, and `endpoint` (https://api.openai.com/v1, or"
    " `emulator` to work locally)."
)
_NATIVE = (Support.NATIVE, "")
_LONGEST_NAME = 128
_MOST_TOOL_BYTES = 3 * 1024 * 1024
_APPENDED = "appended to the base instructions that OpenAI gives every agent, which stay in force"
_NO_SAMPLING = "an agent has no sampling settings; leave it out, and steer by `reasoning_effort` and the instructions"
_LOST_TOOLS: Mapping[str, str] = {
    "code_interpreter": "an agent runs code in the environment of its session, which is set up where sessions are made",
    "file_search": "an agent searches no vector store; offer the search as a function or behind an `mcp` server",
}


class AgentsService(ByKind):
    """The verbs of the Assistants family, with agents on the wire."""

    def __init__(self, http: Http) -> None:
        self._agents = AssistantVerbs(http, Form(to_live, create_body, update_body), _GONE, "agents", clearable=())
        super().__init__({ASSISTANT.name: self._agents}, http.close)

    def account(self) -> str | None:
        return self._agents.account()

    def resolve(self, desired: Sequence[Desired]) -> Resolved:
        """The manifests with their response formats as an agent holds them."""
        found = []
        for item in desired:
            stated = item.spec.get("response_format")
            held = as_understood(stated)
            found.append(item if held == stated else replace(item, spec={**item.spec, "response_format": held}))
        return Resolved(tuple(found))


def _problems(desired: Desired) -> Iterator[Diagnostic]:
    spec = desired.spec
    name = spec.get("name")
    if isinstance(name, str) and len(name) > _LONGEST_NAME:
        message = f"a `name` of {len(name)} characters cannot be held: {_LONGEST_NAME} is the most for an agent"
        yield Diagnostic(LOSS, message, "Shorten it, here or for this environment in an overlay.", path="/name")
    yield from no_room(spec, "description", len(metadata(spec, Marker("-", "-"))))
    for index, tool in numbered(spec.get("tools")):
        if (kind := str(tool.get("type"))) in _LOST_TOOLS:
            message = f"the tool {kind} cannot be held: {_LOST_TOOLS[kind]}"
            yield Diagnostic(LOSS, message, OVERLAY, path=f"/tools/{index}")
        yield from function_problems(tool, f"/tools/{index}")
    yield from _format(mapping(spec.get("response_format")))
    yield from strict_problems({"response_format": spec.get("response_format")})
    own = block_of(spec).get("tools")
    yield from TOOLS.problems(own, f"/providers/{NAME}/tools", "OpenAI")
    tools = TOOLS.write(spec.get("tools"), own)
    size = len(json.dumps(tools, ensure_ascii=False, separators=(",", ":")).encode())
    if size > _MOST_TOOL_BYTES:
        message = f"the tools cannot be held: they take {size:,} bytes, {_MOST_TOOL_BYTES:,} is the most for an agent"
        yield Diagnostic(LOSS, message, "Shorten their schemas, or offer them behind an `mcp` server.", path="/tools")


def _format(form: Mapping[str, Json]) -> Iterator[Diagnostic]:
    kind, inner = form.get("type"), mapping(form.get("json_schema"))
    if kind == "text":
        message = "plain text is what every agent answers in: it is `auto` there"
        yield Diagnostic("approximated", message, path="/response_format", severity=Severity.INFO)
    if kind == "json_object":
        message = "the response format json_object cannot be held: an agent has text and json_schema"
        yield Diagnostic(LOSS, message, "Write a json_schema with the members that you need.", path="/response_format")
    elif kind == "json_schema" and inner and inner.get("schema") is None:
        message = "a json_schema without `schema` cannot be held"
        yield Diagnostic(LOSS, message, "Add `schema: …`, or remove the format.", path="/response_format")
    elif kind == "json_schema" and inner:
        message = "of a json_schema an agent holds the schema, and not its name; answers always follow it (`strict`)"
        yield Diagnostic("approximated", message, path="/response_format/json_schema", severity=Severity.INFO)


class OpenAIAgentsProvider(Provider):
    """The record and the pure checks. `headers`: what the settings of an environment add to every request."""

    name = NAME
    title = "OpenAI Agents (beta)"
    service = AgentsService
    checks = {ASSISTANT.name: _problems}
    capabilities = Capabilities(
        kinds=by_name(ASSISTANT),
        list_lag=2.0,
        key_variable="OPENAI_API_KEY",
        endpoint="https://api.openai.com/v1",
        base="/v1",
        account="the organization, where answers name it",
        settings=SETTINGS,
        extras={ASSISTANT.name: SCHEMA},
        replaced={ASSISTANT.name: frozenset({"description", "metadata"})},
        fields={
            ASSISTANT.name: {
                "name": (Support.NATIVE, f"at most {_LONGEST_NAME} characters"),
                "description": (Support.EMULATED, f"the metadata pair `{DESCRIPTION_KEY}`: one pair fewer for you"),
                "model": _NATIVE,
                "instructions": (Support.EMULATED, _APPENDED),
                "tools": (Support.NATIVE, "function (with a description, not strict), mcp, web_search"),
                "tool_resources": (Support.UNSUPPORTED, "an agent has no files and vector stores of its own"),
                "metadata": _NATIVE,
                "temperature": (Support.UNSUPPORTED, _NO_SAMPLING),
                "top_p": (Support.UNSUPPORTED, _NO_SAMPLING),
                "response_format": (Support.NATIVE, "text, or json_schema: its schema alone"),
                "reasoning_effort": _NATIVE,
                "providers": (Support.NATIVE, ", ".join(SCHEMA["properties"])),
            }
        },
    )

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._headers = headers or {}

    def configured(self, settings: Settings) -> Configured:
        headers, problems = headers_of(settings)
        noted = Diagnostic("approximated", f"instructions are {_APPENDED}", path="/provider", severity=Severity.INFO)
        return Configured(OpenAIAgentsProvider(headers), (*problems, noted))

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        """More than 16 metadata pairs, counting a description that the manifest leaves to others."""
        if live is None:
            return None
        spec = {**live.spec, **change.values}
        count = len(metadata(spec, Marker("-", "-"), live))
        return full(live, count, "Keep fewer metadata keys, or no description.")

    def connect(self, connection: Connection) -> Service:
        headers = {"OpenAI-Beta": "agents=v1", **self._headers, **connection.headers}
        return AgentsService(connection.with_headers(headers).http(classify))

    def exported(self, live: Live) -> dict[str, Json]:
        """An agent as the manifest's fields, for import."""
        form = live.spec["response_format"]
        if mapping(form).get("type") == "json_schema":
            form = {**form, "json_schema": {"name": "answer", **form["json_schema"]}}
        return {"id": live.remote_id, **live.spec, "response_format": form}

    def kept(self, live: Live) -> Collection[str]:
        return TOOLS.unsaid(live.raw.get("tools"))

    def recognised(self, raw: Mapping[str, Json]) -> Live | None:
        """An object of an export as a live agent; None if it says that it is something else."""
        is_ours = raw.get("object") == "agent" and text(raw.get("id")) and "versions" not in raw
        return to_live(raw) if is_ours else None


PROVIDER = OpenAIAgentsProvider()
