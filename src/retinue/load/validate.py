"""Checks documents against their schema and the rules it cannot express; reports every problem at the offending key.

Must not change its input; what a service cannot hold is the provider's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any, TypeAlias

from ..core.model import Address, Diagnostic, Json, Kind, Place
from ..core.pointer import join_pointer
from ..core.problem import Problem, Spelled, shown
from ..core.spelling import did_you_mean
from ..schema import EXTRAS, Catalogue, own_schema
from ..schema.accept import JSON_SCHEMA, acceptor, ecma, holds_schema
from ..schema.bundle import manifest_schema, project_schema
from .located import AsWritten, Map, place_of
from .problems import problems_of
from .variables import TEMPLATE, meant_variable


def validate_manifest(kind: Kind, data: Map, address: Address) -> list[Diagnostic]:
    """All problems of a merged, rendered manifest."""
    return _diagnostics([*_schema_problems(_judge(kind), data, kind), *_beyond_schema(kind, data)], data, str(address))


def validate_parts(kind: Kind, data: Map, address: Address) -> list[Diagnostic]:
    """All problems of the list of texts that the text of a kind is written as."""
    path = (kind.body,)
    found = [
        item._replace(steps=(*path, *error.absolute_path, *item.steps))
        for error in _parts().errors(data[kind.body])
        for item in problems_of(error, kind, path)
    ]
    return _diagnostics(found, data, str(address))


def validate_project(data: Map, known: Catalogue) -> list[Diagnostic]:
    return _diagnostics(_schema_problems(_Judge(project_schema(known)), data, None), data, None)


Extras: TypeAlias = Callable[[str, str], Json]
"""The schema of `providers.NAME` for a provider and a kind; None for a provider that there is not."""


def validate_extras(kind: Kind, data: Map, address: Address, extras: Extras) -> list[Diagnostic]:
    """All problems of the `providers` of a manifest, also of those that this environment does not use."""
    blocks = data.get(EXTRAS)
    found: list[Problem] = []
    for name, block in blocks.items() if isinstance(blocks, dict) else ():
        known, path = _extra(extras, name, kind.name), (EXTRAS, name)
        if known is None:
            message = f"there is no provider {shown(name)}"
            found.append(Problem("unknown-provider", message, "`retinue providers` lists them.", path, at_key=True))
        else:
            found += _schema_problems(known, data, None, path, block)
    return _diagnostics(found, data, str(address))


class _Judge:
    """A schema, compiled once. Nearly all is valid: the fast test spares that the validator, and the run its import."""

    def __init__(self, schema: Mapping[str, Json]) -> None:
        self.schema, self.accepts = schema, acceptor(schema)

    def errors(self, value: Any) -> Iterable[Any]:
        return () if self.accepts(value) else self._validator.iter_errors(value)

    @cached_property
    def _validator(self) -> Any:
        from jsonschema import Draft7Validator, ValidationError, validators

        def pattern(_validator: Any, value: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
            if isinstance(instance, str) and not ecma(value).search(instance):
                yield ValidationError("does not match")

        def json_schema(_validator: Any, _value: bool, instance: Any, _schema: Any) -> Iterable[ValidationError]:
            found: Iterable[ValidationError] = _of_schemas().errors(instance) if holds_schema(instance) else ()
            return found

        extend: Any = validators.extend
        return extend(Draft7Validator, {"pattern": pattern, JSON_SCHEMA: json_schema})(self.schema)


@cache
def _judge(kind: Kind) -> _Judge:
    return _Judge(manifest_schema(kind))


@cache
def _of_schemas() -> _Judge:
    return _Judge(own_schema("json_schema"))


@cache
def _parts() -> _Judge:
    return _Judge({"type": "array", "minItems": 1, "items": {"type": "string"}})


@cache
def _extra(extras: Extras, provider: str, kind: str) -> _Judge | None:
    schema = extras(provider, kind)
    return None if schema is None else _Judge(schema)


def _schema_problems(
    judge: _Judge, data: Map, kind: Kind | None, path: tuple[str, ...] = (), value: Any = None
) -> Iterator[Problem]:
    """Of a document, or of the value at a path in it."""
    for error in judge.errors(value if path else data):
        steps = (*path, *error.absolute_path)
        at, in_schema = place_of(data, steps), JSON_SCHEMA in error.absolute_schema_path
        if isinstance(at, AsWritten) and isinstance(error.instance, int | float):
            error.instance = Spelled(error.instance, at.text)
        for problem in problems_of(error, None if in_schema else kind, path):
            if in_schema:
                message = f"this is not a valid JSON Schema: {problem.message}"
                problem = problem._replace(code="not-a-schema", message=message, remedy=_schema_remedy(error, problem))
            yield problem._replace(steps=(*steps, *problem.steps))


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
# Words that people write for the types of JSON Schema.
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
    metadata = data.get("metadata")
    for key in metadata if isinstance(metadata, dict) else ():
        if key.startswith(_RESERVED):
            message = f"the metadata key {shown(key)} is reserved: retinue writes its marker there"
            remedy = f"Remove this line, or take a name that does not begin with `{_RESERVED}`."
            yield Problem("reserved-key", message, remedy, ("metadata", key), at_key=True)
    for name in kind.required:
        value = data.get(name)
        if isinstance(value, str) and (found := TEMPLATE.fullmatch(value.strip())):
            meant = meant_variable("".join(filter(None, found.groups())))
            message = f"{shown(value)} is a template of another tool, which stays as it is"
            yield Problem("variable-syntax", message, f"For a variable write `{meant}`.", (name,))
    yield from kind.rules(data)
    yield from _ignored_fields(data, kind)


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


def _ignored_fields(data: Map, kind: Kind) -> Iterator[Problem]:
    block = data.get("retinue")
    pointers = block.get("ignore_changes") if isinstance(block, dict) else None
    for index, pointer in enumerate(pointers if isinstance(pointers, list) else ()):
        first = pointer.split("/")[1] if isinstance(pointer, str) and pointer.startswith("/") else None
        if first is not None and first not in kind.fields and first != EXTRAS:
            fields = ", ".join(f"/{name}" for name in kind.fields)
            remedy = did_you_mean(first, kind.fields, f"Fields: {fields}.", "/{}")
            message = f"{shown(pointer)} names no field of `{kind.word}`"
            yield Problem("unknown-field", message, remedy, ("retinue", "ignore_changes", index))
