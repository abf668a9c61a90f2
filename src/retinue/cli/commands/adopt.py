"""`retinue adopt`: one live object becomes the one of an address, after a plan and an approval."""

from __future__ import annotations

from dataclasses import replace

import click

from ...core.codec import parse_address
from ...core.errors import UsageError
from .. import completing, helping, options
from ..applying import review_and_apply
from ..options import ApplyOptions
from ..planning import plan_for
from ..reading import observed
from ..session import open_session


@helping.command("adopt", ApplyOptions, "-e prod Assistant/math-tutor asst_abc123")
@click.argument("address", shell_complete=completing.addresses)
@click.argument("remote_id", metavar="ID")
@options.service_options
@options.allow_option
@options.AUTO_APPROVE
@options.format_option("text", "json")
def command(options: ApplyOptions, *, address: str, remote_id: str) -> int:
    """Start managing the live object ID as ADDRESS, whose manifest must exist. Shows a plan first.

    The same as `retinue: {adopt: …}` in the manifest, without the line in Git.
    """
    try:
        wanted = parse_address(address)
    except ValueError as error:
        raise UsageError(str(error)) from error
    session = open_session(options)
    resource = next((item for item in session.desired if item.address == wanted), None)
    if resource is None:
        message = f"no manifest for {address} in {session.environment.name}"
        raise UsageError(message, "Write one first, or let `retinue import` write it.")
    if not remote_id.strip():
        raise UsageError("the ID is empty", "Name the live object: retinue adopt Assistant/NAME ID.")
    policy = replace(resource.policy, adopt={session.environment.name: remote_id}, moved_from=None)
    # All the others stay, so that the plan sees which objects they hold or want.
    resources = tuple(replace(item, policy=policy) if item is resource else item for item in session.desired)
    session = replace(session, loaded=replace(session.loaded, resources=resources))
    with observed(session, options) as (session, service, seen):
        held = seen.world.owned.get(wanted)
        if held is not None and held.remote_id != remote_id:
            remedy = f"To let go of that one first: removed: [{{address: {wanted}, forget: true}}]."
            raise UsageError(f"{wanted} is {held.remote_id} already", remedy)
        for other in session.desired:
            if other.address != wanted and remote_id in other.policy.adopt.values():
                raise UsageError(f"{remote_id} is claimed by {other.address}", "Take its `adopt` line out first.")
        plan = plan_for(session, service, seen, replace(options, targets=(address,)))
        return review_and_apply(plan, session, service, options)
