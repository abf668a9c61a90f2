"""Rows to manifests and back: what is written, what is kept, and what a strange row reads as."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retinue.core.errors import ServiceError
from retinue.core.model import Address, Desired
from retinue.providers.base import Marker
from retinue.providers.flowise import PROVIDER
from retinue.providers.flowise.directory import Directory, Names, resolved
from retinue.providers.flowise.rows import to_live
from retinue.providers.flowise.upstream import deviations
from retinue.providers.flowise.writing import create_body, update_body

MARKER = Marker("p/e/Assistant/a", "1 k8sJ2mQx")
NODE = {
    "name": "chatOpenAI",
    "type": "ChatOpenAI",
    "baseClasses": ["ChatOpenAI", "Runnable"],
    "filePath": "/srv/secret",
    "credential": {"name": "credential", "type": "credential", "credentialNames": ["openAIApi"]},
    "inputs": [
        {"name": "modelName", "type": "asyncOptions", "default": "gpt-4o-mini"},
        {"name": "temperature", "type": "number", "default": 0.9},
        {"name": "topP", "type": "number"},
        {"name": "streaming", "type": "boolean", "default": True},
        {"name": "retries", "type": "number", "default": "3"},
        {"name": "apiKey", "type": "password"},
        {"name": "cache", "type": "BaseCache"},
    ],
}
DIRECTORY = Directory(
    Names({"c-1": "main", "c-2": "twice", "c-3": "twice"}, {"c-1": "openAIApi", "c-2": "x", "c-3": "x"}),
    {"chatOpenAI": NODE},
    {},
    Names({"s-1": "handbook"}),
)
SPEC: dict[str, Any] = {"name": "A", "model": "gpt-4o", "instructions": "Be kind."}


def row(body: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """What the server makes of a create."""
    return {"id": "r-1", "createdDate": "2026-11-22T04:16:48.000Z", "iconSrc": None, **body, **changed}


def details(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body["details"])
    return found


def custom(**block: Any) -> dict[str, Any]:
    return create_body({**SPEC, "providers": {"flowise": block}}, MARKER, DIRECTORY)


def test_a_create_names_no_id_and_carries_the_marker() -> None:
    body = custom()
    assert body["type"] == "CUSTOM" and "id" not in body and "id" not in details(body)
    assert details(body)["metadata"] == {"retinue.address": MARKER.address, "retinue.applied": MARKER.applied}
    assert len(body["credential"]) == 36


def test_a_node_is_filled_from_the_catalogue_as_the_page_does() -> None:
    node = details(custom(credential="main", chatModel={"inputs": {"streaming": False}}))["chatModel"]
    assert node["inputs"] == {
        "modelName": "gpt-4o", "temperature": 1, "topP": "", "streaming": False, "retries": "3", "apiKey": "",
        "cache": "", "FLOWISE_CREDENTIAL_ID": "c-1",
    }  # fmt: skip
    assert node["credential"] == "c-1" and "filePath" not in node
    assert [item["name"] for item in node["inputAnchors"]] == ["cache"]
    assert (node["id"], node["outputs"]) == ("chatOpenAI_0", {})
    assert node["outputAnchors"][0]["id"] == "chatOpenAI_0-output-chatOpenAI-ChatOpenAI|Runnable"
    assert [item["name"] for item in node["inputParams"]][:2] == ["credential", "modelName"]


def test_what_was_written_reads_as_it_was_asked() -> None:
    store = {"name": "handbook", "description": "rules", "returnSourceDocuments": True}
    inputs = {"inputs": {"streaming": False}}
    block = {"credential": "main", "iconSrc": "/a", "chatModel": inputs, "documentStores": [store]}
    live = to_live(row(custom(**block)), DIRECTORY)
    assert live.spec["providers"]["flowise"] == block
    assert (live.spec["temperature"], live.spec["model"], live.marker_address) == (1, "gpt-4o", MARKER.address)
    assert live.created_at == 1795321008


@pytest.mark.parametrize("typed", ["0.2", 0.2])
def test_numbers_that_the_page_stored_as_text_are_numbers(typed: Any) -> None:
    body = custom()
    held = details(body)
    held["chatModel"]["inputs"] |= {"temperature": typed, "retries": 3}
    live = to_live(row(body, details=json.dumps(held)), DIRECTORY)
    assert live.spec["temperature"] == 0.2
    assert "providers" not in live.spec or live.spec["providers"]["flowise"] == {}


def test_a_key_that_was_typed_into_the_page_is_neither_shown_nor_lost() -> None:
    body = custom()
    held = details(body)
    held["chatModel"]["inputs"]["apiKey"] = "sk-secret"
    live = to_live(row(body, details=json.dumps(held)), DIRECTORY)
    assert "sk-secret" not in json.dumps(live.spec)
    sent = update_body(live, {"model": "gpt-4o-mini"}, MARKER, DIRECTORY)
    assert details(sent)["chatModel"]["inputs"]["apiKey"] == "sk-secret"


def test_an_update_touches_only_what_changes() -> None:
    held = {**details(custom()), "flowId": "f", "x": {"a": [1.5]}, "tools": "strange"}
    live = to_live(row(custom(), details=json.dumps(held)), DIRECTORY)
    sent = update_body(live, {"instructions": "New."}, MARKER, DIRECTORY)
    assert set(sent) == {"details"}
    assert details(sent) == {**held, "instruction": "New."}


def test_forgetting_takes_the_marker_and_nothing_else() -> None:
    held = {**details(custom()), "flowId": "f"}
    live = to_live(row(custom(), details=json.dumps(held)), DIRECTORY)
    kept = {key: value for key, value in held.items() if key != "metadata"}
    assert details(update_body(live, {}, None, DIRECTORY)) == kept


def test_an_openai_row_always_sends_what_would_else_stay_upstream() -> None:
    spec = {**SPEC, "description": "Helps.", "temperature": 0.2, "tools": [{"type": "file_search"}],
            "providers": {"flowise": {"type": "OPENAI", "credential": "main"}}}  # fmt: skip
    live = to_live(row(create_body(spec, MARKER, DIRECTORY)), DIRECTORY)
    sent = update_body(
        live, {"description": None, "instructions": None, "temperature": 1, "tools": []}, MARKER, DIRECTORY
    )
    assert sent["credential"] == "c-1" and "type" not in sent
    found = details(sent)
    assert (found["description"], found["instructions"], found["temperature"], found["tools"]) == ("", "", 1, [])


def test_what_the_page_keeps_beside_file_ids_goes_when_they_change() -> None:
    held = {"name": "A", "model": "m", "id": "asst_1",
            "tool_resources": {"code_interpreter": {"file_ids": ["f-1"], "files": [{"id": "f-1"}]}}}  # fmt: skip
    live = to_live(row({"details": json.dumps(held), "credential": "c-1", "type": None}), DIRECTORY)
    assert live.spec["providers"]["flowise"] == {"type": "OPENAI", "credential": "main"}
    same = details(update_body(live, {"tool_resources": {"code_interpreter": {"file_ids": ["f-1"]}}}, None, DIRECTORY))
    assert same["tool_resources"]["code_interpreter"]["files"] == [{"id": "f-1"}] and "id" not in same
    other = details(update_body(live, {"tool_resources": {"code_interpreter": {"file_ids": ["f-2"]}}}, None, DIRECTORY))
    assert other["tool_resources"]["code_interpreter"] == {"file_ids": ["f-2"]}


def test_a_name_that_two_credentials_have_stays_an_id() -> None:
    held = json.dumps({"name": "A", "model": "m"})
    live = to_live(row({"details": held, "credential": "c-2", "type": "OPENAI"}), DIRECTORY)
    assert live.spec["providers"]["flowise"]["credential"] == "c-2"


@pytest.mark.parametrize(
    "text",
    ["null", "5", "[]", "", "{", '"text"', '{"metadata": 7}', '{"chatModel": []}', '{"chatModel": {"inputs": 3}}',
     '{"tools": [1, {"name": 2}]}', '{"name": ["x"]}', '{"tools": {}, "documentStores": [null]}', '{"a": NaN}'],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["CUSTOM", "OPENAI", None, "AZURE"])
def test_strange_details_read_as_nothing_of_ours(text: str, kind: str | None) -> None:
    live = to_live(row({"details": text, "credential": "c", "type": kind}), DIRECTORY)
    assert live.marker_address is None and live.remote_id == "r-1"
    json.dumps(live.spec, allow_nan=False)


@pytest.mark.parametrize("strange", [{}, {"id": ""}, {"id": 7}, {"id": "a"}, {"id": "a", "details": {}}])
def test_what_is_no_row_is_an_error(strange: dict[str, Any]) -> None:
    with pytest.raises(ServiceError):
        to_live(strange, DIRECTORY)


def test_manifests_are_brought_to_the_form_in_which_rows_are_read() -> None:
    block = {"credential": "c-1", "chatModel": {"name": "chatOpenAI", "inputs": {"streaming": True, "retries": "3"}}}
    wanted = Desired("Assistant", {**SPEC, "providers": {"flowise": block}}, address=Address("Assistant", "a"))
    found, problems = resolved(wanted, DIRECTORY)
    assert problems == [] and found.spec["providers"] == {"flowise": {"credential": "main"}}
    assert found.spec["name"] == "A"


def test_a_key_in_a_manifest_is_refused() -> None:
    block = {"chatModel": {"inputs": {"apiKey": "sk-secret"}}}
    wanted = Desired("Assistant", {**SPEC, "providers": {"flowise": block}}, address=Address("Assistant", "a"))
    (problem,) = resolved(wanted, DIRECTORY)[1]
    assert (problem.code, problem.path) == ("flowise-secret", "/providers/flowise/chatModel/inputs/apiKey")
    assert "sk-secret" not in problem.message


def test_a_document_store_that_is_gone_or_shares_its_name_is_told_by_its_id() -> None:
    known = Directory(stores=Names({"s-1": "handbook", "s-2": "twice", "s-3": "twice"}))
    held = {"name": "A", "documentStores": [{"id": key, "name": "old"} for key in ("s-1", "s-2", "s-9")]}
    live = to_live(row({"type": "CUSTOM", "details": json.dumps(held)}), known)
    assert live.spec["providers"]["flowise"]["documentStores"] == [
        {"name": "handbook"},
        {"name": "s-2"},
        {"name": "s-9"},
    ]
    block = {"documentStores": [{"name": "s-1"}, {"name": "s-2"}, {"name": "twice"}, {"name": "s-9"}]}
    wanted = Desired("Assistant", {**SPEC, "providers": {"flowise": block}}, address=Address("Assistant", "a"))
    found, problems = resolved(wanted, known)
    assert [item["name"] for item in found.spec["providers"]["flowise"]["documentStores"]] == [
        "handbook",
        "s-2",
        "twice",
        "s-9",
    ]
    assert [problem.code for problem in problems] == ["flowise-ambiguous", "flowise-unknown"]
    (written,) = details(
        create_body({**SPEC, "providers": {"flowise": {"documentStores": [{"name": "s-2"}]}}}, MARKER, known)
    )["documentStores"]
    assert (written["id"], written["name"]) == ("s-2", "twice")


def test_deviations_are_of_what_the_row_says_and_not_of_what_it_leaves_open() -> None:
    held = {
        "name": "A",
        "model": "m",
        "temperature": 1,
        "instructions": "",
        "tools": ["file_search", "code_interpreter"],
    }
    upstream = {"name": "A", "model": "m", "temperature": 1.0, "instructions": None, "top_p": 0.3, "description": "x",
                "tools": [{"type": "code_interpreter"}, {"type": "function"}, {"type": "file_search"}]}  # fmt: skip
    assert deviations(held, upstream) == {}
    assert deviations(held, {**upstream, "model": "n", "tools": []}) == {"model": "n", "tools": []}
    assert deviations({**held, "temperature": True}, upstream) == {"temperature": 1.0}


def test_an_export_has_the_words_of_a_manifest_and_no_deviation() -> None:
    held = json.dumps({"name": "A", "model": "m", "metadata": {"k": "v"}})
    live = to_live(
        row({"details": held, "credential": "c-1", "type": "OPENAI"}), DIRECTORY, {"model": "n", "name": "A"}
    )
    assert live.spec["providers"]["flowise"]["upstream"] == {"model": "n"}
    exported = PROVIDER.exported(live)
    assert exported["providers"] == {"flowise": {"type": "OPENAI", "credential": "main"}}
    assert (exported["id"], exported["metadata"]) == ("r-1", {"k": "v"})


def test_tools_are_numbered_as_the_chatflow_of_the_page_refers_to_them() -> None:
    tools = details(custom(tools=[{"name": "a"}, {"name": "b"}]))["tools"]
    assert [tool["name"] for tool in tools] == ["a", "b"]
    known = Directory(tools={name: {"name": name, "inputs": []} for name in ("a", "b")})
    spec = {**SPEC, "providers": {"flowise": {"tools": [{"name": "a"}, {"name": "b"}]}}}
    assert [tool["id"] for tool in details(create_body(spec, MARKER, known))["tools"]] == ["a_0", "b_1"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
FIELDS = ("name", "model", "tools", "tool_resources", "metadata", "temperature", "response_format", "reasoning_effort")
BLOCK = ("type", "credential", "chatModel", "tools", "documentStores")


@given(
    st.dictionaries(st.sampled_from(FIELDS), ANYTHING),
    ANYTHING | st.dictionaries(st.sampled_from(BLOCK), ANYTHING | st.just("OPENAI")),
)
def test_the_checks_take_whatever_validation_has_refused(spec: dict[str, Any], block: Any) -> None:
    wanted = Desired("Assistant", {**spec, "providers": {"flowise": block}}, Address("Assistant", "a"))
    for problem in PROVIDER.check(wanted):
        assert problem.path and problem.code
