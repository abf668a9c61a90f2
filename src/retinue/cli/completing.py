"""Completions that a shell may propose for a flag or an argument. Reads only files; reports no errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from ..core.errors import RetinueError

if TYPE_CHECKING:
    from ..load.project import Project

Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], list[Any]]
PATHS = ("FILE", "PLANFILE", "FILE|SERVICE", "PATH", "DIR")
"""The metavars of parameters that are paths, which a shell completes by itself."""


class PathText(click.types.StringParamType):
    """A path as it was typed. click.Path asks the system about it, which answers some texts with a ValueError."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        return click.Path().shell_complete(ctx, param, incomplete)


def _among(values: Callable[[click.Context], Iterable[str]]) -> Completer:
    """Proposes the values that begin with what was typed; nothing where they cannot be had."""

    def complete(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            return [item for item in values(ctx) if item.startswith(incomplete)]
        except (RetinueError, OSError):
            return []

    return complete


def _project(ctx: click.Context) -> Project:
    from .projects import open_project

    return open_project(ctx.params.get("directory") or ".")


def _addresses(ctx: click.Context) -> list[str]:
    """By the lines that say them: to parse thousands of manifests takes longer than one waits for a shell."""
    from ..core.model import Place
    from ..load.files import Files
    from ..load.sources import expand

    project = _project(ctx)
    words = b"|".join(word.encode() for word in project.known.words)
    line = re.compile(rb"""(?m)^(?:[ \t{]*")?(%b)"?:[ ]*["']?([a-z0-9][a-z0-9-]{0,62})["']?(?=[\s,}]|$)""" % words)
    files, found = Files(project.root), set()
    for name in (name for item in project.manifests for name in expand(files, item, Place("", 1, 1), []).names):
        data = files.read_bytes(name)
        for word, value in line.findall(data) if isinstance(data, bytes) else ():
            found.add(f"{project.known.words[word.decode()].name}/{value.decode()}")
    return sorted(found)


def _providers(_ctx: click.Context) -> Iterable[str]:
    from ..providers.registry import names

    return names()


def _losable(_ctx: click.Context) -> Iterable[str]:
    from ..providers.registry import catalogue

    return ("all", *sorted({name for kind in catalogue([]).kinds.values() for name in kind.fields}))


def plans_or_addresses(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    return addresses(ctx, parameter, incomplete) or click.Path().shell_complete(ctx, parameter, incomplete)


environments = _among(lambda ctx: _project(ctx).environments)
addresses, providers, losable = _among(_addresses), _among(_providers), _among(_losable)
