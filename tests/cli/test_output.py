"""What reaches stdout and stderr: nothing hidden in it, no command to a CI runner, and any encoding will do."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from retinue.cli import app, console
from retinue.render.style import Style

from .conftest import World

HOSTILE = "a\u202eb \u2066c\u200bd \x9b2J \U000e0041 ##[add-path]/x\n::error::y\n"
HIDDEN = ("\u202e", "\u2066", "\u200b", "\x9b", "\U000e0041", "##[", "\n::", "\n    ::")


@pytest.fixture
def hostile(world: World) -> World:
    world.project()
    quoted = json.dumps(HOSTILE).replace("\\udb40\\udc41", "\\U000e0041")
    world.assistant("ant", f"instructions: {quoted}\n")
    assert world.run("plan", "--out", "plan.json").code == 0
    return world


@pytest.mark.parametrize(
    "arguments",
    [
        ["render"],
        ["render", "--format", "json"],
        ["plan"],
        ["plan", "--format", "json"],
        ["show", "plan.json"],
        ["show", "--format", "json", "plan.json"],
    ],
    ids=" ".join,
)
def test_no_command_prints_what_cannot_be_seen_or_commands_a_runner(hostile: World, arguments: list[str]) -> None:
    ran = hostile.run(*arguments)
    assert ran.code == 0
    assert [text for text in HIDDEN if text in ran.out + ran.err] == []


def test_what_is_escaped_is_still_the_same_value(hostile: World) -> None:
    rendered = json.loads(hostile.run("render", "--format", "json").out)
    assert rendered[0]["instructions"] == HOSTILE.removesuffix("\n")
    saved = json.loads((hostile.root / "plan.json").read_text())
    assert json.loads(hostile.run("show", "--format", "json", "plan.json").out) == saved
    hostile.write("assistants/ant.yaml", hostile.run("render").out)
    assert json.loads(hostile.run("render", "--format", "json").out) == rendered


def ran(world: World, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own, with other streams than this one's."""
    command = [sys.executable, "-m", "retinue", *arguments]
    done = subprocess.run(command, cwd=world.root, env={**os.environ, **environment}, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "arguments", [["render"], ["plan"], ["output"], ["apply", "--yes"], ["validate"]], ids=" ".join
)
def test_a_stream_that_is_not_utf8_is_no_reason_to_fail(world: World, encoding: str, arguments: list[str]) -> None:
    world.project()
    world.assistant("ant", "name: 客服 é 😀\n")
    done = ran(world, *arguments, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stdout != b"") == (0, True)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_json_is_json_in_any_encoding(world: World, encoding: str) -> None:
    def names(text: bytes) -> Any:
        return [item["name"] for item in json.loads(text.decode(encoding))]

    world.project()
    world.assistant("ant", "name: 客服 é 😀\n")
    assert names(ran(world, "render", "--format", "json", PYTHONIOENCODING=encoding).stdout) == ["客服 é 😀"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_plan_is_as_wide_as_the_terminal_and_elsewhere_as_in_a_review(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    widths = []
    for columns in ("20", "72", "400"):
        monkeypatch.setenv("COLUMNS", columns)
        widths.append((console.canvas(Terminal())[1], console.canvas(io.StringIO())[1]))
    assert widths == [(60, 100), (72, 100), (160, 100)]
    assert console.canvas(None) == (Style(color=False), 100)


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_on_a_narrow_terminal_a_remark_has_a_line_of_its_own(
    world: World, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    world.project()
    world.assistant("ant", "temperature: 0.5\n")
    world.apply()
    world.assistant("ant", "temperature: 0.25\n")
    world.emulator.seed({**world.only(), "temperature": 1.5})
    lines = {}
    for columns in ("60", "160"):
        monkeypatch.setenv("COLUMNS", columns)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", terminal := Terminal())
            assert app.run([command]) == 0
        lines[columns] = len(terminal.getvalue().splitlines())
    assert lines["60"] == lines["160"] + 1


def test_output_of_nothing_says_what_comes_first(world: World) -> None:
    world.project()
    world.assistant("ant")
    ran = world.run("output")
    assert (ran.code, ran.out, ran.err) == (0, "{}\n", "This environment owns nothing yet. Next: retinue apply\n")
    assert world.run("output", "--quiet").err == ""
