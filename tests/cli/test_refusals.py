"""What a user may write by mistake ends in its exit code and a message that says where, never in 70."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import World


def environment(world: World, endpoint: str = "", more: str = "", provider: str = "openai-assistants") -> None:
    world.write(
        "retinue.yaml",
        f"version: 1\nproject: demo\nmanifests: [assistants]\nenvironments:\n  dev:\n    provider: {provider}\n"
        f"    endpoint: {endpoint or world.url + '/v1'}\n{more or '    api_key: {env: DEMO_KEY}'}\n",
    )
    world.assistant("ant")


def refused(world: World, *arguments: str) -> str:
    """What a command says that is wrong usage, before any request."""
    asked = len(world.emulator.writes())
    ran = world.run(*arguments)
    assert (ran.code, ran.out, len(world.emulator.writes())) == (3, "", asked), ran.err
    return ran.err


def test_init_from_a_file_without_assistants_writes_nothing(world: World) -> None:
    world.write("package.json", '{"name": "my-package", "version": "1.0"}')
    ran = world.run("init", "-C", "new", "--from", "package.json")
    assert ran.code == 3
    assert "`my-package` was left out: it has no field of an assistant" in ran.err
    assert "Error: nothing in package.json can become a manifest" in ran.err
    assert not (world.root / "new").exists()


@pytest.mark.parametrize(
    "reference", ['{file: "a\\0b"}', '{command: ["a\\0b"]}', '{command: [echo, "a\\0b"]}'], ids=str
)
def test_a_key_reference_with_a_nul_is_refused(world: World, reference: str) -> None:
    environment(world, more=f"    api_key: {reference}")
    world.monkeypatch.delenv("CI", raising=False)
    assert "of `api_key` holds a NUL character" in refused(world, "plan")


@pytest.mark.parametrize("field", ["organization", "openai_project"])
@pytest.mark.parametrize("value", ["né", "a\\nb", "a\\x7fb"])
def test_what_no_header_can_hold_is_refused_by_its_field(world: World, field: str, value: str) -> None:
    environment(world, more=f'    {field}: "{value}"')
    assert f"bad-setting: `{field}` holds more than plain ASCII" in refused(world, "plan")


def test_a_setting_that_the_provider_does_not_take_is_refused_at_its_line(world: World) -> None:
    environment(world, more="    api_version: 2024-05-01-preview")
    said = refused(world, "plan")
    assert "retinue.yaml:8:18: unused-setting: `api_version` means nothing to the provider `openai-assistants`" in said
    assert "Remove it. openai-assistants takes: openai_project, organization." in said


@pytest.mark.parametrize("host", ["a..b", "xn--a", "-é.", "[::1]x", "a" * 64, "❤.example", "[v1.a]"])
def test_a_host_that_can_be_none_is_refused(world: World, host: str) -> None:
    environment(world, f"https://{host}/v1")
    said = refused(world, "plan")
    # From Python 3.14 on, urllib refuses what follows an address in brackets before we look at the host.
    early = host == "[::1]x" and "endpoint-shape: the endpoint is not a base URL" in said
    assert early or f"the host in https://{host}/v1 is not a host name" in said


@pytest.mark.parametrize("time", ["9" * 400 + "h", "9" * 5000, "1001h", "0h", "٣s", "-1s", "1.5h", "inf", ""])
def test_a_time_that_is_none_or_endless_is_refused(world: World, time: str) -> None:
    environment(world)
    ran = world.run("plan", "--timeout", time or " ")
    assert (ran.code, "is not a duration" in ran.err, len(ran.err) < 120) == (3, True, True)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
@pytest.mark.parametrize(
    "arguments", [["plan", "--var-file", "/dev/zero"], ["import", "--from", "/dev/zero"]], ids=" ".join
)
def test_an_endless_file_is_refused(world: World, arguments: list[str]) -> None:
    environment(world)
    assert "/dev/zero is larger than" in refused(world, *arguments)


@pytest.mark.parametrize(
    "arguments",
    [["plan", "--var-file"], ["import", "--from"], ["show"], ["apply"], ["init", "-C", "new", "--from"]],
    ids=" ".join,
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(world: World, arguments: list[str]) -> None:
    environment(world)
    assert "assistants cannot be read: Is a directory" in refused(world, *arguments, "assistants")


def test_a_variable_that_is_not_utf8_is_refused(world: World) -> None:
    environment(world)
    assert "--var model is not UTF-8" in refused(world, "plan", "--var", "model=\udcff")


def test_an_empty_key_variable_is_named(world: World) -> None:
    environment(world)
    world.monkeypatch.setenv("DEMO_KEY", " ")
    ran = world.run("plan")
    assert (ran.code, "the environment variable DEMO_KEY is empty" in ran.err) == (4, True)


@pytest.mark.parametrize(
    ("provider", "remedy"),
    [
        ("opnai-assistants", "Did you mean `openai-assistants`?"),
        ("zzz", "Known providers: anthropic, azure-openai, flowise"),
    ],
)
@pytest.mark.parametrize("command", ["validate", "plan", "output"])
def test_a_misspelt_provider_has_a_place(world: World, command: str, provider: str, remedy: str) -> None:
    environment(world, provider=provider)
    ran = world.run(command)
    assert ran.code == 3
    assert f"retinue.yaml:6:15: unknown-provider: there is no provider `{provider}`\n  {remedy}" in ran.err


@pytest.mark.parametrize("command", ["validate", "plan", "output"])
def test_the_earlier_name_of_a_provider_is_an_error_at_its_line(world: World, command: str) -> None:
    environment(world, provider="openai")
    ran = world.run(command)
    assert ran.code == 3
    assert "retinue.yaml:6:15: unknown-provider: the provider `openai` is called `openai-assistants` now\n" in ran.err
    assert "Write `openai-agents` for OpenAI's own service" in ran.err


@pytest.mark.parametrize(
    "command",
    [
        ("init", "-C", "new", "--from", "openai"),
        ("init", "-C", "new", "--from", "openai", "--endpoint", "http://127.0.0.1"),
        ("providers", "openai"),
    ],
    ids=" ".join,
)
def test_a_command_that_names_it_says_the_new_name(world: World, command: tuple[str, ...]) -> None:
    assert "the provider `openai` is called `openai-assistants` now" in refused(world, *command)
    assert not (world.root / "new").exists()


def test_a_file_of_that_name_is_read_as_an_export(world: World) -> None:
    world.write("openai", '[{"object": "assistant", "id": "asst_1", "name": "Greeter", "model": "gpt-4o"}]')
    assert world.run("init", "-C", "new", "--from", "openai").code == 0
    assert (world.root / "new" / "assistants" / "greeter.yaml").exists()


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "line",
    [
        "api_key: sk-canary",
        'api_key: "sk-canary',
        "api_key: [sk-canary]",
        "api_key: {env: sk-canary}",
        "api_key: {env: [sk-canary]",
        "api_key: {sk-canary}",
        "api_key: {file: sk-canary}",
        "api_key: {command: sk-canary}",
        "api_key: {command: [sk-canary]}",
        "api_key: *sk-canary",
        "api_key: !sk-canary x",
        "api_key: @sk-canary",
        "api_key:sk-canary",
        'api_key: "\\qsk-canary"',
        "api_key: sk-canary: x",
        "api_key: {env: sk-canary, env: sk-canary}",
        "apikey: sk-canary",
        "sk-canary",
        "\tapi_key: sk-canary",
    ],
    ids=str,
)
def test_a_key_that_stands_in_the_project_file_is_not_repeated(world: World, line: str, form: str) -> None:
    world.monkeypatch.delenv("CI", raising=False)
    environment(world, more=f"    {line}")
    ran = world.run("plan", "--format", form)
    assert ran.code in (3, 4)
    assert "canary" not in ran.out + ran.err


def test_an_option_without_its_value_points_at_the_help_of_its_command(world: World) -> None:
    assert (
        refused(world, "plan", "--env") == "Error: Option '--env' requires an argument.\n  Try `retinue plan --help`.\n"
    )


def test_a_label_is_explained_as_a_label(world: World) -> None:
    environment(world)
    said = "Error: --select team is not LABEL=VALUE\n  For example --select team=support.\n"
    assert refused(world, "plan", "--select", "team") == said


def test_import_says_which_options_go_with_update(world: World) -> None:
    environment(world)
    assert "--target, --exclude, --select and --take-live go with --update" in refused(world, "import", "--target", "x")


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        (
            "http://x/v1",
            "Error: --endpoint: plain http to `x` would send the key unprotected\n"
            "  Write https://, or add --allow-http if this network is safe.\n",
        ),
        (
            "x",
            "Error: --endpoint: the endpoint is not a base URL\n"
            "  Write a base URL such as https://host/v1, or `emulator` for the embedded emulator.\n",
        ),
    ],
)
def test_init_speaks_of_its_option_and_not_of_a_file_that_is_not_there(world: World, endpoint: str, said: str) -> None:
    assert refused(world, "init", "-C", "new", "--from", "openai-assistants", "--endpoint", endpoint) == said
