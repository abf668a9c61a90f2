"""What a version cannot hold of a manifest, reported at its place before anything is sent. Pure.

Whole fields stand in the record; here is what lies deeper, and what a service would refuse.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core.model import Desired, Diagnostic, Json
from ..assistants_v2.strict import strict_problems
from ..lenient import mapping, numbered
from ..losses import LOSS, lost_tools
from ..vector_stores import unsearchable
from .versions import OPTIONS, Part, Version


def store_problems(version: Version, desired: Desired) -> Iterator[Diagnostic]:
    """How the files of a store are chunked, and their attributes."""
    yield from unsearchable(desired)
    for index, item in numbered(desired.spec.get("files")):
        if item.get("attributes"):
            yield from _lacking(Part.ATTRIBUTES, f"/files/{index}/attributes", version)
        if mapping(item.get("chunking_strategy")).get("type") == "static":
            yield from _lacking(Part.CHUNKING, f"/files/{index}/chunking_strategy", version)


def assistant_problems(version: Version, desired: Desired) -> Iterator[Diagnostic]:
    yield from lost_tools(desired, "this API")
    spec = desired.spec
    text, most = spec.get("instructions"), version.longest_instructions
    if isinstance(text, str) and len(text) > most:
        message = (
            f"the instructions have {len(text):,} characters; here they could never be changed again over {most:,}"
        )
        yield Diagnostic("azure-instructions", message, "Shorten them.", path="/instructions")
    for index, tool in numbered(spec.get("tools")):
        yield from _tool(tool, f"/tools/{index}", version)
    if mapping(mapping(spec.get("tool_resources")).get("file_search")).get("vector_store_ids"):
        yield from _lacking(Part.STORES, "/tool_resources/file_search", version)
    if version.holds(Part.STRICT):
        yield from strict_problems(spec)
    is_schema = mapping(spec.get("response_format")).get("type") == "json_schema"
    if is_schema and version.holds(Part.RESPONSE_FORMAT):
        yield from _lacking(Part.JSON_SCHEMA, "/response_format", version)


def _tool(tool: Mapping[str, Json], path: str, version: Version) -> Iterator[Diagnostic]:
    kind = tool.get("type")
    options, path_of_options = mapping(tool.get(kind)) if isinstance(kind, str) else {}, f"{path}/{kind}"
    if kind == "file_search" and not version.holds(Part.FILE_SEARCH):
        yield from _lacking(Part.FILE_SEARCH, path, version)
        return
    if kind == "function" and options.get("description") is None and not version.foundry:
        message = "a function needs its `description` here: the model reads it"
        yield Diagnostic("azure-function", message, "Add `description: …`.", path=path_of_options)
    for name, (part, default) in OPTIONS.items():
        if options.get(name) not in (None, default):
            yield from _lacking(part, f"{path_of_options}/{name}", version)


def _lacking(part: Part, path: str, version: Version) -> Iterator[Diagnostic]:
    if not version.holds(part):
        yield Diagnostic(LOSS, f"{part.value} cannot be held: {version.lack(part)}", path=path)
