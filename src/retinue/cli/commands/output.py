"""`retinue output`: address → live id, for the applications that use the objects."""

from __future__ import annotations

from ...core.errors import UsageError
from .. import console, helping, options
from ..connecting import connect
from ..options import ServiceOptions, to_paste
from ..reading import read_world
from ..session import open_without_manifests


@helping.command("output", ServiceOptions, "-e prod", "-e prod --format env --out .env")
@options.service_options
@options.format_option("json", "env")
@options.OUT
def command(options: ServiceOptions) -> int:
    """Print the live id of every object this project owns in one environment. Reads the service."""
    session = open_without_manifests(options)
    with connect(session, options) as service:
        owned = read_world(session, service, ours=True).world.owned
    ids = {str(address): claim.remote_id for address, claim in owned.items()}
    if options.output_format == "env":
        from ...render.env import clash, env_text

        if found := clash(ids):
            remedy = "Use --format json, or give one of them another name (`moved_from` keeps its live id)."
            raise UsageError(f"{' and '.join(found[1])} would all be {found[0]}", remedy)
        text = env_text(ids)
    else:
        text = console.json_text(ids)
    if not ids and not options.quiet:
        console.note(f"This environment owns nothing yet. Next: {to_paste('apply', options)}")
    if options.output_format is None and not options.out:
        console.result_json(text)
    else:
        console.deliver(text, options)
    return 0
