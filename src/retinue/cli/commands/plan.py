"""`retinue plan`: what apply would do. Reads the service, writes nothing there."""

from __future__ import annotations

from dataclasses import replace

import click

from ...core.codec import outcome
from ...core.errors import UsageError
from .. import console, helping, options
from ..exits import Exit
from ..options import STDOUT, PlanOptions
from ..planning import plan_for
from ..reading import opened
from ..report import remove_plan, show_plan


@helping.command("plan", PlanOptions, "-e prod", "-e prod --out plan.json", "-e prod --target 'Assistant/support-*'")
@options.service_options
@options.selection_options
@options.allow_option
@options.format_option("text", "json", "markdown", "html", "sarif", "github")
@options.LINK
@options.AS_OF
@options.OUT_BESIDES
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if changes are pending.")
@click.option("--show-unchanged", is_flag=True, help="List the objects that match, too.")
def command(options: PlanOptions, *, detailed_exitcode: bool) -> int:
    """Show what apply would create, update and delete. Reads the service, writes nothing there.

    A plan that --out FILE holds already is removed first, so that an old one is not applied after a failure.
    With --out - the plan that FILE would hold is on stdout, and the text on stderr.
    """
    if options.out == STDOUT and options.output_format in console.MACHINES:
        raise UsageError(f"--out - and --format {options.output_format} both want stdout", "Name a file with --out.")
    if options.out and options.out != STDOUT:
        options = replace(options, out_mode=remove_plan(options.out))
    with opened(options) as (session, service, seen):
        plan = plan_for(session, service, seen, options)
    show_plan(plan, options)
    if detailed_exitcode and outcome(plan) != "no-changes":
        return Exit.CHANGES
    return Exit.OK
