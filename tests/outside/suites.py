"""Runs modules of an SDK's own tests, from its unpacked source, by an interpreter that has the SDK."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree


def run(modules: str, url: str, report: Path, python: str, source: Path, *options: str) -> tuple[Counter[str], str]:
    """Run modules of an SDK by its own configuration, in one process; how its tests ended, and what was printed."""
    command = [python, "-m", "pytest", "-o", "addopts=", *options]
    paths = [f"tests/api_resources/{module}" for module in modules.split()]
    return run_by(command, paths, {"TEST_API_BASE_URL": url}, report, source)


def run_by(
    command: Sequence[str], paths: Sequence[str], variables: Mapping[str, str], report: Path, source: Path
) -> tuple[Counter[str], str]:
    """The same by a command, of any files, with these variables of the environment."""
    command = [*command, "-p", "no:cacheprovider", "-q", "--tb=short", f"--junitxml={report}", *paths]
    environment = {**os.environ, **variables, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, timeout=300)
    cases = ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
    ends = Counter(
        next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed") for case in cases
    )
    return ends, done.stdout + done.stderr
