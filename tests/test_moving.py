"""The guides for a move run as they are written, in a copy of the repository, on the emulator."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from .test_readme import block, clone, run

__all__ = ("clone",)
TARGETS = ("foundry", "openai-agents", "anthropic", "mistral")
START = ("moving-init", "moving-sources")


@pytest.fixture
def shell(clone: Path, repository: Path) -> Shell:
    if shutil.which("perl") is None:
        pytest.skip("the guides edit manifests with perl, which is not here")
    return Shell(clone, repository)


class Shell:
    """Runs blocks of a page, with the `retinue` of this interpreter."""

    def __init__(self, clone: Path, repository: Path) -> None:
        self.clone, self._repository = clone, repository

    def __call__(self, name: str, page: str = "index") -> tuple[int, str, str]:
        text = block(self._repository, name, f"docs/moving/{page}.md")
        done = run(self.clone, f'PATH="$PWD/.venv/bin:$PATH"\n{text}')
        return done.returncode, done.stdout, done.stderr

    def started(self) -> None:
        for name in START:
            code, _, err = self(name)
            assert code == 0, err


def test_the_first_steps_and_the_report(shell: Shell) -> None:
    shell.started()
    code, out, err = shell("moving-report")
    assert code == 0, err
    assert "Assistant/returns-desk" in out
    assert (shell.clone / "report.md").read_text(encoding="utf-8").startswith("### retinue: ")
    project = shell.clone / "moved/retinue.yaml"
    assert "  new:" not in project.read_text(encoding="utf-8")
    code, _, err = shell("moving-write")
    assert code == 0, err
    assert "  new:" in project.read_text(encoding="utf-8")


@pytest.mark.parametrize("target", TARGETS)
def test_a_guide_leads_to_a_service_that_holds_what_it_promised(shell: Shell, target: str) -> None:
    shell.started()
    if target != "foundry":
        code, out, _ = shell(f"moving-{target}-report", target)
        assert (code, "LOST" in out, "to change first" in out) == (3, True, target != "mistral")
        assert shell("moving-description", "openai-agents")[0] == 0
    code, out, err = shell(f"moving-{target}", target)
    assert code == 0, err
    live = {"foundry": 14}.get(target, 8)
    assert f"Plan: {live} to create" in out
    assert re.search(rf"No changes\. {live} objects match their manifests\.\n\Z", out)
    overlays = [path.name for path in (shell.clone / "moved/overlays").glob("*.yaml")]
    assert overlays == [f"{target}.yaml"]
    # Nothing was applied at the old one, so there is nothing to point away from yet.
    assert run(shell.clone, ".venv/bin/retinue apply -C moved -e local --auto-approve").returncode == 0
    code, out, err = shell(f"moving-{target}-ids", target)
    assert code == 0, err
    assert len(re.findall(r"asst_\w+", out)) == 8


def test_every_command_of_the_guides_is_run(repository: Path) -> None:
    for page in (repository / "docs/moving").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        marked = re.findall(r"<!-- ci: (moving-[\w-]+) -->\n```sh\n", text)
        assert len(marked) == len(re.findall(r"^```sh$", text, re.M)), page
        own = [f"moving-{page.stem}{end}" for end in ("-report", "", "-ids")] if page.stem in TARGETS else []
        assert {*marked} <= {*START, *own, "moving-report", "moving-write", "moving-description"}


def test_the_example_names_all_that_the_guides_speak_of(repository: Path) -> None:
    held = json.loads((repository / "examples/migrate/assistants.json").read_text(encoding="utf-8"))["data"]
    tools = [tool for item in held for tool in item["tools"]]
    assert len(held) == 8
    assert {tool["type"] for tool in tools} == {"function", "file_search", "code_interpreter"}
    assert any("description" not in tool["function"] for tool in tools if tool["type"] == "function")
    assert {item["temperature"] for item in held} >= {1.4, None, 0.0}
    assert max(len(item["name"] or "") for item in held) == 141
