"""Which known word a wrong one is closest to."""

from __future__ import annotations

import pytest

from retinue.core.spelling import closest, did_you_mean, known_or_meant

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


MANY = [*(f"Assistant/a-{number}" for number in range(200)), "VectorStore/handbook", "Assistant/handbook"]


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("a-77", "Did you mean `Assistant/a-77`?"),
        ("Assistant/a-77x", "Did you mean `Assistant/a-77`?"),
        ("assistant/A-7", "Did you mean `Assistant/a-7`?"),
        ("Asistant/a-199", "Did you mean `Assistant/a-199`?"),
        ("VectorStore/handbok", "Did you mean `VectorStore/handbook`?"),
        ("assistant/handbok", "Did you mean `Assistant/handbook`?"),
        ("Assistant/hand-book*", "Did you mean `Assistant/handbook`?"),
        (
            "Assistant/zzz",
            "Known: Assistant/a-0, Assistant/a-1, Assistant/a-10, Assistant/a-100, Assistant/a-101 and 197 more.",
        ),
        ("", "Known: Assistant/a-0, Assistant/a-1, Assistant/a-10, Assistant/a-100, Assistant/a-101 and 197 more."),
    ],
)
def test_of_many_addresses_the_closest_is_told_or_a_few(word: str, remedy: str) -> None:
    assert known_or_meant(word, MANY) == remedy


def test_of_few_addresses_all_are_told() -> None:
    assert known_or_meant("x", ["B/b", "A/a"]) == "Known: A/a, B/b."
    assert known_or_meant("x", [], "Live there") == "Live there: none."
