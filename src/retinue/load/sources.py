"""Finds the files that a project names as manifests: folders, files and globs. Does not read them."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from ..core.model import Diagnostic, Place
from ..core.values import dataclass, field
from .files import Files, Found, is_hidden, slashes
from .uploads import is_pattern

SUFFIXES = (".yaml", ".yml", ".md", ".json")


@dataclass(slots=True)
class Source:
    """One entry of a list of files: what it is, what it names, and where the entry is written.

    `names`: by the real name of each file the extension that makes it a manifest, or "". `unread`: what is hidden, or
    a link without an end, and is not even looked into. `beside`: what lies where a pattern finds files, and what it
    leaves out.
    """

    entry: str
    what: str
    at: Place
    names: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    def add(self, name: str, called: str) -> None:
        """A file that is called so here: a link goes by its own name."""
        self.names[name] = self.names.get(name) or suffix_of(called)


def suffix_of(name: str) -> str:
    suffix = name[name.rfind(".") :].lower()
    return suffix if suffix in SUFFIXES else ""


def expand(files: Files, entry: str, at: Place, problems: list[Diagnostic]) -> Source:
    """The files that one entry names, in a fixed order. A missing one is left to the caller: see `nothing`."""
    if is_pattern(entry):
        source = Source(entry, "glob", at)
        _glob(files, source, problems)
        return source
    found = files.find(entry, at)
    if isinstance(found, Diagnostic):
        if found.code != "file-missing":
            problems.append(found)
            return Source(entry, "unusable", at)
        return Source(entry, "missing", at)
    source = Source(entry, "folder" if stat.S_ISDIR(found.status.st_mode) else "file", at)
    if source.what == "folder":
        _walk(files, found, source, problems)
    else:
        source.add(found.name, entry)
    return source


def fixed(entry: str) -> str:
    """The part of a pattern that names one folder; any other entry as it is."""
    return re.split(r"[^/]*[*?\[]", entry, maxsplit=1)[0].rstrip("/") or "."


def around(files: Files, entries: Iterable[str], problems: list[Diagnostic]) -> dict[str, str]:
    """Every file below the folders that the entries are about, hidden ones too, and its extension.

    What is hidden at the top of the project, and folders that are projects of their own, belong to others.
    """
    source = Source("", "folder", Place(".", 1, 1))
    for base in dict.fromkeys(map(fixed, entries)):
        found = files.find(base)
        if isinstance(found, Diagnostic) or not stat.S_ISDIR(found.status.st_mode):
            found = files.find(posixpath.dirname(base) or ".")
        if not isinstance(found, Diagnostic) and stat.S_ISDIR(found.status.st_mode):
            _walk(files, found, source, problems, everything=True)
    return source.names


def covering(entries: Iterable[str]) -> Callable[[str], bool]:
    """Tells whether one of the entries names a file that is still to be written, as far as their text tells."""
    plain = {posixpath.normpath(entry) for entry in entries}
    patterns = [text for entry in plain if is_pattern(entry) for text in (entry, entry.replace("**/", ""))]

    def covers(name: str) -> bool:
        path = PurePosixPath(posixpath.normpath(name))
        return not plain.isdisjoint(map(str, (path, *path.parents))) or any(fnmatchcase(str(path), p) for p in patterns)

    return covers


def nothing(source: Source) -> Diagnostic | None:
    """Why an entry that names no manifest is suspicious: a typing error must never look like a deletion."""
    correct = "Correct the path in `manifests`, or put a manifest there (`retinue init` shows one)."
    remedy = slashes(source.entry) or correct
    if source.what == "glob":
        return Diagnostic("glob-empty", f"no file matches `{source.entry}`", remedy, source.at)
    if source.what == "missing":
        return Diagnostic("manifests-missing", f"there is no file or folder `{source.entry}`", remedy, source.at)
    if source.what == "folder":
        kinds = "no manifest (*.yaml, *.yml, *.json, or *.md that starts with ---)"
        return Diagnostic("manifests-empty", f"the folder `{source.entry}` holds {kinds}", remedy, source.at)
    return None


def _glob(files: Files, source: Source, problems: list[Diagnostic]) -> None:
    pattern, at = source.entry, source.at
    if ".." in PurePosixPath(pattern).parts:
        # Before anything is looked for: names outside of the project are never shown.
        remedy = "Name files inside the project; what is shared has to be copied there."
        problems.append(Diagnostic("file-outside", f"`{pattern}` leads out of the project folder", remedy, at))
        return
    if (matches := files.matches(pattern)) is None:
        remedy = "Write a path relative to retinue.yaml, with * for a part of a name and ** for any folders."
        problems.append(Diagnostic("glob-invalid", f"`{pattern}` is not a usable pattern", remedy, at))
        return
    for folder in sorted({fixed(pattern), *(posixpath.dirname(match) or "." for match in matches)}):
        found = files.find(folder, at)
        if isinstance(found, Diagnostic) or not stat.S_ISDIR(found.status.st_mode) or is_hidden(found.name):
            continue
        prefix = "" if found.name == "." else found.name + "/"
        names = {prefix + item.name for item in _entries(found, at, problems) if not is_hidden(item.name)}
        source.beside += sorted(names.difference(matches))
    for match in matches:
        found = files.find(match, at)
        if is_hidden(match):
            if not is_hidden(posixpath.dirname(match)) and not os.path.isdir(f"{files.base}/{match}"):  # noqa: PTH112
                source.unread.append(match)
        elif isinstance(found, Diagnostic):
            problems.append(found)
        elif not stat.S_ISDIR(found.status.st_mode):
            source.add(found.name, match)
        elif suffix_of(posixpath.basename(match)):
            problems.append(_folder_called(match))
        else:
            _walk(files, found, source, problems)


def _folder_called(name: str) -> Diagnostic:
    message, remedy = "this folder has the name of a manifest", "Put the manifest back, or rename the folder."
    return Diagnostic("manifest-type", message, remedy, Place(name, 1, 1))


def _walk(files: Files, folder: Found, source: Source, problems: list[Diagnostic], *, everything: bool = False) -> None:
    """Every file below a folder. Links are followed, but never twice or out of the project.

    `everything`: what is hidden too, but nothing of other projects.
    """
    waiting, seen = [folder], {folder.path}
    while waiting:
        here = waiting.pop()
        prefix = "" if here.name == "." else here.name + "/"
        deeper: list[Found] = []
        entries = _entries(here, source.at, problems)
        if everything and here is not folder and any(entry.name == "retinue.yaml" for entry in entries):
            continue
        for entry in entries:
            name = prefix + entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            others = is_folder and (not prefix or entry.name == ".git")
            if entry.name.startswith(".") and (others or not everything):
                if not others:
                    source.unread.append(f"{name}/" if is_folder else name)
                continue
            if not entry.is_symlink() and not is_folder and entry.name.isprintable():
                source.add(name, entry.name)
                continue
            found = files.find(name, source.at)
            if isinstance(found, Diagnostic):
                if "." not in entry.name or suffix_of(entry.name) or os.path.isdir(entry.path):  # noqa: PTH112
                    problems.append(found)
                else:
                    source.unread.append(name)
            elif not stat.S_ISDIR(found.status.st_mode):
                source.add(found.name, entry.name)
            elif suffix_of(entry.name):
                problems.append(_folder_called(name))
            elif found.path not in seen:
                seen.add(found.path)
                deeper.append(found)
        waiting.extend(reversed(deeper))


def _entries(folder: Found, at: Place, problems: list[Diagnostic]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder.path) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        message = f"the folder `{folder.name}` cannot be read: {error.strerror}"
        problems.append(Diagnostic("file-unreadable", message, "Check its permissions.", at))
        return []
