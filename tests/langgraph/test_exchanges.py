"""The stand-in answers as a real langgraph-api 0.16.7 did; tests/live asks the real one the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from .exchanges import STEPS, run
from .fake import FakeLangGraph

RECORDED = Path(__file__).parent / "golden" / "exchanges.txt"


def test_the_fake_answers_as_the_real_server_did() -> None:
    def call(method: str, path: str, body: Any) -> tuple[int, str, str]:
        answer = client.request(method, path, **({} if body is None else {"json": body}))
        return answer.status_code, answer.headers.get("x-pagination-next", ""), answer.text

    recorded = RECORDED.read_text(encoding="utf-8")
    with httpx.Client(transport=httpx.WSGITransport(app=FakeLangGraph()), base_url="http://fake") as client:
        assert run(call) == recorded
    assert recorded.count("\n") == 2 * len(STEPS)
