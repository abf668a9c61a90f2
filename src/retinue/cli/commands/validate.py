"""`retinue validate`: every problem of the project and its manifests at once, offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...core.errors import InvalidManifests
from ...core.lint import UNUSED_FILE, linted
from ...core.model import Diagnostic, Severity
from ...core.problem import listed
from ...load.manifests import Loaded, load
from ...load.unused import unused_files
from .. import console, helping, options
from ..options import ProjectOptions
from ..projects import open_project, variables_of
from ..session import open_session


@helping.command("validate", ProjectOptions, "", "-e prod --format github")
@options.ENVIRONMENT
@options.project_options
@options.AS_OF
@options.format_option("text", "json", "sarif", "github")
def command(options: ProjectOptions) -> int:
    """Check the project file and every manifest, for one environment or for all. Needs no network and no key."""
    project = open_project(options.directory, project_file=options.project_file)
    names = [options.environment] if options.environment else list(project.environments)
    seen: dict[Diagnostic, list[str]] = {}
    loads: list[Loaded] = []
    addresses = set()
    for name in names:
        try:
            session = open_session(replace(options, environment=name))
        except InvalidManifests as error:
            diagnostics = error.diagnostics
        else:
            loads.append(session.loaded)
            addresses |= {item.address for item in session.desired if not session.kinds[item.kind].by_content}
            diagnostics = (*session.loaded.empty_sources, *session.loaded.diagnostics)
        for item in dict.fromkeys(diagnostics):
            seen.setdefault(item, []).append(name)
    found = merged(seen, names)
    if len(loads) == len(names) and project.lint.get(UNUSED_FILE) != "off":
        # What one environment leaves out another may include.
        others = [name for name in project.environments if name not in names]
        loads += [load(project, name, variables_of(options)) for name in others]
        included = {name for item in loads for name in item.included.values()}
        unused = unused_files(project, included, {name for item in loads for name in item.read})
        found = (*found, *linted(unused, project.lint))
    if any(item.severity is Severity.ERROR for item in found):
        raise InvalidManifests(found)
    if options.output_format == "json":
        from ...core.codec import diagnostic_to_json

        body = {"outcome": "valid", "exit_code": 0, "objects": len(addresses)}
        console.result_json(console.json_text(body | {"diagnostics": [diagnostic_to_json(item) for item in found]}))
        return 0
    console.diagnostics(found)
    if options.output_format in console.MACHINES:
        console.for_machines(found, options.output_format, options.directory)
        return 0
    several = "manifest is" if len(addresses) == 1 else "manifests are"
    console.result(f"{len(addresses)} {several} valid in {', '.join(names)}.")
    return 0


def merged(seen: Mapping[Diagnostic, Sequence[str]], everywhere: Sequence[str]) -> tuple[Diagnostic, ...]:
    """One message for one mistake: what is found in several environments names them, unless these are all.

    A message that names its environment does so at its end.
    """
    groups: dict[object, tuple[Diagnostic, list[str]]] = {}
    for item, names in seen.items():
        message = item.message.removesuffix(f" (environment `{names[0]}`)")
        # A note on a service is the same one in each environment that is there.
        service = item.severity is Severity.INFO and (item.path or "").startswith("/environments/")
        key = (item.code, item.severity, message, None if service else (item.path, item.place or item.address))
        _, found = groups.setdefault(key, (replace(item, message=message), []))
        found += names if message == item.message else [*names, ""]
    result = []
    for item, found in groups.values():
        names = [name for name in everywhere if name in found]
        if "" in found or len(names) < len(everywhere):
            where = f"environment{'s' * (len(names) > 1)} {listed(names)}"
            item = replace(item, message=f"{item.message} ({where})")
        result.append(item)
    return tuple(result)
