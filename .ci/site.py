"""Builds the site of the docs in a folder: a copy of docs/ whose links to other files lead to the repository.

Usage: .ci/site.py FOLDER, with the dependency group `docs` installed. A link to a file that is not there is an error,
and so is a page that the navigation leaves out. GITHUB_REPOSITORY names the repository (OWNER/retinue without it).
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
_FENCED = re.compile(r"(^ *```.*?^ *```$)", re.M | re.S)
_PIPE = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
"""A code with a pipe in a cell of a table: GitHub takes the backslash away, the site would show it."""
_LINK = re.compile(r"(\]\()([^)\s]+)(\))")


def pages_of(navigation: Any) -> Iterator[str]:
    """The pages that a navigation names, at any depth."""
    if isinstance(navigation, str):
        yield navigation
    else:
        for item in navigation.values() if isinstance(navigation, dict) else navigation:
            yield from pages_of(item)


def outward(page: Path, text: str, repository: str) -> str:
    """A page whose links to files outside docs/ lead to the repository at its host."""

    def link(found: re.Match[str]) -> str:
        path, mark, heading = found[2].partition("#")
        if "://" in path or not path:
            return found[0]
        target = (page.parent / path).resolve()
        if target.is_relative_to(DOCS):
            return found[0]
        if not target.exists():
            sys.exit(f"{page.relative_to(ROOT)}: the link {found[2]} leads nowhere")
        kind = "tree" if target.is_dir() else "blob"
        return f"]({repository}/{kind}/main/{target.relative_to(ROOT).as_posix()}{mark}{heading})"

    parts = _FENCED.split(text)
    parts[::2] = [
        _PIPE.sub(_cell, _LINK.sub(link, part)).replace("<details", "<details markdown") for part in parts[::2]
    ]
    return "".join(parts)


def _cell(found: re.Match[str]) -> str:
    return f"<code>{html.escape(found[1]).replace(chr(92) + '|', '&#124;')}</code>"


def copy(folder: Path, repository: str) -> None:
    config = (ROOT / ".ci" / "zensical.toml").read_text(encoding="utf-8")
    named = set(pages_of(tomllib.loads(config)["project"]["nav"]))
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    if named != there:
        sys.exit(f"the navigation in .ci/zensical.toml and docs/ differ: {', '.join(sorted(named ^ there))}")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder / "docs")
    for path in DOCS.rglob("*.md"):
        text = outward(path, path.read_text(encoding="utf-8"), repository)
        (folder / "docs" / path.relative_to(DOCS)).write_text(text, encoding="utf-8")
    address = f'[project]\nrepo_url = "{repository}"\n'
    (folder / "zensical.toml").write_text(config.replace("[project]\n", address, 1), encoding="utf-8")


def main(folder: str) -> int:
    repository = f"https://github.com/{os.environ.get('GITHUB_REPOSITORY', 'OWNER/retinue')}"
    copy(Path(folder).resolve(), repository)
    build = ["zensical", "build", "--strict", "--clean"]
    return subprocess.run(build, cwd=folder).returncode  # noqa: S603 - the one of the active environment


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
