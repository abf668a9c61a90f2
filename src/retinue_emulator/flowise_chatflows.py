"""Chatflows of Flowise, as far as they answer for assistants; one is built of a row's details as the page builds it."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from .errors import ApiError
from .faults import Behaviour
from .flowise_text import WORKSPACE, as_js, date
from .ground import Ground
from .web import Answer, Request, Route

KIND = "flowise_chatflow"
_TYPES = ("CHATFLOW", "AGENTFLOW", "MULTIAGENT", "ASSISTANT")
_PROTECTED = ("id", "createdDate", "updatedDate", "workspaceId", "webhookSecret", "webhookSecretConfigured")
_COLUMNS = (
    *("name", "flowData", "deployed", "isPublic", "apikeyid", "chatbotConfig", "apiConfig", "analytic"),
    *("speechToText", "textToSpeech", "followUpPrompts", "category", "mcpServerConfig"),
)
_MEMORY = {
    "name": "bufferMemory",
    "inputParams": [{"name": "memoryKey", "type": "string", "default": "chat_history"}],
    "inputs": {"sessionId": "", "memoryKey": "chat_history"},
}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Chatflows:
    """A key may be `allowed` to do all, to see them (`seen`), or neither (`forbidden`); but whoever may delete
    assistants may delete an assistant's chatflow."""

    def __init__(self, ground: Ground) -> None:
        self._store, self._behaviour, self._now = ground.store, ground.behaviour, ground.now

    def routes(self, prefix: str) -> tuple[Route, ...]:
        every, one = f"{prefix}/chatflows", f"{prefix}/chatflows/{{id}}"
        return (
            Route("POST", every, self._may(("allowed",), lambda request: self.save(request.json()))),
            Route("GET", every, self._may(("allowed", "seen"), self._list)),
            Route("GET", one, self._may(("allowed", "seen"), lambda request, key: self._found(key))),
            Route("PUT", one, self._may(("allowed",), lambda request, key: self.save(request.json(), key))),
            Route("DELETE", one, lambda request, key: Answer(json.dumps(self._delete(key)))),
        )

    def _may(self, who: Iterable[str], handle: Callable[..., Any]) -> Callable[..., Answer]:
        def wrapped(request: Request, *segments: str) -> Answer:
            behaviour: Behaviour = self._behaviour()
            if behaviour.flowise_chatflows not in who:
                raise ApiError(403, "Forbidden")
            return Answer(json.dumps(handle(request, *segments), ensure_ascii=False))

        return wrapped

    def _list(self, request: Request) -> list[dict[str, Any]]:
        """The one that was changed last comes first."""
        wanted = request.query.get("type")
        flows = [flow for _, flow in self._store.everything(KIND) if wanted not in _TYPES or flow["type"] == wanted]
        return sorted(flows, key=lambda flow: str(flow["updatedDate"]), reverse=True)

    def _found(self, key: str) -> dict[str, Any]:
        if not _UUID.fullmatch(key):
            raise ApiError(400, "Invalid Chatflow ID")
        flow = self._store.read(KIND, key)
        if flow is None:
            raise ApiError(404, f"Chatflow {key} not found in the database!")
        return flow

    def save(self, body: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
        """Make one, or change the columns that are given."""
        with self._store.transaction():
            old = self._found(key) if key else {"id": str(uuid.uuid4()), "createdDate": date(self._now())}
            given = {name: value for name, value in body.items() if name not in _PROTECTED}
            if given.get("type", old.get("type")) not in _TYPES:
                raise ApiError(400, "Invalid Chatflow Type")
            flow = {**dict.fromkeys(_COLUMNS), "webhookSecretConfigured": False, **old, **given}
            try:
                json.loads(flow["flowData"])["nodes"]
            except (KeyError, TypeError, ValueError) as error:
                raise ApiError(500, "nodes is not iterable") from error
            flow |= {"updatedDate": date(self._now()), "workspaceId": WORKSPACE}
            created = int(datetime.fromisoformat(flow["createdDate"]).timestamp())
            self._store.put(KIND, flow["id"], created, json.dumps(flow, ensure_ascii=False))
            return {**flow, "webhookSecret": None}

    def _delete(self, key: str) -> dict[str, Any]:
        try:
            self._found(key)
        except ApiError as error:
            raise ApiError(500, f"Error: chatflowsService.deleteChatflow - {error}") from error
        return {"raw": [], "affected": int(self._store.delete(KIND, key))}

    def save_as_page(self, details: dict[str, Any]) -> str:
        """Save what the page would build of these details; returns its id."""
        body = {"name": details.get("name"), "flowData": as_js(built_as_page(details)), "type": "ASSISTANT"}
        key = details.get("flowId")
        return str(self.save(body, key if key and self._store.read(KIND, key) else None)["id"])


def built_as_page(details: Mapping[str, Any]) -> dict[str, Any]:
    """From the page's own template, which is older than the catalogue; with handles that nothing reads."""
    model = f"{details.get('chatModel', {}).get('name')}_0"
    nodes: dict[str, dict[str, Any]] = {"bufferMemory_0": _MEMORY}
    inputs: dict[str, Any] = {"tools": [], "memory": "{{bufferMemory_0.data.instance}}", "model": f"{{{{{model}}}}}"}
    inputs |= {"chatPromptTemplate": "", "inputModeration": "", "maxIterations": ""}
    inputs["systemMessage"] = details.get("instruction")
    nodes |= {"toolAgent_0": {"name": "toolAgent", "inputs": inputs}, model: details.get("chatModel", {})}
    pairs = [("bufferMemory_0", "toolAgent_0"), (model, "toolAgent_0")]
    for at, store in enumerate(details.get("documentStores") or []):
        held = {"name": store.get("name"), "description": store.get("description")}
        held |= {"returnSourceDocuments": store.get("returnSourceDocuments", False)}
        held["retriever"] = f"{{{{documentStoreVS_{at}.data.instance}}}}"
        nodes[f"documentStoreVS_{at}"] = {"name": "documentStoreVS", "inputs": {"selectedStore": store.get("id")}}
        nodes[f"retrieverTool_{at}"] = {"name": "retrieverTool", "inputs": held}
        pairs += [(f"documentStoreVS_{at}", f"retrieverTool_{at}"), (f"retrieverTool_{at}", "toolAgent_0")]
        inputs["tools"].append(f"{{{{retrieverTool_{at}}}}}")
    for at, tool in enumerate(details.get("tools") or []):
        nodes[f"{tool.get('name')}_{at}"] = tool
        pairs.append((f"{tool.get('name')}_{at}", "toolAgent_0"))
        inputs["tools"].append(f"{{{{{tool.get('id')}}}}}")
    edges = [{"source": source, "target": target, "type": "buttonedge"} for source, target in pairs]
    return {"nodes": [{"id": key, "data": {**node, "id": key}} for key, node in nodes.items()], "edges": edges}
