"""The `vector_stores` helper of a create request in an export: a manifest of its own, and nothing lost in silence."""

from __future__ import annotations

from typing import Any

import pytest

from .exports import EXPECTED, V2, codes, exported, loaded

HELPER = {
    "file_ids": ["file-2", "file-1", "file-2"],
    "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 100}},
    "metadata": {"owner": "${me}"},
}
WITH_STORE = (
    "assistant: math-tutor\nname: Math Tutor\nmodel: gpt-4o\ninstructions:\n  file: ../prompts/math-tutor.md\n"
    "tools:\n  - type: code_interpreter\n"
    "tool_resources:\n  file_search:\n    vector_store_ids:\n      - ref: VectorStore/math-tutor\n"
    "---\nvector_store: math-tutor\n"
)


def with_helper(*helper: Any, **beside: Any) -> dict[str, Any]:
    return V2 | {"tool_resources": {"file_search": {"vector_stores": list(helper), **beside}}}


def test_a_helper_of_the_create_request_becomes_a_store_of_its_own() -> None:
    result = exported(with_helper(HELPER))
    assert result.diagnostics == ()
    assert result.files["assistants/math-tutor.yaml"] == WITH_STORE + (
        "files:\n  - file-2\n  - file-1\nchunking_strategy:\n  type: static\n  static:\n"
        "    max_chunk_size_tokens: 400\n    chunk_overlap_tokens: 100\nmetadata:\n  owner: $${me}\n"
    )
    found = loaded(dict(result.files))
    assert found.diagnostics == ()
    specs = {str(item.address): item.spec for item in found.resources}
    assert specs["Assistant/math-tutor"]["tool_resources"]["file_search"]["vector_store_ids"] == [
        {"ref": "VectorStore/math-tutor"}
    ]
    cut = HELPER["chunking_strategy"]
    assert specs["VectorStore/math-tutor"] == {
        "files": [{"file_id": file, "chunking_strategy": cut} for file in ("file-2", "file-1")],
        "metadata": {"owner": "${me}"},
    }


@pytest.mark.parametrize(
    "helper", [{}, {"file_ids": None, "metadata": {}}, {"chunking_strategy": {"type": "auto", "static": None}}]
)
def test_a_helper_that_says_nothing_is_an_empty_store(helper: dict[str, Any]) -> None:
    result = exported(with_helper(helper, vector_store_ids=[]))
    assert (result.files["assistants/math-tutor.yaml"], result.diagnostics) == (WITH_STORE, ())
    assert loaded(dict(result.files)).diagnostics == ()


def test_what_a_store_cannot_hold_is_told_with_the_store() -> None:
    result = exported(with_helper(HELPER | {"metadata": {"n": 1}, "voice": 1}))
    assert codes(result) == ["export-left-out", "wrong-type"]
    assert "`/tool_resources/file_search/vector_stores/0/voice`" in result.diagnostics[0].message
    assert result.diagnostics[1].address == "VectorStore/math-tutor"


@pytest.mark.parametrize("helper", ["x", {"file_ids": []}, ["x"], [HELPER, HELPER], [[HELPER]]])
def test_a_helper_that_no_create_takes_is_told_and_left_out(helper: Any) -> None:
    result = exported(V2 | {"tool_resources": {"file_search": {"vector_stores": helper}}})
    assert (result.files, codes(result)) == (EXPECTED, ["export-left-out"])


def test_a_store_that_is_named_wins_over_a_helper() -> None:
    result = exported(with_helper(HELPER, vector_store_ids=["vs_1"]))
    assert "- vs_1\n" in result.files["assistants/math-tutor.yaml"]
    assert codes(result) == ["export-left-out"]
