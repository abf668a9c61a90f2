"""The pre-commit hook and the jobs of the GitLab template, run as written."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..cli.conftest import KEY, World
from ..review.fakes import TOKEN, GitLabFake, serving
from .runner import ROOT, Runner, git


class _Loader(yaml.SafeLoader):
    """GitLab's YAML has one tag more."""


def _sequence(loader: _Loader, node: yaml.Node) -> list[Any]:
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node)


_Loader.add_constructor("!reference", _sequence)


def jobs() -> Any:
    text = (ROOT / "ci" / "retinue.gitlab-ci.yml").read_text()
    return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader with one more tag


def lines(job: str) -> str:
    """What a job runs: its own or its template's `before_script`, references put in, and its `script`."""
    spec = jobs()
    parts: list[str] = []
    for item in spec[job].get("before_script", spec[spec[job]["extends"]]["before_script"]):
        parts += spec[item[0]][item[1]] if isinstance(item, list) else [item]
    return "\n".join(["set -e", *parts, *spec[job]["script"]])


@pytest.fixture
def gitlab(world: World, tmp_path: Path) -> Iterator[tuple[Runner, GitLabFake]]:
    """A clone of a merge request, with the variables that GitLab sets."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q", "-b", "main")
    world.project()
    (origin / "retinue.yaml").write_text(
        (world.root / "retinue.yaml").read_text().replace("DEMO_KEY", "RETINUE_API_KEY")
    )
    (origin / "assistants").mkdir()
    (origin / "assistants" / "a.yaml").write_text("assistant: a\nmodel: gpt-4o\n")
    git(origin, "add", "-A")
    git(origin, "commit", "-qm", "first")
    git(tmp_path, "clone", "-q", str(origin), str(tmp_path / "clone"))
    fake = GitLabFake()
    with serving(fake) as api:
        given = {"GITLAB_CI": "true", "CI_PROJECT_ID": "acme/bots", "CI_API_V4_URL": api, "GITLAB_TOKEN": TOKEN}
        given |= {"CI_JOB_URL": "https://gitlab.example.com/acme/bots/-/jobs/7"}
        given |= {"CI_MERGE_REQUEST_IID": "7", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
        given |= {"RETINUE_DIRECTORY": ".", "RETINUE_ENVIRONMENT": "dev", "RETINUE_PACKAGE": "retinue"}
        given |= {"RETINUE_API_KEY": KEY, "RETINUE_ALLOWED_HOSTS": "127.0.0.1"}
        yield Runner(tmp_path / "clone", tmp_path / "temp", {}, given), fake


def play(runner: Runner, job: str, **more: str) -> int:
    return runner.script(lines(job), more, None, ["sh"])


def test_the_jobs_of_gitlab_validate_plan_comment_apply_and_look_for_drift(
    gitlab: tuple[Runner, GitLabFake], world: World
) -> None:
    runner, fake = gitlab
    assert play(runner, "retinue-validate") == 0, runner.log
    assert play(runner, "retinue-plan") == 0, runner.log
    digest = json.loads((runner.workspace / "plan.json").read_text())["digest"]
    (row,) = fake.rows
    assert digest in row["body"]
    commit = git(runner.workspace, "rev-parse", "HEAD")
    fake.merged = f"/api/projects/acme/bots/repository/commits/{commit}/merge_requests"
    fake.requests = [{"id": 1, "iid": 7, "state": "merged"}]
    assert play(runner, "retinue-apply", CI_MERGE_REQUEST_IID="", CI_COMMIT_SHA=commit) == 0, runner.log
    assert len(world.live()) == 1
    assert "**Applied: 1 created.**" in row["body"]
    assert digest in row["body"].split("\n")[0]
    # A second run of the job finds nothing left to do, and one that is refused says so.
    assert play(runner, "retinue-apply", CI_MERGE_REQUEST_IID="", CI_COMMIT_SHA=commit) == 0, runner.log
    assert "**Applied: 1 created.**" in row["body"]
    live = world.only()
    assert play(runner, "retinue-drift") == 0
    assert fake.issues == []
    world.emulator.seed({**live, "model": "another"})
    assert play(runner, "retinue-drift") == 0, runner.log
    assert [(issue["title"], issue["state"]) for issue in fake.issues] == [("retinue: drift in dev", "opened")]
    assert play(runner, "retinue-apply", CI_MERGE_REQUEST_IID="", CI_COMMIT_SHA=commit) == 6
    assert "Not applied: the plan is stale" in row["body"]
    world.emulator.seed(live)
    assert play(runner, "retinue-drift") == 0
    assert fake.issues[0]["state"] == "closed"
    assert play(runner, "retinue-drift", RETINUE_API_KEY="") == 4


def test_the_jobs_that_need_a_key_never_run_for_a_fork() -> None:
    rule = jobs()["retinue-plan"]["rules"][0]["if"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in rule
    assert "push" in jobs()["retinue-apply"]["rules"][0]["if"]
    assert jobs()["retinue-apply"]["resource_group"]


def test_the_pre_commit_hook_validates(world: World, tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["language"], hook["pass_filenames"]) == ("retinue-validate", "python", False)
    assert re.search(hook["files"], "assistants/a.yaml")
    assert re.search(hook["files"], "prompts/a.md")
    runner = Runner(world.root, tmp_path / "temp", {}, {})
    world.project()
    world.assistant("a")

    def run() -> int:
        words = shlex.split(hook["entry"])
        environment = {"PATH": runner.path, "HOME": str(tmp_path)}
        return subprocess.run(words, cwd=world.root, env=environment, capture_output=True).returncode

    assert run() == 0
    world.assistant("a", "temprature: 1\n")
    assert run() == 3


@pytest.mark.parametrize("form", ["{}", "retinue @ {}"])
def test_gitlab_unpacks_the_archive_of_a_commit_with_its_pins(tmp_path: Path, form: str) -> None:
    """What comes after that needs an index: it takes wheels by the hashes of these files, and builds."""
    archive = tmp_path / "archive.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        for name in ("requirements.txt", "build-requirements.txt"):
            opened.add(ROOT / "ci" / name, f"retinue-abc/ci/{name}")
    script = jobs()["retinue-build"]["script"]
    first = [line for line in script if " pip " not in line]
    assert [len(script), len(first)] == [6, 3]
    given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "RETINUE_PACKAGE": form.format(archive.as_uri())}
    lines = "\n".join(["set -e", *first, "ls retinue-source/*/ci"])
    done = subprocess.run(["sh", "-c", lines], cwd=tmp_path, env=given, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, ["build-requirements.txt", "requirements.txt"]), done.stderr
