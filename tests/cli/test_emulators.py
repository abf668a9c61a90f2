"""An emulator that a provider's package brings, and one that is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RETINUE = [sys.executable, "-m", "retinue"]
ACME = Path(__file__).parent.parent / "conformance" / "outside"


def test_a_provider_may_bring_its_own_emulator(tmp_path: Path) -> None:
    site, project = tmp_path / "site", tmp_path / "project"
    info = site / "acme_emulator-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-emulator\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(
        "[retinue.providers]\nacme = acme_shelf:PROVIDER\n[retinue.emulators]\nacme = acme_emulator:Emulator\n",
        encoding="utf-8",
    )
    (site / "acme_emulator.py").write_text(
        "class Emulator:\n"
        "    def __init__(self, database):\n        pass\n"
        "    def close(self):\n        print('closed')\n"
        "    def __call__(self, environ, start_response):\n"
        "        start_response('503 Down', [('Content-Type', 'application/json')])\n"
        '        return [b\'{"error": {"message": "acme is resting"}}\']\n',
        encoding="utf-8",
    )
    project.mkdir()
    (project / "retinue.yaml").write_text(
        "version: 1\nproject: p\nmanifests: [a.yaml]\nenvironments: {dev: {provider: acme, endpoint: emulator}}\n",
        encoding="utf-8",
    )
    (project / "a.yaml").write_text("assistant: a\nname: A\nmodel: m\ninstructions: Hi.\n", encoding="utf-8")
    environment = {"PYTHONPATH": f"{site}:{ACME}:{Path(__file__).parents[2] / 'src'}", "PATH": "/usr/bin:/bin"}
    command = [*RETINUE, "plan", "--timeout", "5s"]
    ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, "503" in ran.stderr, ran.stdout) == (9, True, "closed\n"), ran
    (info / "entry_points.txt").write_text("[retinue.providers]\nacme = acme_shelf:PROVIDER\n", encoding="utf-8")
    ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, "emulator-dialect" in ran.stderr) == (3, True), ran
