"""Every folder here is a scenario, from manifests and live objects to texts, plans, requests and the world after.

`pytest tests/scenarios --update` rewrites what is expected; review it as a diff. Steps: see `Player`.
"""

from __future__ import annotations

import pytest

from ..conftest import compare
from .conftest import HERE, Player

SCENARIOS = sorted(path.parent.name for path in HERE.glob("*/scenario.yaml"))


@pytest.mark.parametrize("player", SCENARIOS, indirect=True)
def test_scenario(player: Player, request: pytest.FixtureRequest) -> None:
    player.play()
    for name, text in player.seen().items():
        compare(player.folder / "expected" / name, text, update=bool(request.config.getoption("--update")))


def test_every_folder_says_what_it_is_for() -> None:
    assert len(SCENARIOS) >= 40
    for name in SCENARIOS:
        text = (HERE / name / "scenario.yaml").read_text(encoding="utf-8")
        assert text.startswith("says: "), name
