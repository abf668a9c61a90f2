"""Reading files: only regular ones, only inside the project, never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from retinue.core.model import Diagnostic, Place
from retinue.load.files import MAX_BYTES, Files, beside, text_of

HERE = Place("assistants/a.yaml", 3, 15)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / "assistants").mkdir(parents=True)
    (project / "prompts").mkdir()
    (project / "prompts" / "x.md").write_bytes(b"one\r\ntwo\n")
    (tmp_path / "secret.txt").write_text("secret")
    return project


def read_bytes(root: Path, name: str, at: Place | None = None) -> bytes | Diagnostic:
    return Files(root).read_bytes(name, at)


def read_text(root: Path, name: str, at: Place | None = None) -> str | Diagnostic:
    data = read_bytes(root, name, at)
    return data if isinstance(data, Diagnostic) else text_of(data, name, at)


def problem(root: Path, name: str) -> str:
    result = read_text(root, name, HERE)
    assert isinstance(result, Diagnostic)
    assert result.remedy
    return f"{result.place}: {result.code}"


def test_text_has_lf_line_ends(root: Path) -> None:
    assert read_text(root, "prompts/x.md") == "one\ntwo\n"
    assert read_text(root, "assistants/../prompts/x.md") == "one\ntwo\n"
    assert read_bytes(root, "prompts/x.md") == b"one\r\ntwo\n"


def test_a_path_is_relative_to_the_file_it_is_written_in(root: Path) -> None:
    assert beside(HERE, "../prompts/x.md") == "assistants/../prompts/x.md"
    found = Files(root).find(beside(HERE, "../prompts/x.md"))
    assert not isinstance(found, Diagnostic)
    assert found.name == "prompts/x.md"
    assert beside(Place("retinue.yaml", 1, 1), "x.md") == "x.md"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("prompts/y.md", "file-missing"),
        ("prompts/x.md/y", "file-missing"),
        ("../secret.txt", "file-outside"),
        ("prompts/../../secret.txt", "file-outside"),
        ("/etc/hostname", "file-outside"),
        ("..", "file-outside"),
        ("../nothing-there.txt", "file-outside"),
        ("prompts/../../nothing/there.txt", "file-outside"),
        (".", "file-not-regular"),
        ("", "file-not-regular"),
        ("prompts", "file-not-regular"),
        ("prompts/", "file-not-regular"),
        ("a\0b", "file-unreadable"),
        ("a\nb", "file-unreadable"),
        ("x" * 300, "file-unreadable"),
    ],
)
def test_a_name_that_is_no_file_of_the_project(root: Path, name: str, code: str) -> None:
    assert problem(root, name) == f"{HERE}: {code}"


def test_links_are_followed_inside_the_project_only(root: Path, tmp_path: Path) -> None:
    (root / "inside.md").symlink_to("prompts/x.md")
    (root / "outside.md").symlink_to("../secret.txt")
    (root / "folder").symlink_to(tmp_path)
    (root / "loop.md").symlink_to("loop.md")
    (root / "dangling.md").symlink_to("nowhere.md")
    assert read_text(root, "inside.md") == "one\ntwo\n"
    assert problem(root, "outside.md") == f"{HERE}: file-outside"
    assert problem(root, "folder/secret.txt") == f"{HERE}: file-outside"
    assert read_text(root, "folder/project/prompts/x.md") == "one\ntwo\n"
    assert problem(root, "loop.md") == f"{HERE}: file-unreadable"
    assert problem(root, "dangling.md") == f"{HERE}: file-missing"


def test_a_project_behind_a_link_is_one_like_any_other(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    assert read_text(tmp_path / "alias", "prompts/x.md") == "one\ntwo\n"


def test_a_sibling_whose_name_starts_alike_is_outside(root: Path, tmp_path: Path) -> None:
    (tmp_path / "project-2").mkdir()
    (tmp_path / "project-2" / "x.md").write_text("x")
    assert problem(root, "../project-2/x.md") == f"{HERE}: file-outside"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.md")
    assert problem(root, "pipe.md") == f"{HERE}: file-not-regular"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices on this system")
def test_a_device_is_not_read(root: Path) -> None:
    (root / "zero.md").symlink_to("/dev/zero")
    assert problem(root, "zero.md") == f"{HERE}: file-outside"
    assert isinstance(read_bytes(Path("/dev"), "zero"), Diagnostic)


def test_a_file_may_be_as_large_as_the_limit(root: Path) -> None:
    (root / "large.md").write_bytes(b"x" * MAX_BYTES)
    assert read_text(root, "large.md") == "x" * MAX_BYTES
    (root / "large.md").write_bytes(b"x" * (MAX_BYTES + 1))
    assert problem(root, "large.md") == f"{HERE}: file-too-large"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no files of unknown size on this system")
def test_a_file_whose_size_is_not_known_is_read_to_its_end() -> None:
    text = read_text(Path("/proc"), "self/status")
    assert isinstance(text, str)
    assert text.startswith("Name:")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(root: Path) -> None:
    (root / "closed.md").write_text("x")
    (root / "closed.md").chmod(0)
    assert problem(root, "closed.md") == f"{HERE}: file-unreadable"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", f"{HERE}: file-binary"),
        ("ab\ncdé".encode("latin-1"), "t.md:2:3: text-not-utf8"),
        ("x".encode("utf-16"), f"{HERE}: file-binary"),
        (b"\xef\xbb\xbfx", "t.md:1:1: text-bom"),
    ],
)
def test_what_is_not_utf_8_text(root: Path, data: bytes, expected: str) -> None:
    (root / "t.md").write_bytes(data)
    assert problem(root, "t.md") == expected
