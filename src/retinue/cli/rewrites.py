"""Replaces the content of files that exist: all of them or none, each at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ..core.errors import UsageError
from .named_files import beside


def write_over(root: Path, files: Mapping[str, bytes], before: Mapping[str, bytes]) -> None:
    """Write the files, if they still are as they were read (`before`). Raises UsageError; then nothing is changed."""
    new: dict[Path, Path] = {}
    done: list[Path] = []
    try:
        for name, data in files.items():
            path = (root / name).resolve()
            if path.read_bytes() != before[name]:
                raise UsageError(f"{name} was changed meanwhile; nothing was written", "Run the command again.")
            new[path] = beside(path, data, 0o600, path.stat().st_mode)
        for path, temporary in new.items():
            temporary.replace(path)
            done.append(path)
    except BaseException as error:
        _undo(root, new, done, before)
        if not isinstance(error, OSError):
            raise
        where = error.filename or root
        raise UsageError(f"{where} cannot be written: {error.strerror}; nothing was", "Check the folder.") from error


def _undo(root: Path, new: Mapping[Path, Path], done: list[Path], before: Mapping[str, bytes]) -> None:
    """Put back what was replaced, and take away what was not used."""
    contents = {(root / name).resolve(): data for name, data in before.items()}
    for path in done:
        with suppress(OSError):
            path.write_bytes(contents[path])
    for temporary in new.values():
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
