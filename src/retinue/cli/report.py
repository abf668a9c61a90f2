"""Tells a plan, and what became of its steps, in the wanted format. Decides no more than what goes where."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from .. import __version__
from ..core import fleet
from ..core.codec import dump, outcome, plan_to_json
from ..core.errors import UsageError
from ..core.model import Outcome, Plan, Status
from ..render.inert import is_web_address
from ..render.text import plan_text, summary_line
from . import console, exits, named_files, streams
from .options import STDOUT, OutputOptions, ProjectOptions, to_paste

_READ = ("text", "markdown", "html")
"""Formats for people: no `apply` takes a file of them."""


def show_plan(plan: Plan, options: ProjectOptions) -> None:
    """The plan to stdout in the wanted format, and to `--out`. In a file it is JSON unless a format says otherwise."""
    target, wanted = options.out, options.output_format
    if target == STDOUT and wanted not in _READ:
        if wanted is None and not options.quiet:
            console.note(text_of(plan, options, sys.stderr))
        console.result_json(dump(plan_to_json(plan, __version__)))
        return
    if target == STDOUT:
        target = None
    if target:
        text = text_of(plan, options, None) if wanted in _READ else dump(plan_to_json(plan, __version__))
        console.write_file(target, text, private=wanted != "markdown", mode=options.out_mode)
    if wanted == "json":
        console.result_json(console.json_text(plan_to_json(plan, __version__)))
    elif wanted in console.MACHINES:
        from ..render.machines import plan_diagnostics

        console.for_machines(plan_diagnostics(plan), str(wanted), options.directory)
    else:
        # A page that goes into a file is not for a terminal too.
        shown = replace(options, output_format=None) if target and wanted == "html" else options
        console.result(text_of(plan, shown, sys.stdout))
    if target:
        then = ""
        # A text cannot be applied, and neither can a blocked or an empty plan.
        if wanted not in _READ and outcome(plan) == "changes":
            # A saved plan names its environment itself.
            then = f" Apply exactly this with: {to_paste('apply', replace(options, environment=None), target)}"
        console.note(f"Wrote {target}.{then}")


def text_of(plan: Plan, options: OutputOptions, stream: TextIO | None) -> str:
    """For a stream, or for a file that is read elsewhere."""
    if options.output_format == "markdown":
        from ..render.markdown import plan_markdown

        return plan_markdown(plan, link_to=run_link(options.link), page=options.link)
    if options.output_format == "html":
        from ..render.webpage import plan_html

        return plan_html(plan)
    style, width = console.canvas(stream)
    return plan_text(plan, style=style, show_unchanged=options.show_unchanged, width=width, whole=options.whole)


def run_link(link: str | None) -> str | None:
    """The address of this run: as `--link` gives it, else as the CI knows it, else None. Raises UsageError."""
    if link is not None:
        if not is_web_address(link):
            raise UsageError(f"--link {link} is not a web address", "Write one that begins with https://.")
        return link
    server, repository, run = (os.environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return os.environ.get("CI_JOB_URL") or None


def remove_plan(path: str) -> int | None:
    """Remove an older plan in the file that `--out` names, and tell its mode; whatever else stands there stays.

    Raises UsageError, also where no plan could be written.
    """
    about, target = named_files.existing(path), Path(path)
    try:
        if about is None or not stat.S_ISREG(about.st_mode) or b'"format_version"' not in target.read_bytes():
            return None
        target.unlink()
    except OSError as error:
        raise UsageError(f"{path} cannot be replaced: {error.strerror or error}", "Name another file.") from error
    return about.st_mode


def shows_plan(options: OutputOptions) -> bool:
    """True if the plan belongs on stdout before the result of an apply; JSON and Markdown are the result alone."""
    return options.output_format not in ("json", "markdown")


def nothing_to_do(plan: Plan, options: OutputOptions) -> int:
    """The plan was shown and is empty."""
    printed = shows_plan(options) or _print_results(plan, [], exits.Exit.OK, options)
    return exits.Exit.OK if printed else exits.Exit.ERROR


def report_blocked(plan: Plan, options: OutputOptions) -> int:
    """Say that nothing was applied, and why; the exit code."""
    outcomes = []
    for change in plan.changes:
        why: tuple[str, str | None] = ("another change is blocked", None)
        if change.blocked is not None:
            why = (change.blocked.message, "\n".join(change.blocked.remedies) or None)
        outcomes.append(Outcome(change.address, change.action, Status.NOT_STARTED, change.remote_id, *why))
    if not shows_plan(options):
        _print_results(plan, outcomes, exits.Exit.BLOCKED, options)
    where = "The plan above" if shows_plan(options) else "Each one's result"
    count, total = sum(change.blocked is not None for change in plan.changes), len(plan.changes)
    counted = f"{count} of {total} changes {'is' if count == 1 else 'are'}"
    if count == total:
        counted = {1: "the change is", 2: "both changes are"}.get(total, f"all {total} changes are")
    console.note(f"Error: {counted} blocked, so nothing was applied.\n  {where} says why and names the ways out.")
    return exits.Exit.BLOCKED


def report_outcomes(plan: Plan, outcomes: Sequence[Outcome], code: exits.Exit, options: ProjectOptions) -> exits.Exit:
    """The exit code: where the result cannot go to stdout, it goes to stderr, and that is an error."""
    if not _print_results(plan, outcomes, code, options):
        from ..render.results import results_text

        console.note(results_text(plan, outcomes, console.style_for(sys.stderr)))
        code = exits.Exit.ERROR if code in exits.FINE else code
    leaves = any(not item.action.gives_up and not item.held for item in plan.changes)
    if options.output_format != "json" and code in exits.FINE and leaves and not options.quiet:
        console.note(f"Next: `{to_paste('output', options)}` prints the live ids.")
    console.diagnostics([diagnostic for item in outcomes for diagnostic in item.notes])
    return code


def _print_results(plan: Plan, outcomes: Sequence[Outcome], code: exits.Exit, options: OutputOptions) -> bool:
    """False where stdout is lost, which is reported."""
    from ..render.results import counts, results_json, results_text

    try:
        if options.output_format == "json":
            told = (*plan.diagnostics, *(diagnostic for item in outcomes for diagnostic in item.notes))
            value = results_json(plan, outcomes, int(code), exits.word(code, outcomes), told)
            console.result_json(console.json_text(value))
        elif options.output_format == "markdown":
            from ..render.markdown import results_markdown

            headline, scope = counts(outcomes) if outcomes else summary_line(plan), (plan.project, plan.environment)
            console.result(results_markdown(scope, headline, outcomes, link_to=run_link(options.link)))
        else:
            console.result(results_text(plan, outcomes, console.style_for(sys.stdout)))
    except streams.OutputLost as lost:
        streams.report(lost)
        return False
    return True


def tell_fleet(project: str, rows: Sequence[fleet.Status], options: OutputOptions, metrics_file: str | None) -> None:
    """How environments stand, in the wanted format, and where a file is named for it as metrics."""
    from ..render.overview import fleet_markdown, fleet_text

    if metrics_file is not None:
        write_metrics(metrics_file, project, rows)
    if options.output_format == "json":
        text = console.json_text(fleet.fleet_to_json(project, rows, __version__))
    elif options.output_format == "markdown":
        text = fleet_markdown(project, rows)
    else:
        style, width = console.canvas(None if options.out else sys.stdout)
        text = fleet_text(project, rows, style=style, width=width)
    console.deliver(text, options)


def write_metrics(path: str, project: str, rows: Sequence[fleet.Status]) -> None:
    """In one moment in place of what a collector reads. Raises UsageError."""
    from ..render.overview import metrics

    console.write_file(path, metrics(project, rows, time.time()))
