"""`retinue promote`: apply, with nothing going on to an environment that the one before has not proven."""

from __future__ import annotations

from dataclasses import replace

import click

from ...core.errors import UsageError
from ...core.model import Promotion
from .. import completing, helping, options
from ..applying import review_and_apply
from ..options import ApplyOptions
from ..planning import plan_for
from ..projects import choose_environment
from ..reading import observed
from ..session import open_session


@helping.command("promote", ApplyOptions, "dev prod", "dev prod --verified --auto-approve")
@click.argument("source", metavar="FROM", shell_complete=completing.environments)
@click.argument("target", metavar="TO", shell_complete=completing.environments)
@options.connection_options
@options.selection_options
@options.allow_option
@options.apply_options
@click.option("--verified", is_flag=True, help="Promote only what also passed `retinue verify` in FROM.")
@options.format_option("text", "json")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if all that remains is held.")
def command(options: ApplyOptions, *, source: str, target: str, verified: bool) -> int:
    """Apply to the environment TO what is applied and unchanged in the environment FROM. Shows a plan first.

    Both are planned from the same files. An object is held, and the others go on, if FROM's own plan has anything left
    to do about it. As `apply -e TO` with `promote_from: FROM` in retinue.yaml, which may ask for more.
    """
    options = replace(options, environment=target)
    session = open_session(options)
    choose_environment(session.project, source)
    written = session.environment.promote_from or Promotion(source)
    if source == target:
        raise UsageError(f"{source} cannot be promoted to itself", "Name two environments: retinue promote dev prod.")
    if written.environment != source:
        remedy = f"retinue promote {written.environment} {target}, or change `promote_from` in retinue.yaml."
        raise UsageError(f"{target} is promoted from {written.environment}, not from {source}", remedy)
    # The demands of retinue.yaml hold, whatever the command line says.
    promotion = replace(written, verified=written.verified or verified)
    session = replace(session, environment=replace(session.environment, promote_from=promotion))
    with observed(session, options) as (session, service, seen):
        return review_and_apply(plan_for(session, service, seen, options), session, service, options)
