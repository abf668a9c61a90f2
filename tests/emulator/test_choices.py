"""Whatever the documents leave open: every option is known, every two choices meet, and every plan comes to an end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from retinue.core.model import Status
from retinue.engine.apply import apply_changes
from retinue.providers.assistants_v2 import KINDS
from retinue.providers.base import kinds_at
from retinue_conformance.bench import Bench
from retinue_conformance.test_engine import (  # noqa: F401  (run here with the fixture below)
    Engine,
    test_a_field_that_cannot_be_read_back_is_still_updated_and_cleared,
    test_adopt_then_forget_leaves_an_object_as_it_was,
    test_an_edit_outside_is_seen_as_drift_and_repaired,
    test_create_update_and_delete_in_one_apply_leave_nothing_to_do,
)
from retinue_emulator.faults import Behaviour

from ..conformance.openai_subjects import OpenAISubject
from .choices import (
    AGENT_ROWS,
    ALL,
    FOUNDRY_ROWS,
    MANAGED_ROWS,
    MISBEHAVIOUR,
    OF_AGENTS,
    OF_FOUNDRY,
    OF_MANAGED,
    OPEN,
    ROWS,
    Row,
    every_pair,
    label,
    pairs,
)


@contextmanager
def engine_with(row: Row) -> Iterator[Engine]:
    """The engine and provider `openai-assistants` on an emulator that makes the choices of a row."""
    own: Any = OpenAISubject("openai-assistants", behaviour=Behaviour(**row))
    with own as subject:
        service = subject.provider.connect(subject.connection())
        yield Engine(Bench(subject, service, kinds_at(subject.provider, KINDS)["Assistant"]))
        service.close()


@pytest.fixture(params=ROWS, ids=label)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """But for `null`: where a null does not clear, nothing does; see below."""
    with engine_with({**request.param, "null": "clear"}) as found:
        yield found


def test_every_option_is_an_open_choice_or_misbehaviour() -> None:
    assert {field.name for field in fields(Behaviour)} == ALL.keys() | MISBEHAVIOUR


@pytest.mark.parametrize("name", ALL)
def test_the_choices_are_all_that_the_emulator_knows(name: str) -> None:
    wrong: dict[str, Any] = {name: "no such choice"}
    choices = ALL[name]
    assert getattr(Behaviour(), name) == choices[0]
    with pytest.raises(ValueError, match=re.escape(f"{name} is one of {choices},")):
        Behaviour(**wrong)


def test_every_two_choices_meet_in_a_row() -> None:
    met: set[object] = set()
    for row in ROWS:
        assert row.keys() == OPEN.keys()
        met |= pairs(row)
    assert met == every_pair()
    assert len(ROWS) < 20
    assert {pair for row in AGENT_ROWS for pair in pairs(row)} == every_pair(OF_AGENTS)
    assert {pair for row in FOUNDRY_ROWS for pair in pairs(row)} == every_pair(OF_FOUNDRY)
    assert {pair for row in MANAGED_ROWS for pair in pairs(row)} == every_pair(OF_MANAGED)


def test_the_first_row_is_the_defaults() -> None:
    first: Row = ROWS[0]
    assert Behaviour(**first) == Behaviour()


NULL_CLEARS = {"/description", "/instructions", "/name"}
"""The only fields that provider `openai-assistants` clears by a null that can be read back."""


def test_a_service_that_keeps_values_on_null_is_told_of_once_and_the_plan_settles() -> None:
    with engine_with({"null": "keep"}) as engine:
        full, minimal = (engine.bench.desired("one", spec) for spec in (engine.bench.sample.full, {"model": "gpt-4o"}))
        engine.apply([full])
        (outcome,) = apply_changes(engine.plan([minimal]).changes, engine.run)
        assert outcome.status is Status.DONE
        assert {(note.code, note.path) for note in outcome.notes} == {("altered", path) for path in NULL_CLEARS}
        engine.settled([minimal])


def test_a_service_that_refuses_null_fails_the_step_and_keeps_the_object_as_it_was() -> None:
    with engine_with({"null": "refuse"}) as engine:
        bench = engine.bench
        full, minimal = (bench.desired("one", spec) for spec in (bench.sample.full, {"model": "gpt-4o"}))
        engine.apply([full])
        before = bench.subject.live("Assistant")
        (outcome,) = apply_changes(engine.plan([minimal]).changes, engine.run)
        assert outcome.status is Status.FAILED
        assert "expected a string, but got null instead" in (outcome.error or "")
        assert bench.subject.live("Assistant") == before


def test_the_documentation_lists_every_choice(repository: Path) -> None:
    text = (repository / "docs" / "outside-proofs.md").read_text(encoding="utf-8")
    for name, choices in ALL.items():
        told = ", ".join(f"`{choice if isinstance(choice, str) else json.dumps(choice)}`" for choice in choices)
        assert f"| `{name}` | {told} |" in text
