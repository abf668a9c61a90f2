"""Which project and which of its environments a command is about. Reads retinue.yaml alone; prints nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ..core.errors import InvalidManifests, UsageError
from ..core.model import Diagnostic, Severity
from ..load.files import MAX_BYTES
from ..load.project import Environment, Project, find, load_project, parse_project
from ..providers.registry import catalogue
from .named_files import read_named


def open_project(
    directory: str, replaced: Mapping[str, bytes] | None = None, project_file: str | None = None
) -> Project:
    """The project around a folder. Raises UsageError if there is none, InvalidManifests if its file is wrong.

    `replaced`: by name, what to take for the content of some of its files. `project_file`: where `environments` are
    taken from instead, because whoever edits them chooses where keys go.
    """
    start = Path(directory)
    if not start.is_dir():
        raise UsageError(f"there is no folder {directory}", "Name an existing folder with -C DIR.")
    root = find(start.resolve())
    if root is None:
        message = f"there is no retinue.yaml in {start.resolve()} or in a folder above it"
        raise UsageError(message, "Start a project with `retinue init`, or name its folder with -C DIR.")
    project, diagnostics = load_project(root, catalogue, replaced)
    refuse(diagnostics)
    assert project is not None
    return project if project_file is None else _with_environments_of(project, project_file)


def _with_environments_of(project: Project, file: str) -> Project:
    data = read_named(file, MAX_BYTES, "the project file", "Name a retinue.yaml with --project-file.")
    trusted, diagnostics = parse_project(project.root, data, file, catalogue)
    refuse(diagnostics)
    assert trusted is not None
    if trusted.name != project.name:
        message = f"{file} is of the project `{trusted.name}`, the manifests are of `{project.name}`"
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
        raise UsageError(f"there is no environment `{wanted}`{origin}", f"This project has: {listed}.")
    return project.environments[wanted]
