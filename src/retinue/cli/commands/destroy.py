"""`retinue destroy`: a plan that deletes all this project owns in one environment; brakes and protection hold."""

from __future__ import annotations

from dataclasses import replace

from .. import helping, options
from ..applying import review_and_apply
from ..connecting import connect
from ..options import ApplyOptions
from ..planning import plan_for
from ..reading import read_world
from ..session import open_without_manifests


@helping.command("destroy", ApplyOptions, "-e dev --allow brake=3")
@options.service_options
@options.selection_options
@options.allow_option
@options.apply_options
@options.format_option("text", "json", "markdown")
@options.LINK
def command(options: ApplyOptions) -> int:
    """Delete everything this project owns in one environment. Needs --allow brake=N with the exact number."""
    session = open_without_manifests(options)
    with connect(session, options) as service:
        plan = plan_for(session, service, read_world(session, service), replace(options, destroy=True))
        return review_and_apply(plan, session, service, options)
