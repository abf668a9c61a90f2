"""`retinue show`: a saved plan for people, offline."""

from __future__ import annotations

from typing import Any

import click

from .. import options
from ..plans import show_plan
from .apply import read_plan


@click.command("show")
@click.argument("planfile")
@options.NO_COLOR
@options.format_option("text", "json", "markdown", "sarif", "github")
@options.LINK
def command(planfile: str, **given: Any) -> int:
    """Show a saved plan. Needs no network and no project."""
    show_plan(read_plan(planfile), given)
    return 0
