"""The site of the docs: its links and its navigation; and commands.md, which is what the commands say."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
ADDRESS = "https://github.com/acme/retinue"


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_reference_is_what_the_commands_say() -> None:
    """After a change of a command or an option: `.venv/bin/python .ci/reference.py`."""
    done = subprocess.run([sys.executable, ROOT / ".ci" / "reference.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_command_and_every_shared_option_is_in_the_reference() -> None:
    page = script("reference").page()
    for name in ("plan", "apply", "providers check", "emulator edit", "verify"):
        assert f"\n### retinue {name}\n" in page
    for option in ("-e, --env NAME", "-C DIR", "--target ADDRESS"):
        assert page.partition("\n## Shared options\n")[2].count(f"| `{option}` |") == 1


@pytest.mark.parametrize(
    ("page", "link", "becomes"),
    [
        ("index.md", "manifests.md#layers", "manifests.md#layers"),
        ("howto/incident.md", "../providers/foundry.md", "../providers/foundry.md"),
        ("index.md", "../README.md", f"{ADDRESS}/blob/main/README.md"),
        ("providers/writing-one.md", "../../src/retinue/cli#x", f"{ADDRESS}/tree/main/src/retinue/cli#x"),
        ("index.md", "#words", "#words"),
        ("index.md", "https://example.com/a.md", "https://example.com/a.md"),
    ],
)
def test_a_link_leads_to_the_site_or_to_the_repository(page: str, link: str, becomes: str) -> None:
    site = script("site")
    text = f"See [it]({link}).\n\n```text\n[it](../README.md)\n```\n"
    assert site.outward(site.DOCS / page, text, ADDRESS) == text.replace(f"See [it]({link})", f"See [it]({becomes})")


def test_a_pipe_in_the_code_of_a_cell_is_shown_without_its_backslash() -> None:
    site = script("site")
    text = "| `--from FILE\\|<URL>` | `x` |\n"
    assert site.outward(site.DOCS / "index.md", text, ADDRESS) == (
        "| <code>--from FILE&#124;&lt;URL&gt;</code> | `x` |\n"
    )


def test_a_link_to_nothing_is_an_error() -> None:
    site = script("site")
    with pytest.raises(SystemExit, match=r"docs/index.md: the link \.\./nothing\.md leads nowhere"):
        site.outward(site.DOCS / "index.md", "[it](../nothing.md)", ADDRESS)


def test_the_copy_has_every_page_of_the_navigation(tmp_path: Path) -> None:
    site = script("site")
    site.copy(tmp_path / "site", ADDRESS)
    pages = {path.relative_to(tmp_path / "site" / "docs").as_posix() for path in (tmp_path / "site").rglob("*.md")}
    assert {"index.md", "tutorial.md", "howto/incident.md", "commands.md"} <= pages
    assert f'repo_url = "{ADDRESS}"' in (tmp_path / "site" / "zensical.toml").read_text()
    assert "](../" not in (tmp_path / "site" / "docs" / "architecture.md").read_text()
    assert list(site.pages_of([{"A": "a.md"}, {"B": [{"C": "c.md"}, "d.md"]}])) == ["a.md", "c.md", "d.md"]
