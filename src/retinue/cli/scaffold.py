"""Writes the files of a project, all or none of them: new ones, or others in the place of those that were read."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from ..core.errors import UsageError
from .named_files import beside

SCHEMAS = "schemas"
"""The folder of a project that holds what editors need."""


def with_modelines(files: Mapping[str, str], schemas: Collection[str]) -> dict[str, str]:
    """The files, in each YAML one the line that tells an editor which of these schemas is its own."""
    result = {}
    for name, text in files.items():
        singular = posixpath.basename(posixpath.dirname(name)).removesuffix("s")
        what = "retinue" if name == "retinue.yaml" else "manifest"
        what = singular if f"{singular}.schema.json" in schemas else what
        line = f"# yaml-language-server: $schema={'../' * name.count('/')}{SCHEMAS}/{what}.schema.json\n"
        has_schema = name.endswith(".yaml") and f"{what}.schema.json" in schemas
        result[name] = line + text if has_schema else text
    return result


def write_new(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write all of the files or, if one of them exists, none. Returns what was written. Raises UsageError."""
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        message = f"{', '.join(taken)} {'exists' if len(taken) == 1 else 'exist'} already; nothing was written"
        raise UsageError(message, "Move them away, or work in another folder with -C DIR.")
    root = folder.resolve()
    if outside := [name for name in (*files, ".gitignore") if not (folder / name).resolve().is_relative_to(root)]:
        message = f"{outside[0]} leads out of the project through a symbolic link; nothing was written"
        raise UsageError(message, "Remove the link.")
    with _all_or_none(folder) as done:
        for name, text in files.items():
            path = folder / name
            for above in reversed([item for item in path.parents if not item.exists()]):
                above.mkdir(exist_ok=True)
                done.append(above.rmdir)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                done.append(path.unlink)
                file.write(text)
        # Keep caches and the emulator's database out of Git. The file may be in any encoding: it is only added to.
        path = folder / ".gitignore"
        before = path.read_bytes() if path.exists() else None
        missing = [line for line in (b".retinue/", b".retinue-emulator/") if line not in (before or b"").splitlines()]
        if missing:
            start = b"\n" if before and not before.endswith(b"\n") else b""
            with path.open("ab") as added:
                done.append(path.unlink if before is None else partial(os.truncate, path, len(before)))
                added.write(start + b"\n".join(missing) + b"\n")
    return [*files, *([".gitignore"] if missing else [])]


def write_over(root: Path, files: Mapping[str, bytes], before: Mapping[str, bytes]) -> None:
    """Write files, each at one moment, if they still are as they were read (`before`), or new. Raises UsageError."""
    new: list[tuple[Path, Path, bytes | None]] = []
    with _all_or_none(root) as done:
        for name, data in files.items():
            path = (root / name).resolve()
            old = path.read_bytes() if path.exists() else None
            if old != before.get(name) or not path.is_relative_to(root.resolve()):
                raise UsageError(f"{name} was changed meanwhile; nothing was written", "Run the command again.")
            if not path.parent.exists():
                path.parent.mkdir()
                done.append(path.parent.rmdir)
            temporary = beside(path, data, 0o600, 0o644 if old is None else path.stat().st_mode)
            done.append(partial(temporary.unlink, missing_ok=True))
            new.append((path, temporary, old))
        for path, temporary, old in new:
            temporary.replace(path)
            done.append(path.unlink if old is None else partial(path.write_bytes, old))


@contextmanager
def _all_or_none(folder: Path) -> Iterator[list[Callable[[], object]]]:
    """A list for what takes each write back, which is done if one fails. Raises UsageError then."""
    done: list[Callable[[], object]] = []
    try:
        yield done
    except BaseException as error:
        for undo in reversed(done):
            with suppress(OSError):
                undo()
        if not isinstance(error, OSError):
            raise
        message = f"{error.filename or folder} cannot be written: {error.strerror}; nothing was"
        raise UsageError(message, "Check the folder.") from error
