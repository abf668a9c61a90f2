"""What the tests against real servers share: a project folder, the conformance suite, and an apply that is killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


@dataclass
class Project:
    """A folder in which commands are run. `environment`: what its one environment `dev` says; `key`: never shown."""

    root: Path
    environment: str
    key: str | None

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def project(self, extra: str = "") -> None:
        head = f"version: 1\nproject: live\nmanifests: [assistants]\n{extra}"
        self.write("retinue.yaml", f"{head}environments:\n  dev: {{{self.environment}}}\n")

    def assistant(self, name: str, text: str = "") -> None:
        self.write(f"assistants/{name}.yaml", f"assistant: {name}\nname: {name.title()}\nmodel: gpt-4o\n{text}")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "retinue", *arguments]

    def retinue(self, *arguments: str, code: int = 0) -> str:
        """What a command says."""
        ran = subprocess.run(self.command(*arguments), cwd=self.root, capture_output=True, text=True, timeout=300)
        said = ran.stdout + ran.stderr
        assert ran.returncode == code, said
        assert self.key is None or self.key not in said
        return said

    def apply_60_and_kill(self, count: Callable[[], int], after: int, *options: str) -> None:
        """Write 60 manifests and kill an apply of them once `count` tells of `after` objects."""
        for number in range(60):
            self.assistant(f"bot-{number:02}", f"instructions: Number {number}.\n")
        command = self.command("apply", "--auto-approve", *options)
        process = subprocess.Popen(command, cwd=self.root, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while count() < after and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        assert 0 < count() < 60


def conformance(folder: Path, entry_points: str, chosen: str) -> int:
    """How many cases of the conformance suite passed for subjects that are declared as an outside package does it."""
    info = folder / "retinue_live-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: retinue-live\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[retinue.conformance]\n{entry_points}", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(folder), str(REPOSITORY)))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/conformance", "-k", chosen]
    ran = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=1500)
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert ran.returncode == 0 and passed, ran.stdout[-5000:] + ran.stderr
    return int(passed[1])
