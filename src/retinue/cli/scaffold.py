"""Writes the files of a new project or of an import; never over a file that exists."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Mapping
from pathlib import Path

from ..core.errors import UsageError

_TAIL = string.ascii_lowercase + string.digits
_PROJECT = """\
version: 1
project: {name}
manifests: [assistants]
environments:
  local:
    provider: openai
    endpoint: emulator            # a local server inside retinue: no account, no key
    variables: {{model: gpt-4o-mini}}
"""
_MANIFEST = """\
assistant: greeter
name: Greeter
description: Welcomes new colleagues and answers their first questions.
model: ${var.model}
instructions: {file: ../prompts/greeter.md}
temperature: 0.3
"""
_PROMPT = """\
You welcome new colleagues.

- Answer in at most five sentences, in the language of the question.
- If you do not know how something is done here, say so and name who could know: the person's manager or the
  people team. Never invent a rule, a name or a link.
- End with one question that helps the person take the next step.
"""


def fresh_files(folder: Path) -> dict[str, str]:
    """A project that applies to the embedded emulator as it is."""
    return {
        "retinue.yaml": project_text(folder),
        "assistants/greeter.yaml": _MANIFEST,
        "prompts/greeter.md": _PROMPT,
    }


def project_text(folder: Path) -> str:
    return _PROJECT.format(name=project_name(folder.resolve().name))


def service_text(folder: Path, environment: str, settings: Mapping[str, object]) -> str:
    """A project with one environment."""
    from ..load.export import to_yaml

    head = {"version": 1, "project": project_name(folder.resolve().name), "manifests": ["assistants"]}
    return to_yaml({**head, "environments": {environment: dict(settings)}})


def project_name(folder: str) -> str:
    """The folder's name with a random tail, so that two projects in one account never share a scope."""
    stem = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:32].strip("-") or "assistants"
    return f"{stem}-{''.join(secrets.choice(_TAIL) for _ in range(4))}"


def write_new(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write all of the files or, if one of them exists, none. Returns their names. Raises UsageError."""
    taken = [name for name in files if (folder / name).exists()]
    if taken:
        raise UsageError(
            f"{', '.join(taken)} {'exists' if len(taken) == 1 else 'exist'} already; nothing was written",
            "Move them away, or work in another folder with -C DIR.",
        )
    try:
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        _ignore(folder)
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder} cannot be written: {error.strerror}", "Check the folder."
        ) from error
    return list(files)


def _ignore(folder: Path) -> None:
    """Keep caches and the emulator's database out of Git."""
    path = folder / ".gitignore"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [line for line in (".retinue/", ".retinue-emulator/") if line not in text.splitlines()]
    if missing:
        start = text if not text or text.endswith("\n") else text + "\n"
        path.write_text(start + "\n".join(missing) + "\n", encoding="utf-8")
