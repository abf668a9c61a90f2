"""A provider package that cannot be loaded, such as one for another version of retinue, breaks nothing but its use."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
BROKEN = {
    "an import that is gone": "from retinue.core.model import NoLongerThere",
    "a record of another version": (
        "from retinue.providers.base import Capabilities\nPROVIDER = Capabilities(kinds=(), update='partial')"
    ),
    "an error of its own": "raise RuntimeError('no licence')",
    "a syntax error": "def",
    "an exit": "raise SystemExit(3)",
    "no such member": "",
    "something else": "PROVIDER = 7",
}
PROJECT = """\
version: 1
project: demo
manifests: [a]
environments: {dev: {provider: openai-assistants, endpoint: emulator}}
"""
COMMANDS = (
    ("validate",),
    ("plan",),
    ("apply", "--auto-approve"),
    ("schema", "manifest"),
    ("providers",),
    ("init", "-C", "rescued", "--from", "export.json"),
    ("import", "--from", "export.json"),
)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = {"PYTHONPATH": f"{folder / 'site'}:{SOURCE}", "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "retinue", *arguments]
    return subprocess.run(command, cwd=folder, env=paths, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture(params=BROKEN.values(), ids=[*BROKEN])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    info = tmp_path / "site" / "acme_old-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-old\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[retinue.providers]\nacme-old = acme_old:PROVIDER\n")
    (tmp_path / "site" / "acme_old.py").write_text(f"{request.param}\n")
    (tmp_path / "retinue.yaml").write_text(PROJECT)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.yaml").write_text("assistant: one\nmodel: gpt-4o\n")
    (tmp_path / "export.json").write_text(json.dumps([{"id": "asst_1", "object": "assistant", "model": "gpt-4o"}]))
    return tmp_path


def test_every_command_goes_on_without_it(folder: Path) -> None:
    for command in COMMANDS:
        ran = run(folder, *command)
        assert ran.returncode == 0, f"{command}: {ran.stdout}{ran.stderr}"


def test_its_use_ends_in_three_and_names_the_package(folder: Path) -> None:
    (folder / "retinue.yaml").write_text(PROJECT.replace("openai-assistants", "acme-old"))
    for command in (("validate",), ("plan",), ("providers", "acme-old")):
        ran = run(folder, *command)
        assert (ran.returncode, "acme-old" in ran.stderr) == (3, True), f"{command}: {ran.stdout}{ran.stderr}"
        assert "Traceback" not in ran.stderr
        assert "uninstall" in ran.stderr


def test_an_emulator_that_cannot_be_loaded_is_named_where_it_is_used(folder: Path) -> None:
    (folder / "site" / "acme_old.py").write_text("from retinue.providers.langgraph import PROVIDER\n")
    entries = "[retinue.emulators]\nlanggraph = acme_old:NO_EMULATOR\n"
    (folder / "site" / "acme_old-1.0.dist-info" / "entry_points.txt").write_text(entries)
    assert run(folder, "plan").returncode == 0
    (folder / "retinue.yaml").write_text(PROJECT.replace("openai-assistants", "langgraph"))
    (folder / "a" / "one.yaml").write_text("assistant: one\nmodel: m\nproviders: {langgraph: {graph_id: g}}\n")
    ran = run(folder, "plan")
    assert (ran.returncode, "the emulator `langgraph` of the package acme-old cannot be loaded" in ran.stderr) == (
        3,
        True,
    )
