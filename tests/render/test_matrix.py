"""What each service can hold, as text, Markdown and JSON."""

from __future__ import annotations

from retinue.render.matrix import Sheet, matrix_json, matrix_markdown, matrix_text, sheet_text

ONE = Sheet(
    "one",
    "The first",
    {"keeps versions": True, "updates": "full"},
    {"Assistant": {"name": ("native", ""), "tools": ("unsupported", "there | are none"), "own": ("native", "x")}},
)
TWO = Sheet("second", "The other", {}, {"Assistant": {"name": ("emulated", "as a label"), "tools": ("native", "")}})


def test_the_table_has_a_row_for_each_field_and_a_column_for_each_provider() -> None:
    lines = matrix_text([ONE, TWO]).splitlines()
    assert lines[:2] == ["one     The first", "second  The other"]
    assert lines[3:7] == [
        "Assistant  one          second",
        "  name     native       emulated",
        "  tools    unsupported  native",
        "  own      native       -",
    ]


def test_one_provider_comes_with_its_reasons() -> None:
    text = sheet_text(ONE)
    assert text.startswith("one: The first\n\n  keeps versions  yes\n  updates         full\n")
    assert "    tools  unsupported  there | are none\n" in text


def test_markdown_has_the_notes_of_a_single_provider_and_no_broken_cell() -> None:
    assert "| `tools` | unsupported | there \\| are none |\n" in matrix_markdown([ONE])
    assert matrix_markdown([ONE, TWO]).splitlines()[:3] == [
        "| Assistant | one | second |",
        "| --- | --- | --- |",
        "| `name` | native | emulated |",
    ]


def test_json_says_it_all() -> None:
    found = matrix_json([ONE, TWO])["providers"]
    assert found["second"]["fields"]["Assistant"]["name"] == {"support": "emulated", "note": "as a label"}
    assert found["one"]["facts"]["keeps versions"] is True
