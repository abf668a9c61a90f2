"""Finds the manifest files that a project names: folders, files and globs. Does not read them."""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from ..core.model import Diagnostic, Place
from .files import Files, Found

SUFFIXES = (".yaml", ".yml", ".md", ".json")
_MAGIC = frozenset("*?[")


@dataclass(slots=True)
class Source:
    """One entry of a list of files: what it is, what it names, and where the entry is written."""

    entry: str
    what: str
    at: Place
    names: list[str] = field(default_factory=list)


def expand(files: Files, entry: str, at: Place, problems: list[Diagnostic]) -> Source:
    """The files that one entry names, in a fixed order. A missing one is left to the caller: see `nothing`."""
    if _MAGIC & set(entry):
        return Source(entry, "glob", at, _glob(files, entry, at, problems))
    found = files.find(entry, at)
    if isinstance(found, Diagnostic):
        if found.code != "file-missing":
            problems.append(found)
            return Source(entry, "unusable", at)
        return Source(entry, "missing", at)
    if stat.S_ISDIR(found.status.st_mode):
        return Source(entry, "folder", at, list(_walk(files, found, at, problems)))
    return Source(entry, "file", at, [found.name])


def covering(entries: Iterable[str]) -> Callable[[str], bool]:
    """Tells whether one of the entries names a file that is still to be written, as far as their text tells."""
    plain = {posixpath.normpath(entry) for entry in entries}
    patterns = [text for entry in plain if _MAGIC & set(entry) for text in (entry, entry.replace("**/", ""))]

    def covers(name: str) -> bool:
        path = PurePosixPath(posixpath.normpath(name))
        return not plain.isdisjoint(map(str, (path, *path.parents))) or any(fnmatchcase(str(path), p) for p in patterns)

    return covers


def nothing(source: Source) -> Diagnostic | None:
    """Why an entry that names no manifest is suspicious: a typing error must never look like a deletion."""
    remedy = "Correct the path in `manifests`, or put a manifest there (`retinue init` shows one)."
    if source.what == "glob":
        return Diagnostic("glob-empty", f"no file matches `{source.entry}`", remedy, source.at)
    if source.what == "missing":
        return Diagnostic("manifests-missing", f"there is no file or folder `{source.entry}`", remedy, source.at)
    if source.what == "folder":
        kinds = "no manifest (*.yaml, *.yml, *.json, or *.md that starts with ---)"
        return Diagnostic("manifests-empty", f"the folder `{source.entry}` holds {kinds}", remedy, source.at)
    return None


def _glob(files: Files, pattern: str, at: Place, problems: list[Diagnostic]) -> list[str]:
    base = Path(files.base)
    if ".." in PurePosixPath(pattern).parts:
        # Before anything is looked for: the names of what lies outside are nobody's business.
        remedy = "Name files inside the project; what is shared has to be copied there."
        problems.append(Diagnostic("file-outside", f"`{pattern}` leads out of the project folder", remedy, at))
        return []
    try:
        matches = sorted(match.relative_to(base).as_posix() for match in base.glob(pattern))
    except (ValueError, NotImplementedError, IndexError):
        remedy = "Write a path relative to retinue.yaml, with * for a part of a name and ** for any folders."
        problems.append(Diagnostic("glob-invalid", f"`{pattern}` is not a usable pattern", remedy, at))
        return []
    names: list[str] = []
    for match in matches:
        if any(part.startswith(".") and part != ".." for part in PurePosixPath(match).parts):
            continue
        found = files.find(match, at)
        if isinstance(found, Diagnostic):
            problems.append(found)
        elif stat.S_ISDIR(found.status.st_mode):
            names.extend(_walk(files, found, at, problems))
        elif match.lower().endswith(SUFFIXES):
            names.append(found.name)
    return names


def _walk(files: Files, folder: Found, at: Place, problems: list[Diagnostic]) -> Iterable[str]:
    """Every file below a folder that can be a manifest. Links are followed, but never twice or out of the project."""
    waiting, seen = [folder], {folder.path}
    while waiting:
        here = waiting.pop()
        prefix = "" if here.name == "." else here.name + "/"
        deeper: list[Found] = []
        for entry in _entries(here, at, problems):
            if not entry.is_symlink() and not entry.is_dir() and entry.name.isprintable():
                if entry.name.lower().endswith(SUFFIXES):
                    yield prefix + entry.name
                continue
            found = files.find(prefix + entry.name, at)
            if isinstance(found, Diagnostic):
                if "." not in entry.name or entry.name.lower().endswith(SUFFIXES):
                    problems.append(found)
            elif not stat.S_ISDIR(found.status.st_mode):
                if entry.name.lower().endswith(SUFFIXES):
                    yield found.name
            elif found.path not in seen:
                seen.add(found.path)
                deeper.append(found)
        waiting.extend(reversed(deeper))


def _entries(folder: Found, at: Place, problems: list[Diagnostic]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder.path) as entries:
            return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        message = f"the folder `{folder.name}` cannot be read: {error.strerror}"
        problems.append(Diagnostic("file-unreadable", message, "Check its permissions.", at))
        return []
