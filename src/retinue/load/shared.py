"""Which items of a list several exported objects have in common, and the file that each of them gets. Pure."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping

from ..core.canonical import canonical_json, same
from ..core.model import Json
from .emit import to_yaml
from .names import slug
from .yaml import parse_text

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def shared_items(
    lists: Iterable[Json], folder: str, there: Mapping[str, Json], name_of: Callable[[Json], str | None]
) -> tuple[dict[str, str], dict[str, str]]:
    """By the canonical JSON of an item the file that stands for it, and the new files with their texts.

    An item with a name that two objects or more have, or that a file of the project (`there`) holds, is shared.
    """
    counts: Counter[str] = Counter()
    items: dict[str, Json] = {}
    for found in lists:
        own = {canonical_json(item): item for item in found} if isinstance(found, list) else {}
        counts.update(key for key, item in own.items() if name_of(item) is not None)
        items |= own
    paths = {canonical_json(value): path for path, value in sorted(there.items(), reverse=True)}
    paths = {key: path for key, path in paths.items() if key in counts}
    files: dict[str, str] = {}
    used = {path.casefold() for path in there}
    for key, count in counts.items():
        if count == 1 or key in paths:
            continue
        text = to_yaml(items[key])
        parsed = parse_text(text, "item.yaml")
        if parsed.diagnostics or len(parsed.documents) != 1 or not same(parsed.documents[0].value, items[key]):
            continue
        name = name_of(items[key]) or ""
        name = name if _NAME.fullmatch(name) else slug(name) or posixpath.basename(folder).removesuffix("s")
        path = _free(posixpath.join(folder, name), used)
        used.add(path.casefold())
        paths[key], files[path] = path, text
    return paths, files


def _free(stem: str, used: Collection[str]) -> str:
    """A path that no file has, whatever the file system thinks of upper and lower case."""
    count = 1
    path = f"{stem}.yaml"
    while path.casefold() in used:
        count += 1
        path = f"{stem}-{count}.yaml"
    return path
