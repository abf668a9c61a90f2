"""`retinue show`: a saved plan for people, offline; or one live object with its versions."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from ...core.canonical import canonical
from ...core.codec import parse_address
from ...core.differences import differing, stated_fields
from ...core.errors import UsageError
from ...core.model import Address, FieldChange, Kind, Live
from ...core.observation import Observation
from ...engine.read import read_ours
from ...providers.base import Historian, Service, Version
from ...render.live_object import Shown, Step, shown_json, shown_text
from .. import console, helping, options
from ..connecting import connect
from ..options import ServiceOptions
from ..report import show_plan
from ..session import Session, open_without_manifests
from .apply import read_plan


@helping.command("show", ServiceOptions, "plan.json", "-e prod Assistant/math-tutor")
@click.argument("what", metavar="PLANFILE|ADDRESS")
@options.service_options
@options.format_option("text", "json", "markdown", "sarif", "github")
@options.LINK
def command(options: ServiceOptions, *, what: str) -> int:
    """Show a saved plan, which needs no network and no project; or a live object by its address.

    Of an object: its fields as they are, and the versions that the service keeps, each with what it changed.
    """
    address = None
    if not Path(what).is_file():
        with suppress(ValueError):
            address = parse_address(what)
    if address is None:
        show_plan(read_plan(what), options)
        return 0
    if options.output_format not in (None, "text", "json"):
        raise UsageError(f"--format {options.output_format} is for saved plans", "Choose text or json for an object.")
    session = open_without_manifests(options)
    with connect(session, options) as service:
        live = _owned(address, session, service)
        versions = service.versions(live) if isinstance(service, Historian) else None
    kind, target = session.kinds[address.kind], session.target
    shown = Shown(
        str(address),
        live.remote_id,
        f"{target.project} / {target.environment}, {target.provider}",
        stated_fields(console.SECRETS.masked_json(dict(live.spec)), kind),
        None if versions is None else _steps(versions, kind),
    )
    if options.output_format == "json":
        console.result_json(console.json_text(shown_json(shown)))
    else:
        console.result(shown_text(shown, kind, console.style_for(sys.stdout)))
    return 0


def _owned(address: Address, session: Session, service: Service) -> Live:
    """Raises UsageError if this environment owns no such object."""
    held = session.provider.capabilities.kinds
    kinds = [address.kind] if address.kind in held else held
    owned = Observation(session.target, read_ours(service, session.target, kinds)).world.owned
    if address not in owned:
        known = ", ".join(sorted(map(str, owned))) or "nothing"
        raise UsageError(f"{address} is not live in {session.environment.name}", f"Live there: {known}.")
    return owned[address].live


def _steps(versions: Sequence[Version], kind: Kind) -> tuple[Step, ...]:
    """Newest first, as they came."""
    specs = [console.SECRETS.masked_json(dict(version.resource.spec)) for version in versions]
    steps = []
    for version, after, before in zip(versions, specs, [*specs[1:], None], strict=True):
        stated = stated_fields(after, kind).items() if before is None else ()
        changes = tuple(FieldChange(f"/{name}", None, value) for name, value in stated)
        if before is not None:
            changes = differing(kind.fields, canonical(before, kind), canonical(after, kind))
        steps.append(Step(version.number, version.created_at, version.current, changes))
    return tuple(steps)
