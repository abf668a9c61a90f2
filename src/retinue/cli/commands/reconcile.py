"""`retinue reconcile --once`: what a scheduler runs. Writes nothing but a plan whose digest was approved."""

from __future__ import annotations

import re
import sys

import click

from ...core.errors import UsageError
from ...core.values import replace
from .. import console, helping, options
from ..applying import review_and_apply
from ..named_files import read_named
from ..options import STDOUT, ApplyOptions
from ..planning import plan_for
from ..projects import choose_environment, open_project
from ..reading import opened
from ..report import tell_fleet, write_metrics
from ..surveying import code_of, read_fleet

_MOST_BYTES = 1024 * 1024
_HOW = (
    "One digest a line, as `retinue comment --read` prints it; what follows it, and lines that begin with #, are yours."
)


@helping.command("reconcile", ApplyOptions, "--once -e prod", "--once -e prod --mode approved --approved approved.txt")
@click.option(
    "--once",
    is_flag=True,
    required=True,
    expose_value=False,
    help="Look once and end: the scheduler is cron, systemd or the CI.",
)
@click.option(
    "--mode", type=click.Choice(["observe", "approved"]), default="observe", show_default=True, help="What may be done."
)
@click.option("--approved", metavar="FILE", help="Digests of reviewed plans, one a line; - is stdin.")
@options.METRICS_FILE
@options.service_options
@options.allow_option
@click.option("--backup", metavar="DIR", help="Save each object before it is changed or deleted.")
@options.format_option("text", "json", "markdown")
@options.LINK
def command(options: ApplyOptions, *, mode: str, approved: str | None, metrics_file: str | None) -> int:
    """Tell how an environment stands; with --mode approved, apply its plan if just that plan was reviewed.

    A plan that is not the reviewed one, because someone edited the service meanwhile, is told and not applied.
    """
    if (mode == "approved") != (approved is not None):
        raise UsageError("--mode approved and --approved FILE need each other", _HOW)
    digests = frozenset[str]() if approved is None else _approved(approved)
    project = open_project(options.directory, project_file=options.project_file)
    name = choose_environment(project, options.environment).name
    (row,) = read_fleet(project, [name], options)
    if row.digest not in digests:
        tell_fleet(project.name, [row], options, metrics_file)
        if mode == "approved" and row.digest is not None:
            console.note(f"Not approved, so not applied: {row.digest}")
        return code_of([row], detailed=False)
    try:
        with opened(options) as (session, service, seen):
            plan = plan_for(session, service, seen, options)
            return review_and_apply(plan, session, service, replace(options, expect_digest=row.digest))
    finally:
        if metrics_file is not None:
            write_metrics(metrics_file, project.name, read_fleet(project, [name], options))


def _approved(path: str) -> frozenset[str]:
    """The digests in a file, or on stdin. Raises UsageError for a line that holds none."""
    if path == STDOUT:
        text = sys.stdin.read(_MOST_BYTES) if sys.stdin is not None else ""
    else:
        text = read_named(path, _MOST_BYTES, "the approvals", _HOW).decode("utf-8", "replace")
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if not re.fullmatch("sha256:[0-9a-f]{64}", words[0]):
            raise UsageError(f"{path}:{number}: this line holds no digest", _HOW)
        found.add(words[0])
    return frozenset(found)
