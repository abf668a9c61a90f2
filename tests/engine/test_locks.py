"""A service with a lock: what moved between the last look and the write is stale, our own lost answer is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from retinue.core.model import Desired, Outcome, Status
from retinue.core.observation import Target
from retinue.providers.anthropic import PROVIDER
from retinue.schema import with_extras
from retinue_emulator.anthropic import KIND
from retinue_emulator.app import Emulator
from retinue_emulator.faults import Behaviour, Fault

from ..core import worlds
from ..core.worlds import desired
from .conftest import Bench, VirtualClock

SPEC = {"name": "bot", "model": "claude-opus-5-5", "instructions": "Be kind.", "metadata": {"team": "a"}}
CHANGED = {**SPEC, "instructions": "Be brief."}
UPDATE = r"POST /anthropic/v1/agents/agent_\w+$"


@dataclass
class Locked(Bench):
    """`before`: called once, right before the next request that writes an agent which is there."""

    before: Callable[[], object] | None = field(default=None, kw_only=True)
    removed: dict[Any, bool] = field(default_factory=dict, kw_only=True)

    @property
    def application(self) -> Any:
        def app(environ: dict[str, Any], start_response: Any) -> Any:
            act, path = self.before, environ["PATH_INFO"]
            if act is not None and environ["REQUEST_METHOD"] == "POST" and "/agents/" in path:
                self.before = None
                act()
            return self.emulator(environ, start_response)

        return app

    def target(self) -> Target:
        kinds = with_extras(PROVIDER.capabilities.kinds, PROVIDER.name, PROVIDER.capabilities.extras)
        return worlds.target(kinds=kinds, removed=self.removed)

    def live(self) -> dict[str, dict[str, Any]]:
        return dict(self.emulator.store.everything(KIND))

    def one(self) -> dict[str, Any]:
        (raw,) = self.live().values()
        return raw

    def edited(self, **members: Any) -> None:
        """By somebody at the console: another version."""
        raw = self.one()
        self.emulator.seed({**raw, **members, "version": raw["version"] + 1, "object": KIND})

    def writes(self) -> list[str]:
        return [request for request in map(str, self.emulator.requests) if "POST" in request]


@pytest.fixture
def locked() -> Iterator[Locked]:
    clock = VirtualClock()
    emulator = Emulator(":memory:", now=clock.now)
    yield Locked(emulator, clock, provider=PROVIDER, path="/anthropic")
    emulator.close()


def made(locked: Locked, wanted: Desired) -> None:
    assert [item.status for item in locked.apply(locked.plan([wanted]).changes)] == [Status.DONE]


def update(locked: Locked, wanted: Desired) -> Outcome:
    (outcome,) = locked.apply(locked.plan([wanted]).changes)
    return outcome


def settled(locked: Locked, wanted: Desired) -> bool:
    return not locked.plan([wanted]).changes


# --- somebody else was faster


@pytest.mark.parametrize(
    "edit",
    [
        {"system": "Edited at that moment."},
        {"model": {"id": "claude-opus-5", "effort": {"type": "max"}, "speed": "standard", "inference_geo": None}},
        {"voice": "alto"},
        {},
    ],
    ids=["the planned field", "another field", "a field that nobody knows", "nothing but the version"],
)
def test_an_edit_between_the_last_look_and_the_write_is_stale_and_stays(locked: Locked, edit: dict[str, Any]) -> None:
    made(locked, desired("bot", SPEC))
    locked.before = lambda: locked.edited(**edit)
    outcome = update(locked, desired("bot", CHANGED))
    assert (outcome.status, outcome.failure) == (Status.FAILED, "stale")
    assert "between the last read and the write: " in (outcome.error or "")
    assert {key: locked.one()[key] for key in edit} == edit
    assert locked.one()["version"] == 2


def test_a_conflict_is_never_sent_again(locked: Locked) -> None:
    made(locked, desired("bot", SPEC))
    locked.before = lambda: locked.edited(system="Edited.")
    before = len(locked.writes())
    update(locked, desired("bot", CHANGED))
    assert len(locked.writes()) == before + 1


def test_a_conflict_for_no_reason_is_stale_and_the_next_apply_goes_through(locked: Locked) -> None:
    made(locked, desired("bot", SPEC))
    locked.emulator.faults.on(UPDATE, Fault("status", 409))
    assert update(locked, desired("bot", CHANGED)).failure == "stale"
    assert update(locked, desired("bot", CHANGED)).status is Status.DONE
    assert settled(locked, desired("bot", CHANGED))


@pytest.mark.parametrize("status", [400, 409, 412])
def test_what_is_archived_at_that_moment_is_gone(locked: Locked, status: int) -> None:
    locked.emulator.behaviour = Behaviour(managed_archived=status)
    made(locked, desired("bot", SPEC))
    key = locked.one()["id"]
    locked.before = lambda: locked.remove(key)
    outcome = update(locked, desired("bot", CHANGED))
    assert (outcome.status, outcome.failure) == (Status.FAILED, "stale")
    assert "is gone" in (outcome.error or "")


def test_another_run_that_wrote_the_same_leaves_nothing_to_do(locked: Locked) -> None:
    made(locked, desired("bot", SPEC))
    plan = locked.plan([desired("bot", CHANGED)])
    locked.before = lambda: locked.apply(plan.changes)
    (outcome,) = locked.apply(plan.changes)
    assert (outcome.status, locked.one()["version"]) == (Status.DONE, 2)
    assert settled(locked, desired("bot", CHANGED))


def test_of_two_runs_that_adopt_the_same_the_first_one_has_it(locked: Locked) -> None:
    key = locked.emulator.seed({"object": KIND, "name": "bot", "system": "Be kind."})
    wanted = desired("bot", SPEC, adopt={"dev": key})
    plan = locked.plan([wanted])
    locked.before = lambda: locked.apply(plan.changes)
    (outcome,) = locked.apply(plan.changes)
    assert (outcome.status, locked.one()["version"]) == (Status.DONE, 2)
    assert settled(locked, wanted)


# --- our own answer was lost


@pytest.mark.parametrize("fault", ["reset", "html", "broken"])
def test_an_update_whose_answer_is_lost_is_done_once(locked: Locked, fault: str) -> None:
    made(locked, desired("bot", SPEC))
    locked.emulator.faults.on(UPDATE, Fault(fault, after_commit=True))
    assert update(locked, desired("bot", CHANGED)).status is Status.DONE
    assert (locked.one()["version"], locked.one()["system"]) == (2, "Be brief.")
    assert settled(locked, desired("bot", CHANGED))


def test_what_the_service_made_of_it_is_noted_also_when_the_answer_of_that_note_is_lost(locked: Locked) -> None:
    skills = {"anthropic": {"skills": [{"type": "anthropic", "skill_id": "xlsx"}]}}
    wanted = desired("bot", {**SPEC, "providers": skills})
    locked.emulator.faults.on(UPDATE, Fault("reset", after_commit=True))
    made(locked, wanted)
    assert locked.one()["version"] == 2
    assert settled(locked, wanted)


def test_an_edit_before_that_note_survives_and_is_drift(locked: Locked) -> None:
    skills = {"anthropic": {"skills": [{"type": "anthropic", "skill_id": "xlsx"}]}}
    wanted = desired("bot", {**SPEC, "providers": skills})
    locked.before = lambda: locked.edited(system="Edited.")
    (outcome,) = locked.apply(locked.plan([wanted]).changes)
    assert (outcome.status, outcome.failure, locked.one()["system"]) == (Status.FAILED, "stale", "Edited.")
    (change,) = locked.plan([wanted]).changes
    assert ("/instructions", "drift") in [(item.path, item.cause) for item in change.fields]
    assert update(locked, wanted).status is Status.DONE
    assert settled(locked, wanted)


def test_a_cleared_effort_whose_answer_is_lost_is_done(locked: Locked) -> None:
    """The service answers its own effort then, which is no sign that the write did not happen."""
    made(locked, desired("bot", {**SPEC, "reasoning_effort": "low"}))
    locked.emulator.faults.on(UPDATE, Fault("reset", after_commit=True))
    outcome = update(locked, desired("bot", SPEC))
    assert (outcome.status, outcome.notes) == (Status.DONE, ())
    assert (locked.one()["version"], locked.one()["model"]["effort"]) == (2, {"type": "high"})
    assert settled(locked, desired("bot", SPEC))


def test_a_forget_whose_answer_is_lost_is_done(locked: Locked) -> None:
    made(locked, desired("bot", SPEC))
    locked.removed = {worlds.at("bot"): True}
    locked.emulator.faults.on(UPDATE, Fault("reset", after_commit=True))
    (outcome,) = locked.apply(locked.plan([]).changes)
    assert (outcome.status, locked.one()["metadata"]) == (Status.DONE, {"team": "a"})
