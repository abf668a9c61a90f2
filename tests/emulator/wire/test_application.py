"""The application around the API: expiring tokens, unknown URLs, bodies, headers, and the WSGI protocol itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from wsgiref.validate import validator

import pytest

from ..client import Api, Clock, in_process, refusal


def test_a_token_expires_and_a_new_one_is_good(make: Callable[..., Api], clock: Clock) -> None:
    api = make(token_seconds=60)
    assert api.list().status_code == 200
    clock.sleep(59)
    assert api.list().status_code == 200
    clock.sleep(1)
    assert refusal(api.list()) == (401, "token_expired", None)
    assert api.client.get("assistants", headers={"Authorization": "Bearer new"}).status_code == 200


def test_a_token_can_expire_by_use(make: Callable[..., Api]) -> None:
    api = make(token_requests=2)
    assert [api.list().status_code for _ in range(4)] == [200, 200, 401, 401]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/x"),
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/assistants/"),
        ("GET", "/v1/assistants/a/b"),
        ("GET", "/v1/assistants/a%2Fb"),
        ("GET", "/v1assistants"),
        ("GET", "/v2/é"),
        ("GET", "/_emulator/control"),
    ],
)
def test_an_unknown_url_is_404(api: Api, method: str, path: str) -> None:
    response = api.client.request(method, f"http://emulator{path}")
    assert refusal(response) == (404, None, None)
    assert response.json()["error"]["message"].startswith(f"Invalid URL ({method} /")


@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/assistants/a"), ("DELETE", "/v1/assistants")])
def test_a_wrong_method_is_405(api: Api, method: str, path: str) -> None:
    response = api.client.request(method, f"http://emulator{path}")
    assert refusal(response) == (405, None, None)
    assert response.json()["error"]["message"] == f"Invalid method for URL ({method} {path})"


def test_every_answer_has_the_services_headers(api: Api) -> None:
    for response in (api.create(), api.get("none"), api.client.get("nowhere")):
        assert re.fullmatch(r"req_[0-9a-f]{32}", response.headers["x-request-id"])
        assert response.headers["openai-version"] == "2020-10-01"
        assert int(response.headers["openai-processing-ms"]) > 0


@pytest.mark.parametrize("streamed", [False, True])
def test_a_body_that_is_too_large_is_refused(api: Api, streamed: bool) -> None:
    pieces = [b" " * (1024 * 1024)] * 17
    content: Any = iter(pieces) if streamed else b"".join(pieces)
    assert refusal(api.client.post("assistants", content=content)) == (413, None, None)


def test_a_streamed_body_is_read(api: Api) -> None:
    response = api.client.post("assistants", content=iter([b'{"mod', b'el": "m"}']))
    assert response.json()["model"] == "m"


def test_a_body_that_ends_early_changes_nothing(api: Api) -> None:
    with pytest.raises(ConnectionResetError):
        api.client.post("assistants", content=b'{"model": "m"}', headers={"Content-Length": "20"})
    assert api.ids() == []
    assert api.emulator.requests[0].status == 0


def test_the_application_keeps_to_the_wsgi_protocol(api: Api) -> None:
    """Judged by the validator of the standard library (PEP 3333)."""
    with in_process(validator(api.emulator)) as judged:
        key = judged.created(name="é")["id"]
        assert (judged.get(key).status_code, judged.get("none").status_code) == (200, 404)
        assert judged.ids() == [key]
        assert judged.delete(key).status_code == 200
