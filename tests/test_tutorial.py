"""The tutorial is played as it is written: files are made, commands run, and they print what it shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
_BLOCK = re.compile(r"(?:<!-- (file|append): (\S+) -->\n)?^```(\w+)\n(.*?)^```$", re.M | re.S)


class Part(NamedTuple):
    """A fenced block: `file` and `append` are written, `sh` is run, `text` is what the commands before it print."""

    what: str
    text: str
    path: str = ""


def parts(page: str) -> list[Part]:
    return [Part(mark or language, text, path) for mark, path, language, text in _BLOCK.findall(page)]


def plain(text: str) -> list[str]:
    """Lines without what is another each time: ids, and the random tail of the project's name."""
    text = re.sub(r"helpdesk-[a-z0-9]{4}\b", "helpdesk-k3f9", re.sub(r"asst_\w{24}", "asst_ID", text))
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def missing(shown: str, printed: str) -> list[str]:
    """Lines that a page shows and commands did not print, or in another order."""
    waiting = iter(plain(printed))
    return [line for line in plain(shown) if line not in waiting]


@pytest.fixture
def shell(tmp_path: Path) -> list[str]:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "retinue").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m retinue "$@"\n')
    (tmp_path / "bin" / "retinue").chmod(0o755)
    return ["sh", "-ec"]


def test_the_tutorial(tmp_path: Path, shell: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    folder, printed = tmp_path, ""
    for part in parts(PAGE.read_text(encoding="utf-8")):
        if part.what == "sh":
            done = subprocess.run(
                [*shell, f"exec 2>&1\n{part.text}\npwd >'{tmp_path}/pwd'"],
                cwd=folder,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
            assert done.returncode == 0, part.text + done.stdout
            printed, folder = done.stdout, Path((tmp_path / "pwd").read_text().strip())
        elif part.what == "text":
            assert missing(part.text, printed) == [], printed
        else:
            path = folder / part.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a" if part.what == "append" else "w", encoding="utf-8") as file:
                file.write(part.text)
    flows = sorted((folder / ".github" / "workflows").iterdir())
    assert [list(yaml.safe_load(flow.read_text())["jobs"]) for flow in flows] == [["prod"], ["prod"]]


def test_every_block_of_the_tutorial_is_played() -> None:
    found = parts(PAGE.read_text(encoding="utf-8"))
    assert {part.what for part in found} == {"file", "append", "sh", "text"}
    assert len(found) * 2 == len(re.findall(r"^```", PAGE.read_text(encoding="utf-8"), re.M))


def test_what_was_not_printed_is_found() -> None:
    assert missing("a\nb\n", "x\na\n\nb\n") == []
    assert missing("a\nc\n", "a\nb\n") == ["c"]
    assert missing("b\na\n", "a\nb\n") == ["a"]
