"""What each version of Azure's API takes and answers beside the OpenAI API of the same shape. Pure: no store, no HTTP.

Source: the definitions that Azure published, and its client of 2024-02-15-preview. Its own reading, so that it can
disagree with retinue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import checks
from .checks import Check

FIRST, WITH_RESOURCES, WITH_SCHEMAS = "2024-02-15-preview", "2024-05-01-preview", "2024-08-01-preview"
VERSIONS = (
    FIRST,
    "2024-03-01-preview",
    WITH_RESOURCES,
    "2024-07-01-preview",
    WITH_SCHEMAS,
    "2024-09-01-preview",
    "2024-10-01-preview",
    "2024-12-01-preview",
    "2025-01-01-preview",
    "2025-02-01-preview",
    "2025-03-01-preview",
    "2025-04-01-preview",
)
_LONGEST_CHANGED = 32_768
_FIRST_FIELDS = ("model", "name", "description", "instructions", "tools", "file_ids", "metadata")
_FIRST_ANSWER = ("id", "object", "created_at", "name", "description", "model", "instructions", "tools", "metadata")


def version_of(query: Mapping[str, str]) -> str:
    return query.get("api-version", "")


def has_assistant_files(version: str) -> bool:
    return version < WITH_RESOURCES


def taken(body: Any, version: str, *, creating: bool) -> Any:
    """A body as the OpenAI API takes it. Raises ApiError 400 for what this version has not."""
    if not isinstance(body, dict):
        return body
    old = has_assistant_files(version)
    for name in body:
        if name == "reasoning_effort" or (old and name not in _FIRST_FIELDS):
            raise checks.unknown(name)
    if (old or not creating) and isinstance(body.get("instructions"), str):
        checks.limited(_LONGEST_CHANGED)("instructions", body["instructions"])
    tools = body.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        if isinstance(tool, dict):
            _tool(f"tools[{index}]", tool, version)
    if version < WITH_SCHEMAS:
        _new_stores(body)
    form = body.get("response_format")
    if isinstance(form, dict) and form.get("type") == "json_schema" and version < WITH_SCHEMAS:
        raise checks.wrong_value("response_format.type", "json_schema", ("text", "json_object"))
    return _with_resources(body) if old else body


def _tool(path: str, tool: Mapping[str, Any], version: str) -> None:
    if tool.get("type") == "file_search":
        if has_assistant_files(version):
            raise checks.wrong_value(f"{path}.type", "file_search", ("code_interpreter", "function"))
        _search(path, tool, version)
    function = tool.get("function")
    if tool.get("type") == "function" and isinstance(function, dict):
        for name in ("name", "description", "parameters"):
            if function.get(name) is None:
                raise checks.missing(f"{path}.function.{name}")
        if "strict" in function and version < WITH_SCHEMAS:
            raise checks.unknown(f"{path}.function.strict")


def _search(path: str, tool: Mapping[str, Any], version: str) -> None:
    if "file_search" not in tool:
        return
    if version < WITH_SCHEMAS:
        raise checks.unknown(f"{path}.file_search")
    if isinstance(tool["file_search"], dict) and "ranking_options" in tool["file_search"]:
        raise checks.unknown(f"{path}.file_search.ranking_options")


def _new_stores(body: Mapping[str, Any]) -> None:
    """How the files of a new store are cut up came later."""
    found: Any = body
    for name in ("tool_resources", "file_search", "vector_stores"):
        found = found.get(name) if isinstance(found, dict) else None
    for index, store in enumerate(found if isinstance(found, list) else ()):
        if isinstance(store, dict) and "chunking_strategy" in store:
            raise checks.unknown(f"tool_resources.file_search.vector_stores[{index}].chunking_strategy")


_files: Check = checks.listed(20, checks.text)


def _with_resources(body: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in body.items() if name != "file_ids"}
    if body.get("file_ids") is not None:
        _files("file_ids", body["file_ids"])
        found["tool_resources"] = {"code_interpreter": {"file_ids": body["file_ids"]}}
    return found


def answered(raw: Mapping[str, Any], version: str) -> dict[str, Any]:
    """A stored assistant as this version shows it."""
    found = {name: value for name, value in raw.items() if name != "reasoning_effort"}
    found["tools"] = [_shown(tool, version) for tool in raw["tools"]]
    if not has_assistant_files(version):
        return found
    return {**{name: found[name] for name in _FIRST_ANSWER}, "file_ids": file_ids(raw)}


def _shown(tool: Mapping[str, Any], version: str) -> dict[str, Any]:
    if tool.get("type") == "file_search":
        if version < WITH_SCHEMAS:
            return {"type": "file_search"}
        search = {key: value for key, value in tool.get("file_search", {}).items() if key != "ranking_options"}
        return {**tool, "file_search": search}
    if tool.get("type") == "function" and version < WITH_SCHEMAS:
        return {**tool, "function": {key: value for key, value in tool["function"].items() if key != "strict"}}
    return dict(tool)


def file_ids(raw: Mapping[str, Any]) -> list[str]:
    """Sorted: the service orders them by the files' creation, whatever order they were sent in."""
    return sorted(((raw.get("tool_resources") or {}).get("code_interpreter") or {}).get("file_ids") or [])
