"""Nothing here installs retinue by its bare name, which anybody may claim at an index, nor with a key within reach."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
LOOKED_AT = (
    "README.md",
    "docs",
    "examples",
    "ci",
    ".ci",
    ".github",
    "src",
    "benchmarks",
    "tests/live",
    "tests/outside",
)
SOURCES = (*LOOKED_AT, "pyproject.toml", ".pre-commit-hooks.yaml", "CHANGELOG.md")

_NAME = r"""["']?retinue(?![\w/.-]|\s*@)(?:\[[^]]*\])?"""
BY_NAME = (
    # A tool that installs, its verb, and the name among the words behind it.
    re.compile(
        rf"\b(?:pip3?|pipx|uv|pip\.exe)\s[^\n|;&]*?\b(?:install|wheel|download|run|add|tool|sync)\s(?:[^\n|;&]*\s)?{_NAME}"
    ),
    re.compile(rf"\b(?:uvx|pipx\s+run|uv\s+run|poetry\s+add|pdm\s+add|conda\s+install)\s(?:[^\n|;&]*\s)?{_NAME}"),
    # A requirement: with a version, or alone on a line or in a list of them, or what a variable stands for.
    re.compile(r"\bretinue(?:\[[^]]*\])?\s*(?:[=~!]=|===|[<>]=?\s*\d)"),
    re.compile(r"additional_dependencies:.*\bretinue\b(?!\s*@)"),
    re.compile(r"\b\w*(?:PACKAGE|REQUIREMENT|VERSION)\w*\s*[:=]\s*[\"']?retinue(?:\[[^]]*\])?[\"']?\s*$", re.MULTILINE),
)
INSTALLS = re.compile(r"\b(?:pip3?|pipx|uv|uvx|npm)\b[^\n]*\b(?:install|wheel|run|tool|ci)\b|\.ci/run")
KEY = re.compile(r"secrets\s*[.\[]|github\.token|inputs\.[\w-]*(?:key|token)", re.IGNORECASE)


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *SOURCES], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


SAFE = re.compile(r"""--from (?:\.|"git\+[^"\s]+@[^"\s]+") retinue\b|\b(?:pipx|uv tool) uninstall retinue\b""")
"""The command of a source that is named, and what only takes away."""


def by_name(text: str) -> list[str]:
    """What installs retinue by name; a shell's continued line is one."""
    joined = SAFE.sub("", text.replace("\\\n", " "))
    return [found[0] for pattern in BY_NAME for found in pattern.finditer(joined)]


def requirements(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines() if re.search(r"requirements.*\.(txt|in)$", path.name) else []
    return [line for line in lines if re.match(r"retinue\b(?!\s*@)", line.strip())]


def test_nothing_installs_retinue_by_its_bare_name() -> None:
    found = {}
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if said := by_name(text) + requirements(path):
            found[path.relative_to(ROOT).as_posix()] = said
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "pip install retinue",
        "pip3 install -q 'retinue[azure]'",
        'python -m pip install --quiet "retinue==1.2"',
        "Install it: pip install 'retinue[azure]'.",
        "- run: pip install --upgrade pip retinue",
        "pip install \\\n  retinue",
        "pipx install retinue",
        "pipx run retinue plan",
        "uvx retinue plan",
        "uvx --from retinue retinue plan",
        'uvx --from "git+https://github.com/OWNER/retinue" retinue plan',
        "uv tool install retinue",
        "uv pip install retinue",
        "uv run --with retinue retinue plan",
        "poetry add retinue",
        "additional_dependencies: [retinue]",
        "  RETINUE_PACKAGE: retinue\n",
        '"${version:+retinue==}$version"',
        "dependencies = ['retinue>=0.2']",
    ],
)
def test_it_would_be_found(text: str) -> None:
    assert by_name(text)


@pytest.mark.parametrize(
    "text",
    [
        'pip install "retinue @ git+https://github.com/OWNER/retinue@COMMIT"',
        "pip install -q . && .venv/bin/retinue apply",
        "python3 -I -m pip install --no-index --no-deps retinue-wheels/*.whl",
        "pip install '.[azure]' in a clone",
        "git clone https://github.com/OWNER/retinue retinue",
        'uvx --from "git+https://github.com/OWNER/retinue@COMMIT" retinue plan',
        "uvx --from . retinue plan",
        "pipx uninstall retinue",
    ],
)
def test_a_pinned_source_and_a_clone_are_no_bare_name(text: str) -> None:
    assert not by_name(text)


# --- keys


def workflows() -> Iterator[tuple[str, Any]]:
    """Every workflow, of the repository, of the examples, and those that a page of the docs shows."""
    for path in files():
        name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8", errors="replace")
        blocks = re.findall(r"```ya?ml\n(.*?)```", text, re.DOTALL) if path.suffix == ".md" else [text]
        for block in blocks if path.suffix in (".md", ".yml", ".yaml") and "jobs:" in text else ():
            value = yaml.safe_load(block)
            if isinstance(value, dict) and "jobs" in value:
                yield name, value


def exposed(workflow: Any) -> list[str]:
    """Steps that install while a key is in their environment, or that could be given one for the whole job."""
    found = []
    for name, job in workflow["jobs"].items():
        steps = job.get("steps", [])
        around = [workflow.get("env", {}), job.get("env", {})]
        installing = [step for step in steps if INSTALLS.search(step.get("run", ""))]
        keyed = [step for step in installing if KEY.search(str([*around, step.get("env", {}), step["run"]]))]
        found += [f"{name}: {step['run']}" for step in keyed]
    return found


def test_no_step_installs_with_a_key_in_its_environment() -> None:
    seen = dict(workflows())
    assert {"examples/promotion/.github/workflows/promotion.yml", ".github/workflows/test.yml"} <= set(seen)
    assert {name: found for name, workflow in workflows() if (found := exposed(workflow))} == {}


@pytest.mark.parametrize("where", ["workflow", "job", "step"])
def test_a_key_would_be_found(where: str) -> None:
    env = {"env": {"KEY": "${{ secrets.KEY }}"}}
    step: Any = {"run": "pip install ."} | (env if where == "step" else {})
    job: Any = {"steps": [step]} | (env if where == "job" else {})
    assert exposed({"jobs": {"a": job}} | (env if where == "workflow" else {}))


def test_every_action_of_another_repository_is_pinned_and_no_checkout_keeps_its_token() -> None:
    steps = [step for _, flow in workflows() for job in flow["jobs"].values() for step in job.get("steps", [])]
    foreign = [step for step in steps if not step.get("uses", "./").startswith("./")]
    assert len(foreign) > 10
    assert [step["uses"] for step in foreign if not re.search(r"@(?:[0-9a-f]{40}|COMMIT)$", step["uses"])] == []
    checkouts = [step for step in foreign if step["uses"].startswith("actions/checkout@")]
    assert [step for step in checkouts if step.get("with", {}).get("persist-credentials") is not False] == []


def test_what_gitlab_downloads_is_built_where_no_variable_of_the_project_is_seen() -> None:
    text = (ROOT / "ci" / "retinue.gitlab-ci.yml").read_text()
    fetching = [line for line in text.splitlines() if re.search(r"pip (?:install|wheel)", line)]
    assert len(fetching) == 4
    assert 'RETINUE_CLEAN="env -i ' in text
    assert all(
        "$RETINUE_CLEAN python3 -I -m" in line or "--no-index --no-deps retinue-wheels/*.whl" in line
        for line in fetching
    )
    # Nothing comes from an index but by its hash.
    assert all("--require-hashes" in line or "--no-index" in line for line in fetching)
