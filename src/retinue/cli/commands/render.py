"""`retinue render`: the manifests of one environment after includes, variables and layers, offline."""

from __future__ import annotations

import click

from ...core.differences import stated_fields
from ...core.model import Desired, Json
from ...core.plan import select
from ...core.pointer import join_pointer
from ...load.origins import Origin, Path, commented, origins_of
from .. import console, helping, options
from ..options import PlanOptions, parse_pairs
from ..session import Session, open_session


@helping.command("render", PlanOptions, "-e prod", "-e prod --target Assistant/math-tutor")
@options.ENVIRONMENT
@options.project_options
@options.selection_options
@options.format_option("yaml", "json")
@options.OUT
@click.option(
    "--origins/--no-origins",
    default=None,
    help="Show where each value was written; the default in YAML (as comments), not in JSON.",
)
def command(options: PlanOptions, *, origins: bool | None) -> int:
    """Show the manifests of one environment as they will be compared. Needs no network and no key.

    The comment behind a value is its line in the layer that it comes from: defaults, manifest or overlay.
    """
    session = open_session(options)
    manifests = [item for item in session.desired if not session.kinds[item.kind].by_content]
    chosen = select(manifests, options.targets, options.excludes, parse_pairs(options.labels, "--select"))
    resources = [item for item in manifests if chosen is None or item.address in chosen.addresses]
    if options.output_format == "json":
        documents: list[Json] = []
        for item in resources:
            document, found = _document(item, session, origins=bool(origins))
            places = {
                join_pointer(path): {**origin.place._asdict(), "variables": dict(origin.variables)}
                for path, origin in found.items()
            }
            documents.append({"manifest": document, "origins": places} if origins else document)
        text = console.json_text(documents)
    else:
        text = "---\n".join(_yaml(item, session, origins=origins is not False) for item in resources)
    console.deliver(text, options)
    return 0


def _document(resource: Desired, session: Session, *, origins: bool) -> tuple[dict[str, Json], dict[Path, Origin]]:
    """The manifest as it will be compared, and where its values were written, if that is asked for."""
    kind, loaded = session.kinds[resource.kind], session.loaded
    document = {kind.word: resource.address.name, **stated_fields(resource.spec, kind)}
    if not origins:
        return document, {}
    uses = {place: {name: loaded.sources[name] for name in names} for place, names in loaded.uses.items()}
    head: dict[Path, Origin] = {(kind.word,): Origin(resource.place, {})} if resource.place else {}
    return document, {**head, **origins_of(document, resource.spec, uses)}


def _yaml(resource: Desired, session: Session, *, origins: bool) -> str:
    """As an author would write it; with all texts quoted if something in it is not what it looks like."""
    from ...load.emit import to_yaml
    from ...render.safe import clean, hides, quoted_yaml

    document, found = _document(resource, session, origins=origins)
    text = to_yaml(document)
    text = quoted_yaml(document) if hides(text) else text
    return commented(text, {path: clean(str(origin)) for path, origin in found.items()}) if origins else text
