"""A plan as bytes: the same plan gives the same bytes, and only bytes that a plan gave are a plan."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from retinue.core.allowed import Allowed
from retinue.core.codec import (
    diagnostic_to_json,
    dump,
    outcome,
    parse_address,
    plan_digest,
    plan_from_json,
    plan_to_json,
    summary,
)
from retinue.core.errors import UsageError
from retinue.core.marker import Entry, Owner
from retinue.core.model import (
    Action,
    Address,
    Cause,
    Change,
    Diagnostic,
    FieldChange,
    MarkChange,
    Obstacle,
    Place,
    Plan,
    Reason,
)

from .worlds import at, desired, foreign, json_values, managed, names, plan, texts

SECOND_WORD = Diagnostic("copy", "a copy", "delete it", Place("a.yaml", 1, 2), "Assistant/a", "/metadata")

_addresses = st.builds(Address, st.sampled_from(["Assistant", "VectorStore"]), names)
_fields = st.builds(FieldChange, texts.map("/{}".format), json_values, json_values, st.sampled_from(Cause))
_obstacles = st.none() | st.builds(Obstacle, texts, texts, st.lists(texts, max_size=2).map(tuple))
_some = st.none() | texts
_changes = st.builds(
    Change,
    address=_addresses,
    action=st.sampled_from([action for action in Action if action is not Action.NO_OP]),
    reason=st.sampled_from(Reason) | texts,
    remote_id=_some,
    fields=st.lists(_fields, max_size=2).map(tuple),
    expect=_some,
    requires=st.lists(_addresses, max_size=2).map(tuple),
    blocked=_obstacles,
    held=_obstacles,
    asked=st.dictionaries(
        st.sampled_from("mnt"), st.builds(Entry, st.just("a4ayc_"), st.sampled_from([None, "T90xQe"]))
    ),
    protected=st.booleans(),
    ignored=st.lists(texts.map("/{}".format), max_size=2).map(tuple),
    moved_from=st.none() | st.builds(Owner, names, names, _addresses),
    display_name=_some,
    mark=st.builds(MarkChange, st.sampled_from([None, False, True]), st.lists(texts, max_size=2).map(tuple)),
)
_named = st.lists(_addresses.map(str), max_size=2).map(sorted).map(tuple)
plans = st.builds(
    Plan,
    project=texts,
    environment=texts,
    provider=texts,
    endpoint=texts,
    complete=st.booleans(),
    allowed=st.fixed_dictionaries(
        {},
        optional={
            "brake": st.integers(0, 9),
            "twin": st.just(True) | _named,
            "incomplete": st.just(True),
            "protected": _named,
        },
    ).map(Allowed),
    changes=st.lists(_changes, max_size=2).map(tuple),
    unchanged=st.integers(0, 9),
)


def a_plan() -> Plan:
    """One of each kind of step."""
    kept = [desired(f"keep-{number}") for number in range(6)]
    wanted = [
        *kept[:5],
        desired("keep-5", {"model": "other", "temperature": 0.5}, protect=True, ignore_changes=("/top_p",)),
        desired("new", {"model": "m", "metadata": {"a": "b"}}, ["keep-0"]),
        desired("moved", moved_from="old"),
        desired("tutor", adopt={"dev": "nowhere"}),
    ]
    live = [*map(managed, kept), managed(desired("old")), managed(desired("gone"))]
    return plan(
        wanted,
        live,
        allowed=Allowed({"brake": 1, "twin": True, "protected": ("Assistant/gone",), "drift": ("Assistant/keep-0",)}),
    )


def blocked_plans() -> list[Plan]:
    """Obstacles whose texts are gathered from several objects."""
    wanted = [desired(f"a{number}") for number in range(4)]
    renamed = [managed(one, id=f"{one.address}{name}", project=name) for one in wanted for name in ("x", "y", "z")]
    twins = [foreign(f"asst_{number}", name="a0") for number in range(5)]
    orphans = [managed(desired(f"old-{number}")) for number in range(5)]
    return [plan(wanted, renamed), plan(wanted, twins), plan(wanted, orphans)]


def saved(made: Plan | None = None) -> dict[str, Any]:
    """A plan as it comes back from a file."""
    value: dict[str, Any] = json.loads(dump(plan_to_json(made or a_plan(), "1.2.3")))
    return value


def resealed(value: dict[str, Any]) -> dict[str, Any]:
    """With a digest that fits, as somebody who knows the format could make it."""
    return value | {"digest": plan_digest(value)}


# --- round trip


def test_the_facts_that_decide_survive_the_format_that_states_them_by_its_reason() -> None:
    bot = desired("bot")
    live = [managed(bot, id=f"asst_{number}", created=number, nonce=f"n000000{number}") for number in (1, 2)]
    edited = managed(desired("taken", {"model": "m"}), spec={"model": "other"})
    wanted = [
        bot,
        desired("taken", {"model": "other"}),
        desired("moved", moved_from="old"),
        desired("lock", protect=True),
    ]
    moved, lock = managed(desired("old")), managed(desired("lock"))
    made = plan(wanted, [*live, edited, moved, lock, managed(desired("gone"))])
    again = plan_from_json(saved(made))
    assert again.changes == made.changes
    assert [change.address.name for change in again.changes if change.orphan] == ["gone"]
    assert [change.remote_id for change in again.changes if change.extra] == ["asst_2"]
    assert [change.mark for change in again.changes if change.mark != MarkChange()] == [
        MarkChange(was_protected=False),
        MarkChange(accepted=("model",)),
    ]


def test_an_unknown_reason_is_read_and_decides_nothing() -> None:
    value = saved()
    value["changes"] = [change | {"reason": "rotated\u202e"} for change in value["changes"]]
    again = plan_from_json(resealed(value))
    assert {change.reason for change in again.changes} == {"rotated\u202e"}
    assert not any(change.orphan or change.extra or change.unused or change.recognised for change in again.changes)
    assert plan_to_json(again, "1.2.3")["changes"] == value["changes"]


@given(plans)
def test_a_plan_survives_its_bytes(made: Plan) -> None:
    text = dump(plan_to_json(made, "1"))
    again = plan_from_json(json.loads(text))
    assert dump(plan_to_json(again, "9")) == text
    assert dump(plan_to_json(replace(again, document=None), "1")) == text


def test_a_real_plan_comes_back_equal_but_for_its_notes_and_the_names_of_the_unchanged() -> None:
    made = a_plan()
    assert {change.action.value for change in made.changes} == {"create", "update", "move", "delete"}
    assert plan_from_json(saved(made)) == replace(made, unchanged_addresses=(), diagnostics=())


def test_the_text_is_canonical_json_with_a_final_newline() -> None:
    text = dump(plan_to_json(a_plan(), "1"))
    value = json.loads(text)
    assert text == json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"


TOP = {"format_version", "retinue_version", "project", "environment", "provider", "endpoint", "complete", "allowed"}
TOP |= {"summary", "changes", "diagnostics", "outcome", "digest"}
COUNTS = {"create", "update", "replace", "delete", "adopt", "forget", "move", "no-op", "blocked", "held"}
CHANGE = {"address", "action", "reason", "remote_id", "fields", "expect", "requires", "blocked", "held"}


def test_half_a_surrogate_pair_that_a_service_holds_survives_the_file() -> None:
    made = plan(
        [desired("a", {"model": "m", "name": "new"})], [managed(desired("a", {"model": "m", "name": "\ud83d!"}))]
    )
    file = dump(plan_to_json(made, "1")).encode("utf-8")
    again = plan_from_json(json.loads(file))
    assert again.changes == made.changes
    assert dump(plan_to_json(replace(again, document=None), "1")).encode("utf-8") == file


def test_a_plan_has_the_published_keys() -> None:
    value = saved()
    assert value.keys() == TOP
    assert value["summary"].keys() == COUNTS
    assert all(change.keys() >= CHANGE for change in value["changes"])
    assert all(item.keys() == {"path", "before", "after", "cause"} for c in value["changes"] for item in c["fields"])


def test_numbers_have_one_form_in_a_plan() -> None:
    one, other = (plan([desired("a", {"model": "m", "temperature": value})], []) for value in (0.0, 0))
    assert dump(plan_to_json(one, "1")) == dump(plan_to_json(other, "1"))


def test_a_plan_carries_no_time_no_place_of_the_machine_and_not_the_version_in_its_digest() -> None:
    text = dump(plan_to_json(a_plan(), "1"))
    assert str(Path.cwd()) not in text
    assert "created_at" not in text


# --- digest


def test_the_digest_ignores_diagnostics_and_version_and_nothing_else() -> None:
    made = a_plan()
    digest = saved(made)["digest"]
    assert plan_to_json(made, "9.9")["digest"] == digest
    assert plan_to_json(replace(made, diagnostics=(SECOND_WORD,)), "9.9")["digest"] == digest
    others: list[dict[str, Any]] = [
        {"project": "x"},
        {"environment": "x"},
        {"provider": "x"},
        {"endpoint": "x"},
        {"complete": False},
        {"allowed": Allowed()},
        {"changes": made.changes[1:]},
        {"unchanged": 99},
    ]
    digests = {plan_to_json(replace(made, **other), "9.9")["digest"] for other in others}
    assert len(digests | {digest}) == len(others) + 1


@given(st.data())
def test_the_digest_holds_every_part_of_a_step(data: st.DataObject) -> None:
    value = saved()
    change = data.draw(st.sampled_from(value["changes"]))
    key = data.draw(st.sampled_from(sorted(change)))
    before = plan_digest(value)
    change[key] = [change[key], "changed"]
    assert plan_digest(value) != before


_SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.core.test_codec import every_text
sys.stdout.write(every_text())
"""


def every_text() -> str:
    return "".join(dump(plan_to_json(made, "1")) for made in (a_plan(), *blocked_plans()))


def test_the_bytes_do_not_depend_on_the_hash_seed(repository: Path) -> None:
    seen = set()
    for seed in ("1", "2"):
        ran = subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(repository)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        )
        seen.add(ran.stdout)
    assert seen == {every_text().encode()}


# --- what is no plan


def refused(value: Any) -> str:
    with pytest.raises(UsageError) as caught:
        plan_from_json(value)
    assert caught.value.remedy
    return caught.value.message


@pytest.mark.parametrize("value", [None, [], {}, "plan", 1, True, {"changes": []}], ids=repr)
def test_what_lacks_a_format_version_is_no_plan(value: Any) -> None:
    assert "not hold a retinue plan" in refused(value)


@pytest.mark.parametrize("version", ["3.0", "3.1", "0.9", "10.0", "", "x", None, 2, [], {}, True], ids=repr)
def test_an_unknown_major_version_is_refused(version: Any) -> None:
    refused(resealed(saved() | {"format_version": version}))


def test_a_later_minor_version_is_read() -> None:
    value = resealed(saved() | {"format_version": "2.7", "news": {"from": "later"}})
    assert plan_from_json(value).project == "demo"


def test_an_edited_plan_is_refused() -> None:
    for key in set(saved()) - {"format_version", "retinue_version", "diagnostics"}:
        refused(saved() | {key: "edited"})
    value = saved()
    value["changes"][0]["remote_id"] = "asst_other"
    assert "changed after it was made" in refused(value)


def test_a_plan_without_one_of_its_parts_is_refused_even_with_a_fitting_digest() -> None:
    for key in set(saved()) - {"retinue_version", "diagnostics", "outcome", "complete"}:
        value = saved()
        del value[key]
        refused(value if key == "digest" else resealed(value))


def test_a_plan_that_failed_is_not_applied() -> None:
    assert "failed" in refused(resealed(saved() | {"outcome": "error"}))


def test_hostile_nesting_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for place in ("format_version", "changes", "summary", "extra"):
        refused(saved() | {place: deep})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400], ids=["nan", "inf", "huge"])
def test_numbers_that_json_cannot_say_are_refused(number: Any) -> None:
    refused(saved() | {"extra": number})


def _in_marker(name: str, before: Any, after: Any) -> dict[str, Any]:
    return {"path": f"/retinue/{name}", "before": before, "after": after, "cause": "manifest"}


WRONG = {
    "a protection that is lifted for all": (("allowed",), {"protected": True}),
    "a word that is false": (("allowed",), {"twin": False}),
    "a number for a word": (("allowed",), {"incomplete": 1}),
    "an address that is none": (("allowed",), {"drift": [1]}),
    "a list of codes": (("allowed",), ["twin"]),
    "a pointer that is none": (("changes", 0, "ignored"), ["temperature"]),
    "a pointer to everything": (("changes", 0, "ignored"), [""]),
    "a number as text": (("allowed", "brake"), "1"),
    "a number below zero": (("allowed", "brake"), -1),
    "a truth as number": (("allowed", "brake"), True),
    "half a delete": (("allowed", "brake"), 1.5),
    "an obstacle of something else": (("changes", 0, "blocked"), {"code": 1, "message": [], "remedies": []}),
    "remedies in one text": (("changes", 0, "held"), {"code": "a", "message": "b", "remedies": [1]}),
    "an unknown action": (("changes", 0, "action"), "destroy"),
    "a reason that is no text": (("changes", 0, "reason"), ["new"]),
    "a marker that cannot be read": (("changes", 0, "marker"), {"asked": "%%%", "protected": False}),
    "a marker in another order": (("changes", 0, "marker"), {"asked": "na4ayc_ ma4ayc_", "protected": False}),
    "a field's marker twice": (("changes", 0, "marker"), {"asked": "na4ayc_ na4ayc_", "protected": False}),
    "an owner that cannot be": (("changes", 0, "moved_from"), "demo/dev/Assistant/../b"),
    "another protection than the marker's": (("changes", 0, "fields"), [_in_marker("protect", True, False)]),
    "a protection that is no truth": (("changes", 0, "fields"), [_in_marker("protect", 0, True)]),
    "accepted fields in one text": (("changes", 0, "fields"), [_in_marker("accepted", None, "name")]),
    "accepted fields that are no names": (("changes", 0, "fields"), [_in_marker("accepted", None, [["name"]])]),
    "an unknown cause": (("changes", 0, "fields"), [{"path": "/a", "before": 1, "after": 2, "cause": "me"}]),
}


@pytest.mark.parametrize(("path", "new"), WRONG.values(), ids=WRONG.keys())
def test_a_part_of_the_wrong_type_is_refused_even_with_a_fitting_digest(path: tuple[Any, ...], new: Any) -> None:
    value = saved()
    parent: Any = value
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = new
    assert "cannot be read" in refused(resealed(value))


@given(json_values)
@example({"format_version": "1.0"})
@example({"format_version": "2.0", "digest": "sha256:"})
def test_arbitrary_json_is_refused_in_words(value: Any) -> None:
    refused(value)


@given(st.dictionaries(st.sampled_from(sorted(saved())), json_values))
def test_arbitrary_members_are_refused_in_words_or_harmless(members: dict[str, Any]) -> None:
    value = saved() | members
    for candidate in (value, resealed(value)):
        try:
            plan_to_json(plan_from_json(candidate), "1")
        except UsageError as error:
            assert error.message and error.remedy  # noqa: PT017 - one of the two holds


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value within, outer ones first."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for key, item in members for inner in _paths(item, (*path, key)))]


_SAVED = saved()
_ANY_PATH = st.sampled_from(_paths(_SAVED)[1:])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(_ANY_PATH, json_values | st.sampled_from(["", "Assistant/", "/x", "-1", "1e999", -1, 1e308]), st.booleans())
def test_a_mutated_plan_is_refused_in_words_or_a_whole_plan(path: tuple[Any, ...], new: Any, drop: bool) -> None:
    value = copy.deepcopy(_SAVED)
    parent: Any = value
    for step in path[:-1]:
        parent = parent[step]
    if drop:
        del parent[path[-1]]
    else:
        parent[path[-1]] = new
    for candidate in (value, resealed(value) if "digest" in value else value):
        try:
            made = plan_from_json(candidate)
        except UsageError as error:
            assert error.message and error.remedy  # noqa: PT017 - one of the two holds
        else:
            assert json.loads(dump(plan_to_json(made, "1")))["digest"]
            if candidate is value:
                assert path[0] in ("diagnostics", "retinue_version", "digest") or dump(value) == dump(_SAVED)


# --- the parts


@pytest.mark.parametrize("text", ["", "/", "Assistant", "Assistant/", "/bot"], ids=repr)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        parse_address(text)


@given(_addresses)
def test_an_address_survives_its_text(address: Address) -> None:
    assert parse_address(str(address)) == address


def test_the_outcome_is_blocked_before_changes_before_no_changes() -> None:
    change = Change(at("a"), Action.CREATE, Reason.NEW)
    stopped = replace(change, blocked=Obstacle("brake", "no"))
    held = replace(change, held=Obstacle("promotion", "not yet"))
    made = Plan("p", "e", "x", "y")
    assert outcome(made) == "no-changes"
    assert outcome(replace(made, changes=(held,))) == "changes"
    assert outcome(replace(made, changes=(change, stopped))) == "blocked"


def test_the_summary_counts_each_action_and_what_is_blocked_or_held() -> None:
    change = Change(at("a"), Action.CREATE, Reason.NEW)
    stopped = replace(change, action=Action.DELETE, blocked=Obstacle("brake", "no"))
    held = replace(change, held=Obstacle("promotion", "not yet"))
    counts = summary(Plan("p", "e", "x", "y", changes=(change, stopped, held), unchanged=7))
    assert {key: count for key, count in counts.items() if count} == {
        "create": 2,
        "delete": 1,
        "no-op": 7,
        "blocked": 1,
        "held": 1,
    }


def test_a_diagnostic_has_all_its_keys_with_and_without_a_place() -> None:
    full, bare = diagnostic_to_json(SECOND_WORD), diagnostic_to_json(Diagnostic("x", "y"))
    assert full.keys() == bare.keys()
    assert (full["file"], full["line"], full["column"]) == ("a.yaml", 1, 2)
    assert bare["file"] is None and bare["severity"] == "error"
