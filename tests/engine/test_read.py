"""What the live world is read as: each object once, however the list names it."""

from __future__ import annotations

from retinue.core.model import Action
from retinue.engine.read import read_live
from retinue_emulator.faults import Fault

from ..core.worlds import desired
from .conftest import Bench


def test_an_object_that_a_page_names_twice_is_no_copy_of_itself(bench: Bench) -> None:
    wanted = [desired("a"), desired("b")]
    bench.apply(bench.plan(wanted).changes)
    bench.emulator.faults.on("GET /v1/assistants$", Fault("repeat"), times=None)
    assert len(read_live(bench.service(), ["Assistant"])) == 2
    made = bench.plan(wanted[1:])
    assert [(change.action, change.blocked) for change in made.changes] == [(Action.DELETE, None)]
    assert made.diagnostics == ()
