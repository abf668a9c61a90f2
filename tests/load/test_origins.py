"""Comments that say where a value was written: at the right value, and never part of one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retinue.load.emit import to_yaml
from retinue.load.located import place_of
from retinue.load.origins import Path, commented, origins_of
from retinue.load.yaml import parse_text
from retinue.render.safe import quoted_yaml

from .test_manifests import World, world  # noqa: F401

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff"), max_size=200)
_lines = st.sampled_from(["a b", "", "x |", "- |", "k: |", "# no", '"', "word " * 40, "| k: | " * 30])
texts |= st.lists(_lines, max_size=6).map("\n".join)
_keys = st.text("ab-|/~'\" :#", min_size=1, max_size=6)
values: st.SearchStrategy[Any] = st.recursive(
    texts | st.booleans() | st.none() | st.integers(-5, 5) | st.just({}) | st.just([]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
    max_leaves=10,
)
documents = st.dictionaries(st.sampled_from(["name", "tools", "metadata", "model"]), values, min_size=1)


def paths(value: Any, path: Path = ()) -> list[Path]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for step, item in inner for found in ((*path, step), *paths(item, (*path, step)))]


@settings(max_examples=200, deadline=None)
@given(documents, st.booleans())
def test_comments_change_no_value(document: dict[str, Any], quoted: bool) -> None:
    text = quoted_yaml(document) if quoted else to_yaml(document)
    read = parse_text(text, "")
    result = commented(text, {path: f"at {index}" for index, path in enumerate(paths(document))})
    again = parse_text(result, "")
    assert [item.value for item in again.documents] == [item.value for item in read.documents]
    if len(read.documents) == 1:
        assert result.count("  # at ") >= len(paths(document))


LAYERS = {
    "retinue.yaml": (
        "version: 1\nproject: shop-a1b2\nmanifests: [assistants]\n"
        "variables: {heat: {type: number, default: 0.5}}\n"
        'defaults: {assistant: {model: "${var.model}", metadata: {owner: cx}}}\n'
        "environments:\n"
        "  dev: {provider: openai-assistants, endpoint: emulator}\n"
        "  prod:\n"
        "    provider: openai-assistants\n"
        "    endpoint: emulator\n"
        "    variables:\n"
        "      model: large\n"
        "    overlay: overlays/prod.yaml\n"
    ),
    "assistants/greeter.yaml": (
        "assistant: greeter\nname: Greeter\ninstructions: {file: ../hello.md, template: true}\n"
        'temperature: "${var.heat}"\ntools:\n  - type: code_interpreter\n  - {file: ../tool.yaml}\n'
    ),
    "overlays/prod.yaml": 'assistant: greeter\nmetadata:\n  tier: "1"\n  answers: ${var.model}\n',
    "hello.md": "Hello from ${var.model}",
    "tool.yaml": "type: function\nfunction:\n  name: look_up\n",
}


@pytest.fixture
def shop(world: World) -> World:  # noqa: F811
    for name, text in LAYERS.items():
        world.write(name, text.replace("{heat: {", "{model: {}, heat: {"))
    return world


def origins(world: World, **variables: str) -> dict[str, str]:  # noqa: F811
    loaded = world.load("prod", variables)
    assert loaded.diagnostics == ()
    (resource,) = loaded.resources
    uses = {place: {name: loaded.sources[name] for name in names} for place, names in loaded.uses.items()}
    found = origins_of(dict(resource.spec), resource.spec, uses)
    assert all(place_of(resource.spec, path) for path in found)
    return {"/".join(map(str, path)): str(item) for path, item in found.items()}


def test_each_value_names_its_layer_and_its_variables(shop: World) -> None:
    assert origins(shop) == {
        "name": "assistants/greeter.yaml:2",
        "model": "retinue.yaml:5, var.model from retinue.yaml:12",
        "instructions": "assistants/greeter.yaml:3, var.model from retinue.yaml:12",
        "temperature": "assistants/greeter.yaml:4, var.heat from retinue.yaml:4",
        "tools": "assistants/greeter.yaml:6",
        "tools/1": "tool.yaml:1",
        "metadata": "overlays/prod.yaml:3",
        "metadata/owner": "retinue.yaml:5",
        "metadata/answers": "overlays/prod.yaml:4, var.model from retinue.yaml:12",
    }


def test_what_the_command_line_sets_is_said(shop: World) -> None:
    assert origins(shop, heat="1")["temperature"] == "assistants/greeter.yaml:4, var.heat from --var"
