"""The control route: there only when asked for, all or nothing, and everything a test needs from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from ..client import Api, good

URL = "http://emulator/_emulator/control"


@pytest.fixture
def api(make: Callable[..., Api]) -> Api:
    return make(control=True)


def control(api: Api, **document: Any) -> httpx.Response:
    return api.client.post(URL, json=document)


def test_it_is_not_there_unless_asked_for(make: Callable[..., Api]) -> None:
    api = make()
    assert (api.client.get(URL).status_code, control(api, reset=True).status_code) == (404, 404)


def test_it_changes_behaviour_and_shows_it(api: Api) -> None:
    state = good(control(api, behaviour={"metadata": "replace", "unsupported": ["top_p"]}, latency=2))
    assert (state["behaviour"]["metadata"], state["behaviour"]["unsupported"], state["latency"]) == (
        "replace",
        ["top_p"],
        2.0,
    )
    assert api.create(top_p=0.5).status_code == 400
    state = good(control(api, behaviour={"alterations": {"name": "upper"}}))
    assert (state["behaviour"]["metadata"], state["behaviour"]["alterations"]) == ("replace", {"name": "upper"})
    assert api.created(name="tutor")["name"] == "TUTOR"


def test_it_scripts_faults_rates_and_chance(api: Api) -> None:
    good(
        control(api, faults=[{"on": "^POST ", "fault": {"kind": "status", "status": 503, "hint": "date"}, "times": 2}])
    )
    assert [api.create().status_code for _ in range(3)] == [503, 503, 200]
    good(control(api, rates=[{"per_second": 1, "burst": 1, "match": "^GET ", "hint": "ms"}]))
    assert [api.list().status_code for _ in range(2)] == [200, 429]
    good(control(api, reset=["faults"], chance={"seed": 3, "probability": 1, "faults": [{"kind": "html"}]}))
    assert api.list().headers["content-type"].startswith("text/html")


def test_it_puts_objects_there_as_they_are(api: Api) -> None:
    foreign = {"id": "asst_f", "created_at": 7, "metadata": {"k": "v" * 600}, "name": "Foreign"}
    good(control(api, objects=[foreign, {"name": "without an id"}]))
    found = good(api.get("asst_f"))
    assert {name: found[name] for name in foreign} == foreign
    assert len(api.ids()) == 2


def test_it_reads_the_log_and_is_not_in_it(api: Api) -> None:
    api.create()
    requests = good(api.client.get(URL))["requests"]
    assert [(line["method"], line["path"], line["status"]) for line in requests] == [("POST", "/v1/assistants", 200)]
    assert good(control(api, reset=["requests"]))["requests"] == []


def test_a_reset_of_everything(api: Api) -> None:
    control(api, behaviour={"gone": True}, latency=1, faults=[{"on": "", "fault": {"kind": "html"}}], objects=[{}])
    state = good(control(api, reset=True))
    assert (state["behaviour"]["gone"], state["latency"], state["requests"]) == (False, 0.0, [])
    assert api.ids() == []


def test_a_reset_comes_before_what_is_set(api: Api) -> None:
    control(api, behaviour={"metadata": "replace"}, objects=[{}])
    state = good(control(api, reset=["behaviour", "objects"], behaviour={"null": "keep"}, objects=[{}, {}]))
    assert (state["behaviour"]["metadata"], state["behaviour"]["null"]) == ("merge", "keep")
    assert len(api.ids()) == 2


BAD: dict[str, dict[str, Any]] = {
    "unknown": {"colour": 1},
    "reset": {"reset": ["everything"]},
    "behaviour": {"behaviour": {"colour": 1}},
    "choice": {"behaviour": {"metadata": "mix"}},
    "fields": {"behaviour": {"unsupported": "temperature"}},
    "amount": {"behaviour": {"lag_seconds": "long"}},
    "truth": {"behaviour": {"gone": "perhaps"}},
    "key": {"behaviour": {"api_key": 123}},
    "latency": {"latency": "long"},
    "latency before the request": {"latency": -1},
    "fault": {"faults": [{"on": "", "fault": {"kind": "explode"}}]},
    "no fault": {"faults": [{"on": ""}]},
    "pattern": {"faults": [{"on": "(", "fault": {"kind": "html"}}]},
    "rate": {"rates": [{"per_second": 0, "burst": 1}]},
    "rate member": {"rates": [{"per_second": 1, "burst": 1, "x": 1}]},
    "chance": {"chance": {"seed": 1}},
    "object": {"objects": ["x"]},
    "object time": {"objects": [{"created_at": "now"}]},
    "object far in the future": {"objects": [{"created_at": 10**30}]},
    "object type": {"objects": [{"object": "thread"}]},
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_changes_nothing(api: Api, case: str) -> None:
    before = good(api.client.get(URL))
    good_parts = {"objects": [{"id": "asst_first"}], "behaviour": {"null": "keep"}}
    response = control(api, **{**good_parts, **BAD[case]})
    assert response.status_code == 400
    assert response.json()["error"]["message"]
    assert good(api.client.get(URL)) == before
    assert api.ids() == []


def test_a_web_page_cannot_reach_it_without_asking(api: Api) -> None:
    response = api.client.post(URL, content=b'{"reset": true}', headers={"Content-Type": "text/plain"})
    assert response.status_code == 415
    assert api.client.put(URL, json={}).status_code == 405
