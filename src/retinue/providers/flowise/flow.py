"""The chatflow that answers for a CUSTOM row: whose it is, built of the row's details as Flowise's page does, and read.

Pure. Source: the page of 3.1.4, which saves a chatflow of type ASSISTANT and links it as `flowId` in the details.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...core.model import Json
from ...core.strictjson import received
from ...core.values import dataclass
from ..lenient import mapping, mappings, text
from .block import Part
from .directory import Directory
from .nodes import Component, filled, stated_inputs

AGENT, MEMORY, STORE, RETRIEVER = "toolAgent", "bufferMemory", "documentStoreVS", "retrieverTool"
_REFERENCE = re.compile(r"\{\{([^{}.]+)(?:\.data\.instance)?\}\}")
_MARK = re.compile(r"retinue (\S+) ([0-9a-f]{16})")
"""In `category`, which no part of Flowise shows for an assistant's chatflow and a save of the page keeps: the row that
it was made for, and the digest of what was written last."""
Flow = Mapping[str, Json]


class Row(NamedTuple):
    """What is needed of a row to know its chatflow again. `link`: the `flowId` in its details."""

    created: str
    id: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers for a row: its chatflow, if there is one. `copies`: others that were made for it too."""

    flow: Flow | None
    copies: tuple[str, ...] = ()
    link: str | None = None

    @property
    def is_linked(self) -> bool:
        return self.flow is not None and self.flow.get("id") == self.link

    @property
    def is_unfinished(self) -> bool:
        """True if a step of ours broke off before both said the same and linked: no other hand has been there since."""
        if not self.is_linked:
            return self.link is None
        assert self.flow is not None
        mark = _MARK.fullmatch(text(self.flow.get("category")) or "")
        return mark is not None and mark[2] == _digest(self.flow)


def assigned(rows: Iterable[Row], flows: Iterable[Flow]) -> dict[str, Answering]:
    """By row what answers for it: what was made for it, first of all the one that it links; else an unmarked one that
    it links before any other row does. A chatflow of another row, or of a canvas, is none of its business."""
    rows = sorted(rows)
    known = {row.id for row in rows}
    by_id = {str(flow.get("id")): flow for flow in flows}
    made: dict[str | None, list[Flow]] = {}
    for each in sorted(by_id.values(), key=lambda item: (str(item.get("createdDate")), str(item.get("id")))):
        made.setdefault(owner_of(each), []).append(each)
    first: dict[str | None, str] = {}
    for row in rows:
        first.setdefault(row.link, row.id)
    found = {}
    for row in rows:
        own = made.get(row.id, [])
        linked = by_id.get(row.link or "")
        flow = linked if linked in own else own[0] if own else None
        if flow is None and linked is not None and owner_of(linked) not in known and first[row.link] == row.id:
            flow = linked
        copies = tuple(str(item.get("id")) for item in own if item is not flow)
        found[row.id] = Answering(flow, copies, row.link)
    return found


def owner_of(flow: Flow) -> str | None:
    """The id of the row that a chatflow was made for, as its mark says."""
    mark = _MARK.fullmatch(text(flow.get("category")) or "")
    return mark[1] if mark else None


def body(row_id: str, details: Mapping[str, Json], parts: Mapping[str, Component], directory: Directory) -> Flow:
    """What the page would send for these details, and the mark."""
    data = json.dumps(_built(details, parts, directory), ensure_ascii=False, separators=(",", ":"))
    flow = {"name": text(details.get("name")) or "", "flowData": data, "type": "ASSISTANT"}
    return {**flow, "category": f"retinue {row_id} {_digest(flow)}"}


def parts_for(details: Mapping[str, Json]) -> tuple[str, ...]:
    """The nodes that a chatflow has besides those of its row."""
    return (AGENT, MEMORY, *((STORE, RETRIEVER) if mappings(details.get("documentStores")) else ()))


def _built(details: Mapping[str, Json], parts: Mapping[str, Component], directory: Directory) -> dict[str, Json]:
    nodes: dict[str, dict[str, Json]] = {}
    edges: list[dict[str, Json]] = []

    def add(key: str, data: Mapping[str, Json], target: str, anchor: str) -> None:
        nodes[key] = {**data, "id": key}
        output = next((item.get("id") for item in mappings(data.get("outputAnchors"))), f"{key}-output")
        ends = {"source": key, "sourceHandle": str(output), "target": target}
        ends["targetHandle"] = f"{target}-input-{anchor}"
        edges.append({**ends, "type": "buttonedge", "id": "-".join(ends.values())})

    agent, model = f"{AGENT}_0", mapping(details.get("chatModel"))
    add(f"{MEMORY}_0", filled(Part(MEMORY), parts[MEMORY], {}, ""), agent, "memory-BaseChatMemory")
    add(f"{model.get('name')}_0", model, agent, "model-BaseChatModel")
    tools = []
    for at, store in enumerate(mappings(details.get("documentStores"))):
        source, key, name = f"{STORE}_{at}", str(store.get("id")), directory.stores.label(str(store.get("id")))
        about = text(store.get("description")) or directory.stores.about.get(key, "")
        inputs: dict[str, Json] = {"name": re.sub("[^a-z0-9_-]", "", name.lower().replace(" ", "_"))}
        inputs |= {"description": about, "retriever": f"{{{{{source}.data.instance}}}}"}
        inputs |= {"returnSourceDocuments": store.get("returnSourceDocuments") is True}
        held = filled(Part(STORE, {"selectedStore": key}), parts[STORE], {}, "")
        add(source, {**held, "outputs": {"output": "retriever"}}, f"{RETRIEVER}_{at}", "retriever-BaseRetriever")
        add(f"{RETRIEVER}_{at}", filled(Part(RETRIEVER, inputs), parts[RETRIEVER], {}, ""), agent, "tools-Tool")
        tools.append(f"{{{{{RETRIEVER}_{at}}}}}")
    for at, tool in enumerate(mappings(details.get("tools"))):
        add(f"{tool.get('name')}_{at}", tool, agent, "tools-Tool")
        tools.append(f"{{{{{tool.get('name')}_{at}}}}}")
    said: dict[str, Json] = {"memory": f"{{{{{MEMORY}_0.data.instance}}}}", "tools": tools}
    said |= {"model": f"{{{{{model.get('name')}_0}}}}", "systemMessage": text(details.get("instruction")) or ""}
    nodes[agent] = {**filled(Part(AGENT, said), parts[AGENT], {}, ""), "id": agent}
    return {"nodes": [{"id": key, "data": data} for key, data in nodes.items()], "edges": edges}


def said_by(flow: Flow) -> dict[str, Json] | None:
    """A chatflow as the details of a row that it was built of; None for one that no page of an assistant has built."""
    try:
        data = mapping(received(text(flow.get("flowData")) or ""))
    except ValueError:
        return None
    nodes = {str(node.get("id")): mapping(node.get("data")) for node in mappings(data.get("nodes"))}
    agents = [key for key, node in nodes.items() if node.get("name") == AGENT]
    if len(agents) != 1:
        return None
    agent, inputs = nodes[agents[0]], mapping(nodes[agents[0]].get("inputs"))
    listed = inputs["tools"] if isinstance(inputs.get("tools"), list) else []
    memory, model, *used = [_referred(item) for item in (inputs.get("memory"), inputs.get("model"), *listed)]
    joined = {(key, agents[0]) for key in (memory, model, *used)}
    tools: list[Json] = []
    stores: list[Json] = []
    for node in (nodes.get(key, {}) for key in used):
        if node.get("name") != RETRIEVER:
            tools.append(node)
            continue
        held = mapping(node.get("inputs"))
        source = _referred(held.get("retriever"))
        joined.add((source, next(key for key in used if nodes.get(key) is node)))
        key = mapping(nodes.get(source, {}).get("inputs")).get("selectedStore")
        stores.append({**held, "id": key, "name": key})
    edges = {(str(edge.get("source")), str(edge.get("target"))) for edge in mappings(data.get("edges"))}
    plain = nodes.get(memory, {}).get("name") == MEMORY and not stated_inputs(nodes[memory], None)
    more = stated_inputs(agent, None, ("tools", "memory", "model", "systemMessage"))
    if edges != joined or nodes.keys() != {agents[0], *(key for key, _ in joined)} or not plain or more:
        return None
    said = {"name": flow.get("name"), "instruction": inputs.get("systemMessage"), "chatModel": nodes[model]}
    return {**said, "tools": tools, "documentStores": stores}


def _referred(value: Json) -> str:
    found = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else ""


def _digest(flow: Flow) -> str:
    said = f"{flow.get('name')}\n{flow.get('flowData')}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]
