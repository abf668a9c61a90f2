"""A release: notes come from the changelog, a wrong tag is refused, what is published was tried and attested."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
CHANGELOG = """# Changelog

## [Unreleased]

- Not yet.

## [1.2.3] - 2026-12-01

### Added

- A thing.

## [1.2.2] - 2026-11-01

- Older.
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    (tmp_path / ".ci").mkdir()
    (tmp_path / "src" / "retinue").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "release-notes", tmp_path / ".ci")
    (tmp_path / "src" / "retinue" / "__init__.py").write_text('"""x"""\n\n__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def notes(clone: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", str(clone / ".ci" / "release-notes")]
    return subprocess.run(command, env={"PATH": "/usr/bin:/bin", **environment}, capture_output=True, text=True)


def test_the_notes_are_the_section_of_the_version(clone: Path) -> None:
    done = notes(clone, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v1.2.3")
    assert (done.returncode, done.stdout.strip()) == (0, "### Added\n\n- A thing.")
    assert notes(clone, GITHUB_REF_TYPE="branch", GITHUB_REF_NAME="main").returncode == 0


@pytest.mark.parametrize("tag", ["v1.2.2", "v1.2.30", "1.2.3"])
def test_a_tag_that_is_not_the_version_is_refused(clone: Path, tag: str) -> None:
    done = notes(clone, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME=tag)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"the tag {tag} is not v1.2.3" in done.stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("## [1.2.3] - 2026-12-01", "## [1.2.4] - 2026-12-01"),
        ("## [1.2.3] - 2026-12-01", "## [1.2.3]"),
        ("## [1.2.3] - 2026-12-01", "## [1.2.3] - soon"),
        ("### Added\n\n- A thing.\n", ""),
    ],
    ids=["no section", "no date", "a date that is none", "an empty section"],
)
def test_a_changelog_that_was_not_cut_is_refused(clone: Path, old: str, new: str) -> None:
    (clone / "CHANGELOG.md").write_text(CHANGELOG.replace(old, new))
    done = notes(clone)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no section '## [1.2.3] - YYYY-MM-DD'" in done.stderr


def test_the_changelog_of_this_version_makes_notes() -> None:
    done = subprocess.run(["bash", ROOT / ".ci" / "release-notes"], env={"PATH": "/usr/bin:/bin"}, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_nothing_is_published_that_was_not_tried_and_attested() -> None:
    jobs: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())["jobs"]
    assert [jobs[name].get("needs") for name in ("try", "attest", "publish", "notes")] == [
        "build",
        "try",
        "attest",
        "publish",
    ]
    assert [name for name, job in jobs.items() if "id-token" in job["permissions"]] == ["attest", "publish"]
    assert jobs["publish"]["if"] == "github.event_name == 'push'"
    # The one job that may write to the index runs none of our scripts and none of anybody's but the publishing action.
    assert [step["uses"].partition("@")[0] for step in jobs["publish"]["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
