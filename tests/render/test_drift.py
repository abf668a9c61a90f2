"""Drift as Markdown: fences that nothing in them closes, and never longer than a comment may be."""

from __future__ import annotations

import re

from retinue.core.drift import Drift, Drifted, What, drift_of
from retinue.core.model import Cause, FieldChange, Plan
from retinue.render.markdown import drift_markdown
from retinue.render.side_by_side import drift_text


def of(*items: Drifted) -> Drift:
    return Drift(Plan("demo", "dev", "openai-assistants", "http://127.0.0.1/v1"), items, (), ())


def edited(text: str, number: int = 0) -> Drifted:
    fields = (FieldChange("/instructions", text, "asked", Cause.DRIFT),)
    return Drifted(What.CHANGED, f"Assistant/a{number}", f"asst_{number}", fields)


def test_what_is_live_cannot_close_the_fence() -> None:
    text = drift_markdown(of(edited("a\n````\n# not a heading\n```")))
    fence = next(line for line in text.splitlines() if line.startswith("`````"))
    assert fence == "`````diff"
    assert [line for line in text.splitlines() if re.fullmatch("`{5,}", line)] == ["`````"]
    assert text.splitlines()[-3:] == ["`````", "", "</details>"]


def test_a_long_report_is_cut_between_lines_and_says_so() -> None:
    text = drift_markdown(of(*(edited("😀" * 40, number) for number in range(2000))))
    assert len(text.encode("utf-16-le")) // 2 < 65_536
    assert re.search(r"^\*\*Too long for this place\*\*: \d+ .* `retinue drift` shows all of it\.$", text, re.MULTILINE)
    assert "**Drift: 2000 changed.**" in text


def test_no_line_of_a_live_text_is_a_command_to_a_runner() -> None:
    for text in (drift_text(of(edited("::set-output x\n::error::y"))), drift_markdown(of(edited("::error::y\nz")))):
        assert not re.search(r"^\s*::", text, re.MULTILINE)


def test_nothing_moved_is_one_line() -> None:
    text = drift_markdown(drift_of(Plan("demo", "dev", "openai-assistants", "emulator", unchanged=9)))
    assert text == (
        "retinue: `demo / dev (openai-assistants, emulator)`: **No drift. 9 objects are as they were last applied.**\n"
    )
