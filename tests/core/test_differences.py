"""Field by field: what an update must send, and whether the manifest or somebody outside moved it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core import marker, marks
from retinue.core.canonical import canonical, same
from retinue.core.differences import Compared, altered, differing, expect_digest, stated_fields
from retinue.core.model import Cause, Desired, FieldChange, Json, Live
from retinue.core.pointer import with_ignored

from .worlds import HIDDEN, KIND, READABLE, as_answered, changes, compared, desired, managed, specs

TEMPERATURE = ("temperature",)


def wanted(ignore: tuple[str, ...] = (), **spec: Any) -> Desired:
    return desired("bot", {"model": "m"} | spec, ignore_changes=ignore)


def live(asked: Desired, observed: dict[str, Any] | None = None, **now: Any) -> Live:
    """What stands there after an apply of `asked`, and after someone changed `now` in the service."""
    return managed(asked, spec=as_answered(asked.spec) | now, observed=observed or {})


def moved(found: tuple[FieldChange, ...]) -> dict[str, tuple[Any, Any, str]]:
    return {change.path: (change.before, change.after, change.cause.value) for change in found}


def test_an_applied_object_has_no_changes() -> None:
    asked = wanted(temperature=0.5, instructions="a\n", tools=[{"type": "code_interpreter"}], metadata={"a": "b"})
    assert changes(asked, live(asked)) == ()


# asked last time, wanted now, live now: who moved it
CAUSES = {
    "manifest": (0.2, 0.5, 0.2, Cause.MANIFEST),
    "drift": (0.2, 0.2, 0.9, Cause.DRIFT),
    "both": (0.2, 0.5, 0.9, Cause.BOTH),
    "the line is gone": (0.2, None, 0.2, Cause.MANIFEST),
    "the line is gone and live moved": (0.2, None, 0.9, Cause.BOTH),
    "a new line": (None, 0.5, 1.0, Cause.MANIFEST),
    "drift from the default": (None, None, 0.9, Cause.DRIFT),
    "a new line and live moved": (None, 0.5, 0.9, Cause.BOTH),
    "live moved to what we now want": (0.2, 0.5, 0.5, None),
    "the line is gone and live is at the default": (0.2, None, 1.0, None),
}


@pytest.mark.parametrize(("asked", "now", "is_live", "cause"), CAUSES.values(), ids=CAUSES.keys())
def test_the_cause_says_who_moved_a_field(asked: Any, now: Any, is_live: float, cause: Cause | None) -> None:
    found = changes(wanted(temperature=now), live(wanted(temperature=asked), temperature=is_live))
    after = 1 if now is None else now
    assert found == (() if cause is None else (FieldChange("/temperature", is_live, after, cause),))


def test_without_a_readable_marker_every_difference_is_the_manifests() -> None:
    damaged = replace(live(wanted(temperature=0.2), temperature=0.9), marker_applied=None)
    assert moved(changes(wanted(temperature=0.5), damaged)) == {"/temperature": (0.9, 0.5, "manifest")}


def test_changes_come_in_the_kinds_order_whatever_the_manifests() -> None:
    asked = wanted()
    spec: dict[str, Any] = {"top_p": 0.1, "name": "n", "metadata": {"a": "b"}, "description": "d"}
    assert [change.path for change in changes(wanted(**spec), live(asked))] == [
        "/name",
        "/description",
        "/metadata",
        "/top_p",
    ]


def test_a_field_without_a_default_is_ours_only_if_we_once_set_it() -> None:
    asked = desired("bot", {"name": "x"})
    assert changes(asked, managed(asked, spec={"name": "x", "model": "m"})) == ()
    was = desired("bot", {"name": "x", "model": "m"})
    assert moved(changes(asked, managed(was))) == {"/model": ("m", None, "manifest")}


def test_a_field_without_a_default_that_nobody_asked_for_is_left_alone_on_an_object_without_a_marker() -> None:
    there = replace(managed(desired("bot", {"model": "m"})), marker_applied=None)
    assert changes(desired("bot", {}), there) == ()


def test_a_field_that_live_lost_is_drift() -> None:
    asked = wanted()
    assert moved(changes(asked, managed(asked, spec={}))) == {"/model": (None, "m", "drift")}


# --- live as desired, and the marker says that something else was asked

# asked last time, wanted now, live now, the service's own value of what was asked; what the marker has wrong
UNRECORDED = {
    "nothing": ({"temperature": 0.2}, {"temperature": 0.2}, {}, {}, ()),
    "drift that the manifest took": ({"temperature": 0.2}, {"temperature": 0.9}, {"temperature": 0.9}, {}, TEMPERATURE),
    "drift from the default": ({}, {"temperature": 0.9}, {"temperature": 0.9}, {}, TEMPERATURE),
    "drift to the default": ({"temperature": 0.2}, {}, {"temperature": 1.0}, {}, TEMPERATURE),
    "a new field": ({}, {"name": "x"}, {"name": "x"}, {}, ("name",)),
    "a field that went on both sides": ({"name": "x"}, {}, {"name": None}, {}, ("name",)),
    "two fields": (
        {"temperature": 0.2, "name": "x"},
        {"temperature": 0.9, "name": "y"},
        {"temperature": 0.9, "name": "y"},
        {},
        ("name", "temperature"),
    ),
    "beside another change": ({"temperature": 0.2}, {"temperature": 0.9, "name": "x"}, {"temperature": 0.9}, {}, ()),
    "what the service alters": (
        {"temperature": 0.33},
        {"temperature": 0.33},
        {"temperature": 0.3},
        {"temperature": 0.3},
        (),
    ),
    "an altered default": ({}, {}, {"top_p": 0.9}, {"top_p": 0.9}, ()),
    "the service's own value, asked for": (
        {"temperature": 0.33},
        {"temperature": 0.3},
        {"temperature": 0.3},
        {"temperature": 0.3},
        TEMPERATURE,
    ),
    "what is never reported": ({"reasoning_effort": "low"}, {"reasoning_effort": "low"}, {}, {}, ()),
}


@pytest.mark.parametrize(("asked", "now", "is_live", "observed", "names"), UNRECORDED.values(), ids=UNRECORDED.keys())
def test_the_fields_that_somebody_else_brought_where_we_want_them(
    asked: Any, now: Any, is_live: Any, observed: Any, names: tuple[str, ...]
) -> None:
    assert compared(wanted(**now), live(wanted(**asked), observed, **is_live)).unrecorded == names


def test_a_field_that_is_left_to_others_needs_no_record_and_the_rest_of_one_does() -> None:
    asked, pair = wanted(temperature=0.2, metadata={"a": "x"}), {"a": "x", "b": "y"}
    assert compared(wanted(("/temperature",), metadata={"a": "x"}), live(asked, temperature=0.9)).unrecorded == ()
    assert compared(wanted(("/metadata/b",), metadata=pair), live(wanted(metadata=pair))).unrecorded == ("metadata",)


def test_without_a_readable_marker_nothing_is_unrecorded() -> None:
    assert compared(wanted(), replace(live(wanted()), marker_applied=None)).unrecorded == ()


@given(specs, specs)
def test_what_an_apply_asked_is_recorded(before: dict[str, Any], now: dict[str, Any]) -> None:
    assert compared(desired("bot", now), managed(desired("bot", now))) == ((), ())
    found = compared(desired("bot", now), managed(desired("bot", before), spec=as_answered(now)))
    asked, were = (marks.asked_entries(spec, KIND) for spec in (now, before))
    hidden = KIND.fields["reasoning_effort"].code
    assert found.changes or bool(found.unrecorded) is (
        {code: asked[code] for code in asked if code != hidden} != {code: were[code] for code in were if code != hidden}
    )


# --- what the service alters


def test_what_the_service_made_of_our_value_last_time_is_no_diff() -> None:
    asked = wanted(temperature=0.33)
    assert changes(asked, live(asked, {"temperature": 0.3}, temperature=0.3)) == ()


def test_an_altered_default_is_no_diff_either() -> None:
    asked = wanted()
    assert changes(asked, live(asked, {"top_p": 0.9}, top_p=0.9)) == ()


def test_an_altered_field_that_moves_on_is_drift() -> None:
    asked = wanted(temperature=0.33)
    found = changes(asked, live(asked, {"temperature": 0.3}, temperature=0.7))
    assert moved(found) == {"/temperature": (0.7, 0.33, "drift")}


def test_asking_something_else_of_an_altered_field_is_a_change() -> None:
    asked = live(wanted(temperature=0.33), {"temperature": 0.3}, temperature=0.3)
    assert moved(changes(wanted(temperature=0.66), asked)) == {"/temperature": (0.3, 0.66, "manifest")}


def test_asking_for_what_the_service_made_of_it_is_no_diff() -> None:
    asked = live(wanted(temperature=0.33), {"temperature": 0.3}, temperature=0.3)
    assert changes(wanted(temperature=0.3), asked) == ()


# --- what the service never reports

EFFORTS = {
    "unset": (None, None, None),
    "set": (None, "low", ("low", "manifest")),
    "unchanged": ("low", "low", None),
    "changed": ("low", "high", ("high", "manifest")),
    "removed": ("low", None, (None, "manifest")),
}


@pytest.mark.parametrize(("asked", "now", "change"), EFFORTS.values(), ids=EFFORTS.keys())
def test_an_unreadable_field_compares_by_what_was_asked(asked: Any, now: Any, change: Any) -> None:
    found = moved(changes(wanted(reasoning_effort=now), live(wanted(reasoning_effort=asked))))
    assert found == ({} if change is None else {"/reasoning_effort": (None, *change)})


def test_an_answer_that_does_carry_an_unreadable_field_changes_nothing() -> None:
    asked = wanted(reasoning_effort="low")
    assert changes(asked, live(asked, reasoning_effort="high")) == ()


def test_without_a_readable_marker_an_unreadable_field_is_asked_anew() -> None:
    asked = wanted(reasoning_effort="low")
    damaged = replace(live(asked), marker_applied=None)
    assert moved(changes(asked, damaged)) == {"/reasoning_effort": (None, "low", "manifest")}
    assert changes(wanted(), damaged) == ()


# --- ignore_changes

TOOLS = [{"type": "code_interpreter"}, {"type": "function", "function": {"name": "f", "description": "ours"}}]
THEIRS = [{"type": "code_interpreter"}, {"type": "function", "function": {"name": "f", "description": "theirs"}}]
IGNORED = {
    "a field": ("/temperature", {"temperature": 0.2}, {"temperature": 0.9}),
    "a field that live lacks": ("/metadata", {"metadata": {"a": "b"}}, {"metadata": {}}),
    "a field that the manifest lacks": ("/name", {}, {"name": "theirs"}),
    "a field without a default": ("/model", {"model": "ours"}, {"model": "theirs"}),
    "a key": ("/metadata/a", {"metadata": {"a": "ours", "b": "x"}}, {"metadata": {"a": "theirs", "b": "x"}}),
    "a key that live lacks": ("/metadata/a", {"metadata": {"a": "ours", "b": "x"}}, {"metadata": {"b": "x"}}),
    "a key that the manifest lacks": ("/metadata/a", {"metadata": {"b": "x"}}, {"metadata": {"a": "y", "b": "x"}}),
    "a key of a missing object": ("/metadata/a", {}, {"metadata": {"a": "theirs"}}),
    "a key of a null object": ("/metadata/a", {"metadata": None}, {"metadata": {"a": "theirs"}}),
    "a key with a slash and a tilde": ("/metadata/a~1~0b", {}, {"metadata": {"a/~b": "theirs"}}),
    "a key that is a number": ("/metadata/0", {}, {"metadata": {"0": "theirs"}}),
    "a key in a list": ("/tools/1/function/description", {"tools": TOOLS}, {"tools": THEIRS}),
    "an item of a list": ("/tools/1", {"tools": TOOLS}, {"tools": THEIRS}),
    "an item that live lacks": ("/tools/1", {"tools": TOOLS}, {"tools": TOOLS[:1]}),
    "a field that is never reported": ("/reasoning_effort", {"reasoning_effort": "low"}, {}),
}


@pytest.mark.parametrize(("pointer", "spec", "now"), IGNORED.values(), ids=IGNORED.keys())
def test_an_ignored_pointer_is_left_to_others(pointer: str, spec: dict[str, Any], now: dict[str, Any]) -> None:
    asked = wanted((pointer,), **spec)
    assert changes(asked, live(asked, **now)) == ()
    asked_before = wanted(**spec)
    assert changes(asked, live(asked_before, **now)) == (), "the line was added after the object was made"


def test_an_unreadable_field_that_became_ignored_is_not_cleared() -> None:
    asked = wanted(reasoning_effort="low")
    assert changes(wanted(("/reasoning_effort",)), live(asked)) == ()


def test_beside_an_ignored_key_the_rest_is_ours() -> None:
    asked = wanted(("/metadata/a",), metadata={"a": "ours", "b": "new"})
    found = moved(changes(asked, live(asked, metadata={"a": "theirs", "b": "old", "c": "x"})))
    before, after, _ = found["/metadata"]
    assert (before, after) == ({"a": "theirs", "b": "old", "c": "x"}, {"a": "theirs", "b": "new"})


def test_beside_an_ignored_item_of_a_list_the_rest_is_ours() -> None:
    asked = wanted(("/tools/1/function/description",), tools=TOOLS)
    now = [{"type": "file_search"}, THEIRS[1]]
    assert moved(changes(asked, live(asked, tools=now)))["/tools"][1] == THEIRS


def test_an_ignored_place_in_a_list_that_the_manifest_lacks_makes_no_list() -> None:
    asked = wanted(("/tools/0/function/description",))
    assert changes(asked, live(asked)) == ()
    assert moved(changes(asked, live(asked, tools=THEIRS[1:])))["/tools"][1] == []


def test_several_ignored_items_of_one_list_are_all_left_alone() -> None:
    asked = wanted(("/tools/0", "/tools/1"), tools=TOOLS)
    assert changes(asked, live(asked, tools=[])) == ()
    assert changes(asked, live(asked, tools=[{"type": "file_search"}, THEIRS[1]])) == ()


def test_a_pointer_into_something_that_is_no_container_changes_nothing() -> None:
    for pointer in ("/name/first", "/tools/x", "/tools/9", "/tools/0/type/deeper", "/nowhere/at/all"):
        asked = wanted((pointer,), name="n", tools=TOOLS)
        assert changes(asked, live(asked)) == ()


# --- removing lines, null


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "n"),
        ("description", "d"),
        ("instructions", "i"),
        ("tools", [{"type": "code_interpreter"}]),
        ("tool_resources", {"code_interpreter": {"file_ids": ["f"]}}),
        ("metadata", {"a": "b"}),
        ("temperature", 0.5),
        ("top_p", 0.5),
        ("response_format", {"type": "text"}),
    ],
)
def test_a_removed_line_resets_its_field_to_the_documented_default(field: str, value: Any) -> None:
    default = KIND.fields[field].shape.default
    nothings: tuple[dict[str, Any], ...] = ({}, {field: None})
    for nothing in nothings:
        found = changes(wanted(**nothing), live(wanted(**{field: value})))
        assert moved(found) == {f"/{field}": (value, default, "manifest")}


@pytest.mark.parametrize("name", KIND.fields)
def test_null_equals_absent(name: str) -> None:
    rest = {"model": "m", "temperature": 0.5} if name != "model" else {"temperature": 0.5}
    rest.pop(name, None)
    absent, null = desired("bot", rest), desired("bot", rest | {name: None})
    there = live(wanted(name="n", temperature=0.5, reasoning_effort="low"))
    assert changes(absent, there) == changes(null, there)
    assert stated_fields(absent.spec, KIND) == stated_fields(null.spec, KIND)


# --- laws


@given(specs, specs, specs)
def test_there_are_changes_exactly_if_the_canonical_forms_differ(
    before: dict[str, Any], now: dict[str, Any], there: dict[str, Any]
) -> None:
    found = changes(desired("bot", now), managed(desired("bot", before), spec=as_answered(there)))
    want, have = canonical(now, KIND), canonical(as_answered(there), KIND)
    differing = {f"/{name}" for name in READABLE if not same(want[name], have[name])}
    assert {change.path for change in found} - {"/reasoning_effort"} == differing
    effort = before.get("reasoning_effort") != now.get("reasoning_effort")
    assert ("/reasoning_effort" in {change.path for change in found}) is effort


@given(specs, specs)
def test_once_sent_nothing_differs_any_more(now: dict[str, Any], there: dict[str, Any]) -> None:
    asked = desired("bot", now)
    sent = {change.path[1:]: change.after for change in changes(asked, managed(desired("bot", there)))}
    assert changes(asked, managed(asked, spec=as_answered(there | sent))) == ()
    assert altered(sent, as_answered(there | sent), KIND) == set()


@given(specs)
def test_once_created_nothing_differs(spec: dict[str, Any]) -> None:
    asked = desired("bot", spec)
    assert changes(asked, managed(asked, spec=as_answered(stated_fields(spec, KIND)))) == ()


@given(specs, specs)
def test_a_change_is_open_until_live_holds_it(now: dict[str, Any], there: dict[str, Any]) -> None:
    asked = desired("bot", now)
    for change in changes(asked, managed(desired("bot", there), spec=as_answered(there))):
        if change.name not in HIDDEN:
            sent = {change.name: change.after}
            assert altered(sent, as_answered(there), KIND) == {change.name}
            assert altered(sent, as_answered(there | sent), KIND) == set()


@given(specs, st.sampled_from(["/temperature", "/metadata/owner", "/tools/0", "/tool_resources/code_interpreter"]))
def test_an_ignored_pointer_never_makes_an_applied_object_differ(spec: dict[str, Any], pointer: str) -> None:
    asked = desired("bot", spec, ignore_changes=(pointer,))
    assert changes(asked, managed(asked)) == ()


POINTERS = (
    "/metadata/owner",
    "/tools/0",
    "/tools/0/type",
    "/tools/1/function/name",
    "/tool_resources/code_interpreter",
    "/tool_resources/code_interpreter/file_ids/0",
    "/tool_resources/file_search/vector_store_ids/0",
    "/response_format/type",
    "/response_format",
)


@given(specs, specs, st.sets(st.sampled_from(POINTERS), min_size=1, max_size=3))
def test_what_others_hold_at_ignored_pointers_leaves_nothing_to_note(
    spec: dict[str, Any], theirs: dict[str, Any], pointers: set[str]
) -> None:
    asked = desired("bot", spec, ignore_changes=tuple(pointers))
    there = with_ignored(as_answered(stated_fields(spec, KIND)), theirs, pointers)
    assert compared(asked, managed(asked, spec=there)).unrecorded == ()


def test_an_ignored_type_that_others_changed_leaves_nothing_to_note() -> None:
    search = {"type": "json_schema", "json_schema": {"name": "x", "strict": None}}
    asked = wanted(("/response_format/type",), response_format=search)
    assert compared(asked, live(asked, response_format={**search, "type": "other"})) == Compared(())


# --- create and expect


def test_a_create_sends_what_the_manifest_states_and_no_more() -> None:
    spec = {"model": "m", "temperature": 1, "name": None, "instructions": "a\r\nb\n", "tools": [], "unknown": 1}
    assert stated_fields(spec, KIND) == {
        "model": "m",
        "instructions": "a\nb",
        "tools": [],
        "temperature": 1,
    }


def test_expect_holds_readable_fields_and_the_address_and_nothing_else() -> None:
    there = live(wanted(temperature=0.5))
    expected = expect_digest(there, KIND, ())

    def digest_with(**changed: Any) -> str:
        return expect_digest(replace(there, **changed), KIND, ())

    assert digest_with(marker_applied="anything", remote_id="other", created_at=9) == expected
    assert digest_with(spec={**there.spec, "unknown": 1, "reasoning_effort": "low"}) == expected
    assert digest_with(marker_address="demo/dev/Assistant/other") != expected
    for name, value in {"temperature": 0.6, "name": "x", "metadata": {"a": "b"}}.items():
        assert digest_with(spec={**there.spec, name: value}) != expected


@pytest.mark.parametrize(("pointer", "spec", "now"), IGNORED.values(), ids=IGNORED.keys())
def test_expect_does_not_hold_what_is_ignored(pointer: str, spec: dict[str, Any], now: dict[str, Any]) -> None:
    one, other = live(wanted(**spec)), live(wanted(**spec), **now)
    assert len({expect_digest(there, KIND, (pointer,)) for there in (one, other)}) == 1


def test_expect_does_not_hold_several_ignored_items_of_one_list() -> None:
    pointers = ("/tools/0", "/tools/1")
    one, other = (live(wanted(tools=tools)) for tools in (TOOLS, [{"type": "file_search"}, THEIRS[1]]))
    assert expect_digest(one, KIND, pointers) == expect_digest(other, KIND, pointers)
    more = live(wanted(tools=[*TOOLS, {"type": "file_search"}]))
    assert expect_digest(more, KIND, pointers) != expect_digest(one, KIND, pointers)


def test_altered_names_what_the_service_holds_otherwise() -> None:
    sent = {"temperature": 0.33, "top_p": 0.5, "reasoning_effort": "low", "unknown": 1, "instructions": "a\n"}
    answer = {"temperature": 0.3, "top_p": 0.5, "instructions": "a"}
    assert altered(sent, answer, KIND) == {"temperature"}


def test_asked_entries_of_the_marker_come_back_as_the_causes_need_them() -> None:
    asked = wanted(temperature=0.5)
    applied = marker.parse_applied(live(asked).marker_applied or "")
    assert applied is not None and set(applied.fields) == {"m", "e"}


@pytest.mark.parametrize(("now", "cause"), [("was asked", Cause.MANIFEST), ("edited outside", Cause.BOTH)])
def test_a_removed_field_says_whether_it_was_changed_outside_too(now: str, cause: Cause) -> None:
    there = live(wanted(description="was asked"), description=now)
    assert moved(changes(wanted(), there)) == {"/description": (now, None, cause.value)}


# --- the versions of an object: what each of them changed


def changes_between(before: dict[str, Json], after: dict[str, Json]) -> tuple[FieldChange, ...]:
    return differing(KIND.fields, canonical(before, KIND), canonical(after, KIND))


def test_a_version_tells_the_fields_that_it_changed_in_the_order_of_the_kind() -> None:
    before = {"model": "m", "name": "A", "temperature": 0.2, "reasoning_effort": "low"}
    after = {"temperature": 0.9, "model": "m", "name": "B"}
    assert changes_between(before, after) == (
        FieldChange("/name", "A", "B"),
        FieldChange("/temperature", 0.2, 0.9),
        FieldChange("/reasoning_effort", "low", None),
    )


def test_the_first_version_is_told_against_nothing() -> None:
    assert changes_between({}, {"model": "m", "temperature": 1, "colour": "red"}) == (FieldChange("/model", None, "m"),)


@given(specs)
def test_the_same_in_other_words_is_no_change(spec: dict[str, Any]) -> None:
    visible = {**spec, "reasoning_effort": None}
    assert changes_between(visible, as_answered(visible)) == ()


@given(specs, specs)
def test_back_again_is_the_same_fields_the_other_way_round(one: dict[str, Any], other: dict[str, Any]) -> None:
    back = [(item.path, item.after, item.before) for item in changes_between(other, one)]
    assert [(item.path, item.before, item.after) for item in changes_between(one, other)] == back
