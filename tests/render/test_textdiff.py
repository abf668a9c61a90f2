"""Line and word differences: right on any two texts, and in bounded time."""

from __future__ import annotations

import random
import re
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.render.safe import cells, clean
from retinue.render.style import Style
from retinue.render.textdiff import Form, TextDiff, text_diff
from retinue.render.wrapped import diff_lines

_lines = st.lists(st.sampled_from(["a", "b", "c", "", "one two", "one three"]), max_size=30).map("\n".join)
PLAIN, COLOR = Style(color=False), Style(color=True)


def sides(diff: TextDiff) -> tuple[str, str]:
    """Both texts, as the stretches have them."""
    before, after = list[str](), list[str]()
    for form, before_at, removed, after_at, added in diff.stretches:
        assert (before_at, after_at) == (len(before) + 1, len(after) + 1)
        old, new = (["".join(piece.text for piece in line) for line in side] for side in (removed, added))
        before += old if form in (Form.CHANGED, Form.REWRAPPED) else new
        after += new
    return "\n".join(before), "\n".join(after)


def marked(diff: TextDiff) -> list[str]:
    """The marked words of both sides, in order."""
    lines = (line for stretch in diff.stretches for side in (stretch.removed, stretch.added) for line in side)
    return [piece.text for line in lines for piece in line if piece.marked]


def shown(before: str, after: str, width: int = 80) -> list[str]:
    return diff_lines(text_diff(before, after), width, PLAIN)


@given(_lines, _lines)
def test_the_stretches_hold_both_texts(before: str, after: str) -> None:
    assert sides(text_diff(before, after)) == (before, after)


@given(_lines)
def test_equal_texts_have_no_changes(text: str) -> None:
    assert diff_lines(text_diff(text, text), 80, PLAIN) == []
    assert text_diff(text, text).counted() == ""


@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from([20, 80]))
def test_marks_and_colours_change_no_text(before: str, after: str, width: int) -> None:
    diff = text_diff(before, after)
    painted = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in diff_lines(diff, width, COLOR)]
    assert painted == diff_lines(diff, width, PLAIN)
    fenced = [line for line in diff_lines(diff, width, None) if line[0] != "!"]
    assert len(fenced) == len(painted)


def test_a_change_has_context_and_the_rest_is_folded_into_a_count() -> None:
    before = "\n".join("abcdefghijklmnop")
    assert shown(before, "\n".join("aBcdefghijklmnoP")) == [
        " 1   a",
        " 2 - b",
        " 2 + B",
        " 3   c",
        " 4   d",
        " 5   e",
        "     … 7 unchanged lines",
        "13   m",
        "14   n",
        "15   o",
        "16 - p",
        "16 + P",
    ]
    # A single line is not worth folding.
    assert not [line for line in shown("\n".join("abcdefghi"), "\n".join("AbcdefghI")) if "unchanged" in line]


@pytest.mark.parametrize(
    ("heading", "between"),
    [
        ("## Tone", ""),
        ("<tone>", ""),
        ('<tone voice="calm">', "<example>\nx\n</example>"),
        ("OUTPUT FORMAT:", ""),
        ("**Tone**", ""),
        ("# Tone", "```python\n# not a heading\n```"),
    ],
)
def test_the_nearest_heading_stands_above_a_change(heading: str, between: str) -> None:
    rules = [f"Rule {number}" for number in range(20)]
    before = "\n".join(["# Bot", "Hello.", heading, *between.split("\n"), *rules, "# Other"])
    lines = shown(before, before.replace("Rule 12", "Rule twelve"))
    assert lines[0] == f" 3   {heading}"
    assert "unchanged lines" in lines[1]
    assert not [line for line in lines if "Bot" in line or "Other" in line]


def test_what_stands_after_a_closed_tag_is_not_below_it() -> None:
    before = "\n".join(["# Bot", "<tone>", *"abc", "</tone>", *"defghijk"])
    assert shown(before, before.replace("i", "I"))[0] == " 1   # Bot"


def test_blanks_at_the_end_of_a_changed_line_are_seen() -> None:
    assert shown("a\nb", "a  \nb")[:2] == ["1 - a", "1 + a··"]


PARAGRAPH = "You are the assistant of a shop. Answer in one sentence, and never promise a refund. Ask before you guess."


def wrapped(width: int, text: str = PARAGRAPH) -> str:
    return "# Bot\n\n" + textwrap.fill(text, width) + "\n\nBe kind."


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("three orders, look up the three", "five orders, look up the five", ["three", "three", "five", "five"]),
        ("Be at it, in an hour or so, red.", "Go at it, in an hour or so, blue.", ["Be", "red", "Go", "blue"]),
        ("a (b) c, d: e f g h, and x", "z (b) c, d: e f g h, and y", ["a", "x", "z", "y"]),
    ],
)
def test_short_words_among_unchanged_ones_are_not_marked(before: str, after: str, words: list[str]) -> None:
    assert marked(text_diff(f"{before}\nlast", f"{after}\nlast")) == words


def test_a_paragraph_that_was_only_wrapped_again_is_said_to_be_just_that() -> None:
    diff = text_diff(wrapped(60), wrapped(40))
    assert diff.counted() == "3 of 7 lines re-wrapped"
    assert "3   re-wrapped, 2 lines as 3: only line breaks differ" in diff_lines(diff, 80, PLAIN)
    assert not [line for line in diff_lines(diff, 80, None) if line[0] in "-+"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (wrapped(60), wrapped(40, PARAGRAPH.replace("one", "two"))),
        ("- a\n- b\n", "- a - b\n"),
        ("Do this:\n1. a\n2. b", "Do this: 1. a 2. b"),
        ("a\n\nb", "a\nb"),
        ("a  \nb", "a b"),
        ("a\nb", "b\na"),
        ("a b\nc", "a  b c"),
        ("    x\ny", "x y"),
        ("# T\nx", "# T x"),
        ("> a\n> b", "> a > b"),
        ("| a |\n| b |", "| a | | b |"),
        ("a\nb\u200bc", "a b c"),
    ],
)
def test_what_is_more_than_another_wrapping_is_a_change(before: str, after: str) -> None:
    diff = text_diff(before, after)
    assert "re-wrapped" not in diff.counted()
    assert [line for line in diff_lines(diff, 80, PLAIN) if re.match(" *[0-9]+ [-+]", line)]


def test_one_word_in_a_paragraph_that_was_wrapped_again_is_marked_alone() -> None:
    diff = text_diff(wrapped(60), wrapped(40, PARAGRAPH.replace("refund", "discount")))
    assert marked(diff) == ["refund", "discount"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("a\nb\nc", "a\nB\nc", "1 of 3 lines changed"),
        ("a\nb\nc", "a\nc", "1 of 3 lines removed"),
        ("a\nc", "a\nb\nc", "1 of 3 lines added"),
        ("a\nb\nc\nd", "a\nB\nd", "1 of 4 lines changed, 1 removed"),
        ("a\nd", "B\nC\nd", "1 of 3 lines changed, 1 added"),
        ("a", "b", "1 of 1 lines changed"),
    ],
)
def test_lines_are_counted_as_people_do(before: str, after: str, words: str) -> None:
    assert text_diff(before, after).counted() == words


@given(st.text(alphabet="ab é客\u200b.-", max_size=300), st.integers(30, 80))
def test_lines_are_wrapped_at_words_and_lose_nothing(text: str, width: int) -> None:
    lines = diff_lines(text_diff("", text), width, PLAIN)
    assert all(cells(line) <= width for line in lines)
    rows = [line[2:] for line in lines if line.startswith("+ ")]
    kept = clean(text).replace(" ", "").replace("·", "")
    assert "".join(rows).replace(" ", "").replace("·", "") == kept


def test_a_word_is_not_broken_unless_it_is_wider_than_the_line() -> None:
    text = "one two three four five six seven eight nine ten " + "x" * 50
    rows = [line[2:] for line in diff_lines(text_diff("", text), 24, PLAIN) if line.startswith("+ ")]
    assert [row.split()[-1] for row in rows][:3] == ["four", "eight", "ten"]
    assert all(len(row) <= 22 for row in rows)


def test_of_one_long_line_what_does_not_change_is_left_out_and_what_changes_is_whole() -> None:
    before = "word " * 2000
    diff = text_diff(before + "old one " + before, before + "new one " + before)
    lines = diff_lines(diff, 80, PLAIN)
    assert marked(diff) == ["old", "new"]
    assert len(lines) < 20
    assert [line.count("…") for line in (lines[0], lines[-1])] == [1, 1]
    assert all(len(line) <= 80 for line in lines)
    rewritten = diff_lines(text_diff("word " * 100, "other " * 100), 80, PLAIN)
    assert " ".join(rewritten).count("other") == 100


def test_words_are_underlined_where_colours_are_not() -> None:
    minus, under, plus, below = diff_lines(text_diff("Answer in 客 one sentence.", "Answer in 客 a line."), 80, None)
    assert (minus[0], under[0], plus[0], below[0]) == ("-", "!", "+", "!")
    assert under.lstrip("! ") == "^" * len("one sentence")
    assert under.index("^") == cells(minus[: minus.index("one")])


def test_where_there_is_little_room_each_side_is_shortened() -> None:
    before, after = ("\n".join(f"{word} {number}" for number in range(31)) for word in ("old", "new"))
    lines = diff_lines(text_diff("a\nb\n" + before, "a\nb\n" + after), 80, PLAIN, 2)
    assert lines == [
        " 3 - old 0",
        " 4 - old 1",
        "   - … 29 more lines",
        " 3 + new 0",
        " 4 + new 1",
        "   + … 29 more lines",
    ]


def test_few_changes_among_many_equal_lines_stay_few() -> None:
    old = [f"rule {n % 100} of the prompt, in some words" for n in range(5300)]
    new = [f"changed {n}" if n % 7 == 0 else line for n, line in enumerate(old)]
    diff = text_diff("\n".join(old), "\n".join(new))
    assert diff.counted() == "758 of 5300 lines changed"


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
    diff = text_diff(before, after)
    diff_lines(diff, 100, COLOR)
    assert time.process_time() - start < 20  # about 1 on an idle core; what is not bounded takes minutes
    assert [side.replace("·", " ") for side in sides(diff)] == [before, after]
