"""The table of environments, as a terminal shows it."""

from __future__ import annotations

import pytest

from retinue.core.fleet import Freeze, State, Status
from retinue.core.model import Diagnostic
from retinue.render.overview import fleet_markdown, fleet_text
from retinue.render.safe import cells

ROWS = [
    Status("dev", "flowise", "http://localhost:3000", State.IN_SYNC, unchanged=12),
    Status("prod", "azure-openai", "https://contoso.openai.azure.com", State.DRIFTED, changes=3, drifted=1, held=2),
    Status("eu", "flowise", "https://eu.example", State.PENDING, changes=1, freeze=Freeze("2999-01-01", "a | b", 1.0)),
    Status(
        "a" * 24,
        "openai-agents",
        f"https://{'x' * 60}.example/v1",
        State.UNREACHABLE,
        why="auth",
        problems=(Diagnostic("auth", "the key | is refused\n::error::no", "Renew it."),),
    ),
]


def test_the_table_at_its_usual_width() -> None:
    table = fleet_text("helpdesk", ROWS[:3], width=100).split("\n\n")[1]
    assert table.splitlines() == [
        "environment  state    service                                 to do",
        "dev          in sync  flowise, localhost:3000                 12 objects",
        "prod         drifted  azure-openai, contoso.openai.azure.com  3 changes, 1 drifted, 2 held",
        "eu           pending  flowise, eu.example                     1 change, frozen",
    ]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_every_environment_and_its_state_fit_the_terminal(width: int) -> None:
    text = fleet_text("helpdesk", ROWS, width=width)
    table = text.split("\n\n")[1].splitlines()
    assert [line.split()[0] for line in table[1:]] == [row.environment for row in ROWS]
    assert max(map(cells, table)) <= width
    assert text.endswith("Environments: 1 in sync, 1 pending, 1 drifted, 1 unreachable.\n")
    assert "frozen until 2999-01-01: a | b" in text


def test_markdown_keeps_its_columns_whatever_a_service_says() -> None:
    rows = [line for line in fleet_markdown("helpdesk", ROWS).splitlines() if line.startswith("| `")]
    assert [line.replace("\\|", "").count("|") for line in rows] == [5] * len(ROWS)
    assert not any(line.startswith("::") for line in fleet_markdown("helpdesk", ROWS).splitlines())
