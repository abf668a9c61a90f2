"""What a step sends, and what the marker remembers of it until the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from retinue.core import marker
from retinue.core.marks import (
    at_default,
    begun,
    ended,
    fields_to_send,
    has_dropped_references,
    next_applied,
    short_digest,
    with_observations,
)
from retinue.core.model import Action, Change, Kind, Live

from .carrying import carried_out
from .worlds import KIND, as_answered, at, desired, foreign, managed, plan

SPEC = {"model": "m", "name": "Bot"}


def parts(*names: str) -> Kind:
    return replace(KIND, compound=frozenset(names))


BOT = desired("bot", SPEC)
PROVEN = short_digest("a spec that passed", 12)


def applied(live: Live) -> marker.Applied:
    assert live.mark.applied is not None
    return live.mark.applied


def update(spec: dict[str, Any], live: Live, **policy: Any) -> Change:
    (change,) = plan([desired("bot", spec, **policy)], [live]).changes
    return change


def searching(*stores: str) -> dict[str, Any]:
    return {**SPEC, "tool_resources": {"file_search": {"vector_store_ids": list(stores)}}}


# --- what is sent


def test_an_update_sends_what_differs_and_what_is_left_to_others_as_it_is_now() -> None:
    live = managed(desired("bot", {**SPEC, "metadata": {"team": "a"}}))
    change = update({**SPEC, "metadata": {"team": "b"}}, live, ignore_changes=("/metadata/owner",))
    assert fields_to_send(change, KIND) == {"metadata": {"team": "b"}}
    now = {**live.spec, "metadata": {"team": "a", "owner": "x"}}
    assert fields_to_send(change, KIND, now) == {"metadata": {"team": "b", "owner": "x"}}


def test_the_fields_at_their_default_are_told_but_for_those_that_are_left_to_others() -> None:
    change = update({**SPEC, "temperature": 0.2}, managed(BOT), ignore_changes=("/metadata/owner",))
    assert at_default(change, KIND) == KIND.fields.keys() - {"model", "name", "temperature", "metadata"}


# --- what the marker says afterwards


def test_nonce_and_verification_stay_for_life_and_an_adopted_object_gets_a_nonce_of_its_own() -> None:
    proven = replace(applied(managed(BOT)), verified=PROVEN)
    live = replace(managed(BOT), marker_applied=str(proven))
    after = applied(carried_out(update({**SPEC, "temperature": 0.2}, live), live))
    assert (after.nonce, after.verified) == (proven.nonce, PROVEN)
    (change,) = plan([desired("bot", SPEC, adopt={"dev": "asst_1"})], [foreign("asst_1", **SPEC)]).changes
    claimed = replace(foreign("asst_1", **SPEC), marker_applied=str(proven))
    assert next_applied(change, claimed, KIND, lambda: "fresh000") == replace(applied(managed(BOT)), nonce="fresh000")


def test_a_damaged_marker_gets_the_nonce_that_makes_no_double_of_a_copy() -> None:
    damaged = managed(BOT, damaged=True)
    assert applied(carried_out(update({**SPEC, "temperature": 0.2}, damaged), damaged)).nonce == marker.REPAIRED


def test_what_the_service_made_of_a_value_is_remembered_as_long_as_it_is_asked_for() -> None:
    asked = desired("bot", {**SPEC, "instructions": "Hello"})
    live = managed(asked, spec=as_answered({**SPEC, "instructions": "HELLO"}), observed={"instructions": "HELLO"})
    code = KIND.fields["instructions"].code
    kept = applied(carried_out(update({**asked.spec, "temperature": 0.2}, live), live)).fields[code]
    assert kept == applied(live).fields[code]
    other = applied(carried_out(update({**SPEC, "instructions": "Bye"}, live), live)).fields[code]
    assert other.observed is None


def test_an_alteration_of_a_default_is_remembered_although_a_default_has_no_entry() -> None:
    field = KIND.fields["temperature"]
    known = marker.Entry(short_digest(field.shape.default), short_digest(0.99))
    entries = {**applied(managed(BOT)).fields, field.code: known}
    live = replace(managed(BOT), marker_applied=str(replace(applied(managed(BOT)), fields=entries)))
    change = update({**SPEC, "top_p": 0.2}, managed(BOT))
    assert next_applied(change, live, KIND, str).fields[field.code] == known


def test_of_a_field_that_cannot_be_read_the_last_word_stays_with_the_marker() -> None:
    change = update(
        {**SPEC, "reasoning_effort": "low", "temperature": 0.2},
        managed(desired("bot", {**SPEC, "reasoning_effort": "low"})),
    )
    assert [item.path for item in change.fields] == ["/temperature"]
    meanwhile = managed(desired("bot", {**SPEC, "reasoning_effort": "high"}))
    code = KIND.fields["reasoning_effort"].code
    assert next_applied(change, meanwhile, KIND, str).fields[code] == applied(meanwhile).fields[code]


@pytest.mark.parametrize(("answer", "observed"), [("HELLO", short_digest("HELLO")), (None, None)])
def test_an_answer_that_is_not_what_was_asked_is_noted_with_the_field(answer: str | None, observed: str | None) -> None:
    live = managed(BOT)
    change = update({**SPEC, "name": "Bee"}, live)
    before = next_applied(change, live, KIND, str)
    after = with_observations(before, ["name", "model"], change, {"name": answer, "model": "m"}, KIND)
    asked = before.fields[KIND.fields["name"].code].asked
    noted = after.fields[KIND.fields["name"].code]
    assert noted.asked == asked
    assert noted.observed == (observed or short_digest(None))
    assert after.fields[KIND.fields["model"].code].observed == short_digest("m")


def test_an_answer_without_the_field_is_not_taken_for_a_value() -> None:
    live = managed(desired("bot", {**SPEC, "reasoning_effort": "low"}))
    change = update({**SPEC, "reasoning_effort": "high"}, live)
    before = next_applied(change, live, KIND, str)
    after = with_observations(before, ["reasoning_effort"], change, {"model": "m"}, KIND)
    assert after == before
    gone = replace(before, fields={})
    assert with_observations(gone, ["reasoning_effort"], change, {"model": "m"}, KIND) == gone


# --- a field that takes several requests


def test_while_a_field_is_being_written_the_marker_says_that_it_is_unfinished() -> None:
    live = managed(desired("bot", searching("vs_1")))
    code = KIND.fields["tool_resources"].code
    for stores, word in ((("vs_1", "vs_2"), marker.UNFINISHED), (("vs_2",), marker.EXCHANGING)):
        change = update(searching(*stores), live)
        fields = fields_to_send(change, KIND, live.spec)
        after = next_applied(change, live, KIND, str)
        first = begun(after, fields, live, parts("tool_resources", "tools"))
        assert first.fields[code] == marker.Entry(after.fields[code].asked, word)
        assert ended(first) == after
        assert begun(after, fields, live, KIND) == after
        assert begun(after, fields, replace(live, spec=fields), parts("tool_resources")) == after
        # What such a run leaves is finished by the next one, and nobody is told of an edit that nobody made.
        broken = replace(live, marker_applied=str(first))
        (again,) = plan([desired("bot", searching(*stores))], [broken]).changes
        assert plan([desired("bot", searching(*stores))], [carried_out(again, broken)]).changes == ()


def test_a_field_that_was_never_asked_for_is_not_called_unfinished() -> None:
    effort = {"reasoning_effort": "low"}
    assert begun(marker.Applied("n0000001"), effort, None, parts(*effort)).fields == {}


# --- references that were let go of


def test_a_reference_to_ours_that_goes_is_remembered_until_the_next_change() -> None:
    live = managed(desired("bot", searching("vs_1")))
    store = at("handbook")._replace(kind="VectorStore")
    change = replace(update(SPEC, live), resolved={store: "vs_1"})
    released = carried_out(change, live)
    assert has_dropped_references(applied(released), KIND)
    assert not has_dropped_references(applied(live), KIND)
    assert not has_dropped_references(applied(carried_out(replace(change, resolved={}), live)), KIND)
    (again,) = plan([desired("bot", {**SPEC, "temperature": 0.2})], [released]).changes
    assert not has_dropped_references(applied(carried_out(again, released)), KIND)


def test_a_step_without_readable_entries_asks_for_nothing() -> None:
    change = Change(at("bot"), Action.UPDATE, "some reason", "asst_bot")
    assert at_default(change, KIND) == frozenset(KIND.fields)
