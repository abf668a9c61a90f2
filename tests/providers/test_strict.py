"""What strict mode refuses of a schema is told at its line, and the emulator refuses it too; what it takes is not."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.providers.assistants_v2.strict import strict_problems
from retinue_emulator import assistant_rules
from retinue_emulator.errors import ApiError
from retinue_emulator.faults import Behaviour

from ..cli.conftest import World, world

__all__ = ["world"]


def closed(required: list[str] | None = None, /, **properties: Any) -> dict[str, Any]:
    names = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


TEXT = {"type": "string"}
GOOD: dict[str, dict[str, Any]] = {
    "plain": closed(a=TEXT),
    "nothing": closed(),
    "optional by null": closed(a={"type": ["string", "null"]}),
    "all that is documented as supported": closed(
        a={"type": "string", "pattern": "^a", "format": "email"},
        b={"type": "number", "minimum": 1, "multipleOf": 2},
        c={"type": "array", "items": closed(d=TEXT), "minItems": 1, "maxItems": 3},
        e={"anyOf": [TEXT, closed(f=TEXT), {"type": "null"}]},
        g={"enum": ["x", "y"]},
        h={"const": "x"},
    ),
    "definitions, and a reference to the whole": {
        **closed(a={"$ref": "#/$defs/node"}, b={"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
        "$defs": {"node": closed(next={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]})},
    },
    "properties that are called like keywords": closed(**{"not": TEXT, "if": TEXT, "oneOf": TEXT, "properties": TEXT}),
}
OPEN = {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}
BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "open": (OPEN, [""]),
    "open in words": ({**closed(a=TEXT), "additionalProperties": True}, ["/additionalProperties"]),
    "open for a type": ({**closed(a=TEXT), "additionalProperties": TEXT}, ["/additionalProperties"]),
    "one is left out": (closed(["a"], a=TEXT, b=TEXT), ["/required"]),
    "no required": ({key: value for key, value in closed(a=TEXT).items() if key != "required"}, [""]),
    "without properties": (closed(a={"type": "object"}), ["/properties/a"]),
    "below a property": (closed(a=OPEN), ["/properties/a"]),
    "below items": (closed(a={"type": "array", "items": OPEN}), ["/properties/a/items"]),
    "below anyOf": (closed(a={"anyOf": [TEXT, OPEN]}), ["/properties/a/anyOf/1"]),
    "nullable": (closed(a={**OPEN, "type": ["object", "null"]}), ["/properties/a"]),
    "without a type": (closed(a={"properties": {"b": TEXT}}), ["/properties/a", "/properties/a"]),
    "in $defs": ({**closed(a={"$ref": "#/$defs/x"}), "$defs": {"x": OPEN}}, ["/$defs/x"]),
    **{
        f"{word}": (closed(a={word: value}), [f"/properties/a/{word}"])
        for word, value in {
            "allOf": [TEXT],
            "oneOf": [TEXT],
            "not": TEXT,
            "if": TEXT,
            "dependentRequired": {},
            "dependentSchemas": {},
        }.items()
    },
}


def of(schema: dict[str, Any]) -> list[str]:
    spec = {"response_format": {"json_schema": {"name": "r", "strict": True, "schema": schema}}}
    found = [str(item.path) for item in strict_problems(spec)]
    assert all(path.startswith("/response_format/json_schema/schema") for path in found)
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
    paths = [str(item.path) for item in strict_problems({"tools": [{"type": "file_search"}, tool]})]
    assert [path.removeprefix("/tools/1/function/parameters") for path in paths] == [
        path.removeprefix("/response_format/json_schema/schema") for path in found
    ]
    return [path.removeprefix("/response_format/json_schema/schema") for path in found]


@pytest.mark.parametrize("schema", GOOD.values(), ids=GOOD.keys())
def test_what_strict_mode_takes_has_no_fault(schema: dict[str, Any]) -> None:
    assert of(schema) == []
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
    assistant_rules.check({"model": "m", "tools": [tool]}, assistant_rules.CREATE, Behaviour())


@pytest.mark.parametrize(("schema", "paths"), BAD.values(), ids=BAD.keys())
def test_what_it_refuses_has_its_place_and_the_emulator_refuses_it(schema: dict[str, Any], paths: list[str]) -> None:
    assert of(schema) == paths
    for strict in (True, False):
        tool = {"type": "function", "function": {"name": "f", "strict": strict, "parameters": schema}}
        form = {"type": "json_schema", "json_schema": {"name": "r", "strict": strict, "schema": schema}}
        for body in ({"model": "m", "tools": [tool]}, {"model": "m", "response_format": form}):
            if strict:
                with pytest.raises(ApiError, match=r"Invalid schema for .*In context="):
                    assistant_rules.check(body, assistant_rules.CREATE, Behaviour())
            else:
                assistant_rules.check(body, assistant_rules.CREATE, Behaviour())


@pytest.mark.parametrize("strict", [False, None])
def test_what_is_not_strict_is_not_looked_at(strict: object) -> None:
    function = {"name": "f", "strict": strict, "parameters": OPEN}
    form = {"json_schema": {"name": "r", "strict": strict, "schema": OPEN}}
    assert [*strict_problems({"tools": [{"function": function}], "response_format": form})] == []


@pytest.mark.parametrize(
    ("schema", "paths"),
    [({"anyOf": [closed(a=TEXT)]}, ["/anyOf"]), ({"type": "array", "items": TEXT}, ["/type"]), ({"enum": ["a"]}, [""])],
)
def test_the_outermost_schema_is_an_object(schema: dict[str, Any], paths: list[str]) -> None:
    assert of(schema) == paths


def nested(levels: int) -> dict[str, Any]:
    return closed(a=nested(levels - 1)) if levels else closed(a=TEXT)


LIMITS = {
    "depth": (nested(10), nested(11), "deeper than 10 levels"),
    "properties": (
        closed(**{f"p{number}": TEXT for number in range(5_000)}),
        closed(**{f"p{number}": TEXT for number in range(5_001)}),
        "5,001 properties",
    ),
    "enums": (
        closed(a={"enum": [*range(1_000)]}),
        closed(a={"enum": [*range(500)]}, b={"enum": [*range(501)]}),
        "1,001 values",
    ),
    "one long enum": (
        closed(a={"enum": ["x" * 100] * 150 + [""] * 101}),
        closed(a={"enum": ["x" * 100] * 151 + [""] * 100}),
        "has 15,100 characters",
    ),
    "text": (closed(a={"const": "x" * 119_999}), closed(a={"const": "x" * 120_000}), "120,001 characters"),
}


@pytest.mark.parametrize(("good", "bad", "words"), LIMITS.values(), ids=LIMITS.keys())
def test_the_documented_limits(good: dict[str, Any], bad: dict[str, Any], words: str) -> None:
    def told(schema: dict[str, Any]) -> list[str]:
        spec = {"response_format": {"json_schema": {"name": "r", "strict": True, "schema": schema}}}
        return [item.message for item in strict_problems(spec)]

    assert told(good) == []
    (message,) = told(bad)
    assert words in message


MANIFEST = """\
assistant: a
model: gpt-4o
tools:
  - type: function
    function:
      name: f
      description: Looks it up.
      strict: true
      parameters:
        type: object
        properties:
          a: {type: string}
          b: {type: object, properties: {c: {type: string}}, required: [c]}
        required: [a]
response_format:
  type: json_schema
  json_schema: {name: r, strict: true, schema: {file: ../formats/r.yaml}}
"""


@pytest.mark.parametrize(
    ("provider", "code"),
    [("openai-assistants", 3), ("openai-agents", 3), ("foundry", 0), ("anthropic", 3), ("flowise", 3)],
)
def test_each_fault_is_told_at_its_line_where_the_service_would_refuse_it(
    world: World, provider: str, code: int
) -> None:
    world.write("assistants/a.yaml", MANIFEST)
    world.write(
        "formats/r.yaml", "type: object\nadditionalProperties: false\nproperties:\n  x: {allOf: [{type: string}]}\n"
    )
    world.write(
        "retinue.yaml",
        f"version: 1\nproject: demo\nmanifests: [assistants]\n"
        f"environments: {{dev: {{provider: {provider}, endpoint: emulator}}}}\n",
    )
    ran = world.run("validate")
    places = [line.split(": ")[0] for line in ran.err.splitlines() if ": strict-schema: " in line]
    function = ["assistants/a.yaml:10:9", "assistants/a.yaml:13:14", "assistants/a.yaml:14:19"]
    form = ["formats/r.yaml:1:1", "formats/r.yaml:4:14"]
    wanted = {"openai-assistants": function + form, "foundry": function + form, "openai-agents": form}
    assert (ran.code, sorted(places)) == (code, sorted(wanted.get(provider, [])))


def test_azure_knows_it_from_the_version_on_that_has_strict(world: World) -> None:
    world.write("assistants/a.yaml", MANIFEST)
    world.write("formats/r.yaml", "type: object\n")
    for version, told in (("2024-05-01-preview", False), ("2024-08-01-preview", True)):
        world.write(
            "retinue.yaml",
            f"version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n"
            f"  dev: {{provider: azure-openai, endpoint: emulator, api_version: {version}, on_loss: warn}}\n",
        )
        ran = world.run("validate")
        assert ("strict-schema" in ran.err, ran.code) == (told, 3 if told else 0)


def test_the_emulator_refuses_in_the_words_of_the_service(world: World) -> None:
    for schema, words in (
        (OPEN, "In context=(), 'additionalProperties' is required to be supplied and to be false."),
        (
            closed(a={"type": "array", "items": closed([], b=TEXT)}),
            "In context=('properties', 'a', 'items'), 'required' is required to be supplied and to be an array"
            " including every key in properties. Missing 'b'.",
        ),
        (closed(a={"oneOf": [TEXT]}), "In context=('properties', 'a'), 'oneOf' is not permitted."),
    ):
        form = {"type": "json_schema", "json_schema": {"name": "r", "strict": True, "schema": schema}}
        with pytest.raises(ApiError, match="Invalid schema") as refused:
            assistant_rules.check({"response_format": form}, assistant_rules.MODIFY, Behaviour())
        assert words in str(refused.value)
