"""Reports as a page of HTML: it holds all of it, and nothing foreign is markup in it."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given, settings

from retinue.core.compare import Comparison
from retinue.core.drift import Drift, Drifted, What
from retinue.core.model import WRITTEN, Action, Change, Diagnostic, FieldChange, Obstacle, Place, Plan, Reason, Severity
from retinue.render.safe import clean
from retinue.render.webpage import comparison_html, drift_html, plan_html

from .plans import address, plan, prompt, update
from .test_markdown import hostile_plans
from .test_text import GOLDEN

ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "pre", "code", "strong", "span", "b", "i"),
    *("em", "del", "ins", "div", "details", "summary"),
}
ATTRIBUTES = {"class", "open", "lang", "charset", "http-equiv", "name", "content"}


class Reader(HTMLParser):
    """Tags, attributes and the text of a page; fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def read(page: str) -> str:
    """What a reader sees, everything unfolded."""
    return "".join(Reader(page).texts)


@given(hostile_plans)
@settings(max_examples=40)
def test_no_text_from_outside_is_markup(value: Plan) -> None:
    page = plan_html(value)
    seen = read(page)
    assert not [line for line in page.split("\n") if line.lstrip().startswith("::") or "##" in line]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b\ud800-\udfff]", page)
    assert all(clean(str(change.address)) in seen for change in value.changes)


def test_both_texts_stand_on_the_page_whole() -> None:
    before, after = prompt(), prompt(l12="Answer <b>briefly</b> & kindly.", l30="::error::x")
    page = plan_html(plan(update("x", FieldChange("/instructions", before, after))))
    seen = read(page)
    for line in (*before.split("\n"), *after.split("\n")):
        assert line in seen
    assert page.count('<details class="fold">') == page.count("unchanged lines</summary>") == 3
    made = Change(address("new"), Action.CREATE, Reason.NEW, fields=(FieldChange("/instructions", None, after),))
    assert all(line in read(plan_html(plan(made))) for line in after.split("\n"))


def test_changed_words_are_marked() -> None:
    page = plan_html(
        plan(update("x", FieldChange("/instructions", "a\nAnswer in one line.", "a\nAnswer in two words.")))
    )
    assert "Answer in <del>one line</del>." in page
    assert "Answer in <ins>two words</ins>." in page


def test_the_page_asks_for_nothing_and_allows_nothing() -> None:
    page = plan_html(GOLDEN["nested"])
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in page
    assert not re.search(r"https?:|src=|href=|url\(|@import|<script|style=", page)
    assert "prefers-color-scheme:dark" in page


def test_what_is_blocked_comes_first_then_what_destroys_and_all_is_said() -> None:
    page = plan_html(GOLDEN["blocked"])
    assert re.findall("<h2>(.*?)</h2>", page) == ["Blocked", "Update"]
    assert re.findall("<h2>(.*?)</h2>", plan_html(GOLDEN["actions"]))[:2] == ["Delete", "Replace"]
    seen = read(page)
    assert "--allow brake=2" in seen
    assert "held: it was not verified in dev" in seen
    noted = replace(
        GOLDEN["design"],
        diagnostics=(
            Diagnostic("foreign", "12 objects not managed here, left alone", severity=Severity.INFO),
            Diagnostic(
                WRITTEN, "x", None, Place("a<b.md", 12, 1), "Assistant/math-tutor", "/instructions", Severity.INFO
            ),
        ),
    )
    assert "12 objects not managed here, left alone" in read(plan_html(noted))
    assert "<em>a&lt;b.md:12</em>" in plan_html(noted)


def test_a_short_change_is_open_and_a_long_one_folded() -> None:
    changes = (update(f"x{n}", FieldChange("/instructions", "a", "b\n" * n)) for n in (5, 90))
    page = plan_html(plan(*changes))
    assert re.findall('class="entry"( open)?><summary><code>~ <strong>Assistant/(x[0-9]+)', page) == [
        (" open", "x5"),
        ("", "x90"),
    ]


def test_drift_and_a_comparison_are_pages_too() -> None:
    fields = (FieldChange("/instructions", "live <1>\nb", "manifest <2>\nb"),)
    item = Drifted(What.CHANGED, "Assistant/a", "asst_1", fields)
    lost = Drifted(What.MISSING, "Assistant/b", message="not live", remedy="do <this>")
    seen = read(drift_html(Drift(Plan("demo", "dev", "flowise", "http://127.0.0.1"), (item, lost), (), ())))
    for text in (
        "Drift: demo / dev",
        "live <1>",
        "manifest <2>",
        "not live",
        "do <this>",
        "Drift: 1 changed, 1 missing.",
    ):
        assert text in seen
    assert seen.index("manifest <2>") < seen.index("live <1>")
    left = (address("only-left"),)
    found = Comparison("demo", "dev", "prod", False, {address("a"): fields}, left, (), 3)
    seen = read(comparison_html(found))
    for text in ("demo: dev → prod (as rendered)", "live <1>", "only in dev", "3 objects are the same."):
        assert text in seen


def test_obstacles_are_said_once() -> None:
    stuck = Obstacle("brake", "too many", ("--allow brake=2",))
    gone = (Change(address(f"{n}"), Action.DELETE, Reason.ORPHAN, "x", blocked=stuck) for n in range(3))
    assert read(plan_html(plan(*gone))).count("--allow brake=2") == 1
