"""SARIF and annotations: every diagnostic arrives, with its place, and no text can be a command of its own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from retinue.core.model import Action, Change, Diagnostic, Obstacle, Place, Reason, Severity
from retinue.render.diagnostics import in_order
from retinue.render.machines import MOST_RESULTS, github, plan_diagnostics, sarif

from . import plans
from .plans import address, plan

SARIF = Draft4Validator(json.loads(Path(__file__).with_name("sarif-2.1.0.schema.json").read_text(encoding="utf-8")))
"""The published schema (OASIS, rtm.5)."""
BAD_MODEL = Diagnostic(
    "type", "`model` is text", "Quote it.", Place("assistants/a.yaml", 3, 8), "Assistant/a", "/model"
)
NOWHERE = Diagnostic("altered", "changed: by the service, 100%", address="Assistant/a", severity=Severity.WARNING)


def numbered(item: Diagnostic, count: int) -> list[Diagnostic]:
    return [replace(item, message=f"{item.message} {n}") for n in range(count)]


def check_sarif(log: Any) -> list[dict[str, Any]]:
    """What the standard (OASIS SARIF 2.1.0, sections 3.13 to 3.30) and GitHub ask of what we write; the results."""
    assert set(log) == {"$schema", "version", "runs"}
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    SARIF.validate({**log, "runs": [{**run, "results": run["results"][:100]}]})  # 25,000 take half a minute
    for rule in run["tool"]["driver"]["rules"]:
        assert len(rule["properties"]["tags"]) <= 20
        assert rule["help"]["markdown"] and len(rule["name"]) <= 255
        assert all(0 < len(rule[key]["text"]) <= 1024 for key in ("shortDescription", "fullDescription"))
    prints = [item["partialFingerprints"]["primaryLocationLineHash"] for item in run["results"]]
    assert len(prints) == len(set(prints)) <= MOST_RESULTS
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", physical["artifactLocation"]["uri"])
        assert min(physical["region"].values()) >= 1
    return list(run["results"])


def test_a_blocked_create_stands_at_its_manifest() -> None:
    place = Place("assistants/a.yaml", 2, 1)
    obstacle = Obstacle("twin", "there is one", ())
    step = Change(address("a"), Action.CREATE, Reason.MANIFEST, None, blocked=obstacle)
    written = Diagnostic("written", "", None, place, str(step.address), severity=Severity.INFO)
    (found,) = plan_diagnostics(plan(step, diagnostics=(written,)))
    assert (found.code, found.place) == ("twin", place)


def test_a_diagnostic_as_sarif_has_its_line_in_the_repository() -> None:
    first, second = check_sarif(sarif([NOWHERE, BAD_MODEL], "1.2.3", "bots/support desk"))
    assert first["message"]["text"] == "`model` is text\nQuote it."
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "bots/support%20desk/assistants/a.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 8},
    }
    assert (second["ruleId"], second["level"]) == ("altered", "warning")
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("/retinue.yaml")


def test_a_fingerprint_stays_where_the_line_moves_and_tells_equal_findings_apart() -> None:
    def prints(*items: Diagnostic) -> list[str]:
        results = check_sarif(sarif(items, "1"))
        return [item["partialFingerprints"]["primaryLocationLineHash"] for item in results]

    moved = replace(BAD_MODEL, place=Place("assistants/a.yaml", 30, 1))
    assert prints(BAD_MODEL) == prints(moved)
    first, second = prints(BAD_MODEL, moved)
    assert [first] == prints(BAD_MODEL)
    assert second == first.replace(":1", ":2")
    assert prints(replace(BAD_MODEL, place=Place("assistants/b.yaml", 3, 8))) != prints(BAD_MODEL)


def test_a_rule_says_what_the_page_of_messages_says() -> None:
    log = sarif([NOWHERE], "1", explained={"altered": ("Plans", "The service `answered` " + "x" * 2000)})
    (rule,) = log["runs"][0]["tool"]["driver"]["rules"]
    check_sarif(log)
    assert rule["shortDescription"]["text"] == "altered (Plans)"
    assert "`answered`" in rule["help"]["markdown"]
    assert rule["properties"]["tags"] == ["Plans"]


@given(st.lists(plans.diagnostics, max_size=5))
def test_every_diagnostic_is_a_result(items: list[Diagnostic]) -> None:
    results = check_sarif(json.loads(json.dumps(sarif(items, "1"))))
    assert sorted(result["ruleId"] for result in results) == sorted(item.code for item in in_order(items))


def test_more_results_than_github_takes_are_counted() -> None:
    results = check_sarif(sarif(numbered(NOWHERE, MOST_RESULTS + 5), "1"))
    assert len(results) == MOST_RESULTS
    assert results[-1]["message"]["text"].startswith("6 more are not shown here")


def test_annotations_name_file_line_and_column_and_escape() -> None:
    assert github([BAD_MODEL, NOWHERE], "bots") == (
        "::error file=bots/assistants/a.yaml,line=3,col=8,title=retinue%3A type::`model` is text%0AQuote it.\n"
        "::warning title=retinue%3A altered::Assistant/a: changed: by the service, 100%25\n"
    )


@given(st.lists(plans.diagnostics, max_size=12))
def test_one_line_for_each_annotation_and_each_is_a_known_command(items: list[Diagnostic]) -> None:
    lines = github(items).split("\n")[:-1]
    assert len(lines) == len(in_order(items)) or len(items) > 10
    for line in lines:
        assert re.fullmatch(r"::(error|warning|notice) ([a-z]+=[^:,\r\n]*,?)+::[^\r\n]*", line), line


def test_the_last_annotation_of_a_type_counts_those_that_are_not_shown() -> None:
    lines = github(numbered(BAD_MODEL, 25) + numbered(NOWHERE, 10)).splitlines()
    assert len(lines) == 20
    assert lines[9] == "::error title=retinue::16 more are not shown here; the text of the run lists all"


def test_blocked_and_held_steps_are_diagnostics_of_a_plan() -> None:
    stuck = Change(address("a"), Action.DELETE, Reason.ORPHAN, "x", blocked=Obstacle("brake", "too many", ("1", "2")))
    held = Change(address("b"), Action.UPDATE, Reason.MANIFEST, "y", held=Obstacle("unverified", "not yet"))
    found = plan_diagnostics(plan(stuck, held, diagnostics=(NOWHERE,)))
    assert [(item.code, item.severity) for item in found] == [
        ("brake", Severity.ERROR), ("unverified", Severity.WARNING), ("altered", Severity.WARNING)
    ]  # fmt: skip
    assert found[0].message == "delete Assistant/a is blocked: too many"
    assert found[0].remedy == "1\n2"
