"""Signals to a run as a process: the first ends every wait, the second ends it at once, and each step has its word."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from retinue_emulator.faults import Fault

from ..cli.conftest import World, opened

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
COUNT = 200
SOON = 2.0
"""Seconds, on a busy machine."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    over = threading.Event()
    with opened(tmp_path / "demo", monkeypatch, sleep=over.wait) as world:
        world.project()
        for number in range(COUNT):
            world.assistant(f"a{number:03}")
        try:
            yield world
        finally:
            over.set()  # no request hangs longer than its test


def start(site: World, *command: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "retinue", *command, "--format", "json"]
    return subprocess.Popen(
        words, cwd=site.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def ended(process: subprocess.Popen[str], code: int) -> dict[str, Any]:
    """The JSON of a process that must end soon with this code and no traceback."""
    before = time.monotonic()
    out, err = process.communicate(timeout=60)
    took = time.monotonic() - before
    assert (process.returncode, "Traceback" in err) == (code, False), err
    assert took < SOON
    value: dict[str, Any] = json.loads(out)
    return value


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_the_second_signal_ends_a_run_whose_requests_hang(site: World, number: signal.Signals, code: int) -> None:
    site.emulator.faults.on("POST", Fault("slow", seconds=60), times=4, after=20)
    process = start(site, "apply", "--auto-approve", "--parallelism", "4")
    until(lambda: len(site.emulator.writes()) >= 20)
    time.sleep(0.5)  # a request is on record once it is answered
    process.send_signal(number)
    time.sleep(0.3)
    process.send_signal(number)
    statuses = Counter(item["status"] for item in ended(process, code)["results"])
    assert statuses == {"done": 20, "unknown": 4, "not-started": COUNT - 24}


def test_a_signal_to_a_scheduled_run_finishes_what_is_in_flight(site: World) -> None:
    planned = site.run("plan", "--format", "json")
    site.write("approved.txt", json.loads(planned.out)["digest"] + "\n")
    site.emulator.latency = 0.05
    process = start(site, "reconcile", "--once", "--mode", "approved", "--approved", "approved.txt")
    until(lambda: len(site.emulator.writes()) >= 20)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (143, False), err
    statuses = Counter(item["status"] for item in json.loads(out)["results"])
    assert statuses.keys() == {"done", "not-started"}
    assert statuses["done"] == len(site.live())


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_the_first_signal_ends_a_long_wait(site: World, number: signal.Signals, code: int) -> None:
    site.emulator.faults.on("POST", Fault("status", 429, retry_after="300"), times=None, after=20)
    process = start(site, "apply", "--auto-approve", "--parallelism", "4")
    until(lambda: len(site.emulator.writes()) >= 21)
    time.sleep(0.3)
    process.send_signal(number)
    statuses = Counter(item["status"] for item in ended(process, code)["results"])
    assert statuses["done"] == 20
    assert statuses["not-started"] >= COUNT - 24
    assert sum(statuses.values()) == COUNT


@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--auto-approve")], ids=" ".join)
def test_a_signal_while_planning_is_one_json_value(
    site: World, number: signal.Signals, code: int, command: tuple[str, ...]
) -> None:
    site.emulator.faults.on("GET", Fault("slow", seconds=60))
    process = start(site, *command)
    time.sleep(1.5)  # a request is on record once it is answered
    process.send_signal(number)
    assert ended(process, code)["exit_code"] == code
