"""`import --update` where a variable stands: no other environment changes, and no live text becomes a variable."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World
from .test_import_update import edit, files, update

TWO = "    variables: {x: red}\n  prod: {provider: openai-assistants, endpoint: emulator, variables: {x: blue}}\n"
HEAD = "assistant: bot\nmodel: gpt-4o\n"
TOOL = f"{HEAD}tools:\n- type: function\n  function: {{name: f, description: '${{var.x}}'}}\n"
# The file that says it, its text, and the field with the variable in it as it is live in dev.
WITH_VARIABLES: dict[str, tuple[dict[str, str], str]] = {
    "a Markdown body": ({"assistants/bot.md": f"---\n{HEAD}---\n\nBe ${{var.x}}.\n\nAlways.\n"}, "instructions"),
    "a body that is a variable": ({"assistants/bot.md": f"---\n{HEAD}---\n${{var.x}}\n"}, "instructions"),
    "a body with an escape too": ({"assistants/bot.md": f"---\n{HEAD}---\n$${{y}} ${{var.x}}\n"}, "instructions"),
    "a body with line ends of Windows": (
        {"assistants/bot.md": f"---\n{HEAD}---\nBe ${{var.x}}.\nAlways.\n".replace("\n", "\r\n")},
        "instructions",
    ),
    "an included template": (
        {
            "assistants/bot.yaml": f"{HEAD}instructions: {{file: ../p.md, template: true}}\n",
            "p.md": "Be ${var.x}.\n\nAlways.\n",
        },
        "instructions",
    ),
    "the path of an include": (
        {
            "assistants/bot.yaml": f"{HEAD}instructions: {{file: '../${{var.x}}.md'}}\n",
            "red.md": "Be red.\n",
            "blue.md": "Be blue.\n",
        },
        "instructions",
    ),
    "a plain scalar": ({"assistants/bot.yaml": f"{HEAD}description: Be ${{var.x}}.\n"}, "description"),
    "a quoted scalar": ({"assistants/bot.yaml": f'{HEAD}description: "Be ${{var.x}}."\n'}, "description"),
    "a block of lines": (
        {"assistants/bot.yaml": f"{HEAD}instructions: |\n  Be ${{var.x}}.\n\n  Always.\n"},
        "instructions",
    ),
    "the front matter": ({"assistants/bot.md": f"---\n{HEAD}description: Be ${{var.x}}.\n---\n"}, "description"),
    "JSON": (
        {"assistants/bot.json": '{"assistant": "bot", "model": "gpt-4o", "description": "Be ${var.x}."}\n'},
        "description",
    ),
    "a pair": ({"assistants/bot.yaml": f"{HEAD}metadata:\n  a: Be ${{var.x}}.\n  b: one\n"}, "metadata"),
    "a member of a tool": ({"assistants/bot.yaml": TOOL}, "tools"),
    "the name of a tool": ({"assistants/bot.yaml": TOOL.replace("name: f", "name: 'f_${var.x}'")}, "tools"),
    "a tool that is gone": ({"assistants/bot.yaml": TOOL + "- type: code_interpreter\n"}, "tools"),
    "an id in a list": (
        {"assistants/bot.yaml": f"{HEAD}tool_resources: {{file_search: {{vector_store_ids: ['vs_${{var.x}}']}}}}\n"},
        "tool_resources",
    ),
    "an id line by line": (
        {
            "assistants/bot.yaml": f"{HEAD}tools: [{{type: code_interpreter}}]\ntool_resources:\n"
            "  code_interpreter:\n    file_ids:\n    - file-a\n    - file-${var.x}\n"
        },
        "tool_resources",
    ),
    "an id less": (
        {"assistants/bot.yaml": f"{HEAD}tool_resources: {{code_interpreter: {{file_ids: [file-a, 'f${{var.x}}']}}}}\n"},
        "tool_resources",
    ),
    "a mapping that is gone": (
        {
            "assistants/bot.yaml": f"{HEAD}tool_resources:\n  code_interpreter: {{file_ids: ['${{var.x}}']}}\n"
            "  file_search: {vector_store_ids: [vs_one]}\n"
        },
        "tool_resources",
    ),
    "an overlay": (
        {"assistants/bot.yaml": HEAD, "overlays/bot.md": "---\nassistant: bot\n---\nBe ${var.x}.\n"},
        "instructions",
    ),
}


OTHER: dict[str, Any] = {
    "instructions": "Be red. More.",
    "description": "Be red. More.",
    "metadata": {"a": "Be red. More.", "b": "one"},
    "tools": [{"type": "function", "function": {"name": "f", "description": "More."}}],
}
# Where the live value is not the one of OTHER.
LIVE_VALUES: dict[str, Any] = {
    "the name of a tool": [{"type": "function", "function": {"name": "f_green", "description": "red"}}],
    "a tool that is gone": [{"type": "code_interpreter"}],
    "an id in a list": {"file_search": {"vector_store_ids": ["vs_green"]}},
    "an id line by line": {"code_interpreter": {"file_ids": ["file-a", "file-green"]}},
    "an id less": {"code_interpreter": {"file_ids": ["file-a"]}},
    "a mapping that is gone": {"file_search": {"vector_store_ids": ["vs_one"]}},
}


@pytest.mark.parametrize("case", WITH_VARIABLES)
def test_a_value_with_variables_is_not_replaced(world: World, case: str) -> None:
    texts, name = WITH_VARIABLES[case]
    overlay = any(path.startswith("overlays/") for path in texts)
    both = TWO.replace("{x: blue}", "{x: blue}, overlay: overlays").replace(
        "{x: red}", "{x: red}\n    overlay: overlays"
    )
    world.project(environment=both if overlay else TWO)
    for path, text in texts.items():
        world.write(path, text)
        (world.root / path).write_bytes(text.encode())
    assert world.run("apply", "--auto-approve", "-e", "dev").code == 0
    elsewhere = world.run("render", "-e", "prod", "--no-origins").out
    assert "blue" in elsewhere
    before = files(world)
    edit(world, "bot", **{name: LIVE_VALUES.get(case, OTHER.get(name))})
    ran = update(world, "-e", "dev", code=1)
    assert f"not written: Assistant/bot: {name}" in ran.out
    assert any(word in ran.out for word in ("variable", "${var.x}", "an include stands there")), ran.out
    assert files(world) == before
    assert world.run("render", "-e", "prod", "--no-origins").out == elsewhere


def test_beside_a_variable_the_rest_is_written(world: World) -> None:
    world.project(environment=TWO)
    head = "---\nassistant: bot\nmodel: gpt-4o\ntemperature: 0.2\n---\n"
    world.write("assistants/bot.md", f"{head}Be ${{var.x}}.\n")
    assert world.run("apply", "--auto-approve", "-e", "dev").code == 0
    edit(world, "bot", temperature=0.9, instructions="Be green.")
    assert "Be green." in update(world, "-e", "dev", code=1).out
    text = (world.root / "assistants/bot.md").read_text()
    assert text == f"{head}Be ${{var.x}}.\n".replace("0.2", "0.9")


LIVE = [
    "Say ${var.x}.",
    "${var.x}",
    "Say $${var.x} and $$${y}.\nMore.",
    "---\nassistant: other\n---\n\nSay ${var.x}.",
    "One.\n---\nTwo ${.\n---",
]
PLAIN: dict[str, dict[str, str]] = {
    "a body": {"assistants/bot.md": f"---\n{HEAD}---\n\nBe kind.\n"},
    "a body with an escape": {"assistants/bot.md": f"---\n{HEAD}---\n\nBe $${{kind}}.\n"},
    "no body": {"assistants/bot.md": f"---\n{HEAD}---\n"},
    "a template without variables": {
        "assistants/bot.yaml": f"{HEAD}instructions: {{file: ../p.txt, template: true}}\n",
        "p.txt": "Be $${kind}.\n",
    },
    "an included text": {"assistants/bot.yaml": f"{HEAD}instructions: {{file: ../p.txt}}\n", "p.txt": "Be ${var.z}.\n"},
    "an included text that says so": {
        "assistants/bot.yaml": f"{HEAD}instructions: {{file: ../p.txt, template: false}}\n",
        "p.txt": "Be ${var.x}.\n",
    },
    "a scalar": {"assistants/bot.yaml": f"{HEAD}instructions: Be $${{kind}}.\n"},
    "a scalar in quotes": {"assistants/bot.yaml": f'{HEAD}instructions: "Be kind."\n'},
    "a block": {"assistants/bot.yaml": f"{HEAD}instructions: |\n  Be kind.\n"},
    "nothing": {"assistants/bot.yaml": HEAD},
}


@pytest.mark.parametrize("texts", PLAIN.values(), ids=PLAIN.keys())
@pytest.mark.parametrize("live", LIVE)
def test_a_live_text_that_looks_like_a_variable_stays_one_text(world: World, texts: dict[str, str], live: str) -> None:
    world.project(environment=TWO)
    for path, text in texts.items():
        world.write(path, text)
    assert world.run("apply", "--auto-approve", "-e", "dev").code == 0
    edit(world, "bot", instructions=live)
    update(world, "-e", "dev")
    world.accepted("-e", "dev")
    assert world.only()["instructions"] == live
    shown = [world.run("render", "-e", name, "--no-origins").out for name in ("dev", "prod")]
    assert shown[0] == shown[1]
