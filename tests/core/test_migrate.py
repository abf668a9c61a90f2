"""The report of a move: when it is ready, and what it counts."""

from __future__ import annotations

from retinue.core.migrate import End, Migration, Row, Verdict, counts, migration_to_json
from retinue.core.model import Diagnostic, Severity

from .worlds import at


def test_a_move_is_ready_once_nothing_is_an_error_and_counts_its_rows() -> None:
    rows = (Row("/model", Verdict.KEPT), Row("/tools", Verdict.LOST, "no tools", accepted=False))
    wrong = Diagnostic("capability", "no tools", address=str(at("bot")), path="/tools")
    note = Diagnostic("model-name", "same name", severity=Severity.WARNING)
    move = Migration("demo", End("old", "acme"), End("new", "other"), {at("bot"): rows}, (wrong, note))
    assert (move.ready, move.untold) == (False, [note])
    assert (counts(move)[Verdict.KEPT], counts(move)[Verdict.LOST]) == (1, 1)
    found = migration_to_json(move, "1", 3)
    assert (found["outcome"], found["objects"][0]["fields"][1]["verdict"]) == ("not-ready", "lost")
