"""What was planned in one clone and approved is applied in another: every cell of the table in docs/pipelines.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ..cli.conftest import Ran, World
from .runner import ROOT, git


@dataclass
class Approved:
    """A plan that changes `ant`, makes `elk` and deletes `dog`, made in a clone; and another clone to apply it in."""

    world: World
    other: Path
    plan: Path

    def apply(self, how: str) -> Ran:
        digest = json.loads(self.plan.read_text())["digest"]
        words = {"apply plan.json": [str(self.plan)], "apply --expect-digest D": ["--expect-digest", digest]}[how]
        return self.world.run("apply", "-C", str(self.other), *words)

    def live(self) -> dict[str, dict[str, Any]]:
        rows = self.world.live().values()
        return {row["metadata"]["retinue.address"].rpartition("/")[2]: row for row in rows}

    def edit(self, name: str, **fields: Any) -> None:
        self.world.emulator.seed({**self.live()[name], **fields})

    def change_manifest(self, name: str, before: str, after: str) -> None:
        path = self.other / "assistants" / f"{name}.yaml"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))

    def apply_first(self) -> None:
        assert self.apply("apply plan.json").code == 0


@pytest.fixture
def approved(world: World, tmp_path: Path) -> Approved:
    world.project()
    for name in ("ant", "bee", "cow", "dog"):
        world.write(f"prompts/{name}.md", f"You are the {name}.\n")
        world.assistant(name, f"temperature: 0.2\ninstructions: {{file: ../prompts/{name}.md}}\n")
    git(world.root, "init", "-q", "-b", "main")
    world.apply()
    world.write("assistants/ant.yaml", (world.root / "assistants/ant.yaml").read_text().replace("0.2", "0.3"))
    world.write("prompts/ant.md", "You are the ant.\nWork.\n")
    world.assistant("elk")
    world.remove("assistants/dog.yaml")
    git(world.root, "add", "-A")
    git(world.root, "commit", "-qm", "change")
    for clone in ("reviewed", "merged"):
        git(tmp_path, "clone", "-q", str(world.root), str(tmp_path / clone))
    plan = tmp_path / "plan.json"
    assert world.run("plan", "-C", str(tmp_path / "reviewed"), "--out", str(plan)).code == 0
    return Approved(world, tmp_path / "merged", plan)


MEANWHILE: dict[str, Callable[[Approved], None]] = {
    "nothing happened": lambda _approved: None,
    "a planned object was changed outside": lambda approved: approved.edit("ant", temperature=0.9),
    "an object that the plan does not touch was changed outside": lambda approved: approved.edit(
        "bee", description="x"
    ),
    "a manifest of a planned object was changed": lambda approved: approved.change_manifest("ant", "0.3", "0.4"),
    "a manifest of another object was changed": lambda approved: approved.change_manifest("bee", "0.2", "0.4"),
    "a comment in a manifest was changed": lambda approved: approved.change_manifest("ant", "model:", "# new\nmodel:"),
    "the plan was applied already": Approved.apply_first,
}


def cells() -> list[tuple[str, str, str]]:
    """What happened, how it is applied, and what the page says comes of it."""
    text = (ROOT / "docs" / "pipelines.md").read_text()
    found = re.search(r"(?<=\n)\| between the approval.*?\n\n", text, re.DOTALL)
    assert found
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[0].strip().split("\n")]
    return [(row[0], how.strip("`"), said) for row in rows for how, said in zip(head[1:], row[1:], strict=True)]


@pytest.mark.parametrize(("happened", "how", "said"), cells())
def test_the_table_of_the_docs_is_true(approved: Approved, happened: str, how: str, said: str) -> None:
    MEANWHILE[happened](approved)
    before, writes = approved.live(), len(approved.world.emulator.writes())
    ran = approved.apply(how)
    wrote = len(approved.world.emulator.writes()) > writes
    if said.startswith("applies"):
        assert (ran.code, wrote) == (0, True), ran.err
        live = approved.live()
        assert (live["ant"]["temperature"], live["ant"]["instructions"]) == (0.3, "You are the ant.\nWork.")
        assert sorted(live) == ["ant", "bee", "cow", "elk"]
        assert live["bee"] == before["bee"]
    else:
        assert (str(ran.code), wrote) == (re.match(r"\d", said)[0], False), ran.err  # type: ignore[index]
        assert approved.live() == before
    if "naming object and field" in said:
        outside = "/temperature was 0.2 when the plan was made and is 0.9 now"
        manifest = "/temperature is 0.3 in the plan and 0.4 in its manifest"
        assert f"Assistant/ant: {manifest if 'manifest' in happened else outside}" in ran.err
    elif said.startswith("6"):
        assert "not the one that was approved" in ran.err


def test_every_row_of_the_table_happens_here() -> None:
    assert {row for row, _, _ in cells()} == set(MEANWHILE)
