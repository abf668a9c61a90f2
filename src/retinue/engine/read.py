"""Reads the live world: one bulk list for each kind, never an object at a time."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.model import Resource
from ..providers.base import Service


def read_live(service: Service, kinds: Iterable[str]) -> list[Resource]:
    """Every live object of the kinds, once. Whatever cannot be read raises: unreadable is never the same as absent.

    A list that moves while it is read may name an object again, which must not look like a copy of itself.
    """
    found = ((kind, resource) for kind in kinds for resource in service.list(kind))
    return list({(kind, resource.remote_id): resource for kind, resource in found}.values())
