"""Every command in the README and the docs is run, in a project of its own; what is not run is listed with a reason."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
PLAYED = ROOT / "docs" / "tutorial.md"
"""Its blocks belong together: tests/test_tutorial.py plays them."""
BLOCK = re.compile(r"^```(?:sh|console|bash)\n(.*?)^```", re.M | re.S)

NOT_RUN = {
    "python3 -m venv": "installs; tests/test_readme.py runs the rest of the block, and .ci/run all of it",
    ".venv/bin/retinue": "run by tests/test_readme.py, in a clone",
    "retinue init -C assistants --from": "needs that service; tests/flowise and tests/azure run it",
    "retinue status --all": "reads every environment, with their keys; tests/cli/test_status.py runs it",
    "$ python benchmarks/": "minutes of measuring",
    "$ pytest -q --pyargs retinue_conformance": "needs a package; tests/conformance/test_outside.py installs one",
}
"""How a block begins that this test does not run, and why."""

PROJECT = """version: 1
project: docs-k3f9
manifests: [assistants]
environments:
"""
MOVES = """\
  new: {provider: anthropic, endpoint: emulator}
  classic:
    provider: azure-openai
    endpoint: https://NAME.services.ai.azure.com/api/projects/NAME
    entra: default
"""


def blocks() -> list[tuple[str, str]]:
    found = [(page, text) for page in PAGES if page != PLAYED for text in BLOCK.findall(page.read_text())]
    # Those of a move go through one project, step by step: tests/test_moving.py.
    return [(page.relative_to(ROOT).as_posix(), text) for page, text in found if page.parent.name != "moving"]


def runs(text: str) -> bool:
    return not text.startswith(tuple(NOT_RUN))


RUN = [(page, text) for page, text in blocks() if runs(text)]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One with every environment that the docs speak of, of which two are applied, and an evaluation."""
    names = ("local", "dev", "staging", "prod", "old")
    lines = [f"  {name}: {{provider: openai-assistants, endpoint: emulator}}\n" for name in names]
    (tmp_path / "retinue.yaml").write_text(PROJECT + "".join(lines) + MOVES)
    (tmp_path / "export.json").write_text('{"object": "assistant", "name": "Poet", "model": "gpt-4o"}')
    (tmp_path / "assistants").mkdir()
    (tmp_path / "assistants" / "math-tutor.yaml").write_text("assistant: math-tutor\nmodel: gpt-4o\n")
    (tmp_path / "evaluations").mkdir()
    (tmp_path / "evaluations" / "test_it.py").write_text("def test_it(): pass\n")
    (tmp_path / "bin").mkdir()
    for name, module in {"retinue": "-m retinue", "pytest": "-m pytest -p no:cacheprovider", "python3": ""}.items():
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    for name in ("dev", "staging"):
        assert shell(tmp_path, f"retinue apply -e {name} --auto-approve").returncode == 0
    return tmp_path


def shell(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder), "RETINUE_ENV": "local"}
    return subprocess.run(
        ["sh", "-c", text], cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize(("page", "text"), RUN, ids=[f"{page}: {text.split(chr(10))[0][:40]}" for page, text in RUN])
def test_a_block_of_commands_runs(project: Path, page: str, text: str) -> None:
    """Line by line as long as lines stand alone: 2 means changes, and only where the line asks for it."""
    done = shell(project, f"set -e\n{_tolerant(text)}")
    assert done.returncode == 0, f"{page}\n{text}\n{done.stdout}{done.stderr}"


def _tolerant(text: str) -> str:
    """`--detailed-exitcode` may end a line in 2; a block that looks at `$?` itself is left as it is."""
    if "$?" in text:
        return text.replace("retinue plan", "set +e\nretinue plan", 1)
    return re.sub(r"^(.*--detailed-exitcode[^#\n]*)", r"\1 || [ $? -eq 2 ]", text, flags=re.M)


def test_what_is_not_run_is_still_there() -> None:
    texts = [text for _, text in blocks()]
    assert [start for start in NOT_RUN if not any(text.startswith(start) for text in texts)] == []
    assert len(RUN) >= 8


def test_the_index_lists_every_page() -> None:
    docs = ROOT / "docs"
    # The decisions are listed by the page on the architecture.
    index = "".join((docs / name).read_text() for name in ("index.md", "architecture.md"))
    drawn = ("index.md", "comment-example.md")  # by tests/test_pictures.py, for the page about pipelines
    pages = [page.relative_to(docs).as_posix() for page in docs.rglob("*.md") if page.name not in drawn]
    assert [page for page in pages if f"]({page})" not in index] == []


GENERATED = ROOT / "docs" / "commands.md"
"""The same option of several commands stands there several times; tests/test_site.py holds it against the commands."""


@pytest.mark.parametrize(
    "page", [*(page for page in PAGES if page != GENERATED), ROOT / "CHANGELOG.md"], ids=lambda page: page.name
)
def test_no_page_says_the_same_twice(page: Path) -> None:
    """A merge that keeps both sides doubles headings, rows that begin with a name, and lines of a list."""
    lines = page.read_text(encoding="utf-8").splitlines()
    once = [line for line in lines if re.match(r"## |\| `|- \*\*|- .{80}", line)]
    assert [line for line, count in Counter(once).items() if count > 1] == []
