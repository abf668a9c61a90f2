"""`retinue promote`: apply, with nothing going on to an environment that the one before has not proven."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from ...core.errors import UsageError
from ...core.model import Promotion
from ...load.project import Environment
from .. import allowing, helping, options
from ..connecting import connect
from ..planning import plan_for
from ..plans import request_log, review_and_apply
from ..projects import choose_environment
from ..reading import observe
from ..session import open_session


@helping.command(
    "promote",
    "retinue promote dev prod",
    "retinue promote dev prod --verified --auto-approve",
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@options.connection_options
@options.selection_options
@allowing.option
@options.apply_options
@click.option("--verified", is_flag=True, help="What goes on must have passed `retinue verify` in FROM, too.")
@options.format_option("text", "json")
def command(source: str, target: str, **given: Any) -> int:
    """Apply to the environment TO what is applied and unchanged in the environment FROM. Shows a plan first.

    Both are planned from the same files. An object is held, and the others go on, if FROM's own plan has anything left
    to do about it. As `apply -e TO` with `promote_from: FROM` in retinue.yaml, which may ask for more.
    """
    given["environment"] = target
    session = open_session(given)
    choose_environment(session.project, source)
    promotion = _promotion(source, session.environment, verified=given["verified"])
    session = replace(session, environment=replace(session.environment, promote_from=promotion))
    with connect(session, given, request_log(given)) as service:
        session, live = observe(session, service)
        return review_and_apply(plan_for(session, live, given), session, service, given)


def _promotion(source: str, target: Environment, *, verified: bool) -> Promotion:
    """What retinue.yaml asks for holds, whatever the command line says."""
    written = target.promote_from or Promotion(source)
    if source == target.name:
        raise UsageError(f"{source} cannot be promoted to itself", "Name two environments: retinue promote dev prod.")
    if written.environment != source:
        raise UsageError(
            f"{target.name} is promoted from {written.environment}, not from {source}",
            f"retinue promote {written.environment} {target.name}, or change `promote_from` in retinue.yaml.",
        )
    return replace(written, verified=written.verified or verified)
