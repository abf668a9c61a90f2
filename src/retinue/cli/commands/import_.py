"""`retinue import`: manifests for live objects that nobody manages, or for the objects of an export."""

from __future__ import annotations

from typing import Any

import click

from ...core.errors import UsageError
from .. import console, helping, options
from ..connecting import connect
from ..exits import Exit
from ..exports import Choice, from_live, read_export
from ..given import variables_of
from ..plans import request_log
from ..projects import open_project
from ..reading import read_world
from ..rewrites import write_over
from ..scaffold import write_new
from ..session import open_session


@helping.command(
    "import",
    "retinue import -e prod",
    "retinue import --from assistants.json",
    "retinue import -e prod --update --target Assistant/math-tutor",
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
def command(**given: Any) -> int:
    """Write a manifest for every live object that nobody manages, with its `adopt:` line.

    The next plan then shows only adopts. Reads the service, writes files; never over a file that exists.
    With --update it writes nothing new, but live values that were changed outside into the files they belong in; what
    cannot be written exactly is printed as a patch, and ends in 1.
    """
    _refuse_mixed(given)
    if given["update"]:
        return _update(given)
    choice = Choice(frozenset(given["ids"]), given["names"])
    if given["source"]:
        project = open_project(given["directory"])
        root, exported = project.root, read_export(given["source"], choice, project, variables_of(given))
    else:
        session = open_session(given, complete=False)
        root, exported = session.project.root, from_live(session, given, choice)
    for name in write_new(root, exported.files):
        console.result(f"wrote {name}")
    if exported.files:
        console.result(f"\nNext: {options.to_paste('plan', given)}")
    else:
        console.result("Nothing to import: no live object is unmanaged.")
    return 0


def _refuse_mixed(given: dict[str, Any]) -> None:
    """Raises UsageError for options of the one use that mean nothing in the other."""
    new, update = ("source", "ids", "names"), ("targets", "excludes", "labels", "take_live")
    if given["update"] and any(given[name] for name in new):
        raise UsageError("--update goes with --target, --exclude and --select", "Leave --from, --id and --name out.")
    if not given["update"] and any(given[name] for name in update):
        raise UsageError(
            "--target, --exclude, --select and --take-live go with --update",
            "Choose what is imported with --id or --name, or add --update.",
        )


def _update(given: dict[str, Any]) -> int:
    from ..updates import report, update

    session = open_session(given)
    with connect(session, given, request_log(given)) as service:
        found = update(session, service, read_world(session, service), given)
    write_over(session.project.root, found.files, found.before)
    console.result(console.harmless(report(found, options.to_paste("plan", given))))
    return Exit.ERROR if found.refused else Exit.OK
