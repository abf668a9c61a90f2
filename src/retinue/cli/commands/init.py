"""`retinue init`: a new project, fresh, from an old export, or from what is live in a service."""

from __future__ import annotations

import json
import re
import secrets
import string
from pathlib import Path

import click

from ...core.errors import UsageError
from ...load.emit import to_yaml
from ...load.endpoints import EMULATOR, endpoint_problem
from ...load.project import MISMATCH, load_project
from ...providers import registry, starter
from ...schema.bundle import editor_schemas
from .. import console, helping, options
from ..exports import from_new_project, read_export
from ..options import ProjectOptions, to_paste
from ..projects import refuse
from ..scaffold import SCHEMAS, with_modelines, write_new


@helping.command(
    "init",
    ProjectOptions,
    "",
    "-C helpdesk --from assistants.json",
    "-C helpdesk --from openai-agents",
    "-C helpdesk --from flowise --endpoint http://localhost:3000",
)
@click.option(
    "--from",
    "source",
    metavar="FILE|SERVICE",
    help="An export as JSON (`-` reads standard input), or a provider's name, for most with --endpoint.",
)
@click.option("--endpoint", metavar="URL", help="Where that service is; its key comes from the usual variable.")
@click.option("--allow-http", is_flag=True, help="Allow plain http to a host other than this machine.")
@click.option("-C", "directory", default=".", metavar="DIR", help="The folder; made if it is not there.")
@options.NO_COLOR
def command(options: ProjectOptions, *, source: str | None, endpoint: str | None, allow_http: bool) -> int:
    """Start a project with an assistant that applies as it is, or with one manifest for each exported or live one."""
    folder = Path(options.directory)
    there, name = folder / "retinue.yaml", _project_name(folder)
    try:
        written = there.read_bytes() if there.exists() else None
    except OSError as error:
        raise UsageError(f"{there} cannot be read: {error.strerror}", "Name another folder with -C.") from error
    if written is not None:
        found, problems = load_project(folder, registry.catalogue)
        refuse([item for item in problems if item.code == MISMATCH])
        name = found.name if found else name
    project = None if source is None else _of_service(name, source, endpoint, allow_http=allow_http)
    schemas = editor_schemas(
        registry.catalogue(None), {it.name: it.capabilities.extras for it in registry.loadable()[0]}
    )
    # Files that `init` itself left where nothing was live yet may be used again.
    left = with_modelines({"retinue.yaml": project}, schemas)["retinue.yaml"].encode() if project else None
    if written is not None and (written != left or any((folder / starter.FOLDER).glob("*"))):
        remedy = "To add assistants of its service: `retinue import`; of an export: `retinue import --from FILE`."
        raise UsageError(f"{there} exists already: this is a project", remedy)
    if project is None:
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
    else:
        here = ProjectOptions(directory=options.directory)
        console.result(f"\nNext: {to_paste('plan', here)}, then: {to_paste('apply', here)}")
    return 0


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
    if not exported.files:
        raise UsageError(f"nothing in {source} can become a manifest", "Name an export of assistants, as JSON.")
    project = starter.PROJECT.format(name=name, provider=exported.provider or starter.PROVIDER)
    return {"retinue.yaml": project, **exported.files}


def _of_service(name: str, source: str, endpoint: str | None, *, allow_http: bool) -> str | None:
    """The project file for the assistants of a service; None without an endpoint. Raises UsageError for a bad one."""
    if endpoint is None and source in registry.names() and not Path(source).exists():
        endpoint = registry.load(source).capabilities.endpoint or None
    if endpoint is None:
        return None
    wrong = endpoint_problem(endpoint, allow_http)
    if wrong is not None:
        plain = wrong.code == "endpoint-plain-http"
        remedy = "Write https://, or add --allow-http if this network is safe." if plain else wrong.remedy
        raise UsageError(f"--endpoint: {wrong.message}", remedy)
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
