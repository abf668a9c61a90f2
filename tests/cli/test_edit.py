"""`emulator edit`: what changes in a dashboard is drift, and `import --update` takes it over, at any service."""

from __future__ import annotations

import pytest

from .conftest import World

PROVIDERS = ("openai-assistants", "openai-agents", "anthropic", "foundry", "azure-openai", "flowise")


@pytest.fixture(params=PROVIDERS)
def local(request: pytest.FixtureRequest, world: World) -> World:
    """A project at the embedded emulator of a provider."""
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\n"
        + f"environments: {{dev: {{provider: {request.param}, endpoint: emulator}}}}\n",
    )
    world.assistant("a", "name: Helper\ninstructions: Help.\n")
    assert world.run("apply", "--auto-approve").code == 0
    return world


def test_an_edit_is_drift_until_it_is_taken_over(local: World) -> None:
    assert "No drift." in local.run("drift").out
    ran = local.run("emulator", "edit", "Assistant/a", "instructions=Help, and be brief.")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("changed instructions of Assistant/a (")
    assert local.run("drift", "--detailed-exitcode").code == 2
    assert local.run("import", "--update").code == 0
    assert "instructions: Help, and be brief." in (local.root / "assistants/a.yaml").read_text()
    assert local.run("apply", "--auto-approve").code == 0
    assert local.run("plan", "--detailed-exitcode").code == 0


def test_an_apply_undoes_it(local: World) -> None:
    assert local.run("emulator", "edit", "Assistant/a", "instructions=Other.", "-e", "dev").code == 0
    assert "drift: changed outside retinue" in local.run("apply", "--auto-approve").out
    assert local.run("plan", "--detailed-exitcode").code == 0
    assert "No drift." in local.run("drift").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Assistant/b", "name=x"), "Assistant/b is not live in dev"),
        (("Assistant/a", "nam=x"), "Did you mean `name`?"),
        (("Assistant/a", "name"), "name is not of the form FIELD=VALUE"),
        (("Assistant/a",), "Missing argument"),
        (("a", "name=x"), "is not an address"),
        (("Assistant/a", "temperature=9"), "temperature"),
        (("Assistant/a", "temperature=NaN"), "temperature"),
        (("Assistant/a", "name=[1]"), "name"),
        (("Assistant/a", "name=null"), "Assistant/a still has its old values"),
    ],
)
def test_what_cannot_be_edited_is_told(world: World, words: tuple[str, ...], said: str) -> None:
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\n"
        "environments: {dev: {provider: openai-assistants, endpoint: emulator}}\n",
    )
    world.assistant("a")
    assert world.run("apply", "--auto-approve").code == 0
    ran = world.run("emulator", "edit", *words)
    assert (ran.code in (1, 3), said in ran.err) == (True, True), ran.err


def test_only_the_emulator_of_an_environment_is_edited(world: World) -> None:
    world.project()
    world.assistant("a")
    world.apply()
    ran = world.run("emulator", "edit", "Assistant/a", "name=x")
    assert (ran.code, "the endpoint of environment `dev` is not the emulator" in ran.err) == (3, True)
    assert world.only()["name"] is None


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e999", "[[[", '{"a": }', "nul"])
def test_what_is_no_json_is_text(local: World, value: str) -> None:
    ran = local.run("emulator", "edit", "Assistant/a", f"instructions=Say {value}", f"name={value}")
    assert ran.code == 0, ran.err
    assert local.run("drift", "--detailed-exitcode").code == 2


def test_what_the_service_does_not_hold_is_not_said_to_be_changed(world: World) -> None:
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\n"
        "environments: {dev: {provider: openai-agents, endpoint: emulator}}\n",
    )
    world.assistant("a")
    assert world.run("apply", "--auto-approve").code == 0
    for change in ("tools=7", "providers=5"):
        ran = world.run("emulator", "edit", "Assistant/a", change)
        assert (ran.code, "still has its old values" in ran.err) == (3, True), ran.out + ran.err
    ran = world.run("emulator", "edit", "Assistant/a", "tools=7", "name=New")
    assert ran.code == 0 and ran.out.startswith("changed name of Assistant/a"), ran.err


@pytest.mark.parametrize(("provider", "field"), [("openai-agents", "temperature"), ("anthropic", "temperature")])
def test_a_field_that_the_service_lacks_is_told(world: World, provider: str, field: str) -> None:
    world.write(
        "retinue.yaml",
        "version: 1\nproject: demo\nmanifests: [assistants]\n"
        + f"environments: {{dev: {{provider: {provider}, endpoint: emulator}}}}\n",
    )
    world.assistant("a", "instructions: Help.\n")
    assert world.run("apply", "--auto-approve").code == 0
    ran = world.run("emulator", "edit", "Assistant/a", f"{field}=1")
    assert (ran.code, f"{provider} holds no {field}: " in ran.err) == (3, True), ran.err
