"""What was allowed, by code: each flag that a block prints lifts it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from retinue.core.allowed import FORMS, Allowed, Extent, flag
from retinue.core.model import Desired, Plan, Promotion
from retinue.core.promotion import proof_of

from .worlds import at, desired, fleet, foreign, managed, plan

Situation = Callable[..., Plan]
BOT = desired("bot", {"model": "m", "name": "Bot", "instructions": "Answer in at most three sentences, kindly."})
OTHER = desired("kot", BOT.spec)
UNREADABLE = replace(managed(BOT, id="asst_d"), marker_address="demo/dev/Assi")
DRIFTED = managed(BOT, spec={**BOT.spec, "instructions": "x", "top_p": 1, "temperature": 1})
ANTS = fleet(4)


def _promoted(**options: Any) -> Plan:
    proof = proof_of(Promotion("test"), plan([BOT], []), frozenset())
    return plan([BOT], [], proof=proof, **options)


SITUATIONS: dict[str, Situation] = {
    "brake": lambda **options: plan(ANTS[2:], map(managed, ANTS), **options),
    "the last": lambda **options: plan([], [managed(BOT)], **options),
    "destroy": lambda **options: plan([], map(managed, ANTS), destroy=True, **options),
    "critical": lambda **options: plan(ANTS[1:], map(managed, ANTS), target={"critical": True}, **options),
    "protected": lambda **options: plan([], [managed(BOT, protected=True)], **options),
    "damaged": lambda **options: plan(ANTS[1:], [managed(item, damaged=True) for item in ANTS], **options),
    "twin": lambda **options: plan([BOT], [foreign("asst_1", name="Bot")], **options),
    "several twins": lambda **options: plan([BOT, OTHER], [foreign("asst_1", name="Bot")], **options),
    "unreadable": lambda **options: plan([BOT, OTHER], [UNREADABLE], **options),
    "renamed project": lambda **options: plan(ANTS, [managed(item, project="old") for item in ANTS], **options),
    "drift": lambda **options: plan([BOT], [DRIFTED], target={"deny_drift": True}, **options),
    "renamed": lambda **options: plan([OTHER], [managed(BOT)], **options),
    "promoted": _promoted,
}


def printed(made: Plan) -> Allowed:
    """All that its blocks and holds say may be allowed, read as a person would paste it."""
    codes: dict[str, Extent] = {}
    stopped = [item for change in made.changes for item in (change.blocked, change.held) if item]
    for text in {found for item in stopped for way in item.remedies for found in re.findall(r"--allow (\S+)", way)}:
        code, number, address = re.fullmatch(r"([a-z]+)(?:=([0-9]+)|:(\S+))?", text).groups()  # type: ignore[union-attr]
        before = codes.get(code, ())
        codes[code] = int(number) if number else (*before, address) if address and isinstance(before, tuple) else True
    return Allowed(codes)


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
def test_what_is_printed_lifts_what_prints_it(situation: Situation) -> None:
    codes: dict[str, Extent] = {}
    made = situation()
    assert any(change.blocked or change.held for change in made.changes)
    for _ in FORMS:
        found = printed(made)
        codes |= found.codes
        made = situation(allowed=Allowed(codes))
        if not any(change.blocked or change.held for change in made.changes):
            break
        assert found
    assert [(change.blocked, change.held) for change in made.changes if change.blocked or change.held] == []
    assert made.allowed.codes == codes


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
def test_what_is_said_of_others_lifts_nothing(situation: Situation) -> None:
    others = Allowed({code: ("Assistant/nobody",) for code, form in FORMS.items() if form.sign == ":"})
    assert [change.blocked for change in situation(allowed=others).changes] == [
        change.blocked for change in situation().changes
    ]


def test_a_twin_is_allowed_for_one_and_the_other_stays_blocked() -> None:
    for name in ("several twins", "unreadable"):
        made = SITUATIONS[name](allowed=Allowed({"twin": ("Assistant/bot",)}))
        assert [change.blocked is None for change in made.changes] == [True, False]
    made = SITUATIONS["renamed project"](allowed=Allowed({"twin": ("Assistant/a00", "Assistant/a02")}))
    assert [change.blocked is None for change in made.changes] == [True, False, True, False]


@pytest.mark.parametrize("given", [0, 1, 3, 4, 400])
def test_the_brake_takes_just_its_number(given: int) -> None:
    made = SITUATIONS["brake"](allowed=Allowed({"brake": given}))
    refused = [change.blocked for change in made.changes if change.blocked]
    assert [item.code for item in refused] == ["brake", "brake"]
    assert refused[0].message == f"--allow brake={given} was given, but this plan deletes 2"
    assert refused[0].remedies[-1] == flag("brake", 2)
    assert "brake" not in made.allowed.codes


@pytest.mark.parametrize(
    "wanted", [[], ANTS, [replace(it, spec={**it.spec, "name": "x"}) for it in ANTS]], ids=["all", "none", "updates"]
)
def test_a_number_that_is_refused_leaves_what_else_was_allowed(wanted: list[Desired]) -> None:
    allowed = Allowed({"brake": 9, "twin": True, "drift": ("Assistant/a00",)})
    for protected in (False, True):
        live = [managed(item, protected=protected) for item in ANTS]
        assert plan(wanted, live, allowed=allowed).allowed == allowed.without("brake")


def test_no_delete_is_what_a_brake_of_none_says() -> None:
    assert [change.blocked for change in plan([BOT], [], allowed=Allowed({"brake": 0})).changes] == [None]


def test_it_is_written_as_it_is_pasted() -> None:
    said: dict[str, Extent] = {"twin": True, "drift": ("Assistant/a", "Assistant/b"), "brake": 4}
    assert Allowed(said).flags() == [
        "--allow brake=4",
        "--allow drift:Assistant/a",
        "--allow drift:Assistant/b",
        "--allow twin",
    ]
    assert (flag("brake", 4), flag("twin"), flag("twin", at("a"))) == (
        "--allow brake=4",
        "--allow twin",
        "--allow twin:Assistant/a",
    )
