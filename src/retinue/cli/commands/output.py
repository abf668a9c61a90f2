"""`retinue output`: address → live id, for the applications that use the objects."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

import click

from ...core.errors import ApiGone, AuthError, Unreachable, UsageError
from ...core.model import Address, Json, Live
from ...core.values import replace
from ...render.safe import clean
from .. import completing, console, helping, options
from ..connecting import connect
from ..options import ServiceOptions, to_paste
from ..reading import ids_to_use, read_world
from ..session import Session, open_session, open_without_manifests


@helping.command("output", ServiceOptions, "-e prod", "-e prod --format env --out .env", "-e new --ids-of old")
@options.service_options
@click.option(
    "--ids-of",
    "source",
    metavar="ENV",
    shell_complete=completing.environments,
    help="Print the live id there → the live id here, for what is in both. Reads both services.",
)
@options.format_option("json", "env", "text")
@options.OUT
def command(options: ServiceOptions, *, source: str | None) -> int:
    """Print the live id of every object this project owns in one environment. Reads the service.

    It is the one that applications use: of a CUSTOM row of Flowise that of its chatflow.
    """
    if source is not None and options.output_format == "env":
        raise UsageError("--ids-of and --format env do not go together", "Use --format json or text.")
    session = open_without_manifests(options)
    if source == session.environment.name:
        raise UsageError(f"{source} is this environment itself", "Name the other one with -e.")
    owned = _owned(session, options)
    ids = ids_to_use(session, owned)
    if not owned and not options.quiet:
        console.note(f"This environment owns nothing yet. Next: {to_paste('apply', options)}")
    if source is not None:
        found = _paired(_ids_before(options, source, ids), ids, (source, session.environment.name))
        text = pairs_text(found) if options.output_format == "text" else console.json_text(found)
    elif options.output_format == "env":
        text = env_text(ids)
    else:
        text = _columns(ids) if options.output_format == "text" else console.json_text(ids)
    if options.output_format is None and not options.out:
        console.result_json(text)
    else:
        console.deliver(text, options)
    return 0


def _owned(session: Session, options: ServiceOptions) -> Mapping[Address, Live]:
    with connect(session, options) as service:
        return read_world(session, service, ours=True).world.owned


def _ids_before(options: ServiceOptions, source: str, here: Mapping[str, str]) -> dict[str, str]:
    """The live ids in the other environment; of a service that is gone those that the manifests adopted there."""
    options = replace(options, environment=source)
    try:
        session = open_without_manifests(options)
        return ids_to_use(session, _owned(session, options))
    except (Unreachable, ApiGone, AuthError) as error:
        stated = open_session(options).written
        adopted = {at: item.policy.adopt[source] for at, item in stated.items() if source in item.policy.adopt}
        if not here or here.keys() - adopted.keys():
            raise
        console.line(f"{source} cannot be read ({error.message}): its ids are those of `adopt` in the manifests.")
        return adopted


def _paired(before: Mapping[str, str], after: Mapping[str, str], ends: tuple[str, str]) -> dict[str, Json]:
    alone = [
        {at: one[at] for at in sorted(one.keys() - other.keys())} for one, other in ((before, after), (after, before))
    ]
    return {
        "from": ends[0],
        "to": ends[1],
        "ids": {before[at]: after[at] for at in sorted(before.keys() & after.keys())},
        "only": dict(zip(("from", "to"), alone, strict=True)),
    }


def pairs_text(found: Json) -> str:
    """`asst_… → agent_…`, then what has no counterpart."""
    lines = [f"{clean(old)} → {clean(new)}" for old, new in found["ids"].items()]
    for side, other in (("from", "to"), ("to", "from")):
        lines += [
            f"{clean(key)}: {clean(at)} is in {found[side]} alone, and not in {found[other]}"
            for at, key in found["only"][side].items()
        ]
    return "\n".join(lines) + "\n" if lines else ""


def _columns(ids: Mapping[str, str]) -> str:
    wide = max(map(len, ids), default=0)
    return "".join(f"{clean(at):<{wide}}  {clean(key)}\n" for at, key in sorted(ids.items()))


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
