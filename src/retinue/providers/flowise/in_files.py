"""Rows of Flowise in a file: single ones, and the whole exports of 2.x and 3.x. Pure; trusts nothing in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from ...core.model import Diagnostic, Json, Live, Severity
from ...core.strictjson import received
from ..lenient import mapping, mappings, text
from .block import CUSTOM, OPENAI
from .directory import Directory
from .nodes import is_secret, parameters
from .rows import parsed_details, to_live
from .upstream import RESOURCE_IDS

_ROWS = ("AssistantCustom", "AssistantOpenAI", "AssistantAzure", "Assistant")
"""Where an export of the whole server has its rows; the last one is of 2.x."""
_ELSE = {
    "ChatFlow": "chatflows", "AgentFlow": "agentflows", "AgentFlowV2": "agentflows (V2)", "Tool": "tools",
    "Variable": "variables", "DocumentStore": "document stores", "CustomTemplate": "templates",
    "Execution": "executions", "ChatMessage": "chat messages",
}  # fmt: skip
"""What else it may have. Flows of assistants and chunks of stores are parts of other entries."""
_ROW = ("id", "details", "credential", "iconSrc", "type", "createdDate", "updatedDate", "workspaceId")
_OPENAI = (
    *("id", "name", "description", "model", "instructions", "temperature", "top_p", "tools", "tool_resources"),
    "metadata",
)
_CUSTOM = ("name", "description", "instruction", "chatModel", "tools", "documentStores", "metadata", "flowId")

_TYPES: Mapping[str, type] = {
    **dict.fromkeys(("name", "description", "instruction", "instructions", "model"), str),
    **dict.fromkeys(("chatModel", "metadata", "tool_resources"), dict),
    **dict.fromkeys(("tools", "documentStores"), list),
}


def _decoded(value: Json, kind: type | None) -> Json:
    """A value that was written as JSON text, as what it is."""
    if kind not in (dict, list) or not isinstance(value, str):
        return value
    with suppress(ValueError):
        found = received(value)
        return found if isinstance(found, kind) else value
    return value


def opened(raw: Mapping[str, Json]) -> tuple[list[Json], list[Diagnostic]] | None:
    """The rows in an export of the whole server, and a word on the rest; None for anything else."""
    lists = {name: rows for name in _ROWS if isinstance(rows := raw.get(name), list)}
    if not lists or raw.keys().isdisjoint((*_ELSE, *_ROWS[:3], "AssistantFlow")):
        return None
    others = [
        f"{len(there)} {name}" for key, name in _ELSE.items() if isinstance(there := raw.get(key), list) and there
    ]
    message = f"the export has more than assistants, which was left out: {', '.join(others)}"
    remedy = "Keep the export: Flowise itself reads them back. Only assistants become manifests."
    notes = [Diagnostic("export-other", message, remedy, severity=Severity.WARNING)] if others else []
    return [row for rows in lists.values() for row in rows], notes


def recognised(raw: Mapping[str, Json]) -> Live | None:
    """A row as an answer, a request or an export has it; None for an object of something else.

    What no manifest can say stands in the spec by its pointer, so that it is named.
    """
    if "object" in raw or "details" not in raw:
        return None
    written = raw["details"]
    row = {**raw, "details": json.dumps(written) if isinstance(written, dict) else written}
    details = parsed_details(row)
    if not details:
        return None
    details = {key: _decoded(value, _TYPES.get(key)) for key, value in details.items()}
    row["details"] = json.dumps(details)
    # A request may say no type; the server takes all others for one of OpenAI, as it does AZURE.
    is_custom = raw.get("type") == CUSTOM or ("chatModel" in details and not raw.get("type"))
    row["type"] = CUSTOM if is_custom else OPENAI
    named = dict.fromkeys(_unsaid(raw, details, is_custom=is_custom), True)
    live = to_live({**row, "id": text(raw.get("id")) or "-"}, Directory())
    return replace(live, spec={**live.spec, **named}, raw=row)


def _unsaid(raw: Mapping[str, Json], details: Mapping[str, Json], *, is_custom: bool) -> Iterator[str]:
    """Pointers, without their slash, to what the row says and no manifest can."""
    yield from (key for key, value in raw.items() if key not in _ROW and value not in (None, "", [], {}))
    if raw.get("type") not in (None, CUSTOM, OPENAI):
        yield f"type {raw['type']}"
    known = _CUSTOM if is_custom else _OPENAI
    empty: tuple[Json, ...] = (None, "", [], {})
    yield from (
        f"details/{key}"
        for key, kind in _TYPES.items()
        if key in known and details.get(key) not in empty and not isinstance(details[key], kind)
    )
    yield from (
        f"details/metadata/{key}"
        for key, item in mapping(details.get("metadata")).items()
        if not isinstance(item, str | None)
    )
    yield from (
        f"details/{key}" for key, value in details.items() if key not in known and value not in (None, "", [], {})
    )
    listed = details["tools"] if isinstance(details.get("tools"), list) else []
    if not is_custom:
        if "function" in listed:
            yield "details/tools/function"
        ours = [name for name, _ in RESOURCE_IDS]
        yield from (
            f"details/tool_resources/{key}" for key in mapping(details.get("tool_resources")) if key not in ours
        )
        return
    nodes = {"chatModel": mapping(details.get("chatModel"))}
    nodes |= {f"tools/{index}": mapping(tool) for index, tool in enumerate(listed)}
    for path, node in nodes.items():
        if path != "chatModel" and not text(node.get("name")):
            yield f"details/{path}"
        there, parts = mapping(node.get("inputs")), parameters(node)
        yield from (
            f"details/{path}/inputs/{key}" for key, value in there.items() if value and is_secret(parts.get(key))
        )
    stores = details.get("documentStores")
    if stores and len(mappings(stores)) != len([store for store in mappings(stores) if text(store.get("name"))]):
        yield "details/documentStores without a name"
