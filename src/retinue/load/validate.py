"""Checks documents against their schema and the rules it cannot express; reports every problem at the offending key.

Must not change its input; what a service cannot hold is the provider's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from ..core.canonical import canonical_json
from ..core.model import Address, Diagnostic, Json, Kind, Place
from ..core.pointer import join_pointer
from ..core.spelling import closest
from ..schema import EXTRAS, kind_schema
from ..schema.accept import acceptor, ecma
from ..schema.bundle import manifest_schema, project_schema
from .located import AsWritten, Map, place_of
from .problems import Problem, Spelled, problems_of, shown


def validate_manifest(kind: Kind, data: Map, address: Address) -> list[Diagnostic]:
    """All problems of a merged, rendered manifest."""
    # Nearly every manifest is valid: the fast test spares them the validator, and the run its import.
    found = [] if _accepts(kind.word)(data) else _schema_problems(_manifest_validator(kind.word), data, kind)
    return _diagnostics([*found, *_beyond_schema(kind, data)], data, str(address))


def validate_project(data: Map) -> list[Diagnostic]:
    """All problems of retinue.yaml that its schema knows."""
    schema = project_schema()
    found = () if acceptor(schema)(data) else _schema_problems(_validator(schema), data, None)
    return _diagnostics(found, data, None)


Extras: TypeAlias = Callable[[str, str], Json]
"""The schema of `providers.NAME` for a provider and a kind; None for a provider that there is not."""


def no_extras(_provider: str, _kind: str) -> Json:
    return None


def validate_extras(kind: Kind, data: Map, address: Address, extras: Extras) -> list[Diagnostic]:
    """All problems of the `providers` of a manifest, also of those that this environment does not use."""
    blocks = data.get(EXTRAS)
    found: list[Problem] = []
    for name, block in blocks.items() if isinstance(blocks, dict) else ():
        known, path = _extra(extras, name, kind.name), (EXTRAS, name)
        if known is None:
            message = f"there is no provider {shown(name)}"
            found.append(Problem("unknown-provider", message, "`retinue providers` lists them.", path, at_key=True))
        elif not known[1](block):
            for error in _validator(known[0]).iter_errors(block):
                found.extend(
                    problem._replace(steps=(*path, *error.absolute_path, *problem.steps))
                    for problem in problems_of(error, None, path)
                )
    return _diagnostics(found, data, str(address))


@cache
def _extra(extras: Extras, provider: str, kind: str) -> tuple[Json, Callable[[Any], bool]] | None:
    """The schema and its fast test, compiled once and not for every manifest."""
    schema = extras(provider, kind)
    return None if schema is None else (schema, acceptor(schema))


@cache
def _accepts(word: str) -> Callable[[Any], bool]:
    return acceptor(manifest_schema(word))


@cache
def _manifest_validator(word: str) -> Any:
    return _validator(manifest_schema(word))


def _validator(schema: Mapping[str, Json]) -> Any:
    from jsonschema import Draft7Validator, ValidationError, validators

    def pattern(_validator: Any, value: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not ecma(value).search(instance):
            yield ValidationError("does not match")

    extend: Any = validators.extend
    return extend(Draft7Validator, {"pattern": pattern})(schema)


def _schema_problems(validator: Any, data: Map, kind: Kind | None) -> Iterator[Problem]:
    for error in validator.iter_errors(data):
        at = place_of(data, tuple(error.absolute_path))
        if isinstance(at, AsWritten) and isinstance(error.instance, int | float):
            error.instance = Spelled(error.instance, at.text)
        for problem in problems_of(error, kind):
            yield problem._replace(steps=(*error.absolute_path, *problem.steps))


def _diagnostics(found: Iterable[Problem], data: Map, address: str | None) -> list[Diagnostic]:
    """In the order of the file; a repeated finding about one place is kept once."""
    unique: dict[tuple[str, str, str], Diagnostic] = {}
    for item in found:
        at = place_of(data, item.steps, key=item.at_key) or data.place
        path = join_pointer(item.steps[:-1] if item.hidden else item.steps)
        problem = Diagnostic(item.code, item.message, item.remedy, at, address, path)
        unique.setdefault((problem.code, path, problem.message), problem)
    return sorted(unique.values(), key=lambda problem: problem.place or Place("", 0, 0))


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


def _beyond_schema(kind: Kind, data: Map) -> Iterator[Problem]:
    """Everything these rules find."""
    metadata = data.get("metadata")
    for key in metadata if isinstance(metadata, dict) else ():
        if key.startswith(_RESERVED):
            message = f"the metadata key {shown(key)} is reserved: retinue writes its marker there"
            remedy = f"Remove this line, or take a name that does not begin with `{_RESERVED}`."
            yield Problem("reserved-key", message, remedy, ("metadata", key), at_key=True)
    yield from _function_names(data)
    # Function parameters and structured response formats must be JSON Schemas themselves.
    for index, function in _functions(data):
        parameters = function.get("parameters")
        path = ("tools", index, "function", "parameters")
        if isinstance(parameters, dict) and parameters:
            yield from _not_a_schema(parameters, path)
            yield from _no_object(parameters, path)
    form = data.get("response_format")
    inner = form.get("json_schema") if isinstance(form, dict) else None
    schema = inner.get("schema") if isinstance(inner, dict) else None
    if isinstance(schema, dict):
        yield from _not_a_schema(schema, ("response_format", "json_schema", "schema"))
    yield from _ignored_fields(data, kind)
    yield from _files_of_store(data)


def _functions(data: Map) -> Iterator[tuple[int, dict[str, Any]]]:
    tools = data.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        function = tool.get("function") if isinstance(tool, dict) else None
        if isinstance(function, dict):
            yield index, function


def _function_names(data: Map) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, function in _functions(data):
        name = function.get("name")
        if isinstance(name, str) and name in seen:
            message = f"the function {shown(name)} stands twice: it is tools[{seen[name]}] already"
            yield Problem(
                "duplicate-tool",
                message,
                "Give each function a name of its own, or remove one.",
                ("tools", index, "function", "name"),
            )
        elif isinstance(name, str):
            seen[name] = index


def _no_object(parameters: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    if parameters.get("type") == "object":
        return
    at = (*path, "type") if "type" in parameters else path
    message = "the parameters of a function are a schema of `type: object`, because arguments have names"
    remedy = "Write `type: object`, and each argument by its name below `properties:`."
    yield Problem("not-a-schema", message, remedy, at)


def _not_a_schema(schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    if _accepts_json_schema()(schema):
        return
    for error in _json_schema_validator().iter_errors(schema):
        for problem in problems_of(error, None, path):
            remedy = _schema_remedy(error, problem)
            message = f"this is no valid JSON Schema: {problem.message}"
            yield Problem("not-a-schema", message, remedy, (*path, *error.absolute_path, *problem.steps))


def _schema_remedy(error: Any, problem: Problem) -> str:
    last = error.absolute_path[-1] if error.absolute_path else None
    meant = _TYPE_NAMES.get(error.instance.lower()) if isinstance(error.instance, str) else None
    if error.validator == "enum" and meant is not None:
        return f"Did you mean `{meant}`?"
    if last == "required":
        return "List the names of the required properties beside `properties`: `required: [a, b]`."
    if error.validator == "type" and last != "type" and isinstance(error.instance, str):
        simple = meant or (error.instance if error.instance in _TYPE_NAMES.values() else None)
        return f"Write `{{type: {simple}}}`." if simple else problem.remedy
    return problem.remedy


@cache
def _accepts_json_schema() -> Callable[[Any], bool]:
    return acceptor(kind_schema("json_schema"))


@cache
def _json_schema_validator() -> Any:
    from jsonschema import Draft7Validator

    return Draft7Validator(kind_schema("json_schema"))


def _files_of_store(data: Map) -> Iterator[Problem]:
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
                yield Problem("reserved-key", message, remedy, ("files", index, "attributes", key), at_key=True)
        name = canonical_json(item.get("file_id"))
        described = canonical_json({key: value for key, value in item.items() if key != "file_id"})
        first, other = seen.setdefault(name, (index, described))
        if other != described:
            message = f"this file is files[{first}] already, with another description"
            yield Problem(
                "file-twice", message, "Name it once; a pattern takes in all that it matches.", ("files", index)
            )


def _overlap(chunking: Any, path: tuple[str | int, ...]) -> Iterator[Problem]:
    sizes = chunking.get("static") if isinstance(chunking, dict) else None
    sizes = sizes if isinstance(sizes, dict) else {}
    size, overlap = (sizes.get(key) for key in ("max_chunk_size_tokens", "chunk_overlap_tokens"))
    if type(size) is int and type(overlap) is int and overlap > size // 2:
        message = f"chunk_overlap_tokens is {overlap}, more than half of max_chunk_size_tokens ({size})"
        yield Problem(
            "chunk-overlap", message, f"Write {size // 2} or less.", (*path, "static", "chunk_overlap_tokens")
        )


def _ignored_fields(data: Map, kind: Kind) -> Iterator[Problem]:
    block = data.get("retinue")
    pointers = block.get("ignore_changes") if isinstance(block, dict) else None
    for index, pointer in enumerate(pointers if isinstance(pointers, list) else ()):
        first = pointer.split("/")[1] if isinstance(pointer, str) and pointer.startswith("/") else None
        if first is not None and first not in kind.fields and first != EXTRAS:
            meant = closest(first, kind.fields)
            listed = ", ".join(f"/{name}" for name in kind.fields)
            remedy = f"Did you mean `/{meant}`?" if meant else f"Fields: {listed}."
            message = f"{shown(pointer)} names no field of `{kind.word}`"
            yield Problem("unknown-field", message, remedy, ("retinue", "ignore_changes", index))
