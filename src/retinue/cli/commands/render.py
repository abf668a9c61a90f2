"""`retinue render`: the manifests of one environment after includes, variables and layers, offline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ...core.diff import stated_fields
from ...core.model import Json
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
        if kind.by_content:
            continue
        assert resource.address is not None
        documents.append({kind.word: resource.address.name, **stated_fields(resource.spec, kind)})
    text = console.json_text(documents) if given["output_format"] == "json" else "---\n".join(map(_yaml, documents))
    console.deliver(text, given)
    return 0


def _yaml(document: Mapping[str, Json]) -> str:
    """As an author would write it; with all texts quoted if something in it is not what it looks like."""
    from ...load.export import to_yaml
    from ...render.safe import hides, quoted_yaml

    text = to_yaml(document)
    return quoted_yaml(document) if hides(text) else text
