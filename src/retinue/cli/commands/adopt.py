"""`retinue adopt`: one live object becomes the one of an address, after a plan and an approval."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from ...core.codec import parse_address
from ...core.errors import UsageError
from .. import options
from ..plans import request_log, review_and_apply
from ..session import connect, observe, open_session, plan_for


@click.command("adopt")
@click.argument("address")
@click.argument("remote_id", metavar="ID")
@options.service_options
@click.option("--auto-approve", "--yes", "auto_approve", is_flag=True, help="Do not ask.")
@options.format_option("text", "json")
def command(address: str, remote_id: str, **given: Any) -> int:
    """Start to manage the live object ID as ADDRESS, whose manifest must exist. Shows a plan first.

    The same as `retinue: {adopt: …}` in the manifest, without the line in Git.
    """
    try:
        wanted = parse_address(address)
    except ValueError as error:
        raise UsageError(str(error)) from error
    session = open_session(given)
    resource = next((item for item in session.desired if item.address == wanted), None)
    if resource is None:
        raise UsageError(
            f"no manifest for {address} in {session.environment.name}",
            "Write one first, or let `retinue import` write it.",
        )
    policy = replace(resource.policy, adopt={session.environment.name: remote_id})
    loaded = replace(session.loaded, resources=(replace(resource, policy=policy),))
    session = replace(session, loaded=loaded)
    with connect(session, given, request_log(given)) as service:
        session, live = observe(session, service)
        plan = plan_for(session, live, {**given, "targets": (address,)})
        return review_and_apply(plan, session, service, given)
