"""Includes: `{file: PATH}` becomes what the file holds, or a diagnostic at the line that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.model import Severity
from retinue.load import jsontext, yaml
from retinue.load.files import MAX_BYTES, Files
from retinue.load.includes import Renderer
from retinue.load.located import Map, place_of
from retinue.load.variables import Variables

VARIABLES = Variables({"lang": "de", "heat": 0.5}, "dev")


class World:
    """A project folder and what rendering `assistants/a.yaml` in it gives."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **files: str | bytes) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def render(self, text: str) -> tuple[Map, list[str]]:
        parsed = yaml.parse(text.encode(), "assistants/a.yaml")
        assert parsed.diagnostics == []
        before = json.dumps(parsed.documents[0].value)
        renderer = Renderer(Files(self.root))
        rendered = renderer.render(parsed.documents[0].value, VARIABLES)
        assert json.dumps(parsed.documents[0].value) == before
        assert all(
            problem.remedy and problem.place in renderer.poisoned | {problem.place} for problem in renderer.problems
        )
        return rendered, [f"{problem.place}: {problem.code}" for problem in renderer.problems]

    def value(self, text: str) -> Any:
        rendered, problems = self.render(text)
        assert problems == []
        return rendered


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "project")
    world.write(
        **{
            "assistants/.keep": "",
            "prompts/x.md": "Be ${var.lang}.\r\nBe kind.\n",
            "prompts/de.md": "Hallo",
            "tools/t.yaml": "type: function\nfunction:\n  name: t\n  description: {file: ../prompts/de.md}\n",
            "tools/t.json": '{"type": "function"}',
        }
    )
    return world


def test_text_stands_as_it_is(world: World) -> None:
    rendered, _ = world.render("i: {file: ../prompts/x.md}")
    assert rendered == {"i": "Be ${var.lang}.\nBe kind."}


def test_text_is_a_template_only_on_request(world: World) -> None:
    assert world.value("i: {file: ../prompts/x.md, template: true}") == {"i": "Be de.\nBe kind."}
    assert world.value("i: {file: ../prompts/x.md, template: false}") == {"i": "Be ${var.lang}.\nBe kind."}


def test_yaml_and_json_are_parsed_and_may_include_in_turn(world: World) -> None:
    rendered = world.value("tools:\n  - {file: ../tools/t.yaml}\n  - file: ../tools/t.json\n")
    assert rendered == {
        "tools": [{"type": "function", "function": {"name": "t", "description": "Hallo"}}, {"type": "function"}]
    }
    assert str(place_of(rendered, ["tools", 0, "function", "name"])) == "tools/t.yaml:3:9"
    assert str(place_of(rendered, ["tools", 1])) == "tools/t.json:1:1"


def test_included_yaml_is_a_template_only_on_request(world: World) -> None:
    world.write(**{"tools/v.yaml": "heat: ${var.heat}"})
    assert world.value("t: {file: ../tools/v.yaml, template: false}") == {"t": {"heat": "${var.heat}"}}
    assert world.value("t: {file: ../tools/v.yaml, template: true}") == {"t": {"heat": 0.5}}


LITERAL = {
    "in a text": ("a\nSay ${var.nobody} or ${var.lang}.", "prompts/l.md", "", ["prompts/l.md:2:22: include-literal"]),
    "in data": ("a: 1\nb: ${var.heat}", "tools/l.yaml", "", ["tools/l.yaml:2:4: include-literal"]),
    "no variable of the project": ("Write ${var.nobody} for a name.", "prompts/l.md", "", []),
    "meant so": ("Write ${var.lang} for a name.", "prompts/l.md", ", template: false", []),
    "a template": ("Write ${var.lang} for a name.", "prompts/l.md", ", template: true", []),
    "no variable": ("Write ${lang}, $${var.lang} or {var.lang}.", "prompts/l.md", "", []),
}


@pytest.mark.parametrize(("text", "name", "more", "problems"), LITERAL.values(), ids=LITERAL.keys())
def test_a_variable_that_stays_as_it_is_is_said_unless_the_include_says_so(
    world: World, text: str, name: str, more: str, problems: list[str]
) -> None:
    world.write(**{name: text})
    assert world.render(f"i: {{file: ../{name}{more}}}")[1] == problems


def test_the_word_about_a_variable_that_stays_names_the_include_and_stops_nothing(world: World) -> None:
    parsed = yaml.parse(b"a: x\ni: {file: ../prompts/x.md}", "assistants/a.yaml")
    renderer = Renderer(Files(world.root))
    renderer.render(parsed.documents[0].value, VARIABLES)
    (problem,) = renderer.problems
    assert (problem.severity, renderer.poisoned) == (Severity.WARNING, set())
    assert problem.message == "`${var.lang}` stays as it is here: the file is included without `template: true`"
    assert problem.remedy is not None and "beside `file:` at assistants/a.yaml:2:11 to have" in problem.remedy


def test_variables_in_the_manifest_and_in_paths(world: World) -> None:
    assert world.value('a: ${var.heat}\ni: {file: "../prompts/${var.lang}.md"}') == {"a": 0.5, "i": "Hallo"}


def test_keys_are_never_replaced(world: World) -> None:
    assert world.value('"${var.lang}": x') == {"${var.lang}": "x"}


def test_a_property_called_file_in_a_json_schema_is_no_include(world: World) -> None:
    text = "parameters: {type: object, properties: {file: {type: string}, ref: {type: string}, upload: {type: string}}}"
    assert world.value(text) == yaml.parse(text.encode(), "x").documents[0].value
    assert world.value("p: {file: x, name: y}") == {"p": {"file": "x", "name": "y"}}
    assert world.value("p: {file: [x]}") == {"p": {"file": ["x"]}}
    assert world.value("p: {ref: gpt}") == {"p": {"ref": "gpt"}}


BAD = {
    "missing": ("../prompts/y.md", "assistants/a.yaml:1:11: file-missing"),
    "outside": ("../../x.md", "assistants/a.yaml:1:11: file-outside"),
    "absolute": ("/etc/hostname", "assistants/a.yaml:1:11: file-outside"),
    "by link": ("../link.md", "assistants/a.yaml:1:11: file-outside"),
    "folder": ("../prompts", "assistants/a.yaml:1:11: file-not-regular"),
    "binary": ("../binary.md", "assistants/a.yaml:1:11: file-binary"),
    "latin-1": ("../latin.md", "latin.md:1:1: text-not-utf8"),
    "too large": ("../large.md", "assistants/a.yaml:1:11: file-too-large"),
    "too large yaml": ("../large.yaml", "assistants/a.yaml:1:11: file-too-large"),
    "bad yaml": ("../bad.yaml", "bad.yaml:1:5: yaml-syntax"),
    "ambiguous yaml": ("../no.yaml", "no.yaml:1:4: yaml-ambiguous"),
    "bad json": ("../bad.json", "bad.json:1:7: json-syntax"),
    "empty": ("../empty.yaml", "assistants/a.yaml:1:11: include-not-one"),
    "two documents": ("../two.yaml", "assistants/a.yaml:1:11: include-not-one"),
    "itself": ("a.yaml", "assistants/a.yaml:1:11: include-cycle"),
    "a circle": ("../one.yaml", "other.yaml:1:8: include-cycle"),
    "a chain": ("../c1.yaml", "c8.yaml:1:8: include-chain"),
}


@pytest.mark.parametrize(("path", "expected"), BAD.values(), ids=BAD.keys())
def test_a_bad_include_is_one_diagnostic(world: World, path: str, expected: str) -> None:
    (world.root.parent / "x.md").write_text("outside")
    (world.root / "link.md").symlink_to("../x.md")
    files: dict[str, str | bytes] = {
        "binary.md": b"\x89PNG\0",
        "latin.md": b"\xe9t\xe9",
        "large.md": b"x" * (MAX_BYTES + 1),
        "large.yaml": b"x" * (MAX_BYTES + 1),
        "bad.yaml": "a: b: c",
        "no.yaml": "a: no",
        "bad.json": '{"a": x}',
        "empty.yaml": "# nothing",
        "two.yaml": "a: 1\n---\nb: 1",
        "one.yaml": "{file: other.yaml}",
        "other.yaml": "{file: one.yaml}",
        "assistants/a.yaml": "x: 1",
        **{f"c{index}.yaml": f"{{file: c{index + 1}.yaml}}" for index in range(1, 20)},
    }
    world.write(**files)
    assert world.render(f"i: {{file: {path}}}")[1] == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f: {file: x.md, template: 1}", "assistants/a.yaml:1:27: include-template"),
        ("f: ${var.nope}", "assistants/a.yaml:1:4: variable-undefined"),
        ('f: {file: "${env.X}"}', "assistants/a.yaml:1:11: variable-syntax"),
    ],
)
def test_what_cannot_be_put_in_has_its_place(world: World, text: str, expected: str) -> None:
    assert world.render(text)[1][0] == expected


def test_a_problem_inside_a_template_has_its_place_in_that_file(world: World) -> None:
    world.write(**{"prompts/t.md": "a\nb ${var.nope}"})
    assert world.render("i: {file: ../prompts/t.md, template: true}")[1] == ["prompts/t.md:2:3: variable-undefined"]


def test_includes_cannot_blow_a_manifest_up(world: World) -> None:
    world.write(
        **{"big.yaml": "[" + "1," * 50_000 + "1]", "long.md": "x" * 1_000_000, "deep.yaml": "[" * 60 + "]" * 60}
    )
    assert world.render("a: [" + "{file: ../big.yaml}," * 1000 + "]")[1] == ["assistants/a.yaml:1:45: too-many-values"]
    assert world.render("a: [" + "{file: ../long.md}," * 1000 + "]")[1] == ["assistants/a.yaml:1:138: too-many-values"]
    assert world.render("a: [[[[[{file: ../deep.yaml}]]]]]")[1] == ["deep.yaml:1:59: too-deep"]


def test_nothing_to_do_gives_the_document_itself(world: World) -> None:
    document = yaml.parse(b"a: [1, {b: x}]", "assistants/a.yaml").documents[0].value
    assert Renderer(Files(world.root)).render(document, VARIABLES) is document


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1"), ("[1 2]", "1:4"), ("[1,]", "1:4"), ('{"a":1,}', "1:8"), ("{,}", "1:2"), ('{"a" 1}', "1:6"),
        ("[NaN]", "1:2"), ("1e999", "1:1"), ("0" * 200, "1:1"), ('{\n "a": tru}', "2:7"), ('"abc', "1:1"),
        ("{} x", "1:4"),
        ('["a\tb"]', "1:2"), ('"\\q"', "1:1"), ('"\\ud800"', "1:1"), ("[1", "1:3"), ("'a'", "1:1"), ("[01]", "1:2"),
    ],
)  # fmt: skip
def test_bad_json_is_a_diagnostic_at_its_place(text: str, expected: str) -> None:
    problems = jsontext.parse(text.encode(), "f.json").diagnostics
    assert [f"{problem.place}: {problem.code}" for problem in problems] == [f"f.json:{expected}: json-syntax"]


def test_json_has_the_limits_of_yaml() -> None:
    def codes(data: bytes) -> list[str]:
        return [f"{problem.place}: {problem.code}" for problem in jsontext.parse(data, "f.json").diagnostics]

    assert codes(b"[" * 200_000) == ["f.json:1:65: too-deep"]
    assert codes(b"[" + b"1," * 100_001 + b"1]") == ["f.json:1:200000: too-many-values"]
    assert codes(b'{"a": 1, "a": 2}') == ["f.json:1:10: duplicate-key"]
    assert codes(b"\xef\xbb\xbf{}") == ["f.json:1:1: text-bom"]
    assert codes(b"\xe9") == ["f.json:1:1: text-not-utf8"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.booleans(), st.sampled_from([None, 2]))
def test_json_equals_the_standard_library(value: Any, escaped: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent)
    parsed = jsontext.parse(text.encode(), "f.json")
    assert parsed.diagnostics == []
    assert json.dumps(parsed.documents[0].value) == json.dumps(value)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]:,"\\u0d8e-+.tfn \n', max_size=60).map(str.encode))
def test_no_bytes_raise_anything(data: bytes) -> None:
    parsed = jsontext.parse(data, "f.json")
    assert parsed.complete or parsed.diagnostics
