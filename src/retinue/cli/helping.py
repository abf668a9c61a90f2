"""The layout of `COMMAND --help`: examples first, then the options by what they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any

import click

from . import completing, console

_SECTIONS = {
    "Which objects": ("targets", "excludes", "labels"),
    "Approvals": ("allow",),
    "Project and service": (
        "environment",
        "directory",
        "project_file",
        "variables",
        "var_files",
        "as_of",
        "parallelism",
        "timeout",
    ),
    "Output": ("output_format", "out", "link", "no_color", "quiet", "verbose"),
}
"""By the names of parameters; what is a command's own comes before them."""


class Command(click.Command):
    """A command with `examples`, each a whole command line; `below`: the commands that its first word may name."""

    def __init__(
        self, *arguments: Any, examples: Sequence[str] = (), below: Mapping[str, click.Command] = {}, **settings: Any
    ) -> None:
        super().__init__(*arguments, **settings)
        self.examples, self.below = tuple(examples), below

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> click.Context:
        if args and args[0] in self.below:
            return self.below[args[0]].make_context(f"{info_name} {args[0]}", args[1:], *rest, **extra)
        return super().make_context(info_name, args, *rest, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """As click does; `ctx.obj` keeps what click has understood, for the report of a failure."""
        console.begin()
        if ctx.obj is not None:
            ctx.obj.append(ctx)
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write_text(example)
        rows: dict[str, list[tuple[str, str]]] = {"Options": [], **{title: [] for title in _SECTIONS}}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                title = next((title for title, names in _SECTIONS.items() if parameter.name in names), "Options")
                rows[title].append(record)
        for title, records in rows.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def command(
    name: str, options: type[Any] | None, *examples: str, **settings: Any
) -> Callable[[Callable[..., int]], Command]:
    """As click.command. The flags that are fields of `options` become one frozen value of it, the first argument.

    `examples`: what follows the command's name in each.
    """

    def decorate(function: Callable[..., int]) -> Command:
        @wraps(function)
        def gathering(**flags: Any) -> int:
            if options is None:
                return function(**flags)
            mine = {item.name: flags.pop(item.name) for item in fields(options) if item.name in flags}
            return function(options(**mine), **flags)

        lines = [f"retinue {name} {example}".rstrip() for example in examples]
        made = click.command(name, cls=Command, examples=lines, **settings)(gathering)
        for parameter in made.params:
            if str(parameter.metavar or parameter.name).upper() in completing.PATHS:
                parameter.type = completing.PathText()
        return made

    return decorate
