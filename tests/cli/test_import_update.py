"""`import --update`: live values go where they belong, comments and layout stay, and the next plan is empty."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from retinue.cli.scaffold import write_over
from retinue.core.errors import UsageError

from .conftest import Ran, World


def edit(world: World, who: str, /, **fields: Any) -> None:
    """As somebody in the dashboard would."""
    (raw,) = (item for item in world.live().values() if item["metadata"]["retinue.address"].endswith(f"/{who}"))
    metadata = {key: text for key, text in raw["metadata"].items() if key.startswith("retinue.")}
    fields["metadata"] = metadata | fields.get("metadata", raw["metadata"])
    world.emulator.seed({**raw, **fields})


def files(world: World) -> dict[str, bytes]:
    return {
        path.relative_to(world.root).as_posix(): path.read_bytes()
        for path in sorted(world.root.rglob("*"))
        if path.is_file() and ".retinue" not in path.as_posix()
    }


def applied(world: World, text: str, name: str = "tutor", suffix: str = "yaml") -> None:
    world.write(f"assistants/{name}.{suffix}", text)


def update(world: World, *arguments: str, code: int = 0) -> Ran:
    ran = world.run("import", "--update", *arguments)
    assert ran.code == code, ran.out + ran.err
    return ran


MANIFEST = """\
# The tutor of the school.
assistant: tutor
name: "Math Tutor"      # as people see it
model: gpt-4o
instructions: |
  You help with homework.

  Always be kind.
temperature: 0.2        # keep it dry
tools:
  # runs code
  - type: code_interpreter
  - {type: file_search, file_search: {max_num_results: 8}}   # looks things up
metadata: {owner: 'edu@example.com', "team": x}   # who to ask

retinue:
  labels: {team: education}
"""
EDITS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a number": ({"temperature": 0.9}, "temperature: 0.2 ", "temperature: 0.9 "),
    "a text in double quotes": ({"name": "Mathe: ä"}, '"Math Tutor"', '"Mathe: ä"'),
    "a text to a number look-alike": ({"model": "1e3"}, "model: gpt-4o\n", 'model: "1e3"\n'),
    "block text": (
        {"instructions": "You help.\n\n\nAlways be kind.\n  And more."},
        "|\n  You help with homework.\n\n  Always be kind.\n",
        "|\n  You help.\n\n\n  Always be kind.\n    And more.\n",
    ),
    "a value in brackets": (
        {"metadata": {"owner": "it's me", "team": "x"}},
        "'edu@example.com'",
        "'it''s me'",
    ),
    "a new pair in brackets": (
        {"metadata": {"owner": "edu@example.com", "team": "x", "tier": "1"}},
        '"team": x}',
        '"team": x, tier: "1"}',
    ),
    "a pair less in brackets": ({"metadata": {"owner": "edu@example.com"}}, ', "team": x}', "}"),
    "the first pair less": ({"metadata": {"team": "x"}}, "{owner: 'edu@example.com', ", "{"),
    "a field more": (
        {"description": "Since\nyesterday"},
        "\nretinue:",
        "description: |-\n  Since\n  yesterday\n\nretinue:",
    ),
    "a field back to its default": ({"temperature": 1}, "temperature: 0.2 ", "temperature: 1 "),
    "a field less": ({"name": None}, 'name: "Math Tutor"      # as people see it\n', ""),
    "deep in a list": (
        {"tools": [{"type": "code_interpreter"}, {"type": "file_search", "file_search": {"max_num_results": 9}}]},
        "max_num_results: 8",
        "max_num_results: 9",
    ),
    "an item of another type": (
        {
            "tools": [
                {"type": "function", "function": {"name": "f"}},
                {"type": "file_search", "file_search": {"max_num_results": 8}},
            ]
        },
        "- type: code_interpreter\n",
        "- type: function\n    function:\n      name: f\n",
    ),
    "an item less": (
        {"tools": [{"type": "code_interpreter"}]},
        "  - {type: file_search, file_search: {max_num_results: 8}}   # looks things up\n",
        "",
    ),
    "an item more": (
        {
            "tools": [
                {"type": "code_interpreter"},
                {"type": "file_search", "file_search": {"max_num_results": 8}},
                {"type": "function", "function": {"name": "f"}},
            ]
        },
        "   # looks things up\n",
        "   # looks things up\n  - type: function\n    function:\n      name: f\n",
    ),
    "an item in front": (
        {
            "tools": [
                {"type": "function", "function": {"name": "f"}},
                {"type": "code_interpreter"},
                {"type": "file_search", "file_search": {"max_num_results": 8}},
            ]
        },
        "  - type: code_interpreter\n",
        "  - type: function\n    function:\n      name: f\n  - type: code_interpreter\n",
    ),
}


@pytest.mark.parametrize(("fields", "old", "new"), EDITS.values(), ids=EDITS.keys())
@pytest.mark.parametrize("breaks", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_only_the_value_changes(world: World, fields: dict[str, Any], old: str, new: str, breaks: str) -> None:
    world.project()
    path = world.root / "assistants/tutor.yaml"
    path.parent.mkdir()
    path.write_bytes(MANIFEST.replace("\n", breaks).encode())
    world.apply()
    edit(world, "tutor", **fields)
    ran = update(world)
    assert path.read_bytes().decode() == MANIFEST.replace(old, new, 1).replace("\n", breaks), ran.out
    world.accepted()
    assert update(world).out == "Nothing to write: nothing was changed outside.\n"


# --- the layers and the files


def test_a_prompt_file_keeps_its_end_and_its_line_ends(world: World) -> None:
    world.project()
    (world.root / "prompts").mkdir()
    for name, text in {"a": b"One.\r\nTwo.\r\n\r\n", "b": b"One.\nTwo."}.items():
        (world.root / f"prompts/{name}.md").write_bytes(text)
        world.assistant(name, f"instructions: {{file: ../prompts/{name}.md}}\n")
    world.apply()
    for name in "ab":
        edit(world, name, instructions="One.\n\nThree: ${var.x}.")
    update(world)
    assert (world.root / "prompts/a.md").read_bytes() == b"One.\r\n\r\nThree: ${var.x}.\r\n\r\n"
    assert (world.root / "prompts/b.md").read_bytes() == b"One.\n\nThree: ${var.x}."
    world.accepted()


def test_front_matter_and_the_text_below_it(world: World) -> None:
    world.project()
    world.write("assistants/bot.md", "---\nassistant: bot\nmodel: gpt-4o  # cheap\n---\n\nBe kind.\n\n---\nAlways.\n")
    world.apply()
    edit(world, "bot", model="gpt-4o-mini", instructions="Be ${x} brief.\n---\nAlways.")
    update(world)
    text = (world.root / "assistants/bot.md").read_text()
    assert text == "---\nassistant: bot\nmodel: gpt-4o-mini  # cheap\n---\n\nBe $${x} brief.\n---\nAlways.\n"
    world.accepted()


def test_a_json_manifest_stays_json(world: World) -> None:
    world.project()
    world.write("assistants/bot.json", '{\n  "assistant": "bot",\n  "model": "gpt-4o",\n  "temperature": 0.5\n}\n')
    world.apply()
    edit(world, "bot", model='a "b"', top_p=0.5)
    update(world)
    text = (world.root / "assistants/bot.json").read_text()
    assert text == ('{\n  "assistant": "bot",\n  "model": "a \\"b\\"",\n  "temperature": 0.5,\n  "top_p": 0.5\n}\n')
    world.accepted()


def test_the_value_goes_to_the_layer_that_it_comes_from(world: World) -> None:
    world.project(
        environment="    overlay: overlays/dev.yaml\n"
        "  prod:\n    provider: openai-assistants\n    endpoint: emulator\n",
        extra="defaults:\n  assistant:\n    top_p: 0.5   # for all\n",
    )
    world.assistant("bot", "temperature: 0.2\ndescription: base\n")
    world.write("overlays/dev.yaml", "assistant: bot\ntemperature: 0.3   # in dev\n")
    world.run("apply", "--auto-approve", "-e", "dev")
    edit(world, "bot", temperature=0.9, description="live", top_p=0.6)
    out = update(world, "-e", "dev").out
    also = " (also in prod: the same line serves it)"
    lines = [f"  Assistant/bot: description{also}", "  Assistant/bot: temperature", f"  Assistant/bot: top_p{also}"]
    assert out.partition("retinue.yaml\n")[2].splitlines()[:3] == lines
    assert out.endswith("3 values written; an apply notes them as accepted. Next: retinue plan -e dev\n")
    assert (world.root / "overlays/dev.yaml").read_text() == "assistant: bot\ntemperature: 0.9   # in dev\n"
    assert "temperature: 0.2\ndescription: live\n" in (world.root / "assistants/bot.yaml").read_text()
    assert "    top_p: 0.6   # for all\n" in (world.root / "retinue.yaml").read_text()
    world.accepted("-e", "dev")


def test_an_include_of_data_is_edited_in_its_own_file(world: World) -> None:
    world.project()
    world.write("tools/f.yaml", "# shared\ntype: function\nfunction:\n  name: f\n  description: Old.   # short\n")
    world.assistant("bot", "tools:\n  - {file: ../tools/f.yaml}\n")
    world.apply()
    edit(world, "bot", tools=[{"type": "function", "function": {"name": "f", "description": "New ${y}."}}])
    update(world)
    assert (world.root / "tools/f.yaml").read_text().endswith("description: New ${y}.   # short\n")
    world.accepted()


# --- what is not written


def refused(world: World, *words: str, code: int = 1, arguments: tuple[str, ...] = ()) -> str:
    """Nothing is written, the patch is printed, and the next plan still shows the change."""
    before = files(world)
    ran = update(world, *arguments, code=code)
    assert files(world) == before
    for word in words:
        assert word in ran.out, ran.out
    given = [] if "--take-live" in arguments else arguments
    assert world.run("plan", "--detailed-exitcode", *given).code == 2
    return ran.out


def seven(world: World) -> None:
    world.project()
    world.write("prompts/shared.md", "Be kind.\n")
    for number in range(7):
        world.assistant(f"a{number}", "instructions: {file: ../prompts/shared.md}\n")
    world.apply()


def test_a_shared_prompt_is_not_written_for_some(world: World) -> None:
    seven(world)
    for number in range(6):
        edit(world, f"a{number}", instructions="Be brief.")
    out = refused(world, "it is shared: `instructions` of Assistant/a6 would change too", "-Be kind.\n    +Be brief.")
    assert "0 values written, 6 not." in out


def test_a_shared_prompt_is_written_when_all_drifted_alike(world: World) -> None:
    seven(world)
    for number in range(7):
        edit(world, f"a{number}", instructions="Be brief.")
    assert "7 values written;" in update(world).out
    assert (world.root / "prompts/shared.md").read_text() == "Be brief.\n"
    world.accepted()


def test_a_shared_prompt_that_drifted_in_two_ways_is_not_written(world: World) -> None:
    seven(world)
    for number in range(7):
        edit(world, f"a{number}", instructions="Be brief." if number else "Be long.")
    refused(world, "different live values belong in the same place", "+Be long.")


def test_what_can_be_written_is_written_beside_what_cannot(world: World) -> None:
    seven(world)
    edit(world, "a0", instructions="Be brief.", temperature=0.5)
    out = update(world, code=1).out
    assert "wrote assistants/a0.yaml\n  Assistant/a0: temperature\nnot written: Assistant/a0: instructions" in out
    assert (world.root / "prompts/shared.md").read_text() == "Be kind.\n"


def test_a_default_that_others_use_is_not_written(world: World) -> None:
    world.project("defaults: {assistant: {temperature: 0.2}}\n")
    world.assistant("a")
    world.assistant("b")
    world.apply()
    edit(world, "a", temperature=0.9)
    refused(
        world,
        "it is shared: `temperature` of Assistant/b would change too",
        "+defaults: {assistant: {temperature: 0.9}}",
    )


NOT_WRITTEN = {
    "a variable": ("temperature: ${var.heat}\n", {"temperature": 0.9}, "`${var.heat}` stands there"),
    "a text with a variable": ("description: At ${var.heat}\n", {"description": "x"}, "`At ${var.heat}` stands there"),
    "an anchor": ("description: &d one\nname: *d\n", {"description": "x"}, "an anchor, an alias or a tag"),
    "an alias": ("description: &d one\nname: *d\n", {"name": "x"}, "an anchor, an alias or a tag"),
    "folded text": ("instructions: >\n  One\n  two.\n", {"instructions": "One two three."}, "folded"),
    "several lines in quotes": ('description: "one\n  two"\n', {"description": "x"}, "runs over several lines"),
    "a template": (
        "instructions: {file: ../prompts/t.txt, template: true}\n",
        {"instructions": "At 0.3!"},
        "the text is a template",
    ),
    "white space at the start of a block": ("instructions: |\n  One\n", {"instructions": "  One"}, "white space"),
}


@pytest.mark.parametrize(("text", "fields", "why"), NOT_WRITTEN.values(), ids=NOT_WRITTEN.keys())
def test_what_cannot_be_edited_exactly_is_printed(world: World, text: str, fields: dict[str, Any], why: str) -> None:
    world.project(environment="    variables: {heat: 0.2}\n")
    world.write("prompts/t.txt", "At ${var.heat}.\n")
    world.assistant("bot", text)
    world.apply()
    edit(world, "bot", **fields)
    refused(world, why, "live:")


def test_what_both_sides_changed_is_not_written_unless_somebody_takes_the_live_one(world: World) -> None:
    world.project()
    world.assistant("bot", "temperature: 0.2\n")
    world.apply()
    edit(world, "bot", temperature=0.9)
    world.assistant("bot", "temperature: 0.4\n")
    refused(world, "its manifest was changed too", "--take-live Assistant/bot")
    assert world.run("import", "--update", "--take-live", "Assistant/bo").code == 3
    update(world, "--take-live", "Assistant/bot")
    world.accepted()


def test_a_change_that_only_the_manifest_made_is_left_alone(world: World) -> None:
    world.project()
    world.assistant("bot", "temperature: 0.2\n")
    world.apply()
    edit(world, "bot", top_p=0.5)
    world.assistant("bot", "temperature: 0.4\n")
    update(world)
    assert (
        world.root / "assistants/bot.yaml"
    ).read_text() == "assistant: bot\nmodel: gpt-4o\ntemperature: 0.4\ntop_p: 0.5\n"


def test_what_is_ignored_stays_as_the_manifest_has_it(world: World) -> None:
    world.project()
    world.assistant("bot", "metadata: {a: '1', b: '2'}\nretinue: {ignore_changes: [/metadata/a]}\n")
    world.apply()
    edit(world, "bot", metadata={"a": "other", "b": "3"})
    update(world)
    assert "metadata: {a: '1', b: '3'}" in (world.root / "assistants/bot.yaml").read_text()
    world.accepted()


def test_target_narrows_what_is_written(world: World) -> None:
    world.project()
    for name in ("a", "b"):
        world.assistant(name, "temperature: 0.2\n")
    world.apply()
    for name in ("a", "b"):
        edit(world, name, temperature=0.9)
    update(world, "--target", "Assistant/a")
    assert "0.9" in (world.root / "assistants/a.yaml").read_text()
    assert "0.2" in (world.root / "assistants/b.yaml").read_text()


@pytest.mark.parametrize(
    "arguments", [("--update", "--id", "x"), ("--update", "--from", "x"), ("--target", "x"), ("--take-live", "x")]
)
def test_options_of_the_two_uses_do_not_mix(world: World, arguments: tuple[str, ...]) -> None:
    world.project()
    assert world.run("import", *arguments).code == 3


def test_other_environments_are_checked_too(world: World) -> None:
    """The same line serves `b` in prod, where nothing drifted."""
    world.project(
        environment="  prod:\n    provider: openai-assistants\n    endpoint: emulator\n",
        extra="defaults: {assistant: {top_p: 0.5}}\n",
    )
    world.assistant("a")
    world.assistant("b", "retinue: {environments: [prod]}\n")
    world.run("apply", "--auto-approve", "-e", "dev")
    edit(world, "a", top_p=0.6)
    refused(world, "`top_p` of Assistant/b would change too", arguments=("-e", "dev"))


def test_all_files_are_written_or_none(world: World) -> None:
    world.project()
    for name in ("a", "b"):
        world.assistant(name, "temperature: 0.2\n")
    world.apply()
    for name in ("a", "b"):
        edit(world, name, temperature=0.9)
    before = files(world)
    real = Path.replace

    def full(self: Path, target: Path) -> Path:
        if target.name == "b.yaml":
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return real(self, target)

    world.monkeypatch.setattr(Path, "replace", full)
    ran = world.run("import", "--update")
    world.monkeypatch.setattr(Path, "replace", real)
    assert (ran.code, files(world)) == (3, before)
    assert "No space left on device" in ran.err


def test_a_file_that_changed_meanwhile_is_not_written_over(world: World) -> None:
    path = world.root / "a.yaml"
    path.write_text("one")
    with pytest.raises(UsageError, match=r"a\.yaml was changed meanwhile; nothing was written"):
        write_over(world.root, {"a.yaml": b"two"}, {"a.yaml": b"other"})
    assert path.read_text() == "one"
    assert [item.name for item in world.root.iterdir()] == ["a.yaml"]


def test_a_file_is_written_over_at_one_moment(world: World) -> None:
    """Whoever has the old file open goes on reading all of it."""
    path = world.root / "a.yaml"
    path.write_text("one")
    with path.open() as reader:
        write_over(world.root, {"a.yaml": b"two"}, {"a.yaml": b"one"})
        assert (reader.read(), path.read_text()) == ("one", "two")


def test_permissions_stay_and_a_link_stays_a_link(world: World) -> None:
    world.project()
    world.write("shared/real.yaml", "assistant: bot\nmodel: gpt-4o\ntemperature: 0.2\n")
    real = world.root / "shared/real.yaml"
    real.chmod(0o640)
    (world.root / "assistants").mkdir()
    (world.root / "assistants/bot.yaml").symlink_to("../shared/real.yaml")
    world.apply()
    edit(world, "bot", temperature=0.9)
    update(world)
    assert (world.root / "assistants/bot.yaml").is_symlink()
    assert (real.stat().st_mode & 0o777, "0.9" in real.read_text()) == (0o640, True)
    world.accepted()


def test_several_documents_in_one_file(world: World) -> None:
    world.project()
    text = "assistant: a\nmodel: gpt-4o\n---\n# second\nassistant: b\nmodel: gpt-4o\nmetadata:\n  x: '1'\n  y: '2'\n"
    world.write("assistants/all.yaml", text)
    world.apply()
    edit(world, "a", top_p=0.5)
    edit(world, "b", metadata={"y": "2", "z": "3"})
    update(world)
    expected = text.replace("gpt-4o\n---", "gpt-4o\ntop_p: 0.5\n---").replace("  x: '1'\n", "")
    assert (world.root / "assistants/all.yaml").read_text() == expected + '  z: "3"\n'
    world.accepted()


def test_new_lines_in_one_place_come_in_the_right_order(world: World) -> None:
    """A new item of the last list, and a new key below it, with no line end at the end of the file."""
    world.project()
    world.write("assistants/bot.yaml", "assistant: bot\nmodel: gpt-4o\ntools:\n- type: code_interpreter")
    world.apply()
    tools = [{"type": "code_interpreter"}, {"type": "file_search"}]
    edit(world, "bot", tools=tools, top_p=0.5, description="d")
    update(world)
    text = (world.root / "assistants/bot.yaml").read_text()
    assert text.startswith("assistant: bot\nmodel: gpt-4o\ntools:\n- type: code_interpreter\n- type: file_search\n")
    assert sorted(text.splitlines()[-2:]) == ["description: d", "top_p: 0.5"]
    assert not text.endswith("\n")
    world.accepted()


def test_hostile_live_texts_stay_texts(world: World) -> None:
    """Nothing that somebody writes in a dashboard becomes a variable, an include, a key or a comment."""
    world.project()
    world.assistant("bot", "name: plain\ndescription: 'single'\nmetadata: {a: x}\n")
    world.apply()
    name = "${var.x}: # {file: /etc/passwd}\n- &a *b\t\x1b[31m"
    edit(world, "bot", name=name, description="it's: {", metadata={"a": "}, {b: [", "${k}": "::error::"})
    update(world)
    world.accepted()
    assert world.live()


@pytest.mark.parametrize("number", range(3))
def test_after_two_edits_in_a_row_the_second_needs_a_word(world: World, number: int) -> None:
    """The marker tells only what was last applied: an import without an apply counts as a change of the manifest."""
    world.project()
    world.assistant("bot", "temperature: 0.2\n")
    world.apply()
    edit(world, "bot", temperature=0.9)
    update(world)
    edit(world, "bot", temperature=0.5 + number / 10)
    refused(world, "its manifest was changed too")
    update(world, "--take-live", "Assistant/bot")
    world.accepted()


def test_after_an_apply_the_second_edit_needs_no_word(world: World) -> None:
    world.project()
    world.assistant("bot", "temperature: 0.2\n")
    world.apply()
    for value in (0.9, 0.5):
        edit(world, "bot", temperature=value)
        update(world)
        world.accepted()
