"""`retinue forget`: live objects lose their marker and stay as they are, after a plan and an approval."""

from __future__ import annotations

import click

from ...core.codec import parse_address
from ...core.errors import UsageError
from ...core.observation import Observation
from ...core.plan import forget_plan
from ...engine.read import read_live
from .. import completing, helping, options
from ..applying import review_and_apply
from ..connecting import connect
from ..options import ApplyOptions
from ..session import open_session


@helping.command("forget", ApplyOptions, "-e prod Assistant/old-bot", "-e prod --id asst_abc123")
@click.argument("address", required=False, shell_complete=completing.addresses)
@click.option("--id", "ids", multiple=True, metavar="ID", help="Only this live object; for a copy or a duplicate.")
@options.service_options
@options.AUTO_APPROVE
@options.format_option("text", "json")
def command(options: ApplyOptions, *, address: str | None, ids: tuple[str, ...]) -> int:
    """Stop managing ADDRESS, whose manifest is gone, or one live object. Deletes nothing. Shows a plan first.

    The same as `removed: [{address: …, forget: true}]` in retinue.yaml, without the line in Git.
    """
    if bool(address) == bool(ids):
        raise UsageError("what to forget?", "Name one address, or one or more live objects with --id ID.")
    try:
        wanted = parse_address(address) if address else None
    except ValueError as error:
        raise UsageError(str(error)) from error
    session = open_session(options)
    described = {item.address for item in session.desired if item.address}
    with connect(session, options) as service:
        # The kind that is named; else the other kinds too, if the first does not have all the ids.
        first, *others = (kind for kind in session.provider.capabilities.kinds if not session.kinds[kind].by_content)
        named = wanted is not None and wanted.kind in (first, *others)
        live = read_live(service, [wanted.kind if wanted and named else first])
        if not named and not set(ids) <= {item.remote_id for item in live}:
            live += read_live(service, others)
        plan = forget_plan(Observation(session.target, live), described, wanted, ids)
        return review_and_apply(plan, session, service, options)
