"""Provider openai-assistants: the mappers and what is sent, against a scripted server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from retinue.core.errors import ApiGone, Rejected, ServiceError
from retinue.core.model import Action, Address, Change, FieldChange, Reason
from retinue.providers.base import Marker
from retinue.providers.metadata import metadata_pairs
from retinue.providers.openai_assistants import PROVIDER, classify, create_body, to_live, update_body
from retinue.providers.wire import Answer, Connection, Verb, Verdict

MARKER = Marker("p/dev/Assistant/a", "1 abcdefgh")
PAIRS = {"retinue.address": MARKER.address, "retinue.applied": MARKER.applied}


def raw(**fields: Any) -> dict[str, Any]:
    return {"id": "asst_1", "object": "assistant", "created_at": 5, "model": "gpt", "metadata": {}, **fields}


@pytest.mark.parametrize(
    ("verb", "status", "body", "verdict"),
    [
        (Verb.GET, 200, {}, Verdict.OK),
        (Verb.GET, 200, None, Verdict.UNKNOWN),
        (Verb.GET, 200, [], Verdict.UNKNOWN),
        (Verb.GET, 302, None, Verdict.UNKNOWN),
        (Verb.LIST, 404, {}, Verdict.GONE),
        (Verb.CREATE, 404, {}, Verdict.GONE),
        (Verb.GET, 404, {}, Verdict.ABSENT),
        (Verb.UPDATE, 404, {}, Verdict.ABSENT),
        (Verb.DELETE, 404, {}, Verdict.ABSENT),
        (Verb.LIST, 410, {}, Verdict.GONE),
        (Verb.LIST, 401, {}, Verdict.AUTH),
        (Verb.LIST, 403, {}, Verdict.AUTH),
        (Verb.UPDATE, 400, {}, Verdict.REJECTED),
        (Verb.UPDATE, 405, {}, Verdict.REJECTED),
        (Verb.UPDATE, 409, {}, Verdict.RETRY),
        (Verb.UPDATE, 429, {}, Verdict.RETRY),
        (Verb.CREATE, 500, {}, Verdict.RETRY),
        (Verb.LIST, 503, None, Verdict.RETRY),
    ],
)
def test_the_classify_table(verb: Verb, status: int, body: Any, verdict: Verdict) -> None:
    assert classify(verb, Answer(status, {}, body)) is verdict


def test_the_marker_is_no_part_of_the_spec() -> None:
    live = to_live(raw(metadata={"team": "x", **PAIRS}))
    assert live.spec["metadata"] == {"team": "x"}
    assert (live.marker_address, live.marker_applied) == (MARKER.address, MARKER.applied)
    assert (live.remote_id, live.created_at) == ("asst_1", 5)


@pytest.mark.parametrize("metadata", [None, {}, {"retinue.address": ""}, "odd"])
def test_an_object_without_a_marker_is_nobodys(metadata: Any) -> None:
    assert to_live(raw(metadata=metadata)).marker_address is None


def test_a_create_sends_what_is_stated_and_the_marker() -> None:
    assert create_body({"model": "m", "metadata": {"a": "b"}}, MARKER) == {
        "model": "m",
        "metadata": {"a": "b", **PAIRS},
    }


def test_an_update_sends_only_what_differs_and_the_whole_metadata() -> None:
    live = to_live(raw(metadata={"team": "x", "gone": "", **PAIRS}))
    assert update_body(live, {"temperature": 0.2}, MARKER) == {"temperature": 0.2, "metadata": {"team": "x", **PAIRS}}


def test_a_removed_metadata_key_is_sent_empty_but_an_empty_one_is_not_sent_again() -> None:
    live = to_live(raw(metadata={"old": "1", "dead": "", **PAIRS}))
    assert metadata_pairs(live, {"new": "2"}, MARKER) == {"new": "2", "old": "", **PAIRS}


def test_letting_go_empties_both_marker_pairs() -> None:
    live = to_live(raw(metadata={"team": "x", **PAIRS}))
    assert update_body(live, {}, None) == {"metadata": {"team": "x", "retinue.address": "", "retinue.applied": ""}}


@pytest.mark.parametrize("value", [{}, None, {"file_search": None}, {"code_interpreter": {"file_ids": []}}])
def test_tool_resources_are_cleared_member_by_member(value: Any) -> None:
    body = update_body(to_live(raw()), {"tool_resources": value}, MARKER)
    assert body["tool_resources"] == {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": []}}


def test_a_plan_that_needs_more_than_sixteen_pairs_is_an_obstacle_with_the_keys() -> None:
    live = to_live(raw(metadata={f"old{n}": "x" for n in range(8)} | PAIRS))
    wanted = {f"new{n}": "y" for n in range(8)}
    change = Change(
        Address("Assistant", "a"), Action.UPDATE, Reason.MANIFEST, "asst_1", (FieldChange("/metadata", {}, wanted),)
    )
    obstacle = PROVIDER.obstacle(change, live)
    assert obstacle is not None
    assert obstacle.code == "metadata-full"
    assert "18 metadata pairs" in obstacle.message
    assert PROVIDER.obstacle(change, to_live(raw(metadata=PAIRS))) is None


Serve = Callable[[Callable[[httpx.Request], httpx.Response]], Any]


@pytest.fixture
def serve() -> Serve:
    def connect(handler: Callable[[httpx.Request], httpx.Response]) -> Any:
        return PROVIDER.connect(Connection("https://host/v1", transport=httpx.MockTransport(handler)))

    return connect


def test_the_list_walks_every_page_by_hundred_and_sends_the_beta_header(serve: Serve) -> None:
    objects = [raw(id=f"asst_{n}") for n in range(250)]
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        assert request.headers["OpenAI-Beta"] == "assistants=v2"
        after = request.url.params.get("after")
        start = 0 if after is None else int(after.removeprefix("asst_")) + 1
        page = objects[start : start + int(request.url.params["limit"])]
        return httpx.Response(200, json={"object": "list", "data": page, "has_more": start + len(page) < 250})

    assert [live.remote_id for live in serve(handler).list("Assistant")] == [item["id"] for item in objects]
    assert len(asked) == 3


def test_an_object_that_two_pages_repeat_is_one_object(serve: Serve) -> None:
    pages = [([raw(id="a"), raw(id="b")], True), ([raw(id="b"), raw(id="c")], False)]

    def handler(_request: httpx.Request) -> httpx.Response:
        data, more = pages.pop(0)
        return httpx.Response(200, json={"data": data, "has_more": more})

    assert [live.remote_id for live in serve(handler).list("Assistant")] == ["a", "b", "c"]


def test_a_proxy_that_repeats_a_page_for_ever_is_an_error(serve: Serve) -> None:
    service = serve(lambda _: httpx.Response(200, json={"data": [raw()], "has_more": True}))
    with pytest.raises(ServiceError, match="begun 4 times: the service says there are more but sends nothing new"):
        list(service.list("Assistant"))


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": ["x"]}, {"data": [{}]}])
def test_a_list_of_another_shape_is_an_error_never_an_empty_world(serve: Serve, body: Any) -> None:
    with pytest.raises(ServiceError, match="not in the shape"):
        list(serve(lambda _: httpx.Response(200, json=body)).list("Assistant"))


def test_a_missing_list_route_says_that_the_api_is_gone_and_what_to_do(serve: Serve) -> None:
    service = serve(lambda _: httpx.Response(404, json={"error": {"message": "Invalid URL"}}))
    with pytest.raises(ApiGone) as caught:
        list(service.list("Assistant"))
    assert "2026-08-26" in (caught.value.remedy or "")


def test_a_refused_reset_is_sent_once_more_as_null(serve: Serve) -> None:
    bodies = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        if bodies[-1]["temperature"] is not None:
            error = {"message": "no", "code": "unsupported_parameter", "param": "temperature"}
            return httpx.Response(400, json={"error": error})
        return httpx.Response(200, json=raw(metadata=bodies[-1]["metadata"]))

    live = to_live(raw())
    serve(handler).update(live, {"temperature": 1}, MARKER, frozenset({"temperature"}))
    assert [body["temperature"] for body in bodies] == [1, None]


def test_a_refused_value_that_is_no_reset_is_never_replaced_by_null(serve: Serve) -> None:
    error = {"message": "no", "code": "unsupported_parameter", "param": "temperature"}
    service = serve(lambda _: httpx.Response(400, json={"error": error}))
    with pytest.raises(Rejected):
        service.update(to_live(raw()), {"temperature": 0.3}, MARKER, frozenset())


def test_get_of_an_absent_object_is_none_and_its_delete_no_error(serve: Serve) -> None:
    service = serve(lambda _: httpx.Response(404, json={"error": {"message": "none"}}))
    assert service.get("Assistant", "asst_1") is None
    service.delete("Assistant", "asst_1")
