"""The reusable workflows: every step is played, from a pull request to the apply after its merge and the nightly drift.

This is the approval by digest end to end: plan in one clone, the comment shows the digest, apply in another clone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ..cli.conftest import KEY, World
from ..review.fakes import TOKEN, GitHubFake, serving
from .runner import ACTION, ARTIFACT, ROOT, Runner, git, with_tool

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OURS = [path for path in WORKFLOWS if path.name.startswith("retinue-")]


class Repository:
    """A project at a code host: a base branch, a pull request, and clones of both for the runners."""

    def __init__(self, world: World, tmp_path: Path, fake: GitHubFake, api: str) -> None:
        self.world, self.tmp_path, self.fake, self.api = world, tmp_path, fake, api
        self.origin = tmp_path / "origin"
        self.origin.mkdir()
        git(self.origin, "init", "-q", "-b", "main")
        world.project()
        text = (world.root / "retinue.yaml").read_text().replace("DEMO_KEY", "RETINUE_API_KEY")
        self.write("bots/retinue.yaml", text)
        self.write("bots/assistants/greeter.yaml", "assistant: greeter\nmodel: gpt-4o\n")
        self.commit("first")

    def write(self, name: str, text: str) -> None:
        (self.origin / name).parent.mkdir(parents=True, exist_ok=True)
        (self.origin / name).write_text(text)

    def commit(self, message: str) -> str:
        git(self.origin, "add", "-A")
        git(self.origin, "commit", "-q", "-m", message)
        return git(self.origin, "rev-parse", "HEAD")

    def pull_request(self, **files: str) -> str:
        """A merge commit of a branch that changes files, on a branch of its own; its id."""
        git(self.origin, "checkout", "-q", "-b", "change")
        for name, text in files.items():
            self.write(f"bots/{name.replace('__', '/').replace('_yaml', '.yaml')}", text)
        self.commit("change")
        git(self.origin, "checkout", "-q", "-b", "merged", "main")
        git(self.origin, "merge", "-q", "--no-ff", "-m", "merge", "change")
        return git(self.origin, "rev-parse", "HEAD")

    def merge(self) -> str:
        git(self.origin, "checkout", "-q", "main")
        git(self.origin, "merge", "-q", "--ff-only", "merged")
        commit = git(self.origin, "rev-parse", "HEAD")
        self.fake.merged = f"/api/repos/acme/bots/commits/{commit}/pulls"
        self.fake.requests = [{"id": 1, "number": 7, "merged_at": "x", "merge_commit_sha": commit}]
        return commit

    def runner(self, commit: str, *, fork: bool = False, event: dict[str, Any] | None = None, **inputs: str) -> Runner:
        """A new clone at a commit, on a machine of its own."""
        number = len(list(self.tmp_path.glob("clone-*")))
        clone = self.tmp_path / f"clone-{number}"
        git(self.tmp_path, "clone", "-q", str(self.origin), str(clone))
        git(clone, "checkout", "-q", commit)
        (self.tmp_path / "event.json").write_text(json.dumps(event or {}))
        given = {"environment": "dev", "directory": "bots", "allowed-hosts": "127.0.0.1", "digest": ""} | inputs
        values = {f"inputs.{name}": text for name, text in given.items()}
        values |= {"inputs.tool": "acme/retinue", "inputs.tool-ref": "0" * 40, "github.token": TOKEN}
        values |= {"secrets.RETINUE_API_KEY": "" if fork else KEY, "github.repository": "acme/bots"}
        values["github.event.pull_request.head.repo.full_name"] = "mallory/bots" if fork else "acme/bots"
        environment = {"GITHUB_REPOSITORY": "acme/bots", "GITHUB_API_URL": self.api, "GITHUB_SHA": commit}
        environment["GITHUB_EVENT_PATH"] = str(self.tmp_path / "event.json")
        return Runner(with_tool(clone), self.tmp_path / f"temp-{number}", values, environment)

    def plan(self, commit: str, **more: Any) -> tuple[int, Runner]:
        runner = self.runner(commit, event={"pull_request": {"number": 7}}, **more)
        return runner.play("retinue-plan.yml", "plan"), runner

    def apply(self, commit: str, **more: Any) -> tuple[int, Runner]:
        runner = self.runner(commit, **more)
        return runner.play("retinue-apply.yml", "apply"), runner


@pytest.fixture
def repository(world: World, tmp_path: Path) -> Iterator[Repository]:
    fake = GitHubFake()
    with serving(fake) as api:
        yield Repository(world, tmp_path, fake, api)


CHANGE = {"assistants__second_yaml": "assistant: second\nmodel: gpt-4o\n"}


def test_what_was_approved_is_applied_after_the_merge(repository: Repository, world: World) -> None:
    code, planned = repository.plan(repository.pull_request(**CHANGE))
    assert code == 0, planned.log
    (comment,) = repository.fake.rows
    digest = planned.outputs("plan")["digest"]
    assert comment["body"].count(digest) == 2
    assert "**Plan: 2 to create" in comment["body"]
    assert planned.summary.rstrip() in comment["body"]
    ((name, page),) = planned.artifacts.items()
    assert name == "retinue-plan-bots-dev"
    assert page.startswith("<!DOCTYPE html>")
    assert f"[The whole plan, side by side]({ARTIFACT})" in comment["body"]
    assert world.live() == {}
    code, applied = repository.apply(repository.merge())
    assert code == 0, applied.log
    assert "**Applied: 2 created.**" in applied.summary
    assert len(world.live()) == 2


def test_what_was_not_approved_is_refused(repository: Repository, world: World) -> None:
    assert repository.plan(repository.pull_request(**CHANGE))[0] == 0
    commit = repository.merge()
    repository.write("bots/assistants/third.yaml", "assistant: third\nmodel: gpt-4o\n")
    repository.commit("slipped in")
    repository.fake.merged = (
        f"/api/repos/acme/bots/commits/{(later := git(repository.origin, 'rev-parse', 'HEAD'))}/pulls"
    )
    code, runner = repository.apply(later)
    assert (code, world.live()) == (6, {}), runner.log
    assert "not the one that was approved" in runner.log
    repository.fake.merged = f"/api/repos/acme/bots/commits/{commit}/pulls"
    assert repository.apply(commit)[0] == 0


def test_a_world_that_moved_since_the_approval_is_refused_until_it_is_approved_anew(
    repository: Repository, world: World
) -> None:
    base = git(repository.origin, "rev-parse", "main")
    digest = approved(repository, base)
    assert repository.apply(base, digest=digest)[0] == 0
    assert (
        repository.plan(repository.pull_request(assistants__greeter_yaml="assistant: greeter\nmodel: gpt-5\n"))[0] == 0
    )
    (raw,) = world.live().values()
    world.emulator.seed({**raw, "temperature": 0.1})
    commit = repository.merge()
    code, runner = repository.apply(commit)
    assert code == 6, runner.log
    assert world.only()["model"] == "gpt-4o"
    assert repository.apply(commit, digest=approved(repository, commit))[0] == 0
    assert (world.only()["model"], world.only()["temperature"]) == ("gpt-5", 1.0)


def approved(repository: Repository, commit: str) -> str:
    """The digest that a person reads off a plan of a commit."""
    runner = repository.runner(commit)
    assert runner.action({"directory": "bots"}, {"RETINUE_API_KEY": KEY}, "x") == 0, runner.log
    return runner.outputs("x")["digest"]


@pytest.mark.parametrize("digest", ["sha256:abc", "sha256:" + "a" * 64 + "\nx=y", "$(touch pwned)"])
def test_a_digest_that_is_none_is_refused_in_words(repository: Repository, world: World, digest: str) -> None:
    code, runner = repository.apply(git(repository.origin, "rev-parse", "main"), digest=digest)
    assert (code, "::error::the input digest is none" in runner.log) == (3, True)
    assert world.live() == {}


def test_a_pull_request_cannot_choose_where_the_key_goes(repository: Repository) -> None:
    own = (repository.origin / "bots" / "retinue.yaml").read_text()
    stolen = re.sub(r"http://127.0.0.1:\d+", "http://localhost:9", own)
    code, runner = repository.plan(repository.pull_request(retinue_yaml=stolen, **CHANGE))
    assert code == 0, runner.log
    assert "**Plan: 2 to create" in repository.fake.rows[0]["body"]


def test_a_fork_is_validated_without_a_key_and_without_a_comment(repository: Repository) -> None:
    commit = repository.pull_request(**CHANGE)
    code, runner = repository.plan(commit, fork=True)
    assert (code, runner.outputs("plan"), repository.fake.seen) == (0, {}, [])
    git(repository.origin, "checkout", "-q", "change")
    repository.write("bots/assistants/second.yaml", "assistant: second\nmodle: x\n")
    commit = repository.commit("wrong")
    code, runner = repository.plan(commit, fork=True)
    assert (code, "::error file=bots/assistants/second.yaml,line=2," in runner.log) == (3, True)


def test_a_new_project_says_what_to_merge_first(repository: Repository) -> None:
    git(repository.origin, "checkout", "-q", "--orphan", "empty")
    git(repository.origin, "rm", "-rq", "--cached", ".")
    (repository.origin / "README.md").write_text("x")
    git(repository.origin, "add", "README.md")
    git(repository.origin, "commit", "-qm", "empty")
    git(repository.origin, "add", "-A")
    commit = repository.commit("all")
    code, runner = repository.plan(commit)
    assert (code, "the base branch has no retinue.yaml" in runner.log) == (3, True)


def test_the_pull_request_hears_how_the_apply_ended(repository: Repository, world: World) -> None:
    assert repository.plan(repository.pull_request(**CHANGE))[0] == 0
    (comment,) = repository.fake.rows
    plan = comment["body"]
    code, applied = repository.apply(repository.merge())
    assert code == 0, applied.log
    assert comment["body"].startswith(plan.split("\n")[0] + "\n<!-- retinue result -->")
    assert "**Applied: 2 created.**" in comment["body"]
    assert plan.split("\n", 1)[1].strip() in comment["body"]
    assert "Plan: 2 to create" in applied.log


def test_it_hears_of_an_apply_that_was_refused_and_of_a_plan_that_could_not_be_made(
    repository: Repository, world: World
) -> None:
    assert repository.plan(repository.pull_request(**CHANGE))[0] == 0
    commit = repository.merge()
    code, runner = repository.apply(commit, digest="sha256:" + "0" * 64)
    assert (code, "not the one that was approved" in runner.log) == (6, True)
    (comment,) = repository.fake.rows
    assert "Not applied: the plan is stale" in comment["body"]
    runner = repository.runner(commit)
    runner.values["secrets.RETINUE_API_KEY"] = ""
    assert runner.play("retinue-apply.yml", "apply") == 4, runner.log
    assert "Not applied: the key is missing" in comment["body"]
    assert "Not applied: the key is missing" in runner.summary
    assert "stale" not in comment["body"]
    code, runner = repository.apply(commit)
    assert (code, "**Applied: 2 created.**" in comment["body"]) == (0, True), runner.log
    assert len(repository.fake.rows) == 1


def test_where_the_project_cannot_be_read_the_plan_still_says_so(repository: Repository) -> None:
    repository.write("bots/retinue.yaml", "version: 1\n")
    commit = repository.commit("broken")
    runner = repository.runner(commit)
    inputs = {"command": "apply", "environment": "dev", "directory": "bots", "digest": "sha256:" + "0" * 64}
    assert runner.action(inputs, {"RETINUE_API_KEY": KEY}, "x") == 3
    assert "::error file=bots/retinue.yaml" in runner.log


def test_drift_opens_updates_and_closes_one_issue(repository: Repository, world: World) -> None:
    base = git(repository.origin, "rev-parse", "main")
    assert repository.apply(base, digest=approved(repository, base))[0] == 0
    (raw,) = world.live().values()

    def night() -> list[tuple[str, str]]:
        runner = repository.runner(base)
        assert runner.play("retinue-drift.yml", "drift") == 0, runner.log
        return [(issue["title"], issue["state"]) for issue in repository.fake.issues]

    assert night() == []
    world.emulator.seed({**raw, "model": "another"})
    assert night() == [("retinue: drift in dev", "open")]
    assert "gpt-4o → another" in repository.fake.issues[0]["body"]
    world.emulator.seed(raw)
    assert night() == [("retinue: drift in dev", "closed")]


# --- what holds for every workflow


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_a_reusable_workflow_grants_little_and_trusts_nobody(path: Path) -> None:
    text = path.read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    assert list(workflow[True]) == ["workflow_call"]
    assert "pull_request_target" not in text
    for job in workflow["jobs"].values():
        assert job["permissions"]["contents"] == "read"
        assert "write" not in {
            value for key, value in job["permissions"].items() if key not in ("pull-requests", "issues")
        }
        assert job["concurrency"]["group"]
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_workflow_names_what_it_uses_by_commit(path: Path) -> None:
    used = re.findall(r"^ *-? *uses: (\S+)(.*)$", path.read_text(), re.MULTILINE)
    assert used
    for name, note in used:
        assert name.startswith("./") or (re.search("@[0-9a-f]{40}$", name) and note.startswith(" # v")), name


def test_every_script_of_the_action_is_used() -> None:
    used = "".join(path.read_text() for path in [*OURS, *ACTION.iterdir()])
    assert [path.name for path in ACTION.iterdir() if path.name != "action.yml" and path.name not in used] == []
