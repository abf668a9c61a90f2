"""`retinue init`: a new project, fresh, from an old export, or from what is live in a service."""

from __future__ import annotations

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
from .. import console, helping, options
from ..exports import from_new_project, read_export
from ..options import ProjectOptions, to_paste
from ..projects import refuse
from ..scaffold import write_new


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
@click.option("--allow-http", is_flag=True, help="Let that URL be plain http to a host that is not this machine.")
@click.option("-C", "directory", default=".", metavar="DIR", help="The folder; made if it is not there.")
@options.NO_COLOR
def command(options: ProjectOptions, *, source: str | None, endpoint: str | None, allow_http: bool) -> int:
    """Start a project with an assistant that applies as it is, or with one manifest for each exported or live one."""
    folder = Path(options.directory)
    if (folder / "retinue.yaml").exists():
        refuse([item for item in load_project(folder, registry.catalogue)[1] if item.code == MISMATCH])
        remedy = "To add assistants from an export: retinue import --from FILE."
        raise UsageError(f"{folder / 'retinue.yaml'} exists already: this is a project", remedy)
    files = _files(folder, source, endpoint, allow_http=allow_http)
    for name in write_new(folder, files):
        console.result(f"wrote {name}")
    if list(files) == ["retinue.yaml"]:
        where = folder / starter.FOLDER
        console.result(f"\nNothing is live there that could be taken over: write a manifest into {where}.")
    else:
        here = ProjectOptions(directory=options.directory)
        console.result(f"\nNext: {to_paste('plan', here)}, then: {to_paste('apply', here)}")
    return 0


def _files(folder: Path, source: str | None, endpoint: str | None, *, allow_http: bool) -> dict[str, str]:
    if source is None:
        if endpoint is not None:
            raise UsageError("--endpoint is of no use without --from SERVICE", "`retinue providers` lists them.")
        # A project that applies to the embedded emulator as it is.
        project = starter.PROJECT.format(name=_project_name(folder), provider=starter.PROVIDER)
        return {"retinue.yaml": project, **starter.FILES}
    if endpoint is None and source in registry.names() and not Path(source).exists():
        endpoint = registry.load(source).capabilities.endpoint or None
    if endpoint is None:
        if source in (*registry.names(), *registry.FORMER) and not Path(source).exists():
            registry.load(source)
            raise UsageError(f"where is this {source}?", f"retinue init --from {source} --endpoint URL")
        exported = read_export(source)
        if not exported.files:
            raise UsageError(f"nothing in {source} can become a manifest", "Name an export of assistants, as JSON.")
        provider = exported.provider or starter.PROVIDER
        project = starter.PROJECT.format(name=_project_name(folder), provider=provider)
        return {"retinue.yaml": project, **exported.files}
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
    head = {"version": 1, "project": _project_name(folder), "manifests": [starter.FOLDER]}
    project = to_yaml({**head, "environments": {source: settings}})
    return {"retinue.yaml": project, **from_new_project(project).files}


def _project_name(folder: Path) -> str:
    """The folder's name with a random tail, so that two projects in one account never share a scope."""
    stem = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:32].strip("-") or starter.FOLDER
    return f"{stem}-{''.join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(4))}"
