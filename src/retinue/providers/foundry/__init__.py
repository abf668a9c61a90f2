"""Provider `foundry`: prompt agents of an Azure AI Foundry project (Agent Service v1). The record and the pure checks.

Source of the facts: the package azure-ai-projects 2.10.0; docs/providers/foundry.md marks what is not verified.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from ...core.model import Action, Change, Desired, Diagnostic, Json, Live, Obstacle, Severity
from ...schema import schema_beside
from ..assistants_v2 import ASSISTANT, FILE, KINDS, VECTOR_STORE
from ..assistants_v2.strict import strict_problems
from ..azure_openai.identity import FOUNDRY_SCOPE, token, two_ways
from ..base import Capabilities, Configured, Marker, Provider, Service, Settings, Support
from ..lenient import besides, mapping, mappings, text
from ..losses import LOSS
from ..metadata import full, no_room
from ..openai_files import FILE_FIELDS
from ..vector_stores import STORE_FIELDS, unsearchable
from ..wire import Connection
from .flat_tools import RESOURCES, SCHEMA, TOOLS, write_tools
from .forms import EDITED_KEY, NAME, NAME_KEY, agent_name, block_of, body, metadata, unsaid
from .service import FoundryService, classify
from .serving import AGENT_NAME, SERVES, kind_of, live_of, number, shares

__all__ = ["PROVIDER", "FoundryProvider", "classify"]

_MOST_TOOLS = 128
_PLAIN = "{name}"
_ENTRA: Json = schema_beside("retinue.providers.azure_openai", "settings")["entra"]
_NOTES = {
    "name": (Support.EMULATED, f"the metadata pair `{NAME_KEY}`: one pair fewer for you"),
    "model": (Support.NATIVE, "the deployment's name"),
    "tools": (Support.NATIVE, f"at most {_MOST_TOOLS}"),
    "tool_resources": (Support.NATIVE, "within their tools"),
    "providers": (Support.NATIVE, ", ".join(SCHEMA["properties"])),
}


class FoundryProvider(Provider):
    """The record and the pure checks, bound to how an environment names its agents."""

    name = NAME
    title = "Azure AI Foundry agents (Agent Service v1, prompt agents)"
    service = FoundryService
    capabilities = Capabilities(
        kinds=KINDS,
        identity="client",
        list_lag=2.0,
        key_variable="AZURE_AI_TOKEN",
        settings={"entra": _ENTRA, "agent_name": schema_beside(__package__, "agent_name")},
        extras={ASSISTANT.name: SCHEMA},
        compound={VECTOR_STORE.name: frozenset({"files"})},
        fields={
            ASSISTANT.name: dict.fromkeys(ASSISTANT.fields, (Support.NATIVE, "")) | _NOTES,
            VECTOR_STORE.name: STORE_FIELDS,
            FILE.name: FILE_FIELDS,
        },
    )

    def __init__(self, template: str = _PLAIN, *, uses_entra: bool = False) -> None:
        self._template, self._uses_entra = template, uses_entra
        self.checks = {ASSISTANT.name: lambda desired: _problems(desired, template), VECTOR_STORE.name: unsearchable}

    def configured(self, settings: Settings) -> Configured:
        problems, (_, slashes, place) = [*two_ways(settings)], settings.endpoint.partition("://")
        if slashes and not re.search(r"/api/projects/[^/]+/?$", place):
            message = "this is not the endpoint of a Foundry project"
            remedy = "It ends in the project's name: https://NAME.services.ai.azure.com/api/projects/NAME."
            problems.append(Diagnostic("azure-endpoint", message, remedy, path="/endpoint"))
        template = settings.values.get("agent_name", _PLAIN)
        return Configured(FoundryProvider(template, uses_entra="entra" in settings.values), tuple(problems))

    def token(self) -> str | None:
        return token(FOUNDRY_SCOPE) if self._uses_entra else None

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        """More than 16 metadata pairs, counting a display name that the manifest leaves to others."""
        if live is None or SERVES not in live.raw:
            return None
        count = len(metadata({**live.spec, **change.values}, Marker("-", "-")))
        return full(live, count, "Keep fewer metadata keys, or no `name`.")

    def advice(self, change: Change, live: Live) -> Diagnostic | None:
        """What a write carries over, and what the first pin of an agent means."""
        if SERVES not in live.raw or change.action is Action.DELETE:
            return None
        names = ", ".join(unsaid(body({**live.spec, **change.values}, None, before=live.raw[SERVES])))
        told = [f"carried over as it is, because a manifest cannot express it: {names}"] if names else []
        if not shares(live.raw):
            told.append(
                "pinned from now on for callers of its endpoint; a reference without a version may get the newest"
            )
        message = f"{live.remote_id}: {'; '.join(told)}"
        return Diagnostic("serving", message, address=str(change.address), severity=Severity.INFO) if told else None

    def connect(self, connection: Connection) -> Service:
        return FoundryService(connection.http(classify), connection, self._template)

    def exported(self, live: Live) -> dict[str, Json]:
        """An agent as the manifest's fields, for import."""
        if SERVES not in live.raw:
            return {**live.raw, **live.spec}
        return {"id": live.remote_id, **live.spec, "providers": {NAME: besides(block_of(live.spec), ["serving"])}}

    def kept(self, live: Live) -> Collection[str]:
        return unsaid(live.raw[SERVES]) if SERVES in live.raw else ()

    def recognised(self, raw: Mapping[str, Json]) -> Live | None:
        """An object of an export as a live agent; None if it says that it is something else."""
        newest = mapping(mapping(raw.get("versions")).get("latest"))
        known = raw.get("object") == "agent" and text(raw.get("name")) and number(newest)
        return live_of(raw, newest, [newest]) if known and kind_of(raw) == "prompt" else None


def _problems(desired: Desired, template: str) -> Iterator[Diagnostic]:
    spec, own = desired.spec, block_of(desired.spec).get("tools")
    name = agent_name(spec, desired.address.name if desired.address else "agent", template)
    if not AGENT_NAME.fullmatch(name):
        message = (
            f"the agent would be called `{name}`: a name has letters, digits and, between them, hyphens; at most 63"
        )
        remedy = f"Write a name of its own: `providers: {{{NAME}: {{name: …}}}}`."
        yield Diagnostic("agent-name", message, remedy, path=f"/providers/{NAME}")
    pairs = metadata(spec, Marker("-", "-"))
    yield from no_room(spec, "name", len(pairs))
    if EDITED_KEY in pairs:
        message = f"the pair `{EDITED_KEY}` cannot be held: the portal writes one of that name at each edit"
        yield Diagnostic(LOSS, message, "Give it another name.", path=f"/metadata/{EDITED_KEY}")
    kinds = [str(tool.get("type")) for tool in mappings(spec.get("tools"))]
    yield from TOOLS.problems(own, f"/providers/{NAME}/tools", "Foundry", RESOURCES.keys() & kinds)
    if (count := len(write_tools(spec, own))) > _MOST_TOOLS:
        message = f"there are {count} tools with those below `providers`; {_MOST_TOOLS} is the most for an agent"
        yield Diagnostic("too-many", message, f"Remove {count - _MOST_TOOLS}.", path="/tools")
    for kind, member in RESOURCES.items():
        ids = mapping(mapping(spec.get("tool_resources")).get(kind)).get(member)
        if ids and kind not in kinds:
            message = f"the resources of {kind} cannot be held: they stand within that tool, and `tools` has none"
            yield Diagnostic(LOSS, message, f"Add `{{type: {kind}}}` to `tools`.", path=f"/tool_resources/{kind}")
        if kind == "file_search" and kind in kinds and not ids:
            message = "file_search needs a vector store here: the service requires one"
            remedy = "Name one: `tool_resources: {file_search: {vector_store_ids: [{ref: VectorStore/NAME}]}}`."
            yield Diagnostic("foundry-search", message, remedy, path=f"/tools/{kinds.index(kind)}")
    # Models of OpenAI refuse it; others may not.
    yield from strict_problems(spec, Severity.WARNING)
    form = mapping(spec.get("response_format"))
    if form.get("type") == "json_schema" and mapping(form.get("json_schema")).get("schema") is None:
        message = "a json_schema without `schema` cannot be held"
        yield Diagnostic(LOSS, message, "Add `schema: …`, or remove the format.", path="/response_format")


PROVIDER = FoundryProvider()
