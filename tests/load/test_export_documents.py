"""The example objects and request bodies of the API references of OpenAI and Azure OpenAI, from a file to a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..cli.conftest import World
from ..cli.conftest import world as world

DOCUMENTS = json.loads((Path(__file__).parent / "documents" / "reference.json").read_text(encoding="utf-8"))
EXAMPLES = [*DOCUMENTS["openai"], *DOCUMENTS["azure"]]
LIVE = [item for item in EXAMPLES if item.get("object") != "assistant.deleted"]


@pytest.mark.parametrize("command", ["init", "import"])
@pytest.mark.parametrize("example", LIVE)
def test_an_example_of_the_reference_arrives_whole(world: World, example: dict[str, Any], command: str) -> None:
    world.write("export.json", json.dumps(example))
    if command == "import":
        world.write("taken/retinue.yaml", "version: 1\nproject: taken\nmanifests: [assistants]\nenvironments:\n"
                    "  local: {provider: openai-assistants, endpoint: emulator}\n")  # fmt: skip
    ran = world.run(command, "-C", "taken", "--from", str(world.root / "export.json"))
    assert (ran.code, ran.err) == (0, "")
    assert world.run("validate", "-C", "taken").code == 0
    rendered = json.loads(world.run("render", "-C", "taken", "--format", "json").out)
    said = json.dumps(rendered)
    for item in example.get("data", [example]):
        for text in (item["model"], item.get("name"), item.get("instructions"), *item.get("file_ids", ())):
            assert text is None or text in said
        for tool in item.get("tools", ()):
            assert f'"type": "{tool["type"].replace("-", "_")}"' in said


def test_the_answer_to_a_delete_is_no_assistant(world: World) -> None:
    (gone,) = [item for item in EXAMPLES if item not in LIVE]
    world.write("export.json", json.dumps(gone))
    ran = world.run("init", "-C", "taken", "--from", "export.json")
    assert ran.code == 3 and "its `object` is `assistant.deleted`" in ran.err
