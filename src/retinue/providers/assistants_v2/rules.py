"""What the schemas of assistants and vector stores cannot say, and their own words for some faults. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...core.canonical import canonical_json
from ...core.model import Json
from ...core.problem import Fault, Problem, path_name, shown
from ..lenient import mapping, numbered

_RESERVED = "retinue."


def function_rules(data: Mapping[str, Json]) -> Iterator[Problem]:
    """Functions or servers with one name, and parameters without names."""
    seen: dict[str, int] = {}
    servers: dict[str, int] = {}
    for index, tool in numbered(data.get("tools")):
        function, label = mapping(tool.get("function")), tool.get("server_label")
        if isinstance(label, str) and servers.setdefault(label, index) != index:
            message = f"the server {shown(label)} stands twice: it is tools[{servers[label]}] already"
            remedy = "Give each server a label of its own, or remove one."
            yield Problem("duplicate-tool", message, remedy, ("tools", index, "server_label"))
        name, parameters = function.get("name"), function.get("parameters")
        if isinstance(name, str) and seen.setdefault(name, index) != index:
            message = f"the function {shown(name)} stands twice: it is tools[{seen[name]}] already"
            remedy = "Give each function a name of its own, or remove one."
            yield Problem("duplicate-tool", message, remedy, ("tools", index, "function", "name"))
        if isinstance(parameters, dict) and parameters and parameters.get("type") != "object":
            last = ("type",) if "type" in parameters else ()
            at = ("tools", index, "function", "parameters", *last)
            message = "the parameters of a function are a schema of `type: object`, because arguments have names"
            remedy = "Write `type: object`, and each argument by its name below `properties:`."
            yield Problem("not-a-schema", message, remedy, at)


def assistant_lints(data: Mapping[str, Json]) -> Iterator[Problem]:
    """JSON mode that no instruction asks for, and two settings that both narrow the choice of words."""
    text = data.get("instructions")
    if mapping(data.get("response_format")).get("type") == "json_object" and "json" not in str(text or "").lower():
        message = "JSON mode without the word JSON in `instructions`: services refuse such a run, or never end it"
        remedy = "Say in the instructions that the answer is JSON, and in which form."
        yield Problem("json-mode-prompt", message, remedy, ("response_format",))
    if all(data.get(name) not in (None, 1) for name in ("temperature", "top_p")):
        message = "`temperature` and `top_p` are both changed, so neither does what it says"
        yield Problem("temperature-and-top-p", message, "Keep one of the two.", ("top_p",))


def store_rules(data: Mapping[str, Json]) -> Iterator[Problem]:
    """Overlaps, reserved attributes, a file with two descriptions."""
    yield from _overlap(data.get("chunking_strategy"), ("chunking_strategy",))
    seen: dict[str, tuple[int, str]] = {}
    for index, item in numbered(data.get("files")):
        if "file_id" not in item:
            continue
        yield from _overlap(item.get("chunking_strategy"), ("files", index, "chunking_strategy"))
        for key in mapping(item.get("attributes")):
            if key.startswith(_RESERVED):
                message = f"the attribute {shown(key)} is reserved: retinue writes the file's name there"
                remedy = f"Take a name that does not begin with `{_RESERVED}`."
                yield Problem("reserved-key", message, remedy, ("files", index, "attributes", key), at_key=True)
        name = canonical_json(item.get("file_id"))
        described = canonical_json({key: value for key, value in item.items() if key != "file_id"})
        first, other = seen.setdefault(name, (index, described))
        if other != described:
            message = f"this file is files[{first}] already, with another description"
            remedy = "Name it once; a pattern includes all that it matches."
            yield Problem("file-twice", message, remedy, ("files", index))


def _overlap(chunking: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
    sizes = mapping(mapping(chunking).get("static"))
    size, overlap = (sizes.get(key) for key in ("max_chunk_size_tokens", "chunk_overlap_tokens"))
    if type(size) is int and type(overlap) is int and overlap > size // 2:
        message = f"chunk_overlap_tokens is {overlap}, more than half of max_chunk_size_tokens ({size})"
        at = (*path, "static", "chunk_overlap_tokens")
        yield Problem("chunk-overlap", message, f"Write {size // 2} or less.", at)


def of_store(fault: Fault) -> Problem | None:
    if fault.keyword == "maxProperties" and fault.path[-1:] == ("metadata",):
        count = len(fault.value)
        message = f"{count} metadata pairs are too many: at most {fault.wanted}"
        remedy = f"Remove {count - fault.wanted}. The API takes 16, and retinue keeps its marker in two of them."
        return Problem("too-many", message, remedy)
    return None


def of_assistant(fault: Fault) -> Problem | None:
    value, path, name = fault.value, fault.path, path_name(fault.path)
    if fault.keyword == "enum" and value == "retrieval":
        remedy = "Write `type: file_search`, and the files as a vector store in `tool_resources`."
        return Problem("v1-tool", "the tool `retrieval` belongs to the v1 API; it is called file_search now", remedy)
    if path[-1:] == ("response_format",) and fault.keyword in ("type", "enum"):
        names = "text, json_object or json_schema"
        wanted = f"Write `{{type: {value}}}`." if value in names.split() else f"Write `auto`, or a mapping: {names}."
        return Problem("not-allowed", f"{name} is `auto` or a mapping with `type`", wanted)
    if path == ("model",) and isinstance(value, dict):
        remedy = "Write its `id` as `model: …`, its `effort` as `reasoning_effort: …`, and the rest below `providers`."
        return Problem("wrong-type", "`model` is the model's id, and this is a mapping", remedy)
    if len(path) == 2 and path[0] == "tools" and fault.keyword == "type" and isinstance(value, str):
        return Problem("wrong-type", f"{name} is text, but a tool is a mapping", f"Write `- type: {value[:40]}`.")
    return of_store(fault)
