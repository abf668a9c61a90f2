"""The judge by the published document can fail: what it must find, and what it must let pass."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .needs import sdk
from .published import DEPARTURES, Answer, Judge

sdk()
pytestmark = pytest.mark.outside

ASSISTANT: dict[str, Any] = {
    "id": "asst_1",
    "object": "assistant",
    "created_at": 1,
    "name": None,
    "description": None,
    "model": "gpt-4o",
    "instructions": None,
    "tools": [
        {"type": "code_interpreter"},
        {
            "type": "file_search",
            "file_search": {"max_num_results": 20, "ranking_options": {"ranker": "auto", "score_threshold": 0.0}},
        },
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": False}},
    ],
    "top_p": 1.0,
    "temperature": 1.0,
    "tool_resources": {"code_interpreter": {"file_ids": []}},
    "metadata": {"k": "v"},
    "response_format": "auto",
}
LIST: dict[str, Any] = {
    "object": "list",
    "data": [ASSISTANT],
    "first_id": "asst_1",
    "last_id": "asst_1",
    "has_more": False,
}
EMPTY = {**LIST, "data": [], "first_id": None, "last_id": None}
DELETED = {"id": "asst_1", "object": "assistant.deleted", "deleted": True}
ERROR = {"error": {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}}
HYBRID = {"ranker": "auto", "score_threshold": 0.0, "hybrid_search": None}
SEARCH = [{"type": "file_search", "file_search": {"ranking_options": HYBRID}}]


def without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key != name}


def answer(
    body: Any, method: str = "GET", path: str = "/assistants/asst_1", status: int = 200, kind: str = "application/json"
) -> Answer:
    return Answer(method, path, status, {"content-type": kind}, json.dumps(body).encode())


GOOD = {
    "read": answer(ASSISTANT),
    "created": answer(ASSISTANT, "POST", "/assistants"),
    "updated": answer(ASSISTANT, "POST"),
    "without resources": answer(without(ASSISTANT, "tool_resources")),
    "list": answer(LIST, path="/assistants"),
    "empty list": answer(EMPTY, path="/assistants"),
    "deleted": answer(DELETED, "DELETE"),
    "refused": answer(ERROR, status=404),
    "refused elsewhere": answer(ERROR, path="/nowhere", status=404),
}
BAD = {
    "unknown key": answer({**ASSISTANT, "colour": "red"}),
    "unknown key of a tool": answer({**ASSISTANT, "tools": [{"type": "code_interpreter", "x": 1}]}),
    "unknown key of resources": answer({**ASSISTANT, "tool_resources": {"web": {}}}),
    "unknown kind of tool": answer({**ASSISTANT, "tools": [{"type": "retrieval"}]}),
    "whole number as text": answer({**ASSISTANT, "created_at": "1"}),
    "fraction as time": answer({**ASSISTANT, "created_at": 1.5}),
    "null metadata value": answer({**ASSISTANT, "metadata": {"k": None}}),
    "long name": answer({**ASSISTANT, "name": "n" * 257}),
    "hot": answer({**ASSISTANT, "temperature": 2.5}),
    "bad format": answer({**ASSISTANT, "response_format": "json"}),
    "effort without the option": answer({**ASSISTANT, "reasoning_effort": None}),
    "hybrid search without the option": answer({**ASSISTANT, "tools": SEARCH}),
    "a list for an object": answer(LIST),
    "an object for a list": answer(ASSISTANT, path="/assistants"),
    "a bad entry": answer({**LIST, "data": [without(ASSISTANT, "model")]}, path="/assistants"),
    "null ids beside an entry": answer({**EMPTY, "data": [ASSISTANT]}, path="/assistants"),
    "an id in an empty list": answer({**LIST, "data": []}, path="/assistants"),
    "not deleted": answer({**DELETED, "object": "assistant"}, "DELETE"),
    "half an envelope": answer({"error": without(ERROR["error"], "param")}, status=404),
    "more than an envelope": answer({**ERROR, "status": 404}, status=404),
    "undeclared status": answer(ASSISTANT, "POST", "/assistants", 201),
    "undeclared path": answer(ASSISTANT, path="/nowhere"),
    "HTML": answer(ASSISTANT, kind="text/html"),
}
for name in ("id", "object", "created_at", "name", "description", "model", "instructions", "tools", "metadata"):
    BAD[f"no {name}"] = answer(without(ASSISTANT, name))
for name in LIST:
    BAD[f"no {name} of a list"] = answer(without(LIST, name), path="/assistants")


@pytest.mark.parametrize("case", GOOD)
def test_a_good_answer_passes(case: str) -> None:
    assert Judge().complaint(GOOD[case]) == ""


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_is_found(case: str) -> None:
    assert Judge().complaint(BAD[case]) != ""


def test_departures_allow_what_they_name_and_nothing_else() -> None:
    judge = Judge(DEPARTURES)
    assert judge.complaint(answer({**ASSISTANT, "reasoning_effort": "low", "tools": SEARCH})) == ""
    assert judge.complaint(answer({**ASSISTANT, "reasoning_effort": "most"})) != ""
    assert judge.complaint(answer({**ASSISTANT, "colour": "red"})) != ""
