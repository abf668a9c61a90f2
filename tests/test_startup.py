"""What a command loads: the cheap ones must stay cheap. Asserted on modules, never on milliseconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"yaml", "jsonschema", "httpx", "deepdiff", "asyncio", "sqlite3", "importlib.metadata"}
PROBE = """
import json, sys
sys.argv = ["retinue", *{arguments!r}]
from retinue.cli import main
try:
    main()
except SystemExit:
    pass
finally:
    sys.stderr.write("\\n" + json.dumps(sorted({heavy!r} & set(sys.modules))))
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The heavy modules in memory after a command."""
    code = PROBE.format(arguments=list(arguments), heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["--help"], ["-h"], ["nonsense"]])
def test_version_help_and_typos_load_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    assert loaded(tmp_path, *arguments) == set()


def test_validate_loads_neither_http_nor_the_emulator(repository: Path) -> None:
    found = loaded(repository / "examples" / "quickstart", "validate")
    assert found.isdisjoint({"httpx", "deepdiff", "sqlite3", "asyncio"})
    assert "yaml" in found


def test_a_plan_without_a_nested_difference_never_loads_deepdiff(tmp_path: Path, repository: Path) -> None:
    project = tmp_path / "retinue.yaml"
    project.write_text(
        "version: 1\nproject: p\nmanifests: [a.yaml]\n"
        "environments: {local: {provider: openai-assistants, endpoint: emulator}}\n"
    )
    (tmp_path / "a.yaml").write_text("assistant: a\nmodel: gpt-4o\n")
    assert "deepdiff" not in loaded(tmp_path, "plan")
