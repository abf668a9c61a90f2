"""Two applies of one project at once, as processes: at the end one object for each address, whoever came first."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..cli.conftest import opened
from .conftest import FULL

COUNT = 20


@pytest.mark.parametrize("offset", [number * 0.05 for number in range(20)] if FULL else [0.0, 0.1, 0.3])
def test_two_applies_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offset: float) -> None:
    with opened(tmp_path / "demo", monkeypatch) as world:
        world.project()
        for number in range(COUNT):
            world.assistant(f"a{number:02}")
        world.emulator.latency = 0.02
        runs = []
        for pause in (offset, 0.0):
            words = [sys.executable, "-m", "retinue", "apply", "--auto-approve", "--format", "json"]
            runs.append(subprocess.Popen(words, cwd=world.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
            time.sleep(pause)
        said = [run.communicate(timeout=60) for run in runs]
        assert sorted(run.returncode for run in runs) in ([0, 0], [0, 6]), said
        addresses = [item["metadata"]["retinue.address"] for item in world.live().values()]
        assert len(addresses) == len(set(addresses)) == COUNT
        world.settled()


def test_two_reconciles_of_one_approved_plan_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path / "demo", monkeypatch) as world:
        world.project()
        for number in range(COUNT):
            world.assistant(f"a{number:02}")
        planned = world.run("plan", "--format", "json")
        world.write("approved.txt", json.loads(planned.out)["digest"] + "\n")
        world.emulator.latency = 0.02
        words = [sys.executable, "-m", "retinue", "reconcile", "--once", "--mode", "approved"]
        words += ["--approved", "approved.txt", "--format", "json"]
        runs = [subprocess.Popen(words, cwd=world.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in "ab"]
        said = [run.communicate(timeout=60) for run in runs]
        assert sorted(run.returncode for run in runs) in ([0, 0], [0, 6]), said
        assert len(world.live()) == COUNT
        world.settled()
