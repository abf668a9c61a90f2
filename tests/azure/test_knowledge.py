"""Uploads and vector stores on Azure: what is sent, what a version lacks, and that it converges."""

from __future__ import annotations

import json
from typing import Any

import pytest

from retinue_emulator.faults import Fault

from ..cli.conftest import World
from ..cli.knowledge import held, write_knowledge
from .conftest import FIRST, LATER, SECOND, Azure, environment, of_gateway, refusal
from .test_commands import PROJECT, settled, version

ROUTES = [("", SECOND), ("", "2025-04-01-preview"), (PROJECT, "v1")]


def written(world: World, path: str, stated: str) -> None:
    environment(world, path=path, more=version(stated))
    write_knowledge(world)


@pytest.mark.parametrize(("path", "stated"), ROUTES)
def test_a_handbook_and_a_table_are_uploaded_kept_and_taken_away(world: World, path: str, stated: str) -> None:
    written(world, path, stated)
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert len(held(world, "file")) == 3
    [store] = held(world, "vector_store")
    resources = world.only()["tool_resources"]
    assert resources["file_search"] == {"vector_store_ids": [store]}
    assert len(resources["code_interpreter"]["file_ids"]) == 1
    world.write("handbook/returns.md", "# Returns, anew\n")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert all(line.path.startswith(f"{path or '/openai'}/") for line in world.emulator.requests)
    assert world.run("destroy", "--auto-approve", "--allow", "brake=2").code == 0
    assert (held(world, "file"), held(world, "vector_store"), world.live()) == ({}, {}, {})


def test_no_attribute_is_sent(world: World) -> None:
    """The definition has none for a store's files, so a search answers the long names there."""
    written(world, "", SECOND)
    assert world.run("apply", "--auto-approve").code == 0
    [store] = held(world, "vector_store")
    assert [entry["attributes"] for entry in held(world, f"vector_store.file/{store}").values()] == [{}, {}]


@pytest.mark.parametrize(("path", "stated"), ROUTES)
def test_more_than_500_files_go_in_two_batches(world: World, path: str, stated: str) -> None:
    environment(world, path=path, more=version(stated))
    names = [f"assistant-{number:03}" for number in range(501)]
    for name in names:
        world.emulator.seed({"object": "file", "id": name, "filename": f"{name}.md", "bytes": 1})
    lines = "".join(f"  - {{file_id: {name}}}\n" for name in names)
    world.write("assistants/handbook.yaml", f"vector_store: handbook\nfiles:\n{lines}")
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 0, ran.err
    settled(world)
    [store] = held(world, "vector_store")
    assert len(held(world, f"vector_store.file/{store}")) == 501
    sent = [line for line in world.emulator.requests if line.path.endswith("/file_batches")]
    assert [line.status for line in sent] == [200, 200]


@pytest.mark.parametrize(
    ("stated", "line", "said"),
    [
        (SECOND, "attributes: {lang: en}", "attributes of a file cannot be held: no version of Azure's API has it"),
        (
            SECOND,
            "chunking_strategy: {type: static, static: {max_chunk_size_tokens: 200, chunk_overlap_tokens: 50}}",
            f"chunking_strategy cannot be held: it comes with `api_version: {LATER}`, this is {SECOND}",
        ),
    ],
)
def test_what_a_version_lacks_of_a_store_is_said(world: World, stated: str, line: str, said: str) -> None:
    written(world, "", stated)
    world.write("assistants/handbook.yaml", f"vector_store: handbook\nfiles:\n  - {{file_id: f-1, {line}}}\n")
    ran = world.run("validate")
    assert said in ran.err
    assert "assistants/handbook.yaml:3:" in ran.err


def test_the_first_version_has_uploads_but_no_stores(world: World) -> None:
    written(world, "", FIRST)
    ran = world.run("validate")
    assert (ran.code, "VectorStore" in ran.err) == (3, True)
    world.remove("assistants/handbook.yaml")
    world.write(
        "assistants/support.yaml",
        "assistant: support\nmodel: gpt-4o\ntools: [{type: code_interpreter}]\n"
        "tool_resources: {code_interpreter: {file_ids: [{upload: ../data/prices.csv}]}}\n",
    )
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert world.only()["tool_resources"]["code_interpreter"]["file_ids"] == list(held(world, "file"))


@pytest.mark.parametrize(("path", "stated"), ROUTES)
@pytest.mark.parametrize("kind", ["status", "reset", "cut"])
def test_whatever_fails_one_plain_apply_later_all_is_there_once(
    world: World, path: str, stated: str, kind: str
) -> None:
    written(world, path, stated)
    for pattern in ("POST .*/files$", "POST .*/vector_stores$", "POST .*/file_batches$", "POST .*/assistants$"):
        fault = Fault(kind, 500, after_commit=True) if kind != "cut" else Fault(kind)
        world.emulator.faults.on(pattern, fault)
    world.run("apply", "--auto-approve")
    assert world.run("apply", "--auto-approve").code == 0
    settled(world)
    assert [len(held(world, name)) for name in ("file", "vector_store", "assistant")] == [3, 1, 1]


# --- the reference


def test_upload_needs_a_purpose(second: Azure) -> None:
    answer = second.client.post("files", files={"file": ("a.txt", b"text")})
    assert refusal(answer) == (400, "missing_required_parameter", "purpose")
    answer = second.client.post("files", files={"file": ("a.txt", b"text")}, data={"purpose": "assistants"})
    assert json.loads(answer.text)["purpose"] == "assistants"


def test_vector_stores_come_with_2024_05_01(first: Azure, second: Azure) -> None:
    assert second.client.get("vector_stores").json()["data"] == []
    assert of_gateway(first.client.get("vector_stores")) == (404, "Resource not found")


@pytest.mark.parametrize("body", [{"file_id": "f", "attributes": {}}, {"file_id": "f", "files": []}], ids=str)
def test_a_store_takes_no_attributes(second: Azure, body: dict[str, Any]) -> None:
    store = second.client.post("vector_stores", json={}).json()["id"]
    answer = second.client.post(f"vector_stores/{store}/files", json=body)
    assert refusal(answer)[:2] == (400, "unknown_parameter")
    assert of_gateway(second.client.post(f"vector_stores/{store}/search", json={"query": "x"}))[0] == 404
