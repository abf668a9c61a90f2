"""Reads the live world: one bulk list for each kind, never an object at a time."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.model import Resource
from ..providers.base import Service


def read_live(service: Service, kinds: Iterable[str]) -> list[Resource]:
    """Every live object of the kinds. Whatever cannot be read raises: unreadable is never the same as absent."""
    return [resource for kind in kinds for resource in service.list(kind)]
