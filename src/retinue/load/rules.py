"""What a manifest must keep to and its JSON Schema cannot say. Wrong types are left to the schema: here they pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from ..core.canonical import canonical_json
from ..core.model import Kind
from ..core.spelling import closest
from ..schema import EXTRAS, kind_schema
from ..schema.accept import acceptor
from .located import Map
from .messages import say
from .said import Said, shown

_RESERVED = "retinue."
# What people write for the types that JSON Schema knows.
_TYPE_NAMES = {
    **dict.fromkeys(("str", "text", "date", "datetime", "uuid", "email"), "string"),
    **dict.fromkeys(("float", "double", "decimal"), "number"),
    **dict.fromkeys(("int", "long"), "integer"),
    **dict.fromkeys(("dict", "map", "mapping", "struct"), "object"),
    **dict.fromkeys(("list", "tuple", "set"), "array"),
    **dict.fromkeys(("bool", "flag"), "boolean"),
    **dict.fromkeys(("none", "nil", "undefined"), "null"),
}


def beyond_schema(kind: Kind, data: Map) -> Iterator[Said]:
    """Everything these rules find."""
    yield from _reserved_metadata(data)
    yield from _function_names(data)
    yield from _json_schemas(data)
    yield from _ignored_fields(data, kind)
    yield from _files_of_store(data)


def _reserved_metadata(data: Map) -> Iterator[Said]:
    metadata = data.get("metadata")
    for key in metadata if isinstance(metadata, dict) else ():
        if key.startswith(_RESERVED):
            message = f"the metadata key {shown(key)} is reserved: retinue writes its marker there"
            remedy = f"Remove this line, or take a name that does not begin with `{_RESERVED}`."
            yield Said("reserved-key", message, remedy, ("metadata", key), at_key=True)


def _functions(data: Map) -> Iterator[tuple[int, dict[str, Any]]]:
    tools = data.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict):
            yield index, function


def _function_names(data: Map) -> Iterator[Said]:
    seen: dict[str, int] = {}
    for index, function in _functions(data):
        name = function.get("name")
        if isinstance(name, str) and name in seen:
            message = f"the function {shown(name)} stands twice: it is tools[{seen[name]}] already"
            yield Said(
                "duplicate-tool",
                message,
                "Give each function a name of its own, or remove one.",
                ("tools", index, "function", "name"),
            )
        elif isinstance(name, str):
            seen[name] = index


def _json_schemas(data: Map) -> Iterator[Said]:
    """Function parameters and structured response formats must be JSON Schemas themselves."""
    for index, function in _functions(data):
        parameters = function.get("parameters")
        path = ("tools", index, "function", "parameters")
        if isinstance(parameters, dict) and parameters:
            yield from _schema_problems(parameters, path)
            yield from _no_object(parameters, path)
    form = data.get("response_format")
    inner = form.get("json_schema") if isinstance(form, dict) else None
    schema = inner.get("schema") if isinstance(inner, dict) else None
    if isinstance(schema, dict):
        yield from _schema_problems(schema, ("response_format", "json_schema", "schema"))


def _no_object(parameters: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Said]:
    if parameters.get("type") == "object":
        return
    at = (*path, "type") if "type" in parameters else path
    message = "the parameters of a function are a schema of `type: object`, because arguments have names"
    remedy = "Write `type: object`, and each argument by its name below `properties:`."
    yield Said("not-a-schema", message, remedy, at)


def _schema_problems(schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Said]:
    if _accepts_schema()(schema):
        return
    for error in _schema_validator().iter_errors(schema):
        for said in say(error, None, path):
            remedy = _schema_remedy(error, said)
            message = f"this is no valid JSON Schema: {said.message}"
            yield Said("not-a-schema", message, remedy, (*path, *error.absolute_path, *said.steps))


def _schema_remedy(error: Any, said: Said) -> str:
    last = error.absolute_path[-1] if error.absolute_path else None
    meant = _TYPE_NAMES.get(error.instance.lower()) if isinstance(error.instance, str) else None
    if error.validator == "enum" and meant is not None:
        return f"Did you mean `{meant}`?"
    if last == "required":
        return "List the names of the required properties beside `properties`: `required: [a, b]`."
    if error.validator == "type" and last != "type" and isinstance(error.instance, str):
        simple = meant or (error.instance if error.instance in _TYPE_NAMES.values() else None)
        return f"Write `{{type: {simple}}}`." if simple else said.remedy
    return said.remedy


@cache
def _accepts_schema() -> Callable[[Any], bool]:
    return acceptor(kind_schema("json_schema"))


@cache
def _schema_validator() -> Any:
    from jsonschema import Draft7Validator

    return Draft7Validator(kind_schema("json_schema"))


def _files_of_store(data: Map) -> Iterator[Said]:
    """What the schema of a vector store cannot say: overlaps, reserved attributes, a file with two descriptions."""
    yield from _overlap(data.get("chunking_strategy"), ("chunking_strategy",))
    files = data.get("files")
    seen: dict[str, tuple[int, str]] = {}
    for index, item in enumerate(files if isinstance(files, list) else ()):
        if not isinstance(item, dict) or "file_id" not in item:
            continue
        yield from _overlap(item.get("chunking_strategy"), ("files", index, "chunking_strategy"))
        attributes = item.get("attributes")
        for key in attributes if isinstance(attributes, dict) else ():
            if key.startswith(_RESERVED):
                message = f"the attribute {shown(key)} is reserved: retinue writes the file's name there"
                remedy = f"Take a name that does not begin with `{_RESERVED}`."
                yield Said("reserved-key", message, remedy, ("files", index, "attributes", key), at_key=True)
        name = canonical_json(item.get("file_id"))
        described = canonical_json({key: value for key, value in item.items() if key != "file_id"})
        first, other = seen.setdefault(name, (index, described))
        if other != described:
            message = f"this file is files[{first}] already, with another description"
            yield Said("file-twice", message, "Name it once; a pattern takes in all that it matches.", ("files", index))


def _overlap(chunking: Any, path: tuple[str | int, ...]) -> Iterator[Said]:
    sizes = chunking.get("static") if isinstance(chunking, dict) else None
    sizes = sizes if isinstance(sizes, dict) else {}
    size, overlap = (sizes.get(key) for key in ("max_chunk_size_tokens", "chunk_overlap_tokens"))
    if type(size) is int and type(overlap) is int and overlap > size // 2:
        message = f"chunk_overlap_tokens is {overlap}, more than half of max_chunk_size_tokens ({size})"
        yield Said("chunk-overlap", message, f"Write {size // 2} or less.", (*path, "static", "chunk_overlap_tokens"))


def _ignored_fields(data: Map, kind: Kind) -> Iterator[Said]:
    block = data.get("retinue")
    pointers = block.get("ignore_changes") if isinstance(block, dict) else None
    for index, pointer in enumerate(pointers if isinstance(pointers, list) else ()):
        first = pointer.split("/")[1] if isinstance(pointer, str) and pointer.startswith("/") else None
        if first is not None and first not in kind.fields and first != EXTRAS:
            meant = closest(first, kind.fields)
            listed = ", ".join(f"/{name}" for name in kind.fields)
            remedy = f"Did you mean `/{meant}`?" if meant else f"Fields: {listed}."
            message = f"{shown(pointer)} names no field of `{kind.word}`"
            yield Said("unknown-field", message, remedy, ("retinue", "ignore_changes", index))
