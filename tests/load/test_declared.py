"""Declared variables: a type, a default, a requirement; and every place where a value can be wrong."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.core.model import MISSING, Place
from retinue.load.located import Map
from retinue.load.variables import Declaration, values_in
from retinue.providers.registry import catalogue

from .test_manifests import World, world  # noqa: F401

HEAD = "version: 1\nproject: shop-a1b2\nmanifests: [assistants]\n"
ENVIRONMENTS = (
    "environments:\n"
    "  dev: {provider: openai-assistants, endpoint: emulator, variables: {model: small, heat: 0.1}}\n"
    "  prod: {provider: openai-assistants, endpoint: emulator, variables: {model: large}}\n"
)
DECLARED = (
    "variables:\n"
    "  model: {type: string, required: true, description: which model answers}\n"
    "  heat: {type: number, default: 0.5}\n"
)
MANIFEST = 'assistant: greeter\nmodel: "${var.model}"\ntemperature: "${var.heat}"\n'


@pytest.fixture
def shop(world: World) -> World:  # noqa: F811
    world.write("retinue.yaml", HEAD + DECLARED + ENVIRONMENTS)
    world.write("assistants/greeter.yaml", MANIFEST)
    return world


def messages(world: World, environment: str = "dev", variables: Any = None) -> list[str]:  # noqa: F811
    found = world.load(environment, variables).diagnostics
    assert all(item.remedy for item in found)
    return [f"{item.place}: {item.code}: {item.message}" for item in found]


def test_defaults_yield_to_the_environment_and_that_to_the_command_line(shop: World) -> None:
    def heat(environment: str, **given: str) -> Any:
        return shop.spec("greeter", environment, given)["temperature"]

    assert (heat("prod"), heat("dev"), heat("dev", heat="1")) == (0.5, 0.1, 1)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "007", "007"),
        ("string", "true", "true"),
        ("number", "1.5", 1.5),
        ("integer", "7", 7),
        ("boolean", "true", True),
    ],
)
def test_a_text_of_the_command_line_takes_the_declared_type(kind: str, text: str, value: Any) -> None:
    values, problems = values_in("dev", {"x": None}, {"x": Declaration("x", kind)}, {"x": text})
    assert (values, problems) == ({"x": value}, [])
    assert type(values["x"]) is type(value)


def test_without_a_declaration_a_text_takes_the_type_it_replaces() -> None:
    defined = {"model": "a", "version": "1", "heat": 0.2, "on": False}
    given = {"model": "no", "version": "2", "heat": "1e0", "on": "true", "new": "3", "owner": "off"}
    values, problems = values_in("dev", defined, {}, given)
    assert values == {"model": "no", "version": "2", "heat": 1.0, "on": True, "new": 3, "owner": "off"}
    assert problems == []


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "a"], [1, True, None]),
        ("number", [1, 1.5], [True, "1", None]),
        ("integer", [0, -3], [1.5, False, "1", None]),
        ("boolean", [True, False], [0, "true", None]),
        (None, ["", 1, True, None], []),
    ],
)
def test_what_each_type_holds(kind: str | None, good: list[Any], bad: list[Any]) -> None:
    item = Declaration("x", kind)
    assert [item.holds(value) for value in good + bad] == [True] * len(good) + [False] * len(bad)
    assert not Declaration("x", None, required=True).holds(None)


def test_a_file_of_variables_is_typed_and_placed() -> None:
    given = Map(Place("v.yaml", 1, 1))
    given.put("heat", "0.2", Place("v.yaml", 3, 1), Place("v.yaml", 3, 7))
    values, problems = values_in("dev", {}, {"heat": Declaration("heat", "number")}, given)
    assert values == {}
    assert [(str(item.place), item.code) for item in problems] == [("v.yaml:3:1", "variable-type")]
    assert problems[0].message == "the variable `heat` is a number, but here it is the text `0.2`"


def test_a_required_variable_without_a_value_is_an_error_of_the_environment(shop: World) -> None:
    shop.write("retinue.yaml", HEAD + DECLARED + ENVIRONMENTS.replace("{model: large}", "{}"))
    assert messages(shop) == []
    (found,) = [line for line in messages(shop, "prod") if "required" in line]
    assert found == (
        "retinue.yaml:5:3: variable-required: the variable `model` (which model answers)"
        " is required and has no value (environment `prod`)"
    )
    assert messages(shop, "prod", {"model": "x"}) == []


def test_a_required_variable_may_have_its_value_from_the_default() -> None:
    item = Declaration("model", "string", default="small", required=True)
    assert values_in("dev", {}, {"model": item}, {}) == ({"model": "small"}, [])


def test_an_unknown_name_on_the_command_line_is_an_error_with_a_guess(shop: World) -> None:
    (found,) = shop.load("dev", {"modle": "x"}).diagnostics
    assert (found.code, found.message, found.remedy) == (
        "variable-unknown",
        "--var modle: there is no variable `modle`",
        "Did you mean `model`?",
    )


def test_where_nothing_is_declared_a_variable_is_known_by_its_use(shop: World) -> None:
    shop.write("retinue.yaml", HEAD + ENVIRONMENTS)
    shop.write("assistants/greeter.yaml", MANIFEST + "name: ${var.title}\n")
    assert messages(shop, "dev", {"title": "Hi"}) == []
    (found,) = shop.load("dev", {"title": "Hi", "tilte": "x"}).diagnostics
    assert (found.code, found.remedy) == ("variable-unknown", "Did you mean `title`?")


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("model: small", "model: 7", "8:77: variable-type: the variable `model` is text, but in `dev` it is `7`"),
        ("heat: 0.1", "heet: 0.1", "8:84: variable-unknown: there is no variable `heet`"),
        (
            "default: 0.5",
            "default: warm",
            "6:33: variable-type: the variable `heat` is a number",
        ),
        (
            "default: 0.5",
            'default: "0.5"',
            "6:33: variable-type: the variable `heat` is a number, but its default is the text `0.5`",
        ),
        ("type: number", "type: float", "6:16: not-allowed"),
        ("default: 0.5", "defualt: 0.5", "6:24: unknown-key"),
        ("{type: number, default: 0.5}", "0.5", "6:9: wrong-type"),
    ],
)
def test_the_project_file_is_held_to_what_it_declares(shop: World, old: str, new: str, wanted: str) -> None:
    from retinue.load.project import load_project

    shop.write("retinue.yaml", (HEAD + DECLARED + ENVIRONMENTS).replace(old, new, 1))
    read, problems = load_project(shop.root, catalogue)
    assert read is None
    lines = [f"{item.place}: {item.code}: {item.message}" for item in problems]
    assert [line[: len(wanted) + 13] for line in lines] == [f"retinue.yaml:{wanted}"], lines
    assert all(item.remedy and item.path for item in problems)


def test_a_declaration_without_anything_is_a_name() -> None:
    assert Declaration("x").default is MISSING
    assert values_in("dev", {}, {"x": Declaration("x")}, {"x": "1"}) == ({"x": 1}, [])
