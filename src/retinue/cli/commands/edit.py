"""`retinue emulator edit`: changes a live object in the emulator, as an edit in a dashboard would, to try drift."""

from __future__ import annotations

import click

from ...core.codec import parse_address
from ...core.errors import UsageError
from ...core.model import Json
from ...core.problem import listed
from ...core.spelling import did_you_mean
from ...core.strictjson import loads
from ...engine.run import packed
from ...load.endpoints import EMULATOR
from ...providers.base import Support
from .. import console, helping, options
from ..connecting import connect
from ..options import ServiceOptions
from ..reading import read_world
from ..session import open_session


@helping.command("emulator edit", ServiceOptions, "-e local Assistant/math-tutor temperature=0.9")
@click.argument("address")
@click.argument("changes", nargs=-1, required=True, metavar="FIELD=VALUE...")
@options.DIRECTORY
@options.ENVIRONMENT
@options.NO_COLOR
def command(options: ServiceOptions, *, address: str, changes: tuple[str, ...]) -> int:
    """Change a live object in an environment of the emulator behind retinue's back, to see what `drift` makes of it.

    VALUE is JSON, or else text. The manifests stay as they are.
    """
    session = open_session(options)
    where = session.environment.name
    if session.environment.endpoint != EMULATOR:
        message = f"the endpoint of environment `{where}` is not the emulator"
        raise UsageError(message, "Change its objects in the service itself.")
    try:
        wanted = parse_address(address)
    except ValueError as error:
        raise UsageError(str(error), "`retinue output` lists the addresses.") from error
    with connect(session, options) as service:
        owned = read_world(session, service).world.owned
        known = list(map(str, owned))
        if wanted not in owned:
            remedy = did_you_mean(address, known, f"There are: {listed(known)}. `retinue apply` makes what is missing.")
            raise UsageError(f"{address} is not live in {where}", remedy)
        live, fields = owned[wanted], session.kinds[wanted.kind].fields
        values = dict(map(_change, changes))
        for name in (name for name in values if name not in fields):
            raise UsageError(f"there is no field {name}", did_you_mean(name, fields, f"Fields: {listed([*fields])}."))
        held = session.provider.capabilities.fields.get(wanted.kind, {})
        for name in (name for name in values if held.get(name, (None,))[0] is Support.UNSUPPORTED):
            raise UsageError(f"{session.provider.name} holds no {name}: {held[name][1]}", "Change another field.")
        # A dashboard leaves alone what it does not know.
        service.update(live, values, packed(live.mark))
        now = service.get(wanted.kind, live.remote_id)
        changed = [name for name in values if now is None or now.spec.get(name) != live.spec.get(name)]
    if not changed:
        raise UsageError(f"{address} still has its old values", "Give values that the service accepts.")
    names = ", ".join(changed)
    console.result(f"changed {names} of {address} ({live.remote_id}) in {where}; your files stay as they are")
    return 0


def _change(text: str) -> tuple[str, Json]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text} is not of the form FIELD=VALUE", "Write for example `name=Tutor`.")
    try:
        return name, loads(value)
    except (ValueError, RecursionError):
        return name, value
