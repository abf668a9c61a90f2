"""Each JSON output has a published schema: what commands really print is valid by it, with no key that it lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from retinue.cli.app import group
from retinue.core.drift import What
from retinue.providers.base import Support
from retinue.schema.bundle import output_schemas

from ..langgraph.conftest import LangGraphWorld
from ..langgraph.conftest import world as langgraph
from ..schema.closing import closed, faults
from .conftest import World

__all__ = ["langgraph"]
SCHEMAS = {name: Draft7Validator(closed(schema)) for name, schema in output_schemas().items()}
PUBLISHED = Path(__file__).parents[2] / "schemas"
LIKE_APPLY = {"apply", "promote", "destroy", "adopt", "forget", "reconcile"}
TWO = "  prod:\n    provider: openai-assistants\n    endpoint: {url}/v1\n    api_key: {{env: DEMO_KEY}}\n"


def printed(world: World | LangGraphWorld, *arguments: str, code: int = 0, schema: str | None = None) -> Any:
    """What a command prints as JSON, which must be valid by its schema."""
    ran = world.run(*arguments, "--format", "json")
    assert ran.code == code, ran.err
    value = json.loads(ran.out)
    assert faults(SCHEMAS[schema or arguments[0]], value) == [], value
    return value


@pytest.fixture
def shop(world: World) -> World:
    """Two environments of two objects; `dev` is applied."""
    world.project("variables: {tone: {type: string, default: kind}}\n", TWO.format(url=world.url))
    world.assistant("ant", "name: Ant\ninstructions: Be ${var.tone}.\n")
    world.assistant("bee", "name: Bee\nretinue: {environments: [dev]}\n")
    assert world.run("apply", "-e", "dev", "--auto-approve").code == 0
    return world


def put(world: World, raw: dict[str, Any], **changed: Any) -> None:
    """Somebody edits an object in the service, or copies it."""
    body = raw | changed
    world.emulator.store.put("assistant", body["id"], body["created_at"], json.dumps(body))


def test_every_command_that_prints_json_has_a_schema() -> None:
    printing = {
        name
        for name in group.list_commands(None)  # type: ignore[arg-type]  # looks at no context
        for option in getattr(group.get_command(None, name), "params", ())  # type: ignore[arg-type]
        if option.name == "output_format" and "json" in option.type.choices
    }
    assert printing - LIKE_APPLY == output_schemas().keys() - {"apply", "check"}
    assert {path.name.split(".")[0] for path in PUBLISHED.iterdir()} == {
        "manifest",
        "retinue",
        "tool",
        "format",
        *output_schemas(),
    }


def test_offline_outputs(shop: World) -> None:
    assert printed(shop, "validate")["objects"] == 2
    shop.write("retinue.yaml", (shop.root / "retinue.yaml").read_text() + "removed: [Assistant/gone]\n")
    printed(shop, "validate")
    assert [item["assistant"] for item in printed(shop, "render", "-e", "dev")] == ["ant", "bee"]
    (first, _) = printed(shop, "render", "-e", "dev", "--origins")
    assert first["origins"]["/instructions"]["variables"] == {"tone": "retinue.yaml:4"}
    assert printed(shop, "providers")["providers"].keys() > {"flowise", "langgraph"}
    assert [*printed(shop, "providers", "flowise")["providers"]] == ["flowise"]
    listed = printed(shop, "diff", "dev", "prod")
    assert [(item["address"], item["what"]) for item in listed["differences"]] == [("Assistant/bee", "removed")]


def test_outputs_about_live_objects(shop: World) -> None:
    ids = printed(shop, "output", "-e", "dev")
    assert [*ids] == ["Assistant/ant", "Assistant/bee"]
    assert printed(shop, "output", "-e", "prod") == {}
    assert printed(shop, "show", "-e", "dev", "Assistant/ant")["versions"] is None
    live = printed(shop, "diff", "dev", "prod", "--live")
    assert live["summary"] == {"added": 0, "changed": 0, "removed": 2, "same": 0}
    assert printed(shop, "drift", "-e", "dev")["outcome"] == "no-drift"
    ant, bee = (shop.live()[ids[f"Assistant/{name}"]] for name in ("ant", "bee"))
    put(shop, ant, temperature=0.3)
    put(shop, ant, id="asst_copy", created_at=ant["created_at"] + 9)
    put(shop, bee, metadata={**bee["metadata"], "retinue.applied": "?"})
    shop.assistant("cat")
    found = printed(shop, "drift", "-e", "dev")
    assert {item["what"] for item in found["drift"]} >= {What.CHANGED, What.MISSING, What.COPY, What.MARKER_DAMAGED}
    shop.run("plan", "-e", "dev", "--out", "plan.json")
    printed(shop, "show", "plan.json", schema="plan")


def test_versions_of_a_live_object(langgraph: LangGraphWorld) -> None:
    langgraph.project()
    langgraph.graph("tutor", "description: a\n")
    assert langgraph.run("apply", "--auto-approve").code == 0
    langgraph.graph("tutor", "description: b\n")
    assert langgraph.run("apply", "--auto-approve").code == 0
    assert [item["version"] for item in printed(langgraph, "show", "Assistant/tutor")["versions"]] == [2, 1]


@pytest.mark.parametrize("command", sorted(output_schemas().keys() - {"apply", "check"}))
def test_a_failure_is_valid_too(shop: World, command: str) -> None:
    faulty = {
        "providers": ["nobody"],
        "diff": ["dev", "nowhere"],
        "show": ["-e", "nowhere", "Assistant/ant"],
    }.get(command, ["-e", "nowhere"])
    assert printed(shop, command, *faulty, code=3)["outcome"] == "error"


def test_their_words_are_those_of_the_code() -> None:
    parts = output_schemas()
    drift, providers = parts["drift"]["definitions"], parts["providers"]["definitions"]
    assert drift["object"]["properties"]["what"]["enum"] == [what.value for what in What]
    assert [*drift["result"]["properties"]["summary"]["properties"]] == [*(what.value for what in What), "undrifted"]
    assert providers["held"]["properties"]["support"]["enum"] == [support.value for support in Support]
