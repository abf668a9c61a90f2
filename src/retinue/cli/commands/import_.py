"""`retinue import`: manifests for live objects that nobody manages, or for the objects of an export."""

from __future__ import annotations

from typing import Any

import click

from .. import console, options
from ..exports import from_live, read_export
from ..scaffold import write_new
from ..session import open_project, open_session


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
        root, exported = session.project.root, from_live(session, given, ids)
    for name in write_new(root, exported.files):
        console.result(f"wrote {name}")
    if exported.files:
        console.result(f"\nNext: {options.to_paste('plan', given)}")
    else:
        console.result("Nothing to import: no live object is unmanaged.")
    return 0
