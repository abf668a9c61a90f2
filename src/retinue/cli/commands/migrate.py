"""`retinue migrate`: what a move to another service keeps, approximates and loses. Reads and writes files only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import click

from ... import __version__
from ...core.errors import UsageError
from ...core.migrate import Migration, migration_to_json
from ...load.project import FILE
from .. import completing, console, helping, options
from ..exits import Exit
from ..moving import Move, check_accepted, endpoint_for, judged, migration, migration_shown, moved, tell_open
from ..options import ProjectOptions, to_paste
from ..scaffold import SCHEMAS, with_modelines, write_over
from ..session import Session, open_session


@helping.command(
    "migrate",
    ProjectOptions,
    "--from old --to new",
    "--from old --to new --provider anthropic",
    "--from old --to new --provider foundry --write",
)
@click.option(
    "--from", "source", metavar="ENV", required=True, shell_complete=completing.environments, help="Where they are now."
)
@click.option(
    "--to",
    "target",
    metavar="NEW",
    required=True,
    shell_complete=completing.environments,
    help="The environment to go to: of retinue.yaml, or with --provider one that could be there.",
)
@options.move_options
@click.option("--endpoint", metavar="URL", help="Its base URL; `emulator` to try. Default: where the service is.")
@click.option("--write", is_flag=True, help="Add the environment to retinue.yaml, and an overlay where one is needed.")
@options.project_options
@options.format_option("text", "markdown", "json")
@options.OUT
def command(
    options: ProjectOptions,
    *,
    source: str,
    target: str,
    provider: str | None,
    models: dict[str, str],
    accepted: Sequence[str],
    endpoint: str | None,
    allow_http: bool,
    write: bool,
) -> int:
    """Report what becomes of every field of every assistant at another service, as validate judges it.

    Nothing live is read or changed, and no key is needed. Exit 3 where a loss is not accepted yet: `on_loss` in the
    environment, or --accept, says so. With --write nothing is written then.
    """
    if source == target:
        raise UsageError(f"{source} cannot move to itself", "Name two environments: --from old --to new.")
    old = open_session(replace(options, environment=source))
    check_accepted(accepted, old)
    there = old.project.environments.get(target)
    if there is not None:
        files, new = dict[str, bytes](), judged(options, target)
        _check_same(old, new, provider, endpoint, models)
    elif provider is None:
        known = f"This project has: {', '.join(old.project.environments)}."
        raise UsageError(f"there is no environment `{target}`", f"{known} For a new one name its --provider.")
    elif options.project_file:
        raise UsageError("--project-file has no environment of this name", "Leave it out to add one to retinue.yaml.")
    else:
        where = endpoint_for(provider, endpoint, allow_http=allow_http)
        move = Move(target, provider, where, models, accepted, allow_http)
        _, _, files, new = moved(old, options, move)
    found = replace(migration(old, new), files=tuple(sorted(files)))
    if write and files and found.ready:
        found = replace(found, written=True)
        root, schemas = old.project.root, [path.name for path in (old.project.root / SCHEMAS).glob("*.json")]
        overlay = {name: data.decode() for name, data in files.items() if name != FILE}
        files |= {name: text.encode() for name, text in with_modelines(overlay, schemas).items()}
        write_over(root, files, {FILE: (root / FILE).read_bytes()})
    code = Exit.OK if found.ready else Exit.USAGE
    _deliver(found, code, options)
    console.diagnostics(found.untold)
    _tell_next(found, options, is_new=there is None)
    return code


def _check_same(
    old: Session, new: Session, provider: str | None, endpoint: str | None, models: Mapping[str, str]
) -> None:
    """Raises UsageError where an environment that is there is another one than the options name."""
    there, file = new.environment, f"Edit it in {FILE}, or name another environment with --to."
    if provider not in (None, there.provider):
        message = f"the environment `{there.name}` is there already, with the provider {there.provider}"
        raise UsageError(f"{message}, not {provider}", file)
    if endpoint is not None and endpoint.rstrip("/") != there.endpoint:
        raise UsageError(f"the environment `{there.name}` is there already, with another endpoint", file)
    for at, item in new.written.items():
        wanted = models.get(old.written[at].spec.get("model", "")) if at in old.written else None
        if wanted not in (None, item.spec.get("model")):
            message = f"the environment `{there.name}` is there already, and {at} has another model in it than {wanted}"
            raise UsageError(message, f"Change the model in the overlay of `{there.name}`, or leave out --model.")


def _deliver(found: Migration, code: Exit, options: ProjectOptions) -> None:
    if options.output_format == "json":
        text = console.json_text(migration_to_json(found, __version__, code))
    elif options.output_format == "markdown":
        from ...render.moves import migration_markdown

        text = migration_markdown(found)
    else:
        text = migration_shown(found, bool(options.out))
    console.deliver(text, options)


def _tell_next(found: Migration, options: ProjectOptions, *, is_new: bool) -> None:
    """What a person does now."""
    here = replace(options, environment=found.target.environment)
    if not found.ready:
        tell_open(found, is_new=is_new)
    elif found.written:
        console.note(f"Wrote {', '.join(found.files)}. Next: {to_paste('plan', here)}, then: {to_paste('apply', here)}")
    elif found.files and not options.quiet:
        console.note("Nothing was written. To add this environment, run it again with --write.")
