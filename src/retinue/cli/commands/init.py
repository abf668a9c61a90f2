"""`retinue init`: a new project, fresh, from an old export, or from what is live in a service."""

from __future__ import annotations

import json
import re
import secrets
import string
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import click

from ...core.errors import UsageError
from ...core.migrate import Verdict
from ...core.model import Severity
from ...load.emit import to_yaml
from ...load.endpoints import EMULATOR
from ...load.export import texts
from ...load.project import MISMATCH, load_project
from ...providers import registry, starter
from ...schema.bundle import editor_schemas
from .. import console, emulators, helping, options
from ..exits import Exit
from ..exports import from_new_project, read_export
from ..moving import (
    Move,
    check_accepted,
    check_endpoint,
    endpoint_for,
    judged,
    migration,
    migration_shown,
    moved,
    tell_open,
)
from ..options import ProjectOptions, to_paste
from ..projects import refuse
from ..scaffold import SCHEMAS, with_modelines, write_new


@helping.command(
    "init",
    ProjectOptions,
    "",
    "-C helpdesk --from assistants.json",
    "-C helpdesk --from assistants.json --provider anthropic",
    "-C helpdesk --from openai-agents",
    "-C helpdesk --from flowise --endpoint http://localhost:3000",
)
@click.option(
    "--from",
    "source",
    metavar="FILE|SERVICE",
    help="An export as JSON (`-` reads standard input), or a provider's name, for most with --endpoint.",
)
@options.move_options
@click.option("--endpoint", metavar="URL", help="Where the service is; its key comes from the usual variable.")
@click.option("-C", "directory", default=".", metavar="DIR", help="The folder; made if it is not there.")
@options.NO_COLOR
def command(
    options: ProjectOptions,
    *,
    source: str | None,
    endpoint: str | None,
    allow_http: bool,
    provider: str | None,
    models: Mapping[str, str],
    accepted: Sequence[str],
) -> int:
    """Start a project with an assistant that applies as it is, or with one manifest for each exported or live one.

    With --provider an export goes straight to another service, with a report of what that keeps and loses, as
    `retinue migrate` gives it: exit 3, and nothing written, where a loss is not accepted.
    """
    if source is None and (provider or models or accepted):
        raise UsageError("--provider, --model and --accept are of no use without --from FILE", "Name an export.")
    if not provider and (models or accepted):
        raise UsageError("--model and --accept are of no use without --provider", "Name the service to go to.")
    folder, ready = Path(options.directory), True
    written, name = _there(folder)
    project = None if source is None or provider else _of_service(name, source, endpoint, allow_http=allow_http)
    schemas = editor_schemas(
        registry.catalogue(None), {it.name: it.capabilities.extras for it in registry.loadable()[0]}
    )
    # Files that `init` itself left where nothing was live yet may be used again.
    left = with_modelines({"retinue.yaml": project}, schemas)["retinue.yaml"].encode() if project else None
    if written is not None and (written != left or any((folder / starter.FOLDER).glob("*"))):
        remedy = "To add assistants of its service: `retinue import`; of an export: `retinue import --from FILE`."
        raise UsageError(f"{folder / 'retinue.yaml'} exists already: this is a project", remedy)
    if source is not None and provider is not None:
        where = endpoint_for(provider, endpoint, allow_http=allow_http)
        move = Move(provider, provider, where, models, accepted, allow_http)
        found_files = _moved(name, source, move, schemas)
        if found_files is None:
            return Exit.USAGE
        files, ready = found_files
    elif project is None:
        files = _files(name, source, endpoint)
    else:
        files = {**({"retinue.yaml": project} if written is None else {}), **from_new_project(project).files}
    wanted = {name: item for name, item in schemas.items() if not (folder / SCHEMAS / name).exists()}
    help_for_editors = {
        f"{SCHEMAS}/{name}": json.dumps(item, ensure_ascii=False) + "\n" for name, item in wanted.items()
    }
    for name in write_new(folder, {**with_modelines(files, schemas), **help_for_editors}):
        console.result(f"wrote {name}")
    if not files.keys() - {"retinue.yaml"}:
        again = "or make an assistant at the service and run this again"
        where = f"write a manifest into {folder / starter.FOLDER}, {again}"
        console.result(f"\nNothing is live there that could be taken over: {where}.")
    elif not ready:
        check = to_paste("validate", ProjectOptions(directory=options.directory))
        console.note(f"Error: change what is marked above in the manifests first: {check}")
        return Exit.USAGE
    else:
        here = ProjectOptions(directory=options.directory)
        console.result(f"\nNext: {to_paste('plan', here)}, then: {to_paste('apply', here)}")
    return 0


def _there(folder: Path) -> tuple[bytes | None, str]:
    """The project file that is there, and the name of the project."""
    there, name = folder / "retinue.yaml", _project_name(folder)
    try:
        written = there.read_bytes() if there.exists() else None
    except OSError as error:
        raise UsageError(f"{there} cannot be read: {error.strerror}", "Name another folder with -C.") from error
    if written is not None:
        found, problems = load_project(folder, registry.catalogue)
        refuse([item for item in problems if item.code == MISMATCH])
        name = found.name if found else name
    return written, name


def _files(name: str, source: str | None, endpoint: str | None) -> dict[str, str]:
    """The project of an export, or one that applies to the embedded emulator as it is."""
    if source is None:
        if endpoint is not None:
            raise UsageError("--endpoint is of no use without --from SERVICE", "`retinue providers` lists them.")
        return {"retinue.yaml": starter.PROJECT.format(name=name, provider=starter.PROVIDER), **starter.FILES}
    if source in (*registry.names(), *registry.FORMER) and not Path(source).exists():
        registry.load(source)
        raise UsageError(f"where is this {source}?", f"retinue init --from {source} --endpoint URL")
    exported = read_export(source)
    provider = exported.provider or starter.PROVIDER
    if provider not in emulators.entries():
        way = f"retinue init --from {source} --provider {provider} --endpoint URL"
        raise UsageError(f"these are objects of {provider}, which has no emulator: where is the service?", way)
    project = starter.PROJECT.format(name=name, provider=provider)
    return {"retinue.yaml": project, **exported.files}


def _moved(name: str, source: str, move: Move, schemas: Collection[str]) -> tuple[dict[str, str], bool] | None:
    """The project of an export at another service, and if it is valid there; None where a loss is not accepted."""
    if source in registry.names() and not Path(source).exists():
        remedy = f"First: retinue init --from {source}. Then: retinue migrate."
        raise UsageError(f"--provider is for an export, and {source} is a service", remedy)
    exported = read_export(source)
    head = {"version": 1, "project": name, "manifests": [starter.FOLDER]}
    exporter = {"provider": exported.provider or starter.PROVIDER, "endpoint": EMULATOR}
    with tempfile.TemporaryDirectory() as folder:
        files = {"retinue.yaml": to_yaml({**head, "environments": {"export": exporter}}), **exported.files}
        write_new(Path(folder), with_modelines(files, schemas))
        options = ProjectOptions(directory=folder)
        old = judged(options, "export")
        check_accepted(move.accepted, old)
        found = moved(old, options, move)
        report = migration(old, found.session)
    console.result(migration_shown(report, to_file=False))
    console.diagnostics(report.untold)
    # What is wrong with a manifest can be mended once it is there.
    refused = any(item.severity is Severity.ERROR for item in report.untold)
    if refused or any(row.verdict is Verdict.LOST and not row.accepted for _, row in report.rows):
        tell_open(report, is_new=True)
        return None
    partial = {at: fields for at, fields in found.partial.items() if "retinue" not in fields}
    manifests = [
        item._replace(
            data={
                name: value
                for name, value in {**item.data, **partial.get(item.address, {})}.items()
                if value is not None
            }
        )
        for item in exported.manifests
        if item.address in partial or item.address not in found.partial
    ]
    settings = {key: value for key, value in found.settings.items() if key != "overlay"}
    beside = {
        path: text for path, text in exported.files.items() if path not in {item.path for item in exported.manifests}
    }
    project = to_yaml({**head, "environments": {move.environment: settings}})
    return {"retinue.yaml": project, **texts(manifests), **beside}, report.ready


def _of_service(name: str, source: str, endpoint: str | None, *, allow_http: bool) -> str | None:
    """The project file for the assistants of a service; None without an endpoint. Raises UsageError for a bad one."""
    if endpoint is None and source in registry.names() and not Path(source).exists():
        endpoint = registry.load(source).capabilities.endpoint or None
    if endpoint is None:
        return None
    check_endpoint(endpoint, allow_http=allow_http)
    settings: dict[str, object] = {"provider": source, "endpoint": endpoint}
    key_variable = registry.load(source).capabilities.key_variable
    if key_variable and endpoint != EMULATOR:
        settings["api_key"] = {"env": key_variable}
    if allow_http:
        settings["allow_http"] = True
    head = {"version": 1, "project": name, "manifests": [starter.FOLDER]}
    return to_yaml({**head, "environments": {source: settings}})


def _project_name(folder: Path) -> str:
    """The folder's name with a random tail, so that two projects in one account never share a scope."""
    stem = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:32].strip("-") or starter.FOLDER
    return f"{stem}-{''.join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(4))}"
