"""`retinue import`: manifests for live objects that nobody manages, or for the objects of an export."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import click

from ...core.errors import UsageError
from ...core.ownership import decide
from ...engine.read import read_live
from ...load.export import Exported, manifests_from_objects
from ...schema import kinds
from .. import console, options
from ..exports import checked, read_export
from ..plans import request_log
from ..scaffold import write_new
from ..session import Session, connect, open_project, open_session


@click.command("import")
@click.option("--from", "source", metavar="FILE", help="An export as JSON, instead of the live service.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Only this live object.")
@options.service_options
def command(source: str | None, ids: tuple[str, ...], **given: Any) -> int:
    """Write a manifest for every live object that nobody manages, with its `adopt:` line.

    The next plan then shows only adopts. Reads the service, writes files; never over a file that exists.
    """
    if source:
        root, exported = open_project(given["directory"]).root, read_export(source)
    else:
        session = open_session(given)
        root, exported = session.project.root, _from_live(session, given, ids)
    for name in write_new(root, exported.files):
        console.result(f"wrote {name}")
    console.result("\nNext: retinue plan" if exported.files else "Nothing to import: no live object is unmanaged.")
    return 0


def _from_live(session: Session, given: dict[str, Any], ids: tuple[str, ...]) -> Exported:
    target = session.target
    with connect(session, given, request_log(given)) as service:
        world = decide(read_live(service, kinds()), target.project, target.environment, target.formerly)
    known = {live.remote_id for live in world.foreign}
    for remote_id in ids:
        if remote_id not in known:
            raise UsageError(
                f"there is no unmanaged live object {remote_id}", "`retinue output` lists the managed ones."
            )
    objects = [dict(live.raw) for live in world.foreign if not ids or live.remote_id in ids]
    adopted = {value for item in session.desired for value in item.policy.adopt.values()}
    objects = [item for item in objects if item["id"] not in adopted]
    taken = {item.address.name for item in session.desired if item.address}
    return checked(
        manifests_from_objects(objects, adopt_environment=target.environment, taken=taken, folder=_folder(session))
    )


def _folder(session: Session) -> str:
    """The first manifest folder of the project that is no glob and no file."""
    plain = (item for item in session.project.manifests if not any(char in item for char in "*?["))
    return next((item.rstrip("/") for item in plain if not PurePosixPath(item).suffix), "assistants")
