"""Misbehaviour: scripted, by rate, by chance; what has been done when the answer is lost; the request log."""

from __future__ import annotations

import json
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from retinue_emulator.faults import Behaviour, Fault, Faults

from ..client import Api, Clock, good, refusal

CREATE = "^POST /v1/assistants$"


def test_only_the_chosen_request_is_disturbed(api: Api) -> None:
    api.emulator.faults.on(CREATE, Fault("status", 500), after=1, times=2)
    assert [api.create().status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    assert api.list().status_code == 200


def test_a_fault_can_last(api: Api) -> None:
    api.emulator.faults.on("GET", Fault("status", 503), times=None)
    assert {api.list().status_code for _ in range(20)} == {503}
    api.emulator.faults.clear()
    assert api.list().status_code == 200


def test_scripts_for_one_request_take_turns(api: Api) -> None:
    for status in (500, 429, 503):
        api.emulator.faults.on(CREATE, Fault("status", status))
    assert [api.create().status_code for _ in range(4)] == [500, 429, 503, 200]


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("kind", ["status", "html", "broken"])
def test_the_deed_is_done_only_after_the_commit(api: Api, kind: str, done: bool) -> None:
    api.emulator.faults.on(CREATE, Fault(kind, after_commit=done))
    api.create()
    assert len(api.ids()) == done


@pytest.mark.parametrize("done", [False, True])
def test_a_dropped_connection_is_raised_in_process(api: Api, done: bool) -> None:
    api.emulator.faults.on(CREATE, Fault("reset", after_commit=done))
    with pytest.raises(ConnectionResetError):
        api.create()
    assert len(api.ids()) == done
    assert [request.status for request in api.emulator.requests] == [0, 200]


def test_a_server_error_names_the_request(api: Api) -> None:
    api.emulator.faults.on(CREATE, Fault("status", 502))
    response = api.create()
    assert refusal(response) == (502, None, None)
    error = response.json()["error"]
    assert (error["type"], response.headers["x-request-id"] in error["message"]) == ("server_error", True)


def test_the_text_of_a_fault_can_be_given(api: Api) -> None:
    api.emulator.faults.on("GET", Fault("status", 404, body="<h1>Not here</h1>"))
    response = api.list()
    assert (response.status_code, response.text) == (404, "<h1>Not here</h1>")


def test_html_with_200(api: Api) -> None:
    api.emulator.faults.on("GET", Fault("html"))
    response = api.list()
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.text.startswith("<!doctype html>")


def test_broken_json_with_200(api: Api) -> None:
    api.emulator.faults.on("GET", Fault("broken"))
    response = api.list()
    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_a_cut_answer_ends_in_the_middle_after_the_deed(api: Api) -> None:
    api.emulator.faults.on(CREATE, Fault("cut"))
    with pytest.raises(ConnectionResetError):
        api.create()
    assert len(api.ids()) == 1


def test_slow_answers_and_slow_bodies_are_whole(api: Api, clock: Clock) -> None:
    started = clock.time
    for kind in ("slow", "drip"):
        api.emulator.faults.on(CREATE, Fault(kind, seconds=30))
        good(api.create())
    assert clock.time - started == pytest.approx(60)
    assert len(api.ids()) == 2


def test_latency_comes_before_every_answer(api: Api, clock: Clock) -> None:
    started = clock.time
    api.emulator.latency = 0.25
    api.create()
    api.list()
    assert clock.time - started == 0.5


# --- rates


@pytest.mark.parametrize(
    ("hint", "name"), [("seconds", "retry-after"), ("date", "retry-after"), ("ms", "retry-after-ms"), ("", None)]
)
def test_who_comes_too_early_is_told_when_to_come_back(api: Api, clock: Clock, hint: str, name: str | None) -> None:
    api.emulator.faults.limit(0.4, 2, hint=hint)
    assert [api.list().status_code for _ in range(2)] == [200, 200]
    response = api.list()
    assert refusal(response) == (429, "rate_limit_exceeded", None)
    assert "slow down" in response.json()["error"]["message"]
    told = {key: value for key, value in response.headers.items() if key.startswith("retry-after")}
    assert list(told) == ([name] if name else [])
    if hint == "seconds":
        assert told["retry-after"] == "3"
    if hint == "ms":
        assert told["retry-after-ms"] == "2500"
    if hint == "date":
        assert parsedate_to_datetime(told["retry-after"]).timestamp() - clock.time == 3
    clock.sleep(2.5)
    assert [api.list().status_code for _ in range(2)] == [200, 429]


def test_rates_can_differ_by_verb(api: Api) -> None:
    api.emulator.faults.limit(1, 1, match="^POST ")
    api.emulator.faults.limit(1, 3, match="^GET ")
    assert [api.create().status_code for _ in range(2)] == [200, 429]
    assert [api.list().status_code for _ in range(4)] == [200, 200, 200, 429]
    assert api.delete("none").status_code == 404


def test_a_refused_request_does_nothing_and_costs_nothing(api: Api, clock: Clock) -> None:
    api.emulator.faults.limit(1, 1)
    assert [api.create().status_code for _ in range(5)] == [200, 429, 429, 429, 429]
    clock.sleep(1)
    assert len(api.ids()) == 1


@pytest.mark.parametrize("hint", ["seconds", "date", "ms"])
def test_a_scripted_refusal_can_say_when(api: Api, hint: str) -> None:
    api.emulator.faults.on("GET", Fault("status", 503, hint=hint, wait=7))
    assert any(key.startswith("retry-after") for key in api.list().headers)


def test_headers_as_they_are(api: Api) -> None:
    api.emulator.faults.on("GET", Fault("status", 429, retry_after="soon", retry_after_ms="-1"))
    headers = api.list().headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("soon", "-1")


# --- chance


def seeded(seed: int, requests: list[tuple[str, str]]) -> list[tuple[str, str | None]]:
    """(label, kind of fault) of each request, sorted."""
    faults = Faults(lambda: 0.0)
    faults.sometimes(seed, 0.3, [Fault("status"), Fault("reset"), Fault("cut")])
    found = [(label, faults.next(request, label)) for request, label in requests]
    return sorted((label, fault.kind if fault else "") for label, fault in found)


def test_chance_depends_on_the_seed_and_not_on_the_order_of_routes_nor_on_ids() -> None:
    requests = [("POST /a", "POST /a")] * 100 + [(f"GET /a/{number}", "GET /a/{id}") for number in range(100)]
    again = [(f"GET /a/x{number}", "GET /a/{id}") for number in range(100)] + [("POST /a", "POST /a")] * 100
    assert seeded(1, requests) == seeded(1, again) != seeded(2, requests)
    kinds = [kind for _, kind in seeded(1, requests)]
    assert 30 <= len([kind for kind in kinds if kind]) <= 90
    assert set(kinds) == {"", "status", "reset", "cut"}


def test_chance_can_be_for_some_requests(api: Api) -> None:
    api.emulator.faults.sometimes(1, 1.0, [Fault("status", 500)], match="^POST ")
    assert (api.create().status_code, api.list().status_code) == (500, 200)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Fault("explode"),
        lambda: Fault("status", hint="tomorrow"),
        lambda: Behaviour(metadata="mix"),
        lambda: Behaviour(beta_status=403),
        lambda: Behaviour(lag_seconds=-1),
        lambda: Fault("status", 99),
        lambda: Fault("slow", seconds=-1),
        lambda: Behaviour(alterations={"name": "shout"}),
        lambda: Faults(lambda: 0.0).limit(0, 1),
        lambda: Faults(lambda: 0.0).limit(1, 0),
        lambda: Faults(lambda: 0.0).sometimes(1, 0.5, []),
    ],
)
def test_an_option_that_does_not_exist_is_refused(wrong: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match=r"one of|needs|no fault"):
        wrong()


# --- the log


def test_the_log_has_every_request_in_order(api: Api, clock: Clock) -> None:
    key = api.created()["id"]
    clock.sleep(1)
    api.list(limit=1)
    api.get("none")
    api.delete(key)
    log = api.emulator.requests
    assert [(line.method, line.path, line.status) for line in log] == [
        ("POST", "/v1/assistants", 200),
        ("GET", "/v1/assistants", 200),
        ("GET", "/v1/assistants/none", 404),
        ("DELETE", f"/v1/assistants/{key}", 200),
    ]
    assert (log[1].query, log[1].at - log[0].at) == ("limit=1", 1.0)
    assert [line.method for line in api.emulator.writes()] == ["POST", "DELETE"]


def test_a_failing_database_is_a_server_error(api: Api) -> None:
    api.emulator.close()
    response: httpx.Response = api.list()
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"
