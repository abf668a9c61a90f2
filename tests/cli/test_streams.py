"""A stream that is closed, full or read by nobody: no traceback, no 70, and the exit code says what is true."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from retinue.schema.bundle import output_schemas

from .conftest import World

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a shell and /dev/full")
CLOSED, LOST = "Bad file descriptor", "Error: the result cannot be written: "
VERDICT = {
    "--version": 0,
    "--help": 0,
    "plan --help": 0,
    "validate": 0,
    "plan --format json": 0,
    "output": 0,
    "schema": 0,
    "nonsense": 3,
    "plan --env": 3,
    "plan -C nowhere --format json": 3,
}
"""Commands by the code they end in where everything is open."""


@pytest.fixture
def site(world: World) -> World:
    world.project()
    world.assistant("ant")
    return world


def shell(world: World, command: str, redirected: str) -> subprocess.CompletedProcess[str]:
    line = f'set -o pipefail; "{sys.executable}" -m retinue {command} {redirected}'
    ran = subprocess.run(["bash", "-c", line], cwd=world.root, capture_output=True, text=True)
    assert not [word for word in ("Traceback", "Exception", "bug in retinue") if word in ran.stderr], ran.stderr
    return ran


@pytest.mark.parametrize(
    ("command", "redirected"),
    [*((command, ">&-") for command in VERDICT)]
    + [
        (command, redirected)
        for command in ("--help", "plan --format json")
        for redirected in (">/dev/full", "| head -0")
    ],
)
def test_a_result_that_cannot_be_written_is_an_error_that_says_so(site: World, command: str, redirected: str) -> None:
    ran = shell(site, command, redirected)
    assert ran.returncode == (VERDICT[command] or 1)
    assert (LOST in ran.stderr) == (VERDICT[command] == 0 or "json" in command)


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full", "2>&- <&-"])
@pytest.mark.parametrize("command", ["validate", "plan -C nowhere --format json"])
def test_a_broken_stderr_changes_nothing(site: World, command: str, redirected: str) -> None:
    ran = shell(site, command, redirected)
    assert (ran.returncode, ran.stdout) == (VERDICT[command], shell(site, command, "").stdout)


@pytest.mark.parametrize("redirected", [">&- 2>&- <&-", ">/dev/full 2>&1", "2>&1 | head -0"])
@pytest.mark.parametrize("command", ["--version", "nonsense"])
def test_with_neither_the_exit_code_is_left(site: World, command: str, redirected: str) -> None:
    ran = shell(site, command, redirected)
    assert (ran.returncode, ran.stdout, ran.stderr) == (VERDICT[command] or 1, "", "")


@pytest.mark.parametrize("form", ["json", "markdown"])
def test_an_apply_that_cannot_say_what_it_did_on_stdout_says_it_on_stderr(site: World, form: str) -> None:
    ran = shell(site, f"apply --auto-approve --format {form}", ">&-")
    assert (ran.returncode, f"{LOST}{CLOSED}\n" in ran.stderr) == (1, True)
    assert ran.stderr.index("Applied: 1 created.") > ran.stderr.index(LOST)
    site.settled()


def test_an_apply_whose_plan_cannot_be_shown_writes_nothing(site: World) -> None:
    ran = shell(site, "apply --auto-approve", ">/dev/full")
    assert (ran.returncode, site.writes()) == (1, 0)


def test_an_apply_in_part_stays_8(site: World) -> None:
    from retinue_emulator.faults import Fault

    site.assistant("bee")
    site.emulator.faults.on("POST /v1/assistants$", Fault("status", 400), after=1)
    ran = shell(site, "apply --auto-approve --format json --parallelism 1", ">/dev/full")
    assert ran.returncode == 8
    assert "failed: create Assistant/bee" in ran.stderr
    assert "Applied: 1 created, 1 failed." in ran.stderr.replace(";", ",")
    site.apply()


def test_a_blocked_apply_stays_5(site: World) -> None:
    for name in ("bee", "cow", "dog"):
        site.assistant(name)
    site.apply()
    for name in ("bee", "cow", "dog"):
        site.remove(f"assistants/{name}.yaml")
    ran = shell(site, "apply --auto-approve --format json", ">/dev/full")
    assert (ran.returncode, "blocked, so nothing was applied" in ran.stderr) == (5, True)


def test_a_file_does_not_take_the_place_of_a_closed_stdout(site: World) -> None:
    """The first file that is opened would otherwise get its number, and the result would be written into it."""
    ran = shell(site, "plan --out plan.json", ">&-")
    assert ran.returncode == 1
    assert json.loads((site.root / "plan.json").read_text())["outcome"] == "changes"


def test_an_input_that_cannot_be_read_is_an_error(site: World) -> None:
    ran = shell(site, "init -C new --from -", "0>out")
    assert (ran.returncode, ran.stderr.splitlines()[-2]) == (3, f"Error: standard input cannot be read: {CLOSED}")


def test_a_pipe_that_somebody_made_non_blocking_is_waited_for(site: World) -> None:
    for number in range(60):
        site.assistant(f"a{number:02}", f"instructions: {'x' * 4000}\n")
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    command = [sys.executable, "-m", "retinue", "plan", "--format", "json"]
    process = subprocess.Popen(command, cwd=site.root, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    time.sleep(1.5)
    with os.fdopen(reading) as pipe:
        assert len(json.loads(pipe.read())["changes"]) == 61
    assert (process.communicate()[1], process.returncode) == ("", 0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_before_anything_is_loaded_is_one_json_value(site: World, number: int, code: int) -> None:
    """Sent from within an import that `main` makes: the moment is the same on every machine."""
    hook = (
        "import sys, signal\n"
        "class Hook:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == 'click': sys.meta_path.remove(self); signal.raise_signal({int(number)})\n"
        "sys.meta_path.insert(0, Hook())\n"
        "from retinue.cli import main\n"
        "sys.argv = ['retinue', 'apply', '--auto-approve', '--format', 'json']\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", hook], cwd=site.root, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr, site.writes()) == (code, "interrupted\n", 0)
    value = json.loads(ran.stdout)
    assert (value["outcome"], value["exit_code"], value["results"]) == ("interrupted", code, [])
    assert not [*Draft7Validator(output_schemas()["apply"]).iter_errors(value)]


def test_a_signal_that_python_drops_in_a_finalizer_still_ends_the_run(site: World) -> None:
    hook = (
        "import sys, signal\n"
        "from retinue.cli import main, planning\n"
        "class Dropped:\n"
        "    def __del__(self): signal.raise_signal(signal.SIGINT)\n"
        "made = planning.make_plan\n"
        "def make_plan(*given):\n"
        "    Dropped()\n"
        "    return made(*given)\n"
        "planning.make_plan = make_plan\n"
        "sys.argv = ['retinue', 'apply', '--auto-approve', '--format', 'json']\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", hook], cwd=site.root, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr, site.writes()) == (130, "\ninterrupted\n", 0)
    assert json.loads(ran.stdout)["exit_code"] == 130


def test_a_signal_after_the_result_changes_nothing(site: World) -> None:
    hook = (
        "import sys, signal\n"
        "from retinue.cli import console, main\n"
        "said = console.result_json\n"
        "def result_json(text):\n"
        "    said(text)\n"
        "    signal.raise_signal(signal.SIGINT)\n"
        "console.result_json = result_json\n"
        "sys.argv = ['retinue', 'apply', '--auto-approve', '--format', 'json']\n"
        "main()\n"
    )
    ran = subprocess.run([sys.executable, "-c", hook], cwd=site.root, capture_output=True, text=True)
    assert (ran.returncode, json.loads(ran.stdout)["exit_code"]) == (0, 0)
    site.settled()


LIMITED = (
    "import threading\n"
    'def start(self): raise RuntimeError("can\'t start new thread")\n'
    "threading.Thread.start = start\n"
    "from retinue.cli import main\n"
    "import sys\n"
    "sys.argv = ['retinue', {arguments}]\n"
    "main()\n"
)


def test_without_threads_an_apply_goes_one_step_at_a_time(site: World) -> None:
    site.assistant("bee")
    code = LIMITED.format(arguments="'apply', '--auto-approve'")
    ran = subprocess.run([sys.executable, "-c", code], cwd=site.root, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "Applied: 2 created."), ran.stderr
    site.settled()


def test_without_threads_the_emulator_says_why_it_cannot_serve(site: World) -> None:
    code = LIMITED.format(arguments="'emulator'")
    ran = subprocess.run([sys.executable, "-c", code], cwd=site.root, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("Error: the emulator cannot serve: can't start new thread\n")
