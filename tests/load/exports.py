"""An assistant as an export has it, and what becomes of it: shared by the tests of export.py."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from retinue.load.export import Destination, Exported, manifests_from_objects
from retinue.load.manifests import Loaded, load
from retinue.load.project import load_project
from retinue.providers.assistants_v2 import KINDS
from retinue.providers.registry import catalogue

KNOWN = catalogue(())
KIND = KINDS["Assistant"]
PROJECT = """\
version: 1
project: shop-a1b2
manifests: [assistants]
environments: {local: {provider: openai-assistants, endpoint: emulator}, prod: {provider: openai-assistants, endpoint: https://h}}
"""
V2: dict[str, Any] = {
    "id": "asst_abc123",
    "object": "assistant",
    "created_at": 1698984975,
    "name": "Math Tutor",
    "description": None,
    "model": "gpt-4o",
    "instructions": "You help.\n\nAlways.\n",
    "tools": [{"type": "code_interpreter"}],
    "tool_resources": {"code_interpreter": {"file_ids": []}},
    "metadata": {},
    "top_p": 1.0,
    "temperature": 1.0,
    "response_format": "auto",
}
EXPECTED = {
    "assistants/math-tutor.yaml": (
        "assistant: math-tutor\nname: Math Tutor\nmodel: gpt-4o\ninstructions:\n  file: ../prompts/math-tutor.md\n"
        "tools:\n  - type: code_interpreter\n"
    ),
    "prompts/math-tutor.md": "You help.\n\nAlways.\n",
}


def exported(*objects: Any, **options: Any) -> Exported:
    result = manifests_from_objects(list(objects), KNOWN, Destination(**options))
    assert all(problem.remedy and problem.message.isprintable() for problem in result.diagnostics)
    return result


def loaded(files: dict[str, str]) -> Loaded:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, text in {"retinue.yaml": PROJECT, **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        project, problems = load_project(root, catalogue)
        assert project is not None, problems
        return load(project, "local")


def codes(result: Exported) -> list[str]:
    return [problem.code for problem in result.diagnostics]
