"""Which project, environment and variables a command is about. Reads the files of these; prints nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..core.errors import InvalidManifests, UsageError
from ..core.model import Diagnostic, Place, Severity
from ..core.spelling import did_you_mean
from ..load.files import MAX_BYTES
from ..load.located import Map
from ..load.project import Environment, Project, find, load_project, parse_project
from ..load.yaml import parse
from ..providers.registry import catalogue
from .named_files import read_named
from .options import ProjectOptions, parse_pairs


def open_project(
    directory: str, replaced: Mapping[str, bytes] | None = None, project_file: str | None = None
) -> Project:
    """The project around a folder. Raises UsageError if there is none, InvalidManifests if its file is wrong.

    `replaced`: by name, what to take for the content of some of its files. `project_file`: where `environments` are
    taken from instead, because whoever edits them chooses where keys go.
    """
    start = Path(directory)
    if not os.path.isdir(directory):  # noqa: PTH112  a name that is too long is an error to Path
        raise UsageError(f"there is no folder {directory}", "Name an existing folder with -C DIR.")
    root = find(start.resolve())
    if root is None:
        message = f"there is no retinue.yaml in {start.resolve()} or in a folder above it"
        raise UsageError(message, "Start a project with `retinue init`, or name its folder with -C DIR.")
    project, diagnostics = load_project(root, catalogue, replaced)
    refuse(diagnostics)
    assert project is not None
    if project_file is None:
        return project
    data = read_named(project_file, MAX_BYTES, "the project file", "Name a retinue.yaml with --project-file.")
    trusted, diagnostics = parse_project(root, data, project_file, catalogue)
    refuse(diagnostics)
    assert trusted is not None
    if trusted.name != project.name:
        message = f"{project_file} is of the project `{trusted.name}`, the manifests are of `{project.name}`"
        raise UsageError(message, "Name the retinue.yaml of the same project, from a branch that is trusted.")
    return replace(project, environments=trusted.environments, known=trusted.known)


def refuse(diagnostics: Sequence[Diagnostic]) -> None:
    """Raises InvalidManifests if one of them is an error."""
    if any(item.severity is Severity.ERROR for item in diagnostics):
        raise InvalidManifests(diagnostics)


def choose_environment(project: Project, name: str | None) -> Environment:
    """The named environment; else $RETINUE_ENV; else the only one. Raises UsageError with the list."""
    listed = ", ".join(project.environments)
    wanted = name or os.environ.get("RETINUE_ENV") or None
    if wanted is None and len(project.environments) == 1:
        return next(iter(project.environments.values()))
    if wanted is None:
        raise UsageError(f"which environment? This project has: {listed}", "Name one with -e NAME or $RETINUE_ENV.")
    if wanted not in project.environments:
        origin = "" if name else ", which $RETINUE_ENV names"
        remedy = did_you_mean(wanted, project.environments, f"This project has: {listed}.")
        raise UsageError(f"there is no environment `{wanted}`{origin}", remedy)
    return project.environments[wanted]


def variables_of(options: ProjectOptions) -> Map:
    """`--var-file` before `--var`; later ones win. Values from a file keep their place there.

    Raises UsageError or InvalidManifests.
    """
    result = options.recorded.copy() if options.recorded is not None else Map(Place("", 1, 1))
    for path in options.var_files:
        parsed = parse(read_named(path, MAX_BYTES, "the variables file", "Name a YAML file with --var-file."), path)
        refuse(parsed.diagnostics)
        read = parsed.documents[0].value if len(parsed.documents) == 1 else None
        if type(read) is not Map:
            raise UsageError(f"{path} is not a mapping of names to values", "Write lines such as `model: gpt-4o`.")
        for name, value in read.items():
            result.put(name, value, read.keys_at[name], read.values_at[name])
    for name, text in parse_pairs(options.variables, "--var").items():
        result[name] = text
        result.keys_at.pop(name, None)
    return result
