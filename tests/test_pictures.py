"""Pictures of real output: docs/plan.svg of a plan in the terminal, docs/comment-example.md of its comment.

`pytest --update` draws them anew.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from .cli.conftest import World, world
from .conftest import compare

__all__ = ["world"]

DOCS = Path(__file__).parents[1] / "docs"
PROMPT = """You answer questions of employees about the IT of the company.

Answer in {how}.
Never ask for a password.
"""
COLORS = {"1": "#e6edf3", "2": "#8b949e", "31": "#ff7b72", "32": "#7ee787", "33": "#e3b341", "35": "#d2a8ff"}
COLORS |= {"36": "#79c0ff", "1;31": "#ff7b72", "1;33": "#e3b341", "31;7": "#ffdcd7", "32;7": "#c2f5c8"}
WIDTH, LINE, CELL = 960, 19, 8.1


@pytest.fixture
def changed(world: World) -> World:
    """Three assistants are live; then a prompt and a model change, one is new, one goes, and somebody edits outside."""
    world.project("formerly: []\n")
    world.write("prompts/common.md", PROMPT.format(how="one sentence"))
    for name in ("it-helpdesk", "night-shift"):
        world.assistant(name, "instructions: {file: ../prompts/common.md}\n")
    world.assistant("old-bot")
    world.apply()
    helpdesk = next(raw for raw in world.live().values() if raw["metadata"]["retinue.address"].endswith("it-helpdesk"))
    world.emulator.seed({**helpdesk, "temperature": 0.1})
    world.write("prompts/common.md", PROMPT.format(how="at most three sentences"))
    world.assistant("greeter", "description: Welcomes new colleagues\n")
    world.write("retinue.yaml", (world.root / "retinue.yaml").read_text() + "removed: [Assistant/old-bot]\n")
    world.remove("assistants/old-bot.yaml")
    return world


def shown(world: World, text: str) -> str:
    """Without what differs from run to run."""
    text = text.replace(world.url.removeprefix("http://"), "assistants.example.com")
    for number, key in enumerate(
        sorted(world.live(), key=lambda key: world.live()[key]["metadata"]["retinue.address"])
    ):
        text = text.replace(key, f"asst_{'abc'[number] * 3}{number + 1}23")
    return re.sub("sha256:[0-9a-f]{64}", f"sha256:{'4f1d' * 16}", text)


def svg(text: str) -> str:
    """Lines with ANSI colours as a picture of a terminal."""
    lines = text.rstrip("\n").split("\n")
    rows = [
        f'<text x="16" y="{36 + LINE * number}" xml:space="preserve">{_spans(line)}</text>'
        for number, line in enumerate(lines)
    ]
    height = 36 + LINE * len(lines)
    style = "font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #c9d1d9"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">\n'
        f'<rect width="100%" height="100%" rx="8" fill="#0d1117"/>\n<g style="{style}">\n'
        + "\n".join(rows)
        + "\n</g>\n</svg>\n"
    )


def _spans(line: str) -> str:
    parts = re.split(r"\x1b\[([0-9;]*)m(.*?)\x1b\[0m", line)
    found = []
    for plain, code, painted in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True):
        found.append(html.escape(plain))
        if code:
            found.append(f'<tspan fill="{COLORS[code]}">{html.escape(painted)}</tspan>')
    return "".join(found)


def test_the_plan_in_the_terminal(
    changed: World, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    ran = changed.run("plan")
    assert ran.code == 0
    text = re.sub(r"  +(?=\x1b\[2m)", "   ", shown(changed, ran.out))
    picture = svg(f"\x1b[2m$\x1b[0m retinue plan\n\n{text}")
    assert picture.count("<text") == text.count("\n") + 2
    compare(DOCS / "plan.svg", picture, update=bool(request.config.getoption("--update")))


def test_the_comment_in_the_pull_request(changed: World, request: pytest.FixtureRequest) -> None:
    assert changed.run("plan", "--out", "plan.json").code == 0
    assert changed.run("comment", "--plan", "plan.json", "--out", "comment.md").code == 0
    text = shown(changed, (changed.root / "comment.md").read_text())
    compare(DOCS / "comment-example.md", text, update=bool(request.config.getoption("--update")))
