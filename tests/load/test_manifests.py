"""Whole projects: from the files to the desired objects, and every way in which that can go wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retinue.core.model import Address, Policy
from retinue.load import project
from retinue.load.located import place_of
from retinue.load.manifests import Loaded, load
from retinue.providers.registry import catalogue

PROJECT = """\
version: 1
project: shop-a1b2
manifests: [assistants]
defaults: {assistant: {model: "${var.model}", metadata: {owner: cx}}}
environments:
  dev: {provider: openai-assistants, endpoint: emulator, variables: {model: small}}
  prod:
    provider: openai-assistants
    endpoint: emulator
    variables: {model: large, only: prod}
    overlay: overlays/prod.yaml
"""
GREETER = "assistant: greeter\nname: Greeter\ninstructions: Hello\n"


class World:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.write("retinue.yaml", PROJECT)
        self.write("overlays/prod.yaml", "assistant: greeter\ntemperature: 0.5\n")

    def write(self, name: str, content: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def load(
        self, environment: str | None = "dev", variables: Mapping[str, str] | None = None, **options: Any
    ) -> Loaded:
        read, problems = project.load_project(self.root, catalogue)
        assert read is not None, problems
        if "extras" in options:
            read = replace(read, known=replace(read.known, extras=options.pop("extras")))
        return load(read, environment, variables, **options)

    def problems(self, environment: str | None = "dev", **options: Any) -> list[str]:
        diagnostics = self.load(environment, **options).diagnostics
        assert all(problem.remedy for problem in diagnostics)
        return [f"{problem.place}: {problem.code}" for problem in diagnostics]

    def spec(self, name: str, environment: str = "dev", variables: Mapping[str, str] | None = None) -> dict[str, Any]:
        loaded = self.load(environment, variables)
        assert loaded.diagnostics == ()
        [resource] = [resource for resource in loaded.resources if resource.address == Address("Assistant", name)]
        return dict(resource.spec)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "project")
    world.write("assistants/greeter.yaml", GREETER)
    return world


def test_a_manifest_becomes_a_resource_with_its_defaults(world: World) -> None:
    loaded = world.load()
    [resource] = loaded.resources
    assert loaded.diagnostics == loaded.empty_sources == ()
    assert (resource.kind, str(resource.address), str(resource.place)) == (
        "Assistant",
        "Assistant/greeter",
        "assistants/greeter.yaml:1:1",
    )
    assert resource.spec == {"name": "Greeter", "instructions": "Hello", "model": "small", "metadata": {"owner": "cx"}}
    assert resource.policy == Policy()
    assert str(place_of(resource.spec, ["model"])) == "retinue.yaml:4:31"


def test_the_environment_brings_its_variables_and_its_overlay(world: World) -> None:
    assert world.spec("greeter", "prod")["model"] == "large"
    assert world.spec("greeter", "prod")["temperature"] == 0.5
    assert world.spec("greeter", "dev", {"model": "tiny"})["model"] == "tiny"


def test_rendered_has_the_whole_document(world: World) -> None:
    rendered = world.load("prod").rendered
    assert {str(address): dict(data) for address, data in rendered.items()} == {
        "Assistant/greeter": {
            "assistant": "greeter",
            "name": "Greeter",
            "instructions": "Hello",
            "model": "large",
            "metadata": {"owner": "cx"},
            "temperature": 0.5,
        }
    }
    assert next(iter(rendered[Address("Assistant", "greeter")])) == "assistant"


def test_every_kind_of_file_in_a_folder(world: World) -> None:
    world.write("assistants/b/c.yml", "assistant: one\n---\n---\nassistant: two\n")
    world.write("assistants/d.json", '{"assistant": "three", "name": "\\ud83d\\ude00"}')
    world.write("assistants/e.md", "---\nassistant: four\n---\n\nBe kind.\r\n")
    world.write("assistants/prompts/f.md", "# A prompt, no manifest\n")
    world.write("assistants/notes.txt", "x")
    world.write("assistants/.hidden.yaml", "x: [")
    world.write("assistants/.git/x.yaml", "x: [")
    loaded = world.load()
    assert [item.message for item in loaded.diagnostics] == [
        "3 files that are not manifests were passed over: `assistants/.hidden.yaml`, `assistants/notes.txt`,"
        " `assistants/prompts/f.md`"
    ]
    assert [str(resource.address) for resource in loaded.resources] == [
        f"Assistant/{name}" for name in ("four", "greeter", "one", "three", "two")
    ]
    assert loaded.resources[0].spec["instructions"] == "Be kind."
    assert loaded.resources[3].spec["name"] == "😀"


def test_front_matter_keeps_every_place_right(world: World) -> None:
    world.write("assistants/e.md", "---\nassistant: four\nname: no\n---\n\nHello ${var.x}\n")
    assert world.problems() == ["assistants/e.md:3:7: yaml-ambiguous", "assistants/e.md:6:1: variable-undefined"]
    world.write("assistants/e.md", "---\nassistant: four\ninstructions: x\n---\nHello\n")
    assert world.problems() == ["assistants/e.md:3:1: front-matter-instructions"]
    world.write("assistants/e.md", "---\nassistant: four\nHello\n")
    assert world.problems() == ["assistants/e.md:1:1: front-matter-open"]
    world.write("assistants/e.md", "---\nassistant: four\n---\n")
    assert "instructions" not in world.spec("four")


def test_files_and_globs_and_no_file_twice(world: World) -> None:
    world.write("teams/a/bots/x.yaml", "assistant: x\n")
    world.write("teams/b/bots/y.yaml", "assistant: y\n")
    world.write("one/z.md", "---\nassistant: z\n---\nHello")
    entries = "[assistants, assistants/greeter.yaml, 'assistants/*.yaml', teams/*/bots, '**/y.yaml', one/z.md]"
    world.write("retinue.yaml", PROJECT.replace("[assistants]", entries))
    assert [resource.address.name for resource in world.load().resources if resource.address] == [
        "greeter",
        "x",
        "y",
        "z",
    ]
    assert world.problems() == []


def test_the_whole_project_folder_may_be_the_manifest_folder(world: World) -> None:
    world.write("retinue.yaml", PROJECT.replace("[assistants]", "[.]"))
    assert world.problems() == []
    assert len(world.load("prod").resources) == 1


def test_the_order_does_not_depend_on_the_files(world: World) -> None:
    for name in ("b", "a", "c"):
        world.write(f"assistants/{name}.yaml", f"assistant: x{name}\n")
    names = [str(resource.address) for resource in world.load().resources]
    assert names == sorted(names)
    assert list(map(str, world.load().rendered)) == names


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("nowhere", "manifests-missing"),
        ("nowhere.yaml", "manifests-missing"),
        ("empty", "manifests-empty"),
        ("'empty/*.yaml'", "glob-empty"),
        ("'nowhere/**/*.yaml'", "glob-empty"),
    ],
)
def test_an_entry_that_names_nothing_is_told_apart_from_what_is_wrong(world: World, entry: str, code: str) -> None:
    world.write("empty/prompt.md", "no manifest")
    world.write("retinue.yaml", PROJECT.replace("[assistants]", f"[assistants, {entry}]"))
    loaded = world.load()
    assert {item.code for item in loaded.diagnostics} <= {"passed-over"}
    assert [f"{problem.place}: {problem.code}" for problem in loaded.empty_sources] == [f"retinue.yaml:3:25: {code}"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("../other", "file-outside"),
        ("/etc", "file-outside"),
        ("'../*.yaml'", "file-outside"),
        ("'../nothing-is-there*'", "file-outside"),
        ("'/etc/*'", "glob-invalid"),
        ("prompts/x.txt", "manifest-type"),
        ("prompts/x.md", "manifest-type"),
    ],
)
def test_an_entry_that_cannot_be_used(world: World, entry: str, code: str) -> None:
    world.write("../other/x.yaml", "assistant: x\n")
    world.write("../x.yaml", "assistant: x\n")
    world.write("prompts/x.txt", "x")
    world.write("prompts/x.md", "x")
    world.write("retinue.yaml", PROJECT.replace("[assistants]", f"[assistants, {entry}]"))
    assert f"retinue.yaml:3:25: {code}" in world.problems()


def test_links_out_of_the_project_are_refused_and_circles_are_walked_once(world: World, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text("assistant: x\n")
    (world.root / "assistants" / "circle").symlink_to(".")
    assert world.problems() == []
    (world.root / "assistants" / "link.yaml").symlink_to("../../outside.yaml")
    assert world.problems() == ["retinue.yaml:3:13: file-outside"]


BAD = {
    "misspelt kind": ("asistant: x\nmodel: m\n", "1:1: kind-unknown"),
    "capital kind": ("model: m\nAssistant: x\n", "2:1: kind-unknown"),
    "no kind": ("model: m\n", "1:1: kind-missing"),
    "a tool": ("type: function\nfunction: {name: x}\n", "1:1: kind-missing"),
    "a list": ("- a\n", "1:1: manifest-not-mapping"),
    "a text": ("\nhello\n", "2:1: manifest-not-mapping"),
    "nothing": ("# assistant: x\n", "1:1: manifest-empty"),
    "empty documents": ("---\n---\n", "1:1: manifest-empty"),
    "capital name": ("assistant: Math Tutor\n", "1:12: manifest-name"),
    "number as name": ("assistant: 7\n", "1:12: manifest-name"),
    "no name": ("assistant:\n", "1:11: manifest-name"),
    "long name": (f"assistant: {'x' * 64}\n", "1:12: manifest-name"),
    "leading hyphen": ("assistant: -x\n", "1:12: manifest-name"),
    "variable in the name": ("assistant: ${var.model}\n", "1:12: manifest-name"),
    "unknown environment": ("assistant: x\nretinue: {environments: [prd]}\n", "2:26: environment-unknown"),
    "adopt in an unknown environment": ("assistant: x\nretinue: {adopt: {prd: asst_1}}\n", "2:19: environment-unknown"),
    "tab": ("assistant: x\n\tname: y\n", "2:1: yaml-tab"),
    "latin-1": ("assistant: x\nname: é\n".encode("latin-1"), "2:7: text-not-utf8"),
    "BOM": (b"\xef\xbb\xbfassistant: x\n", "1:1: text-bom"),
    "hostile nesting": ("- " * 100_000, "1:129: too-deep"),
    "too large": (b"#" * (2 * 1024 * 1024 + 1), "1:1: file-too-large"),
    "number where text is wanted": ("assistant: x\nname: 0755\n", "2:7: yaml-ambiguous"),
    "boolean where text is wanted": ("assistant: x\nname: no\n", "2:7: yaml-ambiguous"),
    "text where a number is wanted": ("assistant: x\ntemperature: 1_0\n", "2:14: yaml-ambiguous"),
    "float where text is wanted": ("assistant: x\nname: 1e3\n", "2:7: wrong-type"),
    "undefined variable": ("assistant: x\ntemperature: ${var.heat}\n", "2:14: variable-undefined"),
    "missing include": ("assistant: x\ninstructions: {file: y.md}\n", "2:22: file-missing"),
    "missing tool": ("assistant: x\ntools:\n  - {file: y.yaml}\n", "3:12: file-missing"),
}


@pytest.mark.parametrize(("text", "expected"), BAD.values(), ids=BAD.keys())
def test_a_bad_manifest_is_one_diagnostic_at_its_place(world: World, text: str | bytes, expected: str) -> None:
    world.write("assistants/bad.yaml", text)
    assert world.problems() == [f"assistants/bad.yaml:{expected}"]


JSON_NUMBERS = ("1e3", "1.10", "-0", "12", "0.5", "true")
WRITTEN = [("json", text) for text in JSON_NUMBERS]
WRITTEN += [("yaml", text) for text in (*JSON_NUMBERS, "0x1F", "+7", "True", "FALSE")]


@pytest.mark.parametrize(("suffix", "written"), WRITTEN)
def test_what_is_no_text_is_repeated_as_it_is_written(world: World, suffix: str, written: str) -> None:
    world.write(f"assistants/bad.{suffix}", f'{{"assistant": "x", "metadata": {{"version": {written}}}}}\n')
    [problem] = world.load().diagnostics
    assert problem.message == f"`metadata.version` must be text, but it is `{written}`"
    assert problem.remedy == f'Put it in quotes: "{written}".'


def test_a_bad_kind_line_says_what_to_write(world: World) -> None:
    world.write("assistants/a.yaml", "asistant: x\n")
    world.write("assistants/b.yaml", "name: Math Tutor!\n")
    world.write("assistants/c.yaml", "assistant: Math Tutor\n")
    remedies = [str(problem.remedy) for problem in world.load().diagnostics]
    assert remedies[0] == "Did you mean `assistant`?"
    assert "`assistant: math-tutor`" in remedies[1]
    assert "{file: PATH}" in remedies[1]
    assert "`assistant: math-tutor`" in remedies[2]


def test_two_manifests_with_one_address_name_both_places(world: World) -> None:
    world.write("assistants/other.yaml", "\nassistant: greeter\n")
    [problem] = world.load().diagnostics
    assert str(problem.place) == "assistants/other.yaml:2:1"
    assert problem.code == "address-twice"
    assert "assistants/greeter.yaml:1:1" in problem.message


def test_all_problems_of_all_files_come_at_once_and_in_order(world: World) -> None:
    world.write("assistants/a.yaml", "assistant: a\nname: no\ntemperature: ${var.t}\n")
    world.write("assistants/b.yaml", "asistant: b\n---\nassistant: C\n")
    world.write("assistants/d.md", "---\nassistant: d\n")
    assert world.problems() == [
        "assistants/a.yaml:2:7: yaml-ambiguous",
        "assistants/a.yaml:3:14: variable-undefined",
        "assistants/b.yaml:1:1: kind-unknown",
        "assistants/b.yaml:3:12: manifest-name",
        "assistants/d.md:1:1: front-matter-open",
    ]


def test_a_problem_in_a_shared_file_is_said_once(world: World) -> None:
    world.write("tools/t.yaml", "type: function\nfunction: {name: x, description: no}\n")
    for name in ("a", "b"):
        world.write(f"assistants/{name}.yaml", f"assistant: {name}\ntools: [{{file: ../tools/t.yaml}}]\n")
    assert world.problems() == ["tools/t.yaml:2:34: yaml-ambiguous"]


def test_the_schema_is_checked_after_layers_includes_and_variables(world: World) -> None:
    world.write("overlays/prod.yaml", "assistant: greeter\ntemperature: 3\n")
    world.write("assistants/greeter.yaml", GREETER + "top_p: ${var.top}\n")
    world.write("retinue.yaml", PROJECT.replace("model: large", "model: large, top: 7"))
    places = [problem.rsplit(":", 1)[0] for problem in world.problems("prod")]
    assert places == ["assistants/greeter.yaml:4:8", "overlays/prod.yaml:2:14"]


def test_an_overlay_must_hit_and_may_be_a_folder(world: World) -> None:
    world.write("overlays/prod.yaml", "assistant: greter\ntop_p: 1\n")
    [problem] = world.load("prod").diagnostics
    assert (problem.code, str(problem.place)) == ("overlay-unmatched", "overlays/prod.yaml:1:1")
    assert problem.remedy == "Did you mean `assistant: greeter`?"
    world.write("retinue.yaml", PROJECT.replace("overlays/prod.yaml", "layers/prod"))
    assert world.problems("prod") == ["retinue.yaml:11:14: overlay-missing"]
    world.write("layers/prod/a.yaml", "assistant: greeter\nname: null\ninstructions: {file: ../p.md}\n")
    world.write("layers/p.md", "Welcome")
    assert world.spec("greeter", "prod") == {"instructions": "Welcome", "model": "large", "metadata": {"owner": "cx"}}
    world.write("layers/prod/b.yaml", "assistant: greeter\ntop_p: null\n")
    assert world.problems("prod") == ["layers/prod/b.yaml:1:1: address-twice"]
    world.write("layers/prod/a.yaml", "assistant: greeter\nretinue: {protect: true}\ntop_p: null\n")
    (world.root / "layers/prod/b.yaml").unlink()
    assert world.problems("prod") == ["layers/prod/a.yaml:3:8: overlay-removes-nothing"]


def test_a_misspelt_key_of_a_layer_may_mean_one_that_another_layer_has(world: World) -> None:
    world.write("overlays/prod.yaml", "assistant: greeter\nmodle: gpt-4o\n")
    (problem,) = world.load("prod").diagnostics
    assert (problem.code, problem.remedy) == ("unknown-key", "Did you mean `model`?")
    world.write("overlays/prod.yaml", "assistant: greeter\nmodel: gpt-4o\nmodle: gpt-4o\n")
    (problem,) = world.load("prod").diagnostics
    assert problem.remedy == "`model` is there already: remove this line."


def test_an_unreadable_manifest_does_not_make_its_overlay_an_error(world: World) -> None:
    world.write("assistants/greeter.yaml", "assistant: greeter\nname: [\n")
    assert [problem.split()[1] for problem in world.problems("prod")] == ["yaml-syntax"]


def test_the_policy_block(world: World) -> None:
    world.write(
        "assistants/greeter.yaml",
        "assistant: greeter\nretinue:\n  labels: {team: cx}\n  environments: [dev]\n  protect: true\n"
        "  moved_from: hello\n  adopt: {prod: asst_1}\n  ignore_changes: [/temperature]\n",
    )
    [resource] = world.load().resources
    assert resource.policy == Policy({"team": "cx"}, ("dev",), True, "hello", {"prod": "asst_1"}, ("/temperature",))
    assert "retinue" not in resource.spec


def test_adopt_may_be_one_id_for_every_environment(world: World) -> None:
    world.write("assistants/greeter.yaml", GREETER + "retinue: {adopt: asst_1}\n")
    assert world.load().resources[0].policy.adopt == {"dev": "asst_1", "prod": "asst_1"}


def test_manifests_for_other_environments_are_validated_but_not_wanted(world: World) -> None:
    world.write("assistants/p.yaml", "assistant: p\nname: ${var.only}\nretinue: {environments: [prod]}\n")
    loaded = world.load("dev")
    assert loaded.diagnostics == ()
    assert [str(resource.address) for resource in loaded.resources] == ["Assistant/greeter"]
    assert loaded.elsewhere == {Address("Assistant", "p")}
    assert Address("Assistant", "p") in loaded.rendered
    assert len(world.load("prod").resources) == 2
    world.write("assistants/p.yaml", "assistant: p\nname: ${var.nope}\nretinue: {environments: [prod]}\n")
    assert world.problems("dev") == ["assistants/p.yaml:2:7: variable-undefined"]


def test_the_input_stays_as_it_is_between_runs(world: World) -> None:
    world.write("assistants/greeter.yaml", "assistant: greeter\nmetadata: &m {a: x}\n---\nassistant: other\n")
    read, _ = project.load_project(world.root, catalogue)
    assert read is not None
    first, second = load(read, "prod"), load(read, "prod")
    assert first == second
    assert json.dumps(list(first.rendered.values())) == json.dumps(list(second.rendered.values()))


@pytest.mark.parametrize("opening", ["{properties: {x: ", "{allOf: [", "{not: "])
def test_the_deepest_schema_that_is_read_can_be_validated(world: World, opening: str) -> None:
    depth = 58 // (opening.count("{") + opening.count("["))
    closing = "".join({"{": "}", "[": "]"}[char] for char in reversed(opening) if char in "{[")
    schema = opening * depth + "{}" + closing * depth
    world.write(
        "assistants/deep.yaml",
        f"{GREETER.replace('greeter', 'deep')}response_format: {{type: json_schema, "
        f"json_schema: {{name: x, schema: {schema}}}}}\n",
    )
    assert world.problems() == []
