"""`retinue providers`: what can be reached and what each holds, from the records, offline."""

from __future__ import annotations

import click

from ...providers import registry
from ...providers.base import Capabilities
from .. import console


@click.command("providers")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """List the services retinue can reach, or show what one of them holds."""
    if name is None:
        rows = [(item, registry.load(item).title) for item in registry.names()]
        width = max(len(item) for item, _ in rows)
        console.result("\n".join(f"{item:<{width}}  {title}" for item, title in rows))
        return 0
    provider = registry.load(name)
    console.result("\n".join([f"{provider.name}: {provider.title}", "", *_record(provider.capabilities)]))
    return 0


def _record(record: Capabilities) -> list[str]:
    lines = [
        f"  ids chosen by   {record.identity}",
        f"  updates         {record.update}",
        f"  clears with     {record.clear}",
        f"  marker in       {record.marker}",
        f"  locking         {record.lock}",
        f"  tells account   {record.account or 'no'}",
    ]
    for kind, fields in record.fields.items():
        width = max(map(len, fields))
        lines += ["", f"  {kind}"]
        lines += [f"    {field:<{width}}  {support}  {note}".rstrip() for field, (support, note) in fields.items()]
    return lines
