"""`retinue init`: a new project, fresh or from an old export. Writes files, reaches no service."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ...core.errors import UsageError
from .. import console, options
from ..exports import read_export
from ..scaffold import fresh_files, project_text, write_new


@click.command("init")
@click.option("--from", "source", metavar="FILE", help="An export of assistants as JSON; `-` reads standard input.")
@click.option("-C", "directory", default=".", metavar="DIR", help="The folder; made if it is not there.")
@options.NO_COLOR
def command(source: str | None, directory: str, no_color: bool) -> int:
    """Start a project with an assistant that applies as it is, or with one manifest for each exported assistant."""
    folder = Path(directory)
    if (folder / "retinue.yaml").exists():
        raise UsageError(
            f"{folder / 'retinue.yaml'} exists already: this is a project",
            "To add assistants from an export: retinue import --from FILE.",
        )
    files = fresh_files(folder)
    if source:
        files = {"retinue.yaml": project_text(folder), **read_export(source).files}
    for name in write_new(folder, files):
        console.result(f"wrote {name}")
    where = "" if directory == "." else f" -C {shlex.quote(directory)}"
    console.result(f"\nNext: retinue plan{where}, then: retinue apply{where}")
    return 0
