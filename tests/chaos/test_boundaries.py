"""At every request of a run of twelve changes every mishap: one plain apply later, the world is the undisturbed one."""

from __future__ import annotations

from collections import Counter

import pytest

from . import invariants
from .harness import CANARY, COUNTS, MISHAPS, OTHERS, WANTED, Mishap, Report, Stage, disturbed, furniture, undisturbed

ADDRESSES = {f"demo/dev/{resource.address}" for resource in WANTED}


def complaints(stage: Stage, report: Report) -> list[str]:
    """What is wrong after a disturbed run, then a plain apply, then one more."""
    before, expected = furniture(), undisturbed()[0]
    again = stage.plain_apply()
    found = [f"the plain apply ended with {again.text}"] if not again.finished else []
    live = stage.live()
    return invariants.together(
        found,
        invariants.same_world(live, expected, before),
        invariants.one_object_per_address(live, ADDRESSES, OTHERS),
        invariants.others_untouched(live, before, OTHERS),
        invariants.no_early_delete(report, expected, before),
        invariants.no_early_delete(again, expected, before),
        invariants.all_accounted_for(report),
        invariants.nothing_to_do(stage.plain_apply()),
        invariants.no_secret(CANARY, {"report": report.text, "log": str(stage.emulator.requests)}),
    )


def tried(mishap: Mishap, at: int, parallelism: int = 1) -> list[str]:
    stage, report = disturbed(mishap, at, parallelism)
    try:
        return complaints(stage, report)
    finally:
        stage.close()


def test_the_run_has_twelve_changes() -> None:
    stage = Stage.furnished()
    report = stage.plain_apply()
    assert report.plan is not None
    assert Counter(change.action.value for change in report.plan.changes) == COUNTS
    assert report.finished
    stage.close()


@pytest.mark.parametrize("mishap", MISHAPS, ids=[mishap.name for mishap in MISHAPS])
def test_every_boundary(mishap: Mishap) -> None:
    requests = undisturbed()[1]
    wrong = {f"{at} {request}": found for at, request in enumerate(requests) if (found := tried(mishap, at))}
    assert wrong == {}
