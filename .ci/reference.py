"""Writes docs/commands.md from the commands themselves; with --check it only fails if the page is out of date."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import click

from retinue.cli.app import _SECTIONS, group

PAGE = Path(__file__).parents[1] / "docs" / "commands.md"
MANY = 6
"""An option that so many commands have in the same words is told once."""
HEAD = """# Commands

Each command by its own help, in the order of `retinue --help`. Options that [many commands share](#shared-options) are
explained once, at the end. This page is generated: `.ci/reference.py` writes it from the commands.

| code | meaning |
|---|---|
| 0 | done, or nothing to do |
| 2 | changes are pending, only with `--detailed-exitcode` |
| others | [exit codes](exit-codes.md) |
"""
Row = tuple[str, str]


def found() -> Iterator[tuple[str, str, click.Command, list[Row]]]:
    """Every command, and those below it: the title of its section, its whole name, itself, its options."""
    for title, section in _SECTIONS.items():
        for name in section:
            command = group.get_command(click.Context(group), name)
            assert command is not None
            for whole, item in [(name, command), *((f"{name} {word}", sub) for word, sub in command.below.items())]:
                ctx = click.Context(item, info_name=f"retinue {whole}")
                records = [parameter.get_help_record(ctx) for parameter in item.get_params(ctx)]
                yield title, whole, item, [record for record in records if record and "--help" not in record[0]]


def table(rows: list[Row]) -> str:
    def cell(text: str) -> str:
        return text.replace("|", "\\|").replace("<", "&lt;")

    lines = [f"| `{option.replace('|', chr(92) + '|')}` | {cell(' '.join(about.split()))} |" for option, about in rows]
    return "\n".join(["| option | meaning |", "|---|---|", *lines]) + "\n"


def paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip())).replace("<", "&lt;")


def page() -> str:
    commands = list(found())
    often = Counter(row for *_, rows in commands for row in rows)
    shared = [row for row, count in often.items() if count >= MANY]
    parts, last = [HEAD], ""
    for title, name, command, rows in commands:
        if title != last:
            parts.append(f"## {title}\n")
            last = title
        ctx = click.Context(command, info_name=f"retinue {name}")
        parts.append(f"### retinue {name}\n")
        parts.append(f"```text\n{command.get_usage(ctx).removeprefix('Usage: ')}\n```\n")
        parts.append(paragraphs(command.help or "") + "\n")
        if examples := getattr(command, "examples", ()):
            parts.append("```text\n" + "\n".join(examples) + "\n```\n")
        if own := [row for row in rows if row not in shared]:
            parts.append(table(own))
        if also := [row[0].split(" ")[0].rstrip(",") for row in rows if row in shared]:
            parts.append("Shared: " + ", ".join(f"`{flag}`" for flag in also) + ".\n")
    parts += ["## Shared options\n", table(shared)]
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    new, old = page(), PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if arguments == ["--check"]:
        sys.stdout.writelines(
            unified_diff(old.splitlines(True), new.splitlines(True), "docs/commands.md", "the commands")
        )
        return int(new != old)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
