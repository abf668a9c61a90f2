"""What a CI runner says about itself through its environment. Reaches nothing."""

from __future__ import annotations

import os
from pathlib import Path

from ..core.errors import UsageError
from ..render.inert import is_web_address


def run_link(link: str | None) -> str | None:
    """The address of this run: as `--link` gives it, else as the CI knows it, else None. Raises UsageError."""
    if link is not None:
        if not is_web_address(link):
            raise UsageError(f"--link {link} is no web address", "Write one that begins with https://.")
        return link
    server, repository, run = (os.environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return os.environ.get("CI_JOB_URL") or None


def folder_in_repository(directory: str) -> str:
    """Where a project is, relative to the root of its repository: what the places in annotations begin with."""
    project = _around(Path(directory).resolve(), "retinue.yaml")
    workspace = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    root = Path(workspace).resolve() if workspace else _around(project, ".git")
    return project.relative_to(root).as_posix() if project.is_relative_to(root) else "."


def _around(start: Path, name: str) -> Path:
    """The nearest folder from `start` upward that holds `name`; `start` if none does."""
    return next((folder for folder in (start, *start.parents) if os.path.lexists(folder / name)), start)
