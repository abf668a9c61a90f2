"""What the tools of a Foundry agent are called, and the resources that they hold. Pure; trusts nothing in an answer.

Source of the facts: the models of the package azure-ai-projects 2.10.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...core.model import Json
from ...schema import schema_beside
from ..agent_tools import FUNCTION, FlatTools
from ..lenient import mapping, mappings, stated

SCHEMA: Json = schema_beside(__package__, "schema")
RESOURCES = {"file_search": "vector_store_ids", "code_interpreter": "file_ids"}
"""What a tool may use: a manifest has it beside its tools, and an agent within them."""
_SAME = {
    "mcp": ("server_label", "server_url", "allowed_tools"),
    "web_search": ("search_context_size", "filters", "user_location"),
}
_SEARCH = ("max_num_results", "ranking_options", RESOURCES["file_search"])


def _plain(tool: Mapping[str, Json]) -> bool:
    stores, ranking = tool.get("vector_store_ids"), mapping(tool.get("ranking_options"))
    container, allowed = tool.get("container") or {}, tool.get("allowed_tools")
    return {
        "file_search": isinstance(stores, list) and len(stores) < 2 and ranking.keys() <= {"ranker", "score_threshold"},
        "code_interpreter": isinstance(container, dict) and container.keys() <= {"type", "file_ids"},
        "mcp": isinstance(allowed, list | None),
    }.get(tool["type"], True)


TOOLS = FlatTools(
    SCHEMA,
    {
        **{kind: {name: name for name in names} for kind, names in _SAME.items()},
        "function": {f"function/{name}": name for name in FUNCTION},
        "file_search": {f"file_search/{name}": name for name in _SEARCH},
        "code_interpreter": {"code_interpreter/file_ids": "container/file_ids"},
    },
    always={"function": {"strict": False}, "file_search": {"vector_store_ids": []}},
    only={"code_interpreter": {"container/type": "auto"}},
    plain=_plain,
    once=RESOURCES,
)


def read_tools(raw: Json) -> dict[str, Json]:
    """The tools and resources of a manifest. Of two searches or interpreters it has words for one."""
    tools, resources = TOOLS.read(raw).portable, dict[str, Json]()
    for kind, tool in ((tool["type"], tool) for tool in tools if tool["type"] in RESOURCES):
        inner = tool.pop(kind, {})
        if isinstance(ids := inner.pop(RESOURCES[kind], None), list) and ids:
            resources[kind] = {RESOURCES[kind]: ids}
        if "ranking_options" in inner:
            inner["ranking_options"] = _ranking(inner["ranking_options"], {"score_threshold": 0})
        tool |= {kind: inner} if inner else {}
    return {"tools": tools, "tool_resources": resources}


def write_tools(spec: Mapping[str, Json], own: Json, live: Json = None) -> list[dict[str, Json]]:
    tools, resources = [], mapping(spec.get("tool_resources"))
    for tool in mappings(spec.get("tools")):
        kind, inner = str(tool.get("type")), mapping(tool.get(str(tool.get("type"))))
        if kind in RESOURCES:
            inner = {**inner, RESOURCES[kind]: mapping(resources.get(kind)).get(RESOURCES[kind]) or None}
        if kind == "file_search":
            inner = {**inner, "ranking_options": _ranking(inner.get("ranking_options"), {})}
        tools.append({**tool, kind: inner} if inner else tool)
    return TOOLS.write(tools, own, live)


def _ranking(held: Json, plain: Mapping[str, Json]) -> dict[str, Json]:
    """The default ranker has another name here than in a manifest, and is never written out."""
    found = {key: item for key, item in stated(held).items() if key != "ranker" or item == "auto"}
    return {**plain, **found} if found else {}
