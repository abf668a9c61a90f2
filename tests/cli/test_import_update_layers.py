"""`import --update` over defaults: what is gone live stays gone, whatever a lower layer has in its place."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World
from .test_import_update import edit, update

DEFAULTS = """\
defaults:
  assistant:
    description: One of ours.
    instructions: Be brief.
    tools: [{type: code_interpreter}]
    metadata: {owner: cx}
"""
HEAD = "assistant: bot\nmodel: gpt-4o\n"
GONE: dict[str, tuple[str, dict[str, Any], str]] = {
    "a text": ("description: Mine.   # so\n", {"description": None}, "description: null   # so\n"),
    "a list": ("tools: [{type: file_search}]\n", {"tools": []}, "tools: []\n"),
    "a pair": (
        "metadata: {owner: me, team: a}\n",
        {"metadata": {"team": "a"}},
        "metadata: {owner: null, team: a}\n",
    ),
    "all pairs": ("metadata: {owner: me}\n", {"metadata": {}}, "metadata: null\n"),
    "pairs line by line": (
        "metadata:\n  owner: me   # who\n  team: a\n",
        {"metadata": {"team": "a"}},
        "metadata:\n  owner: null   # who\n  team: a\n",
    ),
}


@pytest.mark.parametrize(("text", "live", "after"), GONE.values(), ids=GONE.keys())
@pytest.mark.parametrize("markdown", [False, True], ids=["yaml", "markdown"])
def test_what_is_gone_is_written_as_nothing(
    world: World, text: str, live: dict[str, Any], after: str, markdown: bool
) -> None:
    world.project(DEFAULTS)
    world.assistant("other")
    around, suffix = ("---\n{}---\nBe long.\n", "md") if markdown else ("{}", "yaml")
    world.write(f"assistants/bot.{suffix}", around.format(HEAD + text))
    world.apply()
    edit(world, "bot", **live)
    update(world)
    assert (world.root / f"assistants/bot.{suffix}").read_text() == around.format(HEAD + after)
    world.accepted()


def test_the_text_of_a_markdown_manifest_that_is_gone(world: World) -> None:
    world.project(DEFAULTS)
    world.assistant("other")
    world.write("assistants/bot.md", f"---\n{HEAD}retinue: {{protect: true}}\n---\nBe long.\n\nAlways.\n")
    world.apply()
    edit(world, "bot", instructions=None)
    update(world)
    text = (world.root / "assistants/bot.md").read_text()
    assert text == f"---\n{HEAD}instructions: null\nretinue: {{protect: true}}\n---\n"
    world.accepted()


def test_a_value_of_an_overlay_that_is_gone(world: World) -> None:
    world.project(environment="    overlay: dev.yaml\n")
    world.assistant("bot", "description: Base.\n")
    world.write("dev.yaml", "assistant: bot\ndescription: Over.\n")
    world.apply()
    edit(world, "bot", description=None)
    update(world)
    assert (world.root / "dev.yaml").read_text() == "assistant: bot\ndescription: null\n"
    world.accepted()


def test_a_default_that_others_need_stays(world: World) -> None:
    world.project(DEFAULTS)
    world.assistant("other")
    world.write("assistants/bot.yaml", HEAD)
    world.apply()
    edit(world, "bot", tools=[])
    assert "it is shared: `tools` of Assistant/other would change too" in update(world, code=1).out
