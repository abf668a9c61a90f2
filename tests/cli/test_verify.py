"""`retinue verify`: a team's own command decides; exactly the specs that it saw are noted, and nothing else changes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from retinue.core.marker import parse_applied
from retinue_emulator.faults import Fault

from .conftest import World

SAVE = "import json, os; json.dump({k: v for k, v in os.environ.items() if k[:8] == 'RETINUE_'}, open('seen', 'w'))"
READ = "import os; open('file', 'w').write(open(os.environ['RETINUE_OUTPUT_FILE']).read())"


@pytest.fixture
def shop(world: World) -> World:
    world.project()
    world.assistant("ant", "retinue: {labels: {team: a}}\n")
    world.assistant("bee", "retinue: {protect: true}\n")
    world.apply()
    return world


def python(code: str) -> list[str]:
    return ["--", sys.executable, "-c", code]


def noted(world: World) -> dict[str, str | None]:
    """By name, what the marker says passed."""
    found = {}
    for raw in world.live().values():
        applied = parse_applied(raw["metadata"]["retinue.applied"])
        assert applied is not None
        found[raw["metadata"]["retinue.address"].rpartition("/")[2]] = applied.verified
    return found


def without_marker(world: World) -> list[dict[str, Any]]:
    return [{**raw, "metadata": {**raw["metadata"], "retinue.applied": ""}} for raw in world.live().values()]


def test_the_command_finds_address_and_id_in_a_variable_and_in_a_file(shop: World) -> None:
    ran = shop.run("verify", *python(f"{SAVE}\n{READ}"))
    assert (ran.code, ran.err.splitlines()[-1]) == (0, "Verified in dev: 2 of 2 objects.")
    seen = json.loads((shop.root / "seen").read_text())
    ids = json.loads(shop.run("output").out)
    assert set(ids) == {"Assistant/ant", "Assistant/bee"}
    assert json.loads(seen["RETINUE_OUTPUT"]) == json.loads((shop.root / "file").read_text()) == ids
    assert seen["RETINUE_ENV"] == "dev"
    assert not Path(seen["RETINUE_OUTPUT_FILE"]).exists()


def test_success_is_noted_and_looks_like_nothing_else(shop: World) -> None:
    before, saved = without_marker(shop), shop.run("plan", "--format", "json").out
    assert set(noted(shop).values()) == {None}
    assert shop.run("verify", "--", "true").code == 0
    assert None not in noted(shop).values()
    assert without_marker(shop) == before
    assert shop.run("plan", "--format", "json").out == saved
    assert shop.run("drift", "--detailed-exitcode").code == 0
    shop.settled()


def test_what_is_left_to_others_is_no_change_while_the_command_runs(shop: World) -> None:
    shop.assistant("ant", "temperature: 0.2\nretinue: {ignore_changes: [/temperature]}\n")
    shop.apply()
    ant = next(raw for raw in shop.live().values() if raw["metadata"]["retinue.address"].endswith("ant"))
    shop.emulator.seed({**ant, "temperature": 0.9})
    ran = shop.run("verify", "--", "true")
    assert (ran.code, noted(shop)["ant"] is None) == (0, False), ran.err
    assert shop.live()[ant["id"]]["temperature"] == 0.9
    shop.settled()


def test_a_second_success_writes_nothing(shop: World) -> None:
    shop.run("verify", "--", "true")
    count = len(shop.emulator.writes())
    assert shop.run("verify", "--", "true").code == 0
    assert len(shop.emulator.writes()) == count


@pytest.mark.parametrize(("code", "wanted"), [("raise SystemExit(7)", 7), ("raise SystemExit(1)", 1),
                                              ("import os; os.kill(os.getpid(), 9)", 137)])  # fmt: skip
def test_a_failing_command_notes_nothing_and_passes_its_code_on(shop: World, code: str, wanted: int) -> None:
    count = len(shop.emulator.writes())
    ran = shop.run("verify", *python(code))
    assert ran.code == wanted
    assert f"Nothing is noted as verified: the command ended with code {wanted}." in ran.err
    assert len(shop.emulator.writes()) == count
    assert set(noted(shop).values()) == {None}


def test_a_change_lapses_it_and_keeps_the_rest_of_the_marker(shop: World) -> None:
    shop.run("verify", "--", "true")
    before = noted(shop)
    shop.assistant("ant", "name: Ant\n")
    shop.apply()
    assert noted(shop) == before
    assert shop.run("verify", "--target", "Assistant/ant", "--", "true").code == 0
    assert noted(shop)["ant"] not in (None, before["ant"])
    assert noted(shop)["bee"] == before["bee"]


@pytest.mark.parametrize("flags", [["--target", "Assistant/ant"], ["--select", "team=a"], ["--exclude", "*/bee"]])
def test_only_what_is_chosen_is_shown_and_noted(shop: World, flags: list[str]) -> None:
    assert shop.run("verify", *flags, *python(READ)).code == 0
    assert list(json.loads((shop.root / "file").read_text())) == ["Assistant/ant"]
    assert [name for name, text in noted(shop).items() if text] == ["ant"]


def test_what_is_not_applied_or_was_changed_outside_is_named_and_nothing_runs(shop: World) -> None:
    shop.assistant("ant", "name: Ant\n")
    shop.assistant("cat")
    bee = next(raw for raw in shop.live().values() if raw["metadata"]["retinue.address"].endswith("bee"))
    shop.emulator.seed({**bee, "temperature": 0.5})
    ran = shop.run("verify", *python("open('ran', 'w')"))
    assert ran.code == 6
    for line in ("Assistant/ant: still to update (manifest)", "Assistant/bee: still to update (drift)",
                 "Assistant/cat: still to create"):  # fmt: skip
        assert line in ran.err
    assert not (shop.root / "ran").exists()


def test_an_orphan_is_nobodys_business_here(shop: World) -> None:
    shop.assistant("cat")
    shop.apply()
    shop.remove("assistants/cat.yaml")
    assert shop.run("verify", *python(READ)).code == 0
    assert list(json.loads((shop.root / "file").read_text())) == ["Assistant/ant", "Assistant/bee"]
    assert noted(shop)["cat"] is None


def test_what_is_changed_while_the_command_runs_is_not_noted(shop: World) -> None:
    ant = next(raw for raw in shop.live().values() if raw["metadata"]["retinue.address"].endswith("ant"))
    code = (
        "import json, os, urllib.request as u\n"
        f"r = u.Request({shop.url + '/v1/assistants/' + ant['id']!r}, json.dumps({{'temperature': 0.5}}).encode(),"
        " {'Authorization': 'Bearer x', 'OpenAI-Beta': 'assistants=v2', 'Content-Type': 'application/json'})\n"
        "u.urlopen(r).read()"
    )
    ran = shop.run("verify", *python(code))
    assert ran.code == 8
    assert "Assistant/ant: not noted: it was changed while the command ran" in ran.err
    assert "Verified in dev: 1 of 2 objects." in ran.err
    assert noted(shop)["ant"] is None
    assert noted(shop)["bee"] is not None


def test_an_object_that_goes_while_the_command_runs_is_not_noted(shop: World) -> None:
    shop.emulator.faults.on("GET /v1/assistants/", Fault(kind="status", status=404), times=2)
    ran = shop.run("verify", "--", "true")
    assert ran.code == 6
    assert ran.err.count("not noted") == 2


def test_a_damaged_marker_is_an_error_and_not_mended_here(shop: World) -> None:
    ant = next(raw for raw in shop.live().values() if raw["metadata"]["retinue.address"].endswith("ant"))
    shop.emulator.seed({**ant, "metadata": {**ant["metadata"], "retinue.applied": "1 oops"}})
    ran = shop.run("verify", *python("open('ran', 'w')"))
    assert (ran.code, (shop.root / "ran").exists()) == (6, False)
    assert "the marker of Assistant/ant cannot be read" in ran.err


def test_what_is_too_large_for_a_variable_is_in_the_file_alone(
    shop: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from retinue.cli.commands.verify import evaluate

    monkeypatch.setenv("RETINUE_OUTPUT", "stale")
    text = json.dumps({f"Assistant/{'a' * 60}{number}": "asst_x" for number in range(2000)})
    ended = evaluate([sys.executable, "-c", f"{SAVE}\n{READ}"], text, "dev")
    assert ended == (0, 0)
    assert "RETINUE_OUTPUT" not in json.loads((shop.root / "seen").read_text())
    assert (shop.root / "file").read_text() == text


@pytest.mark.parametrize("words", [[], ["--"], ["--", "/no/such/command"], ["--", "a\0b"], ["--", ""]], ids=repr)
def test_no_command_or_one_that_cannot_be_run_is_wrong_usage(shop: World, words: list[str]) -> None:
    ran = shop.run("verify", *words)
    assert (ran.code, ran.out) == (3, "")
    assert set(noted(shop).values()) == {None}


def test_a_script_that_is_no_program_says_how_to_run_it(shop: World) -> None:
    shop.write("check.py", "")
    ran = shop.run("verify", "--", "./check.py")
    assert (ran.code, ran.out) == (3, "")
    assert "./check.py cannot be run: Permission denied\n  Make it executable, or begin with what runs it" in ran.err


def test_what_is_for_the_command_is_not_for_retinue(shop: World) -> None:
    shop.assistant("ant", "name: Ant\n")
    ran = shop.run("verify", "-q", "--", "tool", "--format", "json")
    assert (ran.code, ran.out) == (6, "")
    shop.apply()
    ran = shop.run(
        "verify", "-q", *python("import sys; sys.exit(sys.argv[1:] != ['-e', 'x', '--', '-q'])"), "-e", "x", "--", "-q"
    )
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_a_project_without_objects_has_nothing_to_verify(world: World) -> None:
    world.project()
    (world.root / "assistants").mkdir()
    ran = world.run("verify", "--", "true")
    assert ran.code == 3


def signalled(world: World, child: str, *numbers: int) -> int:
    """The code of `verify` after signals, each sent once the command has written its name into `ready`."""
    words = [sys.executable, "-m", "retinue", "verify", *python(child)]
    running = subprocess.Popen(words, cwd=world.root, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ready = world.root / "ready"
    try:
        for count, number in enumerate(numbers):
            end = time.monotonic() + 30
            while (len(ready.read_text()) if ready.exists() else -1) < count and time.monotonic() < end:
                time.sleep(0.05)
            running.send_signal(number)
        return running.wait(timeout=30)
    finally:
        running.kill()


@pytest.mark.parametrize(("number", "wanted"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_is_handed_on_and_nothing_is_noted(shop: World, number: int, wanted: int) -> None:
    child = (
        "import signal, sys, time\n"
        "def end(number, frame):\n    open('got', 'w').write(str(number)); sys.exit(0)\n"
        "signal.signal(signal.SIGINT, end); signal.signal(signal.SIGTERM, end)\n"
        "open('ready', 'w').close(); time.sleep(60)"
    )
    assert signalled(shop, child, number) == wanted
    assert (shop.root / "got").read_text() == str(int(number))
    assert set(noted(shop).values()) == {None}


def test_a_second_signal_ends_a_command_that_does_not_listen(shop: World) -> None:
    child = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: open('ready', 'w').write('1'))\n"
        "open('ready', 'w').close()\nwhile True: time.sleep(1)"
    )
    assert signalled(shop, child, signal.SIGTERM, signal.SIGTERM) == 143
    assert set(noted(shop).values()) == {None}
