"""When a freeze holds, by a clock that is handed in."""

from __future__ import annotations

import pytest

from retinue.core.fleet import Freeze
from retinue.load.project import moment


@pytest.mark.parametrize(
    ("until", "seconds"),
    [
        ("1970-01-02", 86400),
        ("1970-01-02T00:00:00Z", 86400),
        ("1970-01-02T01:00+01:00", 86400),
        ("1970-01-01T23:00:00-01:00", 86400),
    ],
)
def test_a_freeze_holds_up_to_its_moment_and_no_longer(until: str, seconds: int) -> None:
    freeze = Freeze(until, "x", moment(until))
    assert freeze.holds(seconds - 0.001)
    assert not freeze.holds(seconds)


@pytest.mark.parametrize("until", ["2026-02-30", "2026-13-01", "2026-01-01T24:30:00Z"])
def test_what_no_calendar_has_is_an_error(until: str) -> None:
    with pytest.raises(ValueError, match=r"hour|month|day"):
        moment(until)
