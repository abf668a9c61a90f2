"""The first messages a beginner meets, compared with golden texts. Plans and applies are in tests/scenarios."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import World

Golden = Callable[[str, str], None]


def test_no_project_says_where_it_looked(world: World, golden: Golden) -> None:
    assert world.run("plan").code == 3
    golden("no-project", world.seen())


def test_no_environment_chosen_lists_them(world: World, golden: Golden) -> None:
    world.project(environment="  prod:\n    provider: openai-assistants\n    endpoint: emulator\n")
    world.assistant("greeter")
    assert world.run("plan").code == 3
    assert world.run("plan", "-e", "stage").code == 3
    world.monkeypatch.setenv("RETINUE_ENV", "stage")
    assert world.run("plan").code == 3
    golden("no-environment", world.seen())


def test_an_unset_key_variable_is_named(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("greeter")
    world.monkeypatch.delenv("DEMO_KEY")
    assert world.run("plan").code == 4
    golden("key-unset", world.seen())


def test_without_a_terminal_nothing_is_asked(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    assert world.run("apply").code == 3
    assert world.live() == {}
    golden("no-approval", world.seen())


def test_usage_errors_end_in_three(world: World, golden: Golden) -> None:
    world.project()
    world.assistant("ant")
    for arguments in (
        ["plam"],
        ["plan", "--formt", "json"],
        ["plan", "--timeout", "soon"],
        ["show", "nothing.json"],
        [],
    ):
        assert world.run(*arguments).code == 3
    golden("usage", world.seen())
