"""What a saved plan may ask for: all that a plan is made of, and nothing that an apply could not carry out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.model import Action, Address, Change, FieldChange, Plan, Reason
from retinue.core.saved_plan import faults
from retinue.providers.assistants_v2 import KINDS

from . import worlds

CREATE = Change(worlds.at("a"), Action.CREATE, Reason.NEW, fields=(FieldChange("/name", None, "A"),))
UPDATE = replace(CREATE, action=Action.UPDATE, remote_id="asst_1")


FILE = Address("File", "d/x.md")


def found(*changes: Change) -> list[str]:
    return faults(Plan("demo", "dev", "openai-assistants", "emulator", changes=changes), KINDS)


def field(path: str, after: Any) -> Change:
    return replace(CREATE, fields=(FieldChange(path, None, after),))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (replace(CREATE, address=Address("Robot", "a")), "Robot/a: there is no kind `Robot`"),
        (replace(CREATE, address=Address("Assistant", "../b")), "Assistant/../b: no object can have this address"),
        (replace(CREATE, address=FILE), "File/d/x.md: it does not say which bytes are to be sent"),
        (
            replace(UPDATE, address=FILE, fields=()),
            "File/d/x.md: this version of retinue cannot carry out `update` of a file",
        ),
        (replace(UPDATE, action=Action.NO_OP), "Assistant/a: this version of retinue cannot carry out `no-op`"),
        (replace(UPDATE, remote_id=None), "Assistant/a: its `update` names no live object"),
        (replace(UPDATE, action=Action.DELETE, remote_id=""), "Assistant/a: its `delete` names no live object"),
        (field("/colour", 1), "Assistant/a: there is no field `/colour`"),
        (field("name", "A"), "Assistant/a: there is no field `name`"),
        (field("/name/first", "A"), "Assistant/a: there is no field `/name/first`"),
        (field("/metadata", 3), "Assistant/a: `/metadata` is not a mapping"),
        (field("/tools", {}), "Assistant/a: `/tools` is not a list"),
        (field("/retinue/colour", 1), "Assistant/a: there is no field `/retinue/colour`"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_carried_out_is_said(change: Change, fault: str) -> None:
    (said,) = found(change)
    assert said.startswith(fault)


def test_two_steps_for_one_address_are_a_fault_unless_one_takes_an_object_away() -> None:
    double = replace(UPDATE, action=Action.DELETE, reason=Reason.DUPLICATE, remote_id="asst_2")
    assert found(UPDATE, double) == []
    assert found(CREATE, CREATE) == ["Assistant/a: it is listed twice"]


def test_steps_that_need_each_other_are_a_fault() -> None:
    other = replace(CREATE, address=worlds.at("b"), requires=(worlds.at("a"),))
    assert found(replace(CREATE, requires=(worlds.at("b"),)), other)[0].endswith("these need each other")
    assert found(replace(CREATE, requires=(worlds.at("a"),)))[0].endswith("these need each other")


@given(wanted=st.lists(worlds.specs, max_size=3), held=st.lists(worlds.specs, max_size=3), protect=st.booleans())
def test_every_plan_that_is_made_can_be_carried_out(
    wanted: list[dict[str, Any]], held: list[dict[str, Any]], protect: bool
) -> None:
    manifests = [worlds.desired(f"a{number}", spec, protect=protect) for number, spec in enumerate(wanted)]
    live = [worlds.managed(worlds.desired(f"a{number * 2}", spec)) for number, spec in enumerate(held)]
    assert faults(worlds.plan(manifests, live), KINDS) == []
