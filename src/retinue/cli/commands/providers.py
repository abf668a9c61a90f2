"""`retinue providers`: what can be reached and what each holds, from the records, offline."""

from __future__ import annotations

import click

from ...core.model import Json
from ...providers import registry
from ...providers.base import Finder, Historian
from ...render.matrix import Sheet, matrix_json, matrix_markdown, matrix_text, sheet_text
from .. import completing, console, helping, options
from ..options import OutputOptions
from .check import command as check


@helping.command("providers", OutputOptions, "", "flowise", "check -e dev", below={"check": check})
@click.argument("name", required=False, shell_complete=completing.providers)
@options.format_option("text", "json", "markdown")
@options.OUT
def command(options: OutputOptions, *, name: str | None) -> int:
    """Show what each service can hold, field by field; of one service with the reasons.

    `check` holds what the provider of an environment claims against its service: `retinue providers check --help`.
    """
    found, broken = ([registry.load(name)], []) if name else registry.loadable()
    for error in broken:
        console.note(f"Left out: {error.message}")
    sheets = []
    for provider in found:
        record = provider.capabilities
        facts: dict[str, Json] = {
            "ids chosen by": record.identity,
            "tells account": record.account or False,
            "keeps versions": issubclass(provider.service, Historian),
            "create can be repeated": record.create_repeatable,
            "refuses to overwrite what moved": record.locked,
            "removed objects": record.removal or "deleted",
            "lists one owner's objects": issubclass(provider.service, Finder),
        }
        sheets.append(Sheet(provider.name, provider.title, facts, record.fields))
    match options.output_format:
        case "json":
            text = console.json_text(matrix_json(sheets))
        case "markdown":
            text = matrix_markdown(sheets)
        case _:
            text = sheet_text(sheets[0]) if name else matrix_text(sheets)
    console.deliver(text, options)
    return 0
