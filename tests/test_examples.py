"""Every example is validated, planned and applied; the second apply writes nothing."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECTS = [
    ("quickstart", ["local"]),
    ("environments", ["dev", "prod"]),
    ("flowise", ["local", "elsewhere"]),
    ("knowledge", ["local"]),
    ("langgraph", ["elsewhere"]),
    ("azure", ["local", "foundry-local", "elsewhere"]),
    ("foundry", ["local", "elsewhere"]),
    ("promotion", ["dev"]),
    ("portable", ["openai", "anthropic", "mistral"]),
]
CASES = [(name, environment) for name, environments in PROJECTS for environment in environments]


def retinue(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "retinue", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def copied(repository: Path, name: str, tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns(".retinue*")
    return Path(shutil.copytree(repository / "examples" / name, tmp_path / name, ignore=ignore))


def test_every_example_is_tested(repository: Path) -> None:
    found = {path.name for path in (repository / "examples").iterdir() if path.is_dir()}
    assert found == {name for name, _ in PROJECTS} | {"rescue", "migrate"}


@pytest.mark.parametrize(("name", "environment"), CASES)
def test_an_example_converges_and_then_writes_nothing(
    repository: Path, tmp_path: Path, name: str, environment: str
) -> None:
    folder = copied(repository, name, tmp_path)
    assert retinue(folder, "validate").returncode == 0
    first = retinue(folder, "apply", "-e", environment, "--auto-approve", "-v")
    assert first.returncode == 0, first.stderr
    assert re.search(r"POST (assistants|(v1/)?agents)(/\w+/versions)? 200", first.stderr)
    second = retinue(folder, "apply", "-e", environment, "--auto-approve", "-v")
    assert second.returncode == 0
    assert "No changes." in second.stdout
    assert [line for line in second.stderr.splitlines() if line.startswith(("POST", "DELETE"))] == []
    assert retinue(folder, "plan", "-e", environment, "--detailed-exitcode").returncode == 0


def test_the_environments_of_one_project_live_side_by_side(repository: Path, tmp_path: Path) -> None:
    folder = copied(repository, "environments", tmp_path)
    dev = json.loads(retinue(folder, "render", "-e", "dev", "--format", "json").stdout)
    prod = json.loads(retinue(folder, "render", "-e", "prod", "--format", "json").stdout)
    assert {item["model"] for item in dev} != {item["model"] for item in prod}
    assert len(dev) > len(prod)


def test_an_old_export_becomes_manifests_and_applies(repository: Path, tmp_path: Path) -> None:
    export = repository / "examples" / "rescue" / "assistants.json"
    made = retinue(tmp_path, "init", "-C", "rescued", "--from", str(export))
    assert made.returncode == 0, made.stderr
    assert "export-v1" in made.stderr
    applied = retinue(tmp_path, "apply", "-C", "rescued", "--auto-approve")
    assert applied.returncode == 0, applied.stderr
    assert "Plan: 6 to create" in applied.stdout
    assert "No changes. 6 objects" in retinue(tmp_path, "plan", "-C", "rescued").stdout


def test_a_fresh_project_applies_as_it_is(tmp_path: Path) -> None:
    assert retinue(tmp_path, "init").returncode == 0
    assert retinue(tmp_path, "validate").returncode == 0
    assert retinue(tmp_path, "apply", "--auto-approve").returncode == 0
    assert "No changes." in retinue(tmp_path, "plan").stdout
    assert retinue(tmp_path, "init").returncode == 3
