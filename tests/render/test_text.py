"""The plan as text: the written look in golden files, and what holds for every plan."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.marker import Owner
from retinue.core.model import Action, Cause, Change, Diagnostic, FieldChange, Obstacle, Plan, Reason, Severity
from retinue.render.style import Style
from retinue.render.text import plan_text, summary_line

from . import plans
from .plans import address, lookup_order, plan, prompt, update

Golden = Callable[[str, str], None]
PLAIN, COLOR = Style(color=False), Style(color=True)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

ANSWER = update(
    "math-tutor",
    FieldChange("/temperature", 1, 0.2),
    FieldChange(
        "/instructions",
        prompt(l12="Answer in one sentence."),
        prompt(l12="Answer in at most three sentences, and show your work."),
    ),
    FieldChange("/model", "gpt-4o-mini", "gpt-4o", Cause.DRIFT),
)
GREETER = Change(
    address("greeter"),
    Action.CREATE,
    Reason.NEW,
    fields=(
        FieldChange("/name", None, "Greeter"),
        FieldChange("/model", None, "gpt-4o"),
        FieldChange("/instructions", None, prompt()),
        FieldChange("/tools", None, [{"type": "code_interpreter"}, lookup_order()]),
        FieldChange("/metadata", None, {"owner": "cx@example.com", "floor": "2"}),
        FieldChange("/temperature", None, 0.2),
        FieldChange("/response_format", None, {"type": "json_schema", "json_schema": {"name": "triage", "schema": {}}}),
    ),
)
OLD_BOT = Change(address("old-bot"), Action.DELETE, Reason.ORPHAN, "asst_9zz")
BRAKE = Obstacle(
    "brake",
    "2 deletes at once, of 5 owned (at most 1 goes unacknowledged)",
    ("removed: [Assistant/old-bot, Assistant/older-bot]", "--allow brake=2"),
)
NESTED = update(
    "support",
    FieldChange("/description", "Helps " + "and explains " * 8, "Helps " + "and explains " * 7 + "a lot", Cause.BOTH),
    FieldChange(
        "/instructions",
        prompt(),
        prompt(l3="Rule 3: answer in German.", l30="Rule 30: \x1b[31mred\u202e.").replace(
            "\nRule 40: stay polite.", ""
        ),
    ),
    FieldChange(
        "/tools",
        [{"type": "file_search"}, lookup_order()],
        [
            lookup_order(
                strict=True, parameters={"type": "object", "properties": {"city": {"type": "string", "enum": ["Bonn"]}}}
            ),
            {"type": "file_search", "file_search": {"max_num_results": 8}},
            {"type": "code_interpreter"},
        ],
    ),
    FieldChange(
        "/tool_resources",
        {"code_interpreter": {"file_ids": ["file-a", "file-b"]}},
        {"code_interpreter": {"file_ids": ["file-c", "file-b"]}},
    ),
    FieldChange("/metadata", {"owner": "a", "x.y": "1"}, {"owner": "b", "note": "::error::no"}, Cause.DRIFT),
    FieldChange("/response_format", "auto", {"type": "json_schema", "json_schema": {"name": "triage", "schema": {}}}),
    FieldChange("/reasoning_effort", None, "low"),
    FieldChange("/retinue/protect", False, True),
)
GOLDEN = {
    "design": plan(ANSWER, GREETER, OLD_BOT),
    "nested": plan(NESTED),
    "order": plan(
        update(
            "swap",
            FieldChange(
                "/tools",
                [{"type": "file_search"}, lookup_order()],
                [lookup_order(), {"type": "file_search"}],
                Cause.DRIFT,
            ),
        )
    ),
    "actions": plan(
        Change(address("taken"), Action.ADOPT, Reason.ADOPTED, "asst_t", (FieldChange("/top_p", 0.5, 1),)),
        Change(address("let-go"), Action.FORGET, Reason.REMOVED, "asst_f"),
        Change(
            address("new"),
            Action.MOVE,
            Reason.MOVED,
            "asst_m",
            moved_from=Owner("helpdesk-k3f9", "prod", address("old")),
        ),
        Change(
            address("ours"),
            Action.MOVE,
            Reason.FORMERLY,
            "asst_o",
            moved_from=Owner("helpdesk", "prod", address("ours")),
        ),
        Change(address("voice"), Action.REPLACE, Reason.MANIFEST, "asst_r", (FieldChange("/model", "a", "b"),)),
        update("referrer", FieldChange("/model", "a", "b"), reason=Reason.REFERENCE),
        Change(address("twice"), Action.DELETE, Reason.DUPLICATE, "asst_" + "d" * 24),
    ),
    "blocked": plan(
        Change(
            address("greeter"),
            Action.CREATE,
            Reason.NEW,
            fields=(FieldChange("/name", None, "Greeter"),),
            blocked=Obstacle(
                "twin",
                "asst_1 is live, is named “Greeter” too, and is not managed",
                ("retinue: {adopt: {prod: asst_1}}", "to create a second one: --allow twin:Assistant/greeter"),
            ),
        ),
        update("waits", FieldChange("/model", "a", "b"), held=Obstacle("unverified", "it was not verified in dev")),
        Change(address("old-bot"), Action.DELETE, Reason.ORPHAN, "asst_9zz", blocked=BRAKE),
        Change(address("older-bot"), Action.DELETE, Reason.ORPHAN, "asst_9zy", blocked=BRAKE),
    ),
    "narrowed": plan(
        update("math-tutor", FieldChange("/temperature", 1, 0.2)),
        complete=False,
        diagnostics=(
            Diagnostic("foreign", "12 objects not managed here, left alone", severity=Severity.INFO),
            Diagnostic(
                "copy",
                "asst_2 is a copy of asst_1, marker and all; it is left alone",
                "Delete the copy in the service.",
                address="Assistant/math-tutor",
                severity=Severity.WARNING,
            ),
        ),
    ),
    "no-changes": plan(unchanged=9),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_plan_looks_as_reviewed(name: str, golden: Golden) -> None:
    golden(name, plan_text(GOLDEN[name], style=PLAIN))


def test_unchanged_objects_are_shown_on_request(golden: Golden) -> None:
    shown = plan(OLD_BOT, unchanged=2, unchanged_addresses=(address("a"), address("b")))
    golden("unchanged", plan_text(shown, style=PLAIN, show_unchanged=True))
    assert "Assistant/a\n" not in plan_text(shown, style=PLAIN)


def test_colour_only_adds_colour() -> None:
    for value in GOLDEN.values():
        assert _ANSI.sub("", plan_text(value, style=COLOR)) == plan_text(value, style=PLAIN)


def test_changed_words_are_marked_in_colour() -> None:
    text = plan_text(plan(ANSWER), style=COLOR)
    assert "\x1b[31;7mone sentence\x1b[0m" in text
    assert "\x1b[32;7mat most three sentences, and show your work\x1b[0m" in text


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "This environment owns nothing"),
        (1, "1 object matches its manifest"),
        (9, "9 objects match their manifests"),
    ],
)
def test_no_changes_counts_what_matches(count: int, words: str) -> None:
    assert summary_line(plan(unchanged=count)) == f"No changes. {words}."


def test_summary_always_names_the_four_main_actions_and_others_only_if_there() -> None:
    assert summary_line(plan(OLD_BOT)) == "Plan: 0 to create, 0 to update, 0 to replace, 1 to delete."
    assert summary_line(GOLDEN["blocked"]).endswith("2 to delete, 3 blocked, 1 held.")


def test_values_that_look_alike_are_told_apart() -> None:
    text = plan_text(plan(update("x", FieldChange("/name", "caf\u00e9", "cafe\u0301"))), style=PLAIN)
    assert r'"caf\u00e9" → "cafe\u0301"' in text


def test_credentials_in_an_endpoint_are_not_shown() -> None:
    text = plan_text(plan(endpoint="https://me:secret@host:8443/v1?key=secret"), style=PLAIN)
    assert "(azure-openai, host:8443)" in text
    assert "secret" not in text


def test_long_rewrites_are_shown_whole() -> None:
    old, new = "\n".join(f"old {n}" for n in range(500)), "\n".join(f"new {n}" for n in range(500))
    text = plan_text(plan(update("x", FieldChange("/instructions", old, new))), style=PLAIN)
    assert "instructions     500 of 500 lines changed" in text
    assert "500 - old 499" in text
    assert "500 + new 499" in text


@given(plans.plans, st.booleans(), st.sampled_from([1, 20, 100]))
def test_every_plan_is_shown_safely_and_whole(value: Plan, unchanged: bool, width: int) -> None:
    text = plan_text(value, style=PLAIN, show_unchanged=unchanged, width=width)
    assert not _FORBIDDEN.search(text)
    assert text.encode().decode() == text
    lines = text.split("\n")
    assert lines[-1] == ""
    assert lines[-2] == summary_line(value)
    assert not [line for line in lines if line.lstrip().startswith("::") or "##[" in line or "##vso[" in line]
    for change in value.changes:
        heads = [line for line in lines if re.match(rf"[ +~←.>/-]{{3}} {re.escape(str(change.address))}( |$)", line)]
        assert len(heads) >= sum(other.address == change.address for other in value.changes)
    assert text.count("\n      blocked: ") >= sum(change.blocked is not None for change in value.changes)
    assert plan_text(value, style=PLAIN, show_unchanged=unchanged, width=width) == text


@given(plans.plans)
def test_colour_brings_no_other_escape(value: Plan) -> None:
    text = plan_text(value, style=COLOR)
    assert not _FORBIDDEN.search(_ANSI.sub("", text))
    assert not [line for line in _ANSI.sub("", text).split("\n") if line.lstrip().startswith("::")]


def test_on_a_narrow_terminal_a_remark_that_does_not_fit_has_a_line_of_its_own() -> None:
    change = update("math-tutor", FieldChange("/model", "gpt-4o-mini", "gpt-4o", Cause.DRIFT))
    expired = Change(address("voice"), Action.REPLACE, Reason.EXPIRED, "asst_" + "r" * 24)
    lines = plan_text(plan(change, expired), width=72).splitlines()
    assert "        drift: changed outside retinue since the last apply" in lines
    assert "      it expired; a new one takes its place" in lines
    assert max(map(len, lines)) <= 72
    wide = plan_text(plan(change, expired), width=120).splitlines()
    assert wide == plan_text(plan(change, expired)).splitlines()


@pytest.mark.parametrize("width", [80, 120, 160])
def test_a_remark_wraps_on_no_terminal(width: int) -> None:
    drifted = FieldChange("/description", "x" * 300, None, Cause.DRIFT)
    change = update("a-very-long-name-of-an-assistant-for-a-support-team", drifted)
    lines = plan_text(plan(change), width=width).splitlines()
    # A head is never cut: its address and its id are there to be copied.
    assert max(len(line) for line in lines if str(change.remote_id) not in line) <= width


def test_a_line_that_is_brief_fits_the_terminal() -> None:
    change = Change(address("a"), Action.CREATE, Reason.NEW, fields=(FieldChange("/name", None, "word " * 40),))
    widest = [max(map(len, plan_text(plan(change), width=width).splitlines())) for width in (72, 100, 130)]
    assert widest == [72, 100, 130]
