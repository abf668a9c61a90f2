"""What a CI runner says about itself through its environment. Reaches nothing."""

from __future__ import annotations

import os

from ..core.errors import UsageError
from ..render.inert import is_web_address


def run_link(given: str | None) -> str | None:
    """The address of this run: as `--link` gives it, else as the CI knows it, else None. Raises UsageError."""
    if given is not None:
        if not is_web_address(given):
            raise UsageError(f"--link {given} is no web address", "Write one that begins with https://.")
        return given
    server, repository, run = (os.environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return os.environ.get("CI_JOB_URL") or None
