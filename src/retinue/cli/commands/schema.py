"""`retinue schema`: the JSON Schemas for editors and for readers of JSON outputs, offline."""

from __future__ import annotations

from pathlib import Path

import click

from ...providers import registry
from ...schema.bundle import output_schemas, texts
from .. import console, helping


@helping.command("schema", None, "", "--out schemas")
@click.argument(
    "which",
    type=click.Choice(["manifest", "project", *output_schemas()]),
    required=False,
    metavar="[manifest|project|plan|…]",
)
@click.option("--out", metavar="DIR", help="Write all schemas into a folder; - is stdout.")
def command(which: str | None, out: str | None) -> int:
    """Print the JSON Schema of a manifest (default), of retinue.yaml, or of what a command prints as JSON.

    With --out all of them are written into a folder.
    """
    found, broken = registry.loadable()
    for error in broken:
        console.note(f"Left out: {error.message}")
    extras = {provider.name: provider.capabilities.extras for provider in found}
    schemas = texts(registry.catalogue(None), extras)
    if out and out != "-":
        for name, text in schemas.items():
            console.write_file(str(Path(out) / name), text)
            console.note(f"Wrote {Path(out) / name}.")
        return 0
    console.result_json(schemas["retinue.schema.json" if which == "project" else f"{which or 'manifest'}.schema.json"])
    return 0
