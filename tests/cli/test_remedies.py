"""Remedies lead where the user has to go: what was meant is named, and a cause comes before what follows from it."""

from __future__ import annotations

import pytest

from retinue.providers.wire import meant_base

from ..serving import served
from .conftest import World

OVERLAY = "    overlay: overlays/prod.yaml\n"


def errors(world: World, *arguments: str) -> list[str]:
    ran = world.run(*arguments)
    assert ran.code == 3, ran.out + ran.err
    return [line for line in ran.err.splitlines() if line[:1] not in (" ", "")][:-1]


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_wrong_folder_of_manifests_is_told_and_not_what_follows_from_it(world: World, command: str) -> None:
    world.project(environment=OVERLAY)
    world.write("overlays/prod.yaml", "assistant: a\ntemperature: 0.1\n")
    world.assistant("a", "tool_resources: {file_search: {vector_store_ids: [{ref: VectorStore/handbook}]}}\n")
    written = (world.root / "retinue.yaml").read_text()
    world.write("retinue.yaml", written.replace("[assistants]", "[asistants]"))
    told = "retinue.yaml:3:13: manifests-missing: there is no file or folder `asistants`"
    assert errors(world, command) == [told]
    world.write("retinue.yaml", written.replace("[assistants]", '[assistants, "stores/*.yaml"]'))
    assert errors(world, command) == ["retinue.yaml:3:25: glob-empty: no file matches `stores/*.yaml`"]
    world.write("retinue.yaml", written)
    (missing,) = errors(world, command)
    assert "reference-missing" in missing


@pytest.mark.parametrize(
    "text",
    [
        r"instructions: {file: ..\prompts\a.md}",
        r'instructions: {file: "..\prompts\a.md"}',
        r'instructions: {file: "..\users\a.md"}',
        r'instructions: {file: "..\tmp\note.md"}',
        r"instructions: {file: prompts\a.md}",
        r"tools: [{file: ..\tools\a.yaml}]",
        r"tool_resources: {code_interpreter: {file_ids: [{upload: ..\data\*.csv}]}}",
        r"tool_resources: {code_interpreter: {file_ids: [{upload: ..\data\a.csv}]}}",
        r"tool_resources: {code_interpreter: {file_ids: [{upload: C:\data\a.csv}]}}",
    ],
)
def test_a_path_as_windows_writes_it_is_told_the_slash(world: World, text: str) -> None:
    world.project()
    world.assistant("a", text + "\n")
    ran = world.run("validate")
    assert (ran.code, ran.err.count("Write `/` between folders")) == (3, 1), ran.err


def test_so_it_is_in_the_project_file(world: World) -> None:
    world.project(environment="    overlay: overlays\\\\prod.yaml\n")
    world.write("overlays/prod.yaml", "assistant: a\ntemperature: 0.1\n")
    world.assistant("a")
    assert "Write `/` between folders" in world.run("validate").err
    world.project()
    written = (world.root / "retinue.yaml").read_text()
    for entry in ("bots\\a", "bots\\*.yaml"):
        world.write("retinue.yaml", written.replace("[assistants]", f"['{entry}']"))
        assert "Write `/` between folders" in world.run("validate").err


@pytest.mark.parametrize(
    ("endpoint", "base", "meant"),
    [
        ("https://host", "/v1", "https://host/v1"),
        ("https://host/", "/v1", "https://host/v1"),
        ("https://host/llm", "/v1", "https://host/llm/v1"),
        ("https://host/v1/assistants", "/v1", "https://host/v1"),
        ("https://host/v1/assistants/asst_1", "/v1", "https://host/v1"),
        ("https://host/v1/agents/", "/v1", "https://host/v1"),
        ("https://host/v1/chat/completions", "/v1", "https://host/v1"),
        ("https://host/assistants", "/v1", "https://host/v1"),
        ("https://host/v1", "/v1", None),
        ("https://host/api/v1", "/v1", None),
        ("https://host/v2", "/v1", None),
        ("https://host/v1", "", "https://host"),
        ("https://host/api/v1", "", "https://host"),
        ("https://host/v1/agents", "", "https://host"),
        ("https://host", "", None),
    ],
)
def test_the_base_url_that_was_meant(endpoint: str, base: str, meant: str | None) -> None:
    assert meant_base(endpoint, base) == meant


@pytest.mark.parametrize(
    ("provider", "path", "base"),
    [
        ("openai-assistants", "", "/v1"),
        ("openai-assistants", "/v1/assistants", "/v1"),
        ("openai-assistants", "/v1/chat/completions", "/v1"),
        ("openai-agents", "", "/v1"),
        ("openai-agents", "/v1/agents", "/v1"),
        ("anthropic", "/anthropic/v1", "/anthropic"),
        ("anthropic", "/anthropic/v1/agents", "/anthropic"),
    ],
)
def test_a_base_url_that_is_none_is_told_apart_from_an_api_that_is_gone(
    world: World, provider: str, path: str, base: str
) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text().replace("openai-assistants", provider)
    world.write("retinue.yaml", text.replace(f"{world.url}/v1", world.url + path))
    world.assistant("a")
    ran = world.run("plan")
    assert ran.code == 9
    assert "`endpoint` is not the base URL of this API" in ran.err
    assert f"Write `endpoint: {world.url}{base}`" in ran.err
    assert "gone" not in ran.err


def test_a_service_that_takes_the_route_for_something_else_names_the_base_url_too(world: World) -> None:
    world.project()
    text = (world.root / "retinue.yaml").read_text().replace("openai-assistants", "flowise")
    world.write("retinue.yaml", text.replace(f"{world.url}/v1", f"{world.url}/api/v1/assistants"))
    world.assistant("a")
    ran = world.run("plan", "--timeout", "5s")
    assert (ran.code, "answered 500" in ran.err) == (1, True), ran.err
    assert f"Write `endpoint: {world.url}" in ran.err


def test_a_page_of_a_site_in_the_place_of_an_answer_names_the_base_url_too(world: World) -> None:
    def site(_environ: object, start: object) -> list[bytes]:
        start("200 OK", [("Content-Type", "text/html"), ("Content-Length", "6")])  # type: ignore[operator]
        return [b"<html>"]

    world.project()
    world.assistant("a")
    with served(site) as url:
        written = (world.root / "retinue.yaml").read_text()
        world.write("retinue.yaml", written.replace(f"{world.url}/v1", url))
        ran = world.run("plan", "--timeout", "1s")
        assert (ran.code, f"Write `endpoint: {url}/v1`" in ran.err) == (9, True), ran.err


def test_what_was_refused_is_not_listed_as_allowed(world: World) -> None:
    world.project()
    for name in ("a", "b", "c", "d"):
        world.assistant(name)
    world.apply()
    for name in ("a", "b", "c"):
        world.remove(f"assistants/{name}.yaml")
    for number in (1, 2, 4):
        for form in ("text", "markdown"):
            ran = world.run("plan", "--allow", f"brake={number}", "--format", form)
            assert ("Allowed:" in ran.out, f"--allow brake={number} was given" in ran.out.replace("\\", "")) == (
                False,
                True,
            )
    assert "Allowed: --allow brake=3" in world.run("plan", "--allow", "brake=3").out
    both = world.run("plan", "--allow", "brake=2", "--allow", "protected:Assistant/a").out
    assert "Allowed: --allow protected:Assistant/a\n" in both


def test_init_from_a_service_where_nothing_is_live_yet_can_be_repeated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    init = ("init", "-C", "new", "--from", "openai-assistants", "--endpoint", f"{world.url}/v1")
    for _ in "ab":
        ran = world.run(*init)
        assert (ran.code, "run this again" in ran.out) == (0, True), ran.err
    project = (world.root / "new" / "retinue.yaml").read_bytes()
    world.emulator.seed({"id": "asst_1", "object": "assistant", "name": "Helper", "model": "gpt-4o", "created_at": 1})
    ran = world.run(*init)
    assert (ran.code, ran.out.split("\n")[0]) == (0, "wrote assistants/helper.yaml"), ran.err
    assert (world.root / "new" / "retinue.yaml").read_bytes() == project
    assert world.run("apply", "-C", "new", "--auto-approve").code == 0
    ran = world.run(*init)
    assert (ran.code, "To add assistants of its service: `retinue import`" in ran.err) == (3, True)
    assert world.run("init", "-C", "new", "--from", "flowise", "--endpoint", world.url).code == 3


@pytest.mark.parametrize(
    ("declared", "own"),
    [
        ("{model: {type: string}}", "{model: {a: 1}}"),
        ("{model: {type: string}}", "{model: [a]}"),
        ("{model: {type: string}}", "{model: }"),
        ("{model: {type: string}}", '{"a b": x}'),
        ("{model: {type: string, default: {a: 1}}}", "{model: x}"),
        ("{model: {type: string, default: [a]}}", "{model: x}"),
        ("{model: m}", "{model: x}"),
        ("{model: [m]}", "{model: x}"),
        ("{model: }", "{model: x}"),
        ("[model]", "{model: x}"),
        ("m", "[model]"),
    ],
)
def test_a_variable_of_the_wrong_shape_is_one_error_for_one_place(world: World, declared: str, own: str) -> None:
    world.project(f"variables: {declared}\n", f"    variables: {own}\n")
    world.assistant("a")
    places = [line.split(": ")[0] for line in errors(world, "validate")]
    assert places
    assert len(places) == len(set(places))


def test_a_value_where_a_variable_is_declared_is_told_where_to_write_it(world: World) -> None:
    world.project("variables: {model: gpt-4o}\n")
    world.assistant("a")
    assert "Write `{default: gpt-4o}`." in world.run("validate").err


def test_a_pasted_field_in_the_defaults_or_an_environment_is_told_too(world: World) -> None:
    world.assistant("a")
    world.project("defaults: {assistant: {prompt: Be kind.}}\n")
    assert "Write it as `instructions: …`." in world.run("validate").err
    world.project("", "    base_url: https://host\n")
    assert "Write it as `endpoint: …`." in world.run("validate").err
