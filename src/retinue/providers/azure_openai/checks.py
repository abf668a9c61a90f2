"""What a version cannot hold of a manifest, said with its place before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core.model import Diagnostic, Json, Resource
from .versions import Part, Version

_DEFAULTS: Mapping[Part, Json] = {Part.TEMPERATURE: 1, Part.TOP_P: 1, Part.RESPONSE_FORMAT: "auto", Part.EFFORT: None}


def problems(desired: Resource, version: Version) -> Iterator[Diagnostic]:
    spec = desired.spec
    yield from _instructions(spec.get("instructions"), version)
    for index, tool in enumerate(spec.get("tools") or ()):
        yield from _tool(tool, f"/tools/{index}", version)
    search = (spec.get("tool_resources") or {}).get("file_search") or {}
    if search.get("vector_store_ids"):
        yield from _lacking(Part.STORES, "/tool_resources/file_search", version)
    for part, default in _DEFAULTS.items():
        if spec.get(part.value) not in (None, default):
            yield from _lacking(part, f"/{part.value}", version)
    form = spec.get("response_format")
    if isinstance(form, dict) and form.get("type") == "json_schema" and version.holds(Part.RESPONSE_FORMAT):
        yield from _lacking(Part.JSON_SCHEMA, "/response_format/type", version)


def _instructions(text: Json, version: Version) -> Iterator[Diagnostic]:
    most = version.longest_instructions
    if isinstance(text, str) and len(text) > most:
        message = (
            f"the instructions have {len(text):,} characters; here they could never be changed again over {most:,}"
        )
        yield Diagnostic("azure-instructions", message, "Shorten them.", path="/instructions")


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
    if version.holds(part):
        return
    since = version.since(part)
    message = f"version {version.name} of the API has no {part.value}"
    remedy = (
        f"Write `api_version: {since}` or a later one in retinue.yaml, or leave it out here." if since else "Remove it."
    )
    yield Diagnostic("azure-api-version", message, remedy, path=path)
