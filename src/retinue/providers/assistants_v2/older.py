"""Older shapes of an exported assistant (API v1, the `vector_stores` helper) as manifests state them today. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.model import Address, Json, Kind, Notes, Split
from ...core.references import reference
from ..lenient import mapping


def upgraded(item: dict[str, Json]) -> tuple[dict[str, Json], Notes]:
    """The object with `retrieval` and `file_ids` of v1 as v2 writes them. Anything else stays as it is."""
    tools = item.get("tools")
    if isinstance(tools, list):
        item = {**item, "tools": _tools(tools)}
    files = item.get("file_ids")
    item = {key: value for key, value in item.items() if key != "file_ids"}
    if not files:
        return item, []
    if not (isinstance(files, list) and all(isinstance(name, str) for name in files)):
        return item, [("`file_ids` is not a list of ids and was left out", "Look at the object in the export.")]
    return _with_files(item, files)


def _tools(tools: list[Json]) -> list[Json]:
    """`retrieval` is called file_search now, and one of it is enough; Azure's reference writes code-interpreter."""
    result: list[Json] = []
    dashed = {"code-interpreter": "code_interpreter", "file-search": "file_search"}
    tools = [{**tool, "type": dashed.get(str(_type(tool)), _type(tool))} if _type(tool) else tool for tool in tools]
    for tool in tools:
        if _type(tool) == "retrieval":
            searches = (other for other in tools if _type(other) == "file_search")
            if any(_type(other) in ("retrieval", "file_search") for other in (*result, *searches)):
                continue
            tool = {"type": "file_search"}
        result.append(tool)
    return result


def _type(tool: Json) -> Json:
    return tool.get("type") if isinstance(tool, dict) else None


def _with_files(item: dict[str, Json], files: list[str]) -> tuple[dict[str, Json], Notes]:
    tools = item.get("tools")
    types = {_type(tool) for tool in tools if isinstance(_type(tool), str)} if isinstance(tools, list) else set()
    resources = item.get("tool_resources") or {}
    notes = []
    if "code_interpreter" in types and isinstance(resources, dict) and not resources.get("code_interpreter"):
        item = {**item, "tool_resources": {**resources, "code_interpreter": {"file_ids": files}}}
    elif "file_search" not in types:
        notes.append((f"no tool uses its files {_listed(files)}; they were left out", "Add them to a tool's files."))
    if "file_search" in types:
        message = f"file_search has no files of its own any more; {_listed(files)} were left out"
        line = "tool_resources: {file_search: {vector_store_ids: [{ref: VectorStore/NAME}]}}"
        remedy = f"Write a `vector_store:` manifest with `files: […]` and refer to it: `{line}`."
        notes.append((message, remedy))
    return item, notes


def _listed(files: list[str]) -> str:
    shown = ", ".join("".join(char if char.isprintable() else "�" for char in name[:60]) for name in files[:5])
    return shown if len(files) <= 5 else f"{shown} and {len(files) - 5} more"


_AT = "/tool_resources/file_search/vector_stores/0"


def function_name(tool: Json) -> str | None:
    """The name of the function that a tool is; None for any other tool."""
    name = mapping(tool.get("function")).get("name") if _type(tool) == "function" else None
    return name if isinstance(name, str) else None


def without_helper(item: dict[str, Json], name: str, store: Kind) -> Split:
    """The object with `vector_stores` moved into a store of this name. What the API would refuse stays where it is."""
    resources = mapping(item.get("tool_resources"))
    search = mapping(resources.get("file_search"))
    helper = search.get("vector_stores")
    if not (isinstance(helper, list) and len(helper) == 1 and isinstance(helper[0], dict)):
        return Split(item)
    if search.get("vector_store_ids"):
        return Split(item)
    rest = {key: value for key, value in search.items() if key != "vector_stores"}
    linked = {**rest, "vector_store_ids": [reference(Address(store.name, name))]}
    fields, lost = _store(helper[0])
    return Split({**item, "tool_resources": {**resources, "file_search": linked}}, ((store, fields),), lost)


def _store(helper: Mapping[str, Json]) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Its fields, but for defaults; and pointers to what is not a field of a store."""
    files, chunking = helper.get("file_ids"), helper.get("chunking_strategy")
    if isinstance(files, list) and all(isinstance(file, str) for file in files):
        files = list(dict.fromkeys(files))
    if isinstance(chunking, dict) and chunking.get("type") == "auto":
        chunking = None
    fields = {"files": files, "chunking_strategy": chunking, "metadata": helper.get("metadata")}
    known = ("file_ids", "chunking_strategy", "metadata")
    lost = (f"{_AT}/{key}" for key, value in helper.items() if key not in known and value not in (None, [], {}))
    return {key: value for key, value in fields.items() if value not in (None, [], {})}, tuple(lost)
