"""Provider `mistral`: agents of Mistral, by the package mistralai 3.7.0. The record and the pure checks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ...core.model import Desired, Diagnostic, Json, Live
from ...schema import by_name, schema_beside
from ..assistants_v2 import ASSISTANT
from ..base import Capabilities, Configured, Provider, Service, Settings, Support
from ..lenient import besides, mapping, numbered, text
from ..losses import LOSS, OVERLAY
from ..wire import Connection
from .forms import NAME, SCHEMA, TOOLS, block_of, to_live, unsaid, without_pointer
from .service import MistralService, classify

__all__ = ["PROVIDER", "MistralProvider", "classify"]
_NATIVE = (Support.NATIVE, "")
_LOST_TOOLS: Mapping[str, str] = {
    "file_search": "it searches libraries, which you fill: `document_library` below `providers.mistral`",
    "mcp": "it reaches servers as connectors of the workspace: `connector` below `providers.mistral`",
}


def _problems(desired: Desired) -> Iterator[Diagnostic]:
    spec, form = desired.spec, mapping(desired.spec.get("response_format"))
    if isinstance(heat := spec.get("temperature"), int | float) and heat > 1:
        message = f"`temperature: {heat}` cannot be held: 1 is the most for an agent"
        yield Diagnostic(LOSS, message, "Write at most 1, here or in an overlay.", path="/temperature")
    for index, tool in numbered(spec.get("tools")):
        kind, at = str(tool.get("type")), f"/tools/{index}"
        if kind in _LOST_TOOLS:
            message = f"the tool {kind} cannot be held: an agent has none; {_LOST_TOOLS[kind]}"
            yield Diagnostic(LOSS, message, OVERLAY, path=at)
        for name in besides(tool, ("type",)) if kind == "web_search" else ():
            if tool[name] not in (None, {}, [], "medium"):
                message = f"`{name}` cannot be held: the service decides how and where it searches"
                yield Diagnostic(LOSS, message, OVERLAY, path=f"{at}/{name}")
    if form.get("type") == "json_schema" and not mapping(form.get("json_schema")).get("schema"):
        message = "a json_schema without `schema` cannot be held"
        yield Diagnostic(LOSS, message, "Add `schema: …`, or remove the format.", path="/response_format")
    yield from TOOLS.problems(block_of(spec).get("tools"), f"/providers/{NAME}/tools", "Mistral")


class MistralProvider(Provider):
    """The record and the pure checks. `alias`: by which an environment's applications name an agent's version."""

    name = NAME
    title = "Mistral Agents"
    service = MistralService
    checks = {ASSISTANT.name: _problems}
    capabilities = Capabilities(
        kinds=by_name(ASSISTANT),
        list_lag=2.0,
        key_variable="MISTRAL_API_KEY",
        endpoint="https://api.mistral.ai",
        settings={"alias": schema_beside(__package__, "alias")},
        extras={ASSISTANT.name: SCHEMA},
        replaced={ASSISTANT.name: frozenset({"metadata"})},
        fields={
            ASSISTANT.name: {
                "name": (Support.NATIVE, "required: the name of the manifest, where it states none"),
                **dict.fromkeys(("description", "model", "instructions", "metadata", "top_p"), _NATIVE),
                "tools": (Support.NATIVE, "function, code_interpreter without files, web_search without options"),
                "tool_resources": (Support.UNSUPPORTED, "an agent has no files and vector stores of its own"),
                "temperature": (Support.NATIVE, "0 to 1"),
                "response_format": _NATIVE,
                "reasoning_effort": _NATIVE,
                "providers": (Support.NATIVE, ", ".join(SCHEMA["properties"])),
            }
        },
    )

    def __init__(self, alias: str = "") -> None:
        self._alias = alias

    def configured(self, settings: Settings) -> Configured:
        return Configured(MistralProvider(settings.values.get("alias", "")))

    def connect(self, connection: Connection) -> Service:
        return MistralService(connection.http(classify), self._alias, connection.ours)

    def exported(self, live: Live) -> dict[str, Json]:
        return {"id": live.remote_id, **without_pointer(live.spec)}

    def kept(self, live: Live) -> Collection[str]:
        return unsaid(live.raw)

    def recognised(self, raw: Mapping[str, Json]) -> Live | None:
        """An object of an export as a live agent; None if it says that it is something else."""
        counted = isinstance(raw.get("versions"), list) and type(raw.get("version")) is int
        return to_live(raw) if raw.get("object") == "agent" and text(raw.get("id")) and counted else None


PROVIDER = MistralProvider()
