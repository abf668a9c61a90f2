"""`retinue drift`: what was changed outside since the last apply. Reads the service, writes nothing there."""

from __future__ import annotations

import sys

import click

from ... import __version__
from ...core.drift import drift_of, drift_to_json
from ...render.side_by_side import drift_text
from .. import console, helping, options
from ..exits import Exit
from ..options import PlanOptions
from ..planning import own_plan
from ..reading import opened
from ..report import run_link


@helping.command("drift", PlanOptions, "-e prod", "-e prod --detailed-exitcode --format markdown --out drift.md")
@options.service_options
@options.selection_options
@options.format_option("text", "json", "markdown", "html")
@options.OUT
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if something moved.")
def command(options: PlanOptions, *, detailed_exitcode: bool) -> int:
    """List, field by field, what was changed outside since the last apply. Reads the service, writes nothing.

    What only the manifests changed is not drift; `retinue plan` shows it.
    """
    with opened(options) as (session, service, seen):
        drift = drift_of(own_plan(session, service, seen, options))
    if options.output_format == "json":
        text = console.json_text(drift_to_json(drift, __version__))
    elif options.output_format == "markdown":
        from ...render.markdown import drift_markdown

        text = drift_markdown(drift, link_to=run_link(None))
    elif options.output_format == "html":
        from ...render.webpage import drift_html

        text = drift_html(drift)
    else:
        style, width = console.canvas(None if options.out else sys.stdout)
        text = drift_text(drift, style=style, width=width)
    console.deliver(text, options, private=options.output_format != "markdown")
    return Exit.CHANGES if drift.items and detailed_exitcode else Exit.OK
