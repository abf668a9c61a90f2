"""`retinue diff`: what differs between two environments, as rendered (offline) or as live."""

from __future__ import annotations

import sys
from dataclasses import replace

import click

from ... import __version__
from ...core.compare import Side, comparable, compare, comparison_to_json
from ...core.errors import UsageError
from ...core.links import link
from ...core.model import Address, Desired
from ...core.plan import select
from ...render.side_by_side import comparison_text
from .. import completing, console, helping, options
from ..exits import Exit
from ..options import PlanOptions, parse_pairs
from ..reading import observed
from ..session import Session, open_session


@helping.command("diff", PlanOptions, "dev prod", "dev prod --live --target 'Assistant/support-*'")
@click.argument("left", metavar="A", shell_complete=completing.environments)
@click.argument("right", metavar="B", shell_complete=completing.environments)
@options.connection_options
@options.selection_options
@click.option("--live", is_flag=True, help="Compare the live objects of both; reads both services.")
@options.format_option("text", "json", "html")
@options.OUT
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if anything differs.")
def command(options: PlanOptions, *, left: str, right: str, live: bool, detailed_exitcode: bool) -> int:
    """Show field by field how the environment B differs from A. Writes nothing.

    Without --live it compares the manifests as they are in each environment, and needs no network and no key. With
    --live it compares the live objects of both that this project owns.
    """
    if left == right:
        raise UsageError(f"{left} does not differ from itself", "Name two environments: retinue diff dev prod.")
    sessions = [open_session(replace(options, environment=name)) for name in (left, right)]
    if live:
        sides = [_live_side(session, options) for session in sessions]
    else:
        sides = [
            {it.address: comparable(it, session.kinds[it.kind], protected=it.policy.protect) for it in session.desired}
            for session in sessions
        ]
    manifests: dict[Address, Desired] = {item.address: item for each in sessions for item in each.desired}
    bare = [Desired(address.kind, {}, address) for side in sides for address in side if address not in manifests]
    labels = parse_pairs(options.labels, "--select")
    selection = select([*manifests.values(), *bare], options.targets, options.excludes, labels)
    chosen = {*manifests, *(item.address for item in bare)} if selection is None else selection.addresses
    first, second = ({address: side[address] for address in side if address in chosen} for side in sides)
    found = compare(sessions[0].project.name, (left, right), (first, second), live=live)
    found = replace(found, kinds=sessions[0].kinds)
    if options.output_format == "json":
        text = console.json_text(comparison_to_json(found, __version__))
    elif options.output_format == "html":
        from ...render.webpage import comparison_html

        text = comparison_html(found)
    else:
        style, width = console.canvas(None if options.out else sys.stdout)
        text = comparison_text(found, style=style, width=width)
    console.deliver(text, options, private=True)
    return Exit.CHANGES if found.differs and detailed_exitcode else Exit.OK


def _live_side(session: Session, options: PlanOptions) -> Side:
    with observed(session, options) as (session, _, seen):
        owned = seen.world.owned
    files = {item.address: item for item in session.desired if session.kinds[item.kind].by_content}
    links = link(session.kinds, owned, {}, files, seen.files)
    return {
        address: comparable(
            links.named(replace(live, spec=console.hidden(live.spec, session.kinds[address.kind]))),
            session.kinds[address.kind],
            protected=live.protected,
        )
        for address, live in owned.items()
    }
