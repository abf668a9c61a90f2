"""A store that retinue itself left half made is unfinished, never drift; what somebody else did to a store is drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from retinue_emulator.faults import Fault

from .conftest import World
from .knowledge import STORE, changes, held, names_in, stores, write_knowledge


@pytest.fixture
def denying(world: World) -> World:
    """The assistant and its knowledge, not applied yet, in an environment that denies drift."""
    world.project(environment="    on_drift: deny\n")
    write_knowledge(world)
    return world


def fails(world: World, pattern: str = "returns*") -> None:
    world.emulator.behaviour = replace(world.emulator.behaviour, index_failures={pattern: "It is not text."})


def works(world: World) -> None:
    world.emulator.behaviour = replace(world.emulator.behaviour, index_failures={})


def unfinished(world: World) -> None:
    """The store is to be updated, and no command takes what it lacks for anybody's edit."""
    (step,) = (item for item in changes(world) if item["address"] == "VectorStore/handbook")
    assert (step["action"], step["blocked"]) == ("update", None)
    assert {(item["path"], item["cause"]) for item in step["fields"]} == {("/files", "manifest")}
    before = {path: path.read_bytes() for path in world.root.rglob("*.yaml")}
    found = json.loads(world.run("drift", "--format", "json").out)
    assert [item for item in found["drift"] if item["what"] != "missing"] == []
    assert world.run("import", "--update").code == 0
    assert {path: path.read_bytes() for path in world.root.rglob("*.yaml")} == before


def settled(world: World) -> None:
    ran = world.run("apply", "--auto-approve")
    assert ran.code == 0, ran.out + ran.err
    world.settled()
    assert world.run("drift", "--detailed-exitcode").code == 0
    assert "undon" not in json.dumps(stores(world))


def drifted(world: World) -> None:
    (step,) = (item for item in changes(world) if item["address"] == "VectorStore/handbook")
    assert step["blocked"]["code"] == "drift"
    assert [item["path"] for item in step["fields"]] == ["/files"]
    assert world.run("drift", "--detailed-exitcode").code == 2
    assert world.run("apply", "--auto-approve").code == 5


def test_a_store_of_which_a_file_could_not_be_indexed(denying: World) -> None:
    fails(denying)
    assert denying.run("apply", "--auto-approve").code == 8
    unfinished(denying)
    assert denying.run("apply", "--auto-approve").code == 8
    unfinished(denying)
    works(denying)
    settled(denying)


def test_a_store_whose_failing_file_is_taken_out_of_the_manifest(denying: World) -> None:
    fails(denying)
    assert denying.run("apply", "--auto-approve").code == 8
    denying.remove("handbook/returns.md")
    settled(denying)
    assert names_in(denying, stores(denying)[0]["id"]) == ["shipping.md"]


def test_a_store_whose_file_that_was_indexed_is_taken_out(denying: World) -> None:
    fails(denying)
    assert denying.run("apply", "--auto-approve").code == 8
    works(denying)
    denying.remove("handbook/shipping.md")
    denying.write("handbook/other.md", "# Other\n")
    unfinished(denying)
    settled(denying)
    assert names_in(denying, stores(denying)[0]["id"]) == ["other.md", "returns.md"]


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_store_whose_batch_was_refused(denying: World, status: int) -> None:
    denying.emulator.faults.on("POST .*/file_batches", Fault("status", status), times=None)
    assert denying.run("apply", "--auto-approve", "--timeout", "4s").code == 8
    unfinished(denying)
    denying.emulator.faults.clear()
    settled(denying)


@pytest.mark.parametrize("request_line", ["POST .*/file_batches", "GET .*/file_batches/", "GET .*/vector_stores/vs_"])
@pytest.mark.parametrize("after_commit", [False, True])
def test_a_store_whose_filling_broke_off(denying: World, request_line: str, after_commit: bool) -> None:
    denying.emulator.faults.on(request_line, Fault("status", 401, after_commit=after_commit), times=None)
    assert denying.run("apply", "--auto-approve").code != 0
    denying.emulator.faults.clear()
    (store,) = stores(denying)
    found = json.loads(denying.run("drift", "--format", "json").out)
    assert [item for item in found["drift"] if item["what"] != "missing"] == []
    assert all(not item["blocked"] for item in changes(denying))
    settled(denying)
    assert [item["id"] for item in stores(denying)] == [store["id"]]


def test_a_store_with_the_id_of_no_file(denying: World) -> None:
    denying.write("assistants/handbook.yaml", STORE + "  - file-none\n")
    assert denying.run("apply", "--auto-approve").code == 8
    unfinished(denying)
    denying.write("assistants/handbook.yaml", STORE)
    settled(denying)


def test_a_raw_id_that_is_taken_out_of_an_unfinished_store(denying: World) -> None:
    denying.emulator.seed({"object": "file", "id": "file-raw", "filename": "raw.md", "content": "# Raw"})
    denying.write("assistants/handbook.yaml", STORE + "  - file-raw\n")
    fails(denying)
    assert denying.run("apply", "--auto-approve").code == 8
    works(denying)
    denying.write("assistants/handbook.yaml", STORE)
    unfinished(denying)
    settled(denying)


def _add(world: World) -> None:
    world.write("handbook/added.md", "# Added\n")


def _take_away(world: World) -> None:
    world.remove("handbook/shipping.md")


def _other_bytes(world: World) -> None:
    world.write("handbook/shipping.md", "# Shipping, anew\n")


def _exchange(world: World) -> None:
    _add(world)
    _take_away(world)


def _without_raw(world: World) -> None:
    _add(world)
    world.write("assistants/handbook.yaml", STORE)


def _attributes(world: World) -> None:
    world.write("assistants/handbook.yaml", STORE.replace("*.md}", "*.md, attributes: {a: b}}") + "  - file-raw\n")


def _chunks(world: World) -> None:
    sizes = "{type: static, static: {max_chunk_size_tokens: 400, chunk_overlap_tokens: 100}}"
    world.write("assistants/handbook.yaml", STORE + f"  - file-raw\nchunking_strategy: {sizes}\n")


EDITS: tuple[Callable[[World], None], ...] = (
    _add,
    _take_away,
    _other_bytes,
    _exchange,
    _without_raw,
    _attributes,
    _chunks,
)
WRITES = (
    "POST .*/file_batches",
    "DELETE .*/vector_stores/.*/files/",
    "POST .*/vector_stores/vs_[^/]*$",
    "POST .*/files/file",
)


@pytest.mark.parametrize("edit", EDITS)
@pytest.mark.parametrize("at", WRITES)
@pytest.mark.parametrize(("passed_over", "after_commit"), [(0, False), (1, True)])
def test_an_update_that_broke_off(
    denying: World, edit: Callable[[World], None], at: str, passed_over: int, after_commit: bool
) -> None:
    denying.emulator.seed({"object": "file", "id": "file-raw", "filename": "raw.md", "content": "# Raw"})
    denying.write("assistants/handbook.yaml", STORE + "  - file-raw\n")
    settled(denying)
    edit(denying)
    denying.emulator.faults.on(at, Fault("status", 401, after_commit=after_commit), after=passed_over, times=None)
    broke_off = denying.run("apply", "--auto-approve").code != 0
    denying.emulator.faults.clear()
    if broke_off:
        found = json.loads(denying.run("drift", "--format", "json").out)
        assert [item for item in found["drift"] if item["what"] != "missing"] == []
        assert all(not item["blocked"] for item in changes(denying))
    settled(denying)


def _detached(world: World, store: str) -> None:
    entries = held(world, f"vector_store.file/{store}")
    file = next(key for key, raw in entries.items() if raw["attributes"]["retinue.name"] == "returns.md")
    world.emulator.store.delete(f"vector_store.file/{store}", file)


def _foreign(world: World, store: str) -> None:
    world.emulator.seed({"object": "file", "id": "file-foreign", "filename": "f.md", "content": "# F"})
    entry: dict[str, Any] = {"id": "file-foreign", "object": "vector_store.file", "vector_store_id": store}
    world.emulator.seed(entry)


@pytest.mark.parametrize("edit", [_detached, _foreign])
def test_what_somebody_does_to_a_finished_store_is_drift(denying: World, edit: Callable[[World, str], None]) -> None:
    settled(denying)
    edit(denying, stores(denying)[0]["id"])
    drifted(denying)
    # Also once an earlier step was incomplete and made up for.
    assert denying.run("apply", "--auto-approve", "--allow", "drift:VectorStore/handbook").code == 0
    denying.write("handbook/added.md", "# Added\n")
    fails(denying, "added*")
    assert denying.run("apply", "--auto-approve").code == 8
    works(denying)
    settled(denying)
    edit(denying, stores(denying)[0]["id"])
    drifted(denying)


def test_a_foreign_file_in_an_unfinished_store_is_drift(denying: World) -> None:
    fails(denying)
    assert denying.run("apply", "--auto-approve").code == 8
    _foreign(denying, stores(denying)[0]["id"])
    works(denying)
    (step,) = (item for item in changes(denying) if item["address"] == "VectorStore/handbook")
    assert step["blocked"]["code"] == "drift"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_file_that_the_service_gives_up_on_later_is_nobodys_edit(denying: World, status: str) -> None:
    settled(denying)
    (store,) = stores(denying)
    entries = held(denying, f"vector_store.file/{store['id']}")
    file = next(raw for raw in entries.values() if raw["attributes"]["retinue.name"] == "returns.md")
    denying.emulator.seed({**file, "status": status})
    unfinished(denying)
    settled(denying)
    denying.emulator.seed({**file, "status": status})
    shipping = next(key for key, raw in entries.items() if raw["attributes"]["retinue.name"] == "shipping.md")
    denying.emulator.store.delete(f"vector_store.file/{store['id']}", shipping)
    drifted(denying)


def test_an_unfinished_store_is_not_proven(denying: World) -> None:
    env = f"provider: openai-assistants, endpoint: {denying.url}/v1, api_key: {{env: DEMO_KEY}}"
    lines = f"environments:\n  dev: {{{env}}}\n  prod: {{{env}, promote_from: dev}}\n"
    denying.write("retinue.yaml", f"version: 1\nproject: demo\nmanifests: [assistants]\n{lines}")
    fails(denying)
    assert denying.run("apply", "-e", "dev", "--auto-approve").code == 8
    assert denying.run("verify", "-e", "dev", "--", "true").code != 0
    works(denying)
    made = json.loads(denying.run("plan", "-e", "prod", "--format", "json").out)
    assert {item["address"]: (item["held"] or {}).get("code") for item in made["changes"]}["VectorStore/handbook"]
    assert denying.run("promote", "dev", "prod", "--auto-approve").code == 0
    assert [raw["metadata"]["retinue.address"].split("/")[1] for raw in stores(denying)] == ["dev"]


def test_a_note_that_was_lost_is_made_up_for(denying: World) -> None:
    """Everything is there but the note that it is: the last write of a store's create."""
    denying.emulator.faults.on("POST .*/vector_stores/vs_[^/]*$", Fault("status", 401), times=None)
    assert denying.run("apply", "--auto-approve").code != 0
    denying.emulator.faults.clear()
    (step,) = (item for item in changes(denying) if item["address"] == "VectorStore/handbook")
    assert (step["reason"], step["blocked"]) == ("accepted", None)
    settled(denying)
    _detached(denying, stores(denying)[0]["id"])
    drifted(denying)


@pytest.mark.parametrize("way", ["update", "adopt"])
def test_what_is_sent_after_the_files_is_no_drift_where_they_fail(denying: World, way: str) -> None:
    assert denying.run("apply", "--auto-approve").code == 0
    (store,) = stores(denying)
    if way == "adopt":
        denying.emulator.vector_stores.seed({**held(denying, "vector_store")[store["id"]], "metadata": {"old": "x"}})
    more = f"retinue: {{adopt: {{dev: {store['id']}}}}}\n" if way == "adopt" else ""
    denying.write("assistants/handbook.yaml", f"{STORE}metadata: {{a: b}}\nexpires_after: {{days: 7}}\n{more}")
    denying.write("handbook/new.md", "# New\n")
    fails(denying, "new*")
    assert denying.run("apply", "--auto-approve").code == 8
    (step,) = (item for item in changes(denying) if item["address"] == "VectorStore/handbook")
    assert step["blocked"] is None
    assert {item["cause"] for item in step["fields"]} == {"manifest"}
    works(denying)
    settled(denying)


@pytest.mark.parametrize("trust", [(), ("--trust-plan",)], ids=["manifests", "trusted"])
def test_a_saved_plan_does_not_go_on_with_a_store_it_left_half_made(denying: World, trust: tuple[str, ...]) -> None:
    assert denying.run("plan", "--out", "plan.json").code == 0
    fails(denying)
    assert denying.run("apply", "plan.json", *trust).code == 8
    works(denying)
    writes = denying.writes()
    ran = denying.run("apply", "plan.json", *trust)
    (store,) = stores(denying)
    assert f"VectorStore/handbook: it was created since, and {store['id']} is only half made" in ran.err
    assert (ran.code, denying.writes()) == (6, writes)
    settled(denying)
    assert denying.run("apply", "plan.json", *trust).code == 0
