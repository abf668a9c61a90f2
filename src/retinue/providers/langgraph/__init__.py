"""Provider `langgraph`: assistants of a LangGraph server: a graph, a context, metadata. The record and the checks.

Source of the facts: measured against langgraph-api 0.16.7, and its published OpenAPI document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ...core.literals import SECRET
from ...core.model import Desired, Diagnostic, Json, Live, Severity
from ...core.pointer import join_pointer
from ...core.values import replace
from ...schema import by_name, schema_beside
from ..assistants_v2 import assistant
from ..base import Auth, Capabilities, Provider, Service, Support
from ..lenient import besides, text, text_members
from ..wire import Connection
from .block import DEFAULT_KEYS, NAME, block_of
from .mapping import SYSTEM, UNNAMED, is_system, to_live
from .service import LangGraphService, classify

_SCHEMA: Json = schema_beside(__package__, "schema")
# The model is one key of a context, which a graph may call otherwise or not have at all.
ASSISTANT = assistant(required=(), empty_pairs=True)
_NATIVE = (Support.NATIVE, "")
_IN_CODE = "LangGraph has it in the code of the graph"


def _problems(desired: Desired) -> Iterator[Diagnostic]:
    block = block_of(desired.spec)
    if block.graph_id is None:
        remedy = f"Add `providers: {{{NAME}: {{graph_id: NAME}}}}`, here or in the defaults of retinue.yaml."
        path = f"/providers/{NAME}"
        yield Diagnostic("graph-missing", "a LangGraph assistant needs the graph that answers", remedy, path=path)
    by_key = {key: name for name, key in block.keys.items()}
    for key, value in block.context.items():
        path = join_pointer(("providers", NAME, "context", key))
        if key in by_key:
            message = f"the context key `{key}` is written as the field `{by_key[key]}` of the manifest"
            remedy = f"Move its value to `{by_key[key]}:`, or give that field another key with `context_keys`."
            yield Diagnostic("context-key", message, remedy, path=path)
        elif isinstance(value, str) and value and SECRET.search(key):
            message = f"the context key `{key}` looks like a secret; a context stands in plans, and open on the server"
            remedy = "Let the graph take it from the environment of its server; if it is a key, revoke it now."
            yield Diagnostic("context-secret", message, remedy, path=path, severity=Severity.WARNING)
    for key, count in Counter(block.keys.values()).items():
        if count > 1:
            names = " and ".join(f"`{name}`" for name, other in block.keys.items() if other == key)
            remedy = "Give each field a context key of its own."
            path = f"/providers/{NAME}/context_keys"
            yield Diagnostic("context-key", f"{names} would both be the context key `{key}`", remedy, path=path)
    if desired.spec.get("name") == UNNAMED:
        message = f"`{UNNAMED}` is what the server calls an assistant without a name"
        yield Diagnostic("name-unnamed", message, "Use another name, or none.", path="/name")
    for key, value in SYSTEM.items():
        if text_members(desired.spec.get("metadata")).get(key) == value:
            message = f"`{key}: {value}` is how the server marks the assistants that it makes by itself"
            yield Diagnostic("metadata-system", message, "Use another value.", path=f"/metadata/{key}")


class LangGraphProvider(Provider):
    """Name, description and metadata are the server's own; the rest is what the graph declares as its context."""

    name = NAME
    title = "LangGraph assistants (langgraph dev, LangGraph Server, LangSmith deployments)"
    service = LangGraphService
    checks = {ASSISTANT.name: _problems}
    capabilities = Capabilities(
        kinds=by_name(ASSISTANT),
        identity="client",
        create_repeatable=True,
        fields={
            ASSISTANT.name: dict.fromkeys(("name", "description", "metadata"), _NATIVE)
            | {name: (Support.EMULATED, f"the context key `{key}`, or another") for name, key in DEFAULT_KEYS.items()}
            | {
                "tools": (Support.UNSUPPORTED, f"{_IN_CODE}; pass what it needs in providers.{NAME}.context"),
                "tool_resources": (Support.UNSUPPORTED, f"{_IN_CODE}, and no files or vector stores of its own"),
                "response_format": (Support.UNSUPPORTED, _IN_CODE),
                "providers": (Support.NATIVE, "graph_id, context_keys, context"),
            }
        },
        extras={ASSISTANT.name: _SCHEMA},
        auth=Auth("x-api-key", ""),
    )

    def connect(self, connection: Connection) -> Service:
        return LangGraphService(connection.http(classify, create_repeatable=self.capabilities.create_repeatable))

    def exported(self, live: Live) -> dict[str, Json]:
        return {"id": live.remote_id, **live.spec, "providers": {NAME: block_of(live.spec).to_spec()}}

    def recognised(self, raw: Mapping[str, Json]) -> Live | None:
        """An object of an export as a live assistant; None if it says that it is something else."""
        known = text(raw.get("assistant_id")) and text(raw.get("graph_id")) and "thread_id" not in raw
        if not known or is_system(raw):
            return None
        live, pairs = to_live(raw), besides(raw.get("metadata"), ())
        # A value that is not text cannot stand in a manifest; it is named by its pointer.
        unsaid = {f"metadata/{key}": True for key, item in pairs.items() if not isinstance(item, str | None)}
        return replace(live, spec={**live.spec, **unsaid})


PROVIDER = LangGraphProvider()
