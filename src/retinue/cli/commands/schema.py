"""`retinue schema`: the JSON Schemas for editors, offline."""

from __future__ import annotations

from pathlib import Path

import click

from ...schema.bundle import editor_schemas
from .. import console


@click.command("schema")
@click.argument("which", type=click.Choice(["manifest", "project"]), required=False)
@click.option("--out", metavar="DIR", help="Write both schemas into a folder.")
def command(which: str | None, out: str | None) -> int:
    """Print the JSON Schema of a manifest (default) or of retinue.yaml, or write both into a folder."""
    schemas = editor_schemas()
    if out:
        for name, schema in schemas.items():
            console.write_file(str(Path(out) / name), console.json_text(schema))
            console.note(f"Wrote {Path(out) / name}.")
        return 0
    name = "retinue.schema.json" if which == "project" else "manifest.schema.json"
    console.result(console.json_text(schemas[name]))
    return 0
