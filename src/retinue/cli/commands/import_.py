"""`retinue import`: manifests for unmanaged live objects, or for the objects of an export."""

from __future__ import annotations

import click

from ...core.errors import UsageError
from .. import console, helping, options
from ..connecting import connect
from ..exits import Exit
from ..exports import Choice, from_live, read_export
from ..options import PlanOptions, to_paste
from ..projects import open_project, variables_of
from ..reading import read_world
from ..scaffold import SCHEMAS, with_modelines, write_new, write_over
from ..session import open_session


@helping.command(
    "import", PlanOptions, "-e prod", "--from assistants.json", "-e prod --update --target Assistant/math-tutor"
)
@click.option("--from", "source", metavar="FILE", help="An export as JSON, instead of the live service.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Only this object.")
@click.option("--name", "names", multiple=True, metavar="NAME", help="Only what has this display name, or a pattern.")
@click.option("--update", is_flag=True, help="Write what was changed outside into the manifests that there are.")
@click.option(
    "--take-live",
    multiple=True,
    metavar="ADDRESS",
    help="With --update: also what both sides may have changed; live wins.",
)
@options.service_options
@options.selection_options
def command(
    options: PlanOptions,
    *,
    source: str | None,
    ids: tuple[str, ...],
    names: tuple[str, ...],
    update: bool,
    take_live: tuple[str, ...],
) -> int:
    """Write a manifest for every unmanaged live object, with its `adopt:` line.

    The next plan then shows only adopts. Reads the service, writes files; never over a file that exists.
    With --update it writes nothing new, but live values that were changed outside into the files they belong in; what
    cannot be written exactly is printed as a patch, and ends in 1.
    """
    narrowed = any((options.targets, options.excludes, options.labels))
    if update and (source or ids or names):
        raise UsageError("--update goes with --target, --exclude and --select", "Leave --from, --id and --name out.")
    if not update and (narrowed or take_live):
        message = "--target, --exclude, --select and --take-live go with --update"
        raise UsageError(message, "Choose what is imported with --id or --name, or add --update.")
    if update:
        from .. import updates

        session = open_session(options)
        with connect(session, options) as service:
            found = updates.update(session, service, read_world(session, service), options, take_live)
        write_over(session.project.root, found.files, found.before)
        console.result(console.harmless(updates.report(found, to_paste("plan", options))))
        return Exit.ERROR if found.refused else Exit.OK
    choice = Choice(frozenset(ids), names)
    if source:
        project = open_project(options.directory)
        root, exported = project.root, read_export(source, choice, project, variables_of(options))
    else:
        session = open_session(options, complete=False)
        root, exported = session.project.root, from_live(session, options, choice)
    schemas = [item.name for item in (root / SCHEMAS).glob("*.schema.json")]
    for name in write_new(root, with_modelines(exported.files, schemas)):
        console.result(f"wrote {name}")
    if exported.files:
        console.result(f"\nNext: {to_paste('plan', options)}")
    else:
        console.result(f"Nothing to import: no {'other ' if exported.diagnostics else ''}live object is unmanaged.")
    return 0
