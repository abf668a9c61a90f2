"""Variables: replaced in text, typed when they are the whole scalar, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.model import Diagnostic, Place
from retinue.load.files import MAX_BYTES
from retinue.load.variables import Variables

AT = Place("a.yaml", 2, 8)
VARIABLES = Variables({"model": "gpt-4o", "heat": 0.2, "on": True, "none": None, "two-words": "a b"}, "dev")


def scalar(text: str) -> tuple[Any, list[str]]:
    problems: list[Diagnostic] = []
    value = VARIABLES.scalar(text, AT, problems)
    assert all(problem.remedy for problem in problems)
    return value, [f"{problem.place}: {problem.code}" for problem in problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${var.model}", "gpt-4o"),
        ("${var.heat}", 0.2),
        ("${var.on}", True),
        ("${var.none}", None),
        ("${var.two-words}", "a b"),
        ("heat ${var.heat}, ${var.on}, ${var.model}", "heat 0.2, true, gpt-4o"),
        ("$${var.model}", "${var.model}"),
        ("$$${var.model}", "$${var.model}"),
        ("$${env.X} costs $5 {x}", "${env.X} costs $5 {x}"),
        ("$ {var.model} $var", "$ {var.model} $var"),
    ],
)
def test_replacement(text: str, value: Any) -> None:
    assert scalar(text) == (value, [])
    assert type(scalar(text)[0]) is type(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${var.modle}", "variable-undefined"),
        ("x ${var.modle}", "variable-undefined"),
        ("${env.HOME}", "variable-syntax"),
        ("${model}", "variable-syntax"),
        ("${}", "variable-syntax"),
        ("${ var.model }", "variable-syntax"),
        ("${var.}", "variable-syntax"),
        ("x ${var.model", "variable-syntax"),
    ],
)
def test_anything_else_is_a_problem_and_stays(text: str, code: str) -> None:
    assert scalar(text) == (text, [f"{AT}: {code}"])


def test_an_undefined_variable_says_what_may_be_meant() -> None:
    problems: list[Diagnostic] = []
    VARIABLES.scalar("${var.modle}", AT, problems)
    assert problems[0].message == "the variable `modle` is not defined (environment `dev`)"
    assert "`${var.model}`" in str(problems[0].remedy)
    Variables({}).scalar("${var.x}", AT, problems)
    assert "no environment was chosen" in problems[1].message
    assert "none" in str(problems[1].remedy)


def test_in_a_whole_file_every_problem_has_its_own_place() -> None:
    problems: list[Diagnostic] = []
    text = VARIABLES.text("one\n ${var.x} ${var.model}\n${y}", Place("p.md", 1, 1), problems, exact=True)
    assert text == "one\n ${var.x} gpt-4o\n${y}"
    assert [str(problem.place) for problem in problems] == ["p.md:2:2", "p.md:3:1"]


def test_a_value_is_not_searched_for_variables_again() -> None:
    assert Variables({"a": "${var.b}", "b": "x"}).scalar("<${var.a}>", AT, []) == "<${var.b}>"


def test_variables_of_other_environments_are_second_choice() -> None:
    variables = Variables({"a": 1}, "dev", {"a": 2, "b": 3})
    assert variables.scalar("${var.a}${var.b}", AT, []) == "13"


def test_variables_cannot_blow_a_text_up() -> None:
    problems: list[Diagnostic] = []
    variables = Variables({"x": "y" * 100_000})
    assert variables.text("${var.x}" * (MAX_BYTES // 100_000 + 1), AT, problems).startswith("${var.x}")
    assert [problem.code for problem in problems] == ["variable-too-large"]
    variables.text("${var.y}" * 250_000, AT, problems, exact=True)
    assert len(problems) == 2


def test_a_flood_of_problems_is_cut_short() -> None:
    problems: list[Diagnostic] = []
    VARIABLES.text("${x}" * 100_000, AT, problems, exact=True)
    assert len(problems) == 100


@given(st.text(alphabet="${}var.x$ \n", max_size=40))
def test_text_without_the_opening_is_untouched_and_escaping_gives_any_text(text: str) -> None:
    problems: list[Diagnostic] = []
    escaped = text.replace("${", "$${")
    result = Variables({}).scalar(escaped, AT, problems)
    assert problems == []
    assert result == text
