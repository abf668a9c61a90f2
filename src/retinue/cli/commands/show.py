"""`retinue show`: a saved plan for people, offline; or one live object with its versions."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import click

from ...core.canonical import canonical
from ...core.codec import parse_address
from ...core.differences import differing, stated_fields
from ...core.errors import UsageError
from ...core.model import FieldChange, Json, Kind
from ...core.observation import Observation
from ...core.spelling import known_or_meant
from ...engine.read import read_ours
from ...providers.base import Historian, Version
from ...render.side_by_side import shown_text
from .. import completing, console, helping, options
from ..connecting import connect
from ..options import ServiceOptions
from ..report import show_plan
from ..session import open_without_manifests
from .apply import read_plan


@helping.command("show", ServiceOptions, "plan.json", "-e prod Assistant/math-tutor")
@click.argument("what", metavar="PLANFILE|ADDRESS", shell_complete=completing.plans_or_addresses)
@options.service_options
@options.format_option("text", "json", "markdown", "html", "sarif", "github")
@options.LINK
def command(options: ServiceOptions, *, what: str) -> int:
    """Show a saved plan, which needs no network and no project; or a live object by its address.

    Prompts stand there whole: those that a plan creates, and those of an object. Of an object also the versions that
    the service keeps, each with what it changed.
    """
    address = None
    if not os.path.isfile(what):  # noqa: PTH113  a name that is too long is an error to Path
        with suppress(ValueError):
            address = parse_address(what)
    if address is None:
        show_plan(read_plan(what), replace(options, whole=True))
        return 0
    if options.output_format not in (None, "text", "json"):
        raise UsageError(f"--format {options.output_format} is for saved plans", "Choose text or json for an object.")
    session = open_without_manifests(options)
    held, target = session.provider.capabilities.kinds, session.target
    with connect(session, options) as service:
        found = read_ours(service, target, [address.kind] if address.kind in held else held)
        owned = Observation(target, found).world.owned
        if address not in owned:
            remedy = known_or_meant(str(address), owned, "Live there")
            raise UsageError(f"{address} is not live in {session.environment.name}", remedy)
        live, kind = owned[address], session.kinds[address.kind]
        versions = _versions(service.versions(live), kind) if isinstance(service, Historian) else None
    shown = {
        "address": str(address),
        "remote_id": live.remote_id,
        "fields": stated_fields(console.hidden(live.spec, kind), kind),
        "users": None if live.users is None else list(live.users),
        "version": next((item["version"] for item in versions or () if item["current"]), None),
        "versions": versions,
    }
    if options.output_format == "json":
        console.result_json(console.json_text(shown))
    else:
        where = f"{target.project} / {target.environment}, {target.provider}"
        console.result(shown_text(shown, where, kind, console.style_for(sys.stdout)))
    return 0


def _versions(versions: Sequence[Version], kind: Kind) -> list[Json]:
    """Newest first, as they came: each with what it changed of the one before, the first with what it stated."""
    specs = [console.hidden(version.resource.spec, kind) for version in versions]
    shown = []
    for version, after, before in zip(versions, specs, [*specs[1:], None], strict=True):
        fields = tuple(FieldChange(f"/{name}", None, value) for name, value in stated_fields(after, kind).items())
        if before is not None:
            fields = differing(kind.fields, canonical(before, kind), canonical(after, kind))
        changes = [{"path": item.path, "before": item.before, "after": item.after} for item in fields]
        created_at = datetime.fromtimestamp(version.created_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        about = {"version": version.number, "created_at": created_at, "current": version.current}
        shown.append({**about, "changes": changes})
    return shown
