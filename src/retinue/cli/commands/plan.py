"""`retinue plan`: what apply would do. Reads the service, writes nothing there."""

from __future__ import annotations

from typing import Any

import click

from ...core.codec import outcome
from ...core.errors import UsageError
from .. import allowing, console, helping, options
from ..connecting import connect
from ..exits import Exit
from ..planning import plan_for
from ..plans import remove_plan, request_log, show_plan
from ..reading import observe
from ..session import open_session


@helping.command(
    "plan",
    "retinue plan -e prod",
    "retinue plan -e prod --out plan.json",
    "retinue plan -e prod --target 'Assistant/support-*'",
)
@options.service_options
@options.selection_options
@allowing.option
@options.format_option("text", "json", "markdown", "sarif", "github")
@options.LINK
@options.OUT_BESIDES
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if changes are pending.")
@click.option("--show-unchanged", is_flag=True, help="List the objects that match, too.")
def command(**given: Any) -> int:
    """Show what apply would create, update and delete. Reads the service, writes nothing there.

    A plan that --out FILE holds already is removed first, so that nobody applies an old one after a failure.
    With --out - the plan that FILE would hold is on stdout, and the text on stderr.
    """
    if given["out"] == options.STDOUT and given["output_format"] in console.MACHINES:
        raise UsageError(f"--out - and --format {given['output_format']} both want stdout", "Name a file with --out.")
    if given["out"] and given["out"] != options.STDOUT:
        given["out_mode"] = remove_plan(given["out"])
    session = open_session(given)
    with connect(session, given, request_log(given)) as service:
        session, live = observe(session, service)
        plan = plan_for(session, live, given)
    show_plan(plan, given)
    if given["detailed_exitcode"] and outcome(plan) != "no-changes":
        return Exit.CHANGES
    return Exit.OK
