"""init and import write all of their files or none."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from retinue.cli.scaffold import write_new
from retinue.core.errors import UsageError

from .conftest import World

FILES = {"retinue.yaml": "a", "assistants/x.yaml": "b", "deep/er/y.md": "c"}


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["deep", "deep/er", "deep/er/y.md", ".gitignore"])
@pytest.mark.parametrize("kind", ["a file or a folder in the way", "a link to nowhere"])
def test_where_one_file_cannot_be_written_there_is_none(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "a link to nowhere":
        path.symlink_to("nowhere/at/all")
    elif name in ("deep", "deep/er"):
        path.write_text("mine")
    else:
        path.mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="nothing was"):
        write_new(tmp_path, FILES)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_ignore_file_in_any_encoding_is_added_to(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"caf\xe9\r\n*.log")
    write_new(tmp_path, FILES)
    assert (tmp_path / ".gitignore").read_bytes() == b"caf\xe9\r\n*.log\n.retinue/\n.retinue-emulator/\n"


def test_an_ignore_file_that_has_the_lines_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b".retinue-emulator/\r\n.retinue/\r\n")
    write_new(tmp_path, FILES)
    assert (tmp_path / ".gitignore").read_bytes() == b".retinue-emulator/\r\n.retinue/\r\n"


@pytest.mark.skipif(os.name == "nt", reason="needs a limit for the size of files")
def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_bytes(b"x" * 290)
    limit = "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))\n"
    limit += "from retinue.cli.scaffold import write_new; from pathlib import Path\n"
    limit += "write_new(Path(sys.argv[1]), {'a/b.txt': 'x' * 9})\n"
    done = subprocess.run([sys.executable, "-c", limit, str(tmp_path)], capture_output=True, text=True, check=False)
    assert os.strerror(errno.EFBIG) in done.stderr
    assert everything(tmp_path) == {".gitignore": b"x" * 290}
    assert not (tmp_path / "a").exists()


def test_init_beside_a_manifest_that_exists_writes_nothing(world: World) -> None:
    world.write("assistants/greeter.yaml", "mine")
    assert world.run("init").code == 3
    assert everything(world.root) == {"assistants/greeter.yaml": b"mine"}


@pytest.mark.parametrize("link", ["bots", "bots/a.yaml", ".gitignore"])
def test_nothing_is_written_through_a_link_out_of_the_project(tmp_path: Path, link: str) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    (project / link).parent.mkdir(parents=True)
    if link == "bots":
        outside.mkdir()
    (project / link).symlink_to(outside)
    with pytest.raises(UsageError, match=f"{link}.* leads out of the project through a symbolic link"):
        write_new(project, {"bots/a.yaml": "assistant: a\n"})
    assert not outside.exists() or list(outside.iterdir()) == []


def test_the_emulators_folder_is_ignored_without_following_a_link(world: World) -> None:
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\n"
        "environments:\n  dev: {provider: openai-assistants, endpoint: emulator}\n",
    )
    world.assistant("a")
    (world.root / ".retinue-emulator").mkdir()
    (world.root / ".retinue-emulator/.gitignore").symlink_to(world.root / "outside")
    assert world.run("plan").code == 0
    assert not (world.root / "outside").exists()


def test_what_init_writes_helps_editors_and_is_told(world: World) -> None:
    ran = world.run("init")
    told = [line.removeprefix("wrote ") for line in ran.out.splitlines() if line.startswith("wrote ")]
    schemas = [f"schemas/{name}.schema.json" for name in ("manifest", "retinue", "tool", "format")]
    assert told == ["retinue.yaml", "assistants/greeter.yaml", "prompts/greeter.md", *schemas, ".gitignore"]
    assert sorted(told) == sorted(everything(world.root))
    for name, depth, what in (("retinue.yaml", "", "retinue"), ("assistants/greeter.yaml", "../", "manifest")):
        first = (world.root / name).read_text().split("\n")[0]
        assert first == f"# yaml-language-server: $schema={depth}schemas/{what}.schema.json"
    assert not (world.root / "prompts/greeter.md").read_text().startswith("#")
    assert world.run("apply", "--auto-approve").code == 0
    assert world.run("plan", "--detailed-exitcode").code == 0


def test_schemas_that_are_there_stay_and_import_points_at_them(world: World) -> None:
    world.project()
    tool = {"type": "function", "function": {"name": "look_up"}}
    for name in ("ant", "bee"):
        world.emulator.seed({"object": "assistant", "name": name, "model": "m", "tools": [tool]})
    assert world.run("import").code == 0
    assert (world.root / "assistants/ant.yaml").read_text().startswith("assistant: ant\n")
    world.write("schemas/manifest.schema.json", "mine")
    world.write("schemas/tool.schema.json", "{}")
    for name in ("cat", "dog"):
        tool["function"] = {"name": "other"}
        world.emulator.seed({"object": "assistant", "name": name, "model": "m", "tools": [tool]})
    assert world.run("import").code == 0
    for path, what in (("assistants/cat.yaml", "manifest"), ("tools/other.yaml", "tool")):
        first, second = (world.root / path).read_text().split("\n")[:2]
        assert first == f"# yaml-language-server: $schema=../schemas/{what}.schema.json"
        assert second.split(":")[0] in ("assistant", "type")
    world.remove("retinue.yaml")
    for name in ("assistants", "tools"):
        shutil.rmtree(world.root / name)
    assert "wrote schemas/retinue.schema.json" in world.run("init").out
    assert (world.root / "schemas/manifest.schema.json").read_text() == "mine"


@pytest.mark.parametrize("command", [("init",), ("plan",), ("validate",), ("output",)])
def test_a_folder_that_cannot_be_is_wrong_usage(world: World, command: tuple[str, ...]) -> None:
    world.write("taken/retinue.yaml/x", "")
    for folder in ("d" * 300, "/".join(["d" * 200] * 25), "taken"):
        ran = world.run(*command, "-C", folder)
        assert (ran.code, "bug" in ran.err) == (3, False), ran.out + ran.err


def test_a_plan_whose_name_is_too_long_is_wrong_usage(world: World) -> None:
    ran = world.run("show", "d" * 300)
    assert (ran.code, "bug" in ran.err) == (3, False), ran.err
