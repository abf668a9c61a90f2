"""Provider `flowise`: rows of Flowise's own assistants, types CUSTOM and OPENAI. The record and the pure checks.

Source of the facts: measured against Flowise 3.1.4, and its server source.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ...core.model import Change, Diagnostic, Json, Live, Obstacle, Severity
from ...schema import by_name, schema_beside
from ..assistants_v2 import assistant
from ..base import Capabilities, Provider, Service, Support
from ..ends import ends_of
from ..lenient import text
from ..wire import Connection
from .block import CUSTOM, NAME, block_of
from .checks import problems
from .in_files import opened, recognised
from .rows import details_of
from .service import FlowiseService
from .verdicts import classify
from .writing import IN_FLOW

_API = "/api/v1"
_SCHEMA: Json = schema_beside(__package__, "schema")
ASSISTANT = assistant(empty_pairs=True)
_NATIVE = (Support.NATIVE, "")


class FlowiseProvider(Provider):
    """Which fields a row holds depends on its type; `validate` reports what one type lacks, at its line."""

    name = NAME
    title = "Flowise assistants (3.1)"
    service = FlowiseService
    checks = {ASSISTANT.name: problems}
    capabilities = Capabilities(
        ends=ends_of("flowise"),
        kinds=by_name(ASSISTANT),
        fields={
            ASSISTANT.name: {
                "name": (Support.NATIVE, "that of the address where a manifest has none"),
                "description": (Support.NATIVE, "of a CUSTOM row: kept, but shown nowhere"),
                "model": (Support.NATIVE, "of a CUSTOM row: an input of its chat model"),
                "instructions": _NATIVE,
                "tools": (Support.NATIVE, "OPENAI rows only: code_interpreter and file_search without options"),
                "tool_resources": (Support.NATIVE, "OPENAI rows only"),
                "metadata": (Support.EMULATED, "kept in the row's details, shown nowhere in Flowise"),
                "temperature": (Support.NATIVE, "of a CUSTOM row: if its chat model has the input"),
                "top_p": (Support.NATIVE, "of a CUSTOM row: if its chat model has the input"),
                "response_format": (
                    Support.UNSUPPORTED,
                    "Flowise has no response format; ask for the form in the instructions",
                ),
                "reasoning_effort": (
                    Support.UNSUPPORTED,
                    "a row has no such field; a chat model that has one takes it in `chatModel.inputs`",
                ),
                "providers": (Support.NATIVE, "type, credential, iconSrc, chatModel, tools, documentStores"),
            }
        },
        extras={ASSISTANT.name: _SCHEMA},
        recognised_by={ASSISTANT.name: ("/name", f"/providers/{NAME}/type")},
        key_variable="FLOWISE_API_KEY",
    )

    def obstacle(self, change: Change, live: Live | None) -> Obstacle | None:
        """The type of a row is fixed: the server would take another one, and then refuse every change and delete."""
        wanted = next((item.after for item in change.fields if item.path == "/providers"), None)
        if live is None or wanted is None:
            return None
        before, after = block_of(live.spec).type, block_of({"providers": wanted}).type
        if before == after:
            return None
        ways = ("Give the manifest another name (`assistant:`), so that a new row is made and the old one deleted.",)
        return Obstacle("flowise-type", f"{live.remote_id} is of type {before}, which cannot become {after}", ways)

    def connect(self, connection: Connection) -> Service:
        base = connection.base_url.rstrip("/").removesuffix(_API)
        return FlowiseService(replace(connection, base_url=base + _API).http(classify), connection.ours)

    def advice(self, change: Change, live: Live) -> Diagnostic | None:
        """A CUSTOM row is but a form; what answers is its chatflow, which some keys may not change."""
        flow = details_of(live.raw).get("flowId")
        if not flow or "chatflow" in live.raw or IN_FLOW.isdisjoint(item.name for item in change.fields):
            return None
        message = f"{live.remote_id} answers through its chatflow {flow}, which stays as it is"
        remedy = "After the apply open the assistant in Flowise and save it there."
        at = str(change.address)
        return Diagnostic("flowise-chatflow", message, remedy, address=at, severity=Severity.WARNING)

    def used_id(self, live: Live) -> str | None:
        """`/prediction` takes the chatflow of a CUSTOM row; an OPENAI row is used by those that name it."""
        return text(details_of(live.raw).get("flowId")) if live.raw.get("type") == CUSTOM else live.remote_id

    def exported(self, live: Live) -> dict[str, Json]:
        """A row as the manifest's fields, for import: names for ids, no node's default, no key."""
        extras = live.spec["providers"][NAME]
        own = {key: value for key, value in extras.items() if key not in _SCHEMA["x-retinue-live"]}
        return {"id": live.raw.get("id"), **live.spec, "providers": {NAME: own}}

    def recognised(self, raw: Mapping[str, Json]) -> Live | None:
        """A row of a file as a live one; None for an object of something else."""
        return recognised(raw)

    def opened(self, raw: Mapping[str, Json]) -> tuple[list[Json], list[Diagnostic]] | None:
        return opened(raw)

    def kept(self, live: Live) -> Collection[str]:
        return [str(item) for item in live.raw.get("unsaid", ())]


PROVIDER = FlowiseProvider()
