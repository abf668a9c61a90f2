"""examples/promotion: its pipeline, line by line, from an empty world to prod, and what does not get through."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .test_examples import copied, retinue

STAGES = ("dev", "staging", "prod")
WEAK = "You plan trips.\n"


@pytest.fixture
def example(repository: Path, tmp_path: Path) -> Path:
    return copied(repository, "promotion", tmp_path)


def pipeline(folder: Path) -> dict[str, Any]:
    text = (folder / ".github/workflows/promotion.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def commands(folder: Path, job: str) -> Iterator[list[str]]:
    """What a job runs after it has installed retinue, with this interpreter."""
    for step in pipeline(folder)["jobs"][job]["steps"]:
        words = shlex.split(step.get("run", ""))
        if words[:1] == ["retinue"]:
            if words[-1].startswith(">"):
                # What goes into a file there is looked at here.
                words.pop()
            yield [sys.executable, "-m", *(sys.executable if word == "python" else word for word in words)]


def run(folder: Path, job: str) -> subprocess.CompletedProcess[str]:
    """Run a job as a runner does: it ends at the first command that fails. Returns its last command."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RETINUE_")}
    for words in commands(folder, job):
        ran = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        if ran.returncode:
            return ran
    return ran


def prompts(folder: Path, environment: str) -> dict[str, str]:
    """By name, what is live."""
    import sqlite3

    with sqlite3.connect(folder / ".retinue-emulator" / f"{environment}.sqlite") as database:
        rows = [json.loads(row[-1]) for row in database.execute("SELECT * FROM objects")]
    database.close()
    return {raw["name"]: raw["instructions"] for raw in rows}


def test_the_pipeline_runs_each_stage_after_the_one_before(example: Path) -> None:
    jobs = pipeline(example)["jobs"]
    assert [jobs[name].get("needs") for name in STAGES] == [None, "dev", "staging"]
    assert [len(list(commands(example, name))) for name in ("review", *STAGES)] == [2, 1, 2, 1]


def test_the_pipeline_brings_all_to_prod_and_stops_what_fails_the_evaluation(example: Path) -> None:
    assert run(example, "review").returncode == 0
    for job in STAGES:
        ran = run(example, job)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    for environment in STAGES:
        settled = retinue(example, "plan", "-e", environment, "--detailed-exitcode")
        assert settled.returncode == 0, settled.stdout
    before = prompts(example, "prod")
    assert "extension 2200" in before["Trip planner"]

    (example / "prompts/trip-planner.md").write_text(WEAK, encoding="utf-8")
    assert run(example, "dev").returncode == 0
    failed = run(example, "staging")
    assert failed.returncode == 1
    assert "FAILED  Assistant/trip-planner" in failed.stdout
    # Even if somebody starts the next job by hand.
    held = run(example, "prod")
    assert (held.returncode, json.loads(held.stdout)["outcome"]) == (2, "held")
    assert prompts(example, "prod") == before


def test_the_readme_walks_through_it(example: Path) -> None:
    text = (example / "README.md").read_text(encoding="utf-8")
    (block,) = [part for part in text.split("```") if part.startswith("console\n")]
    said = []
    for line in block.splitlines()[1:]:
        words = shlex.split(line, comments=True)
        words = [sys.executable if word == "python3" else word for word in words[1:]]
        if words[0] in ("apply", "promote"):
            words.append("--auto-approve")
        ran = retinue(example, *words)
        assert ran.returncode == 0, line + ran.stderr
        said.append(ran.stdout.strip().splitlines()[-1] if ran.stdout.strip() else "")
    assert [line.partition(".")[0] for line in said] == [
        "Plan: 2 to create, 0 to update, 0 to replace, 0 to delete, 2 held",
        "Applied: 2 created",
        "Applied: 2 created",
        "Plan: 2 to create, 0 to update, 0 to replace, 0 to delete, 2 held",
        said[4].partition(".")[0],
        "Applied: 2 created",
        "Diff: 2 differ, 0 objects are the same",
    ]
    assert "passed  Assistant/trip-planner" in said[4]


def evaluated(example: Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The evaluation as `verify` runs it, from another folder, with a Python that finds no module of ours."""
    (folder / "ids.json").write_text('{"Assistant/trip-planner": "asst_x"}', encoding="utf-8")
    words = [sys.executable, "-S", str(example / "evaluations/evaluate.py")]
    known = {"RETINUE_OUTPUT_FILE": str(folder / "ids.json"), "RETINUE_ENV": "staging", "PATH": str(folder)}
    return subprocess.run(words, cwd=folder, env=known | environment, capture_output=True, text=True)


def test_the_evaluation_needs_the_command_alone_and_runs_from_any_folder(example: Path, tmp_path: Path) -> None:
    script = tmp_path / "retinue"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m retinue "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    ran = evaluated(example, tmp_path)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "passed  Assistant/trip-planner (asst_x)\n", "")
    ran = evaluated(example, tmp_path, RETINUE_ENV="stagign")
    assert ran.returncode == 1
    assert "there is no environment `stagign`" in ran.stderr
    assert "Is `retinue` on the PATH?" in ran.stderr
    assert "Traceback" not in ran.stderr
