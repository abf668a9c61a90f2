"""`import --update` gives nothing of one value to another and loses nothing: tools, their files, comments."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World
from .test_import_update import edit, files, refused, update


def function(name: str, description: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": description}}


LINES = (
    "  - {file: ../tools/one.yaml}   # first\n",
    "  - {file: ../tools/two.yaml}   # second\n",
    "  - type: code_interpreter\n",
)
ONE, TWO, CODE = function("one", "Old."), function("two", "Old."), {"type": "code_interpreter"}
# What becomes of the list, and of the text of tools/two.yaml. tools/one.yaml is never about anything but `one`.
OF_INCLUDES = {
    "another order": (
        [CODE, TWO, ONE],
        "".join(reversed(LINES)),
        "Old.",
    ),
    "one gone, the next one changed": ([function("two", "New."), CODE], "".join(LINES[1:]), "New."),
    "one gone, another in its place": (
        [function("three", "Old."), TWO, CODE],
        "  - type: function\n    function:\n      name: three\n      description: Old.\n" + "".join(LINES[1:]),
        "Old.",
    ),
    "a tool of another type in its place": (
        [{"type": "file_search"}, TWO, CODE],
        "  - type: file_search\n" + "".join(LINES[1:]),
        "Old.",
    ),
}


@pytest.mark.parametrize(("tools", "listed", "second"), OF_INCLUDES.values(), ids=OF_INCLUDES.keys())
def test_the_file_of_a_tool_stays_about_that_tool(world: World, tools: Any, listed: str, second: str) -> None:
    world.project()
    for name in ("one", "two"):
        world.write(f"tools/{name}.yaml", f"type: function\nfunction:\n  name: {name}\n  description: Old.\n")
    world.assistant("bot", "tools:\n" + "".join(LINES))
    world.apply()
    before = files(world)
    edit(world, "bot", tools=tools)
    update(world)
    assert (world.root / "assistants/bot.yaml").read_text().partition("tools:\n")[2] == listed
    assert files(world)["tools/one.yaml"] == before["tools/one.yaml"]
    assert files(world)["tools/two.yaml"] == before["tools/two.yaml"].replace(b"Old.", second.encode())
    world.accepted()


def test_comments_of_an_item_stay_with_it(world: World) -> None:
    """Two tools with comments of their own; the first is deleted, the second changed, or they change places."""
    first, second = (
        f"  - type: function\n    function:\n      # the name of {name}\n      name: {name}   # {name}\n"
        "      description: Old.\n"
        for name in ("one", "two")
    )
    world.project()
    world.assistant("bot", "tools:\n" + first + second)
    world.apply()
    edit(world, "bot", tools=[TWO, ONE])
    update(world)
    assert (world.root / "assistants/bot.yaml").read_text().endswith("tools:\n" + second + first)
    edit(world, "bot", tools=[function("one", "New.")])
    out = refused(world, "comments would be lost with it", arguments=("--take-live", "Assistant/bot"))
    assert "description: New." in out


@pytest.mark.parametrize("changed", ["one", "two"])
def test_a_tool_that_has_another_place_and_another_value(world: World, changed: str) -> None:
    """Its file is edited, or nothing is written: its comments would be lost with its lines."""
    world.project()
    world.write("tools/one.yaml", "type: function\nfunction:\n  name: one   # 1\n  description: Old.\n")
    inline = "  - type: function\n    function:\n      name: two   # 2\n      description: Old.\n"
    world.assistant("bot", f"tools:\n{LINES[0]}{inline}{LINES[2]}")
    world.apply()
    live = [function(name, "New." if name == changed else "Old.") for name in ("two", "one")]
    edit(world, "bot", tools=[*live, CODE])
    ran = world.run("import", "--update")
    texts = files(world)
    assert b"name: one   # 1" in texts["tools/one.yaml"]
    assert b"# first" in texts["assistants/bot.yaml"]
    assert b"name: two   # 2" in texts["assistants/bot.yaml"]
    if ran.code == 0:
        world.accepted()
    else:
        assert "an item of this list has another place and another value" in ran.out


def test_a_tool_that_goes_takes_nothing_of_the_next_one(world: World) -> None:
    first, second = (
        f"  - type: function\n    function:\n      name: {name}   # {name}\n      description: Old.\n"
        for name in ("one", "two")
    )
    world.project()
    world.assistant("bot", "tools:\n" + first + second)
    world.apply()
    edit(world, "bot", tools=[function("two", "New.")])
    update(world)
    text = (world.root / "assistants/bot.yaml").read_text()
    assert text.endswith("tools:\n" + second.replace("Old.", "New."))
    world.accepted()


def test_a_new_text_of_a_markdown_manifest_goes_below_the_front_matter(world: World) -> None:
    world.project()
    for name, end in {"a": "", "b": "\n", "c": "\n\n"}.items():
        world.write(f"assistants/{name}.md", f"---\nassistant: {name}\nmodel: gpt-4o  # cheap\n---{end}")
    world.apply()
    for name in "abc":
        edit(world, name, instructions="\nBe ${kind}.\n---\nAlways." if name == "c" else "Be ${kind}.")
    update(world)
    head = "---\nassistant: {}\nmodel: gpt-4o  # cheap\n---\n"
    for name, text in {"a": "Be $${kind}.\n", "b": "Be $${kind}.\n", "c": "\n\nBe $${kind}.\n---\nAlways.\n"}.items():
        assert (world.root / f"assistants/{name}.md").read_text() == head.format(name) + text
    world.accepted()


def test_values_where_there_were_none(world: World) -> None:
    world.project()
    world.assistant("bot", "description:   # to be written\nmetadata: {}   # none yet\ntools: []\nname:\n")
    world.apply()
    edit(world, "bot", description="Hi", metadata={"a": "1", "b": "x: y"}, tools=[CODE], name="Bot")
    update(world)
    assert (
        (world.root / "assistants/bot.yaml")
        .read_text()
        .endswith(
            'description: Hi   # to be written\nmetadata: {"a": "1", "b": "x: y"}   # none yet\n'
            'tools: [{"type": "code_interpreter"}]\nname: Bot\n'
        )
    )
    world.accepted()


@pytest.mark.parametrize("after", ["", "top_p: 0.5\n", "\n# the end\n"])
def test_empty_lines_at_the_end_of_a_new_text_count(world: World, after: str) -> None:
    world.project()
    world.assistant("bot", f"description: one\n{after}")
    world.apply()
    edit(world, "bot", description="one\n  two\n\n")
    update(world)
    assert f'description: "one\\n  two\\n\\n"\n{after}' in (world.root / "assistants/bot.yaml").read_text()
    world.accepted()


FORMAT = "type: json_schema\njson_schema:\n  name: s\n  schema:\n    type: object   # of nothing yet\n"


@pytest.mark.parametrize("live", ["auto", {"type": "json_object"}], ids=["reset", "of another type"])
def test_an_included_file_is_not_emptied(world: World, live: Any) -> None:
    world.project()
    world.write("formats/f.yaml", FORMAT.replace("   # of nothing yet", ""))
    world.assistant("bot", "response_format: {file: ../formats/f.yaml}\n")
    world.apply()
    edit(world, "bot", response_format=live)
    refused(world, "an include stands there")


def test_a_comment_on_the_last_line_of_what_is_replaced_is_not_moved(world: World) -> None:
    world.project()
    world.assistant("bot", "response_format:\n" + "".join(f"  {line}\n" for line in FORMAT.splitlines()))
    world.apply()
    edit(world, "bot", response_format="auto")
    refused(world, "comments, variables or includes would be lost")


def test_comments_within_what_is_gone_are_not_lost(world: World) -> None:
    world.project()
    world.assistant("bot", "metadata:\n  # ask before you change it\n  owner: '# x'\n")
    world.assistant("other", "metadata:\n  owner: |\n    # no comment\n    x\n  tier: '1'\n")
    world.apply()
    edit(world, "other", metadata={"tier": "1"})
    update(world)
    edit(world, "bot", metadata={"owner": ""})
    refused(world, "comments would be lost with it")
