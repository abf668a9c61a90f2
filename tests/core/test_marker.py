"""The marker: its two texts say what was meant, fit the service's limits, and no text whatever makes it stumble."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retinue.core.canonical import canonical
from retinue.core.marker import (
    NONCE_ALPHABET,
    NONCE_LENGTH,
    Applied,
    Entry,
    Mark,
    Owner,
    format_entries,
    parse_applied,
    parse_entries,
    parse_owner,
)
from retinue.core.marks import asked_entries, entry_of, short_digest
from retinue.core.model import Address, Kind
from retinue.providers.assistants_v2 import KINDS

from .worlds import KIND, at, specs

digests = st.text(string.ascii_letters + string.digits + "-_", min_size=6, max_size=6)
nonces = st.text(NONCE_ALPHABET, min_size=NONCE_LENGTH, max_size=NONCE_LENGTH)
entries = st.builds(Entry, digests, st.none() | digests)
applieds = st.builds(
    Applied,
    nonces,
    st.booleans(),
    st.none() | st.builds("{}{}".format, digests, digests),
    st.dictionaries(st.sampled_from(string.ascii_letters), entries),
)


def _legal(limit: int) -> st.SearchStrategy[str]:
    return st.from_regex(rf"[a-z0-9][a-z0-9-]{{0,{limit - 1}}}", fullmatch=True)


owners = st.builds(
    Owner,
    _legal(40),
    _legal(24),
    st.builds(Address, st.from_regex(r"[A-Z][A-Za-z]{0,10}", fullmatch=True), _legal(63)),
)


@given(applieds)
def test_what_was_applied_survives_its_text(applied: Applied) -> None:
    assert parse_applied(str(applied)) == applied


@given(owners)
def test_an_owner_survives_its_text(owner: Owner) -> None:
    assert parse_owner(str(owner)) == owner


@given(st.dictionaries(st.sampled_from(string.ascii_letters), entries))
def test_entries_survive_their_text(fields: dict[str, Entry]) -> None:
    assert parse_entries(format_entries(fields).split()) == fields


@given(applieds)
def test_the_text_is_ascii_and_sorted_so_equal_markers_have_equal_bytes(applied: Applied) -> None:
    text = str(applied)
    assert text.isascii()
    again = Applied(
        applied.nonce, applied.protected, applied.verified, dict(sorted(applied.fields.items(), reverse=True))
    )
    assert str(again) == text


@given(st.text())
@example("")
@example(" ")
@example("1")
@example("1 abcdefgh\n")
@example("1 abcdefgh ")
@example("1 äbcdefgh")
@example("2 abcdefgh")
@example("1 abcdefgh !p !p")
@example("1 abcdefgh =short")
@example("1 abcdefgh =abcdefghijkl !p")
@example("1 abcdefgh nabcdef nabcdef")
@example("1 abcdefgh n12345")
@example("1 abcdefgh n1234567")
@example("1 abcdefgh ٣123456")
def test_any_other_text_is_none_and_never_raises(text: str) -> None:
    parsed = parse_applied(text)
    assert parsed is None or str(parsed) == text


@given(applieds, st.data())
def test_a_damaged_text_is_none_or_another_whole_marker(applied: Applied, data: st.DataObject) -> None:
    text = str(applied)
    index = data.draw(st.integers(0, len(text) - 1))
    for damaged in (text[:index], text[:index] + text[index + 1 :], text[:index] + data.draw(st.characters()) + text):
        parsed = parse_applied(damaged)
        assert parsed is None or set(str(parsed).split()) == set(damaged.split())


@given(st.text())
@example("demo/dev/Assistant/bot\n")
@example("demo/dev/Assistant/")
@example("demo/dev/assistant/bot")
@example("demo/dev/Assistant/bot/more")
@example("Demo/dev/Assistant/bot")
@example("démo/dev/Assistant/bot")
@example("-demo/dev/Assistant/bot")
@example("demo//Assistant/bot")
@example("d" * 41 + "/dev/Assistant/bot")
@example("demo/" + "e" * 25 + "/Assistant/bot")
@example("demo/dev/Assistant/" + "b" * 64)
def test_any_other_address_is_none_and_never_raises(text: str) -> None:
    parsed = parse_owner(text)
    assert parsed is None or str(parsed) == text


ADDRESS, APPLIED = "demo/dev/Assistant/bot", "1 k8sJ2mQx !p na4ayc_"


@pytest.mark.parametrize(
    ("address", "applied"),
    [
        (ADDRESS, "2 k8sJ2mQx !p na4ayc_"),
        (ADDRESS, "2"),
        (ADDRESS, "10 x"),
        (ADDRESS, "1.1 k8sJ2mQx"),
        (ADDRESS, "v2 k8sJ2mQx"),
        (ADDRESS, "2:k8sJ2mQx"),
        (ADDRESS, "9" * 5000),
        (None, "2 k8sJ2mQx demo/dev"),
        ("forgotten", "2 k8sJ2mQx"),
        ("2 demo/dev/Assistant/bot", APPLIED),
        ("demo/dev/eu/Assistant/bot", APPLIED),
        ("demo/dev/Assistant/bot/canary", APPLIED),
    ],
)
def test_a_later_format_is_known_by_its_number_or_by_a_longer_address(address: str | None, applied: str) -> None:
    assert Mark.parse(address, applied).newer


@pytest.mark.parametrize(
    "applied", ["garbage", "", None, "1 short", "0 k8sJ2mQx", "01", "2024-01-31", "2garbage", "-2 x"]
)
@pytest.mark.parametrize(
    "address", [ADDRESS, None, "", "nonsense", "demo/dev/Assist", "demo/dev/Assistant/", "2/dev/A/b"]
)
def test_damage_is_no_later_format(address: str | None, applied: str | None) -> None:
    assert not Mark.parse(address, applied).newer


@given(owners, applieds)
def test_what_this_version_writes_is_not_newer(owner: Owner, applied: Applied) -> None:
    mark = Mark.of(owner, applied)
    assert Mark.parse(mark.owner_text, mark.applied_text) == mark
    assert not mark.newer


def test_the_longest_address_fits() -> None:
    longest = Owner("p" * 40, "e" * 24, Address("VectorStore", "n" * 63))
    assert len(str(longest)) == 141
    assert parse_owner(str(longest)) == longest


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_longest_marker_stays_well_under_512(kind: Kind) -> None:
    full = {field.code: Entry("a" * 6, "b" * 6) for field in kind.fields.values()}
    assert len(full) == len(kind.fields), "two fields share a letter"
    text = str(Applied("n" * NONCE_LENGTH, True, "v" * 12, full))
    assert parse_applied(text) is not None
    assert len(text) <= 256


@given(specs)
def test_asking_the_same_in_other_words_leaves_the_same_marker(spec: dict[str, object]) -> None:
    assert asked_entries(canonical(spec, KIND), KIND) == asked_entries(spec, KIND)


def test_a_field_at_its_default_needs_no_entry_and_has_one_all_the_same() -> None:
    asked = asked_entries({"model": "m", "temperature": 1.0, "tools": None, "metadata": {"a": ""}}, KIND)
    assert list(asked) == ["m"]
    assert entry_of(KIND.fields["temperature"], asked) == Entry(short_digest(1))
    assert entry_of(KIND.fields["tools"], asked) == Entry(short_digest([]))


def test_a_field_without_a_default_has_an_entry_only_if_it_was_asked() -> None:
    assert entry_of(KIND.fields["reasoning_effort"], {}) is None


def test_an_ignored_field_is_not_asked() -> None:
    asked = asked_entries({"model": "m", "temperature": 0.5, "top_p": 0.5}, KIND, ["/temperature"])
    assert sorted(asked) == ["m", "p"]


def test_a_short_digest_tells_true_from_one_but_not_one_from_one_point_zero() -> None:
    assert short_digest(1) == short_digest(1.0) != short_digest(True)
    assert len(short_digest("\ud800")) == 6


def test_an_owner_reads_as_its_address() -> None:
    assert str(Owner("demo", "dev", at("bot"))) == "demo/dev/Assistant/bot"
