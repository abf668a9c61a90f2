"""Turns the objects of an export, or live ones, into manifest files; shared by init and import."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ..core.errors import InvalidManifests, UsageError
from ..core.model import Json, Resource, Severity
from ..engine.read import read_live
from ..load.export import Exported, manifests_from_objects, objects_from_text
from ..providers.base import Exporter, Provider
from . import console
from .files import read_named, read_stdin
from .plans import request_log
from .session import Session, connect, extras_of, open_session

_MOST_BYTES = 64 * 1024 * 1024


def read_export(path: str) -> Exported:
    """The manifests for the objects in a file (`-` is standard input). Raises UsageError or InvalidManifests."""
    remedy = "Name an exported JSON file."
    data = read_stdin(_MOST_BYTES) if path == "-" else read_named(path, _MOST_BYTES, "the export", remedy)
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


def from_live(session: Session, given: Mapping[str, Any], ids: Collection[str] = ()) -> Exported:
    """The manifests for the live objects that nobody manages, or for those with the ids. Raises UsageError."""
    with connect(session, given, request_log(given)) as service:
        world = session.world(read_live(service, session.kinds))
    known = {live.remote_id for live in world.foreign}
    for remote_id in ids:
        if remote_id not in known:
            raise UsageError(
                f"there is no unmanaged live object {remote_id}", "`retinue output` lists the managed ones."
            )
    objects = [_exported(session.provider, live) for live in world.foreign if not ids or live.remote_id in ids]
    adopted = {value for item in session.desired for value in item.policy.adopt.values()}
    return checked(
        manifests_from_objects(
            [item for item in objects if item["id"] not in adopted],
            adopt_environment=session.environment.name,
            taken={item.address.name for item in session.desired if item.address},
            folder=_folder(session),
            kind=session.kinds["Assistant"],
            extras=extras_of,
        )
    )


def from_new_project(project: str, given: Mapping[str, Any]) -> Exported:
    """As `from_live`, for a project that is still nothing but the text of its file."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "retinue.yaml").write_text(project, encoding="utf-8")
        return from_live(open_session({**given, "directory": folder}, need_manifests=False), given)


def _exported(provider: Provider, live: Resource) -> dict[str, Json]:
    return provider.exported(live) if isinstance(provider, Exporter) else dict(live.raw)


def _folder(session: Session) -> str:
    """The first manifest folder of the project that is no glob and no file."""
    plain = (item for item in session.project.manifests if not any(char in item for char in "*?["))
    return next((item.rstrip("/") for item in plain if not PurePosixPath(item).suffix), "assistants")
