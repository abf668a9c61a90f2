"""Keys, rates and failures as the official SDK meets them: what it raises, when it comes back, what it repeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from .needs import sdk
from .published import Witness
from .service import connect, control, emulator

openai = sdk()
pytestmark = [pytest.mark.outside, pytest.mark.filterwarnings("ignore:deprecated$:DeprecationWarning")]


Connect = Callable[..., Any]


@pytest.fixture
def witness() -> Iterator[Witness]:
    """In the end every answer must have been as published."""
    found = Witness()
    yield found
    assert found.answers
    assert found.complaints() == []


@pytest.fixture
def assistants(witness: Witness) -> Iterator[Connect]:
    """`assistants(url, **options)`: those of an SDK that is connected with these options."""
    with ExitStack() as stack:
        yield lambda url, **options: stack.enter_context(connect(url, witness, **options)).beta.assistants


def test_only_the_right_key_is_good(assistants: Connect, witness: Witness) -> None:
    with emulator("--set", "api_key=sk-right") as url:
        with pytest.raises(openai.AuthenticationError) as refused:
            assistants(url, api_key="sk-wrong").list()
        assert (refused.value.status_code, refused.value.code) == (401, "invalid_api_key")
        assert assistants(url, api_key="sk-right").list().data == []


def moment(told: Any, now: float) -> float:
    """When the headers of a 429 say to come back; by its own rule, the SDK comes back after 0.375 s if they do not."""
    if "retry-after-ms" in told:
        return now + int(told["retry-after-ms"]) / 1000
    after = told.get("retry-after", "0.375")
    return now + float(after) if after[0].isdigit() else parsedate_to_datetime(after).timestamp()


@pytest.mark.parametrize("hint", ["seconds", "date", "ms", "none"])
def test_beyond_the_rate_the_sdk_comes_back_when_it_is_told_to(
    assistants: Connect, witness: Witness, hint: str
) -> None:
    with emulator("--rate", "4", "--burst", "1", "--hint", hint) as url:
        patient = assistants(url, max_retries=2)
        for _ in range(50):
            started = time.time()
            patient.list()
            ended = time.time()
            if 429 in witness.statuses:
                break
    assert witness.statuses[-3:] == [200, 429, 200]
    told = witness.answers[-2].headers
    assert [name for name in ("retry-after", "retry-after-ms") if name in told] == {
        "seconds": ["retry-after"],
        "date": ["retry-after"],
        "ms": ["retry-after-ms"],
        "none": [],
    }[hint]
    assert started < moment(told, started) <= ended < moment(told, started) + 4


def test_without_retries_a_429_is_an_error(assistants: Connect, witness: Witness) -> None:
    with emulator("--rate", "0.1", "--burst", "1") as url:
        hasty = assistants(url)
        hasty.list()
        with pytest.raises(openai.RateLimitError) as refused:
            hasty.list()
    assert (refused.value.status_code, refused.value.code) == (429, "rate_limit_exceeded")


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 500}, {"kind": "status", "status": 503}, {"kind": "reset"}]
)
def test_a_failure_is_tried_again(assistants: Connect, witness: Witness, fault: dict[str, Any]) -> None:
    with emulator("--control") as url:
        control(url, faults=[{"on": "^GET ", "fault": fault}])
        assert assistants(url, max_retries=1).list().data == []
    assert witness.statuses == [*([fault["status"]] if "status" in fault else []), 200]


def test_a_failure_that_lasts_is_an_error_of_its_own(assistants: Connect, witness: Witness) -> None:
    with emulator("--control") as url:
        control(url, faults=[{"on": "^GET ", "fault": {"kind": "status", "status": 500}}])
        with pytest.raises(openai.InternalServerError) as refused:
            assistants(url).list()
    assert refused.value.request_id in refused.value.message


def test_a_create_whose_answer_is_lost_is_repeated_by_the_sdk_and_makes_a_second_object(
    assistants: Connect, witness: Witness
) -> None:
    with emulator("--control") as url:
        control(url, faults=[{"on": "^POST ", "fault": {"kind": "reset", "after_commit": True}}])
        careless = assistants(url, max_retries=1)
        careless.create(model="m", name="Twin")
        assert [item.name for item in careless.list()] == ["Twin", "Twin"]
