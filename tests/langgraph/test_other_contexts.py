"""Graphs that call their model otherwise, or need none; and metadata `""`, which this server keeps as a value."""

from __future__ import annotations

import json

import pytest

from ..cli.conftest import Ran
from .conftest import BLOCK, LangGraphWorld

EMPTY: dict[str, object] = {}


def done(world: LangGraphWorld, *arguments: str) -> Ran:
    ran = world.run(*arguments)
    assert ran.code == 0, ran.out + ran.err
    return ran


@pytest.mark.parametrize("context", [{"model_name": "openai"}, {"planner_model": "x", "number_of_queries": 2}, EMPTY])
def test_an_assistant_without_a_model_is_imported_planned_and_changed(
    world: LangGraphWorld, context: dict[str, object]
) -> None:
    world.project()
    world.graph("other")
    world.fake.create({"graph_id": "plain", "name": "Tutorial", "context": context})
    assert "left out" not in done(world, "import", "--name", "Tutorial").err
    done(world, "validate")
    (step,) = [
        it for it in json.loads(done(world, "plan", "--format", "json").out)["changes"] if it["action"] == "adopt"
    ]
    assert step["fields"] == []
    world.apply()
    assert world.named("Tutorial")["context"] == context
    done(world, "drift")
    path = world.root / "assistants/tutorial.yaml"
    path.write_text(path.read_text() + "description: Now told.\n")
    world.apply()
    assert (world.named("Tutorial")["context"], world.named("Tutorial")["description"]) == (context, "Now told.")


def test_a_default_model_is_not_forced_upon_what_has_none(world: LangGraphWorld) -> None:
    world.project("defaults: {assistant: {model: m}}\n")
    world.write("assistants/other.yaml", f"assistant: other\nname: Other\n{BLOCK}")
    world.fake.create({"graph_id": "plain", "name": "Tutorial", "context": {"model_name": "openai"}})
    done(world, "import")
    world.apply()
    assert world.named("Tutorial")["context"] == {"model_name": "openai"}
    assert world.named("Other")["context"] == {"model": "m"}


def test_an_empty_metadata_value_is_kept_compared_and_shown_when_it_goes(world: LangGraphWorld) -> None:
    world.project()
    world.graph("other")
    world.fake.create({"graph_id": "agent", "name": "Ours", "metadata": {"avatar": "", "team": "x"}})
    done(world, "import")
    world.apply()
    assert world.named("Ours")["metadata"]["avatar"] == ""
    path = world.root / "assistants/ours.yaml"
    assert 'avatar: ""' in path.read_text()
    path.write_text(path.read_text().replace("team: x", "team: y"))
    world.apply()
    assert world.named("Ours")["metadata"]["avatar"] == ""
    path.write_text(path.read_text().replace('avatar: ""', 'more: ""'))
    (step,) = json.loads(done(world, "plan", "--format", "json").out)["changes"]
    (field,) = step["fields"]
    assert (field["before"], field["after"]) == ({"avatar": "", "team": "y"}, {"more": "", "team": "y"})
    world.apply()
    assert world.named("Ours")["metadata"]["avatar"] is None
    assert world.named("Ours")["metadata"]["more"] == ""


def test_a_dump_of_the_server_is_read_as_its_assistants(world: LangGraphWorld) -> None:
    world.fake.create({"graph_id": "plain", "name": "One", "context": {"model_name": "a"}, "metadata": {"k": ""}})
    world.fake.create({"graph_id": "agent", "name": "Two", "context": {"model": "m", "system_prompt": "Be kind."}})
    pages = [[raw] for raw in world.fake.objects.values()]
    (world.root / "dump.json").write_text("\n".join(map(json.dumps, pages)))
    world.project()
    world.graph("other")
    done(world, "import", "--from", "dump.json")
    done(world, "validate")
    found = (world.root / "assistants/two.yaml").read_text()
    assert "instructions: Be kind." in found and "graph_id: agent" in found
    assert "model_name: a" in (world.root / "assistants/one.yaml").read_text()
