"""`retinue destroy`: a plan that deletes all this project owns in one environment; brakes and protection hold."""

from __future__ import annotations

from typing import Any

from .. import allowing, helping, options
from ..connecting import connect
from ..planning import plan_for
from ..plans import request_log, review_and_apply
from ..reading import read_world
from ..session import open_session


@helping.command("destroy", "retinue destroy -e dev --allow brake=3")
@options.service_options
@options.selection_options
@allowing.option
@options.apply_options
@options.format_option("text", "json", "markdown")
@options.LINK
def command(**given: Any) -> int:
    """Delete everything this project owns in one environment. Needs --allow brake=N with the exact number."""
    session = open_session(given, need_manifests=False)
    with connect(session, given, request_log(given)) as service:
        plan = plan_for(session, read_world(session, service, everything=True), given, destroy=True)
        return review_and_apply(plan, session, service, given)
