"""Line and word differences: right on any two texts, and in bounded time."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.render.style import Style
from retinue.render.textdiff import diff_lines, text_diff

_lines = st.lists(st.sampled_from(["a", "b", "c", "", "one two", "one three"]), max_size=30).map("\n".join)
PLAIN, COLOR = Style(color=False), Style(color=True)


def rebuild(before: str, after: str) -> str:
    """`after` from `before` and the hunks alone; checks what the hunks say of `before` on the way."""
    old, new, at = before.split("\n"), [], 0
    for hunk in text_diff(before, after).hunks:
        new += old[at : hunk.before_at - 1]
        assert len(new) == hunk.after_at - 1
        at = hunk.before_at - 1 + len(hunk.removed)
        assert tuple(old[hunk.before_at - 1 : at]) == hunk.removed
        new += hunk.added
    return "\n".join(new + old[at:])


@given(_lines, _lines)
def test_hunks_turn_one_text_into_the_other(before: str, after: str) -> None:
    assert rebuild(before, after) == after


@given(_lines)
def test_equal_texts_have_no_hunks(text: str) -> None:
    assert text_diff(text, text).hunks == ()


@given(st.text(max_size=200), st.text(max_size=200))
def test_marks_change_no_text(before: str, after: str) -> None:
    diff = text_diff(before, after)
    painted = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in diff_lines(diff, COLOR)]
    assert painted == diff_lines(diff, PLAIN)


def test_what_lies_between_two_hunks_is_folded_into_a_count() -> None:
    before = "\n".join("abcdef")
    assert diff_lines(text_diff(before, "\n".join("aBcdeF")), PLAIN) == [
        "2 - b",
        "2 + B",
        "  … 3 unchanged lines",
        "6 - f",
        "6 + F",
    ]


def test_blanks_at_the_end_of_a_changed_line_are_seen() -> None:
    assert diff_lines(text_diff("a\nb", "a  \nb"), PLAIN) == ["1 - a", "1 + a··"]


def test_one_long_line_is_cut_to_where_it_differs() -> None:
    before = "word " * 2000
    minus, plus = diff_lines(text_diff(before + "x" + before, before + "y" + before), PLAIN)
    assert len(minus) < 150
    assert minus.replace("x", "y").replace("-", "+") == plus


def test_few_changes_among_many_equal_lines_stay_few() -> None:
    old = [f"rule {n % 100} of the prompt, in some words" for n in range(5300)]
    new = [f"changed {n}" if n % 7 == 0 else line for n, line in enumerate(old)]
    diff = text_diff("\n".join(old), "\n".join(new))
    assert (len(diff.hunks), diff.removed, diff.added) == (758, 758, 758)


def _words(count: int, choices: int, seed: int) -> str:
    chosen = random.Random(seed)
    return "\n".join(f"w{chosen.randrange(choices)}" for _ in range(count))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (_words(80_000, 2, 1), _words(80_000, 2, 2)),
        (_words(60_000, 100, 1), _words(60_000, 100, 2)),
        (_words(40_000, 10**9, 1), "\n".join(sorted(_words(40_000, 10**9, 1).split("\n")))),
        ("\n" * 250_000, "x" + "\n" * 120_000 + "x" + "\n" * 120_000),
        (
            "\n".join(f"a {n} is here and there" for n in range(11_000)),
            "\n".join(f"a {n} was here" for n in range(11_000)),
        ),
        ("word " * 50_000, "other " * 43_000),
    ],
    ids=["two-lines", "hundred-lines", "sorted", "blank", "all-changed", "one-line"],
)
def test_256_kilobytes_are_compared_in_bounded_time(before: str, after: str) -> None:
    start = time.process_time()
    diff_lines(text_diff(before, after), COLOR)
    assert time.process_time() - start < 4  # about 0.5 on an idle core
    assert rebuild(before, after) == after
