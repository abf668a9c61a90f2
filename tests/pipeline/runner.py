"""A small GitHub runner: plays the steps of a job or of the composite action as written, with faked surroundings.

It knows what our files use: `run`, `env`, `id`, `if` on one known condition, our own action, and `${{ }}` of inputs,
secrets, github and outputs of earlier steps. Anything else is an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "retinue"
TOOL = "./.retinue-tool/.github/actions/retinue"
ARTIFACT = "https://github.com/o/r/actions/runs/1/artifacts/2"
ALWAYS = "always() && "
SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"


@dataclass
class Runner:
    """One job's machine. `values`: what expressions stand for; `log`: what the steps printed."""

    retinue: ClassVar[str] = f'"{sys.executable}" -m retinue'
    """As the shell calls it; the tests of this folder have one that starts quickly."""

    workspace: Path
    temp: Path
    values: dict[str, str]
    environment: dict[str, str]
    log: str = ""
    summary: str = ""
    ran: list[str] = field(default_factory=list)
    artifacts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.temp.mkdir(exist_ok=True)
        binaries = self.temp / "bin"
        binaries.mkdir(exist_ok=True)
        for name, words in {"retinue": self.retinue, "python3": f'"{sys.executable}"'}.items():
            (binaries / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
            (binaries / name).chmod(0o755)
        # As an earlier step of the job has left it.
        (self.temp / "retinue-venv").mkdir(exist_ok=True)
        (self.temp / "retinue-venv" / "made-from").write_text(str(ACTION))
        self.path = f"{binaries}:{os.environ['PATH']}"

    def play(self, workflow: str, job: str) -> int:
        """The code of the last step that fails, or 0; after a failure only those go on that always do."""
        steps = yaml.safe_load((ROOT / ".github" / "workflows" / workflow).read_text())["jobs"][job]["steps"]
        failed = 0
        for step in steps:
            condition = step.get("if", "")
            if (failed and not condition.startswith(ALWAYS)) or (condition and not self._holds(condition)):
                continue
            failed = self._step(step) or failed
        return failed

    def _step(self, step: dict[str, Any]) -> int:
        unknown = step.keys() - {"uses", "with", "run", "env", "id", "if"}
        assert not unknown, unknown
        environment = self._filled(step.get("env", {}))
        uses = step.get("uses", "")
        if uses.startswith("actions/checkout@"):
            return 0
        if uses.startswith("actions/upload-artifact@"):
            given = self._filled(step["with"])
            self.artifacts[given["name"]] = Path(given["path"]).read_text(encoding="utf-8")
            self.values[f"steps.{step['id']}.outputs.artifact-url"] = ARTIFACT
            return 0
        if uses:
            assert uses == TOOL, uses
            return self.action(self._filled(step.get("with", {})), environment, step.get("id"))
        return self.script(step["run"], environment, step.get("id"), ["bash", "-e"])

    def action(self, inputs: dict[str, str], environment: dict[str, str], key: str | None = None) -> int:
        """Our composite action, by its own action.yml."""
        spec = yaml.safe_load((ACTION / "action.yml").read_text())
        assert inputs.keys() <= spec["inputs"].keys()
        given = {name: str(item.get("default", "")) for name, item in spec["inputs"].items()} | inputs
        inner = Runner(self.workspace, self.temp, {f"inputs.{name}": text for name, text in given.items()}, {})
        outer = {**self.environment, **environment, "GITHUB_ACTION_PATH": str(ACTION)}
        code = 0
        for step in spec["runs"]["steps"]:
            assert step["shell"] == "bash"
            shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
            code = code or inner.script(
                step["run"], {**outer, **inner._filled(step.get("env", {}))}, step.get("id"), shell
            )
        self.log, self.summary = self.log + inner.log, self.summary + inner.summary
        for name, item in spec["outputs"].items():
            self.values[f"steps.{key}.outputs.{name}"] = inner.filled(item["value"])
        return code

    def script(self, text: str, environment: dict[str, str], key: str | None, shell: list[str]) -> int:
        assert "${{" not in text, "an expression in a shell script can be anybody's text"
        files = {name: self.temp / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for path in files.values():
            path.write_text("")
        clean = {"PATH": self.path, "HOME": str(self.temp), "CI": "true", "GITHUB_ACTIONS": "true"}
        clean |= {"RUNNER_TEMP": str(self.temp), "GITHUB_WORKSPACE": str(self.workspace)}
        clean |= {name: str(path) for name, path in files.items()}
        script = self.temp / "step.sh"
        script.write_text(text)
        done = subprocess.run(
            [*shell, str(script)],
            cwd=self.workspace,
            env=clean | self.environment | environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        self.ran.append(text)
        self.log += done.stdout + done.stderr
        self.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        for line in files["GITHUB_OUTPUT"].read_text().splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{key}.outputs.{name}"] = value
        return done.returncode

    def outputs(self, key: str) -> dict[str, str]:
        prefix = f"steps.{key}.outputs."
        return {name.removeprefix(prefix): text for name, text in self.values.items() if name.startswith(prefix)}

    def _holds(self, condition: str) -> bool:
        if condition.startswith(ALWAYS):
            return bool(self.values.get(condition.removeprefix(ALWAYS), ""))
        assert condition == SAME_REPOSITORY, condition
        return self.values["github.event.pull_request.head.repo.full_name"] == self.values["github.repository"]

    def _filled(self, texts: dict[str, Any]) -> dict[str, str]:
        return {name: self.filled(str(text)) for name, text in texts.items()}

    def filled(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            name = found[1]
            return self.values.get(name, "") if name.startswith("steps.") else self.values[name]

        return re.sub(r"\$\{\{ (.*?) \}\}", value, text)


def git(folder: Path, *arguments: str) -> str:
    """Run git with an identity of its own and no settings of this machine."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "t", f"GIT_{role}_EMAIL": "t@example.com"}
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def with_tool(workspace: Path) -> Path:
    """The checkout of retinue beside the project's, as the workflows make it."""
    target = workspace / ".retinue-tool" / ".github" / "actions"
    target.mkdir(parents=True)
    shutil.copytree(ACTION, target / "retinue")
    return workspace
