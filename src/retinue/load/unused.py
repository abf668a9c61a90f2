"""Prompt and tool files that no manifest includes: beside those that one does, and in the usual folders. Reads none."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Collection, Iterator

from ..core.lint import UNUSED_FILE
from ..core.model import Diagnostic, Place, Severity
from .files import Files, Found
from .project import Project

_USUAL = ("prompts", "tools")
_SUFFIXES = frozenset((".md", ".txt", ".yaml", ".yml", ".json"))
_OTHERS = ("readme", "license", "changelog", "contributing", ".")
"""How names begin of files that stand in any folder."""


def unused_files(project: Project, included: Collection[str], known: Collection[str]) -> Iterator[Diagnostic]:
    """`included`: by any environment; `known`: what else is used, such as manifests and uploads. Names as `Files` has.

    A folder that holds a manifest is left alone unless the file has the extension of one that is included from there.
    """
    files = Files(project.root)
    folders: dict[str, set[str]] = {folder: set(_SUFFIXES) for folder in _USUAL}
    for name in included:
        folder, suffix = posixpath.dirname(name) or ".", posixpath.splitext(name)[1].lower()
        folders.setdefault(folder, set()).add(suffix)
    used = {*included, *known, project.file}
    overlays = (files.find(name) for item in project.environments.values() for name in item.overlay)
    apart = [item.name for item in overlays if isinstance(item, Found)]
    for folder, suffixes in sorted(folders.items()):
        found = files.find(folder)
        if not isinstance(found, Found) or not stat.S_ISDIR(found.status.st_mode):
            continue
        try:
            names = sorted(entry.name for entry in os.scandir(found.path))
        except OSError:
            continue  # an include from there says so at its own line
        for name in names:
            if posixpath.splitext(name)[1].lower() not in suffixes or name.lower().startswith(_OTHERS):
                continue
            item = files.find(name if found.name == "." else f"{found.name}/{name}")
            if not isinstance(item, Found) or not stat.S_ISREG(item.status.st_mode) or item.name in used:
                continue
            if any(item.name == one or item.name.startswith(f"{one}/") for one in apart):
                continue
            remedy = "Include it with `{file: …}`, or delete it. If it is meant so: `lint: {unused-file: off}`."
            place = Place(item.name, 1, 1)
            yield Diagnostic(UNUSED_FILE, "no manifest includes this file", remedy, place, severity=Severity.WARNING)
