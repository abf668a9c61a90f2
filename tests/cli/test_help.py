"""What `--help` says: every command in its group, examples that can be typed, every option explained."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from retinue.cli.app import group
from retinue.cli.helping import Command

NAMES = group.list_commands(click.Context(group))
SHARED = {"-C", "--env", "--var", "--var-file", "--parallelism", "--timeout", "--no-color", "--quiet", "--verbose"}
CHOSEN = {"--target", "--exclude", "--select"}
ALLOWED = {"--allow"}
PROMISED = {
    "plan": SHARED | CHOSEN | ALLOWED | {"--format", "--out", "--detailed-exitcode", "--show-unchanged"},
    "apply": SHARED | CHOSEN | ALLOWED | {"--format", "--auto-approve", "--expect-digest", "--fail-fast", "--backup"},
    "destroy": SHARED | CHOSEN | ALLOWED | {"--format", "--auto-approve"},
    "drift": SHARED | CHOSEN | {"--format", "--out", "--detailed-exitcode"},
    "diff": (SHARED - {"--env"}) | CHOSEN | {"--format", "--out", "--detailed-exitcode"},
    "promote": (SHARED - {"--env"}) | CHOSEN | {"--format", "--auto-approve"},
    "output": SHARED | {"--format", "--out"},
}


def command(name: str) -> Command:
    found = group.get_command(click.Context(group), name)
    assert isinstance(found, Command)
    return found


def shown(*arguments: str, width: int = 80) -> str:
    context = click.Context(group, info_name="retinue", max_content_width=width, terminal_width=width)
    if not arguments:
        return group.get_help(context)
    inner = command(arguments[0])
    return inner.get_help(click.Context(inner, context, info_name=arguments[0], terminal_width=width))


@pytest.mark.parametrize("name", NAMES)
def test_each_example_can_be_typed(name: str) -> None:
    assert command(name).examples
    for example in command(name).examples:
        words = shlex.split(example)
        assert words[:2] == ["retinue", name]
        command(name).make_context(name, words[2:])


@pytest.mark.parametrize("name", NAMES)
def test_an_example_stands_on_one_line_and_every_option_says_what_it_does(name: str) -> None:
    text = shown(name)
    assert all(f"  {example}" in text.splitlines() for example in command(name).examples)
    assert [item.opts for item in command(name).params if isinstance(item, click.Option) and not item.help] == []
    assert all(len(line) <= 80 for line in text.splitlines())


@pytest.mark.parametrize("name", PROMISED)
def test_the_options_that_scripts_may_use_are_there(name: str) -> None:
    there = {flag for item in command(name).params for flag in item.opts}
    assert PROMISED[name] - there == set()


def test_the_list_has_every_command_once_in_one_column() -> None:
    lines = shown(width=100).splitlines()
    found = [match for line in lines if (match := re.match(r"  ([a-z]+) {2,}[A-Z]", line))]
    assert [match[1] for match in found] == NAMES
    assert len({match.end() for match in found}) == 1
    assert "Take over and let go:" in lines


def test_own_options_come_before_those_that_all_commands_share() -> None:
    text = shown("plan")
    titles = ["Examples", "Options", "Which objects", "Approvals", "Project and service", "Output"]
    places = [text.index(f"\n{title}:\n") for title in titles]
    assert places == sorted(places)
    assert text.index("\n  --detailed-exitcode") < text.index("\n  --target ADDRESS")
