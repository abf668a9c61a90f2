"""Announced ends against a date: thresholds, hosts, grouping; and the file of them is sorted, sourced and dated."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.model import Address, Desired, Severity
from retinue.core.retirement import End, ending
from retinue.providers import registry
from retinue.providers.ends import WARNED_DAYS, ends_of
from retinue.schema import schema_beside

ON = date(2027, 1, 14)
MODEL = End(
    "the model",
    "2027-01-14",
    f"{ON - timedelta(WARNED_DAYS)}",
    "2026-12-01",
    ("https://example.com/ends",),
    ("old-*",),
    hosts=(".example.com",),
)


def using(*models: str) -> list[Desired]:
    return [Desired("Bot", {"model": model}, Address("Bot", f"b{n}")) for n, model in enumerate(models)]


@pytest.mark.parametrize(
    ("days", "code", "severity"),
    [
        (WARNED_DAYS + 1, "retiring", Severity.INFO),
        (WARNED_DAYS, "retiring", Severity.WARNING),
        (1, "retiring", Severity.WARNING),
        (0, "retired", Severity.WARNING),
        (-400, "retired", Severity.WARNING),
    ],
)
def test_a_note_becomes_a_warning_and_then_past(days: int, code: str, severity: Severity) -> None:
    ((found, user),) = ending([MODEL], "api.example.com", using("old-1"), "dev", f"{ON - timedelta(days)}")
    assert (found.code, found.severity, found.path) == (code, severity, "/model")
    assert user is not None
    assert "2027-01-14" in found.message
    assert "known as of 2026-12-01" in str(found.remedy)


@given(st.dates(date(2026, 8, 1), ON - timedelta(1)))
def test_a_message_is_the_same_on_every_day_before_the_end(day: date) -> None:
    texts = {item[0].message for item in ending([MODEL], "example.com", using("old-1"), "dev", str(day))}
    assert texts == {"the model `old-1` ends on 2027-01-14"}


@pytest.mark.parametrize("host", ["notexample.com", "example.com.evil.org", "", "127.0.0.1"])
def test_another_host_has_other_ends(host: str) -> None:
    assert list(ending([MODEL], host, using("old-1"), "dev", str(ON))) == []


def test_a_value_that_many_use_is_told_once() -> None:
    found = list(ending([MODEL], "example.com", using("old-1", "new", "old-1", "old-2"), "dev", str(ON)))
    assert [(item.message, user and str(user.address)) for item, user in found] == [
        ("the model `old-1` ended on 2027-01-14 (used by Bot/b0 and 1 more)", "Bot/b0"),
        ("the model `old-2` ended on 2027-01-14", "Bot/b3"),
    ]


def test_the_file_is_sorted_sourced_and_dated() -> None:
    data = schema_beside("retinue.providers", "ends")
    known = date.fromisoformat(data["known_as_of"])
    entries = data["ends"]
    keys = [(item["set"], item["on"], item["values"]) for item in entries]
    assert all(first < second for first, second in pairwise(keys))
    for item in entries:
        assert date.fromisoformat(item["on"]).isoformat() == item["on"]
        assert item["sources"] and all(source.startswith("https://") for source in item["sources"])
        assert item["values"] == sorted(set(item["values"]))
        assert item["what"]
    values = [(item["set"], value) for item in entries for value in item["values"]]
    assert len(values) == len(set(values))
    assert known <= date.today()


def test_every_entry_belongs_to_a_provider() -> None:
    sets = {item["set"] for item in schema_beside("retinue.providers", "ends")["ends"]}
    known = {end for provider in registry.loadable()[0] for end in provider.capabilities.ends}
    left = {end for name in sets for end in ends_of(name)} - known
    assert {end.what.split(",")[0] for end in left} == {
        "Foundry's service for classic agents"
    }  # of its endpoints alone
