"""Runs as processes of their own: killed, interrupted, without disk space, in a read-only folder; then a plain apply.

RETINUE_CHAOS=full runs all forty seeds, and kills at each request before and after the deed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from ..cli.conftest import KEY, World
from . import invariants
from .conftest import FULL
from .harness import Mishap, undisturbed
from .project import APPLY, Site, complaints, everything, opened

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals and limits")

REQUESTS = len(undisturbed()[1])
KILL, INT, TERM = signal.SIGKILL, signal.SIGINT, signal.SIGTERM
SEEDS = range(40 if FULL else 6)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with opened() as found:
        yield found


@pytest.fixture
def world(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return site.fresh(tmp_path / "demo", monkeypatch)


@dataclass(frozen=True)
class Shot:
    """Which signal, at which request, before or after its deed, and after how many seconds."""

    number: signal.Signals
    at: int
    after: bool
    delay: float = 0.0
    parallelism: int = 1

    @classmethod
    def seeded(cls, seed: int) -> Shot:
        dice = random.Random(seed)
        at, delay = dice.randrange(REQUESTS), dice.choice((0.0, dice.uniform(0, 0.03)))
        return cls((KILL, INT, TERM)[seed % 3], at, dice.random() < 0.5, delay, dice.choice((1, 4)))


@dataclass(frozen=True)
class Ended:
    """How a process ended. `done` are the steps that its JSON calls done."""

    code: int
    out: str
    err: str


def start(
    world: World, *arguments: str, under: Sequence[str] = (), stdout: int | IO[str] = subprocess.PIPE
) -> subprocess.Popen[str]:
    """An apply as a process of its own; `under` is a command that runs another one."""
    command = [*under, sys.executable, "-m", "retinue", *APPLY, *arguments]
    return subprocess.Popen(
        command, cwd=world.root, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=60)
    return Ended(process.returncode, out or "", err or "")


def shot(site: Site, world: World, shot: Shot) -> Ended:
    """A run that a signal meets; when this returns, whatever it had sent is through."""
    running: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def fire() -> None:
        started.wait(10)
        running[0].send_signal(shot.number)

    def act() -> None:
        if shot.delay:
            threading.Timer(shot.delay, fire).start()
            return
        fire()
        if shot.number is KILL and not shot.after:
            raise ConnectionResetError("the client is dead")

    site.wire.begin(Mishap("shot", act=act, after=shot.after), shot.at)
    site.wire.latency = 0.005
    running.append(start(world, "--parallelism", str(shot.parallelism), "-v"))
    started.set()
    found = ended(running[0])
    site.settle()
    site.wire.latency = 0.0
    site.wire.begin()
    return found


def judged(world: World, found: Ended, number: signal.Signals) -> list[str]:
    """What is wrong with how a process ended, and after a plain apply."""
    codes = {KILL: (-KILL,), INT: (130,), TERM: (143,)}[number]
    ours = found.code != -KILL
    return invariants.together(
        # A signal that comes with the last answers changes nothing any more.
        [] if found.code in (*codes, 0) else [f"it ended in {found.code}: {found.out}{found.err}"],
        invariants.code_agrees(found.code, found.out) if ours else [],
        ["a traceback"] if "Traceback" in found.err else [],
        invariants.no_secret(KEY, {"stdout": found.out, "stderr": found.err, **everything(world)}),
        complaints(world),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_that_a_signal_meets(seed: int, site: Site, world: World) -> None:
    aimed = Shot.seeded(seed)
    assert judged(world, shot(site, world, aimed), aimed.number) == [], aimed


@pytest.mark.chaos_full
@pytest.mark.parametrize("number", [KILL, INT, TERM])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(REQUESTS))
def test_a_signal_at_every_boundary(number: signal.Signals, after: bool, at: int, site: Site, world: World) -> None:
    assert judged(world, shot(site, world, Shot(number, at, after)), number) == []


def test_an_interrupted_look_at_the_service_still_ends_in_json(site: Site, world: World) -> None:
    found = shot(site, world, Shot(INT, 0, after=False))
    assert (found.code, judged(world, found, INT)) == (130, [])


# --- disks and folders


NO_SPACE = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh")
"""As on a full disk: files can be made, but hold nothing."""
LITTLE_SPACE = ("sh", "-c", 'ulimit -f 1; exec "$@"', "sh")


def test_on_a_full_disk_nothing_is_changed_without_its_backup(world: World) -> None:
    before = world.live()
    found = ended(start(world, "--backup", "saved", under=NO_SPACE))
    result = json.loads(found.out)
    assert (found.code, invariants.code_agrees(found.code, found.out)) == (8, [])
    assert {item["action"] for item in result["results"] if item["status"] == "done"} == {"create"}
    assert {key: raw for key, raw in world.live().items() if key in before} == before
    assert complaints(world) == []


def test_on_a_full_disk_an_apply_without_backup_needs_none(world: World) -> None:
    found = ended(start(world, under=NO_SPACE))
    assert (found.code, invariants.code_agrees(found.code, found.out)) == (0, [])
    assert complaints(world) == []


def test_a_plan_that_did_not_fit_on_the_disk_is_an_error_and_no_plan(world: World) -> None:
    command = [*LITTLE_SPACE, sys.executable, "-m", "retinue", "plan", "--format", "json", "--out", "plan.json"]
    planned = subprocess.run(command, cwd=world.root, capture_output=True, text=True)
    assert (planned.returncode, "cannot be written" in planned.stderr) == (3, True)
    world.emulator.requests.clear()
    assert world.run("apply", "plan.json", "--auto-approve").code == 3
    assert world.emulator.writes() == []
    assert complaints(world) == []


def test_a_result_that_nobody_can_write_down_is_an_error(world: World) -> None:
    with Path("/dev/full").open("w") as full:
        found = ended(start(world, stdout=full))
    assert (found.code, found.err.splitlines()[0]) == (
        1,
        "Error: the result cannot be written: No space left on device",
    )
    assert complaints(world) == []


_HUMBLE = """
import ctypes, os, sys
for capability in (1, 2):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
HUMBLE = () if os.geteuid() else (sys.executable, "-c", _HUMBLE)
"""Root writes where the mode forbids it, unless it gives up CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH for good."""


@pytest.fixture
def sealed(world: World) -> Iterator[World]:
    """A project in a folder that may only be read."""
    paths = [world.root, *world.root.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    probe = [*HUMBLE, "/bin/sh", "-c", "! echo > probe"]
    if subprocess.run(probe, cwd=world.root, capture_output=True).returncode:
        pytest.skip("nothing is read-only for this user")
    yield world
    for path in paths:
        path.chmod(0o755)


def test_in_a_read_only_folder_everything_goes_on(sealed: World) -> None:
    found = ended(start(sealed, under=HUMBLE))
    assert (found.code, found.err) == (0, "")
    assert complaints(sealed) == []


def test_in_a_read_only_folder_nothing_is_changed_without_its_backup(sealed: World) -> None:
    before = sealed.live()
    found = ended(start(sealed, "--backup", "saved", under=HUMBLE))
    assert (found.code, invariants.code_agrees(found.code, found.out)) == (8, [])
    assert {key: raw for key, raw in sealed.live().items() if key in before} == before
    assert complaints(sealed) == []
