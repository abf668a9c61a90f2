"""The README's commands are run as written, in a copy of the repository; what it quotes exists."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def block(repository: Path, name: str, page: str = "README.md") -> str:
    """The fenced block after `<!-- ci: NAME -->`."""
    text = (repository / page).read_text(encoding="utf-8")
    found = re.search(rf"<!-- ci: {name} -->\n```\w*\n(.*?)```", text, re.S)
    assert found, f"{page} has no block {name}"
    return found[1]


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """What a clone holds, with this interpreter's environment standing in for the one the first block makes."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repository, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (repository / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, tmp_path / name)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    script = binaries / "retinue"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m retinue "$@"\n')
    script.chmod(0o755)
    return tmp_path


def run(clone: Path, text: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-ec", text], cwd=clone, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def after_install(text: str) -> str:
    """The part of a block after the installation, which .ci/run does for real."""
    return text.split("install -q . && ")[-1]


def test_quickstart_look_and_rescue_do_what_their_pages_say(clone: Path, repository: Path) -> None:
    start = after_install(block(repository, "quickstart"))
    first = run(clone, start)
    assert first.returncode == 0, first.stderr
    assert "Plan: 3 to create" in first.stdout
    assert "Next: `retinue output -C examples/quickstart -e local`" in first.stderr
    assert "No changes." in run(clone, start).stdout
    look = run(clone, block(repository, "look"))
    assert (look.returncode, look.stdout.count("agent_")) == (0, 3)
    manifest = clone / "examples/quickstart/assistants/support-triage.yaml"
    before = manifest.read_text(encoding="utf-8")
    drift = run(clone, block(repository, "drift"))
    assert drift.returncode == 0, drift.stderr
    assert "Drift: 1 changed." in drift.stdout
    after = manifest.read_text(encoding="utf-8").splitlines()
    changed = [line for line in after if line not in before.splitlines()]
    assert changed == ["description: Edited in a dashboard."]
    assert "No changes." in run(clone, start).stdout
    rescue = run(clone, block(repository, "rescue", "docs/from-assistants.md"))
    assert rescue.returncode == 0, rescue.stderr
    assert "Plan: 6 to create" in rescue.stdout


def test_the_pipeline_block_runs(clone: Path, repository: Path) -> None:
    text = block(repository, "pipeline").replace("-e prod", "-e local")
    done = run(
        clone / "examples" / "quickstart",
        text.replace("retinue ", f"{clone}/.venv/bin/retinue ").replace(
            "--detailed-exitcode", "--detailed-exitcode || [ $? -eq 2 ]"
        ),
    )
    assert done.returncode == 0, done.stderr


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_points_at_a_file_and_a_heading_of_it(repository: Path) -> None:
    for page in [repository / "README.md", *sorted((repository / "docs").rglob("*.md"))]:
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            target, _, heading = link.partition("#")
            if "://" in link:
                continue
            file = page.parent / target if target else page
            assert file.exists(), f"{page.name}: {link}"
            assert not heading or heading in headings(file), f"{page.name}: {link}"


def test_the_manifest_in_the_readme_is_valid(clone: Path, repository: Path) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    manifest = re.search(r"```yaml\n(assistant: .*?)```", text, re.S)
    assert manifest
    target = clone / "examples" / "quickstart" / "assistants" / "support-triage.yaml"
    target.write_text(manifest[1])
    done = run(clone / "examples" / "quickstart", f"{clone}/.venv/bin/retinue validate")
    assert done.returncode == 0, done.stderr
