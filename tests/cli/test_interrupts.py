"""A run that is stopped or killed ends in order, and a plain apply afterwards ends in the undisturbed world."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from .conftest import World

COUNT = 40


@pytest.fixture
def slow(world: World) -> World:
    world.project()
    for number in range(COUNT):
        world.assistant(f"a{number:02}")
    world.emulator.latency = 0.03
    return world


def start(world: World) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "retinue", "apply", "--auto-approve", "--format", "json", "--parallelism", "4"]
    return subprocess.Popen(
        command, cwd=world.root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_creates(world: World, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(world.emulator.writes()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_finishes_what_is_in_flight_and_lists_the_rest(
    slow: World, number: signal.Signals, code: int
) -> None:
    process = start(slow)
    wait_for_creates(slow, 5)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    result = json.loads(out)
    assert (process.returncode, result["exit_code"]) == (code, code)
    done = [item for item in result["results"] if item["status"] == "done"]
    rest = [item for item in result["results"] if item["status"] == "not-started"]
    assert len(done) == len(slow.live())
    assert len(done) + len(rest) == COUNT
    assert rest
    assert "Traceback" not in err
    slow.emulator.latency = 0
    slow.apply()
    assert len(slow.live()) == COUNT


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_run_leaves_nothing_double(slow: World) -> None:
    process = start(slow)
    wait_for_creates(slow, 7)
    process.kill()
    process.communicate(timeout=30)
    time.sleep(0.3)
    slow.emulator.latency = 0
    slow.apply()
    addresses = [item["metadata"]["retinue.address"] for item in slow.live().values()]
    assert len(addresses) == len(set(addresses)) == COUNT


def test_fail_fast_starts_nothing_after_the_first_failure(world: World) -> None:
    from retinue_emulator.faults import Fault

    world.project()
    for number in range(6):
        world.assistant(f"a{number}")
    world.emulator.faults.on("POST /v1/assistants$", Fault("status", 400))
    ran = world.run("apply", "--auto-approve", "--fail-fast", "--parallelism", "1")
    assert ran.code == 1
    assert world.live() == {}
    assert "not started: create Assistant/a5" in ran.out


def test_backup_keeps_what_is_changed_or_deleted(world: World) -> None:
    world.project()
    for name in ("ant", "bee", "cow", "dog"):
        world.assistant(name, "temperature: 0.2\n")
    world.apply()
    before = world.live()
    world.assistant("ant", "temperature: 0.9\n")
    world.remove("assistants/bee.yaml")
    assert world.run("apply", "--auto-approve", "--backup", "saved").code == 0
    saved = {path.stem: json.loads(path.read_text()) for path in (world.root / "saved").iterdir()}
    changed = [key for key, item in before.items() if item["metadata"]["retinue.address"][-3:] in ("ant", "bee")]
    assert saved == {key: before[key] for key in changed}


@pytest.mark.parametrize("way", ["update", "delete", "forget", "move", "adopt"])
def test_nothing_is_changed_or_taken_away_whose_backup_cannot_be_written(world: World, way: str) -> None:
    world.project()
    for name in ("ant", "bee", "cow", "dog"):
        world.assistant(name)
    world.apply()
    world.emulator.seed({"id": "asst_theirs", "object": "assistant", "model": "gpt-4o"})
    if way == "update":
        world.assistant("ant", "temperature: 0.9\n")
    elif way == "adopt":
        world.assistant("eel", "retinue: {adopt: asst_theirs}\n")
    else:
        world.remove("assistants/ant.yaml")
    if way == "move":
        world.assistant("eel", "retinue: {moved_from: ant}\n")
    if way == "forget":
        world.project("removed: [{address: Assistant/ant, forget: true}]\n")
    before = world.live()
    world.write("saved", "A file where the folder of backups should be.\n")
    ran = world.run("apply", "--auto-approve", "--backup", "saved")
    assert ran.code != 0
    assert f"failed: {way} Assistant/" in ran.out
    assert world.live() == before


def test_an_unwritable_plan_file_is_an_error_with_a_remedy(world: World) -> None:
    world.project()
    world.assistant("ant")
    ran = world.run("plan", "--out", "/dev/null/plan.json")
    assert ran.code == 3
    assert "cannot be written" in ran.err
