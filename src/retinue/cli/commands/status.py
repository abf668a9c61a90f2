"""`retinue status`: how the environments stand, in one table. Reads the services, writes nothing there."""

from __future__ import annotations

import json

import click

from ...core.errors import UsageError
from ...providers.gate import Clock
from .. import console, helping, options
from ..options import PlanOptions
from ..projects import choose_environment, open_project
from ..report import tell_fleet
from ..surveying import code_of, read_fleet


@helping.command("status", PlanOptions, "--all", "--all --format markdown --out status.md", "--offline")
@click.option("--all", "everything", is_flag=True, help="All environments of the project, side by side.")
@click.option("--offline", is_flag=True, help="List the environments as the JSON of a CI matrix; ask no service.")
@options.METRICS_FILE
@options.ENVIRONMENT
@options.timed_options("1m")
@options.format_option("text", "json", "markdown")
@options.OUT
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if an environment is not in sync.")
def command(
    options: PlanOptions, *, everything: bool, offline: bool, metrics_file: str | None, detailed_exitcode: bool
) -> int:
    """Tell of an environment, or of --all, if it is in sync, pending, drifted, held or cannot be read.

    Each is given --timeout by itself; one that does not answer hides and delays no other.
    """
    if everything and options.environment:
        raise UsageError("--all and -e NAME exclude each other", "Leave one out.")
    project = open_project(options.directory, project_file=options.project_file)
    if offline:
        if options.output_format not in (None, "json") or metrics_file:
            raise UsageError("--offline lists the environments as JSON, and nothing else", "Leave the other flag out.")
        found = list(project.environments.values())
        chosen = [choose_environment(project, options.environment)] if options.environment else found
        rows = [
            {
                "environment": item.name,
                "provider": item.provider,
                "critical": item.critical,
                "frozen": item.freeze is not None and item.freeze.holds(Clock().wall()),
            }
            for item in chosen
        ]
        console.deliver(json.dumps({"include": rows}), options)
        return 0
    names = list(project.environments) if everything else [choose_environment(project, options.environment).name]
    found_rows = read_fleet(project, names, options)
    tell_fleet(project.name, found_rows, options, metrics_file)
    return code_of(found_rows, detailed=detailed_exitcode)
