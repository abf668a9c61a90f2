"""No object is deleted whose manifest still lies where manifests lie, read or not, unless `removed` says so."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import World

MANIFEST = "---\nassistant: n{0}\nmodel: gpt-4o\n---\nPrompt {0}\n"
FIELDS = "assistant: n{0}\nmodel: gpt-4o\n"
Slip = Callable[[Path], object]


def project(world: World, *entries: str) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", text.replace("[assistants]", json.dumps(entries)))


def renamed(name: str) -> Slip:
    def slip(file: Path) -> None:
        target = file.parent / name
        target.parent.mkdir(parents=True, exist_ok=True)
        file.rename(target)

    return slip


def holding(data: str | bytes, name: str = "") -> Slip:
    def slip(file: Path) -> None:
        file.unlink()
        raw = data.encode() if isinstance(data, str) else data
        (file.parent / (name or file.name)).write_bytes(raw)

    return slip


def linked(to: str, name: str = "") -> Slip:
    def slip(file: Path) -> None:
        file.unlink()
        (file.parent / (name or file.name)).symlink_to(to)

    return slip


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file.with_suffix(".yml"))


MD = ("assistants/*.md",)
YAML = ("assistants/*.yaml",)
BLOCKED: dict[str, tuple[tuple[str, ...], str, Slip]] = {
    "capitals": (MD, "n3.md", renamed("n3.MD")),
    "the other word for Markdown": (MD, "n3.md", renamed("n3.markdown")),
    "mdx": (MD, "n3.md", renamed("N3.mdx")),
    "yml": (YAML, "n3.yaml", renamed("n3.yml")),
    "YAML in capitals": (YAML, "n3.yaml", renamed("n3.YAML")),
    "a disabled one": (YAML, "n3.yaml", renamed("n3.yaml.disabled")),
    "a template": (YAML, "n3.yaml", holding("assistant: {{ name }}\nmodel: m\n", "n3.yaml.j2")),
    "a letter that the pattern wants": (("assistants/n[0-9].yaml",), "n3.yaml", renamed("m3.yaml")),
    "a prefix": (("assistants/n*.yaml",), "n3.yaml", renamed("old-n3.yaml")),
    "a folder below": (YAML, "n3.yaml", renamed("team/n3.yaml")),
    "a hidden folder": (YAML, "n3.yaml", renamed(".old/n3.yaml")),
    "a hidden name": (YAML, "n3.yaml", renamed(".n3.yaml")),
    "a hidden name in a folder": (("assistants",), "n3.yaml", renamed(".n3.yaml")),
    "a hidden folder in a folder": (("assistants",), "n3.yaml", renamed(".old/team/n3.yaml")),
    "a folder of node's name": (("assistants/**/*.yaml",), "n3.yaml", renamed("node_modules/n3.yml")),
    "the folder above the pattern": (("assistants/*/*.yaml",), "a/n3.yaml", renamed("../n3.yaml")),
    "a folder beside the one that is named": (("assistants/*/bots",), "a/bots/n3.yaml", renamed("../bot/n3.yaml")),
    "one file is named no more": (
        tuple(f"assistants/n{number}.yaml" for number in (1, 2, 4, 5)),
        "n3.yaml",
        lambda _: None,
    ),
    "UTF-16 under another name": (YAML, "n3.yaml", holding(FIELDS.format(3).encode("utf-16"), "n3.yml")),
    "locked under another name": (YAML, "n3.yaml", holding(b"\0GITCRYPT\0\x8f", "n3.yml")),
    "encrypted by sops": (YAML, "n3.yaml", holding("assistant: ENC[AES256]\nmodel: ENC[AES256]\n", "n3.yml")),
    "empty under another name": (YAML, "n3.yaml", holding("", "n3.yml")),
    "broken under another name": (YAML, "n3.yaml", holding("assistant: {n3\n", "n3.yml")),
    "one of two in a file": (YAML, "n3.yaml", holding(FIELDS.format(9) + "---\n" + FIELDS.format(3), "both.yml")),
    "one of two in a text": (
        YAML,
        "n3.yaml",
        holding("# a\n" * 20 + FIELDS.format(9) + "---\n" + FIELDS.format(3), "x.txt"),
    ),
    "JSON on one line": (YAML, "n3.yaml", holding('{"model": "m", "assistant": "n3"}', "n3.json")),
    "a byte order mark": (YAML, "n3.yaml", holding("\ufeff" + FIELDS.format(3), "n3.yml")),
    "a link that leads nowhere": (YAML, "n3.yaml", linked("nowhere", "n3.yml")),
    "too large": (YAML, "n3.yaml", holding(FIELDS.format(3) + "#" * 2**21, "n3.yml")),
    "a pipe": (YAML, "n3.yaml", pipe),
}
WRONG: dict[str, tuple[tuple[str, ...], str, Slip]] = {
    "a folder": (MD, "n3.md", folder),
    "a folder in a folder": (("assistants",), "n3.md", folder),
    "a link that leads nowhere": (MD, "n3.md", linked("nowhere")),
    "a link to itself": (("assistants",), "n3.md", linked("n3.md")),
    "a link to a folder": (MD, "n3.md", linked("../docs")),
    "a link to a folder in a folder": (("assistants",), "n3.md", linked("../docs")),
    "a link out": (MD, "n3.md", linked("/etc/hostname")),
    "a value on the next line": (MD, "n3.md", holding("\n---\nassistant:\n  n3\n---\nHi\n")),
    "a complex key": (MD, "n3.md", holding("\n---\n? assistant\n: n3\n---\nHi\n")),
    "a flow mapping": (MD, "n3.md", holding("\n---\n{name: x, assistant: n3}\n---\nHi\n")),
    "a quote": (MD, "n3.md", holding("> ---\n> assistant: n3\n> model: m\n> ---\nHi\n")),
    "an item": (MD, "n3.md", holding("- assistant: n3\n  model: m\n")),
    "a tab": (MD, "n3.md", holding("\n---\n\tassistant: n3\n---\nHi\n")),
    "a filler": (MD, "n3.md", holding("\n---\n\u3164assistant: n3\n---\nHi\n")),
    "a pattern of Windows": ((*YAML, "assistants\\*.yaml"), "n3.yaml", lambda file: file.unlink()),
    "a pattern that leads out": ((*YAML, "../*/assistants/*.yaml"), "n3.yaml", lambda file: file.unlink()),
    "another with its address": (MD, "n3.md", holding(MANIFEST.format(2))),
}


def start(world: World, entries: tuple[str, ...], name: str, slip: Slip) -> dict[str, object]:
    """Five assistants that were applied, one of whose files has then met with the slip."""
    suffix = Path(name).suffix
    for number in range(1, 6):
        path = f"assistants/{name}".replace("n3", f"n{number}")
        world.write(path, (MANIFEST if suffix == ".md" else FIELDS).format(number))
    world.write("docs/notes.txt", "Notes\n")
    project(world, *(f"assistants/**/*{suffix}",))
    world.apply()
    project(world, *entries)
    slip(world.root / f"assistants/{name}")
    return dict(world.live())


@pytest.mark.skipif(os.name != "posix", reason="needs links, pipes and names in capitals")
@pytest.mark.parametrize(("entries", "name", "slip"), BLOCKED.values(), ids=BLOCKED.keys())
def test_a_delete_is_blocked_while_the_manifest_lies_there(
    world: World, entries: tuple[str, ...], name: str, slip: Slip
) -> None:
    before = start(world, entries, name, slip)
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, world.live() == before) == (5, True), ran.out + ran.err
    (change,) = (item for item in json.loads(world.run("plan", "--format", "json").out)["changes"])
    assert (change["address"], change["blocked"]["code"]) == ("Assistant/n3", "manifest-unread")
    with (world.root / "retinue.yaml").open("a", encoding="utf-8") as file:
        file.write("removed: [Assistant/n3]\n")
    world.apply()
    assert len(world.live()) == 4


@pytest.mark.skipif(os.name != "posix", reason="needs links")
@pytest.mark.parametrize(("entries", "name", "slip"), WRONG.values(), ids=WRONG.keys())
def test_what_stands_in_the_place_of_a_manifest_is_an_error(
    world: World, entries: tuple[str, ...], name: str, slip: Slip
) -> None:
    before = start(world, entries, name, slip)
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, world.live() == before) == (3, True), ran.out + ran.err


REMAINS: dict[str, tuple[str, str]] = {
    "its prompt": ("assistants/prompts/n3.md", "You are n3.\n"),
    "a README": ("assistants/README.md", "# Ours\n\n```yaml\nassistant: n3\nmodel: m\n```\n\nAlso n3.\n"),
    "a list": ("assistants/NOTES.txt", "# Ours\n\n- assistant: n3\n- assistant: n4\n"),
    "a tool of its name": ("assistants/tools/n3.json", '{"type": "function"}'),
    "a picture of its name": ("assistants/n3.png", "\x89PNG"),
    "a manifest that refers to it": ("assistants/n9.txt", "assistant: n9\nmodel: m\nmetadata: {beside: n3}\n"),
    "another folder": ("archive/n3.yaml", FIELDS.format(3)),
    "another project below": ("assistants/other/n3.yml", FIELDS.format(3)),
    "the store of Git": ("assistants/.git/n3.yaml", FIELDS.format(3)),
    "a dialogue": ("assistants/prompts/talk.md", "user: Who is it?\nassistant: n3\nuser: And now?\nassistant: n4\n"),
}


@pytest.mark.parametrize(("name", "text"), REMAINS.values(), ids=REMAINS.keys())
def test_what_else_is_left_of_an_assistant_blocks_nothing(world: World, name: str, text: str) -> None:
    start(world, YAML, "n3.yaml", lambda file: file.unlink())
    world.write("assistants/other/retinue.yaml", "version: 1\n")
    world.write(name, text)
    world.apply()
    assert len(world.live()) == 4


def test_a_project_file_among_the_manifests_hides_none(world: World) -> None:
    before = start(world, YAML, "n3.yaml", renamed("n3.yml"))
    world.write("assistants/retinue.yaml", "assistant: n6\nmodel: gpt-4o\n")
    assert world.run("apply", "--auto-approve").code == 5
    assert world.live() == before


def test_a_hidden_folder_at_the_top_belongs_to_others(world: World) -> None:
    start(world, ("*/*.yaml",), "n3.yaml", renamed("../.worktree/assistants/n3.yaml"))
    world.apply()
    assert len(world.live()) == 4


def test_a_manifest_may_be_left_out_on_purpose(world: World) -> None:
    for number in range(1, 5):
        world.assistant(f"prod-n{number}")
    world.assistant("dev-n1")
    world.write("assistants/README.md", "# Read me\n")
    project(world, "assistants/prod-*.yaml")
    ran = world.run("validate")
    assert (ran.code, ran.out) == (0, "4 manifests are valid in dev.\n")
    assert "1 manifest is left out by the patterns: `assistants/dev-n1.yaml`" in ran.err
    world.apply()
    # `environments` leaves one out that is read: that deletes.
    world.assistant("prod-n2", "retinue: {environments: []}\n")
    world.remove("assistants/dev-n1.yaml")
    assert world.run("validate").err == ""
    world.write("copy/prod-n2.yaml", "assistant: prod-n2\n")
    world.write("assistants/prod-n2.yaml.bak", "assistant: prod-n2\nmodel: gpt-4o\n")
    world.apply()
    assert len(world.live()) == 3


@pytest.mark.parametrize("removed", ["Assistant/n3", "{address: Assistant/n3, forget: true}"])
def test_removed_says_what_goes_all_the_same(world: World, removed: str) -> None:
    start(world, YAML, "n3.yaml", renamed("n3.yml"))
    with (world.root / "retinue.yaml").open("a", encoding="utf-8") as file:
        file.write(f"removed: [{removed}]\n")
    world.apply()
    assert len(world.live()) == (5 if "forget" in removed else 4)


def test_a_destroy_asks_for_it(world: World) -> None:
    start(world, YAML, "n3.yaml", renamed("n3.yml"))
    assert world.run("destroy", "--auto-approve", "--allow", "brake=5").code == 0
    assert world.live() == {}


def test_a_saved_plan_and_a_target_are_blocked_too(world: World) -> None:
    before = start(world, YAML, "n3.yaml", lambda file: file.unlink())
    assert world.run("plan", "--format", "json", "--out", "plan.json").code == 0
    world.write("assistants/n3.yml", FIELDS.format(3))
    for arguments in (("plan.json",), ("--auto-approve", "--target", "Assistant/n3")):
        assert world.run("apply", *arguments).code in (5, 6)
        assert world.live() == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs permissions that hold")
def test_a_folder_that_cannot_be_read_may_hold_the_manifest(world: World) -> None:
    before = start(world, ("assistants/**/*.yaml",), "n3.yaml", renamed("team/n3.yaml"))
    (world.root / "assistants/team").chmod(0)
    try:
        ran = world.run("apply", "--auto-approve")
        assert (ran.code, world.live() == before) == (5, True), ran.out + ran.err
        (world.root / "assistants/team").chmod(0o700)
        (world.root / "assistants").chmod(0)
        assert world.run("apply", "--auto-approve").code == 3
        assert world.live() == before
    finally:
        (world.root / "assistants").chmod(0o700)
        (world.root / "assistants/team").chmod(0o700)


def test_hidden_folders_and_links_are_counted(world: World) -> None:
    world.project()
    world.assistant("n1")
    world.write("assistants/.old/n1.yaml", FIELDS.format(1))
    (world.root / "assistants/.loop").symlink_to(".loop")
    (world.root / "assistants/loop.txt").symlink_to("loop.txt")
    ran = world.run("validate")
    assert ran.code == 0
    assert "3 files that are not manifests were passed over: `assistants/.loop`, `assistants/.old/`" in ran.err
