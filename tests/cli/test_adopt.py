"""The command `adopt` takes one object, and only one that nobody else has a claim to."""

from __future__ import annotations

from pathlib import Path

import pytest

from retinue.cli.applying import save_backup
from retinue.core.model import Live

from .conftest import World

STRAY = "asst_" + "S" * 24


@pytest.fixture
def stray(world: World) -> World:
    """Two applied assistants, and one live object that nobody manages."""
    world.project()
    world.assistant("ant")
    world.assistant("bee")
    world.apply()
    raw = {**next(iter(world.live().values())), "id": STRAY, "name": "stray", "metadata": {}}
    world.emulator.assistants.seed(raw)
    return world


def test_an_adopted_object_is_managed_from_then_on(stray: World) -> None:
    stray.assistant("cow")
    ran = stray.run("adopt", "Assistant/cow", STRAY, "--auto-approve")
    assert ran.code == 0, ran.err
    assert stray.live()[STRAY]["metadata"]["retinue.address"] == "demo/dev/Assistant/cow"
    assert len(stray.live()) == 3
    stray.settled()


@pytest.mark.parametrize(
    ("address", "remote_id", "reason"),
    [
        ("Assistant/ant", STRAY, "Assistant/ant is asst_"),
        ("Assistant/ant", " ", "the ID is empty"),
        ("Assistant/nobody", STRAY, "no manifest for Assistant/nobody"),
    ],
)
def test_what_cannot_be_adopted_is_said_before_any_write(
    stray: World, address: str, remote_id: str, reason: str
) -> None:
    writes = len(stray.emulator.writes())
    ran = stray.run("adopt", address, remote_id, "--auto-approve")
    assert (ran.code, len(stray.emulator.writes())) == (3, writes)
    assert reason in ran.err


def test_an_object_that_another_manifest_claims_stays_with_it(stray: World) -> None:
    stray.assistant("cow", f"retinue: {{adopt: {{dev: {STRAY}}}}}\n")
    stray.assistant("dog")
    ran = stray.run("adopt", "Assistant/dog", STRAY, "--auto-approve")
    assert ran.code == 3
    assert f"{STRAY} is claimed by Assistant/cow" in ran.err


def test_a_backup_cannot_leave_its_folder_by_the_name_of_an_object(tmp_path: Path) -> None:
    # The emulator routes no such id, and a service that did would be believed.
    save_backup(str(tmp_path / "backups"), Live("Assistant", {}, remote_id="../escaped", raw={"id": "x"}))
    assert [path.name for path in tmp_path.iterdir()] == ["backups"]
    assert len(list((tmp_path / "backups").iterdir())) == 1


def test_what_an_object_says_cannot_speak_to_the_log_of_a_runner(stray: World) -> None:
    ran = stray.run("adopt", "Assistant/cow\n::error::\x1b[2J", STRAY, "--auto-approve")
    assert ran.code == 3
    assert "\n::error::" not in ran.err
    assert "\x1b[2J" not in ran.err


@pytest.mark.parametrize("line", [True, False])
def test_where_a_service_lost_the_metadata_an_adopt_line_takes_the_object_as_it_is(world: World, line: bool) -> None:
    """Nothing on it tells it from one that was never ours; without the line its twin is blocked."""
    world.project(environment="    on_drift: deny\n")
    world.assistant("tutor", "name: Tutor\ninstructions: Ours.\n")
    world.apply()
    key = world.only()["id"]
    world.emulator.assistants.seed({**world.only(), "metadata": {}, "instructions": "Theirs."})
    adopt = f"retinue: {{adopt: {{dev: {key}}}}}\n" if line else ""
    world.assistant("tutor", f"name: Tutor\ninstructions: Ours.\n{adopt}")
    ran = world.run("apply", "--auto-approve")
    assert (ran.code, world.only()["instructions"]) == ((0, "Ours.") if line else (5, "Theirs."))
    assert "Theirs." in ran.out or not line
