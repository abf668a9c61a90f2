"""`retinue output`: address → live id, for the applications that use the objects."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from ...core.errors import UsageError
from ...render.safe import clean
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
    ids = {str(address): live.remote_id for address, live in owned.items()}
    text = env_text(ids) if options.output_format == "env" else console.json_text(ids)
    if not ids and not options.quiet:
        console.note(f"This environment owns nothing yet. Next: {to_paste('apply', options)}")
    if options.output_format is None and not options.out:
        console.result_json(text)
    else:
        console.deliver(text, options)
    return 0


def env_text(ids: Mapping[str, str]) -> str:
    """`RETINUE_ASSISTANT_MATH_TUTOR=asst_…` for every address, sorted; an id can start no line and no command.

    Raises UsageError for a variable that stands for more than one address.
    """
    found: dict[str, list[str]] = {}
    for address in sorted(ids):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", address)
        found.setdefault("RETINUE_" + re.sub(r"[^A-Z0-9]+", "_", words.upper()), []).append(address)
    for name, same in found.items():
        if len(same) > 1:
            remedy = "Use --format json, or give one of them another name (`moved_from` keeps its live id)."
            raise UsageError(f"{' and '.join(same)} would all be {name}", remedy)
    return "".join(f"{name}={shlex.quote(clean(ids[address]))}\n" for name, (address,) in found.items())
