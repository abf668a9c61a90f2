"""What a version cannot hold of a manifest, reported at its place before anything is sent. Pure.

Whole fields stand in the record; here is what lies deeper, and what a service would refuse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core.model import Desired, Diagnostic, Json
from ..assistants_v2 import ASSISTANT, VECTOR_STORE
from ..losses import LOSS, lost_tools
from ..vector_stores import unsearchable
from .versions import Part, Version


def problems(desired: Desired, version: Version) -> Iterator[Diagnostic]:
    check = _CHECKS.get(desired.kind)
    return check(desired, version) if check else iter(())


def _store(desired: Desired, version: Version) -> Iterator[Diagnostic]:
    """How the files of a store are chunked, and their attributes."""
    yield from unsearchable(desired)
    for index, item in enumerate(desired.spec.get("files") or ()):
        if isinstance(item, dict) and item.get("attributes"):
            yield from _lacking(Part.ATTRIBUTES, f"/files/{index}/attributes", version)
        if isinstance(item, dict) and (item.get("chunking_strategy") or {}).get("type") == "static":
            yield from _lacking(Part.CHUNKING, f"/files/{index}/chunking_strategy", version)


def _assistant(desired: Desired, version: Version) -> Iterator[Diagnostic]:
    yield from lost_tools(desired, "this API")
    spec = desired.spec
    text = spec.get("instructions")
    most = version.longest_instructions
    if isinstance(text, str) and len(text) > most:
        message = (
            f"the instructions have {len(text):,} characters; here they could never be changed again over {most:,}"
        )
        yield Diagnostic("azure-instructions", message, "Shorten them.", path="/instructions")
    for index, tool in enumerate(spec.get("tools") or ()):
        yield from _tool(tool, f"/tools/{index}", version)
    search = (spec.get("tool_resources") or {}).get("file_search") or {}
    if search.get("vector_store_ids"):
        yield from _lacking(Part.STORES, "/tool_resources/file_search", version)
    form = spec.get("response_format")
    if isinstance(form, dict) and form.get("type") == "json_schema" and version.holds(Part.RESPONSE_FORMAT):
        yield from _lacking(Part.JSON_SCHEMA, "/response_format", version)


def _tool(tool: Mapping[str, Json], path: str, version: Version) -> Iterator[Diagnostic]:
    if tool.get("type") == "file_search":
        options = tool.get("file_search") or {}
        if not version.holds(Part.FILE_SEARCH):
            yield from _lacking(Part.FILE_SEARCH, path, version)
            return
        if options.get("max_num_results") not in (None, 20):
            yield from _lacking(Part.RESULTS, f"{path}/file_search/max_num_results", version)
        if options.get("ranking_options"):
            yield from _lacking(Part.RANKING, f"{path}/file_search/ranking_options", version)
    if tool.get("type") == "function":
        yield from _function(tool.get("function") or {}, f"{path}/function", version)


def _function(function: Mapping[str, Json], path: str, version: Version) -> Iterator[Diagnostic]:
    if function.get("description") is None and not version.foundry:
        message = "a function needs its `description` here: the model reads it"
        yield Diagnostic("azure-function", message, "Add `description: …`.", path=path)
    if function.get("strict"):
        yield from _lacking(Part.STRICT, f"{path}/strict", version)


def _lacking(part: Part, path: str, version: Version) -> Iterator[Diagnostic]:
    if not version.holds(part):
        yield Diagnostic(LOSS, f"{part.value} cannot be held: {version.lack(part)}", path=path)


_CHECKS = {ASSISTANT.name: _assistant, VECTOR_STORE.name: _store}
