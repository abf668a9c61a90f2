"""`retinue render`: the manifests of one environment after includes, variables and layers, offline."""

from __future__ import annotations

from typing import Any

import click

from ...core.diff import stated_fields
from .. import console, options
from ..session import open_session


@click.command("render")
@options.ENVIRONMENT
@options.project_options
@options.format_option("yaml", "json")
@options.OUT
def command(**given: Any) -> int:
    """Show the manifests of one environment as they will be compared. Needs no network and no key."""
    session = open_session(given)
    documents = []
    for resource in sorted(session.desired, key=lambda item: str(item.address)):
        kind = session.kinds[resource.kind]
        assert resource.address is not None
        documents.append({kind.word: resource.address.name, **stated_fields(resource.spec, kind)})
    if given["output_format"] == "json":
        text = console.json_text(documents)
    else:
        from ...load.export import to_yaml

        text = "---\n".join(to_yaml(document) for document in documents)
    console.deliver(text, given)
    return 0
