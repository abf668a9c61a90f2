"""`retinue output`: address → live id, for the applications that use the objects."""

from __future__ import annotations

from typing import Any

from ...core.errors import UsageError
from .. import console, helping, options
from ..connecting import connect
from ..plans import request_log
from ..reading import read_world
from ..session import open_session


@helping.command(
    "output",
    "retinue output -e prod",
    "retinue output -e prod --format env --out .env",
)
@options.service_options
@options.format_option("json", "env")
@options.OUT
def command(**given: Any) -> int:
    """Print the live id of every object this project owns in one environment. Reads the service."""
    session = open_session(given, need_manifests=False)
    with connect(session, given, request_log(given)) as service:
        live = read_world(session, service, everything=True, ours=True)
    ids = {str(address): claim.remote_id for address, claim in session.world(live).owned.items()}
    if given["output_format"] == "env":
        from ...render.env import clash, env_text

        if found := clash(ids):
            raise UsageError(
                f"{' and '.join(found[1])} would all be {found[0]}",
                "Use --format json, or give one of them another name (`moved_from` keeps its live id).",
            )
        text = env_text(ids)
    else:
        text = console.json_text(ids)
    if not ids and not given["quiet"]:
        console.note(f"This environment owns nothing yet. Next: {options.to_paste('apply', given)}")
    if given["output_format"] is None and not given["out"]:
        console.result_json(text)
    else:
        console.deliver(text, given)
    return 0
