"""A published schema as retinue itself keeps it, and what of a value it does not allow."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft7Validator


def closed(schema: Any) -> Any:
    """The schema with no other keys allowed: retinue itself writes none that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(item) for key, item in schema.items()}
    return result | {"additionalProperties": False} if "properties" in result else result


def faults(validator: Draft7Validator, value: Any) -> list[str]:
    found = [*validator.iter_errors(value)]
    return [f"{list(item.absolute_path)}: {item.message[:200]}" for error in found for item in error.context or [error]]
