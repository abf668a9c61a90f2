"""What a shell may propose for a flag or an argument. Reads files at most, and never tells what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from ..load.project import Project

Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], list[str]]


def _of_project(values: Callable[[Project], Iterable[str]]) -> Completer:
    """Proposes something of the project around the folder of `-C`; nothing where there is none, or a faulty one."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        from ..core.errors import RetinueError
        from .projects import open_project

        try:
            return [
                item for item in values(open_project(ctx.params.get("directory") or ".")) if item.startswith(incomplete)
            ]
        except (RetinueError, OSError):
            return []

    return complete


def _addresses(project: Project) -> Iterator[str]:
    """By the lines that say them, because parsing thousands of manifests takes longer than one waits for a shell."""
    from ..core.model import Place
    from ..load.files import Files
    from ..load.sources import expand

    words = b"|".join(word.encode() for word in project.known.words)
    line = re.compile(
        rb"""^(?:[ \t{]*")?(%b)"?:[ ]*["']?([a-z0-9][a-z0-9-]{0,62})["']?(?=[\s,}]|$)""" % words, re.MULTILINE
    )
    files, found = Files(project.root), set()
    for entry in project.manifests:
        for name in expand(files, entry, Place(project.file, 1, 1), []).names:
            data = files.read_bytes(name)
            for word, value in line.findall(data) if isinstance(data, bytes) else ():
                found.add(f"{project.known.words[word.decode()].name}/{value.decode()}")
    yield from sorted(found)


environments = _of_project(lambda project: project.environments)
addresses = _of_project(_addresses)


def providers(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from ..providers.registry import names

    return [name for name in names() if name.startswith(incomplete)]


def codes(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from .commands.explain import explained

    return [code for code in explained() if code.startswith(incomplete)]


class Path(click.types.StringParamType):
    """The path of a "file" or a "dir", which the shell completes by itself."""

    def __init__(self, what: str) -> None:
        self.what = what

    def shell_complete(self, _ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=self.what)]


PATHS = {
    "FILE": Path("file"),
    "PLANFILE": Path("file"),
    "FILE|SERVICE": Path("file"),
    "PATH": Path("file"),
    "DIR": Path("dir"),
}
"""By the metavar of a parameter."""


def plans_or_addresses(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    return addresses(ctx, parameter, incomplete) or PATHS["FILE"].shell_complete(ctx, parameter, incomplete)
