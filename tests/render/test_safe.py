"""Texts from outside cannot move a cursor, hide, reorder or command."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.render.safe import cells, clean, clean_lines, cut, defuse, escape_json, hides


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\nb\tc\r", r"a\nb\tc\r"),
        ("\x9b2J\x85", r"\x9b2J\x85"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\u2066x\u2069\u200b\ufeff", r"\u2066x\u2069\u200b\ufeff"),
        ("\ud800", r"\ud800"),
        ("\U000e0041", r"\U000e0041"),
        ("ad\u200dmin", r"ad\u200dmin"),
        ("ü\u200c\u200dx", r"ü\u200c\u200dx"),
        ("a\ufe0f \U000e0101", r"a\ufe0f \U000e0101"),
        ("1\ufe0f", r"1\ufe0f"),
        ("\ue000\u3164\u2800", r"\ue000\u3164\u2800"),
        ("plain 客服 é 👩‍💻 ❤️ 1️⃣ می‌خواهم", "plain 客服 é 👩‍💻 ❤️ 1️⃣ می‌خواهم"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_nothing_of_an_invisible_category_is_left() -> None:
    hidden = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
    every = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in hidden]
    assert [f"{ord(char):x}" for char in every if clean(char) == char] == []


@given(
    st.recursive(
        st.text(st.characters(), max_size=9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_escaped_json_is_the_same_value_in_plain_sight(value: object) -> None:
    text = escape_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(text) == json.loads(json.dumps(value))
    assert not hides(text)


def test_json_commands_no_runner() -> None:
    assert escape_json('["a ##[x] ##vso[y]"]') == r'["a ##\u005bx] ##vso\u005by]"]'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", r"\::error::x"),
        ("a\n  ::add-mask::x", "a\n  \\::add-mask::x"),
        ("\x1b[1m::x", "\x1b[1m\\::x"),
        # Where colours are stripped, the two stand side by side.
        ("\x1b[1m:\x1b[0m: x", "\x1b[1m\\:\x1b[0m: x"),
        ("a ##\x1b[0m[group]", "a ##\x1b[0m\\[group]"),
        ("a \x1b[1m##\x1b[0mvso\x1b[1m[x]", "a \x1b[1m##\x1b[0mvso\\\x1b[1m[x]"),
        ("a ##[add-path]/tmp", r"a ##\[add-path]/tmp"),
        ("a ##vso[task.setvariable]", r"a ##vso\[task.setvariable]"),
        ("std::vector and ## heading", "std::vector and ## heading"),
    ],
)
def test_workflow_commands_are_defused(text: str, shown: str) -> None:
    assert defuse(text) == shown


def test_later_lines_of_a_message_are_indented() -> None:
    assert clean_lines("a\r\nb\x07\nc", "  ") == "a\n  b\\x07\n  c"


@given(st.text().map(clean), st.integers(1, 40))
def test_cut_keeps_within_the_width_and_says_so(text: str, width: int) -> None:
    short = cut(text, width)
    assert cells(short) <= width
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
