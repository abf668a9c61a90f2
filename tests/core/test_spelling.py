"""Which known word a wrong one is closest to."""

from __future__ import annotations

import pytest

from retinue.core.spelling import closest, did_you_mean

KNOWN = ("instructions", "temperature", "tools")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("tempreature", "temperature"), ("tool", "tools"), ("tools", "tools"), ("colour", None), ("", None)],
)
def test_a_word_that_is_close_is_proposed_and_no_other(word: str, meant: str | None) -> None:
    assert closest(word, KNOWN) == meant
    assert did_you_mean(word, KNOWN, "See the docs.") == (f"Did you mean `{meant}`?" if meant else "See the docs.")


def test_how_alike_it_must_be_can_be_said() -> None:
    assert closest("temp", KNOWN, 0.9) is None
    assert closest("temp", KNOWN, 0.3) == "temperature"


def test_nothing_is_close_where_nothing_is_known() -> None:
    assert closest("tools", ()) is None
