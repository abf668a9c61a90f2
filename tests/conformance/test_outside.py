"""A provider of an outside package, found by its entry points, passes the suite: nothing in retinue knows its name."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ENTRY_POINTS = """[retinue.providers]
acme = acme_shelf:PROVIDER
[retinue.conformance]
acme = acme_shelf.conformance:AcmeSubject
"""


def _installed(folder: Path, entry_points: str) -> dict[str, str]:
    """The environment of a process in which the package is installed, as far as entry points can tell."""
    info = folder / "acme_shelf-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-shelf\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
    paths = [str(folder), str(HERE / "outside"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def _suite(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs"]
    command += ["--pyargs", "retinue_conformance", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_a_provider_of_an_outside_package_passes_the_suite(tmp_path: Path) -> None:
    ran = _suite(_installed(tmp_path, ENTRY_POINTS), "-k", "acme-")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed and int(passed[1]) > 150, ran.stdout
    reasons = set(re.findall(r": ((?:ids are|lists have|every field).*)", ran.stdout))
    assert reasons == {"ids are chosen by the client", "every field can be read back"}


def test_a_provider_without_an_entry_point_is_told_so(tmp_path: Path) -> None:
    only_subject = ENTRY_POINTS.partition("[retinue.conformance]")
    ran = _suite(_installed(tmp_path, "".join(only_subject[1:])), "-k", "acme- and found_by_its_name")
    assert ran.returncode == 1
    assert "`retinue.providers` does not lead from 'acme' to this provider" in ran.stdout


@pytest.mark.parametrize("leads_to", ["nowhere_at_all:PROVIDER", "acme_shelf:NO_PROVIDER"])
def test_a_package_that_cannot_be_loaded_is_named(tmp_path: Path, leads_to: str) -> None:
    environment = _installed(tmp_path, f"[retinue.providers]\nacme = {leads_to}\n")
    command = [sys.executable, "-m", "retinue", "providers", "acme"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 3, ran.stderr
    assert "the provider `acme` of the package acme-shelf cannot be loaded: " in ran.stderr
