"""The composite action in a faked runner: outputs, summary, annotations, and what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from ..cli.conftest import KEY, World
from .runner import ACTION, ROOT, Runner


@pytest.fixture
def runner(world: World, tmp_path: Path) -> Runner:
    world.project()
    world.assistant("greeter")
    return Runner(world.root, tmp_path / "temp", {}, {"DEMO_KEY": KEY})


def test_a_plan_has_outputs_a_summary_and_a_file(runner: Runner, world: World) -> None:
    assert runner.action({"command": "plan", "environment": "dev"}, {}, "x") == 0, runner.log
    found = runner.outputs("x")
    plan = json.loads(Path(found["plan"]).read_text())
    assert found["has_changes"] == "true"
    assert found["has_deletes"] == "false"
    assert json.loads(found["counts"]) == plan["summary"]
    assert found["digest"] == plan["digest"]
    assert runner.summary.startswith("### retinue: `demo` / `dev`\n\n**Plan: 1 to create")
    assert world.live() == {}


def test_a_saved_plan_and_an_approved_digest_are_applied(runner: Runner, world: World) -> None:
    assert runner.action({"command": "plan"}, {}, "x") == 0
    found = runner.outputs("x")
    assert runner.action({"command": "apply", "plan": found["plan"]}, {}) == 0, runner.log
    assert len(world.live()) == 1
    world.assistant("second")
    assert runner.action({"command": "plan"}, {}, "y") == 0
    digest = runner.outputs("y")["digest"]
    assert runner.action({"command": "apply", "digest": found["digest"]}, {}) == 6
    assert len(world.live()) == 1
    assert runner.action({"command": "apply", "digest": digest}, {}) == 0
    assert "**Applied: 1 created.**" in runner.summary
    world.settled()


def test_nothing_is_applied_without_an_approval(runner: Runner, world: World) -> None:
    assert runner.action({"command": "apply"}, {}) == 3
    assert "::error::apply needs an approved plan" in runner.log
    assert world.live() == {}


def test_deletes_are_an_output(runner: Runner, world: World) -> None:
    world.assistant("second")
    world.apply()
    world.remove("assistants/second.yaml")
    assert runner.action({"command": "plan"}, {}, "x") == 0
    assert runner.outputs("x")["has_deletes"] == "true"


def test_problems_are_annotations_and_the_exit_code_stays(runner: Runner, world: World) -> None:
    world.assistant("greeter", "temprature: 1\n")
    for command in ("validate", "plan"):
        runner.log = ""
        assert runner.action({"command": command}, {}) == 3
        assert "::error file=assistants/greeter.yaml,line=3,col=1," in runner.log
    assert runner.action({"command": "plan"}, {"DEMO_KEY": ""}) in (3, 4)


def test_drift_says_whether_something_moved(runner: Runner, world: World) -> None:
    world.apply()
    assert runner.action({"command": "drift"}, {}, "x") == 0, runner.log
    assert runner.outputs("x")["has_changes"] == "false"
    (raw,) = world.live().values()
    world.emulator.seed({**raw, "model": "another"})
    assert runner.action({"command": "drift"}, {}, "y") == 0
    assert runner.outputs("y")["has_changes"] == "true"
    assert "model" in runner.summary


@pytest.mark.parametrize("text", ["$(touch pwned); touch pwned `touch pwned` * *", "x\ny"])
@pytest.mark.parametrize("name", ["command", "environment", "directory", "project-file", "plan", "digest"])
def test_no_input_is_read_as_shell(runner: Runner, world: World, name: str, text: str) -> None:
    inputs = {"command": "apply" if name in ("plan", "digest") else "plan"} | {name: text}
    assert runner.action(inputs, {}) != 0
    assert not list(world.root.rglob("pwned*"))
    assert world.live() == {}


@pytest.fixture
def asked(runner: Runner, tmp_path: Path) -> Path:
    """What Python is asked to do while the action installs, a line each, and the names of the variables it sees."""
    fake, asked = runner.temp / "bin" / "python3", tmp_path / "asked"
    fake.write_text(
        f'#!/bin/sh\necho "$@" >>"{asked}"\nenv | cut -d= -f1 | sort | xargs >>"{asked}.env"\n'
        '[ "$3" != venv ] || { mkdir -p "$5/bin"; cp "$0" "$5/bin/python"; }\n'
    )
    (runner.temp / "retinue-venv" / "made-from").unlink()
    return asked


def install(runner: Runner, action: str = str(ACTION)) -> int:
    return runner.script(f'"{ACTION}/install.sh"', {"GITHUB_ACTION_PATH": action}, None, ["bash"])


def test_the_action_installs_its_own_commit_once(runner: Runner, asked: Path) -> None:
    """Whatever else is called retinue on the PATH."""
    for _ in range(2):
        assert install(runner) == 0, runner.log
        assert (runner.temp / "github_path").read_text() == f"{runner.temp}/retinue-venv/bin\n"
    lines = asked.read_text().splitlines()
    assert [line.split()[2] for line in lines] == ["venv", "pip", "pip"]
    assert "--require-hashes --only-binary :all: " in lines[1]
    assert "--no-index --no-deps --no-build-isolation " in lines[2]
    assert lines[2].endswith(f" {ACTION}/../../..")
    # Without -I Python takes `venv`, `pip` and whatever they import from the pull request's own files.
    assert {line.split()[0] for line in lines} == {"-I"}
    assert install(runner, "/another/commit") == 0
    assert asked.read_text().splitlines()[-1].endswith(" /another/commit/../../..")


def test_what_the_action_installs_sees_no_key(runner: Runner, asked: Path) -> None:
    runner.environment |= {"PIP_INDEX_URL": "https://index.example.com", "RETINUE_API_KEY": KEY, "GITHUB_TOKEN": "t"}
    assert install(runner) == 0, runner.log
    seen = Path(f"{asked}.env").read_text().splitlines()
    assert len(seen) == 3
    assert all({"PATH", "HOME", "PIP_INDEX_URL"} <= set(line.split()) for line in seen)
    assert not [line for line in seen if re.search("KEY|TOKEN", line)]


def test_no_script_runs_python_where_a_pull_request_could_put_modules() -> None:
    texts = [path.read_text() for path in (*ACTION.glob("*.sh"), *ACTION.glob("*.yml"), *ROOT.glob("ci/*.yml"))]
    calls = [line for text in texts for line in text.splitlines() if re.search(r"\bpython3?\"? -", line)]
    assert calls
    assert [line for line in calls if not re.search(r"\bpython3?\"? -I ", line)] == []


def test_python_that_lies_in_the_project_is_not_run(runner: Runner, world: World) -> None:
    for name in ("json", "re", "typing", "retinue", "yaml"):
        world.write(f"{name}.py", "open('pwned', 'w').close()\n")
    assert runner.action({"command": "plan"}, {}, "x") == 0, runner.log
    assert not list(world.root.rglob("pwned"))


@pytest.mark.parametrize("script", sorted(path.name for path in ACTION.glob("*.sh")))
def test_every_script_is_shell_that_bash_reads(script: str) -> None:
    assert subprocess.run(["bash", "-n", str(ACTION / script)]).returncode == 0
    assert (ACTION / script).stat().st_mode & 0o111
