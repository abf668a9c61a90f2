"""`retinue schema`: the JSON Schemas for editors and for readers of JSON outputs, offline."""

from __future__ import annotations

from pathlib import Path

import click

from ...core.errors import UsageError
from ...core.spelling import did_you_mean
from ...providers import registry
from ...schema.bundle import texts
from .. import console, helping

SUFFIX = ".schema.json"


@helping.command("schema", None, "", "tool", "--out schemas")
@click.argument("which", default="manifest", metavar="[manifest|project|tool|format|plan|…]")
@click.option("--out", metavar="DIR", help="Write all schemas into a folder; - is stdout.")
def command(which: str, out: str | None) -> int:
    """Print the JSON Schema of a manifest (default), retinue.yaml, a file that manifests include, or a JSON output.

    With --out all of them are written into a folder.
    """
    found, broken = registry.loadable()
    for error in broken:
        console.note(f"Left out: {error.message}")
    schemas = texts(registry.catalogue(None), {provider.name: provider.capabilities.extras for provider in found})
    if out and out != "-":
        for name, text in schemas.items():
            console.write_file(str(Path(out) / name), text)
            console.note(f"Wrote {Path(out) / name}.")
        return 0
    known = ["project", *(name.removesuffix(SUFFIX) for name in schemas)]
    if which not in known:
        raise UsageError(f"there is no schema {which}", did_you_mean(which, known, f"There are: {', '.join(known)}."))
    console.result_json(schemas[f"{'retinue' if which == 'project' else which}{SUFFIX}"])
    return 0
