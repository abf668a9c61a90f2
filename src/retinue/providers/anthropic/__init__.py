"""Provider `anthropic`: agents of Anthropic's Managed Agents API (beta). The record and the pure checks.

Source of the facts: the types and resources of the package anthropic 2.14.0, and the published OpenAPI document of May
2026 for the limits; docs/providers/anthropic.md marks what is not verified.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from ...core.model import Change, Desired, Diagnostic, Json, Live, Obstacle, Severity
from ...schema import by_name, schema_beside
from ..assistants_v2 import ASSISTANT
from ..base import Capabilities, Configured, Marker, Provider, Service, Settings, Support
from ..ends import ends_of
from ..lenient import mappings, numbered, text
from ..losses import LOSS, OVERLAY, function_problems
from ..metadata import full, texts
from ..wire import Connection
from .forms import EFFORT, SKILLS, Form, metadata_patch
from .service import ANTHROPIC, AnthropicService, Family, classify
from .toolsets import CUSTOM, identity, is_strange, strange_tools, write_tools

__all__ = ["PROVIDER", "AnthropicProvider", "Family", "classify"]

_SCHEMA: Json = schema_beside(__package__, "schema")
_NATIVE = (Support.NATIVE, "")
_LONGEST_SYSTEM = 100_000
_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_NO_SAMPLING = "an agent has no sampling settings; leave it out, and steer by `reasoning_effort` and the instructions"
_TOOLS = "function (with a description, not strict), mcp, web_search; code_interpreter approximated"
_IN_TEXT = "an agent answers in text; ask for the form in the instructions, or have a function take it"
_CODE = "the built-in tools bash, edit, glob, grep, read and write, which work in the container of a session"
_WORKSPACE: Json = {
    "type": "string",
    "minLength": 1,
    "pattern": "^[!-~]+$",
    "x-retinue-form": "Write its id, such as wrkspc_011CZkZaBF1tNoB5wlCeusgy.",
    "description": "Sent as anthropic-workspace-id, for a key that may act on several workspaces.",
}


def _problems(form: Form, desired: Desired) -> Iterator[Diagnostic]:
    system, effort = (desired.spec.get(name) for name in ("instructions", EFFORT))
    if isinstance(system, str) and len(system) > _LONGEST_SYSTEM:
        message = f"`instructions` of {len(system):,} characters cannot be held: {_LONGEST_SYSTEM:,} is the most"
        remedy = "Shorten them, here or for this environment in an overlay; skills can hold what is seldom needed."
        yield Diagnostic(LOSS, message, remedy, path="/instructions")
    if effort is not None and effort not in _EFFORTS:
        message = f"`{EFFORT}: {effort}` cannot be held: an agent thinks at least at the effort {_EFFORTS[0]}"
        yield Diagnostic(LOSS, message, f"Write one of {', '.join(_EFFORTS)}, or leave it out.", path=f"/{EFFORT}")
    for index, tool in numbered(desired.spec.get("tools")):
        yield from _tool(tool, f"/tools/{index}")
    block, seen = form.block_of(desired.spec), {*map(identity, write_tools(desired.spec.get("tools"), None, None)[0])}
    seen = {item for item in seen if item[0] == CUSTOM}
    servers = {item.get("server_label") for item in mappings(desired.spec.get("tools"))}
    for name, known, key in (("tools", seen, identity), ("mcp_servers", servers, lambda it: it.get("name"))):
        for index, item in numbered(block.get(name)):
            if (it := key(item)) in known:
                message = "it stands there twice: an earlier one has the same name"
                at = f"/providers/{form.name}/{name}/{index}"
                yield Diagnostic("agents-tool", message, "Keep one of the two.", path=at)
            known.add(it)


def _tool(tool: Mapping[str, Json], path: str) -> Iterator[Diagnostic]:
    kind = tool.get("type")
    if kind == "file_search":
        message = "the tool file_search cannot be held: an agent searches no vector store"
        remedy = f"{OVERLAY} Offer the search as a function or behind an `mcp` server, or its texts as a skill."
        yield Diagnostic(LOSS, message, remedy, path=path)
    elif kind == "code_interpreter":
        yield Diagnostic("approximated", f"code_interpreter is {_CODE}", path=path, severity=Severity.INFO)
    elif kind == "web_search" and tool.get("search_context_size") not in (None, "medium"):
        message = "`search_context_size` cannot be held: the service chooses how much of what is found the model sees"
        yield Diagnostic(LOSS, message, OVERLAY, path=f"{path}/search_context_size")
    yield from function_problems(tool, path)


class AnthropicProvider(Provider):
    """The record and the pure checks. `headers`: what the settings of an environment add to every request."""

    service = AnthropicService

    def __init__(self, family: Family = ANTHROPIC, headers: Mapping[str, str] | None = None) -> None:
        self._family, self._headers, self._form = family, headers or {}, Form(family.name, whole=family.whole)
        self.name, self.title, self.checks = family.name, family.title, {ASSISTANT.name: partial(_problems, self._form)}
        self.capabilities = Capabilities(
            ends=ends_of("anthropic-models"),
            kinds=by_name(ASSISTANT),
            list_lag=2.0,
            key_variable=family.key_variable,
            endpoint=family.endpoint,
            auth=family.auth,
            locked=True,
            removal=family.removal,
            settings={"workspace": _WORKSPACE},
            extras={ASSISTANT.name: _SCHEMA},
            fields={
                ASSISTANT.name: {
                    "name": (Support.NATIVE, "required: the name of the manifest, where it states none"),
                    "description": _NATIVE,
                    "model": _NATIVE,
                    "instructions": (Support.NATIVE, f"at most {_LONGEST_SYSTEM:,} characters"),
                    "tools": (Support.NATIVE, _TOOLS),
                    "tool_resources": (Support.UNSUPPORTED, "an agent has no files and vector stores of its own"),
                    "metadata": _NATIVE,
                    "temperature": (Support.UNSUPPORTED, _NO_SAMPLING),
                    "top_p": (Support.UNSUPPORTED, _NO_SAMPLING),
                    "response_format": (Support.UNSUPPORTED, _IN_TEXT),
                    EFFORT: (Support.NATIVE, ", ".join(_EFFORTS)),
                    "providers": (Support.NATIVE, ", ".join(_SCHEMA["properties"])),
                }
            },
        )

    def configured(self, settings: Settings) -> Configured:
        workspace = settings.values.get("workspace")
        headers = {"anthropic-workspace-id": workspace} if workspace else {}
        return Configured(AnthropicProvider(self._family, headers))

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        """Blocks the removal of an agent that a deployment runs or may run, and too many metadata pairs."""
        if live is None:
            return None
        if not change.action.destroys:
            spec = {**live.spec, **change.values}
            after = {**texts(live.raw), **metadata_patch(live, spec, Marker("-", "-"))}
            return full(live, sum(value is not None for value in after.values()), "Keep fewer metadata keys.")
        keep = f"to keep the agent there, removed: [{{address: {change.address}, forget: true}}]"
        if live.users:
            way = "archive the deployment in the service, or have it run another agent, and plan again"
            return Obstacle("in-use", f"it is run by {', '.join(live.users)}", (way, keep))
        if live.users is None and change.orphan:
            ways = ("let the key read deployments", keep, f"to archive it anyway, removed: [{change.address}]")
            return Obstacle("in-use", "a deployment may run it: deployments cannot be read with this key", ways)
        return None

    def connect(self, connection: Connection) -> Service:
        headers = {**self._family.headers, **self._headers, **connection.headers}
        http = connection.with_headers(headers).http(classify)
        return AnthropicService(http, self._family, connection.ours)

    def exported(self, live: Live) -> dict[str, Json]:
        """An agent as the manifest's fields, for import."""
        return {"id": live.remote_id, **live.spec}

    def kept(self, live: Live) -> Collection[str]:
        tools, servers = strange_tools(live.raw.get("tools")), mappings(live.raw.get("mcp_servers"))
        others = [item for item in mappings(live.raw.get("skills")) if item.get("type") not in SKILLS]
        return [text(item.get("type")) or "without a type" for item in (*tools, *filter(is_strange, servers), *others)]

    def recognised(self, raw: Mapping[str, Json]) -> Live | None:
        """An object of an export as a live agent; None if it says that it is something else."""
        return self._form.read(raw) if raw.get("type") == "agent" and text(raw.get("id")) else None


PROVIDER = AnthropicProvider()
