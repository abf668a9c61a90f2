"""What a command writes: for whom, whole or not at all, through no link, and never over a backup."""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from retinue.cli import named_files
from retinue.core.errors import UsageError
from retinue_emulator.app import Emulator

from ..serving import served
from .conftest import KEY, World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes and links are POSIX's")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEMO_KEY", KEY)
    with closing(Emulator()) as emulator, served(emulator) as url:
        world = World(tmp_path, emulator, url, monkeypatch)
        world.project()
        world.assistant("a", "instructions: Be kind.\n")
        yield world


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def mode(path: Path | str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"assistants", "retinue.yaml"}


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("plan", "--out", "x"), 0o600),
        (("plan", "--out", "x", "--format", "json"), 0o600),
        (("plan", "--out", "x", "--format", "text"), 0o600),
        (("plan", "--out", "x", "--format", "markdown"), 0o640),
        (("drift", "--out", "x", "--format", "json"), 0o600),
        (("drift", "--out", "x", "--format", "markdown"), 0o640),
        (("output", "--out", "x", "--format", "env"), 0o640),
        (("render", "--out", "x"), 0o640),
        (("providers", "--out", "x"), 0o640),
    ],
)
def test_a_new_file_is_for_its_owner_where_it_can_hold_what_is_live_and_else_as_the_umask_says(
    command: tuple[str, ...], expected: int, world: World
) -> None:
    with umask(0o027):
        assert world.run(*command).code == 0
    assert mode("x") == expected


def test_a_comment_is_read_by_others(world: World) -> None:
    world.run("plan", "--out", "plan.json")
    with umask(0o022):
        assert world.run("comment", "--plan", "plan.json", "--out", "comment.md").code == 0
    assert mode("comment.md") == 0o644


@pytest.mark.parametrize("before", ["", "old text", '{"format_version": "1.0"}'])
@pytest.mark.parametrize("kept", [0o644, 0o640, 0o600, 0o660])
def test_a_file_that_exists_keeps_its_mode(before: str, kept: int, world: World) -> None:
    world.write("plan.json", before)
    (world.root / "plan.json").chmod(kept)
    assert world.run("plan", "--out", "plan.json").code == 0
    assert mode("plan.json") == kept
    assert world.run("apply", "plan.json", "--auto-approve").code == 0


def test_another_name_of_a_file_is_not_written(world: World) -> None:
    world.write("precious", "old")
    os.link("precious", "plan.json")
    assert world.run("plan", "--out", "plan.json").code == 0
    assert (world.root / "precious").read_text() == "old"


@pytest.mark.parametrize("target", ["precious", "missing", "folder", "self"])
@pytest.mark.parametrize("command", [("plan",), ("plan", "--format", "markdown"), ("drift", "--format", "json")])
def test_no_link_is_followed(target: str, command: tuple[str, ...], world: World) -> None:
    world.write("precious", '{"format_version": "1.0"}')
    (world.root / "folder").mkdir()
    Path("link").symlink_to("link" if target == "self" else target)
    before = left(world.root)
    ran = world.run(*command, "--out", "link")
    assert (ran.code, "link is a symbolic link" in ran.err) == (3, True)
    assert left(world.root) == before
    assert (world.root / "precious").read_text() == '{"format_version": "1.0"}'
    assert world.emulator.writes() == []


def test_a_folder_on_the_way_may_be_a_link(world: World) -> None:
    (world.root / "real").mkdir()
    Path("there").symlink_to("real")
    assert world.run("plan", "--out", "there/plan.json").code == 0
    assert world.run("apply", "there/plan.json", "--auto-approve", "--backup", "there/saved").code == 0
    assert left(world.root / "real") == {"plan.json"}


@pytest.mark.parametrize("device", ["/dev/null", "link"])
def test_a_device_is_written_also_through_a_link(device: str, world: World) -> None:
    Path("link").symlink_to("/dev/null")
    assert world.run("plan", "--out", device).code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("through", ["pipe", "link"])
def test_a_pipe_gets_the_whole_plan(through: str, world: World) -> None:
    os.mkfifo("pipe")
    Path("link").symlink_to("pipe")
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append((world.root / "pipe").read_text()))
    reader.start()
    assert world.run("plan", "--out", through).code == 0
    reader.join(10)
    assert json.loads(got[0])["outcome"] == "changes"


@pytest.mark.parametrize("form", ["/dev/fd/{}", "/proc/self/fd/{}"])
def test_a_stream_of_this_process_is_written_whatever_it_leads_to(form: str, world: World) -> None:
    with (world.root / "stream").open("wb") as file:
        file.write(b"before\n")
        file.flush()
        assert world.run("plan", "--out", form.format(file.fileno())).code == 0
    text = (world.root / "stream").read_text()
    assert text.startswith("before\n")
    assert json.loads(text.removeprefix("before\n"))["outcome"] == "changes"
    reading, writing = os.pipe()
    assert world.run("plan", "--out", form.format(writing)).code == 0
    os.close(writing)
    with os.fdopen(reading) as pipe:
        assert json.load(pipe)["outcome"] == "changes"
    assert world.run("plan", "--out", form.format(987_654)).code == 3


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("folder", "it is a folder"),
        ("retinue.yaml/plan.json", "Not a directory"),
        ("x" * 300, os.strerror(errno.ENAMETOOLONG)),
        ("/dev/full", os.strerror(errno.ENOSPC)),
        ("a\0b", "no file can have this name"),
    ],
)
@pytest.mark.parametrize("wanted", ["json", "markdown"])
def test_what_cannot_be_written_is_wrong_usage_and_leaves_nothing(
    path: str, why: str, wanted: str, world: World
) -> None:
    (world.root / "folder").mkdir()
    ran = world.run("plan", "--out", path, "--format", wanted)
    assert ran.code == 3
    assert why in ran.out + ran.err
    assert left(world.root) == {"folder"}
    assert left(world.root / "folder") == set()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_or_a_file_that_is_read_only(world: World) -> None:
    world.write("shut/x", "old")
    (world.root / "shut").chmod(0o500)
    world.write("fixed", "old")
    (world.root / "fixed").chmod(0o400)
    for path in ("shut/plan.json", "fixed"):
        ran = world.run("plan", "--out", path)
        assert (ran.code, "Permission denied" in ran.err) == (3, True)
    (world.root / "shut").chmod(0o700)
    assert (left(world.root / "shut"), (world.root / "fixed").read_text()) == ({"x"}, "old")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "x"
    target.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        named_files.write(str(target), b"new", private=True)
    with pytest.raises(UsageError, match="No space left"):
        named_files.write_beside(str(tmp_path / "saved"), "y", b"new")
    assert (left(tmp_path), target.read_text(), left(tmp_path / "saved")) == ({"x", "saved"}, "old", set())


def test_no_backup_is_ever_written_over(world: World) -> None:
    world.apply()
    (owned,) = world.live()
    for text in ("One", "Two", "Three"):
        world.assistant("a", f"instructions: {text}\n")
        with umask(0o000):
            world.apply("--backup", "saved")
    names = [f"{owned}.json", f"{owned}.2.json", f"{owned}.3.json"]
    assert left(world.root / "saved") == set(names)
    said = [json.loads((world.root / "saved" / name).read_text())["instructions"] for name in names]
    assert said == ["Be kind.", "One", "Two"]
    assert {mode(f"saved/{name}") for name in names} == {0o600}
    assert mode("saved") == 0o700


@pytest.mark.parametrize("taken", ["link", "dangling", "folder"])
def test_a_backup_goes_past_whatever_has_its_name(taken: str, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    (tmp_path / "precious").write_text("old")
    if taken == "folder":
        (folder / "x.json").mkdir()
    else:
        (folder / "x.json").symlink_to(tmp_path / ("precious" if taken == "link" else "missing"))
    named_files.write_beside(str(folder), "x", b"new")
    assert left(folder) == {"x.json", "x.2.json"}
    assert (tmp_path / "precious").read_text() == "old"
    assert not (tmp_path / "missing").exists()


def test_backups_of_many_threads_have_each_a_file(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=named_files.write_beside, args=(str(tmp_path / "saved"), "x", str(number).encode()))
        for number in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {path.read_text() for path in (tmp_path / "saved").iterdir()} == {str(number) for number in range(20)}
