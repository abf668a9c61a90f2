"""Reads an export file and turns its objects into manifest files; shared by init and import."""

from __future__ import annotations

import sys
from pathlib import Path

from ..core.errors import InvalidManifests, UsageError
from ..core.model import Severity
from ..load.export import Exported, manifests_from_objects, objects_from_text
from . import console

_MOST_BYTES = 64 * 1024 * 1024


def read_export(path: str) -> Exported:
    """The manifests for the objects in a file (`-` is standard input). Raises UsageError or InvalidManifests."""
    try:
        if path != "-" and Path(path).stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is larger than 64 MB", "Split the export.")
        data = sys.stdin.buffer.read(_MOST_BYTES) if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "Name an exported JSON file.") from error
    objects, problems = objects_from_text(data, path)
    if problems:
        raise InvalidManifests(problems)
    return checked(manifests_from_objects(objects))


def checked(exported: Exported) -> Exported:
    """Say what could not be carried over; raise InvalidManifests if a manifest could not be written at all."""
    if any(item.severity is Severity.ERROR for item in exported.diagnostics):
        raise InvalidManifests(exported.diagnostics)
    console.diagnostics(exported.diagnostics)
    return exported
