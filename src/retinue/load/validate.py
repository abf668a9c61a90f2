"""Rendered documents against their schema: every problem at once, at the offending key, in words for beginners.

Must not change what it is given; what a service cannot hold is the provider's business.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from ..core.model import Address, Diagnostic, Kind
from ..schema import kind_schema
from ..schema.bundle import manifest_schema
from .located import Map, place_of
from .messages import LATER, PASTED, Said, describe, special_value

_RESERVED = "retinue."


def validate_manifest(kind: Kind, data: Map, address: Address) -> list[Diagnostic]:
    """All problems of a merged, rendered manifest."""
    problems = _check(_manifest_validator(kind.word), data, str(address), kind)
    problems += _beyond_schema(kind, data, str(address))
    return problems


def validate_project(data: Map) -> list[Diagnostic]:
    """All problems of retinue.yaml but those of its endpoints."""
    return _check(_project_validator(), data, None, None)


@cache
def _manifest_validator(word: str) -> Any:
    from jsonschema import Draft7Validator

    return Draft7Validator(manifest_schema(word))


@cache
def _project_validator() -> Any:
    from jsonschema import Draft7Validator

    return Draft7Validator(kind_schema("project"))


def _check(validator: Any, data: Map, address: str | None, kind: Kind | None) -> list[Diagnostic]:
    found: dict[tuple[str, str, str], Diagnostic] = {}
    for error in validator.iter_errors(data):
        for said in _say(error, kind):
            path = [*error.absolute_path, *said.steps]
            at = place_of(data, path, key=said.at_key) or data.place
            problem = Diagnostic(said.code, said.message, said.remedy, at, address, _pointer(path))
            found.setdefault((problem.code, problem.path or "", problem.message), problem)
    return list(found.values())


def _pointer(path: Sequence[str | int]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _say(error: Any, kind: Kind | None) -> Iterator[Said]:
    """What to tell about one error of jsonschema; some say nothing a person needs."""
    if error.validator == "additionalProperties" and isinstance(error.validator_value, bool):
        for key in error.instance:
            if key not in error.schema.get("properties", {}):
                yield _unknown_key(key, error, kind)
    elif error.validator == "required":
        missing = next(name for name in error.validator_value if f"'{name}'" in error.message)
        yield _missing_key(missing, error, kind)
    elif "propertyNames" in error.absolute_schema_path:
        said = describe(error, "the name")
        yield Said(said.code, said.message, said.remedy, (error.instance,), at_key=True)
    else:
        yield special_value(error) or describe(error, _name(error))


def _name(error: Any) -> str:
    """The field as a person would name it: `tools[0].type`."""
    text = ""
    for step in error.absolute_path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return f"`{text}`" if text else "the document"


def _unknown_key(key: str, error: Any, kind: Kind | None) -> Said:
    top = not error.absolute_path
    if kind is not None and top and key in PASTED:
        message, remedy = PASTED[key]
        return Said("pasted-key", message, remedy, (key,), at_key=True)
    if key in LATER:
        return Said(
            "not-in-this-version", f"`{key}` is not in this version of retinue", LATER[key], (key,), at_key=True
        )
    if key == "vector_stores":
        remedy = "Create the store first and write `vector_store_ids: [its id]`."
        return Said("unknown-key", "`vector_stores` makes a new store at each create", remedy, (key,), at_key=True)
    if key == "file_ids" and "vector_store_ids" in error.schema.get("properties", {}):
        remedy = "Files belong into a vector store; write `vector_store_ids: [its id]`."
        return Said("unknown-key", "`file_search` takes no `file_ids`", remedy, (key,), at_key=True)
    known = [name for name in error.schema.get("properties", {}) if name not in error.instance]
    close = difflib.get_close_matches(key, known, 1, 0.6)
    listed = ", ".join(f"`{name}`" for name in known) or "none"
    remedy = f"Did you mean `{close[0]}`?" if close else f"What may stand here: {listed}."
    where = "" if top else f" in {_name(error)}"
    return Said("unknown-key", f"unknown key `{key}`{where}", remedy, (key,), at_key=True)


def _missing_key(missing: str, error: Any, kind: Kind | None) -> Said:
    if kind is not None and missing == "model" and not error.absolute_path:
        return Said("missing-key", "`model` is missing", "Write `model: …` here, or set it under `defaults`.")
    where = "" if not error.absolute_path else f" in {_name(error)}"
    about = error.schema.get("properties", {}).get(missing, {}).get("description")
    return Said("missing-key", f"`{missing}` is missing{where}", about or f"Add `{missing}: …`.")


def _beyond_schema(kind: Kind, data: Map, address: str) -> list[Diagnostic]:
    """Rules that JSON Schema cannot say."""
    rules = (_metadata_keys(data), _function_names(data), _schemas(data), _ignored(data, kind))
    return [
        Diagnostic(
            said.code,
            said.message,
            said.remedy,
            place_of(data, said.steps, key=said.at_key),
            address,
            _pointer(said.steps),
        )
        for rule in rules
        for said in rule
    ]


def _metadata_keys(data: Map) -> Iterator[Said]:
    metadata = data.get("metadata")
    for key in metadata if isinstance(metadata, dict) else ():
        if key.startswith(_RESERVED):
            remedy = "Take this line out; retinue writes its marker there."
            yield Said(
                "reserved-key", f"metadata keys that begin with `{_RESERVED}` are ours", remedy, ("metadata", key), True
            )


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
            remedy = "Give each function a name of its own."
            path = ("tools", index, "function", "name")
            yield Said("duplicate-tool", f"tools[{seen[name]}] is a function `{name}` already", remedy, path)
        elif isinstance(name, str):
            seen[name] = index


def _schemas(data: Map) -> Iterator[Said]:
    """Function parameters and structured response formats must be JSON Schemas themselves."""
    for index, function in _functions(data):
        parameters = function.get("parameters")
        path = ("tools", index, "function", "parameters")
        if isinstance(parameters, dict) and parameters:
            yield from _schema_problems(parameters, path)
            if parameters.get("type") != "object":
                remedy = "Write `type: object` with `properties:`; arguments have names."
                yield Said("not-a-schema", "function parameters must be a schema of `type: object`", remedy, path)
    form = data.get("response_format")
    inner = form.get("json_schema") if isinstance(form, dict) else None
    schema = inner.get("schema") if isinstance(inner, dict) else None
    if isinstance(schema, dict):
        yield from _schema_problems(schema, ("response_format", "json_schema", "schema"))


def _schema_problems(schema: dict[str, Any], path: tuple[str | int, ...]) -> Iterator[Said]:
    for steps, message in _schema_errors(json.dumps(schema, sort_keys=True)):
        remedy = "Mend the schema; json-schema.org explains each word."
        yield Said("not-a-schema", f"this is no valid JSON Schema: {message}", remedy, (*path, *steps))


@cache
def _schema_errors(text: str) -> tuple[tuple[tuple[str | int, ...], str], ...]:
    """What makes a text no JSON Schema (2020-12), as (path, message); remembered, since tools are shared."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    errors = Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(json.loads(text))
    leaf = best_match(errors)
    if leaf is None:
        return ()
    said = describe(leaf, "the value")
    return ((tuple(leaf.absolute_path), said.message),)


def _ignored(data: Map, kind: Kind) -> Iterator[Said]:
    block = data.get("retinue")
    pointers = block.get("ignore_changes") if isinstance(block, dict) else None
    for index, pointer in enumerate(pointers if isinstance(pointers, list) else ()):
        first = pointer.split("/")[1] if isinstance(pointer, str) and pointer.startswith("/") else None
        if first is not None and first not in kind.fields:
            close = difflib.get_close_matches(first, kind.fields, 1)
            remedy = f"Did you mean `/{close[0]}`?" if close else f"Fields: {', '.join(kind.fields)}."
            yield Said("unknown-field", f"`{pointer}` names no field", remedy, ("retinue", "ignore_changes", index))
