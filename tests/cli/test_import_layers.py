"""An import writes manifests that render to what is live, whatever the project's layers fill in."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from retinue.core.canonical import canonical
from retinue.providers.assistants_v2 import KINDS

from .conftest import World

DEFAULTS = """\
defaults:
  assistant:
    description: One of ours.
    instructions: Be brief.
    temperature: 0.2
    top_p: ${var.top_p}
    reasoning_effort: low
    tools: [{type: code_interpreter}]
    tool_resources: {code_interpreter: {file_ids: [file-000000000000000000000001]}}
    response_format: {type: json_schema, json_schema: {name: s, schema: {type: object, properties: {a: {}}}}}
    metadata: {owner: cx, team: "${var.team}"}
  vector_store:
    chunking_strategy: {type: static, static: {max_chunk_size_tokens: 400, chunk_overlap_tokens: 100}}
    expires_after: {anchor: last_active_at, days: 7}
    metadata: {owner: cx}
"""
VARIABLES = "    variables: {top_p: 0.5, team: red}\n"
PLAIN: dict[str, Any] = {"name": "Poet", "model": "gpt-4o"}
OBJECTS: dict[str, dict[str, Any]] = {
    "nothing": PLAIN,
    "its own": {
        **PLAIN,
        "description": "Rhymes.",
        "instructions": "You write poems.\nShort ones.",
        "temperature": 0,
        "top_p": 0.9,
        "tools": [{"type": "file_search"}],
        "response_format": {"type": "json_object"},
        "metadata": {"team": "blue"},
    },
    "the same as the defaults": {
        **PLAIN,
        "description": "One of ours.",
        "instructions": "Be brief.",
        "temperature": 0.2,
        "top_p": 0.5,
        "tools": [{"type": "code_interpreter"}],
        "metadata": {"owner": "cx", "team": "red"},
    },
    "another schema": {
        **PLAIN,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "s", "schema": {"type": "object", "properties": {"b": {"default": None}}}},
        },
    },
}


def adopts_alone(world: World, *options: str) -> None:
    """The next plan only adopts; applied, it changes nothing but metadata of retinue's own."""
    ran = world.run("plan", "--format", "json", *options)
    assert ran.code == 0, ran.out + ran.err
    changes = json.loads(ran.out)["changes"]
    assert changes and all((item["action"], item["fields"]) == ("adopt", []) for item in changes), ran.out
    before = _meaning(world)
    ran = world.run("apply", "--auto-approve", *options)
    assert ran.code == 0, ran.out + ran.err
    world.settled(*options)
    assert _meaning(world) == before


def _meaning(world: World) -> list[dict[str, Any]]:
    """What is live, in canonical form and without our marker."""
    found = [canonical(raw, KINDS["Assistant"]) for raw in world.live().values()]
    for fields in found:
        fields["metadata"] = {k: v for k, v in fields["metadata"].items() if not k.startswith("retinue.")}
    return found


@pytest.mark.parametrize("fields", OBJECTS.values(), ids=OBJECTS.keys())
@pytest.mark.parametrize("chosen", [False, True], ids=["all", "by id"])
def test_the_first_plan_after_an_import_only_adopts(world: World, fields: dict[str, Any], chosen: bool) -> None:
    world.project(DEFAULTS, VARIABLES)
    key = world.emulator.seed(fields)
    ran = world.run("import", *(["--id", key] if chosen else []))
    assert (ran.code, ran.err) == (0, "")
    adopts_alone(world)


def test_what_a_default_would_fill_in_is_written_out_and_nothing_else(world: World) -> None:
    world.project(DEFAULTS, VARIABLES)
    key = world.emulator.seed(PLAIN)
    world.run("import")
    assert yaml.safe_load((world.root / "assistants/poet.yaml").read_text()) == {
        "assistant": "poet",
        "name": "Poet",
        "description": None,
        "model": "gpt-4o",
        "instructions": None,
        "tools": [],
        "tool_resources": {"code_interpreter": None},
        "metadata": {"owner": None, "team": None},
        "temperature": 1,
        "top_p": 1,
        "response_format": "auto",
        "reasoning_effort": None,
        "retinue": {"adopt": {"dev": key}},
    }


def test_without_layers_the_manifest_stays_short(world: World) -> None:
    world.project()
    key = world.emulator.seed({**PLAIN, "temperature": 1, "metadata": {"a": "1"}})
    world.run("import")
    text = f'assistant: poet\nname: Poet\nmodel: gpt-4o\nmetadata:\n  a: "1"\nretinue:\n  adopt:\n    dev: {key}\n'
    assert (world.root / "assistants/poet.yaml").read_text() == text


def test_defaults_that_keep_manifests_in_another_environment(world: World) -> None:
    world.project(
        "defaults: {assistant: {retinue: {environments: [prod]}}}\n",
        "  prod: {provider: openai-assistants, endpoint: emulator}\n",
    )
    world.emulator.seed(PLAIN)
    assert world.run("import", "-e", "dev").code == 0
    adopts_alone(world, "-e", "dev")


def test_an_overlay_has_the_last_word_and_that_is_said_at_its_line(world: World) -> None:
    world.project(environment="    overlay: overlays\n")
    world.assistant("ours", "retinue: {environments: []}\n")
    world.write(
        "overlays/poet.yaml", "assistant: poet\n\ntemperature: 0.2\nmetadata:\n  owner: cx\nretinue: {protect: true}\n"
    )
    world.emulator.seed({**PLAIN, "metadata": {"team": "a"}})
    ran = world.run("import")
    assert ran.code == 0
    lines = [line for line in ran.err.splitlines() if "import-overruled" in line]
    assert [line.split(": warning")[0].split(": import")[0] for line in lines] == [
        "overlays/poet.yaml:3:14",
        "overlays/poet.yaml:5:10",
    ], ran.err
    assert "`temperature` of Assistant/poet is `1`, but a layer above its manifest makes it `0.2` in `dev`" in ran.err
    (change,) = json.loads(world.run("plan", "--format", "json").out)["changes"]
    assert [item["path"] for item in change["fields"]] == ["/metadata", "/temperature"]


def test_an_overlay_that_takes_a_value_away_is_said_at_the_line_that_names_it(world: World) -> None:
    world.project(environment="    overlay: dev.yaml\n")
    world.write("dev.yaml", "assistant: poet\ntemperature: null\nmetadata: {team: null}\n")
    world.emulator.seed({**PLAIN, "temperature": 0.5, "metadata": {"team": "a", "b": "c"}})
    ran = world.run("import")
    lines = [line for line in ran.err.splitlines() if "import-overruled" in line]
    assert [line[:18] for line in lines] == ["retinue.yaml:9:14:", "retinue.yaml:9:14:"], ran.err
    assert "`temperature` of Assistant/poet is `0.5`, but a layer above its manifest makes it `1` in `dev`" in ran.err
    assert "`metadata.team` of Assistant/poet is `a`, but a layer above its manifest takes it away" in ran.err


def test_a_null_that_no_patch_can_state_is_told(world: World) -> None:
    """The default has the same key, so null in the manifest takes the key away instead of being its value."""
    text = "{type: json_schema, json_schema: {name: s, schema: {type: object, properties: {a: {default: KEPT}}}}}"
    world.project(f"defaults: {{assistant: {{response_format: {text.replace('KEPT', 'x')}}}}}\n")
    world.emulator.seed({**PLAIN, "response_format": yaml.safe_load(text.replace("KEPT", "null"))})
    ran = world.run("import")
    assert ran.code == 0
    where = "response_format.json_schema.schema.properties.a.default"
    assert f"import-overruled: `{where}` of Assistant/poet is `null`" in ran.err


def test_what_other_providers_default_to_stays(world: World) -> None:
    world.project("defaults: {assistant: {providers: {flowise: {type: OPENAI}, langgraph: {graph_id: agent}}}}\n")
    world.emulator.seed(PLAIN)
    world.run("import")
    assert "providers" not in (world.root / "assistants/poet.yaml").read_text()
    adopts_alone(world)


def test_as_many_pairs_as_there_may_be_beside_a_default(world: World) -> None:
    world.project("defaults: {assistant: {metadata: {owner: cx, team: a}}}\n")
    world.emulator.seed({**PLAIN, "metadata": {f"k{number}": "v" for number in range(14)}})
    assert world.run("import").err == ""
    adopts_alone(world)


def test_defaults_in_files(world: World) -> None:
    world.project(
        "defaults: {assistant: {metadata: {file: m.yaml}, instructions: {file: p.md, template: true}}}\n", VARIABLES
    )
    world.write("m.yaml", "owner: cx\n")
    world.write("p.md", "Be ${var.team}.\n")
    world.emulator.seed(PLAIN)
    assert world.run("import").err == ""
    adopts_alone(world)


def test_an_overlay_that_keeps_the_manifest_out_is_named(world: World) -> None:
    world.project(environment="    overlay: dev.yaml\n  prod: {provider: openai-assistants, endpoint: emulator}\n")
    world.write("dev.yaml", "assistant: poet\nretinue: {environments: [prod]}\n")
    world.emulator.seed(PLAIN)
    ran = world.run("import", "-e", "dev")
    assert "dev.yaml:2:" in ran.err and "keeps it out of there" in ran.err


# --- from a file

EXPORT = [
    {"object": "assistant", "id": "asst_1", "temperature": 1.0, "top_p": 1.0, "tools": [], "metadata": {}, **PLAIN}
]


def rendered(world: World, environment: str) -> dict[str, Any]:
    made = json.loads(world.run("render", "-e", environment, "--format", "json").out)
    (found,) = (item for item in made if item.get("assistant") == "poet")
    return {key: value for key, value in found.items() if value not in ({}, [], None)}


def test_an_export_renders_to_itself_in_every_environment(world: World) -> None:
    """`top_p` equals the default of the service in dev alone; in prod the variable says another thing."""
    world.project(
        DEFAULTS,
        "    variables: {top_p: 1, team: red}\n"
        "  prod:\n    provider: openai-assistants\n    endpoint: emulator\n    variables: {top_p: 0.5, team: blue}\n"
        "    overlay: overlays\n",
    )
    world.assistant("ours")
    world.write("overlays/ours.yaml", "assistant: ours\ntemperature: 0.9\n")
    world.write("export.json", json.dumps(EXPORT))
    ran = world.run("import", "--from", "export.json")
    assert (ran.code, ran.err) == (0, ""), ran.err
    same = {"assistant": "poet", **PLAIN, "temperature": 1, "top_p": 1, "response_format": "auto"}
    assert rendered(world, "dev") == rendered(world, "prod") == same
    assert world.run("validate").code == 0


def test_an_overlay_of_any_environment_that_hits_an_export_is_named(world: World) -> None:
    environment = "  prod: {provider: openai-assistants, endpoint: emulator, overlay: prod.yaml}\n"
    world.project(environment=environment)
    world.assistant("ours")
    world.write("prod.yaml", "assistant: poet\ntools:\n  - type: code_interpreter\n")
    world.write("export.json", json.dumps(EXPORT))
    ran = world.run("import", "--from", "export.json")
    assert ran.code == 0
    assert "prod.yaml:3:3: " in ran.err and "`tools` of Assistant/poet is" in ran.err and "in `prod`" in ran.err


def test_the_store_of_a_create_request_stays_as_it_was_asked_for(world: World) -> None:
    world.project(DEFAULTS, VARIABLES)
    world.write(
        "export.json",
        json.dumps([PLAIN | {"tool_resources": {"file_search": {"vector_stores": [{"file_ids": ["file-1"]}]}}}]),
    )
    ran = world.run("import", "--from", "export.json")
    assert (ran.code, ran.err) == (0, "")
    made = json.loads(world.run("render", "--format", "json").out)
    (store,) = (item for item in made if "vector_store" in item)
    assert {key: value for key, value in store.items() if value not in (None, {})} == {
        "vector_store": "poet",
        "files": [{"file_id": "file-1"}],
    }


# --- where new manifests go


@pytest.mark.parametrize(
    ("entry", "folder"),
    [
        ("bots/*.yaml", "bots"),
        ("bots/**/*.yaml", "bots"),
        ("**/*.yaml", "."),
        ("bots/", "bots"),
        (".", "."),
        ("*", "."),
    ],
)
def test_a_new_manifest_is_one_of_the_project(world: World, entry: str, folder: str) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text().replace("[assistants]", f'["{entry}"]')
    world.write("retinue.yaml", text)
    world.emulator.seed({**PLAIN, "instructions": "One.\n\nTwo ${var.x} and $${y}."})
    ran = world.run("import")
    assert (ran.code, ran.err) == (0, "")
    assert (world.root / folder / "poet.yaml").exists()
    assert world.run("validate").out == "1 manifest is valid in dev.\n"
    adopts_alone(world)


@pytest.mark.parametrize("entry", ["bots/ours.yaml", "bots/*.md"])
def test_a_project_that_would_not_read_it_gets_no_manifest(world: World, entry: str) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text().replace("[assistants]", f'["{entry}"]')
    world.write("retinue.yaml", text)
    world.write("bots/ours.yaml", "assistant: ours\nmodel: gpt-4o\n")
    world.write("bots/ours.md", "---\nassistant: our\nmodel: gpt-4o\n---\n")
    world.emulator.seed(PLAIN)
    ran = world.run("import")
    assert (ran.code, ran.out) == (3, "")
    assert "import-unread" in ran.err and "assistants/poet.yaml" in ran.err
    assert not (world.root / "assistants").exists()


# --- live texts that look like something else

TEXTS = {
    "a variable": "Say ${var.x} and ${y}.",
    "an escape": "Say $${var.x}, $$${var.x} and $.",
    "a variable on several lines": "Say ${var.x}\nand $${y}.",
    "front matter": "---\nassistant: other\nmodel: x\n---\n\nBe kind.",
    "lines of hyphens": "Be kind.\n---\nAlways.\n---",
    "an include": "{file: /etc/passwd}",
    "an end": "Be kind.\n...\nAlways.",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_live_text_stays_a_text(world: World, text: str) -> None:
    world.project(DEFAULTS, "    variables: {top_p: 0.5, team: red, x: EVIL}\n")
    world.emulator.seed({**PLAIN, "instructions": text, "description": text, "metadata": {"a": text}})
    ran = world.run("import")
    assert (ran.code, ran.err) == (0, "")
    assert world.run("validate").err == ""
    adopts_alone(world)


def test_a_shared_tool_that_holds_what_looks_like_a_variable(world: World) -> None:
    world.project(environment="    variables: {x: EVIL}\n")
    tool = {"type": "function", "function": {"name": "f", "description": "Say ${var.x}."}}
    for name in ("a", "b"):
        world.emulator.seed({**PLAIN, "name": name, "tools": [tool]})
    assert world.run("import").err == ""
    assert (world.root / "tools/f.yaml").exists()
    assert world.run("validate").err == ""
    adopts_alone(world)


def test_a_project_with_variables_takes_an_export(world: World) -> None:
    world.project(environment="    variables: {model: gpt-4o}\n")
    world.assistant("ours", model="${var.model}")
    world.write("export.json", json.dumps(EXPORT))
    assert (world.run("import", "--from", "export.json").code, world.run("validate").code) == (0, 0)


@pytest.mark.parametrize("layered", [False, True], ids=["alone", "over a default"])
def test_null_in_metadata_means_not_this_key(world: World, layered: bool) -> None:
    world.project("defaults: {assistant: {metadata: {owner: cx}}}\n" if layered else "")
    world.assistant("bot", "metadata: {owner: null, team: a}\n")
    assert world.run("validate").code == 0
    world.apply()
    assert [fields["metadata"] for fields in _meaning(world)] == [{"team": "a"}]
