"""`retinue validate`: every problem of the project and its manifests at once, offline."""

from __future__ import annotations

from dataclasses import replace

from ...core.errors import InvalidManifests
from ...core.model import Diagnostic, Severity
from .. import console, helping, options
from ..options import ProjectOptions
from ..projects import open_project
from ..session import open_session


@helping.command("validate", ProjectOptions, "", "-e prod --format github")
@options.ENVIRONMENT
@options.project_options
@options.format_option("text", "json", "sarif", "github")
def command(options: ProjectOptions) -> int:
    """Check the project file and every manifest, for one environment or for all. Needs no network and no key."""
    project = open_project(options.directory, project_file=options.project_file)
    names = [options.environment] if options.environment else list(project.environments)
    found: dict[Diagnostic, None] = {}
    addresses = set()
    for name in names:
        try:
            session = open_session(replace(options, environment=name))
        except InvalidManifests as error:
            found |= dict.fromkeys(error.diagnostics)
            continue
        addresses |= {item.address for item in session.desired if not session.kinds[item.kind].by_content}
        found |= dict.fromkeys((*session.loaded.empty_sources, *session.loaded.diagnostics))
    if any(item.severity is Severity.ERROR for item in found):
        raise InvalidManifests(tuple(found))
    if options.output_format == "json":
        from ...core.codec import diagnostic_to_json

        body = {"outcome": "valid", "exit_code": 0, "objects": len(addresses)}
        console.result_json(console.json_text(body | {"diagnostics": [diagnostic_to_json(item) for item in found]}))
        return 0
    console.diagnostics(tuple(found))
    if options.output_format in console.MACHINES:
        console.for_machines(tuple(found), options.output_format, options.directory)
        return 0
    several = "manifest is" if len(addresses) == 1 else "manifests are"
    console.result(f"{len(addresses)} {several} valid in {', '.join(names)}.")
    return 0
