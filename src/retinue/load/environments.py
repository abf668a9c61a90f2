"""The files of a project with one more environment and its overlay; the layout of the rest stays. Writes no file."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from ..core.canonical import same
from ..core.errors import UsageError
from ..core.model import Address, Json
from ..schema import Known
from .dumps import is_device
from .emit import to_yaml
from .files import Files
from .project import FILE, Project, parse_project
from .spans import Node
from .splice import Unsafe, inserted
from .writeback import Texts


def with_environment(
    project: Project,
    name: str,
    settings: Mapping[str, Json],
    partial: Mapping[Address, Mapping[str, Json]],
    known: Known,
) -> dict[str, bytes]:
    """By path the new content of the project file, and of the overlay with these `partial` manifests if there are any.

    The lower overlays, which `settings` names, stay below it. Raises UsageError where a layout cannot be kept.
    """
    files, overlays = dict[str, bytes](), [*settings.get("overlay", ())]
    if partial:
        stem = f"to-{name}" if is_device(name) else name
        tried = (f"overlays/{stem}{f'-{number}' if number > 1 else ''}.yaml" for number in count(1))
        path = next(path for path in tried if not (project.root / path).exists())
        documents = [{project.known.kinds[at.kind].word: at.name, **fields} for at, fields in partial.items()]
        files[path] = "---\n".join(map(to_yaml, documents)).encode()
        overlays.append(path)
    rest = {"overlay": overlays[0] if len(overlays) == 1 else overlays} if overlays else {}
    settings = {**{key: value for key, value in settings.items() if key != "overlay"}, **rest}
    files[FILE] = _with_settings(project, name, settings, known)
    return files


def _with_settings(project: Project, name: str, settings: Mapping[str, Json], known: Known) -> bytes:
    """The project file with one more environment, and nothing else changed."""
    block = "".join(f"  {line}" for line in to_yaml({name: settings}).splitlines(keepends=True))
    try:
        file = Texts(Files(project.root), project.known)[FILE]
        environments = next(iter(file.spans.values.values())).child("environments")
        if not isinstance(environments, Node):
            raise Unsafe("`environments` cannot be found")
        data = file.bytes([inserted(file.text, environments, name, settings, is_json=False)])
        after, problems = parse_project(project.root, data, FILE, known)
        if after is None:
            # The file was valid before, so what is wrong is what was asked for.
            raise UsageError(problems[0].message, problems[0].remedy)
        others = after.data["environments"].without({name})
        if not same({**after.data, "environments": others}, dict(project.data)):
            raise Unsafe("the file would say something else besides")
    except Unsafe as why:
        remedy = f"Add it by hand:\n{block}  Then run this command without --write."
        raise UsageError(f"the environment cannot be written into {FILE}: {why}", remedy) from why
    return data
