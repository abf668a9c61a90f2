"""Documents against their schema: every problem at once, at the offending key, in words for beginners.

Must not change what it is given; what a service cannot hold is the provider's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

from ..core.model import Address, Diagnostic, Json, Kind, Place
from ..core.pointer import join_pointer
from ..schema import EXTRAS
from ..schema.accept import acceptor, ecma
from ..schema.bundle import manifest_schema, project_schema
from .located import AsWritten, Map, place_of
from .messages import say
from .rules import beyond_schema
from .said import Said, Spelled, shown


def validate_manifest(kind: Kind, data: Map, address: Address) -> list[Diagnostic]:
    """All problems of a merged, rendered manifest."""
    # Nearly every manifest is valid: the fast test spares them the validator, and the run its import.
    said = [] if _accepts(kind.word)(data) else _schema_problems(_manifest_validator(kind.word), data, kind)
    return _diagnostics([*said, *beyond_schema(kind, data)], data, str(address))


def validate_project(data: Map) -> list[Diagnostic]:
    """All problems of retinue.yaml that its schema knows."""
    return _diagnostics(_schema_problems(_validator(project_schema()), data, None), data, None)


Extras: TypeAlias = Callable[[str, str], Json]
"""The schema of `providers.NAME` for a provider and a kind; None for a provider that there is not."""


def no_extras(_provider: str, _kind: str) -> Json:
    return None


def validate_extras(kind: Kind, data: Map, address: Address, extras: Extras) -> list[Diagnostic]:
    """All problems of the `providers` of a manifest, also of those that this environment does not use."""
    blocks = data.get(EXTRAS)
    found: list[Said] = []
    for name, block in blocks.items() if isinstance(blocks, dict) else ():
        known, path = _extra(extras, name, kind.name), (EXTRAS, name)
        if known is None:
            message = f"there is no provider {shown(name)}"
            found.append(Said("unknown-provider", message, "`retinue providers` lists them.", path, at_key=True))
        elif not known[1](block):
            for error in _validator(known[0]).iter_errors(block):
                found.extend(
                    said._replace(steps=(*path, *error.absolute_path, *said.steps)) for said in say(error, None, path)
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


def _schema_problems(validator: Any, data: Map, kind: Kind | None) -> Iterator[Said]:
    for error in validator.iter_errors(data):
        at = place_of(data, tuple(error.absolute_path))
        if isinstance(at, AsWritten) and isinstance(error.instance, int | float):
            error.instance = Spelled(error.instance, at.text)
        for said in say(error, kind):
            yield said._replace(steps=(*error.absolute_path, *said.steps))


def _diagnostics(found: Iterable[Said], data: Map, address: str | None) -> list[Diagnostic]:
    """In the order of the file; what is said twice about one place is said once."""
    unique: dict[tuple[str, str, str], Diagnostic] = {}
    for said in found:
        at = place_of(data, said.steps, key=said.at_key) or data.place
        path = join_pointer(said.steps[:-1] if said.hidden else said.steps)
        problem = Diagnostic(said.code, said.message, said.remedy, at, address, path)
        unique.setdefault((problem.code, path, problem.message), problem)
    return sorted(unique.values(), key=lambda problem: problem.place or Place("", 0, 0))
