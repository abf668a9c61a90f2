"""Plans and results as Markdown: what it looks like, that it fits, and that nothing foreign is markup in it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retinue.core.model import (
    Action,
    Address,
    Cause,
    Change,
    Diagnostic,
    FieldChange,
    Obstacle,
    Outcome,
    Plan,
    Promotion,
    Reason,
    Severity,
    Status,
)
from retinue.render.fit import LIMIT
from retinue.render.inert import code, fence, html_code, link, units
from retinue.render.markdown import plan_markdown, results_markdown
from retinue.render.results import counts

from . import plans
from .plans import address, plan, prompt, update
from .test_text import GOLDEN

Golden = Callable[[str, str], None]
LINK = "https://ci.example.com/run/1"
HOSTILE = (
    *("```", "````\n</details>", "@acme/all", "<script>", "<!-- x", "[x](javascript:1)", "::error::x", "##[group]"),
    *("![i](//e)", "`", "|", "#1", "\n\n# H", "</code></summary>", "~~~", "&lt;", "\u202e", "$(id)", "${{ x }}"),
)
hostile = st.lists(st.one_of(st.sampled_from(HOSTILE), plans.texts), max_size=8).map("".join)
hostile_fields = st.builds(FieldChange, st.just("/instructions") | hostile, hostile, hostile, st.sampled_from(Cause))
hostile_addresses = st.builds(Address, st.just("Assistant"), hostile)
hostile_plans = plans.plans_of(plans.changes_of(hostile_addresses, hostile_fields, hostile), hostile)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_OWN_HTML = re.compile(r"<details(?: open)?><summary>|</summary>|</details>")


def skeleton(text: str) -> str:
    """The text without its fences, code spans, `<code>` elements and folds: what is left is read as Markdown."""
    kept, closing = [], ""
    for line in text.split("\n"):
        ticks = re.match(r"(`{3,})[^`]*$", line)
        if closing:
            closing = "" if line == closing else closing
        elif ticks:
            closing = ticks[1]
        else:
            kept.append(line)
    assert not closing, "a fence is left open"
    rest = _SPAN.sub("", re.sub(r"<code>[^<>]*</code>", "", "\n".join(kept)))
    assert len(re.findall("<details(?: open)?>", rest)) == rest.count("</details>")
    return _OWN_HTML.sub("", rest)


def assert_inert(text: str) -> None:
    bare = skeleton(text)
    assert not re.search(r"[<>@`\[\]|$&\\]", bare.replace("\n> ", "\n")), bare
    assert not [line for line in text.split("\n") if line.lstrip().startswith("::") or "##[" in line]
    assert not re.search(r"^[^\S\n]*/", text, re.MULTILINE), "a quick action of GitLab"
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b\ud800-\udfff]", text)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_plan_looks_as_reviewed(name: str, golden: Golden) -> None:
    golden(f"markdown/{name}", plan_markdown(GOLDEN[name]))


def test_what_a_promoted_plan_asks_of_the_environment_before_is_said() -> None:
    promoted = plan(update("bot"), promotion=Promotion("staging", verified=True))
    said = "Promoted from `staging`: what is not applied, unchanged and verified there is held."
    assert said in plan_markdown(promoted).splitlines()


def test_results_look_as_reviewed(golden: Golden) -> None:
    outcomes = (
        Outcome(address("a"), Action.CREATE, Status.DONE, "asst_1"),
        Outcome(address("b"), Action.UPDATE, Status.FAILED, "asst_2", "400: no\nsuch model", "Correct `model`."),
        Outcome(address("c"), Action.DELETE, Status.NOT_STARTED, "asst_3", "another step failed"),
    )
    golden("markdown/results", results_markdown(("demo", "dev"), counts(outcomes), outcomes))


@given(hostile_plans)
@settings(max_examples=40)
def test_no_text_from_outside_is_markup(value: Plan) -> None:
    text = plan_markdown(value)
    assert_inert(text)
    for change in value.changes:
        assert code(str(change.address)).strip("` ") in text or html_code(str(change.address))[6:-7] in text


@given(plans.plans, st.integers(3_000, 9_000))
@settings(max_examples=40)
def test_a_shortened_plan_is_inert_too_and_keeps_to_the_limit(value: Plan, limit: int) -> None:
    text = plan_markdown(value, limit=limit, link_to=LINK)
    assert units(text) <= limit
    assert_inert(text.replace(f"[All of it is here]({LINK})", ""))


@given(st.lists(st.tuples(hostile, hostile), max_size=5))
def test_results_are_inert(errors: list[tuple[str, str]]) -> None:
    outcomes = [Outcome(Address("Assistant", a), Action.UPDATE, Status.FAILED, b, b, a) for a, b in errors]
    notes = [Diagnostic("x", message, remedy) for message, remedy in errors]
    assert_inert(results_markdown(("demo", "dev"), "nothing", outcomes, notes))


def _big(deletes: int, updates: int) -> Plan:
    old, new = prompt(), "\n".join(f"``` another {n} 👩" for n in range(400))
    gone = [Change(address(f"gone-{n}"), Action.DELETE, Reason.ORPHAN, f"asst_{n:024}") for n in range(deletes)]
    stuck = Change(address("stuck"), Action.DELETE, Reason.ORPHAN, "asst_s", blocked=Obstacle("brake", "w " * 9_000))
    made = [update(f"new-{n}", FieldChange("/instructions", old, new)) for n in range(updates)]
    return plan(*made, *gone, stuck)


@pytest.mark.parametrize("updates", [1, 100, 5_000])
def test_destructive_steps_come_first_and_are_never_cut(updates: int) -> None:
    value = _big(300, updates)
    text = plan_markdown(value, link_to=LINK)
    assert units(text) <= LIMIT
    lines = text.split("\n")
    assert "- `- Assistant/stuck`" in text
    assert all(f"Assistant/gone-{n}`" in text for n in range(300))
    order = [lines.index(f"#### {title}") for title in ("Blocked", "Delete", "Update")]
    assert order == sorted(order)
    if updates > 1:
        assert "**Too long for this place**: " in text
        assert f"[All of it is here]({LINK})." in text
    left = sum(f"Assistant/new-{n}" in text for n in range(updates))
    assert (f"not shown: {updates - left} to update" in text) == (left < updates)


@pytest.mark.parametrize("assistants", [1, 120])
def test_a_shortened_change_shows_both_sides_and_says_where_the_whole_is(assistants: int) -> None:
    rules = 31 if assistants > 1 else 2_000
    old, new = ("\n".join(f"{word} rule {number} of the prompt" for number in range(rules)) for word in ("Old", "New"))
    changes = (update(f"a-{number}", FieldChange("/instructions", old, new)) for number in range(assistants))
    text = plan_markdown(plan(*changes), link_to=LINK)
    assert units(text) <= LIMIT
    minus, plus = (
        len(re.findall(rf"^{sign} .*{word} rule", text, re.MULTILINE)) for sign, word in (("-", "Old"), (r"\+", "New"))
    )
    assert minus == plus >= assistants
    assert text.count("… shortened; the top of this text says where the full text is") == assistants
    assert f"**Too long for this place**: {assistants} entr" in text.split("####")[0]
    assert f"[All of it is here]({LINK})." in text.split("####")[0]


def test_a_short_change_is_open_and_a_long_one_folded() -> None:
    text = plan_markdown(plan(*(update(f"x{n}", FieldChange("/instructions", "a", "b\n" * n)) for n in (5, 50))))
    assert re.findall("<details( open)?><summary><code>~ Assistant/(x[0-9]+)", text) == [(" open", "x5"), ("", "x50")]


def test_what_does_not_fit_at_all_is_counted() -> None:
    many = plan(*(Change(address(f"{n}-{'x' * 50}"), Action.DELETE, Reason.ORPHAN, "asst") for n in range(2_000)))
    text = plan_markdown(many)
    assert units(text) <= LIMIT
    shown = text.count("Assistant/")
    assert f"not shown: {2_000 - shown} to delete. `retinue show PLANFILE` shows all of it." in text


def test_a_plan_that_fits_is_not_shortened() -> None:
    value = plan(update("x", FieldChange("/instructions", "a\n" * 300, "b\n" * 300)))
    text = plan_markdown(value)
    assert "Too long" not in text
    assert text.count("\n+ ") == text.count("\n- ") == 300


def test_a_fence_is_longer_than_any_in_it() -> None:
    value = plan(update("x", FieldChange("/instructions", "a", "b\n`````\n</details>\n@all")))
    assert "\n``````diff\n" in plan_markdown(value)


def test_no_line_is_a_quick_action_of_gitlab_whatever_the_length_of_the_fence() -> None:
    notes = tuple(
        Diagnostic(f"{n}", text, severity=Severity.INFO, path=path)
        for n, (text, path) in enumerate(
            [("/merge", None), ("`````", None), ("x\n/approve", "/close"), ("\t /close", None)]
        )
    )
    warned = Diagnostic("w", "x\n/merge", "do\n/close", path="/title", severity=Severity.WARNING)
    value = plan(update("x", FieldChange("/instructions", "/close", "`````\n/merge")), diagnostics=(*notes, warned))
    assert_inert(plan_markdown(value))


@given(hostile)
def test_a_code_span_a_fence_and_an_element_hold_any_text(text: str) -> None:
    assert skeleton(code(text)) == ""
    assert skeleton(fence(text)) == ""
    assert skeleton(html_code(text)) == ""


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://", "https://a b", "https://a\n", "//x", "https://[x"])
def test_a_link_that_is_no_web_address_is_only_text(url: str) -> None:
    assert link("here", url) == "here"


def test_a_link_cannot_close_itself() -> None:
    assert link("here", "https://x/a)b(c[d]<e>`f") == "[here](https://x/a%29b%28c%5Bd%5D%3Ce%3E%60f)"
