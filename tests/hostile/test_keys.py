"""References to keys: no shell, no endless file, a time limit, and never the key itself in a message."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from retinue.cli import secrets
from retinue.core.errors import AuthError

CANARY = "sk-canary-77"


def refused(source: str, value: str | list[str], root: Path) -> str:
    with pytest.raises(AuthError) as caught:
        secrets.resolve(source, value, root)
    assert CANARY not in f"{caught.value.message} {caught.value.remedy}"
    return caught.value.message


def test_a_command_is_run_without_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    words = [sys.executable, "-c", "import sys; print(sys.argv[1])", f"{CANARY};touch$IFS./owned"]
    assert secrets.resolve("command", words, tmp_path) == f"{CANARY};touch$IFS./owned"
    assert "FileNotFoundError" in refused("command", "echo key > owned", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_command_has_a_time_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    started = time.monotonic()
    with pytest.raises(AuthError, match="TimeoutError"):
        secrets.resolve("command", [sys.executable, "-c", "import time; time.sleep(30)"], tmp_path, seconds=0.2)
    assert time.monotonic() - started < 20


def test_a_failing_command_says_its_code_and_nothing_it_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    words = [sys.executable, "-c", f"import sys; print('{CANARY}', file=sys.stderr); print('{CANARY}'); sys.exit(3)"]
    assert "code 3" in refused("command", words, tmp_path)


def test_in_ci_a_command_needs_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("RETINUE_ALLOW_COMMAND", raising=False)
    words = [sys.executable, "-c", f"print('{CANARY}')"]
    assert "not run in CI" in refused("command", words, tmp_path)
    monkeypatch.setenv("RETINUE_ALLOW_COMMAND", "1")
    assert secrets.resolve("command", words, tmp_path) == CANARY


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_an_endless_file_is_no_key(tmp_path: Path) -> None:
    assert "cannot be a key" in refused("file", "/dev/zero", tmp_path)


@pytest.mark.parametrize("text", [f"{CANARY}\nsecond line", f"{CANARY}\x07", "", "  \n", f"{CANARY}é"])
def test_what_is_no_single_line_of_text_is_refused_without_being_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text, encoding="utf-8")
    refused("file", "key", tmp_path)


@pytest.mark.parametrize(("source", "value"), [("file", CANARY), ("command", CANARY), ("command", [CANARY, "x"])])
@pytest.mark.parametrize("ci", [False, True])
def test_a_key_that_stands_where_its_place_is_meant_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, value: str | list[str], ci: bool
) -> None:
    monkeypatch.delenv("RETINUE_ALLOW_COMMAND", raising=False)
    monkeypatch.setenv("CI", "true" if ci else "")
    assert f"the {source} of `api_key`" in refused(source, value, tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_pipe_that_nobody_writes_to_has_a_time_limit(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key")
    with pytest.raises(AuthError, match="TimeoutError"):
        secrets.resolve("file", "key", tmp_path, seconds=0.2)
    os.close(os.open(tmp_path / "key", os.O_RDWR | os.O_NONBLOCK))  # lets the waiting reader go


def test_an_endless_command_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    words = [sys.executable, "-c", f"while True: print('{CANARY}' * 1000)"]
    assert "prints too much" in refused("command", words, tmp_path)


def test_what_a_command_leaves_running_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    left = f"import time; print('{CANARY}', flush=True); time.sleep(5)"
    words = [sys.executable, "-c", f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {left!r}])"]
    with pytest.raises(AuthError, match="TimeoutError"):
        secrets.resolve("command", words, tmp_path, seconds=0.5)
