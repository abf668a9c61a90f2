"""Layers: RFC 7396 with places, an overlay that must hit, defaults that fill in."""

from __future__ import annotations

from typing import Any

import pytest

from retinue.core.model import Diagnostic
from retinue.load import yaml
from retinue.load.layers import merge, over_defaults
from retinue.load.located import Map, place_of


def located(text: str, file: str = "f.yaml") -> Map:
    parsed = yaml.parse(text.encode(), file)
    assert parsed.diagnostics == []
    value: Map = parsed.documents[0].value
    return value


RFC_7396 = [
    ("{a: b}", "{a: c}", {"a": "c"}),
    ("{a: b}", "{b: c}", {"a": "b", "b": "c"}),
    ("{a: b}", "{a: null}", {}),
    ("{a: b, b: c}", "{a: null}", {"b": "c"}),
    ("{a: [b]}", "{a: c}", {"a": "c"}),
    ("{a: c}", "{a: [b]}", {"a": ["b"]}),
    ("{a: {b: c}}", "{a: {b: d, c: null}}", {"a": {"b": "d"}}),
    ("{a: [{b: c}]}", "{a: [1]}", {"a": [1]}),
    ("{e: null}", "{a: 1}", {"e": None, "a": 1}),
    ("{a: {b: c}}", "{a: [1, null]}", {"a": [1, None]}),
    ("{}", "{a: {bb: {ccc: null}}}", {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("base", "patch", "expected"), RFC_7396)
def test_the_table_of_the_rfc(base: str, patch: str, expected: dict[str, Any]) -> None:
    lower, upper = located(base), located(patch)
    assert merge(lower, upper, []) == expected
    assert lower == located(base)
    assert upper == located(patch)


@pytest.mark.parametrize(
    ("base", "patch", "place"),
    [
        ("a: 1", "b: null", "o.yaml:1:4"),
        ("a: {b: 1}", "a:\n  b: null\n  c: null", "o.yaml:3:6"),
        ("a: 1", "b: {c: null}", "o.yaml:1:8"),
    ],
)
def test_removing_what_is_not_there_is_an_error(base: str, patch: str, place: str) -> None:
    problems: list[Diagnostic] = []
    merge(located(base), located(patch, "o.yaml"), problems)
    assert [f"{problem.place}: {problem.code}" for problem in problems] == [f"{place}: overlay-removes-nothing"]


def test_each_value_keeps_the_place_of_the_layer_it_comes_from() -> None:
    merged = merge(located("a: {b: 1, c: 2}\nd: 3"), located("\n\na:\n  c: 4\n", "o.yaml"), [])
    assert str(place_of(merged, ["a", "b"])) == "f.yaml:1:8"
    assert str(place_of(merged, ["a", "c"])) == "o.yaml:4:6"
    assert str(place_of(merged, ["d"])) == "f.yaml:2:4"
    assert str(merged.place) == "f.yaml:1:1"


def test_defaults_fill_in_and_the_manifests_order_comes_first() -> None:
    merged = over_defaults(
        located("temperature: 1\nmetadata: {a: x, b: y}"), located("assistant: m\nmetadata: {b: z}", "m.yaml")
    )
    assert merged == {"assistant": "m", "metadata": {"a": "x", "b": "z"}, "temperature": 1}
    assert list(merged) == ["assistant", "metadata", "temperature"]
    assert str(merged.place) == "m.yaml:1:1"


def test_null_takes_a_default_away_and_is_a_value_elsewhere() -> None:
    merged = over_defaults(located("a: 1\nb: {c: 1}"), located("a: null\nb: {c: null}\nd: null\ne: {default: null}"))
    assert merged == {"b": {}, "d": None, "e": {"default": None}}


def test_without_defaults_the_manifest_is_as_it_is() -> None:
    manifest = located("a: null")
    assert over_defaults(located("{}"), manifest) is manifest


def test_what_was_included_replaces_as_a_whole() -> None:
    patch = located("a: 1", "o.yaml")
    included = located("{c: null}", "schema.json")
    patch.put("b", included, patch.place, included.place)
    problems: list[Diagnostic] = []
    assert merge(located("b: {x: 1}"), patch, problems) == {"b": {"c": None}, "a": 1}
    assert problems == []
