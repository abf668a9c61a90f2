"""What a terminal and a log are told while a command works."""

from __future__ import annotations

import io
import re
import threading
from typing import Any

import pytest

from retinue.cli import app, console

from .conftest import World


class Terminal(io.StringIO):
    """stderr at a terminal, and what is left on its screen."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        lines = self.getvalue().split("\n")
        assert all("\r" not in line.replace("\r\x1b[2K", "") for line in lines)
        return [line.rpartition("\r\x1b[2K")[2] for line in lines]


def on_a_terminal(world: World, *arguments: str, term: str = "xterm") -> tuple[int, Terminal, str]:
    err, out = Terminal(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_COLOR", "1")
        patch.setenv("TERM", term)
        patch.setattr("sys.stderr", err)
        patch.setattr("sys.stdout", out)
        code = app.run(list(arguments))
    return code, err, out.getvalue()


@pytest.fixture
def many(world: World) -> World:
    world.project()
    for number in range(250):
        world.emulator.seed({"object": "assistant", "model": "m", "name": f"b{number}"})
    for number in range(12):
        world.assistant(f"a{number:02}")
    return world


def test_a_terminal_sees_the_pages_go_by_and_keeps_none(many: World) -> None:
    code, err, out = on_a_terminal(many, "plan")
    assert (code, "12 to create" in out) == (0, True)
    assert [f"reading: page {number}" in err.getvalue() for number in (1, 2, 3)] == [True] * 3
    assert not any("reading" in line for line in err.screen())


@pytest.mark.parametrize("flags", [["-q"], ["--format", "json"]])
def test_who_wants_it_quiet_sees_none(many: World, flags: list[str]) -> None:
    code, err, _ = on_a_terminal(many, "plan", *flags)
    assert (code, "reading" in err.getvalue()) == (0, False)


def test_a_log_has_no_line_for_a_page_and_a_dumb_terminal_neither(many: World) -> None:
    assert many.run("plan").err == ""
    _, err, _ = on_a_terminal(many, "plan", term="dumb")
    assert "reading" not in err.getvalue()


def test_a_log_has_a_line_now_and_then(world: World, capsys: Any) -> None:
    now = [100.0]
    world.monkeypatch.setattr("time.monotonic", lambda: now[0])
    console.begin()
    for number, second in enumerate((100, 129, 131, 132, 160), 1):
        now[0] = second
        console.status(f"reading: page {number}")
    world.monkeypatch.undo()
    assert capsys.readouterr().err == "reading: page 3\n"


def test_of_many_steps_each_says_the_how_many_th_it_is(many: World) -> None:
    ran = many.apply()
    found = re.findall(r"^  (\d+)/12  Assistant/a\d\d: created asst_\w+$", ran.err, re.MULTILINE)
    assert found == [str(number) for number in range(1, 13)]
    many.write("assistants/a00.yaml", "assistant: a00\nmodel: gpt-4o\nname: New\n")
    # One or a few need no number.
    assert "\n  Assistant/a00: updated" in f"\n{many.apply().err}"


def test_threads_that_tell_at_once_leave_whole_lines(world: World) -> None:
    err = Terminal()
    world.monkeypatch.setattr("sys.stderr", err)
    console.begin()

    def tell() -> None:
        for _ in range(50):
            console.status("reading: page 7")
            console.note("done")

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert err.screen() == ["done"] * 200 + [""]
