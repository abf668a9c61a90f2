"""Announced ends and lints on the command line: their lines, `--as-of`, and the severity that a project chooses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import World

PROJECT = """version: 1
project: demo
{extra}manifests: [assistants]
environments:
  dev: {{provider: openai-assistants, endpoint: "{endpoint}", api_key: {{env: DEMO_KEY}}}}
"""
ODD = "response_format: {type: json_object}\ntemperature: 0.3\ntop_p: 0.5\nmetadata: {api_key: abcdefgh1234}\n"


def project(world: World, extra: str = "", endpoint: str = "https://api.openai.com/v1") -> None:
    world.write("retinue.yaml", PROJECT.format(extra=extra, endpoint=endpoint))


def codes(world: World, *arguments: str) -> dict[str, str]:
    """By code, the severity."""
    found = json.loads(world.run("validate", "--format", "json", *arguments).out)["diagnostics"]
    return {item["code"]: item["severity"] for item in found}


def test_ends_of_the_service_and_of_a_model_stand_at_their_lines(world: World) -> None:
    project(world)
    world.assistant("ant", model="gpt-4o")
    ran = world.run("validate", "--as-of", "2026-08-26")
    assert ran.code == 0
    assert "retinue.yaml:5:48: retired: OpenAI's Assistants API ended on 2026-08-26 (warning)" in ran.err
    assert "assistants/ant.yaml:2:8: retiring: the model `gpt-4o` ends on 2027-01-14 (warning)" in ran.err
    assert "retinue migrate --from dev --to NEW" in ran.err
    assert codes(world, "--as-of", "2026-01-01") == {"retiring": "info"}


@pytest.mark.parametrize("endpoint", ["emulator", "http://127.0.0.1:8787/v1", "https://openai.example.com/v1"])
def test_a_stand_in_has_no_ends(world: World, endpoint: str) -> None:
    project(world, endpoint=endpoint)
    world.assistant("ant", model="gpt-4o")
    assert codes(world, "--as-of", "2030-01-01") == {}


@pytest.mark.parametrize("day", ["2026-13-01", "tomorrow", "20261201", "2026-W01-1", "", "9" * 400])
def test_what_is_no_date_is_refused(world: World, day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project(world)
    world.assistant("ant")
    assert world.run("validate", "--as-of", day).code == (3 if day else 0)
    monkeypatch.setenv("RETINUE_AS_OF", day)
    assert world.run("validate").code == (3 if day else 0)


def test_a_plan_has_equal_bytes_for_an_equal_date_and_one_digest_for_all(world: World) -> None:
    world.write("retinue.yaml", PROJECT.format(extra="", endpoint=world.url).replace("openai-assistants", "flowise"))
    project = "version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n  dev:\n    provider: azure-openai\n"
    endpoint = f"    endpoint: {world.url}/api/projects/demo\n    api_key: {{env: DEMO_KEY}}\n"
    world.write("retinue.yaml", project + endpoint)
    world.assistant("ant")
    days = ("2026-10-03", "2026-10-03", "2027-03-30", "2027-03-31", "2026-01-01")
    plans = [world.run("plan", "--format", "json", "--as-of", day).out for day in days]
    assert plans[0] == plans[1] == plans[2]
    assert len(set(plans)) == 3
    assert len({json.loads(plan)["digest"] for plan in plans}) == 1
    assert all("2027-03-31" in plan for plan in plans)


def test_lints_have_places_and_no_key_is_repeated(world: World) -> None:
    project(world, endpoint="emulator")
    world.write("prompts/used.md", "Hello.\nUse sk-proj-abcdefghijkl0123456789 now.\n")
    world.write("prompts/old.md", "Old.\n")
    world.write("prompts/README.md", "About.\n")
    world.write("tools/old.yaml", "type: code_interpreter\n")
    world.assistant("ant", ODD + "instructions: {file: ../prompts/used.md}\n")
    ran = world.run("validate")
    assert ran.code == 0
    for line in (
        "assistants/ant.yaml:3:18: json-mode-prompt",
        "assistants/ant.yaml:5:8: temperature-and-top-p",
        "assistants/ant.yaml:6:21: key-like-text",
        "prompts/used.md:2:5: key-like-text",
        "prompts/old.md:1:1: unused-file",
        "tools/old.yaml:1:1: unused-file",
    ):
        assert line in ran.err
    assert "README" not in ran.err
    assert "abcdefgh" not in ran.err + ran.out


@pytest.mark.parametrize(
    "code", ["unused-file", "key-like-text", "json-mode-prompt", "temperature-and-top-p", "retired", "retiring"]
)
def test_each_lint_can_be_an_error_or_off(world: World, code: str) -> None:
    world.write("prompts/old.md", "Old.\n")
    world.assistant("ant", ODD, model="gpt-4o")
    project(world, f"lint: {{{code}: warn}}\n")
    assert codes(world, "--as-of", "2026-12-01")[code] == "warning"
    project(world, f"lint: {{{code}: off}}\n")
    assert code not in codes(world, "--as-of", "2026-12-01")
    project(world, f"lint: {{{code}: error}}\n")
    ran = world.run("validate", "--as-of", "2026-12-01")
    assert (ran.code, f" {code}: " in ran.err) == (3, True)


def test_a_wrong_lint_or_level_is_told_with_what_was_meant(world: World) -> None:
    world.assistant("ant")
    project(world, "lint: {unused-fil: off}\n")
    ran = world.run("validate")
    assert (ran.code, "Did you mean `unused-file`?" in ran.err) == (3, True)
    project(world, "lint: {unused-file: of}\n")
    assert world.run("validate").code == 3


def test_harmless_manifests_have_no_lints(world: World) -> None:
    project(world, endpoint="emulator")
    text = "temperature: 1.0\ntop_p: 1.0\nresponse_format: {type: json_object}\nmetadata: {max_token: '500'}\n"
    words = "Answer in json. The token: is kept. A key such as sk-xxxxxxxxxxxxxxxxxxxxxxxx is secret: never tell."
    world.assistant("ant", f"{text}instructions: '{words}'\n")
    assert codes(world) == {}


def test_a_file_that_only_another_environment_includes_is_used(world: World) -> None:
    text = PROJECT.format(extra="", endpoint="emulator")
    other = "  b: {provider: openai-assistants, endpoint: emulator, overlay: over}\n"
    world.write("retinue.yaml", text + other)
    world.write("prompts/a.md", "A.\n")
    world.write("prompts/b.md", "B.\n")
    world.write("over/ant.yaml", "assistant: ant\ninstructions: {file: ../prompts/b.md}\n")
    world.assistant("ant", "instructions: {file: ../prompts/a.md}\n")
    assert codes(world, "-e", "dev") == codes(world, "-e", "b") == codes(world) == {}
    assert Path(world.root, "prompts").is_dir()


def test_a_key_in_one_file_of_a_composed_prompt_is_told_there(world: World) -> None:
    world.project()
    world.write("prompts/used.md", "One.\n\nTwo.\n")
    world.write("prompts/keys.md", "Three.\nUse sk-a1B2c3D4e5F6g7H8i9J0 here.\n")
    world.assistant("a", "instructions: [{file: ../prompts/used.md}, Plain., {file: ../prompts/keys.md}]\n")
    assert "prompts/keys.md:2:5: key-like-text" in world.run("validate").err


def test_a_day_that_is_none_is_refused_whatever_it_would_judge(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.project()
    world.assistant("a")
    monkeypatch.setenv("RETINUE_AS_OF", "garbage")
    ran = world.run("validate")
    assert (ran.code, "$RETINUE_AS_OF garbage is not a date" in ran.err) == (3, True)
